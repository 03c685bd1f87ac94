//! What a till does beside selling: telling the app, simulating an outage, judging itself, forgetting.

use futures::FutureExt as _;
use tillandsia_core::card::ReaderInfo;
use tillandsia_core::error::ErrorCode;
use tillandsia_core::journal::{LogKind, Sealed};
use tillandsia_core::offline::{
    Finding, NetworkStatus, ONLINE_CONNECTION_COUNTS_MS, RETAIN_FOR_MS_DEFAULT, ReadinessCheck, StorageFacts,
};
use tillandsia_core::payment_intent::CaptureMethod;
use tillandsia_core::ports::{GatewayError, ReaderError, Store as _};
use tillandsia_core::simulated_offline::{SIMULATED_TIMEOUT_MS, SimulatedOfflineMode};
use tillandsia_core::terminal::{
    ACKNOWLEDGED_WITHIN_MS, CONFIRMING_LEASE_MS, CollectParameters, CreateParameters,
};
use tillandsia_core::testing::{NextAnswer, STORED_COUNT_MAX, card};

use crate::world::{Till, World, drain, run, usd};

const KEPT: StorageFacts = StorageFacts { persisted: Some(true), free_bytes: Some(1 << 30) };

#[test]
fn an_event_that_the_app_does_not_take_is_told_again_later_and_after_a_restart() {
    run(async {
        let world = World::new();
        let till = world.till_gone_offline().await;
        let sold = world.sell(&till, 100).await.unwrap();
        world.go_online(&till).await;
        drain(&till).await;
        world.heard.refuses.set(true);
        assert_eq!(till.deliver_events().await.unwrap(), 1);
        assert_eq!(till.deliver_events().await.unwrap(), 0, "not at once");
        assert!(till.record(sold.offline_id).await.unwrap().unacknowledged);
        world.clock.advance_ms(ACKNOWLEDGED_WITHIN_MS);
        assert_eq!(till.deliver_events().await.unwrap(), 1);
        world.heard.refuses.set(false);
        let restarted = world.till().await;
        assert_eq!(restarted.deliver_events().await.unwrap(), 1);
        assert!(!restarted.record(sold.offline_id).await.unwrap().unacknowledged);
        assert_eq!(world.heard.forwarded.borrow().len(), 3);
    });
}

async fn mode(till: &Till, mode: SimulatedOfflineMode) {
    till.set_simulated_offline_mode(mode).await.unwrap();
}

#[test]
fn a_simulated_outage_is_one_for_every_step_and_lasts_until_it_is_ended() {
    run(async {
        for simulated in [SimulatedOfflineMode::Immediate, SimulatedOfflineMode::TimeOut] {
            let world = World::new();
            let till = world.till().await;
            let before = world.now();
            mode(&till, simulated).await;
            assert_eq!(till.network_status(), NetworkStatus::Offline);
            let waited = world.now() - before;
            assert_eq!(waited >= SIMULATED_TIMEOUT_MS, simulated == SimulatedOfflineMode::TimeOut);
            let stored = world.sell(&till, 100).await.unwrap();
            assert!(stored.offline_details().is_some());
            assert!(drain(&till).await.stopped.is_some());
            let restarted = world.till_without_reader().await;
            assert_eq!(restarted.simulated_offline_mode(), simulated);
            assert!(world.gateway.charges().is_empty());
            mode(&restarted, SimulatedOfflineMode::Off).await;
            assert_eq!(drain(&restarted).await.accepted, 1);
        }
    });
}

#[test]
fn on_an_intermittent_network_each_payment_is_charged_once() {
    run(async {
        let world = World::new();
        let till = world.till().await;
        mode(&till, SimulatedOfflineMode::Intermittent).await;
        for _ in 0..30 {
            let sold = world.sell(&till, 100).await;
            assert!(sold.is_ok() || sold.unwrap_err().code == ErrorCode::OfflineCollectAndConfirmMismatch);
        }
        for _ in 0..50 {
            drain(&till).await;
        }
        mode(&till, SimulatedOfflineMode::Off).await;
        drain(&till).await;
        let mut charged: Vec<String> = world.gateway.charges().into_iter().map(|(id, _)| id).collect();
        let count = charged.len();
        charged.sort();
        charged.dedup();
        assert_eq!((charged.len(), world.stored_count(&till).await), (count, 0));
        assert!(count >= 10);
    });
}

