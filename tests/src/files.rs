//! An integrator's own server: files of a folder, and connection tokens that it gets from the gateway.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Result;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::{http, processes};

/// The server, until it is dropped.
#[derive(Debug)]
pub struct Files {
    port: u16,
    serving: JoinHandle<()>,
    shop: Arc<Shop>,
}

impl Files {
    /// Serves `folder`, and under `/connection_token` what the gateway at `gateway_url` gives its demo shop.
    pub async fn serve(folder: &Path, gateway_url: &str) -> Result<Self> {
        let port = processes::free_port()?;
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], port))).await?;
        let shop = Arc::new(Shop {
            folder: folder.to_owned(),
            token_url: format!("{gateway_url}/demo/connection_token"),
            asked: Mutex::default(),
        });
        let serves = shop.clone();
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shop = serves.clone();
                tokio::spawn(async move {
                    let service = service_fn(move |request| {
                        let shop = shop.clone();
                        async move { Ok::<_, Infallible>(shop.answer(&request).await) }
                    });
                    let server = hyper::server::conn::http1::Builder::new();
                    server.serve_connection(TokioIo::new(stream), service).await.ok();
                });
            }
        });
        Ok(Files { port, serving, shop })
    }

    /// Its address, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// How many connection tokens were asked for.
    pub fn tokens(&self) -> usize {
        self.asked("/connection_token")
    }

    /// How many requests have come whose path begins so.
    pub fn asked(&self, path: &str) -> usize {
        let asked = self.shop.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.iter().filter(|asked| asked.starts_with(path)).count()
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

#[derive(Debug)]
struct Shop {
    folder: PathBuf,
    token_url: String,
    /// The path of each request, in order.
    asked: Mutex<Vec<String>>,
}

impl Shop {
    async fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let path = request.uri().path();
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(path.to_owned());
        let path = path.trim_start_matches('/');
        if path == "connection_token" {
            return match http::send("POST", &self.token_url, None, Bytes::new()).await {
                Ok((status, body)) => response(status, "application/json", body),
                Err(_) => response(StatusCode::BAD_GATEWAY, "text/plain", Bytes::from("no gateway")),
            };
        }
        let path = if path.is_empty() { "index.html" } else { path };
        let is_inside = !path.split('/').any(|part| part == "..");
        match tokio::fs::read(self.folder.join(path)).await {
            Ok(bytes) if is_inside => response(StatusCode::OK, kind(path), bytes.into()),
            _ => response(StatusCode::NOT_FOUND, "text/plain", Bytes::from("no such file")),
        }
    }
}

fn response(status: StatusCode, kind: &'static str, body: Bytes) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    response.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    response
}

fn kind(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript",
        Some("css") => "text/css",
        Some("wasm") => "application/wasm",
        _ => "application/octet-stream",
    }
}
