//! What a till does beside selling: telling the app, simulating an outage, judging itself, forgetting.

use tillandsia_core::card::ReaderInfo;
use tillandsia_core::error::ErrorCode;
use tillandsia_core::journal::LogKind;
use tillandsia_core::offline::{
    Finding, NetworkStatus, ONLINE_CONNECTION_COUNTS_MS, RETAIN_FOR_MS_DEFAULT, ReadinessCheck, StorageFacts,
};
use tillandsia_core::simulated_offline::{SIMULATED_TIMEOUT_MS, SimulatedOfflineMode};
use tillandsia_core::terminal::ACKNOWLEDGED_WITHIN_MS;
use tillandsia_core::testing::STORED_COUNT_MAX;

use crate::world::{Till, World, drain, run};

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
