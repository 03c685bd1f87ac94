//! The ledger's rules, on its own code over the store in memory.

use tillandsia_core::wire::{ForwardResult, PaymentSubmission, Question};
use tillandsia_gateway::acquirer::{Account, AcquirerError};
use tillandsia_gateway::ids::OsIds;
use tillandsia_gateway::ledger::memory::MemoryStore;
use tillandsia_gateway::ledger::{Ledger, PaymentState, ServerPayment};

use super::acquirer::Counting;
use super::card::{NOW, sale};

pub(crate) type TestLedger = Ledger<MemoryStore, Counting>;

pub(crate) fn account() -> Account {
    Account { id: "acct_1".to_owned(), livemode: false }
}

fn setup() -> (MemoryStore, Counting, TestLedger) {
    let (store, acquirer) = (MemoryStore::new(), Counting::default());
    let ledger = Ledger::new(store.clone(), acquirer.clone(), OsIds);
    (store, acquirer, ledger)
}

async fn ask(ledger: &TestLedger, submission: &PaymentSubmission) -> ForwardResult {
    let question = Question::about(submission);
    ledger.resolve(NOW, &account(), &submission.payment.offline_id, &question).await
}

#[tokio::test]
async fn the_same_payment_again_gives_the_same_answer_to_the_byte() {
    let (_, acquirer, ledger) = setup();
    let mut submission = sale(1, 1099).submission();
    let first = ledger.confirm(NOW, &account(), &submission).await;
    assert_eq!(first.status, 200);
    // As it comes when the online answer was lost: now it is a stored payment.
    submission.stored_at = Some(NOW);
    submission.payment_intent = first.payment_intent.as_ref().map(|intent| intent.id.clone());
    let again = ledger.forward(NOW + 100_000, &account(), &[submission]).await;
    assert_eq!(serde_json::to_vec(&again[0]).unwrap(), serde_json::to_vec(&first).unwrap());
    assert_eq!(acquirer.calls(), 1);
}

#[tokio::test]
async fn the_same_id_with_other_content_is_refused() {
    let (_, acquirer, ledger) = setup();
    assert_eq!(ledger.confirm(NOW, &account(), &sale(1, 1099).submission()).await.status, 200);
    let other = ledger.confirm(NOW, &account(), &sale(1, 1100).submission()).await;
    assert_eq!((other.status, other.error.unwrap().kind.as_str()), (422, "idempotency_error"));
    let mut metadata = sale(1, 1099).submission();
    metadata.payment.metadata.clear();
    assert_eq!(ledger.confirm(NOW, &account(), &metadata).await.status, 422);
    assert_eq!(ledger.create(NOW, &account(), &metadata.payment).await.unwrap_err().status, 422);
    assert_eq!(acquirer.charges(), 1);
}

#[tokio::test]
async fn another_account_has_its_own_ids() {
    let (_, acquirer, ledger) = setup();
    let submission = sale(1, 1099).submission();
    let first = ledger.confirm(NOW, &account(), &submission).await;
    let other = Account { id: "acct_2".to_owned(), livemode: false };
    let mut named = sale(2, 1099).submission();
    named.payment_intent = first.payment_intent.map(|intent| intent.id);
    let refused = ledger.confirm(NOW, &other, &named).await;
    assert_eq!(refused.status, 403);
    assert_eq!(refused.error.unwrap().code.as_deref(), Some("account_id_mismatch_while_forwarding"));
    assert_eq!(acquirer.charges(), 1);
}

#[tokio::test]
async fn created_then_confirmed_keeps_its_payment_intent() {
    let (_, _, ledger) = setup();
    let sale = sale(1, 1099);
    let created = ledger.create(NOW, &account(), &sale.create()).await.unwrap();
    assert_eq!((created.status.as_str(), created.livemode), ("requires_payment_method", false));
    assert_eq!(ledger.create(NOW + 5, &account(), &sale.create()).await.unwrap(), created);
    let confirmed = ledger.confirm(NOW, &account(), &sale.submission()).await.payment_intent.unwrap();
    assert_eq!((confirmed.id.as_str(), confirmed.status.as_str()), (created.id.as_str(), "succeeded"));
    assert_eq!(confirmed.amount_received, 1099);
    // A create that arrives late changes nothing.
    assert_eq!(ledger.create(NOW + 9, &account(), &sale.create()).await.unwrap(), confirmed);
}

