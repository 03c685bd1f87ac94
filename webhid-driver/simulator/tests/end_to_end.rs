//! Driver against simulated reader, then decrypted and checked as an acquirer does.
#![allow(clippy::unwrap_used, reason = "a helper of tests")]

mod common;

use std::{cell::RefCell, collections::HashSet, rc::Rc};

use common::{OFFLINE, ONLINE, TestReader, Verified, World, acquire, request};
use futures::{executor::block_on, future::join};
use tillandsia_core::{
    card::{CardRead, Cipher, ReadMethod},
    ports::{ChipDecision, HostDecision, Interfaces, Reader, ReaderError, ReaderPrompt},
};
use tillandsia_reader_simulator::{CardProfile, Fault, ReaderState};

fn room() -> (Rc<World>, TestReader) {
    let (world, reader) = World::new(ReaderState::new(0x1_2345_6789));
    block_on(reader.connect()).unwrap();
    (world, reader)
}

fn present(world: &World, profile: CardProfile) {
    let output = world.simulator.borrow_mut().present(profile, world.now_ms());
    world.deliver(output);
}

fn collect(
    world: &World,
    reader: &TestReader,
    profile: CardProfile,
    amount_minor: u64,
    interfaces: Interfaces,
) -> Result<CardRead, ReaderError> {
    let prompt = |text| {
        if let ReaderPrompt::Present(_) = text {
            present(world, profile);
        }
    };
    block_on(reader.collect(request(amount_minor, interfaces), &prompt))
}

#[test]
fn the_reader_says_who_it_is() {
    let (_, reader) = World::new(ReaderState::new(0x1_2345_6789));
    let info = block_on(reader.connect()).unwrap();
    assert_eq!(info.device_type, "simulated_vp3300");
    assert_eq!(info.serial_number, "SIM123456789");
    assert_eq!(info.software_version, "Simulated VP3300 v1.0.0");
}

#[test]
fn contactless_visa() {
    let (world, reader) = room();
    let card = collect(&world, &reader, CardProfile::ContactlessVisa, 1099, OFFLINE).unwrap();
    assert_eq!(card.read_method, ReadMethod::ContactlessEmv);
    assert!(!card.awaits_host);
    assert_eq!((card.secret.cipher, card.secret.ksn.len()), (Cipher::Tdes, 10));
    let shown = &card.shown;
    assert_eq!((shown.brand.as_deref(), shown.last4.as_deref()), (Some("visa"), Some("0010")));
    assert_eq!((shown.exp_month, shown.exp_year), (12, 2031));
    let verified = acquire(&card, 1099).unwrap();
    assert_eq!((verified.card.pan(), verified.card.expiry_yymm()), ("4761739001010010", Some("3112")));
    assert_eq!(card.emv_value(0x9A), Some(&[0x26, 0x11, 0x16][..]));
    assert!(block_on(reader.complete(HostDecision::Approved)).is_err());
}

#[test]
fn contact_mastercard() {
    for (decision, expected) in [
        (HostDecision::Approved, ChipDecision::Approved),
        (HostDecision::NoHost, ChipDecision::Approved),
        (HostDecision::Declined, ChipDecision::Declined),
    ] {
        let (world, reader) = room();
        let prompts = RefCell::new(Vec::new());
        present(&world, CardProfile::ContactMastercard);
        let prompt = |text| prompts.borrow_mut().push(text);
        let card = block_on(reader.collect(request(2500, OFFLINE), &prompt)).unwrap();
        assert_eq!(*prompts.borrow(), [ReaderPrompt::Present(OFFLINE), ReaderPrompt::DoNotRemove]);
        assert_eq!(card.read_method, ReadMethod::ContactEmv);
        assert!(card.awaits_host);
        assert_eq!(card.shown.brand.as_deref(), Some("mastercard"));
        assert_eq!(card.shown.cardholder_name.as_deref(), Some("TEST/CARD 1"));
        assert_eq!(acquire(&card, 2500).unwrap().card.pan(), "5413330089010434");
        assert_eq!(block_on(reader.complete(decision)), Ok(expected));
    }
}

#[test]
fn a_card_that_declines() {
    let (world, reader) = room();
    let result = collect(&world, &reader, CardProfile::Declined, 1099, OFFLINE);
    assert_eq!(result, Err(ReaderError::CardDeclined));
    assert!(collect(&world, &reader, CardProfile::ContactlessVisa, 1099, OFFLINE).is_ok());
}

