//! The sandbox acquirer: strict about everything but the money.

use tillandsia_core::wire::PaymentSubmission;
use tillandsia_gateway::acquirer::sandbox::memory::MemorySandbox;
use tillandsia_gateway::acquirer::sandbox::sqlite::SqliteSandbox;
use tillandsia_gateway::acquirer::sandbox::{SandboxAcquirer, SandboxStore};
use tillandsia_gateway::acquirer::{
    Acquirer, AcquirerError, Authorisation, AuthoriseRequest, CaptureRequest, Decline, Outcome, VoidRequest,
};
use tillandsia_gateway::sqlite::Database;

use super::card::{NOW, PAN, Sale, alter, sale};

fn request(key: &str, submission: &PaymentSubmission) -> AuthoriseRequest {
    AuthoriseRequest {
        account: "acct_1".to_owned(),
        idempotency_key: key.to_owned(),
        amount: submission.payment.amount,
        currency: submission.payment.currency.parse().unwrap(),
        capture: submission.payment.capture_method == "automatic",
        now: NOW,
        stored_at: None,
        card: submission.card.clone(),
    }
}

async fn approved<A: Acquirer>(acquirer: &A, request: AuthoriseRequest) -> Authorisation {
    match acquirer.authorise(request).await {
        Ok(Outcome::Approved(authorisation)) => authorisation,
        other => panic!("{other:?}"),
    }
}

async fn declined<A: Acquirer>(acquirer: &A, request: AuthoriseRequest) -> Decline {
    match acquirer.authorise(request).await {
        Ok(Outcome::Declined(decline)) => decline,
        other => panic!("{other:?}"),
    }
}

fn memory() -> SandboxAcquirer<MemorySandbox> {
    SandboxAcquirer::new(MemorySandbox::new())
}

#[tokio::test]
async fn reads_cards_of_both_ciphers_and_both_cryptograms() {
    let acquirer = memory();
    let mastercard = Sale { pan: "5413330089020011".to_owned(), ..sale(3, 1000) };
    let euro = Sale { currency: ("eur", "0978"), ..sale(4, 1000) };
    for (sale, brand, last4) in [
        (sale(1, 1000), "visa", "0010"),
        (Sale { is_aes: true, issuer_data: "06011203A00000", ..sale(2, 1000) }, "visa", "0010"),
        (mastercard, "mastercard", "0011"),
        (euro, "visa", "0010"),
    ] {
        let card = approved(&acquirer, request(&format!("k{}", sale.number), &sale.submission())).await.card;
        assert_eq!((card.brand.as_str(), card.last4.as_str()), (brand, last4));
        assert_eq!((card.exp_month, card.exp_year), (12, 2030));
        assert_eq!((card.funding.as_str(), card.country.as_deref()), ("credit", Some("US")));
    }
}

#[tokio::test]
async fn reads_a_swipe() {
    let card = approved(&memory(), request("k", &sale(1, 1000).swipe())).await.card;
    assert_eq!((card.last4.as_str(), card.exp_year), ("0010", 2030));
}

#[tokio::test]
async fn declines_by_the_last_two_digits() {
    let acquirer = memory();
    let expected = [
        (1, "call_issuer"),
        (2, "offline_pin_required"),
        (3, "online_or_offline_pin_required"),
        (5, "generic_decline"),
        (55, "incorrect_pin"),
        (65, "withdrawal_count_limit_exceeded"),
        (75, "pin_try_exceeded"),
    ];
    for digits in 0..100_u32 {
        let submission = sale(digits + 1, 1200 + u64::from(digits)).submission();
        let request = request(&format!("k{digits}"), &submission);
        match expected.iter().find(|(amount, _)| *amount == digits) {
            Some((_, code)) => assert_eq!(declined(&acquirer, request).await.decline_code, *code),
            None => assert_eq!(approved(&acquirer, request).await.response_code, "00"),
        }
    }
}

#[tokio::test]
async fn refuses_what_was_tampered_with() {
    let acquirer = memory();
    let changes: [(&str, &str); 6] = [
        ("9F02", "000000000100"),
        ("5F2A", "0978"),
        ("9F26", "0000000000000000"),
        ("9F36", "00FF"),
        ("9F10", "06011103A00000"),
        ("95", "8000008000"),
    ];
    for (number, (tag, value)) in (1..).zip(changes) {
        let mut submission = sale(number, 1000).submission();
        alter(&mut submission, tag, value);
        let decline = declined(&acquirer, request(tag, &submission)).await;
        assert_eq!(decline.decline_code, "tampered", "{tag}");
        assert!(!decline.message.contains(PAN));
    }
    // What the card signed does not fit what is asked for.
    let mut submission = sale(20, 1000).submission();
    submission.payment.amount = 900;
    assert_eq!(declined(&acquirer, request("amount", &submission)).await.decline_code, "tampered");
    submission = sale(21, 1000).submission();
    submission.payment.currency = "eur".to_owned();
    assert_eq!(declined(&acquirer, request("currency", &submission)).await.decline_code, "tampered");
    submission = sale(22, 1000).submission();
    submission.card.emv.retain(|tag| tag.tag != "9F26");
    assert_eq!(declined(&acquirer, request("missing", &submission)).await.decline_code, "tampered");
    // A tampered copy does not use up the real payment's serial number.
    approved(&acquirer, request("real", &sale(1, 1000).submission())).await;
}

#[tokio::test]
async fn refuses_an_expired_card() {
    let expired = Sale { expiry: "2512", ..sale(1, 1000) };
    assert_eq!(declined(&memory(), request("k", &expired.submission())).await.decline_code, "expired_card");
    let last_month = Sale { expiry: "2601", ..sale(1, 1000) };
    approved(&memory(), request("k", &last_month.submission())).await;
}

