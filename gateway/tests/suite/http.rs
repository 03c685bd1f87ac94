//! What devices call.

use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::{Value, json};
use tillandsia_core::wire::Question;

use super::card::{NOW, Sale, sale};
use super::http_support::Gateway;

#[tokio::test]
async fn the_probe_returns_the_nonce() {
    let gateway = Gateway::start().await;
    let answer = gateway.get("/v1/probe?nonce=n1").await;
    assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({"object": "probe", "nonce": "n1"})));
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(gateway.get("/v1/probe").await.status, 400);
}

#[tokio::test]
async fn other_origins_may_call_the_device_interface_only() {
    let gateway = Gateway::start().await;
    let preflight = |uri: &str| {
        Request::options(uri)
            .header("origin", "https://till.example")
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization,content-type")
            .body(Body::empty())
            .unwrap()
    };
    let answer = gateway.send(preflight("/v1/terminal/payments/forward")).await;
    assert_eq!((answer.status.as_u16(), answer.header("access-control-allow-origin")), (200, "*"));
    assert!(answer.header("access-control-allow-headers").contains("authorization"));
    assert_eq!(answer.header("access-control-allow-credentials"), "");
    let request = Request::get("/v1/probe?nonce=1").header("origin", "https://till.example");
    let answer = gateway.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    for uri in ["/v1/charges", "/demo/connection_token"] {
        assert_eq!(gateway.send(preflight(uri)).await.header("access-control-allow-origin"), "", "{uri}");
    }
}

#[tokio::test]
async fn a_session_costs_a_token_and_ends() {
    let gateway = Gateway::start().await;
    let session = gateway.session().await;
    assert_eq!(
        (session["account"].as_str(), session["livemode"].as_bool()),
        (Some("acct_demo"), Some(false))
    );
    assert_eq!(session["location"]["display_name"], "Demo market stall");
    let offline = &session["configuration"]["offline"];
    assert_eq!(
        (offline["enabled"].as_bool(), offline["payment_amount_max"]["usd"].as_u64()),
        (Some(true), Some(50_000))
    );
    assert_eq!(offline["forward_within_s"], 86_400);

    let token = gateway.server(Method::POST, "/v1/terminal/connection_tokens", "").await.json();
    assert_eq!(token["object"], "terminal.connection_token");
    let body = json!({"connection_token": token["secret"], "device_id": "d1"});
    assert_eq!(gateway.device("", "/v1/terminal/sessions", &body).await.status, 200);
    let again = gateway.device("", "/v1/terminal/sessions", &body).await;
    assert_eq!((again.status.as_u16(), again.code().as_str()), (401, "connection_token_invalid"));
    let late = gateway.server(Method::POST, "/v1/terminal/connection_tokens", "").await.json();
    gateway.now.fetch_add(301, Ordering::Relaxed);
    let body = json!({"connection_token": late["secret"], "device_id": "d1"});
    assert_eq!(gateway.device("", "/v1/terminal/sessions", &body).await.status, 401);

    let secret = session["secret"].as_str().unwrap();
    let batch = json!({"payments": []});
    assert_eq!(gateway.device(secret, "/v1/terminal/payments/forward", &batch).await.status, 200);
    gateway.now.store(session["expires_at"].as_u64().unwrap(), Ordering::Relaxed);
    let ended = gateway.device(secret, "/v1/terminal/payments/forward", &batch).await;
    assert_eq!((ended.status.as_u16(), ended.code().as_str()), (401, "session_expired"));
    for secret in ["tss_unknown", "sk_test_demo", ""] {
        assert_eq!(gateway.device(secret, "/v1/terminal/payments/forward", &batch).await.status, 401);
    }
}

