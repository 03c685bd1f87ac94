//! Taking a stored payment back before it is forwarded.

use tillandsia_core::error::ErrorCode;
use tillandsia_core::forwarder::Mode;
use tillandsia_core::journal::LogKind;
use tillandsia_core::payment_intent::PaymentIntentStatus;
use tillandsia_core::ports::GatewayError;
use tillandsia_core::testing::NextAnswer;

use crate::world::{World, cut_off, drain, run};

#[test]
fn one_that_was_never_sent_is_canceled_at_once_and_never_sent() {
    run(async {
        let world = World::new();
        let till = world.till_gone_offline().await;
        let kept = world.sell(&till, 100).await.unwrap();
        let id = world.sell(&till, 200).await.unwrap().offline_id;
        let voided = till.void_payment_intent(id).await.unwrap();
        assert_eq!(voided.status(), PaymentIntentStatus::Canceled);
        assert_eq!(world.stored_count(&till).await, 1);
        let record = till.record(id).await.unwrap();
        assert_eq!((record.secret, record.state.name()), (None, "canceled"));
        assert_eq!(world.store.whole_log().last().unwrap().kind, LogKind::Voided);
        world.go_online(&till).await;
        drain(&till).await;
        assert_eq!(world.gateway.charges(), [(kept.offline_id.to_string(), 100)]);
        assert_eq!(till.deliver_events().await.unwrap(), 1, "of the one kept only");
        let again = till.void_payment_intent(id).await.unwrap_err();
        assert_eq!(again.code, ErrorCode::UnexpectedStatus);
    });
}

#[test]
fn of_one_that_was_sent_the_gateway_says_what_became() {
    run(async {
        for (fate, charges, state) in [
            (NextAnswer::Lost(GatewayError::TimedOut), 1, "accepted"),
            (NextAnswer::NotArrived(GatewayError::TimedOut), 0, "canceled"),
        ] {
            let world = World::new();
            let till = world.till_gone_offline().await;
            let id = world.sell(&till, 200).await.unwrap().offline_id;
            world.go_online(&till).await;
            world.gateway.next(fate);
            drain(&till).await;
            let voided = till.void_payment_intent(id).await.unwrap();
            assert_eq!(voided.status(), PaymentIntentStatus::Processing, "it may be charged");
            assert_eq!(world.stored_count(&till).await, 0);
            drain(&till).await;
            assert_eq!(till.record(id).await.unwrap().state.name(), state);
            assert_eq!(world.gateway.charges().len(), charges);
            assert_eq!(till.deliver_events().await.unwrap(), 1, "what became of it is told");
        }
    });
}

#[test]
fn one_that_is_being_sent_is_not_taken_back() {
    run(async {
        let world = World::new();
        let till = world.till_gone_offline().await;
        let id = world.sell(&till, 200).await.unwrap().offline_id;
        world.go_online(&till).await;
        world.gateway.next(NextAnswer::Hangs);
        cut_off(till.forward(Mode::All, true));
        assert_eq!(till.void_payment_intent(id).await.unwrap_err().code, ErrorCode::UnexpectedStatus);
        assert_eq!(till.record(id).await.unwrap().state.name(), "forwarding");
    });
}

#[test]
fn one_that_is_set_aside_is_asked_about() {
    run(async {
        let world = World::new();
        let till = world.till_gone_offline().await;
        let id = world.sell(&till, 200).await.unwrap().offline_id;
        world.go_online(&till).await;
        world.gateway.next(NextAnswer::Status(400));
        assert_eq!(drain(&till).await.wedged, 1);
        till.void_payment_intent(id).await.unwrap();
        assert_eq!(till.attention(10).await.unwrap(), []);
        assert_eq!(drain(&till).await.canceled, 1);
        assert!(world.gateway.charges().is_empty());
    });
}

#[test]
fn one_whose_online_answer_was_lost_may_be_charged() {
    run(async {
        for (fate, charges, state) in [
            (NextAnswer::Lost(GatewayError::TimedOut), 1, "accepted"),
            (NextAnswer::NotArrived(GatewayError::TimedOut), 0, "canceled"),
        ] {
            let world = World::new();
            let till = world.till().await;
            world.gateway.next(fate);
            let stored = world.sell(&till, 200).await.unwrap();
            assert!(stored.offline_details().is_some_and(|details| details.requires_upload));
            let voided = till.void_payment_intent(stored.offline_id).await.unwrap();
            assert_eq!(voided.status(), PaymentIntentStatus::Processing, "it was sent when it was confirmed");
            drain(&till).await;
            assert_eq!(till.record(stored.offline_id).await.unwrap().state.name(), state);
            assert_eq!(world.gateway.charges().len(), charges);
        }
    });
}

