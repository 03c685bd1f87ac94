//! What handlers ask of a request: who is asking, and a body that can be used.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRef, FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use tillandsia_core::wire::ApiError;

use crate::acquirer::Account;
use crate::directory::Directory;
use crate::ids::Ids;
use crate::ledger::Refusal;

/// What every handler may need beside the ledger.
#[derive(Clone)]
pub struct Services {
    /// Who may ask.
    pub directory: Directory,
    /// Names and secrets.
    pub ids: Arc<dyn Ids>,
    /// Now, unix seconds.
    pub now: Arc<dyn Fn() -> u64 + Send + Sync>,
}

/// An account's own server, by its secret key: the basic-auth user, or a bearer token.
pub(super) struct Server(pub(super) Account);

/// A device, by its session.
pub(super) struct Device(pub(super) Account);

/// A JSON body.
pub(super) struct Body<T>(pub(super) T);

impl<S> FromRequestParts<S> for Server
where
    Services: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let (scheme, credentials) = authorization(parts)?;
        let key = match scheme {
            "basic" => basic_user(credentials),
            _ => Some(credentials.to_owned()),
        };
        let message = "give your secret key as the user of basic authentication, or as bearer token";
        let key = key.filter(|key| key.starts_with("sk_"));
        let key = key.ok_or_else(|| Refusal::unauthorized("api_key_invalid", message))?;
        Services::from_ref(state).directory.account_of_key(&key).await.map(Server)
    }
}

impl<S> FromRequestParts<S> for Device
where
    Services: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let services = Services::from_ref(state);
        let (scheme, secret) = authorization(parts)?;
        if scheme != "bearer" || !secret.starts_with("tss_") {
            let message = "give the session's secret: `Authorization: Bearer tss_…`";
            return Err(Refusal::unauthorized("session_missing", message));
        }
        services.directory.account_of_session((services.now)(), secret).await.map(Device)
    }
}

impl<S, T> FromRequest<S> for Body<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let bytes = Bytes::from_request(request, state).await.map_err(body_refused)?;
        serde_json::from_slice(&bytes).map(Body).map_err(|error| {
            // The parser's own message repeats what it met; only the place is safe to tell.
            let message = format!(
                "the body is not the JSON this needs (line {}, column {})",
                error.line(),
                error.column()
            );
            Refusal::invalid("body_invalid", message, None)
        })
    }
}

/// A body that did not arrive or is too large.
pub(super) fn body_refused(rejection: BytesRejection) -> Refusal {
    let mut refusal = Refusal::invalid("body_invalid", "the body is too large or did not arrive whole", None);
    refusal.status = rejection.status().as_u16();
    refusal
}

/// Scheme (lowercase) and credentials.
fn authorization(parts: &Parts) -> Result<(&'static str, &str), Refusal> {
    let value = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let split = value.and_then(|value| value.split_once(' '));
    match split {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("basic") => Ok(("basic", rest.trim())),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("bearer") => Ok(("bearer", rest.trim())),
        _ => Err(Refusal::unauthorized("credentials_missing", "the request has no `Authorization` header")),
    }
}

/// The user of basic authentication: what stands before the colon, from base64.
fn basic_user(credentials: &str) -> Option<String> {
    let bytes = base64(credentials)?;
    let text = String::from_utf8(bytes).ok()?;
    Some(text.split_once(':').map_or(text.as_str(), |(user, _)| user).to_owned())
}

/// Standard base64 (RFC 4648).
fn base64(text: &str) -> Option<Vec<u8>> {
    let (mut bits, mut count, mut out) = (0u32, 0u32, Vec::with_capacity(text.len()));
    for symbol in text.trim_end_matches('=').bytes() {
        let value = match symbol {
            b'A'..=b'Z' => symbol - b'A',
            b'a'..=b'z' => symbol - b'a' + 26,
            b'0'..=b'9' => symbol - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push(u8::try_from((bits >> count) & 0xFF).ok()?);
        }
    }
    Some(out)
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(ApiError { error: *self.error })).into_response();
        if matches!(self.status, 409 | 429 | 503) {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_of_basic_authentication() {
        assert_eq!(basic_user("c2tfdGVzdF9kZW1vOg=="), Some("sk_test_demo".to_owned()));
        assert_eq!(basic_user("c2tfdGVzdF9kZW1vOnB3"), Some("sk_test_demo".to_owned()));
        assert_eq!(basic_user("!"), None);
        assert_eq!(base64("Zm9vYg=="), Some(b"foob".to_vec()));
        assert_eq!(base64("Zm9vYmE="), Some(b"fooba".to_vec()));
    }
}
