//! The gateway over fetch: what each kind of answer means.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures::future::{Either, select};
use js_sys::Array;
use tillandsia_core::browser::{BrowserClock, Endpoints, FetchGateway};
use tillandsia_core::ports::{Clock as _, Gateway as _, GatewayError};
use tillandsia_core::wire::{ForwardBatch, Session};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::raw::{self, Undo};

/// An answer to a request: status, body, headers; `None`: the request does not arrive.
pub(crate) type Answer = Option<(u16, String, Vec<(&'static str, &'static str)>)>;

/// What `fetch` is replaced by: method, path, authorization and body to a promise of an answer.
type Fetch = Closure<dyn FnMut(String, String, String, String) -> js_sys::Promise>;

/// Takes the place of `fetch`. `answer` gets method, path, authorization and body.
pub(crate) fn fake_fetch(
    answer: impl AsyncFn(String, String, String, String) -> Answer + 'static,
) -> (Undo, Fetch) {
    let answer = Rc::new(answer);
    let closure = Fetch::new(move |method, url: String, authorization, body| {
        let answer = Rc::clone(&answer);
        let origin = web_sys::window().unwrap().location().origin().unwrap();
        let path = url.strip_prefix(&origin).unwrap_or(&url).to_owned();
        wasm_bindgen_futures::future_to_promise(async move {
            let answered = answer(method, path, authorization, body).await;
            Ok(answered.map_or(JsValue::UNDEFINED, |(status, text, headers)| {
                let object = js_sys::Object::new();
                for (name, value) in headers {
                    js_sys::Reflect::set(&object, &name.into(), &value.into()).unwrap();
                }
                Array::of3(&status.into(), &text.into(), &object).into()
            }))
        })
    });
    (Undo(raw::fake_fetch(&closure)), closure)
}

fn ok(body: impl serde::Serialize) -> Answer {
    Some((200, serde_json::to_string(&body).unwrap(), Vec::new()))
}

/// A session as a gateway gives one: its numbers are ones that JavaScript can hold.
pub(crate) fn session() -> Session {
    Session { expires_at: 4_102_444_800, ..tillandsia_core::testing::session() }
}

fn gateway(session: Option<Session>) -> FetchGateway {
    let endpoints =
        Endpoints { gateway_url: String::new(), connection_token_url: "/demo/connection_token".to_owned() };
    FetchGateway::new(endpoints, "device-1".into(), session)
}

fn empty() -> ForwardBatch {
    ForwardBatch { payments: Vec::new() }
}