#[tokio::test]
async fn online_create_confirm_capture() {
    let gateway = Gateway::start().await;
    let secret = gateway.secret().await;
    let sale = Sale { manual: true, ..sale(1, 1099) };
    let create = serde_json::to_value(sale.create()).unwrap();
    let created = gateway.device(&secret, "/v1/terminal/payments", &create).await;
    assert_eq!(
        (created.status.as_u16(), created.json()["status"].as_str()),
        (200, Some("requires_payment_method"))
    );
    let confirmed = gateway.confirm(&secret, &sale.submission()).await;
    assert_eq!(confirmed.status, 200);
    let intent = confirmed.payment_intent.unwrap();
    assert_eq!(
        (created.json()["id"].as_str(), intent.status.as_str()),
        (Some(intent.id.as_str()), "requires_capture")
    );
    let card = confirmed.charge.unwrap().payment_method_details.card_present;
    let receipt = card.receipt.unwrap();
    assert_eq!((card.offline, card.read_method.as_deref()), (None, Some("contactless_emv")));
    assert_eq!(receipt.authorization_response_code.as_deref(), Some("3030"));
    assert_eq!(receipt.dedicated_file_name.as_deref(), Some("A0000000031010"));
    assert_eq!(receipt.authorization_code.map(|code| code.len()), Some(6));
    let uri = format!("/v1/terminal/payment_intents/{}/capture", intent.id);
    let captured = gateway.device(&secret, &uri, &json!({"amount_to_capture": 1000})).await.json();
    assert_eq!(
        (captured["status"].as_str(), captured["amount_received"].as_u64()),
        (Some("succeeded"), Some(1000))
    );
    let missing = gateway.device(&secret, "/v1/terminal/payment_intents/pi_0/capture", &json!({})).await;
    assert_eq!((missing.status.as_u16(), missing.code().as_str()), (404, "resource_missing"));
}

#[tokio::test]
async fn outcomes_and_failures_on_the_way_are_apart() {
    let gateway = Gateway::start().await;
    let secret = gateway.secret().await;
    let declined = gateway.confirm(&secret, &sale(1, 1005).submission()).await;
    assert_eq!(
        (declined.status, declined.error.unwrap().decline_code.as_deref()),
        (402, Some("generic_decline"))
    );
    let mut replay = sale(2, 1005).submission();
    replay.card = sale(1, 1005).submission().card;
    let replayed = gateway.confirm(&secret, &replay).await;
    assert_eq!(replayed.error.unwrap().decline_code.as_deref(), Some("duplicate_transaction"));
    assert_eq!(gateway.confirm(&secret, &sale(1, 1000).submission()).await.status, 422);
    let uri = format!("/v1/terminal/payments/{}/confirm", super::card::offline_id(9));
    let wrong =
        gateway.device(&secret, &uri, &serde_json::to_value(sale(1, 1005).submission()).unwrap()).await;
    assert_eq!((wrong.status.as_u16(), wrong.json()["status"].as_u64()), (200, Some(400)));
    let uri = format!("/v1/terminal/payments/{}/resolve", super::card::offline_id(9));
    let question = serde_json::to_value(Question::about(&sale(9, 1000).submission())).unwrap();
    let resolved = gateway.device(&secret, &uri, &question).await;
    assert_eq!((resolved.status.as_u16(), resolved.json()["status"].as_u64()), (200, Some(410)));
    assert_eq!(gateway.confirm(&secret, &sale(9, 1000).submission()).await.status, 410);
    // The request as a whole.
    let garbage = Request::post(uri.replace("resolve", "confirm"))
        .header("authorization", format!("Bearer {secret}"))
        .body(Body::from("{\"card\": 4761739001010010"))
        .unwrap();
    let garbage = gateway.send(garbage).await;
    assert_eq!((garbage.status.as_u16(), garbage.code().as_str()), (400, "body_invalid"));
    assert!(!String::from_utf8_lossy(&garbage.body).contains("4761"));
    let big = json!({"payments": ["x".repeat(1024 * 1024)]});
    assert_eq!(gateway.device(&secret, "/v1/terminal/payments/forward", &big).await.status, 413);
}

