//! How long creating a PaymentIntent waits for the gateway.

use tillandsia_core::error::{ErrorCode, TerminalError};
use tillandsia_core::network::REQUEST_TIMEOUT_MS;
use tillandsia_core::offline::NetworkStatus;
use tillandsia_core::payment_intent::{OfflineBehavior, PaymentIntent};
use tillandsia_core::simulated_offline::SimulatedOfflineMode;
use tillandsia_core::terminal::{CollectParameters, ConfirmParameters, CreateParameters};
use tillandsia_core::testing::card;

use crate::world::{Till, World, drain, run, usd};

const NEVER: u64 = u64::MAX;
/// How soon a sale knows that it is offline, milliseconds.
const OFFLINE_MS_MAX: u64 = 4_500;

/// Creates a payment of 7.00 USD; also gives how long that took, milliseconds, and how many probes were made for it.
async fn create(
    world: &World,
    till: &Till,
    offline_behavior: OfflineBehavior,
) -> (Result<PaymentIntent, TerminalError>, u64, u64) {
    let (began_ms, probes) = (world.now(), world.gateway.probes());
    let parameters = CreateParameters { offline_behavior, ..CreateParameters::of(usd(700)) };
    let created = till.create_payment_intent(parameters).await;
    (created, world.now() - began_ms, world.gateway.probes() - probes)
}

#[test]
fn a_preferred_online_payment_goes_offline_within_5_seconds_where_nothing_answers() {
    run(async {
        let world = World::new();
        let till = world.till().await;
        world.gateway.set_pace(&world.clock, NEVER, NEVER);
        let (created, took_ms, _) = create(&world, &till, OfflineBehavior::PreferOnline).await;
        let intent = created.unwrap();
        assert!(took_ms <= OFFLINE_MS_MAX, "{took_ms} ms");
        assert_eq!((intent.id.as_deref(), till.network_status()), (None, NetworkStatus::Offline));

        world.reader.present(Ok(card(1)));
        let intent =
            till.collect_payment_method(intent, CollectParameters::default(), &|_| {}).await.unwrap();
        let stored = till.confirm_payment_intent(intent, ConfirmParameters::default()).await.unwrap();
        assert!(stored.offline_details().is_some_and(|details| details.requires_upload));
        world.gateway.answer_at_once();
        world.go_online(&till).await;
        drain(&till).await;
        let charge = (stored.offline_id.to_string(), 700);
        assert_eq!(world.gateway.charges(), [charge], "what was given up charges nothing beside it");
    });
}

#[test]
fn a_request_that_fails_while_the_gateway_is_doubted_costs_no_second_probe() {
    run(async {
        let world = World::new();
        let till = world.till().await;
        till.gateway().set_mode(SimulatedOfflineMode::TimeOut);
        let (created, took_ms, _) = create(&world, &till, OfflineBehavior::PreferOnline).await;
        assert_eq!((created.unwrap().id, till.network_status()), (None, NetworkStatus::Offline));
        assert!(took_ms <= OFFLINE_MS_MAX, "{took_ms} ms");
    });
}

#[test]
fn an_answer_that_comes_while_the_gateway_is_doubted_wins() {
    run(async {
        let world = World::new();
        let till = world.till().await;
        world.gateway.set_pace(&world.clock, 3_500, NEVER);
        let (created, took_ms, probes) = create(&world, &till, OfflineBehavior::PreferOnline).await;
        assert!(created.unwrap().id.is_some());
        assert_eq!((took_ms, probes, till.network_status()), (3_500, 1, NetworkStatus::Online));
    });
}

#[test]
fn a_gateway_that_is_slow_but_there_is_waited_for() {
    run(async {
        let world = World::new();
        let till = world.till().await;
        world.gateway.set_pace(&world.clock, 8_000, 500);
        let (created, took_ms, probes) = create(&world, &till, OfflineBehavior::PreferOnline).await;
        assert!(created.unwrap().id.is_some());
        assert_eq!((took_ms, probes, till.network_status()), (8_000, 1, NetworkStatus::Online));
    });
}

#[test]
fn an_answer_in_good_time_is_not_doubted() {
    run(async {
        let world = World::new();
        let till = world.till().await;
        world.gateway.set_pace(&world.clock, 1_000, 10);
        let (created, took_ms, probes) = create(&world, &till, OfflineBehavior::PreferOnline).await;
        assert!(created.unwrap().id.is_some());
        assert_eq!((took_ms, probes), (1_000, 0));
    });
}

#[test]
fn what_must_be_online_has_the_whole_time() {
    run(async {
        let world = World::new();
        let till = world.till().await;
        world.gateway.set_pace(&world.clock, REQUEST_TIMEOUT_MS, NEVER);
        let (created, took_ms, probes) = create(&world, &till, OfflineBehavior::RequireOnline).await;
        assert!(created.unwrap().id.is_some());
        assert_eq!((took_ms, probes), (REQUEST_TIMEOUT_MS, 0));

        world.gateway.set_pace(&world.clock, NEVER, NEVER);
        let (created, took_ms, probes) = create(&world, &till, OfflineBehavior::RequireOnline).await;
        assert_eq!(created.unwrap_err().code, ErrorCode::NotConnectedToInternetAndRequireOnlineSet);
        assert_eq!((took_ms, probes), (REQUEST_TIMEOUT_MS, 0));
    });
}
