//! The till's files and the headers of every answer.

use axum::body::Body;
use axum::http::Request;

use super::http_support::{Answer, Gateway};

const HASHED: &str = "till-1f0c9a2b7d3e4f50_bg.wasm";

async fn gateway() -> (tempfile::TempDir, Gateway) {
    let folder = tempfile::tempdir().unwrap();
    let page = format!("<!doctype html>{}", "<p>till</p>".repeat(100));
    for (name, text) in [
        ("index.html", page.as_str()),
        ("sw.js", "self.addEventListener('fetch', () => {});"),
        ("manifest.webmanifest", "{}"),
        ("style.css", "p { color: red }"),
        (HASHED, "\0asm"),
        ("till-1f0c9a2b7d3e4f50_bg.wasm.br", "compressed"),
    ] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let gateway = Gateway::with_site(Some(folder.path())).await;
    (folder, gateway)
}

fn assert_protected(answer: &Answer, what: &str) {
    let policy = answer.header("content-security-policy");
    assert!(
        policy.starts_with("default-src 'self'; script-src 'self' 'wasm-unsafe-eval';"),
        "{what}: {policy}"
    );
    assert!(
        policy.ends_with("object-src 'none'; base-uri 'none'; frame-ancestors 'none'"),
        "{what}: {policy}"
    );
    assert_eq!(answer.header("permissions-policy"), "hid=(self), serial=(self)", "{what}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{what}");
    assert_eq!(answer.header("referrer-policy"), "no-referrer", "{what}");
}

#[tokio::test]
async fn files_have_their_types_and_caching() {
    let (_folder, gateway) = gateway().await;
    for (uri, kind, cache) in [
        ("/", "text/html", "no-cache"),
        ("/index.html", "text/html", "no-cache"),
        ("/payments", "text/html", "no-cache"),
        ("/payments/01937b2e", "text/html", "no-cache"),
        ("/sw.js", "text/javascript", "no-cache"),
        ("/style.css", "text/css", "no-cache"),
        ("/manifest.webmanifest", "application/manifest+json", "no-cache"),
        (&format!("/{HASHED}"), "application/wasm", "public, max-age=31536000, immutable"),
    ] {
        let answer = gateway.get(uri).await;
        assert_eq!(answer.status, 200, "{uri}");
        assert!(answer.header("content-type").starts_with(kind), "{uri} {}", answer.header("content-type"));
        assert_eq!(answer.header("cache-control"), cache, "{uri}");
        assert_protected(&answer, uri);
    }
}

#[tokio::test]
async fn what_is_not_there_is_not_the_page() {
    let (_folder, gateway) = gateway().await;
    for uri in
        ["/missing.js", "/till-0f0c9a2b7d3e4f50_bg.wasm", "/../Cargo.toml", "/v1/nothing", "/demo/nothing"]
    {
        let answer = gateway.get(uri).await;
        assert_eq!(answer.status, 404, "{uri}");
        assert!(!answer.header("cache-control").contains("immutable"), "{uri}");
        assert_protected(&answer, uri);
    }
    let posted = gateway.send(Request::post("/payments").body(Body::empty()).unwrap()).await;
    assert_eq!(posted.status, 405);
    assert_protected(&gateway.get("/v1/probe?nonce=1").await, "probe");
}

#[tokio::test]
async fn files_are_compressed() {
    let (_folder, gateway) = gateway().await;
    let get = async |uri: &str, encoding: &str| {
        let request = Request::get(uri).header("accept-encoding", encoding).body(Body::empty());
        gateway.send(request.unwrap()).await
    };
    let wasm = get(&format!("/{HASHED}"), "br, gzip").await;
    assert_eq!((wasm.header("content-encoding"), wasm.body.as_slice()), ("br", b"compressed".as_slice()));
    assert_eq!(wasm.header("content-type"), "application/wasm");
    assert_eq!(get("/", "br").await.header("content-encoding"), "br");
    assert_eq!(get("/", "gzip").await.header("content-encoding"), "gzip");
    assert_eq!(get("/", "identity").await.header("content-encoding"), "");
}