#[test]
fn a_swipe_online_and_offline() {
    let (world, reader) = room();
    assert_eq!(
        collect(&world, &reader, CardProfile::Swipe, 1099, OFFLINE),
        Err(ReaderError::SwipeNotAllowed)
    );
    let card = collect(&world, &reader, CardProfile::Swipe, 1099, ONLINE).unwrap();
    assert_eq!(card.read_method, ReadMethod::MagneticStripeTrack2);
    assert_eq!(card.shown.cardholder_name.as_deref(), Some("TEST/SWIPE"));
    assert_eq!(card.secret.encrypted.len(), 2);
    assert_eq!(acquire(&card, 1099).unwrap().card.pan(), "4761731000000043");
}

#[test]
fn an_expired_card_is_read_and_says_so() {
    let (world, reader) = room();
    let card = collect(&world, &reader, CardProfile::Expired, 1099, OFFLINE).unwrap();
    assert_eq!((card.shown.exp_month, card.shown.exp_year), (12, 2020));
    assert_eq!(card.emv_value(0x95), Some(&[0, 0x40, 0, 0, 0][..]));
    assert!(acquire(&card, 1099).is_ok());
}

#[test]
fn a_card_on_an_interface_that_is_not_offered_is_not_seen() {
    let (world, reader) = room();
    let tap_only = Interfaces { contact: false, contactless: true, swipe: false };
    let result = collect(&world, &reader, CardProfile::ContactMastercard, 1099, tap_only);
    assert_eq!(result, Err(ReaderError::TimedOut));
    world.simulator.borrow_mut().remove();
    let insert_only = Interfaces { contact: true, contactless: false, swipe: false };
    let result = collect(&world, &reader, CardProfile::ContactlessVisa, 1099, insert_only);
    assert_eq!(result, Err(ReaderError::TimedOut));
}

#[test]
fn nobody_presents_a_card() {
    let (world, reader) = room();
    let before = world.now_ms();
    let result = block_on(reader.collect(request(1099, OFFLINE), &|_| {}));
    assert_eq!(result, Err(ReaderError::TimedOut));
    assert_eq!(world.now_ms() - before, 30_000);
    assert!(collect(&world, &reader, CardProfile::ContactlessVisa, 1099, OFFLINE).is_ok());
}

#[test]
fn no_key_and_no_counter_is_used_twice_not_even_after_a_restart() {
    let (mut ksns, mut counters) = (HashSet::new(), HashSet::new());
    let mut state = ReaderState::new(99);
    for round in 0..4 {
        let (world, reader) = World::new(state);
        block_on(reader.connect()).unwrap();
        for amount in 1..=12 {
            let profile =
                if amount % 2 == 0 { CardProfile::ContactlessVisa } else { CardProfile::ContactMastercard };
            let card = collect(&world, &reader, profile, amount, OFFLINE).unwrap();
            let Verified { card, ksn, counter, sequence } = acquire(&card, amount).unwrap();
            assert!(ksns.insert(ksn), "round {round}: {ksn}");
            assert!(counters.insert((card.pan().to_owned(), sequence, counter)));
        }
        state = serde_json::from_str(&world.saved.borrow()).unwrap();
    }
    assert_eq!(state.ksn_counter(), 48);
}

#[test]
fn cancel_ends_a_collection_and_a_late_answer_is_not_taken_for_the_next() {
    let (world, reader) = room();
    world.simulator.borrow_mut().inject(Fault::LateAnswer);
    present(&world, CardProfile::ContactlessVisa);
    let collected = reader.collect(request(1099, OFFLINE), &|_| {});
    let (result, ()) = block_on(join(collected, reader.cancel()));
    assert_eq!(result, Err(ReaderError::Canceled));
    let card = collect(&world, &reader, CardProfile::ContactMastercard, 1099, OFFLINE).unwrap();
    assert_eq!(acquire(&card, 1099).unwrap().card.pan(), "5413330089010434");
}

