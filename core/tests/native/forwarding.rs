//! The forwarder against a gateway that fails in every way it may.

use tillandsia_core::error::ErrorCode;
use tillandsia_core::forwarder::{
    BACKOFF_MS_MAX, LEASE_MS, LEFT_TO_OTHERS_MS, Mode, Watch, is_overdue, watch,
};
use tillandsia_core::journal::{LogKind, PaymentState};
use tillandsia_core::payment_intent::OfflineBehavior;
use tillandsia_core::ports::{Clock as _, GatewayError};
use tillandsia_core::terminal::CreateParameters;
use tillandsia_core::testing::NextAnswer;
use tillandsia_core::wire::FORWARD_BATCH_MAX;

use crate::world::{World, cut_off, drain, run, usd};

#[test]
fn the_attempt_is_on_record_before_it_is_made() {
    run(async {
        let world = World::new();
        let till = world.till_gone_offline().await;
        let sold = world.sell(&till, 100).await.unwrap();
        world.go_online(&till).await;
        world.gateway.next(NextAnswer::Lost(GatewayError::TimedOut));
        let drained = drain(&till).await;
        assert_eq!((drained.retryable, drained.stopped), (1, Some(GatewayError::TimedOut)));
        let kinds: Vec<LogKind> = world.store.whole_log().iter().map(|entry| entry.kind).collect();
        assert_eq!(kinds, vec![LogKind::Stored, LogKind::Claimed, LogKind::Released]);
        let record = till.record(sold.offline_id).await.unwrap();
        assert_eq!((record.attempts, record.failures.len()), (1, 1));
        assert!(record.secret.is_some(), "the card stays until the outcome is durable");
        assert_eq!(world.gateway.charges().len(), 1);
        assert_eq!(drain(&till).await.accepted, 1);
        assert_eq!(world.gateway.charges().len(), 1, "the same offline id is not charged again");
    });
}

#[test]
fn a_wedged_payment_steps_aside_and_can_be_sent_again() {
    run(async {
        let world = World::new();
        let till = world.till_gone_offline().await;
        let wedged = world.sell(&till, 100).await.unwrap();
        world.go_online(&till).await;
        world.gateway.next(NextAnswer::Status(422));
        assert_eq!(drain(&till).await.wedged, 1);
        let other = world.sell_forced(&till, 200).await.unwrap();
        assert_eq!(drain(&till).await.accepted, 1, "the other one is not held up");
        assert_eq!(till.record(other.offline_id).await.unwrap().state.name(), "accepted");
        assert_eq!(world.stored_count(&till).await, 1, "a wedged payment still counts as stored");
        till.deliver_events().await.unwrap();
        let (_, error) = world.heard.forwarded.borrow()[0].clone();
        assert!(error.is_some(), "and the app hears why");
        till.retry(wedged.offline_id).await.unwrap();
        assert_eq!(drain(&till).await.accepted, 1);
        assert_eq!(world.charged_sum(), 300);
    });
}

#[test]
fn a_batch_refused_as_a_whole_is_sent_payment_by_payment() {
    run(async {
        let world = World::new();
        let till = world.till_gone_offline().await;
        for cents in [100, 200, 300] {
            world.sell(&till, cents).await.unwrap();
        }
        world.go_online(&till).await;
        let too_large = || GatewayError::Refused {
            status: 413,
            code: "too_large".into(),
            message: "too large".into(),
            retry_after_ms: None,
        };
        world.gateway.next(NextAnswer::NotArrived(too_large()));
        world.gateway.next(NextAnswer::NotArrived(too_large()));
        let drained = drain(&till).await;
        assert_eq!((drained.accepted, drained.wedged, drained.stopped), (2, 1, None));
        assert_eq!(world.charged_sum(), 500);
    });
}

