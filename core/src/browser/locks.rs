//! Web Locks: one forwarder, one tab that delivers events, no new version while a payment is open.
//!
//! A lock only saves work and keeps order on a screen: a frozen tab keeps its locks, so nothing that money depends
//! on may rest on one.

use futures::channel::oneshot;
use futures::future::{Either, select};
use js_sys::{Function, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use super::js::{get, object};
use super::store::DATABASE;

/// One forwarder among any number of tabs and the worker.
pub const FORWARDER_LOCK: &str = "tillandsia-forwarder";
/// The tab that delivers events.
pub const EVENTS_LOCK: &str = "tillandsia-events";
/// Held shared by every tab with an open payment, exclusively by a version that takes over.
pub const PAYMENT_LOCK: &str = "tillandsia-payment";

/// The lock's name for whoever uses a database of this name: those of the usual one keep the usual names.
pub fn scoped(lock: &str, database: &str) -> String {
    if database == DATABASE { lock.to_owned() } else { format!("{lock}:{database}") }
}

/// How a lock is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockMode {
    /// At once or not at all.
    IfAvailable,
    /// However long it takes, beside others that share it.
    Shared,
    /// However long it takes.
    Wait,
    /// Taken from whoever holds it: for a holder that is frozen.
    Steal,
}

/// What became of asking.
#[derive(Debug)]
pub enum Acquired {
    /// Held until the guard is dropped, or the context ends.
    Held(LockGuard),
    /// Another context holds it.
    Taken,
    /// This browser has no locks.
    Unsupported,
}

/// Holds a lock until it is dropped.
#[derive(Debug)]
pub struct LockGuard {
    release: Function,
    released: Promise,
}

impl LockGuard {
    /// Completes when the lock is lost: released, or stolen by another context. Does not keep it.
    pub fn lost(&self) -> impl Future<Output = ()> + 'static {
        let released = JsFuture::from(self.released.clone());
        async move {
            released.await.ok();
        }
    }
}

impl Drop for LockGuard {
    fn drop(&mut self) {
        self.release.call0(&JsValue::UNDEFINED).ok();
    }
}

/// Asks for a lock.
pub async fn acquire(name: &str, mode: LockMode) -> Acquired {
    let manager = get(&get(&js_sys::global(), "navigator"), "locks");
    let Ok(request) = get(&manager, "request").dyn_into::<Function>() else { return Acquired::Unsupported };
    let (sender, receiver) = oneshot::channel();
    let granted = Closure::once_into_js(move |lock: JsValue| -> JsValue {
        if lock.is_null() {
            sender.send(None).ok();
            return JsValue::UNDEFINED;
        }
        let mut release = None;
        let held = Promise::new(&mut |resolve, _| release = Some(resolve));
        // When nobody waits any more, returning nothing lets the lock go.
        if sender.send(release).is_ok() { held.into() } else { JsValue::UNDEFINED }
    });
    let Ok(done) = request.call3(&manager, &name.into(), &options(mode), &granted) else {
        return Acquired::Unsupported;
    };
    let released: Promise = done.unchecked_into();
    match select(receiver, JsFuture::from(released.clone())).await {
        Either::Left((Ok(Some(release)), _)) => Acquired::Held(LockGuard { release, released }),
        Either::Left((Ok(None), _)) => Acquired::Taken,
        Either::Left((Err(_), _)) | Either::Right(_) => Acquired::Unsupported,
    }
}

fn options(mode: LockMode) -> JsValue {
    match mode {
        LockMode::IfAvailable => object(&[("ifAvailable", true.into())]),
        LockMode::Shared => object(&[("mode", "shared".into())]),
        LockMode::Wait => object(&[]),
        LockMode::Steal => object(&[("steal", true.into())]),
    }
}