#[wasm_bindgen_test]
async fn a_probe_believes_only_its_own_nonce() {
    for (body, expected) in [
        (r#"{"object":"probe","nonce":"n1"}"#, true),
        (r#"{"object":"probe","nonce":"n0"}"#, false),
        ("<html>Sign in to Free WiFi</html>", false),
        ("", false),
    ] {
        let _fetch = fake_fetch(async move |method, path, _, _| {
            assert_eq!((method.as_str(), path.as_str()), ("GET", "/v1/probe?nonce=n1"));
            Some((200, body.to_owned(), Vec::new()))
        });
        assert_eq!(gateway(None).probe("n1").await, expected, "{body}");
    }
    let _fetch = fake_fetch(async |_, _, _, _| None);
    assert!(!gateway(None).probe("n1").await);
}

#[wasm_bindgen_test]
async fn a_probe_without_an_answer_ends_after_three_seconds() {
    let _fetch = fake_fetch(async |_, _, _, _| std::future::pending().await);
    let before = BrowserClock.now();
    assert!(!gateway(None).probe("n1").await);
    let waited_ms = before.ms_until(BrowserClock.now());
    assert!((2_900..4_500).contains(&waited_ms), "{waited_ms}");
}

#[wasm_bindgen_test]
async fn answers_that_are_not_the_gateways_are_told_from_its_refusals() {
    let error = r#"{"error":{"type":"invalid_request_error","code":"parameter_invalid","message":"no"}}"#;
    let refused = |status: u16, code: &'static str, retry_after_ms: Option<u64>| {
        move |error: &GatewayError| match error {
            GatewayError::Refused { status: found, code: found_code, retry_after_ms: found_ms, .. } => {
                (*found, found_code.as_str(), *found_ms) == (status, code, retry_after_ms)
            }
            _ => false,
        }
    };
    type Case = (u16, &'static str, Vec<(&'static str, &'static str)>, Box<dyn Fn(&GatewayError) -> bool>);
    let cases: Vec<Case> = vec![
        (200, "<html>portal</html>", vec![], Box::new(|error| *error == GatewayError::NotTheGateway)),
        (200, "{}", vec![], Box::new(|error| *error == GatewayError::NotTheGateway)),
        (403, "<html>blocked</html>", vec![], Box::new(|error| *error == GatewayError::NotTheGateway)),
        (404, "", vec![], Box::new(|error| *error == GatewayError::NotTheGateway)),
        (511, "<html>sign in</html>", vec![], Box::new(|error| *error == GatewayError::NotTheGateway)),
        (400, error, vec![], Box::new(refused(400, "parameter_invalid", None))),
        (429, error, vec![("Retry-After", "7")], Box::new(refused(429, "parameter_invalid", Some(7_000)))),
        (
            503,
            "<html>down</html>",
            vec![("Retry-After", "30")],
            Box::new(refused(503, "api_error", Some(30_000))),
        ),
    ];
    for (status, body, headers, expected) in cases {
        let _fetch = fake_fetch(async move |_, _, _, _| Some((status, body.to_owned(), headers.clone())));
        let failed = gateway(Some(session())).forward(&empty()).await.unwrap_err();
        assert!(expected(&failed), "{status} {body}: {failed:?}");
    }
    let _fetch = fake_fetch(async |_, _, _, _| None);
    assert_eq!(gateway(Some(session())).forward(&empty()).await, Err(GatewayError::Unreachable));
}

#[wasm_bindgen_test]
async fn a_request_that_nobody_waits_for_any_more_is_aborted() {
    let _fetch = fake_fetch(async |_, _, _, _| std::future::pending().await);
    let aborted = Rc::new(Cell::new(0));
    let seen = Rc::clone(&aborted);
    let seen = Closure::<dyn FnMut()>::new(move || seen.set(seen.get() + 1));
    let _spy = Undo(raw::spy_on_aborts(&seen));
    let till = gateway(None);
    let mut probing = Box::pin(till.probe("n1"));
    let pause = Box::pin(BrowserClock.sleep_ms(20));
    assert!(matches!(select(probing.as_mut(), pause).await, Either::Right(_)));
    assert_eq!(aborted.get(), 0);
    drop(probing);
    assert_eq!(aborted.get(), 1);
}

/// A server whose only good secret is `good`, and which gives out that one.
fn server(
    good: &'static str,
    log: Rc<RefCell<Vec<String>>>,
) -> impl AsyncFn(String, String, String, String) -> Answer + 'static {
    async move |method, path, authorization, body| {
        log.borrow_mut().push(format!("{method} {path} {authorization}"));
        match path.as_str() {
            "/demo/connection_token" => Some((200, r#"{"secret":"pst_1"}"#.into(), vec![])),
            "/v1/terminal/sessions" => {
                assert_eq!(body, r#"{"connection_token":"pst_1","device_id":"device-1"}"#);
                ok(Session { secret: good.into(), ..session() })
            }
            _ if authorization == format!("Bearer {good}") => Some((200, r#"{"results":[]}"#.into(), vec![])),
            _ => Some((
                401,
                r#"{"error":{"type":"invalid_request_error","message":"expired"}}"#.into(),
                vec![],
            )),
        }
    }
}

#[wasm_bindgen_test]
async fn a_session_that_has_ended_is_renewed_once_also_when_many_requests_notice() {
    let log = Rc::new(RefCell::new(Vec::new()));
    let _fetch = fake_fetch(server("new", Rc::clone(&log)));
    let gateway = gateway(Some(Session { secret: "old".into(), ..session() }));
    let batch = empty();
    let answers = futures::future::join_all((0..3).map(|_| gateway.forward(&batch))).await;
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    assert_eq!(gateway.session().unwrap().secret, "new");
    let sessions = log.borrow().iter().filter(|line| line.contains("/sessions")).count();
    assert_eq!(sessions, 1, "{:?}", log.borrow());
}

#[wasm_bindgen_test]
async fn without_a_session_one_is_opened_first() {
    let log = Rc::new(RefCell::new(Vec::new()));
    let _fetch = fake_fetch(server("new", Rc::clone(&log)));
    gateway(None).forward(&empty()).await.unwrap();
    assert_eq!(
        *log.borrow(),
        [
            "POST /demo/connection_token ",
            "POST /v1/terminal/sessions ",
            "POST /v1/terminal/payments/forward Bearer new"
        ]
    );
}

#[wasm_bindgen_test]
async fn a_secret_that_is_refused_even_when_new_is_not_renewed_for_ever() {
    let _fetch = fake_fetch(async |_, path, _, _| match path.as_str() {
        "/demo/connection_token" => Some((200, r#"{"secret":"pst_1"}"#.into(), vec![])),
        "/v1/terminal/sessions" => ok(session()),
        _ => Some((401, r#"{"error":{"type":"invalid_request_error","message":"no"}}"#.into(), vec![])),
    });
    let failed = gateway(None).forward(&empty()).await.unwrap_err();
    assert!(matches!(failed, GatewayError::Refused { status: 401, .. }), "{failed:?}");
}

#[wasm_bindgen_test]
async fn a_failing_token_provider_is_named_as_what_failed() {
    for (status, body) in [(500, ""), (200, "<html>"), (403, "{}")] {
        let _fetch = fake_fetch(async move |_, _, _, _| Some((status, body.to_owned(), vec![])));
        let failed = gateway(None).open_session().await.unwrap_err();
        assert!(matches!(failed, GatewayError::TokenProvider(_)), "{status}: {failed:?}");
    }
    let _fetch = fake_fetch(async |_, _, _, _| None);
    assert_eq!(gateway(None).open_session().await, Err(GatewayError::Unreachable));
}

#[wasm_bindgen_test]
async fn an_answer_that_cannot_be_read_is_none_for_its_own_payment_only() {
    let body = r#"{"results":[{"offline_id":"a","status":409},{"offline_id":"b","status":"fine"},
        {"offline_id":"c","status":200,"payment_intent":7},{"offline_id":"d","status":500}]}"#;
    let (_undo, _fetch) = fake_fetch(async move |_, _, _, _| Some((200, body.to_owned(), Vec::new())));
    let answer = gateway(Some(session())).forward(&empty()).await.unwrap();
    let read: Vec<_> =
        answer.results.iter().map(|result| (result.offline_id.as_str(), result.status)).collect();
    assert_eq!(read, [("a", 409), ("d", 500)]);
}
