//! Locks, and who may forward.

use std::cell::RefCell;
use std::rc::Rc;

use futures::future::join3;
use tillandsia_core::browser::BrowserClock;
use tillandsia_core::browser::locks::{Acquired, FORWARDER_LOCK, LockMode, acquire, scoped};
use tillandsia_core::browser::pass::{Passes, leave_to_forward};
use tillandsia_core::forwarder::Mode;
use tillandsia_core::ids::HolderId;
use tillandsia_core::journal::{LogKind, PaymentState};
use tillandsia_core::ports::Clock as _;
use tillandsia_core::time::TimestampMs;
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::raw;
use crate::till::{fresh_name, journal, new_record, write};

#[wasm_bindgen_test]
async fn a_lock_is_held_until_its_guard_goes() {
    let name = fresh_name();
    let Acquired::Held(guard) = acquire(&name, LockMode::IfAvailable).await else { panic!("it is free") };
    assert!(matches!(acquire(&name, LockMode::IfAvailable).await, Acquired::Taken));
    drop(guard);
    let Acquired::Held(_waited) = acquire(&name, LockMode::Wait).await else { panic!("it is free again") };
}

#[wasm_bindgen_test]
async fn shared_holders_keep_an_exclusive_one_out() {
    let name = fresh_name();
    let Acquired::Held(one) = acquire(&name, LockMode::Shared).await else { panic!("free") };
    let Acquired::Held(other) = acquire(&name, LockMode::Shared).await else { panic!("shared") };
    drop(one);
    assert!(matches!(acquire(&name, LockMode::IfAvailable).await, Acquired::Taken));
    drop(other);
    assert!(matches!(acquire(&name, LockMode::Wait).await, Acquired::Held(_)));
}

#[wasm_bindgen_test]
async fn a_stolen_lock_is_known_to_be_lost() {
    let name = fresh_name();
    let Acquired::Held(frozen) = acquire(&name, LockMode::IfAvailable).await else { panic!("free") };
    let Acquired::Held(thief) = acquire(&name, LockMode::Steal).await else { panic!("stolen") };
    frozen.lost().await;
    drop(frozen);
    assert!(matches!(acquire(&name, LockMode::IfAvailable).await, Acquired::Taken), "the thief has it still");
    drop(thief);
}

#[wasm_bindgen_test]
async fn a_frozen_holder_of_the_lock_does_not_stop_forwarding() {
    let journal = journal(&fresh_name()).await;
    let now = BrowserClock.now();
    let lock = scoped(FORWARDER_LOCK, journal.store().connection().name());
    let release: js_sys::Function = raw::hold_lock(&lock).await.unwrap().unchecked_into();
    let mut record = new_record();
    record.state = PaymentState::Stored { next_attempt: now };
    write(&journal, &record, LogKind::Stored, 1).await.unwrap();
    assert!(leave_to_forward(&journal).await.unwrap().is_none(), "its holder is at work");
    record.claim(&HolderId("frozen".to_owned()), TimestampMs(now.0 - 1)).unwrap();
    write(&journal, &record, LogKind::Claimed, 2).await.unwrap();
    let leave = leave_to_forward(&journal).await.unwrap().expect("its lease has run out");
    assert!(!leave.holds_lock());
    release.call0(&JsValue::UNDEFINED).unwrap();
    // The release takes effect a moment later.
    let Acquired::Held(guard) = acquire(&lock, LockMode::Wait).await else { panic!("free") };
    drop(guard);
    BrowserClock.sleep_ms(50).await;
    assert!(leave_to_forward(&journal).await.unwrap().expect("the lock is free").holds_lock());
}

#[wasm_bindgen_test]
async fn passes_of_one_context_never_overlap_and_those_asked_for_meanwhile_become_one() {
    let passes = Passes::default();
    let log = Rc::new(RefCell::new(Vec::new()));
    let pass = async |mode: Mode| {
        log.borrow_mut().push(format!("begin {mode:?}"));
        BrowserClock.sleep_ms(20).await;
        log.borrow_mut().push("end".to_owned());
    };
    let (first, second, third) =
        join3(passes.run(Mode::Due, pass), passes.run(Mode::Due, pass), passes.run(Mode::All, pass)).await;
    assert_eq!((first, second, third), (Some(()), Some(()), None));
    assert_eq!(*log.borrow(), ["begin Due", "end", "begin All", "end"]);
}