#[test]
fn a_decline_is_final_and_told() {
    run(async {
        let world = World::new();
        let till = world.till_gone_offline().await;
        let sold = world.sell(&till, 1005).await.unwrap();
        world.go_online(&till).await;
        assert_eq!(drain(&till).await.declined, 1);
        let record = till.record(sold.offline_id).await.unwrap();
        assert!(matches!(record.state, PaymentState::Declined { .. }) && record.secret.is_none());
        till.deliver_events().await.unwrap();
        let (intent, error) = world.heard.forwarded.borrow()[0].clone();
        assert!(intent.id.is_some());
        assert_eq!(error.unwrap().decline_code.as_deref(), Some("generic_decline"));
        assert_eq!(drain(&till).await.declined, 0);
    });
}

#[test]
fn a_lease_is_respected_until_it_ends_or_the_lock_shows_its_holder_gone() {
    run(async {
        for takes_lock in [true, false] {
            let world = World::new();
            let first = world.till_gone_offline().await;
            world.sell(&first, 100).await.unwrap();
            world.go_online(&first).await;
            world.gateway.next(NextAnswer::Hangs);
            cut_off(first.forward(Mode::All, true));
            let second = world.till().await;
            assert_eq!(second.forward(Mode::All, false).await.unwrap().accepted, 0, "the lease holds");
            if !takes_lock {
                world.clock.advance_ms(LEASE_MS);
            }
            assert_eq!(second.forward(Mode::All, takes_lock).await.unwrap().accepted, 1);
            assert_eq!(world.gateway.charges().len(), 1);
        }
    });
}

#[test]
fn a_timers_pass_waits_for_the_next_attempt_and_a_persons_does_not() {
    run(async {
        let world = World::new();
        let till = world.till_gone_offline().await;
        world.sell(&till, 100).await.unwrap();
        world.go_online(&till).await;
        world.gateway.next(NextAnswer::Status(500));
        assert_eq!(drain(&till).await.retryable, 1);
        let drained = till.forward(Mode::Due, true).await.unwrap();
        assert_eq!(drained.accepted, 0);
        let wait_ms = drained.next_pass_ms.unwrap();
        assert!(wait_ms <= BACKOFF_MS_MAX);
        world.clock.advance_ms(wait_ms);
        assert_eq!(till.forward(Mode::Due, true).await.unwrap().accepted, 1);
    });
}

#[test]
fn an_outcome_known_to_another_forwarder_is_not_overwritten() {
    run(async {
        let world = World::new();
        let till = world.till_gone_offline().await;
        let sold = world.sell(&till, 100).await.unwrap();
        world.go_online(&till).await;
        world.gateway.next(NextAnswer::Hangs);
        let second = world.till().await;
        {
            let slow = till.forward(Mode::All, true);
            futures::pin_mut!(slow);
            let mut context = std::task::Context::from_waker(futures::task::noop_waker_ref());
            assert!(std::future::Future::poll(slow.as_mut(), &mut context).is_pending());
            assert_eq!(second.forward(Mode::All, true).await.unwrap().accepted, 1);
        }
        let record = till.record(sold.offline_id).await.unwrap();
        assert_eq!((record.state.name(), world.gateway.charges().len()), ("accepted", 1));
        assert_eq!(drain(&till).await.accepted, 0);
    });
}

#[test]
fn a_payment_left_out_of_the_answer_is_sent_again() {
    run(async {
        let world = World::new();
        let till = world.till_gone_offline().await;
        world.sell(&till, 100).await.unwrap();
        world.go_online(&till).await;
        world.gateway.next(NextAnswer::Status(503));
        assert_eq!(drain(&till).await.retryable, 1);
        assert_eq!(drain(&till).await.accepted, 1);
    });
}

#[test]
fn a_token_failure_is_an_error_of_forwarding_not_of_a_payment() {
    run(async {
        let world = World::new();
        let till = world.till_gone_offline().await;
        world.sell(&till, 100).await.unwrap();
        world.go_online(&till).await;
        world.gateway.next(NextAnswer::NotArrived(GatewayError::TokenProvider("no backend".into())));
        let drained = drain(&till).await;
        assert!(drained.next_pass_ms.is_some());
        let errors = world.heard.errors.borrow();
        assert_eq!(errors[0].code, ErrorCode::ConnectionTokenProviderErrorWhileForwarding);
        assert_eq!(world.heard.forwarded.borrow().len(), 0);
    });
}