#[test]
fn one_that_another_accounts_gateway_refuses_to_speak_of_is_set_aside_again() {
    run(async {
        let world = World::new();
        let till = world.till_gone_offline().await;
        let id = world.sell(&till, 200).await.unwrap().offline_id;
        world.go_online(&till).await;
        world.gateway.next(NextAnswer::Status(403));
        assert_eq!(drain(&till).await.wedged, 1);
        till.void_payment_intent(id).await.unwrap();
        world.gateway.next(NextAnswer::Status(403));
        assert_eq!(
            drain(&till).await.wedged,
            1,
            "the gateway said nothing of it: a person has to look again"
        );
        let waiting = till.attention(10).await.unwrap();
        assert_eq!((waiting.len(), waiting[0].offline_id), (1, id));
        assert_eq!(world.stored_count(&till).await, 1);
        till.void_payment_intent(id).await.unwrap();
        assert_eq!(drain(&till).await.canceled, 1, "asked at the right gateway it is canceled");
    });
}

#[test]
fn one_that_could_not_be_sent_for_want_of_a_token_was_never_sent() {
    run(async {
        let world = World::new();
        let till = world.till_gone_offline().await;
        let id = world.sell(&till, 200).await.unwrap().offline_id;
        world.go_online(&till).await;
        world.gateway.next(NextAnswer::NotArrived(GatewayError::TokenProvider("out of order".into())));
        drain(&till).await;
        let record = till.record(id).await.unwrap();
        assert_eq!((record.attempts, record.failures.len(), record.state.name()), (0, 0, "stored"));
        assert_eq!(
            world.heard.errors.borrow()[0].code,
            ErrorCode::ConnectionTokenProviderErrorWhileForwarding
        );
        let voided = till.void_payment_intent(id).await.unwrap();
        assert_eq!(voided.status(), PaymentIntentStatus::Canceled);
    });
}

#[test]
fn one_whose_id_the_gateway_knows_with_other_content_was_never_charged() {
    run(async {
        let world = World::new();
        let till = world.till_gone_offline().await;
        let (told, asked) = (world.sell(&till, 200).await.unwrap(), world.sell(&till, 300).await.unwrap());
        let (told, asked) = (told.offline_id, asked.offline_id);
        world.go_online(&till).await;
        world.gateway.next(NextAnswer::NotArrived(GatewayError::Unreachable));
        assert_eq!(drain(&till).await.retryable, 2, "from here on nobody here knows");
        world.gateway.charge_other_content(told, 700);
        world.gateway.charge_other_content(asked, 700);
        till.void_payment_intent(asked).await.unwrap();
        let drained = drain(&till).await;
        assert_eq!(
            (drained.wedged, drained.canceled, drained.accepted),
            (1, 1, 0),
            "not the other one's charge"
        );

        world.go_offline(&till).await;
        let voided = till.void_payment_intent(told).await.unwrap();
        assert_eq!(voided.status(), PaymentIntentStatus::Canceled, "at once, and without the gateway");
        for id in [told, asked] {
            let record = till.record(id).await.unwrap();
            assert_eq!((record.state.name(), record.payment_intent), ("canceled", None));
            assert!(record.secret.is_none());
        }
        assert_eq!(world.stored_count(&till).await, 0);
        assert_eq!(world.gateway.charges(), [(told.to_string(), 700), (asked.to_string(), 700)]);
    });
}

#[test]
fn one_that_a_pass_found_no_gateway_for_was_never_sent() {
    run(async {
        let world = World::new();
        let till = world.till_gone_offline().await;
        let id = world.sell(&till, 200).await.unwrap().offline_id;
        // The page is loaded again and tries at once: what it knows of the network is nothing.
        let till = world.till().await;
        let drained = drain(&till).await;
        assert_eq!((drained.retryable, drained.stopped), (0, Some(GatewayError::Unreachable)));
        assert!(drained.next_pass_ms.is_some());
        let record = till.record(id).await.unwrap();
        assert_eq!((record.attempts, record.state.name()), (0, "stored"));
        assert_eq!(world.store.whole_log().len(), 1, "and nothing was written");
        let voided = till.void_payment_intent(id).await.unwrap();
        assert_eq!(voided.status(), PaymentIntentStatus::Canceled);
    });
}
