//! Would offline work: looked at again whenever what it follows from changes, now and then, and when a person asks.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gloo_timers::future::TimeoutFuture;
use leptos::prelude::{GetUntracked, Set, WithUntracked};
use leptos::task::spawn_local;
use tillandsia_core::card::ReaderInfo;
use tillandsia_core::ports::Clock;
use tillandsia_core::time::TimestampMs;

use super::local_time::{local_time, local_time_with_seconds};
use super::{Shell, TillPage};
use crate::view_models::checkout::Checkout;
use crate::view_models::readiness::ReadinessView;

/// Between two looks, milliseconds: each writes to the database, to be sure that it can.
const PAUSE_MS: u32 = 1_000;
/// Without a change it is looked at again after this, milliseconds.
const LOOK_EVERY_MS: u64 = 10 * 60 * 1000;

/// What the answer follows from, as far as it changes by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Basis {
    reader: Option<ReaderInfo>,
    settings_of: Option<TimestampMs>,
    stored: u64,
}

/// When it was looked at, and on what.
#[derive(Default)]
pub(super) struct Watch {
    basis: RefCell<Option<Basis>>,
    looked_at: Cell<TimestampMs>,
    looking: Cell<bool>,
    again: Cell<bool>,
}

impl Shell {
    /// Looks again if something changed, or the last look is long ago.
    pub(super) fn watch_readiness(self: &Rc<Self>) {
        let Some(page) = self.page() else { return };
        let basis = Some(self.basis(&page));
        let age_ms = self.readiness.looked_at.get().ms_until(page.terminal().clock().now());
        if *self.readiness.basis.borrow() != basis || age_ms > LOOK_EVERY_MS {
            self.readiness.basis.replace(basis);
            self.ask_readiness();
        }
    }

    /// Looks soon. While a look is under way, at most one more is remembered.
    pub(super) fn ask_readiness(self: &Rc<Self>) {
        let Some(page) = self.page() else { return };
        if self.readiness.looking.replace(true) {
            self.readiness.again.set(true);
            return;
        }
        let shell = Rc::clone(self);
        spawn_local(async move {
            loop {
                // A sale comes first.
                while shell.is_selling() {
                    TimeoutFuture::new(PAUSE_MS).await;
                }
                shell.readiness.again.set(false);
                shell.look(&page).await;
                TimeoutFuture::new(PAUSE_MS).await;
                if !shell.readiness.again.get() {
                    break;
                }
            }
            shell.readiness.looking.set(false);
        });
    }

    async fn look(&self, page: &TillPage) {
        let answer = page.readiness().await;
        let now = page.terminal().clock().now();
        self.readiness.looked_at.set(now);
        let view = Some(match answer {
            Ok(readiness) => ReadinessView::of(&readiness, &local_time),
            Err(error) => ReadinessView::unreadable(&error, &local_time),
        });
        self.state.readiness_at.set(local_time_with_seconds(now));
        // A button of the list keeps the focus while nothing changes.
        if self.state.readiness.with_untracked(|current| *current != view) {
            self.state.readiness.set(view);
        }
    }

    fn basis(&self, page: &TillPage) -> Basis {
        Basis {
            reader: page.terminal().reader_info(),
            settings_of: page.terminal().in_force().map(|in_force| in_force.fetched_at),
            stored: self.state.standing.get_untracked().stored_count(),
        }
    }

    fn is_selling(&self) -> bool {
        self.state
            .checkout
            .with_untracked(|sale| sale.as_ref().is_some_and(|sale| !Checkout::is_finished(sale)))
    }
}
