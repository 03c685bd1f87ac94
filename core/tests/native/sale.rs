//! Create, collect, confirm: online, stored, and in between.

use std::collections::BTreeMap;

use tillandsia_core::card::ReadMethod;
use tillandsia_core::error::ErrorCode;
use tillandsia_core::journal::{LogKind, PaymentState};
use tillandsia_core::payment_intent::{CaptureMethod, OfflineBehavior, PaymentIntentStatus};
use tillandsia_core::ports::{GatewayError, HostDecision, ReaderError, Store};
use tillandsia_core::terminal::{
    CONFIRMING_LEASE_MS, CollectParameters, ConfirmParameters, CreateParameters, SESSION_SETTING,
};
use tillandsia_core::testing::{NextAnswer, STORED_COUNT_MAX, card};

use crate::world::{World, cut_off, drain, run, usd};

#[test]
fn an_online_sale_is_charged_and_leaves_nothing_stored() {
    run(async {
        let world = World::new();
        let till = world.till().await;
        let sold = world.sell(&till, 1099).await.unwrap();
        assert_eq!(sold.status(), PaymentIntentStatus::Succeeded);
        assert!(sold.id.is_some());
        assert_eq!(sold.offline_details(), None);
        assert_eq!(world.gateway.charges(), vec![(sold.offline_id.to_string(), 1099)]);
        assert_eq!(world.stored_count(&till).await, 0);
        let record = till.record(sold.offline_id).await.unwrap();
        assert_eq!(record.secret, None, "the card is destroyed with the final outcome");
        assert_eq!(till.deliver_events().await.unwrap(), 0, "the caller has heard it already");
        assert_eq!(world.store.whole_log().last().unwrap().kind, LogKind::Acknowledged);
    });
}

#[test]
fn an_offline_sale_is_stored_with_its_details_and_forwarded_once() {
    run(async {
        let world = World::new();
        let till = world.till_gone_offline().await;
        let mut parameters = CreateParameters::of(usd(500));
        parameters.metadata = BTreeMap::from([("order".to_owned(), "42".to_owned())]);
        let stored = world.sell_with(&till, parameters).await.unwrap();
        assert_eq!((stored.status(), stored.id.clone()), (PaymentIntentStatus::Succeeded, None));
        let details = stored.offline_details().unwrap();
        assert!(details.requires_upload);
        assert_eq!(details.receipt.as_ref().unwrap().application_preferred_name, "VISA CREDIT");
        let status = till.offline_status().await.unwrap();
        assert_eq!((status.sdk.stored.count, status.sdk.stored.amount(usd(0).currency)), (1, 500));

        world.go_online(&till).await;
        assert_eq!(drain(&till).await.accepted, 1);
        assert_eq!(drain(&till).await.accepted, 0);
        assert_eq!(world.gateway.charges().len(), 1);
        assert_eq!(world.stored_count(&till).await, 0);
        assert_eq!(till.deliver_events().await.unwrap(), 1);
        assert_eq!(till.deliver_events().await.unwrap(), 0, "an event is told once");
        let heard = world.heard.forwarded.borrow();
        let (forwarded, error) = &heard[0];
        assert_eq!(error, &None);
        assert!(forwarded.id.is_some() && !forwarded.offline_details().unwrap().requires_upload);
        assert_eq!(forwarded.metadata.get("order").map(String::as_str), Some("42"));
    });
}

#[test]
fn created_online_and_confirmed_offline_has_an_id_and_details() {
    run(async {
        let world = World::new();
        let till = world.till().await;
        let intent = till.create_payment_intent(CreateParameters::of(usd(700))).await.unwrap();
        assert!(intent.id.is_some());
        world.go_offline(&till).await;
        world.reader.present(Ok(card(5)));
        let intent =
            till.collect_payment_method(intent, CollectParameters::default(), &|_| {}).await.unwrap();
        let stored = till.confirm_payment_intent(intent, ConfirmParameters::default()).await.unwrap();
        assert!(stored.id.is_some() && stored.offline_details().is_some());
    });
}