#[test]
fn batches_are_bounded_and_oldest_first() {
    run(async {
        let world = World::new();
        let till = world.till_gone_offline().await;
        let mut order = Vec::new();
        for cents in 100..150 {
            world.clock.advance_ms(1);
            order.push(
                world
                    .sell(&till, if cents == 105 { 155 } else { cents })
                    .await
                    .unwrap()
                    .offline_id
                    .to_string(),
            );
        }
        world.go_online(&till).await;
        assert_eq!(drain(&till).await.accepted, 50);
        assert_eq!(world.gateway.batches(), vec![50]);
        let charged: Vec<String> = world.gateway.charges().into_iter().map(|(id, _)| id).collect();
        assert_eq!(charged, order);
        assert_eq!(till.journal().verify().await.unwrap(), 150);
    });
}

#[test]
fn a_session_that_is_refused_wedges_no_payment() {
    run(async {
        let world = World::new();
        let till = world.till_gone_offline().await;
        world.sell(&till, 100).await.unwrap();
        world.go_online(&till).await;
        for status in [401, 403, 404] {
            world.gateway.next(NextAnswer::NotArrived(GatewayError::Refused {
                status,
                code: "location_missing".into(),
                message: "no".into(),
                retry_after_ms: None,
            }));
            let drained = drain(&till).await;
            assert_eq!((drained.wedged, drained.retryable), (0, 1), "{status}");
        }
        assert_eq!(drain(&till).await.accepted, 1);
    });
}

#[test]
fn a_row_that_cannot_be_read_asks_for_no_further_pass() {
    run(async {
        let world = World::new();
        let till = world.till_gone_offline().await;
        let bad = world.sell(&till, 100).await.unwrap();
        world.store.tamper(bad.offline_id, |row| row.sealed.ciphertext[0] ^= 1);
        world.go_online(&till).await;
        assert_eq!(drain(&till).await.next_pass_ms, None);
    });
}

#[test]
fn overdue_is_what_waits_for_a_holder_that_does_not_move() {
    run(async {
        let world = World::new();
        let till = world.till_gone_offline().await;
        let overdue = async || is_overdue(till.journal(), world.clock.now()).await.unwrap();
        assert!(!overdue().await, "nothing is stored");
        world.sell(&till, 100).await.unwrap();
        assert!(!overdue().await, "it has only just become due");
        world.clock.advance_ms(LEASE_MS);
        assert!(overdue().await, "nobody tried it for a whole lease");
        world.gateway.set_down(false);
        world.gateway.next(NextAnswer::Hangs);
        cut_off(till.forward(Mode::All, true));
        assert!(!overdue().await, "it is leased");
        world.clock.advance_ms(LEASE_MS);
        assert!(overdue().await, "the lease has run out");
    });
}

#[test]
fn what_another_tab_stored_is_left_to_it_for_a_while_and_forwarded_here_then() {
    run(async {
        let world = World::new();
        let (till, other) = (world.till_gone_offline().await, world.till().await);
        let look = async || watch(other.journal(), world.clock.now()).await.unwrap();
        assert_eq!(look().await, Watch::Nothing);
        world.sell(&till, 100).await.unwrap();
        let left_until = world.clock.now().plus_ms(LEFT_TO_OTHERS_MS);
        assert_eq!(look().await, Watch::LookAgain(left_until));
        world.clock.advance_ms(LEFT_TO_OTHERS_MS);
        assert_eq!(look().await, Watch::Forward);

        world.gateway.set_down(false);
        world.gateway.next(NextAnswer::Hangs);
        cut_off(till.forward(Mode::All, true));
        let lease_until = world.clock.now().plus_ms(LEASE_MS);
        assert_eq!(look().await, Watch::LookAgain(lease_until.plus_ms(LEFT_TO_OTHERS_MS)), "it is under way");
        world.clock.advance_ms(LEASE_MS + LEFT_TO_OTHERS_MS);
        assert_eq!(look().await, Watch::Forward);
        assert_eq!(other.forward(Mode::Due, true).await.unwrap().accepted, 1);
        assert_eq!(look().await, Watch::Nothing);
    });
}