#[tokio::test]
async fn a_decline_is_final_and_keeps_the_intent() {
    let (_, acquirer, ledger) = setup();
    let submission = sale(1, 1005).submission();
    let declined = ledger.confirm(NOW, &account(), &submission).await;
    assert_eq!(declined.status, 402);
    let error = declined.error.clone().unwrap();
    assert_eq!((error.kind.as_str(), error.decline_code.as_deref()), ("card_error", Some("generic_decline")));
    let intent = declined.payment_intent.clone().unwrap();
    assert_eq!((intent.status.as_str(), intent.amount_received), ("requires_payment_method", 0));
    let charge = declined.charge.clone().unwrap();
    assert_eq!((charge.status.as_str(), charge.paid, charge.captured), ("failed", false, false));
    assert_eq!(ledger.confirm(NOW + 1, &account(), &submission).await, declined);
    assert_eq!((acquirer.calls(), acquirer.charges()), (1, 0));
}

#[tokio::test]
async fn while_it_is_in_flight_others_are_told_so() {
    let (_, acquirer, ledger) = setup();
    let submission = sale(1, 1099).submission();
    let account = account();
    let mut first = Box::pin(ledger.confirm(NOW, &account, &submission));
    assert!(futures::poll!(first.as_mut()).is_pending());
    assert_eq!(ledger.confirm(NOW, &account, &submission).await.status, 409);
    assert_eq!(ask(&ledger, &submission).await.status, 409);
    assert_eq!(ledger.create(NOW, &account, &submission.payment).await.unwrap_err().status, 409);
    let twice = ledger.forward(NOW, &account, &[sale(2, 100).submission(), sale(2, 100).submission()]).await;
    assert_eq!([twice[0].status, twice[1].status], [200, 409]);
    assert_eq!(first.await.status, 200);
    assert_eq!(acquirer.charges(), 2);
}

/// Drops a confirmation after every possible number of steps, then sends it again to a gateway that was started
/// again, and to the same one.
#[tokio::test]
async fn a_crash_at_any_await_charges_once() {
    let mut steps = 0;
    loop {
        let (store, acquirer, ledger) = setup();
        let (account, submission) = (account(), sale(1, 1099).submission());
        let mut first = Box::pin(ledger.confirm(NOW, &account, &submission));
        let mut is_done = false;
        for _ in 0..steps {
            is_done = futures::poll!(first.as_mut()).is_ready();
        }
        drop(first);
        let again = if steps % 2 == 0 {
            ledger.confirm(NOW + 60, &account, &submission).await
        } else {
            let restarted = Ledger::new(store.clone(), acquirer.clone(), OsIds);
            restarted.recover(NOW + 60).await.unwrap();
            restarted.confirm(NOW + 60, &account, &submission).await
        };
        assert_eq!((again.status, acquirer.charges()), (200, 1), "after {steps} steps");
        assert_eq!(store.payments().len(), 1);
        if is_done {
            assert!(steps > 6, "there are awaits to crash at");
            return;
        }
        steps += 1;
    }
}

#[tokio::test]
async fn recovery_finishes_what_a_crash_left() {
    let (store, acquirer, ledger) = setup();
    acquirer.fail(Some(AcquirerError::Unavailable("down".to_owned())));
    let batch = [sale(1, 1099).submission(), sale(2, 1005).submission()];
    let failed = ledger.forward(NOW, &account(), &batch).await;
    assert!(failed.iter().all(|result| result.status == 503 && result.payment_intent.is_none()));
    acquirer.fail(None);
    let restarted = Ledger::new(store.clone(), acquirer.clone(), OsIds);
    assert_eq!(restarted.recover(NOW).await, Ok(2));
    assert_eq!(restarted.recover(NOW).await, Ok(0));
    let statuses: Vec<_> =
        restarted.forward(NOW, &account(), &batch).await.iter().map(|r| r.status).collect();
    assert_eq!((statuses, acquirer.calls()), (vec![200, 402], 4));
    // The ciphertext is gone.
    assert!(store.payments().iter().all(|payment| matches!(payment.state, PaymentState::Final { .. })));
}

#[tokio::test]
async fn what_the_acquirer_cannot_read_is_not_charged_and_may_be_canceled() {
    let (_, acquirer, ledger) = setup();
    acquirer.fail(Some(AcquirerError::Unreadable("no key".to_owned())));
    let submission = sale(1, 1099).submission();
    let result = ledger.confirm(NOW, &account(), &submission).await;
    assert_eq!((result.status, result.error.unwrap().code.as_deref()), (400, Some("card_data_unreadable")));
    acquirer.fail(None);
    assert_eq!(ask(&ledger, &submission).await.status, 410);
    assert_eq!(ledger.confirm(NOW, &account(), &submission).await.status, 410);
    assert_eq!(acquirer.charges(), 0);
}