#[test]
fn collected_online_and_confirmed_offline_is_to_be_collected_again() {
    run(async {
        let world = World::new();
        let till = world.till().await;
        let intent = till.create_payment_intent(CreateParameters::of(usd(700))).await.unwrap();
        world.reader.present(Ok(card(5)));
        let intent =
            till.collect_payment_method(intent, CollectParameters::default(), &|_| {}).await.unwrap();
        world.go_offline(&till).await;
        let error = till.confirm_payment_intent(intent, ConfirmParameters::default()).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::OfflineCollectAndConfirmMismatch);
        world.reader.present(Ok(card(6)));
        let again = till
            .collect_payment_method(*error.payment_intent.unwrap(), CollectParameters::default(), &|_| {})
            .await
            .unwrap();
        assert!(
            till.confirm_payment_intent(again, ConfirmParameters::default())
                .await
                .unwrap()
                .offline_details()
                .is_some()
        );
        world.go_online(&till).await;
        assert_eq!(drain(&till).await.accepted, 1);
        assert_eq!(world.charged_sum(), 700);
    });
}

#[test]
fn a_lost_answer_to_an_online_confirm_is_stored_and_charged_once() {
    run(async {
        for fate in
            [NextAnswer::Lost(GatewayError::TimedOut), NextAnswer::NotArrived(GatewayError::Unreachable)]
        {
            let world = World::new();
            let till = world.till().await;
            world.gateway.next(fate);
            let stored = world.sell(&till, 900).await.unwrap();
            assert!(stored.offline_details().unwrap().requires_upload);
            assert_eq!(world.stored_count(&till).await, 1);
            assert_eq!(drain(&till).await.accepted, 1);
            assert_eq!(world.gateway.charges(), vec![(stored.offline_id.to_string(), 900)]);
            assert_eq!(world.stored_count(&till).await, 0);
        }
    });
}

#[test]
fn require_online_without_an_answer_is_refused_and_later_resolved() {
    run(async {
        for (fate, charges, state) in [
            (NextAnswer::Lost(GatewayError::TimedOut), 1, "accepted"),
            (NextAnswer::NotArrived(GatewayError::Unreachable), 0, "canceled"),
        ] {
            let world = World::new();
            let till = world.till().await;
            world.gateway.next(fate);
            let parameters = CreateParameters {
                offline_behavior: OfflineBehavior::RequireOnline,
                ..CreateParameters::of(usd(800))
            };
            let error = world.sell_with(&till, parameters).await.unwrap_err();
            assert_eq!(error.code, ErrorCode::OutcomeUnknown);
            let id = error.payment_intent.unwrap().offline_id;
            assert_eq!(world.stored_count(&till).await, 0, "it does not count as stored");
            drain(&till).await;
            assert_eq!(world.gateway.charges().len(), charges);
            assert_eq!(till.record(id).await.unwrap().state.name(), state);
            assert_eq!(till.deliver_events().await.unwrap(), 1, "the outcome is told");
        }
    });
}

#[test]
fn a_page_that_ends_in_the_middle_of_an_online_confirm_learns_its_outcome_after_the_restart() {
    run(async {
        let world = World::new();
        let till = world.till().await;
        world.reader.present(Ok(card(9)));
        let intent = till.create_payment_intent(CreateParameters::of(usd(300))).await.unwrap();
        let intent =
            till.collect_payment_method(intent, CollectParameters::default(), &|_| {}).await.unwrap();
        let id = intent.offline_id;
        world.gateway.next(NextAnswer::Hangs);
        cut_off(till.confirm_payment_intent(intent, ConfirmParameters::default()));
        drop(till);
        assert_eq!(world.gateway.charges().len(), 1);

        let reopened = world.till().await;
        drain(&reopened).await;
        assert_eq!(
            reopened.record(id).await.unwrap().state.name(),
            "confirming",
            "the page may be alive still"
        );
        world.clock.advance_ms(CONFIRMING_LEASE_MS);
        assert_eq!(drain(&reopened).await.accepted, 1);
        assert_eq!(world.gateway.charges().len(), 1);
        assert!(matches!(reopened.record(id).await.unwrap().state, PaymentState::Accepted(_)));
        assert_eq!(reopened.deliver_events().await.unwrap(), 1);
    });
}

