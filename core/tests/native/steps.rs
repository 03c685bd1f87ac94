//! What may be decided or asked for at a single step: consent, the card's update, the settings in force.

use std::collections::BTreeMap;

use tillandsia_core::error::ErrorCode;
use tillandsia_core::money::Money;
use tillandsia_core::payment_intent::{OfflineBehavior, PaymentIntentStatus};
use tillandsia_core::ports::{Gateway, ReaderError};
use tillandsia_core::terminal::{CollectParameters, ConfirmParameters, CreateParameters};
use tillandsia_core::testing::card;

use crate::world::{World, drain, run, usd};

const LOOK: CollectParameters = CollectParameters { update_payment_intent: true };

fn behaving(offline_behavior: OfflineBehavior) -> ConfirmParameters {
    ConfirmParameters { offline_behavior: Some(offline_behavior) }
}

#[test]
fn the_card_can_be_looked_at_before_it_is_charged_with_a_connection_only() {
    run(async {
        let world = World::new();
        let till = world.till().await;
        world.reader.present(Ok(card(1)));
        let intent = till.create_payment_intent(CreateParameters::of(usd(700))).await.unwrap();
        let intent = till.collect_payment_method(intent, LOOK, &|_| {}).await.unwrap();
        let method = intent.payment_method.clone().unwrap();
        assert_eq!((method.id.as_str(), method.funding.as_deref()), ("pm_1", Some("debit")));
        assert_eq!(world.gateway.inspected(), [intent.offline_id.to_string()]);
        assert!(world.gateway.charges().is_empty());
        let taken = till.confirm_payment_intent(intent, ConfirmParameters::default()).await.unwrap();
        assert_eq!(taken.status(), PaymentIntentStatus::Succeeded);

        world.go_offline(&till).await;
        world.reader.present(Ok(card(2)));
        let intent = till.create_payment_intent(CreateParameters::of(usd(700))).await.unwrap();
        let error = till.collect_payment_method(intent.clone(), LOOK, &|_| {}).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::UpdatePaymentIntentUnavailableWhileOffline);
        assert_eq!(world.reader.requests().len(), 1, "nobody was asked for a card");
        let intent =
            till.collect_payment_method(intent, CollectParameters::default(), &|_| {}).await.unwrap();
        assert_eq!(intent.payment_method, None);
    });
}

#[test]
fn a_connection_lost_while_the_card_is_read_is_no_reason_to_charge_it_unseen() {
    run(async {
        let world = World::new();
        let till = world.till().await;
        world.reader.present(Ok(card(1)));
        let intent = till.create_payment_intent(CreateParameters::of(usd(700))).await.unwrap();
        world.gateway.set_down(true);
        let error = till.collect_payment_method(intent, LOOK, &|_| {}).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::UpdatePaymentIntentUnavailableWhileOffline);
        let left = error.payment_intent.unwrap();
        assert_eq!(left.status(), PaymentIntentStatus::RequiresPaymentMethod);
    });
}

#[test]
fn consent_is_given_again_at_the_confirmation() {
    run(async {
        let world = World::new();
        let till = world.till_gone_offline().await;
        world.reader.present(Ok(card(1)));
        let intent = till.create_payment_intent(CreateParameters::of(usd(700))).await.unwrap();
        let intent =
            till.collect_payment_method(intent, CollectParameters::default(), &|_| {}).await.unwrap();
        let refused = till
            .confirm_payment_intent(intent.clone(), behaving(OfflineBehavior::RequireOnline))
            .await
            .unwrap_err();
        assert_eq!(refused.code, ErrorCode::NotConnectedToInternetAndRequireOnlineSet);
        assert_eq!(till.payments(None, 10).await.unwrap(), [], "nothing was sent or stored");
        world.go_online(&till).await;
        let stored =
            till.confirm_payment_intent(intent, behaving(OfflineBehavior::ForceOffline)).await.unwrap();
        assert!(stored.offline_details().is_some_and(|details| details.requires_upload));
    });
}

#[test]
fn force_offline_at_the_confirmation_needs_offline_mode_and_a_card_read_for_it() {
    run(async {
        let world = World::new();
        world.gateway.set_offline_enabled(false);
        let till = world.till().await;
        world.reader.present(Ok(card(1)));
        let intent = till.create_payment_intent(CreateParameters::of(usd(700))).await.unwrap();
        let intent =
            till.collect_payment_method(intent, CollectParameters::default(), &|_| {}).await.unwrap();
        let force = behaving(OfflineBehavior::ForceOffline);
        let error = till.confirm_payment_intent(intent.clone(), force).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::ForceOfflineWithFeatureDisabled);
        world.gateway.set_offline_enabled(true);
        till.connect_reader(world.reader.clone()).await.unwrap();
        let error = till.confirm_payment_intent(intent, force).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::OfflineCollectAndConfirmMismatch, "it was read under online rules");
    });
}

#[test]
fn require_online_without_a_connection_asks_nobody_for_a_card() {
    run(async {
        let world = World::new();
        let till = world.till().await;
        let parameters = CreateParameters {
            offline_behavior: OfflineBehavior::RequireOnline,
            ..CreateParameters::of(usd(700))
        };
        let intent = till.create_payment_intent(parameters).await.unwrap();
        world.go_offline(&till).await;
        let error =
            till.collect_payment_method(intent, CollectParameters::default(), &|_| {}).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::NotConnectedToInternetAndRequireOnlineSet);
        assert_eq!(world.reader.requests(), []);
    });
}