#[tokio::test]
async fn a_batch_has_an_answer_for_each() {
    let gateway = Gateway::start().await;
    let secret = gateway.secret().await;
    let item =
        |sale: Sale| serde_json::to_value(Sale { stored_at: Some(NOW - 60), ..sale }.submission()).unwrap();
    let mut other_account = item(sale(4, 1000));
    other_account["account"] = json!("acct_other");
    let mut live = item(sale(5, 1000));
    live["livemode"] = json!(true);
    let mut own = item(sale(6, 1000));
    own["account"] = json!("acct_demo");
    own["livemode"] = json!(false);
    let mut missing = item(sale(7, 1000));
    missing.as_object_mut().unwrap().remove("card");
    let batch = json!({"payments": [
        item(sale(1, 1000)), item(sale(2, 1005)), missing, other_account, live, own, "nonsense", item(sale(1, 1000)),
    ]});
    let answer = gateway.device(&secret, "/v1/terminal/payments/forward", &batch).await.json();
    let results = answer["results"].as_array().unwrap();
    let statuses: Vec<_> = results.iter().map(|result| result["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [200, 402, 400, 403, 403, 200, 400, 409]);
    assert_eq!(results[2]["offline_id"], super::card::offline_id(7).to_string());
    assert_eq!(results[3]["error"]["code"], "account_id_mismatch_while_forwarding");
    assert_eq!(results[4]["error"]["code"], "offline_livemode_payment_in_testmode");
    let offline = &results[0]["charge"]["payment_method_details"]["card_present"]["offline"];
    assert_eq!(*offline, json!({"stored_at": NOW - 60, "type": "deferred"}));
    let again = gateway.device(&secret, "/v1/terminal/payments/forward", &batch).await.json();
    assert_eq!(again["results"][0], results[0]);
    let charges = gateway.server(Method::GET, "/v1/charges?limit=100", "").await.json();
    assert_eq!(charges["data"].as_array().unwrap().len(), 3);
    let many = json!({"payments": vec![item(sale(1, 1000)); 51]});
    let refused = gateway.device(&secret, "/v1/terminal/payments/forward", &many).await;
    assert_eq!((refused.status.as_u16(), refused.code().as_str()), (400, "batch_too_large"));
}

#[tokio::test]
async fn what_became_of_a_payment_is_not_said_to_another_account() {
    let gateway = Gateway::start().await;
    let secret = gateway.secret().await;
    let submission = sale(1, 1000).submission();
    assert_eq!(gateway.confirm(&secret, &submission).await.status, 200);
    let uri = format!("/v1/terminal/payments/{}/resolve", submission.payment.offline_id);
    let question = Question::about(&submission);
    let ask = async |origin: Value| {
        let origin = serde_json::from_value(origin).unwrap();
        let body = serde_json::to_value(Question { origin, ..question.clone() }).unwrap();
        gateway.device(&secret, &uri, &body).await.json()
    };
    for (origin, code) in [
        (json!({"account": "acct_other", "livemode": false}), "account_id_mismatch_while_forwarding"),
        (json!({"account": "acct_demo", "livemode": true}), "offline_livemode_payment_in_testmode"),
    ] {
        let refused = ask(origin).await;
        assert_eq!((refused["status"].as_u64(), refused["error"]["code"].as_str()), (Some(403), Some(code)));
    }
    let told = ask(json!({"account": "acct_demo", "livemode": false})).await;
    assert_eq!((told["status"].as_u64(), told["charge"]["amount"].as_u64()), (Some(200), Some(1000)));
    let other = serde_json::to_value(Question::about(&sale(1, 900).submission())).unwrap();
    let refused = gateway.device(&secret, &uri, &other).await.json();
    assert_eq!(
        (refused["status"].as_u64(), refused["error"]["code"].as_str()),
        (Some(422), Some("idempotency_conflict"))
    );
    // By the id alone nothing is told and nothing canceled.
    assert_eq!(gateway.device(&secret, &uri, &json!({})).await.status.as_u16(), 400);
}

#[tokio::test]
async fn a_request_whose_device_hangs_up_is_carried_to_its_end() {
    let gateway = Gateway::start().await;
    let secret = gateway.secret().await;
    let submission = sale(1, 1000).submission();
    {
        let mut first = Box::pin(gateway.confirm(&secret, &submission));
        // Far enough that the work has begun, however the machine is scheduled.
        for _ in 0..3 {
            let _ = futures::poll!(first.as_mut());
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    }
    let mut last = gateway.confirm(&secret, &submission).await;
    while last.status == 409 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        last = gateway.confirm(&secret, &submission).await;
    }
    assert_eq!(last.status, 200);
    let charges = gateway.server(Method::GET, "/v1/charges", "").await.json();
    assert_eq!(charges["data"].as_array().unwrap().len(), 1);
}