#[test]
fn declined_online_is_told_at_once_and_is_final() {
    run(async {
        let world = World::new();
        let till = world.till().await;
        let error = world.sell(&till, 1005).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::CardDeclined);
        assert_eq!(error.decline_code.as_deref(), Some("generic_decline"));
        let intent = error.payment_intent.unwrap();
        assert_eq!(intent.status(), PaymentIntentStatus::RequiresPaymentMethod);
        assert_eq!(till.record(intent.offline_id).await.unwrap().state.name(), "declined");
        assert_eq!(drain(&till).await.accepted, 0);
    });
}

#[test]
fn force_offline_never_touches_the_gateway_and_needs_the_feature() {
    run(async {
        let world = World::new();
        let till = world.till().await;
        let stored = world.sell_forced(&till, 200).await.unwrap();
        assert!(stored.offline_details().is_some());
        assert!(world.gateway.charges().is_empty() && world.gateway.batches().is_empty());

        let fresh = World::new();
        fresh.gateway.set_offline_enabled(false);
        let disabled = fresh.till().await;
        let error = fresh.sell_forced(&disabled, 200).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::ForceOfflineWithFeatureDisabled);
    });
}

#[test]
fn what_is_refused_offline_is_refused_before_or_at_the_card() {
    run(async {
        let world = World::new();
        let till = world.till_gone_offline().await;
        assert_eq!(
            world.sell(&till, 50_001).await.unwrap_err().code,
            ErrorCode::AmountExceedsMaxOfflineAmount
        );
        assert!(world.reader.requests().is_empty(), "the customer was not asked for the card");
        let euros = tillandsia_core::money::Money::new(100, "eur".parse().unwrap());
        let error = world.sell_with(&till, CreateParameters::of(euros)).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::InvalidOfflineCurrency);
        world.reader.present(Err(ReaderError::CardDeclined));

        let world = World::new();
        let till = world.till_gone_offline().await;
        let mut swiped = card(1);
        swiped.read_method = ReadMethod::MagneticStripeTrack2;
        let mut expired = card(2);
        (expired.shown.exp_year, expired.shown.exp_month) = (2026, 10);
        let mut bare = card(3);
        bare.emv.retain(|tag| tag.tag != 0x9F26);
        for (card, code) in [
            (Ok(swiped), ErrorCode::CardSwipeNotAvailable),
            (Ok(expired), ErrorCode::OfflineAndCardExpired),
            (Ok(bare), ErrorCode::MissingEmvData),
            (Err(ReaderError::CardDeclined), ErrorCode::OfflineTransactionDeclined),
            (Err(ReaderError::Canceled), ErrorCode::Canceled),
        ] {
            world.reader.present(card);
            let intent = till.create_payment_intent(CreateParameters::of(usd(100))).await.unwrap();
            let error =
                till.collect_payment_method(intent, CollectParameters::default(), &|_| {}).await.unwrap_err();
            assert_eq!(error.code, code);
        }
        assert!(world.reader.requests().iter().all(|request| !request.interfaces.swipe));
        assert_eq!(world.store.head().await.unwrap().seq, 0, "nothing was written");
    });
}

#[test]
fn the_limits_count_what_is_stored_plus_the_amount_at_hand() {
    run(async {
        let world = World::new();
        let till = world.till_gone_offline().await;
        for _ in 0..4 {
            world.sell(&till, 49_000).await.unwrap();
        }
        let error = world.sell(&till, 4_001).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::OfflinePaymentsStoreFull);
        world.sell(&till, 4_000).await.unwrap();
        assert_eq!(till.offline_status().await.unwrap().sdk.stored.amount(usd(0).currency), 200_000);
    });
}