#[tokio::test]
async fn resolving_cancels_what_was_never_confirmed_for_ever() {
    let (_, acquirer, ledger) = setup();
    let unknown = ask(&ledger, &sale(1, 1099).submission()).await;
    assert_eq!((unknown.status, unknown.payment_intent), (410, None));
    assert_eq!(ledger.confirm(NOW, &account(), &sale(1, 1099).submission()).await.status, 410);
    assert_eq!(ledger.create(NOW, &account(), &sale(1, 1099).create()).await.unwrap_err().status, 410);
    ledger.create(NOW, &account(), &sale(2, 1099).create()).await.unwrap();
    let created = ask(&ledger, &sale(2, 1099).submission()).await;
    assert_eq!((created.status, created.payment_intent.unwrap().status.as_str()), (410, "canceled"));
    let late = ledger.confirm(NOW, &account(), &sale(2, 1099).submission()).await;
    assert_eq!((late.status, late.payment_intent.unwrap().status.as_str()), (410, "canceled"));
    assert_eq!(acquirer.charges(), 0);
    let charged = ledger.confirm(NOW, &account(), &sale(3, 1099).submission()).await;
    assert_eq!(ask(&ledger, &sale(3, 1099).submission()).await, charged);
    assert_eq!(
        ledger
            .resolve(NOW, &account(), "4761739001010010", &Question::about(&sale(4, 1099).submission()))
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn what_is_known_with_other_content_is_neither_told_nor_canceled() {
    let (_, acquirer, ledger) = setup();
    let conflict = |result: ForwardResult| {
        assert_eq!((result.status, result.payment_intent, result.charge), (422, None, None));
        assert_eq!(result.error.unwrap().code.as_deref(), Some("idempotency_conflict"));
    };
    // Created, and not confirmed yet.
    ledger.create(NOW, &account(), &sale(1, 900).create()).await.unwrap();
    conflict(ask(&ledger, &sale(1, 1000).submission()).await);
    assert_eq!(ledger.confirm(NOW, &account(), &sale(1, 900).submission()).await.status, 200);
    // Charged.
    conflict(ask(&ledger, &sale(1, 1000).submission()).await);
    let mut other_card = sale(1, 900).submission();
    other_card.card.ksn = "FFFF9876543210E00002".to_owned();
    conflict(ask(&ledger, &other_card).await);
    // Begun, and the acquirer has not answered.
    acquirer.fail(Some(AcquirerError::Unavailable("down".to_owned())));
    assert_eq!(ledger.confirm(NOW, &account(), &sale(2, 900).submission()).await.status, 503);
    acquirer.fail(None);
    conflict(ask(&ledger, &sale(2, 1000).submission()).await);
    assert_eq!(acquirer.charges(), 1, "nobody asked about that one");
    assert_eq!(ask(&ledger, &sale(2, 900).submission()).await.status, 200);
}

#[tokio::test]
async fn manual_capture_in_part_once() {
    let (_, _, ledger) = setup();
    let mut sale = sale(1, 1099);
    sale.manual = true;
    let answer = ledger.confirm(NOW, &account(), &sale.submission()).await;
    let intent = answer.payment_intent.clone().unwrap();
    assert_eq!((intent.status.as_str(), intent.amount_capturable), ("requires_capture", 1099));
    assert_eq!(ledger.capture(&account(), &intent.id, Some(2000)).await.unwrap_err().status, 400);
    let captured = ledger.capture(&account(), &intent.id, Some(900)).await.unwrap();
    assert_eq!(
        (captured.status.as_str(), captured.amount_received, captured.amount_capturable),
        ("succeeded", 900, 0)
    );
    assert_eq!(ledger.capture(&account(), &intent.id, Some(900)).await.unwrap(), captured);
    assert_eq!(ledger.capture(&account(), &intent.id, Some(901)).await.unwrap_err().status, 400);
    let charge = ledger.charge(&account(), &answer.charge.as_ref().unwrap().id).await.unwrap();
    assert_eq!((charge.captured, charge.amount_captured), (true, 900));
    // The answer that was given stays what it was.
    assert_eq!(ledger.confirm(NOW, &account(), &sale.submission()).await, answer);
    let stranger = Account { id: "acct_2".to_owned(), livemode: false };
    assert_eq!(ledger.capture(&stranger, &intent.id, None).await.unwrap_err().status, 404);
}

#[tokio::test]
async fn canceling_gives_an_authorised_amount_back() {
    let (_, acquirer, ledger) = setup();
    let mut sale = sale(1, 1099);
    sale.manual = true;
    let id = ledger.confirm(NOW, &account(), &sale.submission()).await.payment_intent.unwrap().id;
    let canceled = ledger.cancel(NOW, &account(), &id, Some("duplicate")).await.unwrap();
    assert_eq!((canceled.status.as_str(), canceled.amount_capturable), ("canceled", 0));
    assert_eq!(acquirer.voided(), [sale.create().offline_id]);
    assert_eq!(ledger.capture(&account(), &id, None).await.unwrap_err().status, 400);
    assert_eq!(ledger.cancel(NOW, &account(), &id, None).await.unwrap_err().status, 400);
}

#[tokio::test]
async fn servers_create_by_idempotency_key() {
    let (_, _, ledger) = setup();
    let request = ServerPayment {
        amount: 500,
        currency: "eur".to_owned(),
        capture_method: "automatic".to_owned(),
        metadata: [].into(),
        description: Some("order".to_owned()),
        receipt_email: None,
    };
    let first = ledger.create_from_server(NOW, &account(), Some("k1"), &request).await.unwrap();
    assert_eq!(ledger.create_from_server(NOW + 1, &account(), Some("k1"), &request).await.unwrap(), first);
    assert_ne!(ledger.create_from_server(NOW, &account(), None, &request).await.unwrap().id, first.id);
    let other = ServerPayment { amount: 501, ..request };
    assert_eq!(ledger.create_from_server(NOW, &account(), Some("k1"), &other).await.unwrap_err().status, 422);
    let page = ledger.payment_intents(&account(), 1, None).await.unwrap();
    assert!(page.has_more);
    let older = ledger.payment_intents(&account(), 1, Some(page.data[0].id.clone())).await.unwrap();
    assert_eq!((older.data, older.has_more), (vec![first], false));
}

#[tokio::test]
async fn malformed_payments_do_not_spoil_a_batch() {
    let (_, acquirer, ledger) = setup();
    let mut zero = sale(2, 1099).submission();
    zero.payment.amount = 0;
    let mut clear = sale(3, 1099).submission();
    clear.card.emv.push(super::card::tag("5A", super::card::PAN));
    let mut id = sale(4, 1099).submission();
    id.payment.offline_id = "6ba7b810-9dad-11d1-80b4-00c04fd430c8".to_owned();
    let results = ledger
        .forward(NOW, &account(), &[sale(1, 1099).submission(), zero, clear, id, sale(5, 1005).submission()])
        .await;
    let statuses: Vec<_> = results.iter().map(|result| result.status).collect();
    assert_eq!(statuses, [200, 400, 400, 400, 402]);
    assert_eq!(results[2].error.as_ref().unwrap().code.as_deref(), Some("card_data_in_clear"));
    assert!(!format!("{results:?}").contains(super::card::PAN));
    assert_eq!(acquirer.charges(), 1);
}

#[tokio::test]
async fn a_card_that_was_looked_at_is_charged_only_by_its_confirmation() {
    let (_, acquirer, ledger) = setup();
    let submission = sale(1, 1000).submission();
    let method = ledger.inspect(NOW, &account(), &submission).await.unwrap();
    assert!(method.id.starts_with("pm_"));
    assert_eq!(method.card_present.last4.as_deref(), Some("0010"));
    assert_eq!(acquirer.charges(), 0);
    let noted = ledger.create(NOW, &account(), &submission.payment).await.unwrap();
    assert_eq!((noted.payment_method, noted.status.as_str()), (Some(method.id), "requires_payment_method"));
    let answer = ledger.confirm(NOW, &account(), &submission).await;
    assert_eq!((answer.status, acquirer.charges()), (200, 1));
    let refused = ledger.inspect(NOW, &account(), &submission).await.unwrap_err();
    assert_eq!(refused.error.code.as_deref(), Some("payment_intent_unexpected_state"));
    let other = ledger.inspect(NOW, &account(), &sale(1, 2000).submission()).await.unwrap_err();
    assert_eq!(other.status, 422);
}