#[test]
fn new_settings_take_effect_with_the_next_connection_of_a_reader() {
    run(async {
        let world = World::new();
        let till = world.till().await;
        world.gateway.set_offline_enabled(false);
        till.create_payment_intent(CreateParameters::of(usd(100))).await.unwrap();
        assert!(till.session().unwrap().configuration.offline.enabled != till.offline_policy().enabled);
        world.go_offline(&till).await;
        assert!(world.sell(&till, 100).await.is_ok(), "a sale is judged by the settings it began under");
        let restarted = world.open().await;
        assert!(restarted.offline_policy().enabled, "and so after a restart");
        world.go_online(&till).await;
        till.connect_reader(world.reader.clone()).await.unwrap();
        assert_eq!(till.in_force().unwrap().fetched_at, restarted.in_force().unwrap().fetched_at);
        world.go_offline(&till).await;
        let error = world.sell(&till, 100).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::NotConnectedToInternet);
    });
}

#[test]
fn ten_thousand_dollars_are_the_most_whatever_is_configured() {
    run(async {
        let world = World::new();
        world.gateway.set_payment_amount_max(BTreeMap::from([
            ("usd".into(), u64::MAX),
            ("jpy".into(), u64::MAX),
            ("xau".into(), u64::MAX),
        ]));
        let till = world.till_gone_offline().await;
        let allows = |amount, currency: &str| {
            let amount = Money::new(amount, currency.parse().unwrap());
            till.offline_policy().allows_amount(amount).map_err(|error| error.code)
        };
        assert_eq!(allows(1_000_000, "usd"), Ok(()));
        assert_eq!(allows(1_000_001, "usd"), Err(ErrorCode::AmountExceedsMaxOfflineAmount));
        assert_eq!(allows(1_500_000, "jpy"), Ok(()));
        assert_eq!(allows(1_500_001, "jpy"), Err(ErrorCode::AmountExceedsMaxOfflineAmount));
        assert_eq!(allows(1, "xau"), Err(ErrorCode::InvalidOfflineCurrency));
        let error = world.sell(&till, 1_000_001).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::AmountExceedsMaxOfflineAmount);
    });
}

#[test]
fn where_sca_applies_a_tap_is_not_offered_offline_and_not_taken() {
    run(async {
        let world = World::new();
        world.gateway.move_to_country("DE");
        let till = world.till_gone_offline().await;
        let error = world.sell(&till, 100).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::CardTapNotAvailable);
        let asked = world.reader.requests().pop().unwrap().interfaces;
        assert!(asked.contact && !asked.contactless && !asked.swipe);
        world.go_online(&till).await;
        world.sell(&till, 100).await.unwrap();
        let asked = world.reader.requests().pop().unwrap().interfaces;
        assert!(asked.contact && asked.contactless && asked.swipe, "with a connection all are");
    });
}

#[test]
fn the_description_and_the_address_go_with_the_payment() {
    run(async {
        let world = World::new();
        let till = world.till_gone_offline().await;
        let parameters = CreateParameters {
            description: Some("Two coffees".into()),
            receipt_email: Some("a@example.com".into()),
            ..CreateParameters::of(usd(405))
        };
        let stored = world.sell_with(&till, parameters).await.unwrap();
        world.go_online(&till).await;
        assert_eq!(drain(&till).await.declined, 1);
        let waiting = till.attention(10).await.unwrap();
        assert_eq!(waiting[0].receipt_email.as_deref(), Some("a@example.com"));
        assert_eq!(waiting[0].description.as_deref(), Some("Two coffees"));
        assert_eq!(waiting[0].offline_id, stored.offline_id);
        for wrong in [
            CreateParameters { description: Some("x".repeat(1001)), ..CreateParameters::of(usd(1)) },
            CreateParameters { receipt_email: Some("nowhere".into()), ..CreateParameters::of(usd(1)) },
        ] {
            let error = till.create_payment_intent(wrong).await.unwrap_err();
            assert_eq!(error.code, ErrorCode::InvalidRequest);
        }
    });
}

#[test]
fn a_reader_is_let_go_and_not_while_it_collects() {
    run(async {
        let world = World::new();
        let till = world.till().await;
        till.disconnect_reader().unwrap();
        assert_eq!(till.reader_info(), None);
        let intent = till.create_payment_intent(CreateParameters::of(usd(100))).await.unwrap();
        let error =
            till.collect_payment_method(intent, CollectParameters::default(), &|_| {}).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::NoEstablishedConnectionToReader);
        till.connect_reader(world.reader.clone()).await.unwrap();
        let intent = till.create_payment_intent(CreateParameters::of(usd(100))).await.unwrap();
        let told = std::cell::Cell::new(None);
        let during = |_| told.set(Some(till.disconnect_reader().unwrap_err().code));
        world.reader.present(Err(ReaderError::Canceled));
        let error =
            till.collect_payment_method(intent, CollectParameters::default(), &during).await.unwrap_err();
        assert_eq!((error.code, told.get()), (ErrorCode::Canceled, Some(ErrorCode::ReaderBusy)));
        till.disconnect_reader().unwrap();
        assert!(till.gateway().session().is_some());
    });
}

#[test]
fn a_reader_that_is_gone_after_the_card_was_read_costs_no_sale() {
    run(async {
        let world = World::new();
        let till = world.till_gone_offline().await;
        world.reader.present(Ok(card(1)));
        let intent = till.create_payment_intent(CreateParameters::of(usd(700))).await.unwrap();
        let intent =
            till.collect_payment_method(intent, CollectParameters::default(), &|_| {}).await.unwrap();
        till.disconnect_reader().unwrap();
        let stored = till.confirm_payment_intent(intent, ConfirmParameters::default()).await.unwrap();
        let record = till.record(stored.offline_id).await.unwrap();
        assert_eq!(record.reader.device_type, "memory_reader");
    });
}