#[test]
fn two_tabs_cannot_both_use_the_last_free_place() {
    run(async {
        let world = World::new();
        let first = world.till_gone_offline().await;
        let second = world.till().await;
        world.go_offline(&second).await;
        for _ in 1..STORED_COUNT_MAX {
            world.sell(&first, 100).await.unwrap();
        }
        let mut intents = Vec::new();
        for till in [&first, &second] {
            world.reader.present(Ok(card(world.entropy.next() as u32)));
            let intent = till.create_payment_intent(CreateParameters::of(usd(100))).await.unwrap();
            intents.push(
                till.collect_payment_method(intent, CollectParameters::default(), &|_| {}).await.unwrap(),
            );
        }
        let last = intents.pop().unwrap();
        first.confirm_payment_intent(intents.pop().unwrap(), ConfirmParameters::default()).await.unwrap();
        let error = second.confirm_payment_intent(last, ConfirmParameters::default()).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::OfflinePaymentsStoreFull);
        assert_eq!(world.stored_count(&second).await, STORED_COUNT_MAX);
    });
}

#[test]
fn a_full_disk_refuses_the_sale_before_the_card_and_loses_nothing() {
    run(async {
        let world = World::new();
        let till = world.till_gone_offline().await;
        world.sell(&till, 100).await.unwrap();
        world.store.limit_rows(Some(1));
        let asked = world.reader.requests().len();
        assert_eq!(world.sell(&till, 100).await.unwrap_err().code, ErrorCode::OfflinePaymentsStoreFull);
        assert_eq!(world.reader.requests().len(), asked);
        world.store.limit_rows(None);
        world.go_online(&till).await;
        assert_eq!(drain(&till).await.accepted, 1);
    });
}

#[test]
fn manual_capture_is_captured_after_forwarding_only() {
    run(async {
        let world = World::new();
        let till = world.till_gone_offline().await;
        let parameters =
            CreateParameters { capture_method: CaptureMethod::Manual, ..CreateParameters::of(usd(1500)) };
        let stored = world.sell_with(&till, parameters).await.unwrap();
        assert_eq!(stored.status(), PaymentIntentStatus::RequiresCapture);
        let error = till.capture_payment_intent(stored.offline_id, None).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::UnexpectedStatus);
        world.go_online(&till).await;
        drain(&till).await;
        let captured = till.capture_payment_intent(stored.offline_id, None).await.unwrap();
        assert_eq!(captured.status(), PaymentIntentStatus::Succeeded);
        assert_eq!(world.gateway.captured().len(), 1);
        assert_eq!(world.store.whole_log().last().unwrap().kind, LogKind::Captured);
        assert!(till.capture_payment_intent(stored.offline_id, None).await.is_err(), "once");
    });
}

#[test]
fn an_inserted_chip_is_released_at_once() {
    run(async {
        let world = World::new();
        let till = world.till_gone_offline().await;
        let mut inserted = card(4);
        (inserted.read_method, inserted.awaits_host) = (ReadMethod::ContactEmv, true);
        world.reader.present(Ok(inserted));
        let intent = till.create_payment_intent(CreateParameters::of(usd(100))).await.unwrap();
        till.collect_payment_method(intent, CollectParameters::default(), &|_| {}).await.unwrap();
        assert_eq!(world.reader.completed(), vec![HostDecision::NoHost]);
    });
}

#[test]
fn unusable_parameters_are_refused_by_name() {
    run(async {
        let world = World::new();
        let till = world.till().await;
        let error = world.sell(&till, 0).await.unwrap_err();
        assert!(error.code == ErrorCode::InvalidRequest && error.message.starts_with("amount"), "{error}");
        let mut parameters = CreateParameters::of(usd(100));
        parameters.metadata = BTreeMap::from([("k".repeat(41), String::new())]);
        let error = world.sell_with(&till, parameters).await.unwrap_err();
        assert!(error.code == ErrorCode::InvalidRequest && error.message.starts_with("metadata"), "{error}");
    });
}