#[test]
fn no_outage_is_simulated_where_money_moves() {
    run(async {
        let world = World::new();
        world.gateway.set_livemode(true);
        let till = world.till().await;
        let error = till.set_simulated_offline_mode(SimulatedOfflineMode::Immediate).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::InvalidRequest);
        assert_eq!(till.simulated_offline_mode(), SimulatedOfflineMode::Off);
    });
}

#[test]
fn the_status_is_told_when_it_changed_and_to_each_new_delegate() {
    run(async {
        let world = World::new();
        let till = world.till().await;
        let told = || world.heard.statuses.borrow().len();
        till.announce_status().await.unwrap();
        let before = told();
        till.announce_status().await.unwrap();
        assert_eq!(told(), before, "nothing changed");
        world.go_offline(&till).await;
        till.announce_status().await.unwrap();
        assert_eq!(told(), before + 1);
        world.sell(&till, 100).await.unwrap();
        till.announce_status().await.unwrap();
        assert_eq!(told(), before + 2);
        till.set_offline_delegate(world.heard.clone());
        till.announce_status().await.unwrap();
        assert_eq!(told(), before + 3);
    });
}

#[test]
fn a_till_that_is_ready_says_until_when() {
    run(async {
        let world = World::new();
        let till = world.till().await;
        let ready = till.readiness(KEPT).await.unwrap();
        assert!(ready.is_ready(), "{ready:?}");
        assert_eq!(ready.until().unwrap().0, world.now() + ONLINE_CONNECTION_COUNTS_MS);
        assert_eq!(ready.room.payments, Some(STORED_COUNT_MAX));
        assert_eq!(ready.room.amounts.get(&"usd".parse().unwrap()), Some(&50_000));
        let unsure = till.readiness(StorageFacts::default()).await.unwrap();
        assert!(unsure.is_ready());
        assert!(matches!(unsure.finding(ReadinessCheck::StoragePersistence), Some(Finding::Warning(_))));
    });
}

/// The codes of what failed, with the check that failed.
async fn failures(till: &Till) -> Vec<(&'static str, ErrorCode)> {
    let readiness = till.readiness(KEPT).await.unwrap();
    assert_eq!(readiness.until().is_some(), readiness.is_ready());
    let failed = readiness.checks.iter().filter_map(|result| match &result.finding {
        Finding::Failed(error) => Some((result.check.as_str(), error.code)),
        _ => None,
    });
    failed.collect()
}

#[test]
fn each_reason_why_offline_would_not_work_is_named() {
    run(async {
        let world = World::new();
        let till = world.open().await;
        let new = failures(&till).await;
        assert_eq!(new[0], ("configuration", ErrorCode::NotConnectedToInternet));
        assert_eq!(new[1], ("reader", ErrorCode::NoEstablishedConnectionToReader));
        assert_eq!(new[2], ("listeners", ErrorCode::InvalidRequest));

        let till = world.till().await;
        world.vault.set_unavailable(true);
        assert_eq!(failures(&till).await, [("storage_key", ErrorCode::StorageKeyUnavailable)]);
        world.vault.set_unavailable(false);
        world.store.limit_rows(Some(0));
        assert_eq!(failures(&till).await, [("storage", ErrorCode::OfflinePaymentsStoreFull)]);
        world.store.limit_rows(None);

        // Pairings that were damaged are as none: connecting once online mends them.
        let kept = world.store.setting("pairings").await.unwrap().unwrap();
        world.store.put_setting("pairings", Sealed::default()).await.unwrap();
        assert_eq!(failures(&till).await[0], ("pairing", ErrorCode::ReaderNotPairedOnlineAtLocation));
        world.store.put_setting("pairings", kept).await.unwrap();

        // A reader that is unplugged while it waits for a card is connected no more.
        let intent = till.create_payment_intent(CreateParameters::of(usd(100))).await.unwrap();
        world.reader.present(Err(ReaderError::NotConnected));
        let gone =
            till.collect_payment_method(intent, CollectParameters::default(), &|_| {}).await.unwrap_err();
        assert_eq!(gone.code, ErrorCode::NoEstablishedConnectionToReader);
        assert_eq!(failures(&till).await, [("reader", ErrorCode::NoEstablishedConnectionToReader)]);
        till.connect_reader(world.reader.clone()).await.unwrap();

        world.clock.advance_ms(ONLINE_CONNECTION_COUNTS_MS);
        assert_eq!(
            failures(&till).await,
            [
                ("pairing", ErrorCode::ReaderNotPairedOnlineAtLocation),
                ("reader_software", ErrorCode::ReaderSoftwareUpdateRequired)
            ]
        );
        world.reader.set_info(ReaderInfo {
            device_type: "another".into(),
            serial_number: "2".into(),
            software_version: "1".into(),
        });
        till.connect_reader(world.reader.clone()).await.unwrap();
        assert_eq!(failures(&till).await, []);
        world.go_offline(&till).await;
        for _ in 0..4 {
            world.sell(&till, 50_000).await.unwrap();
        }
        assert_eq!(failures(&till).await, [("limits", ErrorCode::OfflinePaymentsStoreFull)]);
    });
}

