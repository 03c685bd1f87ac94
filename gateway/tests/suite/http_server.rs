//! What an account's own server calls, in Stripe's form.

use axum::body::Body;
use axum::http::{Method, Request};
use serde_json::json;

use super::card::sale;
use super::http_support::Gateway;

#[tokio::test]
async fn payment_intents_are_created_listed_and_canceled() {
    let gateway = Gateway::start().await;
    let form = "amount=1099&currency=usd&payment_method_types[]=card_present&capture_method=manual&\
                metadata[order]=7&description=Tea";
    let created = gateway.server(Method::POST, "/v1/payment_intents", form).await.json();
    assert!(created["id"].as_str().unwrap().starts_with("pi_"));
    for (field, value) in [
        ("object", json!("payment_intent")),
        ("amount", json!(1099)),
        ("amount_capturable", json!(0)),
        ("amount_details", json!({"tip": {}})),
        ("capture_method", json!("manual")),
        ("currency", json!("usd")),
        ("customer", json!(null)),
        ("description", json!("Tea")),
        ("latest_charge", json!(null)),
        ("livemode", json!(false)),
        ("metadata", json!({"order": "7"})),
        ("payment_method_types", json!(["card_present"])),
        ("status", json!("requires_payment_method")),
    ] {
        assert_eq!(created[field], value, "{field}");
    }
    let uri = format!("/v1/payment_intents/{}", created["id"].as_str().unwrap());
    assert_eq!(gateway.server(Method::GET, &uri, "").await.json(), created);
    let list = gateway.server(Method::GET, "/v1/payment_intents?limit=1", "").await.json();
    assert_eq!(
        list,
        json!({"object": "list", "url": "/v1/payment_intents", "has_more": false, "data": [created]})
    );
    let capture = gateway.server(Method::POST, &format!("{uri}/capture"), "").await;
    assert_eq!(capture.code(), "payment_intent_unexpected_state");
    let canceled =
        gateway.server(Method::POST, &format!("{uri}/cancel"), "cancellation_reason=duplicate").await.json();
    assert_eq!(
        (canceled["status"].as_str(), canceled["cancellation_reason"].as_str()),
        (Some("canceled"), Some("duplicate"))
    );
    assert_eq!(gateway.server(Method::POST, &format!("{uri}/cancel"), "").await.status, 400);
}

#[tokio::test]
async fn bad_requests_say_what_is_wrong() {
    let gateway = Gateway::start().await;
    for (form, code, param) in [
        ("currency=usd", "parameter_missing", "amount"),
        ("amount=10", "parameter_missing", "currency"),
        ("amount=0&currency=usd", "amount_too_small", "amount"),
        ("amount=1000000000000&currency=usd", "amount_too_large", "amount"),
        ("amount=x&currency=usd", "parameter_invalid", "amount"),
        ("amount=10&currency=zzz", "invalid_currency", "currency"),
        ("amount=10&currency=usd&capture_method=later", "parameter_invalid", "capture_method"),
        ("amount=10&currency=usd&payment_method_types[]=card", "parameter_invalid", "payment_method_types"),
        ("amount=10&currency=usd&foo[bar]=1", "parameter_unknown", "foo"),
    ] {
        let answer = gateway.server(Method::POST, "/v1/payment_intents", form).await;
        let error = answer.json()["error"].clone();
        assert_eq!(answer.status, 400, "{form}");
        assert_eq!(error["type"], "invalid_request_error");
        assert_eq!((error["code"].as_str(), error["param"].as_str()), (Some(code), Some(param)), "{form}");
    }
    let json = Request::post("/v1/payment_intents")
        .header("authorization", super::http_support::SERVER)
        .header("content-type", "application/json")
        .body(Body::from("{}"));
    assert_eq!(gateway.send(json.unwrap()).await.code(), "content_type_invalid");
    for uri in
        ["/v1/charges?limit=0", "/v1/charges?limit=101", "/v1/charges?starting_after=ch_0", "/v1/charges?x=1"]
    {
        assert_eq!(gateway.server(Method::GET, uri, "").await.status, 400, "{uri}");
    }
    for uri in ["/v1/charges/ch_0", "/v1/payment_intents/pi_0", "/v1/terminal/locations/tml_0", "/v1/nothing"]
    {
        let answer = gateway.server(Method::GET, uri, "").await;
        assert_eq!((answer.status.as_u16(), answer.code().as_str()), (404, "resource_missing"), "{uri}");
    }
    assert_eq!(gateway.server(Method::DELETE, "/v1/charges", "").await.status, 405);
}

#[tokio::test]
async fn keys_are_needed_and_may_be_bearer_tokens() {
    let gateway = Gateway::start().await;
    assert_eq!(gateway.get("/v1/charges").await.status, 401);
    for (authorization, status) in [
        ("Bearer sk_test_demo", 200),
        ("Bearer sk_test_other", 401),
        ("Bearer tss_1", 401),
        ("Basic !", 401),
        ("Digest x", 401),
    ] {
        let request = Request::get("/v1/charges").header("authorization", authorization).body(Body::empty());
        assert_eq!(gateway.send(request.unwrap()).await.status, status, "{authorization}");
    }
    assert_eq!(gateway.session().await["secret"].as_str().unwrap().len(), "tss_".len() + 44);
}