#[test]
fn cancel_lets_go_of_a_chip_that_waits() {
    let (world, reader) = room();
    collect(&world, &reader, CardProfile::ContactMastercard, 1099, OFFLINE).unwrap();
    block_on(reader.cancel());
    assert!(block_on(reader.complete(HostDecision::Approved)).is_err());
    block_on(reader.cancel());
    assert!(collect(&world, &reader, CardProfile::ContactlessVisa, 1, OFFLINE).is_ok());
}

#[test]
fn a_dropped_collection_is_cancelled_by_the_next() {
    let (world, reader) = room();
    {
        let dropped = reader.collect(request(700, OFFLINE), &|_| {});
        let mut dropped = std::pin::pin!(dropped);
        let waker = std::task::Waker::noop();
        let poll = dropped.as_mut().poll(&mut std::task::Context::from_waker(waker));
        assert!(poll.is_pending());
        assert_eq!(block_on(reader.connect()), Err(ReaderError::Busy));
    }
    let card = collect(&world, &reader, CardProfile::ContactlessVisa, 800, OFFLINE).unwrap();
    assert!(acquire(&card, 800).is_ok());
}

#[test]
fn an_unplugged_reader_is_not_connected() {
    let (world, reader) = room();
    world.unplug();
    let result = collect(&world, &reader, CardProfile::ContactlessVisa, 1099, OFFLINE);
    assert_eq!(result, Err(ReaderError::NotConnected));
}

#[test]
fn every_fault_ends_in_an_error_or_in_the_right_payment() {
    for fault in Fault::ALL {
        for profile in [CardProfile::ContactlessVisa, CardProfile::ContactMastercard, CardProfile::Swipe] {
            let (world, reader) = room();
            world.simulator.borrow_mut().inject(fault);
            let (mut ok, mut chip) = (false, None);
            match collect(&world, &reader, profile, 4321, ONLINE) {
                Ok(card) => {
                    assert_eq!(acquire(&card, 4321).unwrap().card.pan().len(), 16, "{fault:?} {profile:?}");
                    ok = true;
                    chip = card.awaits_host.then(|| block_on(reader.complete(HostDecision::NoHost)));
                }
                Err(error) => assert!(!matches!(error, ReaderError::ClearCardData), "{fault:?} {profile:?}"),
            }
            let harmless = match fault {
                Fault::Noise | Fault::DoubledLastReport | Fault::SilentCompletion => true,
                // Everything was asked for; and a stripe has no chip's data.
                Fault::EveryInterface => true,
                Fault::MissingData => profile == CardProfile::Swipe,
                _ => false,
            };
            assert_eq!(ok, harmless, "{fault:?} {profile:?}");
            if let Some(decision) = chip {
                let silent = fault == Fault::SilentCompletion;
                let expected = if silent { Err(ReaderError::NoAnswer) } else { Ok(ChipDecision::Approved) };
                assert_eq!(decision, expected, "{fault:?}");
            }
            if fault == Fault::KeysUsedUp {
                let next = collect(&world, &reader, profile, 99, ONLINE);
                assert!(matches!(next, Err(ReaderError::OutOfService(_))), "{next:?}");
            } else if fault != Fault::SilentCompletion || profile == CardProfile::ContactMastercard {
                let card = collect(&world, &reader, CardProfile::ContactlessVisa, 99, ONLINE).unwrap();
                assert_eq!(
                    acquire(&card, 99).unwrap().card.pan(),
                    "4761739001010010",
                    "{fault:?} {profile:?}"
                );
            }
        }
    }
}

#[test]
fn what_the_driver_hands_out_holds_no_card_number_in_any_form() {
    let (world, reader) = room();
    for profile in [CardProfile::ContactlessVisa, CardProfile::ContactMastercard, CardProfile::Swipe] {
        let card = collect(&world, &reader, profile, 1099, ONLINE).unwrap();
        let pan = acquire(&card, 1099).unwrap().card.pan().to_owned();
        let packed = hex::decode(&pan).unwrap();
        let values = card.emv.iter().chain(&card.secret.encrypted).map(|tag| tag.value.as_slice());
        for value in values.chain([card.secret.ksn.as_slice()]) {
            assert!(!value.windows(packed.len()).any(|w| w == packed));
            assert!(!value.windows(pan.len()).any(|w| w == pan.as_bytes()));
        }
        assert!(!format!("{card:?}").contains(&pan));
        assert!(!format!("{:?}", card.shown).contains(&pan[..8]));
    }
}