#[test]
fn what_is_finished_goes_after_its_time_and_the_log_keeps_it() {
    run(async {
        let world = World::new();
        let till = world.till_gone_offline().await;
        let taken = world.sell(&till, 100).await.unwrap().offline_id;
        let declined = world.sell(&till, 205).await.unwrap().offline_id;
        world.go_online(&till).await;
        drain(&till).await;
        world.go_offline(&till).await;
        world.clock.advance_ms(RETAIN_FOR_MS_DEFAULT - 1);
        assert_eq!(till.remove_finished().await.unwrap(), 0, "not before its time");
        world.clock.advance_ms(1);
        assert_eq!(till.remove_finished().await.unwrap(), 0, "not before the app has heard");
        till.deliver_events().await.unwrap();
        assert_eq!(till.remove_finished().await.unwrap(), 1, "not while a decline waits for a person");
        let gone = till.record(taken).await.unwrap_err();
        assert_eq!(gone.code, ErrorCode::PaymentIntentNotFoundOffline);
        till.settle(declined).await.unwrap();
        assert_eq!(till.remove_finished().await.unwrap(), 1);
        assert_eq!(till.payments(None, 10).await.unwrap(), []);
        let story = till.story(declined).await.unwrap();
        let kinds: Vec<&str> = story.iter().map(|entry| entry.kind.as_str()).collect();
        assert_eq!(kinds, ["stored", "claimed", "declined", "acknowledged", "settled", "removed"]);
        assert_eq!(till.story(taken).await.unwrap().last().unwrap().kind, LogKind::Removed);
        till.journal().verify().await.unwrap();
    });
}

#[test]
fn what_is_stored_never_goes() {
    run(async {
        let world = World::new();
        let till = world.till_gone_offline().await;
        let id = world.sell(&till, 100).await.unwrap().offline_id;
        world.clock.advance_ms(10 * RETAIN_FOR_MS_DEFAULT);
        assert_eq!(till.remove_finished().await.unwrap(), 0);
        world.go_online(&till).await;
        assert_eq!(drain(&till).await.accepted, 1);
        till.deliver_events().await.unwrap();
        assert_eq!(till.remove_finished().await.unwrap(), 0, "its time begins with its outcome");
        assert!(till.record(id).await.is_ok());
    });
}

#[test]
fn a_till_that_hears_nothing_has_nothing_to_be_told_of_its_online_sales_later() {
    run(async {
        let world = World::new();
        let till = world.open().await;
        till.connect_reader(world.reader.clone()).await.unwrap();
        let id = world.sell(&till, 100).await.unwrap().offline_id;
        assert_eq!(till.deliver_events().await.unwrap(), 0);
        assert!(!till.record(id).await.unwrap().unacknowledged, "the call's return told it");
        let restarted = world.till().await;
        assert_eq!(restarted.deliver_events().await.unwrap(), 0);
    });
}

#[test]
fn a_till_that_hears_nothing_stores_nothing_when_an_answer_is_lost() {
    run(async {
        let world = World::new();
        let till = world.open().await;
        till.connect_reader(world.reader.clone()).await.unwrap();
        world.gateway.next(NextAnswer::Lost(GatewayError::TimedOut));
        assert_eq!(world.sell(&till, 100).await.unwrap_err().code, ErrorCode::OutcomeUnknown);
        assert_eq!(world.stored_count(&till).await, 0);
        assert_eq!(drain(&till).await.accepted, 1);
    });
}