#[tokio::test]
async fn the_idempotency_key_makes_one() {
    let gateway = Gateway::start().await;
    let create = async |amount: u64| {
        let request = Request::post("/v1/payment_intents")
            .header("authorization", super::http_support::SERVER)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("idempotency-key", "k1")
            .body(Body::from(format!("amount={amount}&currency=usd")));
        gateway.send(request.unwrap()).await
    };
    let first = create(100).await;
    assert_eq!(create(100).await.json(), first.json());
    let other = create(101).await;
    assert_eq!(
        (other.status.as_u16(), other.json()["error"]["type"].as_str()),
        (400, Some("idempotency_error"))
    );
}

#[tokio::test]
async fn charges_are_listed_in_pages() {
    let gateway = Gateway::start().await;
    let secret = gateway.secret().await;
    for number in 1..=5 {
        gateway.confirm(&secret, &sale(number, 1000 + u64::from(number)).submission()).await;
    }
    let first = gateway.server(Method::GET, "/v1/charges?limit=2", "").await.json();
    let amounts = |list: &serde_json::Value| -> Vec<u64> {
        list["data"].as_array().unwrap().iter().map(|charge| charge["amount"].as_u64().unwrap()).collect()
    };
    assert_eq!((amounts(&first), first["has_more"].as_bool()), (vec![1005, 1004], Some(true)));
    let after = first["data"][1]["id"].as_str().unwrap();
    let rest = gateway
        .server(Method::GET, &format!("/v1/charges?starting_after={after}&limit=100"), "")
        .await
        .json();
    assert_eq!((amounts(&rest), rest["has_more"].as_bool()), (vec![1003, 1002, 1001], Some(false)));
    let charge = &rest["data"][0];
    let of = charge["payment_intent"].as_str().unwrap();
    let one = gateway.server(Method::GET, &format!("/v1/charges?payment_intent={of}"), "").await.json();
    assert_eq!(one["data"], json!([charge]));
    let uri = format!("/v1/charges/{}", charge["id"].as_str().unwrap());
    assert_eq!(gateway.server(Method::GET, &uri, "").await.json(), *charge);
    assert_eq!(first["data"][0]["status"], "failed");
    assert_eq!(first["data"][0]["failure_code"], "card_declined");
}

#[tokio::test]
async fn configurations_and_locations() {
    let gateway = Gateway::start().await;
    let post = async |uri: &str, form: &str| gateway.server(Method::POST, uri, form).await;
    let form =
        "name=Strict&offline[enabled]=true&offline[payment_amount_max][usd]=1000&offline[stored_count_max]=5";
    let strict = post("/v1/terminal/configurations", form).await.json();
    assert_eq!(
        (strict["object"].as_str(), strict["is_account_default"].as_bool()),
        (Some("terminal.configuration"), Some(false))
    );
    assert_eq!(strict["offline"]["payment_amount_max"], json!({"usd": 1000}));
    let id = strict["id"].as_str().unwrap();
    let form = format!(
        "display_name=Stall&address[line1]=1+Road&address[city]=Rome&address[country]=IT&configuration_overrides={id}&metadata[k]=v"
    );
    let location = post("/v1/terminal/locations", &form).await.json();
    assert_eq!(location["address"], json!({"line1": "1 Road", "city": "Rome", "country": "IT"}));
    let token =
        post("/v1/terminal/connection_tokens", &format!("location={}", location["id"].as_str().unwrap()))
            .await;
    let body = json!({"connection_token": token.json()["secret"], "device_id": "d"});
    let session = gateway.device("", "/v1/terminal/sessions", &body).await.json();
    assert_eq!((&session["location"], &session["configuration"]), (&location, &strict));
    let uri = format!("/v1/terminal/configurations/{id}");
    let changed = post(&uri, "offline[enabled]=false").await.json();
    assert_eq!(changed["offline"]["enabled"], false);
    assert_eq!(changed["offline"]["stored_count_max"], 5);
    assert_eq!(gateway.server(Method::GET, &uri, "").await.json(), changed);
    let list = gateway.server(Method::GET, "/v1/terminal/locations", "").await.json();
    assert_eq!(list["data"].as_array().unwrap().len(), 2);
    let uri = format!("/v1/terminal/locations/{}", location["id"].as_str().unwrap());
    let renamed = post(&uri, "display_name=Shop&configuration_overrides=").await.json();
    assert_eq!(
        (renamed["display_name"].as_str(), renamed["configuration_overrides"].is_null()),
        (Some("Shop"), true)
    );
    for (uri, form) in [
        ("/v1/terminal/configurations", "offline[enabled]=maybe"),
        ("/v1/terminal/configurations", "offline[payment_amount_max][zzz]=1"),
        ("/v1/terminal/configurations", "offline[surprise]=1"),
        ("/v1/terminal/locations", "address[country]=IT"),
        ("/v1/terminal/locations", "display_name=x&address[country]=Italy"),
        ("/v1/terminal/locations", "display_name=x&address[country]=IT&address[planet]=Earth"),
        ("/v1/terminal/connection_tokens", "surprise=1"),
    ] {
        assert_eq!(post(uri, form).await.status, 400, "{uri} {form}");
    }
    for (uri, form) in [
        ("/v1/terminal/locations", "display_name=x&address[country]=IT&configuration_overrides=tmc_0"),
        ("/v1/terminal/connection_tokens", "location=tml_0"),
    ] {
        assert_eq!(post(uri, form).await.status, 404, "{uri} {form}");
    }
}