#[test]
fn rows_that_cannot_be_read_are_looked_after_by_nobody() {
    run(async {
        let world = World::new();
        let till = world.till_gone_offline().await;
        let bad = world.sell(&till, 100).await.unwrap();
        world.store.tamper(bad.offline_id, |row| row.sealed.ciphertext[0] ^= 1);
        world.clock.advance_ms(LEASE_MS);
        assert_eq!(watch(till.journal(), world.clock.now()).await.unwrap(), Watch::Nothing);
    });
}

#[test]
fn rows_that_cannot_be_read_are_not_overdue_and_hide_nothing() {
    run(async {
        let world = World::new();
        let till = world.till_gone_offline().await;
        let overdue = async || is_overdue(till.journal(), world.clock.now()).await.unwrap();
        for _ in 0..FORWARD_BATCH_MAX + 1 {
            let bad = world.sell(&till, 100).await.unwrap();
            world.store.tamper(bad.offline_id, |row| row.sealed.ciphertext[0] ^= 1);
        }
        world.clock.advance_ms(LEASE_MS);
        assert!(!overdue().await);
        world.sell(&till, 100).await.unwrap();
        assert!(!overdue().await);
        world.clock.advance_ms(LEASE_MS);
        assert!(overdue().await, "behind more unreadable rows than are looked at in one go");
    });
}

#[test]
fn events_behind_rows_that_cannot_be_read_are_told() {
    run(async {
        let world = World::new();
        let till = world.till_gone_offline().await;
        let mut sold = Vec::new();
        for _ in 0..61 {
            sold.push(world.sell(&till, 100).await.unwrap().offline_id);
            world.clock.advance_ms(1);
        }
        world.go_online(&till).await;
        assert_eq!(drain(&till).await.accepted, 61);
        for id in &sold[..60] {
            world.store.tamper(*id, |row| row.sealed.ciphertext[0] ^= 1);
        }
        assert!(till.has_undelivered().await.unwrap());
        assert_eq!(till.deliver_events().await.unwrap(), 1);
        assert!(!till.has_undelivered().await.unwrap(), "the others can never be told");
    });
}

#[test]
fn a_payment_says_whose_it_is() {
    run(async {
        let world = World::new();
        let till = world.till_gone_offline().await;
        world.sell(&till, 100).await.unwrap();
        world.go_online(&till).await;
        drain(&till).await;
        assert_eq!(world.gateway.accounts(), vec![(Some("acct_test".to_owned()), Some(false))]);
    });
}

#[test]
fn a_confirmation_that_the_gateway_will_not_speak_of_is_asked_again_ever_more_rarely() {
    run(async {
        for status in [403, 500] {
            let world = World::new();
            let till = world.till().await;
            world.gateway.next(NextAnswer::Lost(GatewayError::TimedOut));
            let parameters = CreateParameters {
                offline_behavior: OfflineBehavior::RequireOnline,
                ..CreateParameters::of(usd(800))
            };
            let error = world.sell_with(&till, parameters).await.unwrap_err();
            let id = error.payment_intent.unwrap().offline_id;
            let mut waited_ms = 0;
            for asked in 1..=12 {
                world.gateway.next(NextAnswer::Status(status));
                let drained = till.forward(Mode::Due, true).await.unwrap();
                let record = till.record(id).await.unwrap();
                assert_eq!((record.state.name(), record.attempts), ("confirming", asked));
                assert_eq!(record.failures.last().unwrap().message, format!("status {status}"));
                let wait_ms = drained.next_pass_ms.unwrap();
                assert_eq!(till.forward(Mode::Due, true).await.unwrap().retryable, 0, "not before its time");
                world.clock.advance_ms(wait_ms);
                waited_ms += wait_ms;
            }
            assert!(waited_ms > 10 * 60 * 1000, "{waited_ms}");
            assert_eq!(till.forward(Mode::Due, true).await.unwrap().accepted, 1, "it is known in the end");
            assert_eq!(world.gateway.accounts().last().unwrap().0.as_deref(), Some("acct_test"));
        }
    });
}

