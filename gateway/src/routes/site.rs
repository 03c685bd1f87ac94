//! The till's files.

use std::convert::Infallible;
use std::path::PathBuf;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tower::ServiceExt;
use tower_http::compression::{CompressionLayer, CompressionLevel};
use tower_http::services::{ServeDir, ServeFile};

use super::headers::set;
use crate::ledger::Refusal;

const IMMUTABLE: &str = "public, max-age=31536000, immutable";
/// Compressing as files are asked for must not take long; what matters most is compressed when it is built.
const LEVEL: CompressionLevel = CompressionLevel::Precise(4);
const HASH_DIGITS_MIN: usize = 8;

#[derive(Clone)]
struct Site {
    files: ServeDir,
    page: ServeFile,
}

/// Serves a folder: `x.br` and `x.gz` where they lie beside `x`, and the page itself for its own routes.
pub(super) fn service(folder: PathBuf) -> Router {
    let page = ServeFile::new(folder.join("index.html")).precompressed_br().precompressed_gzip();
    let files = ServeDir::new(folder).precompressed_br().precompressed_gzip();
    Router::new()
        .fallback(serve)
        .layer(CompressionLayer::new().quality(LEVEL))
        .with_state(Site { files, page })
}

async fn serve(State(site): State<Site>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    if path.starts_with("/v1/") || path.starts_with("/demo/") {
        return Refusal::missing("URL").into_response();
    }
    let name = path.rsplit('/').next().unwrap_or_default().to_owned();
    let is_page = matches!(*request.method(), Method::GET | Method::HEAD) && !name.contains('.');
    let method = request.method().clone();
    let headers = request.headers().clone();
    let mut response = body(site.files.oneshot(request).await);
    if response.status() == StatusCode::NOT_FOUND && is_page {
        let mut again = Request::new(Body::empty());
        *again.method_mut() = method;
        *again.headers_mut() = headers;
        response = body(site.page.oneshot(again).await);
    }
    let is_hashed = !is_page && is_content_hashed(&name) && response.status().is_success();
    set(response.headers_mut(), header::CACHE_CONTROL, if is_hashed { IMMUTABLE } else { "no-cache" });
    if response.status().is_success() && is_manifest(&name) {
        set(response.headers_mut(), header::CONTENT_TYPE, "application/manifest+json");
    }
    response
}

fn body<B>(answer: Result<axum::http::Response<B>, Infallible>) -> Response
where
    B: axum::body::HttpBody<Data = axum::body::Bytes> + Send + 'static,
    B::Error: Into<axum::BoxError>,
{
    match answer {
        Ok(response) => response.map(Body::new),
        Err(never) => match never {},
    }
}

fn is_manifest(name: &str) -> bool {
    name.ends_with(".webmanifest") || name == "manifest.json"
}

/// Whether a part of the name is the hash of the content: `till-1f0c9a2b7d3e4f50_bg.wasm`.
fn is_content_hashed(name: &str) -> bool {
    name.split(|letter: char| !letter.is_ascii_alphanumeric()).any(|part| {
        part.len() >= HASH_DIGITS_MIN
            && part.bytes().all(|letter| matches!(letter, b'0'..=b'9' | b'a'..=b'f'))
            && part.bytes().any(|letter| letter.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_recognised() {
        for (name, hashed) in [
            ("till-1f0c9a2b7d3e4f50_bg.wasm", true),
            ("style.1f0c9a2b.css", true),
            ("sw.js", false),
            ("index.html", false),
            ("service_worker_bg.wasm", false),
            ("icon-512.png", false),
        ] {
            assert_eq!(is_content_hashed(name), hashed, "{name}");
        }
    }
}
