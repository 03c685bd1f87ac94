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

/// Posts JSON, which must succeed; gives the JSON of the answer.
pub async fn send_json(
    url: &str,
    authorization: Option<&str>,
    body: &serde_json::Value,
) -> Result<serde_json::Value> {
    let mut request = Request::builder().method("POST").uri(url).header("content-type", "application/json");
    if let Some(value) = authorization {
        request = request.header("authorization", value);
    }
    let request = request.body(Full::new(Bytes::from(body.to_string())))?;
    let answer = client().request(request).await.with_context(|| url.to_owned())?;
    let status = answer.status();
    let body = answer.into_body().collect().await?.to_bytes();
    ensure!(status.is_success(), "{url} answered {status}: {}", String::from_utf8_lossy(&body));
    Ok(serde_json::from_slice(&body)?)
}

/// Basic authorization of a secret key.
pub fn basic(key: &str) -> String {
    format!("Basic {}", base64(format!("{key}:").as_bytes()))
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits =
            chunk.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = usize::try_from(bits >> (18 - 6 * place) & 0x3F).unwrap_or_default();
            let digit = DIGITS.get(digit).copied().filter(|_| place <= chunk.len());
            text.push(digit.map_or('=', char::from));
        }
    }
    text
}

/// `GET url`, which must succeed, as JSON.
pub async fn get_json<T: DeserializeOwned>(url: &str, authorization: Option<&str>) -> Result<T> {
    let (status, body) = get(url, authorization).await?;
    ensure!(status.is_success(), "{url} answered {status}: {}", String::from_utf8_lossy(&body));
    serde_json::from_slice(&body).with_context(|| format!("{url}: {}", String::from_utf8_lossy(&body)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_encoded() {
        assert_eq!(basic("sk_test_demo"), "Basic c2tfdGVzdF9kZW1vOg==");
        assert_eq!(base64(b"abc"), "YWJj");
        assert_eq!(base64(b"ab"), "YWI=");
    }
}