#[tokio::test]
async fn what_cannot_be_decrypted_is_no_decline() {
    let acquirer = memory();
    let mut other_key = sale(1, 1000).submission();
    other_key.card.ksn = sale(2, 1000).ksn().to_string();
    let mut no_track = sale(1, 1000).submission();
    no_track.card.encrypted[0].tag = "5F20".to_owned();
    let mut cut = sale(1, 1000).submission();
    cut.card.encrypted[0].value.truncate(10);
    let wrong_number = Sale { pan: "4761739001010011".to_owned(), ..sale(1, 1000) };
    for submission in [other_key, no_track, cut, wrong_number.submission()] {
        let error = acquirer.authorise(request("k", &submission)).await.unwrap_err();
        assert!(matches!(error, AcquirerError::Unreadable(_)), "{error}");
        assert!(!format!("{error:?}{error}").contains("47617390"));
    }
    approved(&acquirer, request("k", &sale(1, 1000).submission())).await;
}

async fn remembers<S: SandboxStore>(acquirer: SandboxAcquirer<S>) {
    let first = sale(1, 1000);
    let authorisation = approved(&acquirer, request("k1", &first.submission())).await;
    // The same key: the same answer, whatever time it is.
    let late = AuthoriseRequest { now: NOW + 10 * 365 * 86_400, ..request("k1", &first.submission()) };
    assert_eq!(approved(&acquirer, late).await, authorisation);
    // Another key with the same reader transaction, in one batch and alone.
    let replays = vec![request("k2", &first.submission()), request("k3", &sale(2, 1000).submission())];
    let outcomes = acquirer.authorise_all(replays).await;
    assert!(matches!(&outcomes[0], Ok(Outcome::Declined(no)) if no.decline_code == "duplicate_transaction"));
    assert!(matches!(&outcomes[1], Ok(Outcome::Approved(_))));
    // Another account is another key too.
    let other = AuthoriseRequest { account: "acct_2".to_owned(), ..request("k1", &first.submission()) };
    assert_eq!(declined(&acquirer, other).await.decline_code, "duplicate_transaction");
    // The same card transaction, encrypted again with a fresh serial number.
    let mut again = sale(1, 1000).submission();
    let fresh = sale(3, 1000);
    again.card.ksn = fresh.ksn().to_string();
    again.card.encrypted = fresh.submission().card.encrypted;
    assert_eq!(declined(&acquirer, request("k4", &again)).await.decline_code, "duplicate_transaction");
    // A refused replay does not use up what it carried.
    approved(&acquirer, request("k5", &fresh.submission())).await;
}

async fn captures_once<S: SandboxStore>(acquirer: SandboxAcquirer<S>) {
    let manual = Sale { manual: true, ..sale(1, 1000) };
    approved(&acquirer, request("k1", &manual.submission())).await;
    let capture = |key: &str, amount| CaptureRequest {
        account: "acct_1".to_owned(),
        idempotency_key: key.to_owned(),
        amount,
    };
    let void = |key: &str| VoidRequest { account: "acct_1".to_owned(), idempotency_key: key.to_owned() };
    assert!(acquirer.capture(capture("k1", 1001)).await.is_err());
    assert_eq!(acquirer.capture(capture("k1", 900)).await.unwrap().amount, 900);
    assert_eq!(acquirer.capture(capture("k1", 1000)).await.unwrap().amount, 900);
    assert!(acquirer.void(void("k1")).await.is_err());
    approved(&acquirer, request("k2", &Sale { manual: true, ..sale(2, 1000) }.submission())).await;
    assert_eq!(acquirer.void(void("k2")).await, Ok(()));
    assert_eq!(acquirer.void(void("k2")).await, Ok(()));
    assert!(acquirer.capture(capture("k2", 1000)).await.is_err());
    declined(&acquirer, request("k3", &Sale { manual: true, ..sale(3, 1005) }.submission())).await;
    assert!(acquirer.capture(capture("k3", 1005)).await.is_err());
    assert!(acquirer.capture(capture("none", 1)).await.is_err());
}

#[tokio::test]
async fn memory_remembers() {
    remembers(memory()).await;
    captures_once(memory()).await;
}

#[tokio::test]
async fn sqlite_remembers() {
    let directory = tempfile::tempdir().unwrap();
    let database = Database::open(directory.path()).await.unwrap();
    remembers(SandboxAcquirer::new(SqliteSandbox::new(database))).await;
    let directory = tempfile::tempdir().unwrap();
    let database = Database::open(directory.path()).await.unwrap();
    captures_once(SandboxAcquirer::new(SqliteSandbox::new(database))).await;
}

#[tokio::test]
async fn sqlite_remembers_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let database = Database::open(directory.path()).await.unwrap();
    let first = request("k1", &sale(1, 1000).submission());
    let authorisation =
        approved(&SandboxAcquirer::new(SqliteSandbox::new(database.clone())), first.clone()).await;
    database.close().await;
    let database = Database::open(directory.path()).await.unwrap();
    let acquirer = SandboxAcquirer::new(SqliteSandbox::new(database));
    assert_eq!(approved(&acquirer, first).await, authorisation);
    let replay = request("k2", &sale(1, 1000).submission());
    assert_eq!(declined(&acquirer, replay).await.decline_code, "duplicate_transaction");
    let bytes = std::fs::read(directory.path().join("gateway.sqlite")).unwrap();
    assert!(!bytes.windows(PAN.len()).any(|window| window == PAN.as_bytes()));
}
