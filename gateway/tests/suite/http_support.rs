//! The real router over a database of its own.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use serde_json::{Value, json};
use tillandsia_core::wire::{ForwardResult, PaymentSubmission};
use tillandsia_gateway::directory::Directory;
use tillandsia_gateway::ids::OsIds;
use tillandsia_gateway::ledger::Ledger;
use tillandsia_gateway::ledger::sqlite::SqliteLedger;
use tillandsia_gateway::routes::{App, RouterOptions, Services, router};
use tillandsia_gateway::server;
use tillandsia_gateway::sqlite::Database;
use tower::ServiceExt;

use super::card::NOW;

/// `sk_test_demo:`
pub(crate) const SERVER: &str = "Basic c2tfdGVzdF9kZW1vOg==";

pub(crate) struct Gateway {
    pub(crate) router: Router,
    pub(crate) now: Arc<AtomicU64>,
    _directory: tempfile::TempDir,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap_or_default().to_owned()
    }
}

impl Gateway {
    pub(crate) async fn start() -> Self {
        Self::with_site(None).await
    }

    pub(crate) async fn with_site(site: Option<&Path>) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let database = Database::open(directory.path()).await.unwrap();
        let now = Arc::new(AtomicU64::new(NOW));
        let clock = now.clone();
        let app = App {
            ledger: Ledger::new(SqliteLedger::new(database.clone()), server::sandbox(&database), OsIds),
            services: Services {
                directory: Directory::new(database.clone()),
                ids: Arc::new(OsIds),
                now: Arc::new(move || clock.load(Ordering::Relaxed)),
            },
        };
        app.services.directory.seed_demo(&OsIds).await.unwrap();
        let options = RouterOptions { site: site.map(Path::to_owned), demo: true, delay_ms: 0 };
        Gateway { router: router(Arc::new(app), &options), now, _directory: directory }
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) async fn get(&self, uri: &str) -> Answer {
        self.send(Request::get(uri).body(Body::empty()).unwrap()).await
    }

    /// As an account's own server.
    pub(crate) async fn server(&self, method: Method, uri: &str, form: &str) -> Answer {
        let request = Request::builder()
            .method(method)
            .uri(uri)
            .header("authorization", SERVER)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(Body::from(form.to_owned()));
        self.send(request.unwrap()).await
    }

    /// As a device.
    pub(crate) async fn device(&self, secret: &str, uri: &str, body: &Value) -> Answer {
        let request = Request::post(uri)
            .header("authorization", format!("Bearer {secret}"))
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()));
        self.send(request.unwrap()).await
    }

    pub(crate) async fn session(&self) -> Value {
        let token = self.send(Request::post("/demo/connection_token").body(Body::empty()).unwrap()).await;
        let body = json!({"connection_token": token.json()["secret"], "device_id": "d1"});
        self.device("none", "/v1/terminal/sessions", &body).await.json()
    }

    /// A session's secret.
    pub(crate) async fn secret(&self) -> String {
        self.session().await["secret"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn confirm(&self, secret: &str, submission: &PaymentSubmission) -> ForwardResult {
        let uri = format!("/v1/terminal/payments/{}/confirm", submission.payment.offline_id);
        let answer = self.device(secret, &uri, &serde_json::to_value(submission).unwrap()).await;
        assert_eq!(answer.status, 200);
        serde_json::from_slice(&answer.body).unwrap()
    }
}
