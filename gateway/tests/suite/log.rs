//! Nothing that is logged, at any level, holds a card number, a ciphertext or a secret.

use std::io::Write;
use std::sync::{Arc, Mutex};

use serde_json::json;

use super::card::{PAN, Sale, alter, sale};
use super::http_support::Gateway;

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn logs_hold_no_card_data_and_no_secrets() {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .finish();
    // For the whole program, so that it hears the database's threads and the other tests too.
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let gateway = Gateway::start().await;
    let secret = gateway.secret().await;
    let mut tampered = sale(2, 1000).submission();
    alter(&mut tampered, "9F02", "000000000100");
    let mut unreadable = sale(3, 1000).submission();
    unreadable.card.ksn = sale(4, 1000).ksn().to_string();
    let mut clear = sale(5, 1000).submission();
    clear.card.emv.push(super::card::tag("57", format!("{PAN}D3012")));
    let good = sale(1, 1000).submission();
    let aes = Sale { is_aes: true, ..sale(6, 1005) }.submission();
    for submission in [&good, &tampered, &unreadable, &clear, &aes, &sale(7, 1000).swipe()] {
        gateway.confirm(&secret, submission).await;
    }
    let batch = json!({"payments": [{"offline_id": PAN, "card": PAN}, PAN]});
    gateway.device(&secret, "/v1/terminal/payments/forward", &batch).await;
    gateway.device(&secret, &format!("/v1/terminal/payments/{PAN}/resolve"), &json!({})).await;
    gateway.get(&format!("/v1/charges/{PAN}?{PAN}={PAN}")).await;

    let text = String::from_utf8_lossy(&lines.0.lock().unwrap()).into_owned();
    assert!(text.contains("/v1/terminal/payments/{offline_id}/confirm"), "the log was captured: {text}");
    for (what, never) in [
        ("card number", PAN),
        ("card number in hexadecimal", &hex::encode(PAN)),
        ("session secret", &secret),
        ("secret key", "sk_test_demo"),
        ("ciphertext", &good.card.encrypted[0].value),
        ("cryptogram", &good.card.emv.iter().find(|tag| tag.tag == "9F26").unwrap().value),
    ] {
        assert!(!text.to_lowercase().contains(&never.to_lowercase()), "the log holds a {what}");
    }
}
