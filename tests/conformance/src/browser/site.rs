//! The shop's own server: it serves the app's page and the package, and gives out connection tokens.

use std::convert::Infallible;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, ensure};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use tempfile::TempDir;
use tillandsia_tests::{http, package};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Whose tokens it gives out.
#[derive(Debug, Clone, Default)]
pub(super) struct Tokens {
    /// Whether it does.
    pub(super) given: bool,
    /// The account's key, as basic authorisation.
    pub(super) authorization: String,
    pub(super) location: String,
}

#[derive(Debug)]
struct Shop {
    /// Where the package was unpacked.
    folder: TempDir,
    /// Where it asks for tokens: over the same network as the till.
    gateway: String,
    tokens: Mutex<Tokens>,
}

/// The server; it ends when it is dropped.
#[derive(Debug)]
pub(super) struct Site {
    port: u16,
    shop: Arc<Shop>,
    serving: JoinHandle<()>,
}

impl Site {
    pub(super) async fn start(gateway: &str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        package::unpack(folder.path()).await?;
        let shop = Arc::new(Shop { folder, gateway: gateway.to_owned(), tokens: Mutex::default() });
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let serving = tokio::spawn(serve(listener, Arc::clone(&shop)));
        Ok(Site { port, shop, serving })
    }

    pub(super) fn page(&self) -> String {
        format!("http://127.0.0.1:{}/rig.html", self.port)
    }

    pub(super) fn tokens(&self) -> MutexGuard<'_, Tokens> {
        self.shop.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(listener: TcpListener, shop: Arc<Shop>) {
    while let Ok((stream, _)) = listener.accept().await {
        let shop = Arc::clone(&shop);
        tokio::spawn(async move {
            let service = service_fn(|request| {
                let shop = Arc::clone(&shop);
                async move { Ok::<_, Infallible>(answer(&request, &shop).await) }
            });
            hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await
                .ok();
        });
    }
}

async fn answer(request: &Request<Incoming>, shop: &Shop) -> Response<Full<Bytes>> {
    let path = request.uri().path();
    let made = match (request.method(), path) {
        (&Method::POST, "/token") => token(shop).await.map(|body| (body, "application/json")),
        (_, "/rig.html") => Ok((Bytes::from_static(include_bytes!("../../site/rig.html")), "text/html")),
        (_, "/rig.js") => Ok((Bytes::from_static(include_bytes!("../../site/rig.js")), "text/javascript")),
        _ => file(shop.folder.path(), path).await,
    };
    let (status, (body, kind)) = match made {
        Ok(made) => (StatusCode::OK, made),
        Err(_) => (StatusCode::BAD_GATEWAY, (Bytes::new(), "text/plain")),
    };
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    response
}

async fn file(folder: &Path, path: &str) -> Result<(Bytes, &'static str)> {
    let name = path.strip_prefix("/npm/").context("not the package's")?;
    ensure!(!name.contains(".."), "outside of the package");
    let kind = match name.rsplit('.').next() {
        Some("js") => "text/javascript",
        Some("wasm") => "application/wasm",
        _ => "application/octet-stream",
    };
    Ok((tokio::fs::read(folder.join("package").join(name)).await?.into(), kind))
}

async fn token(shop: &Shop) -> Result<Bytes> {
    let tokens = shop.tokens.lock().unwrap_or_else(PoisonError::into_inner).clone();
    ensure!(tokens.given, "the shop's server gives none");
    let url = format!("{}/v1/terminal/connection_tokens", shop.gateway);
    let form = format!("location={}", tokens.location);
    let (status, body) = http::send("POST", &url, Some(&tokens.authorization), form.into()).await?;
    ensure!(status.is_success(), "the gateway answered {status}");
    Ok(body)
}