#[test]
fn a_session_that_ends_while_payments_are_sent_one_by_one_wedges_none() {
    run(async {
        let world = World::new();
        let till = world.till_gone_offline().await;
        for _ in 0..3 {
            world.sell(&till, 100).await.unwrap();
        }
        world.go_online(&till).await;
        let refused = |status| {
            NextAnswer::NotArrived(GatewayError::Refused {
                status,
                code: "refused".to_owned(),
                message: "no".to_owned(),
                retry_after_ms: None,
            })
        };
        world.gateway.next(refused(413));
        world.gateway.next(refused(401));
        let drained = drain(&till).await;
        assert_eq!((drained.wedged, drained.accepted), (0, 0));
        assert_eq!(drain(&till).await.accepted, 3);
    });
}

#[test]
fn what_waits_for_a_person_is_listed_until_it_is_dealt_with() {
    run(async {
        let world = World::new();
        let till = world.till_gone_offline().await;
        let wedged = world.sell(&till, 300).await.unwrap();
        world.clock.advance_ms(10);
        let declined = world.sell(&till, 405).await.unwrap();
        let fine = world.sell(&till, 500).await.unwrap();
        world.go_online(&till).await;
        world.gateway.next(NextAnswer::Status(422));
        assert_eq!(drain(&till).await.wedged, 3);
        for id in [declined.offline_id, fine.offline_id] {
            till.retry(id).await.unwrap();
        }
        let drained = drain(&till).await;
        assert_eq!((drained.declined, drained.accepted), (1, 1));
        let ids = async || {
            till.attention(10).await.unwrap().iter().map(|record| record.offline_id).collect::<Vec<_>>()
        };
        assert_eq!(ids().await, [wedged.offline_id, declined.offline_id]);
        let deadline = till.record(wedged.offline_id).await.unwrap().deadline;
        assert_eq!(till.oldest_deadline().await.unwrap(), Some(deadline), "a wedged one is stored still");
        assert!(till.settle(wedged.offline_id).await.is_err(), "it is sent again, never written off");
        till.settle(declined.offline_id).await.unwrap();
        assert!(till.settle(declined.offline_id).await.is_err(), "once");
        assert_eq!(ids().await, [wedged.offline_id]);
        assert_eq!(world.store.whole_log().last().unwrap().kind, LogKind::Settled);
        world.store.tamper(wedged.offline_id, |row| row.sealed.ciphertext[0] ^= 1);
        assert_eq!(ids().await, []);
    });
}

#[test]
fn the_oldest_is_found_behind_rows_that_cannot_be_read() {
    run(async {
        let world = World::new();
        let till = world.till_gone_offline().await;
        for _ in 0..20 {
            let bad = world.sell(&till, 100).await.unwrap();
            world.store.tamper(bad.offline_id, |row| row.sealed.ciphertext[0] ^= 1);
            world.clock.advance_ms(1);
        }
        assert_eq!(till.oldest_deadline().await.unwrap(), None);
        let good = world.sell(&till, 100).await.unwrap();
        let deadline = till.record(good.offline_id).await.unwrap().deadline;
        assert_eq!(till.oldest_deadline().await.unwrap(), Some(deadline));
    });
}

#[test]
fn a_decline_with_the_customer_still_there_waits_for_nobody() {
    run(async {
        let world = World::new();
        let till = world.till().await;
        world.sell(&till, 405).await.unwrap_err();
        assert_eq!(till.attention(10).await.unwrap(), []);
    });
}