#[test]
fn a_refusal_on_an_old_state_is_decided_again_on_the_state_of_now() {
    run(async {
        let world = World::new();
        let first = world.till_gone_offline().await;
        for _ in 0..STORED_COUNT_MAX {
            world.sell(&first, 100).await.unwrap();
        }
        let other = world.till().await;
        world.go_online(&other).await;
        assert_eq!(drain(&other).await.accepted as u64, STORED_COUNT_MAX);
        world.sell(&first, 100).await.unwrap();
    });
}

#[test]
fn a_payment_is_confirmed_once() {
    run(async {
        let world = World::new();
        let till = world.till_gone_offline().await;
        let intent = till.create_payment_intent(CreateParameters::of(usd(100))).await.unwrap();
        world.reader.present(Ok(card(1)));
        world.reader.present(Ok(card(2)));
        let first =
            till.collect_payment_method(intent.clone(), CollectParameters::default(), &|_| {}).await.unwrap();
        let second =
            till.collect_payment_method(intent, CollectParameters::default(), &|_| {}).await.unwrap();
        till.confirm_payment_intent(first, ConfirmParameters::default()).await.unwrap();
        let error =
            till.confirm_payment_intent(second.clone(), ConfirmParameters::default()).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::UnexpectedStatus);
        world.go_online(&till).await;
        assert_eq!(
            till.confirm_payment_intent(second, ConfirmParameters::default()).await.unwrap_err().code,
            ErrorCode::UnexpectedStatus
        );
        assert_eq!(world.stored_count(&till).await, 1);
        assert_eq!(drain(&till).await.accepted, 1);
        assert_eq!(world.charged_sum(), 100);
    });
}

#[test]
fn other_content_under_a_known_id_is_asked_about_and_never_taken_for_canceled() {
    run(async {
        let world = World::new();
        let till = world.till().await;
        world.gateway.next(NextAnswer::Status(422));
        let error = world.sell(&till, 100).await.unwrap_err();
        let id = error.payment_intent.unwrap().offline_id;
        assert_eq!(till.record(id).await.unwrap().state.name(), "confirming");
    });
}

#[test]
fn a_confirmation_that_outlived_its_lease_is_not_stored() {
    run(async {
        let world = World::new();
        let till = world.till().await;
        let sold = world.sell(&till, 100).await.unwrap();
        let mut record = till.record(sold.offline_id).await.unwrap();
        let now = record.created_at.plus_ms(CONFIRMING_LEASE_MS);
        record.state = PaymentState::Confirming { lease_until: now };
        assert!(record.clone().store(now, 1).is_err(), "the gateway may have canceled it");
        assert!(record.store(record.created_at, 1).is_ok());
    });
}

#[test]
fn a_setting_that_cannot_be_read_is_as_if_never_written() {
    run(async {
        let world = World::new();
        let till = world.till().await;
        world.sell(&till, 100).await.unwrap();
        world.store.tamper_setting(SESSION_SETTING, |sealed| sealed.ciphertext[0] ^= 1);
        let till = world.till().await;
        assert_eq!(till.journal().setting("no such").await.unwrap(), None);
        world.sell(&till, 200).await.unwrap();
        assert!(till.journal().setting(SESSION_SETTING).await.unwrap().is_some(), "it is written anew");
    });
}

#[test]
fn a_connection_lost_before_the_sale_asks_for_the_card_once() {
    run(async {
        let world = World::new();
        let till = world.till().await;
        world.sell(&till, 100).await.unwrap();
        world.gateway.set_down(true);
        let stored = world.sell(&till, 200).await.unwrap();
        assert!(stored.offline_details().is_some(), "no second tap");
    });
}