#[test]
fn a_charge_that_cannot_be_written_down_is_told_as_unknown_and_later_as_what_it_is() {
    run(async {
        let world = World::new();
        let till = world.till().await;
        world.store.fail_commits_after(1);
        let error = world.sell(&till, 100).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::OutcomeUnknown);
        let id = error.payment_intent.unwrap().offline_id;
        assert_eq!(world.gateway.charges().len(), 1);
        world.store.set_down(false);
        world.clock.advance_ms(CONFIRMING_LEASE_MS);
        assert_eq!(drain(&till).await.accepted, 1);
        assert_eq!(till.deliver_events().await.unwrap(), 1, "its return told nothing of it");
        assert_eq!(world.heard.forwarded.borrow()[0].0.offline_id, id);
    });
}

#[test]
fn no_reader_is_connected_in_place_of_one_that_waits_for_a_card() {
    run(async {
        let world = World::new();
        let till = world.till().await;
        let intent = till.create_payment_intent(CreateParameters::of(usd(100))).await.unwrap();
        let told = std::cell::Cell::new(None);
        let other = world.reader.clone();
        let during = |_| {
            let connecting = till.connect_reader(other.clone());
            told.set(connecting.now_or_never().map(|connected| connected.unwrap_err().code));
        };
        world.reader.present(Ok(card(1)));
        till.collect_payment_method(intent, CollectParameters::default(), &during).await.unwrap();
        assert_eq!(told.get(), Some(ErrorCode::ReaderBusy));
    });
}

#[test]
fn what_keeps_a_session_from_being_opened_is_told_with_the_connection_by_the_offline_rules() {
    run(async {
        let world = World::new();
        world.till().await;
        let refusal = GatewayError::TokenProvider("out of order".into());
        world.gateway.refuse_sessions(Some(refusal.clone()));
        let till = world.till().await;
        assert_eq!(world.heard.errors.borrow().last().unwrap().code, ErrorCode::ConnectionTokenProviderError);
        world.clock.advance_ms(ONLINE_CONNECTION_COUNTS_MS);
        let error = till.connect_reader(world.reader.clone()).await.unwrap_err();
        assert_eq!(
            error.code,
            ErrorCode::ConnectionTokenProviderError,
            "and not as a reader that was not paired"
        );
    });
}

#[test]
fn an_outage_that_is_simulated_ends_with_a_live_session() {
    run(async {
        let world = World::new();
        let till = world.open().await;
        till.set_simulated_offline_mode(SimulatedOfflineMode::Intermittent).await.unwrap();
        world.gateway.set_livemode(true);
        for _ in 0..20 {
            till.probe().await;
            till.connect_reader(world.reader.clone()).await.ok();
        }
        assert!(till.session().is_some_and(|session| session.livemode));
        assert_eq!(till.simulated_offline_mode(), SimulatedOfflineMode::Off);
        assert_eq!(world.open().await.simulated_offline_mode(), SimulatedOfflineMode::Off);
        world.gateway.set_livemode(false);
        till.connect_reader(world.reader.clone()).await.unwrap();
        assert!(!till.follow_simulated_offline_mode().await.unwrap(), "it does not come back by itself");
    });
}

#[test]
fn an_outage_is_followed_in_every_tab() {
    run(async {
        let world = World::new();
        let (till, other) = (world.till().await, world.till().await);
        assert!(!other.follow_simulated_offline_mode().await.unwrap(), "nothing changed");
        mode(&till, SimulatedOfflineMode::Immediate).await;
        assert!(other.follow_simulated_offline_mode().await.unwrap());
        other.probe().await;
        assert_eq!(other.network_status(), NetworkStatus::Offline);
        assert!(!other.follow_simulated_offline_mode().await.unwrap(), "once");
        mode(&till, SimulatedOfflineMode::Off).await;
        assert!(other.follow_simulated_offline_mode().await.unwrap());
        other.probe().await;
        assert_eq!(other.network_status(), NetworkStatus::Online);
    });
}

#[test]
fn an_authorisation_that_nobody_captured_here_goes_too() {
    run(async {
        let world = World::new();
        let till = world.till().await;
        let parameters =
            CreateParameters { capture_method: CaptureMethod::Manual, ..CreateParameters::of(usd(100)) };
        world.sell_with(&till, parameters).await.unwrap();
        till.deliver_events().await.unwrap();
        world.clock.advance_ms(RETAIN_FOR_MS_DEFAULT);
        assert_eq!(till.remove_finished().await.unwrap(), 1);
    });
}
