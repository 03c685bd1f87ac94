//! The least of an HTTP client: one request, one answer, loopback only.

use anyhow::{Context, Result, ensure};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::{Request, StatusCode};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::de::DeserializeOwned;

/// A client that keeps its connections.
pub type HttpClient = Client<HttpConnector, Full<Bytes>>;

/// A client.
pub fn client() -> HttpClient {
    Client::builder(TokioExecutor::new()).build_http()
}

/// `GET url`, status and body.
pub async fn get(url: &str, authorization: Option<&str>) -> Result<(StatusCode, Bytes)> {
    send("GET", url, authorization, Bytes::new()).await
}

/// A request with a form or an empty body, status and body of the answer.
pub async fn send(
    method: &str,
    url: &str,
    authorization: Option<&str>,
    body: Bytes,
) -> Result<(StatusCode, Bytes)> {
    let mut request = Request::builder().method(method).uri(url);
    if let Some(value) = authorization {
        request = request.header("authorization", value);
    }
    if !body.is_empty() {
        request = request.header("content-type", "application/x-www-form-urlencoded");
    }
    let answer = client().request(request.body(Full::new(body))?).await.with_context(|| url.to_owned())?;
    let status = answer.status();
    Ok((status, answer.into_body().collect().await?.to_bytes()))
}

/// `GET url`, which must succeed, as JSON.
pub async fn get_json<T: DeserializeOwned>(url: &str, authorization: Option<&str>) -> Result<T> {
    let (status, body) = get(url, authorization).await?;
    ensure!(status.is_success(), "{url} answered {status}: {}", String::from_utf8_lossy(&body));
    serde_json::from_slice(&body).with_context(|| format!("{url}: {}", String::from_utf8_lossy(&body)))
}
