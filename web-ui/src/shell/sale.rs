//! A sale: create, collect, confirm, and what the dialog shows meanwhile.

use std::pin::pin;
use std::rc::Rc;

use futures::channel::oneshot;
use futures::future::{Either, select};
use gloo_timers::future::TimeoutFuture;
use leptos::prelude::{GetUntracked, Set, Update, WithUntracked};
use leptos::task::spawn_local;
use tillandsia_core::error::{ErrorCode, TerminalError};
use tillandsia_core::ids::OfflineId;
use tillandsia_core::journal::PaymentState;
use tillandsia_core::payment_intent::{CaptureMethod, PaymentIntent};
use tillandsia_core::ports::ReaderPrompt;
use tillandsia_core::terminal::{CollectParameters, ConfirmParameters, CreateParameters, intent_of};

use super::{Shell, TillPage};
use crate::view_models::cart::Cart;
use crate::view_models::checkout::Checkout;
use crate::view_models::held_sale::Outcome;
use crate::view_models::payment_row::Tone;
use crate::view_models::receipt_email;

/// How often a card is asked for again because the connection was lost in between; a network that comes and goes
/// must not keep a customer for ever.
const COLLECT_AGAIN_MAX: u32 = 3;
/// How often a cancel is repeated while the reader is on its way to waiting for a card, 100 ms apart.
const CANCEL_TRIES_MAX: u32 = 50;

/// Why a sale ended without being paid.
enum Ended {
    /// A person canceled it.
    Canceled,
    /// It failed. `confirmed` says that a confirmation was tried, hence that the gateway may know of it.
    Failed { error: TerminalError, payment: Option<OfflineId>, confirmed: bool },
}

impl Shell {
    /// Charges what is in the cart. Does nothing while another sale runs, nor while its outcome is being asked, unless
    /// a person asked for another try of a second charge.
    pub(super) fn charge(self: &Rc<Self>) {
        let again =
            self.state.checkout.with_untracked(|sale| sale.as_ref().is_some_and(Checkout::can_try_again));
        if again || self.state.can_charge().get_untracked() {
            self.charge_anyway();
        }
    }

    /// Charges what is in the cart, also when an earlier charge of it may have succeeded.
    pub(super) fn charge_anyway(self: &Rc<Self>) {
        let state = self.state;
        let running =
            state.checkout.with_untracked(|sale| sale.as_ref().is_some_and(|sale| !sale.is_finished()));
        if running || !state.could_charge().get_untracked() {
            return;
        }
        let Some(page) = self.page() else { return };
        let (stop, stopped) = oneshot::channel();
        self.stop_creating.replace(Some(stop));
        page.set_payment_open(true);
        let amount = state.total().get_untracked();
        state.checkout.set(Some(Checkout::new(amount)));
        let parameters = CreateParameters {
            amount,
            capture_method: CaptureMethod::Automatic,
            offline_behavior: state.behavior.get_untracked(),
            metadata: state.cart.with_untracked(Cart::metadata),
            receipt_email: state.email.with_untracked(|typed| receipt_email::address(typed)),
            ..CreateParameters::of(amount)
        };
        let shell = Rc::clone(self);
        spawn_local(async move {
            match shell.run_sale(&page, parameters, stopped).await {
                Ok(intent) => shell.sale_paid(&page, &intent),
                Err(Ended::Canceled) => shell.sale_canceled(&page),
                Err(Ended::Failed { error, payment, confirmed }) => {
                    let asked = payment.filter(|_| confirmed);
                    shell.sale_failed(&page, &error, asked).await;
                }
            }
            shell.refresh();
        });
    }

    async fn run_sale(
        &self,
        page: &TillPage,
        parameters: CreateParameters,
        stopped: oneshot::Receiver<()>,
    ) -> Result<PaymentIntent, Ended> {
        let create = pin!(async {
            self.reader_settled().await;
            page.terminal().create_payment_intent(parameters).await
        });
        let mut intent = match select(create, stopped).await {
            Either::Left((created, _)) => {
                created.map_err(|error| Ended::Failed { error, payment: None, confirmed: false })?
            }
            // Given up here, it simply never gets a card on the gateway.
            Either::Right(_) => return Err(Ended::Canceled),
        };
        self.stop_creating.take();
        let id = intent.offline_id;
        let failed = |error, confirmed| Ended::Failed { error, payment: Some(id), confirmed };
        let mut tries = 0;
        loop {
            self.update_checkout(|checkout| checkout.collecting(id));
            let collected = page
                .terminal()
                .collect_payment_method(intent, CollectParameters::default(), &|prompt| self.prompted(prompt))
                .await;
            intent = match collected {
                Ok(intent) if !self.is_canceling() => intent,
                Err(error) if error.code != ErrorCode::Canceled => return Err(failed(error, false)),
                _ => return Err(Ended::Canceled),
            };
            self.update_checkout(Checkout::confirming);
            match page.terminal().confirm_payment_intent(intent, ConfirmParameters::default()).await {
                Ok(confirmed) => return Ok(confirmed),
                Err(TerminalError {
                    code: ErrorCode::OfflineCollectAndConfirmMismatch,
                    payment_intent: Some(again),
                    ..
                }) if tries < COLLECT_AGAIN_MAX => intent = *again,
                Err(error) => return Err(failed(error, true)),
            }
            tries += 1;
        }
    }

    /// Gives the running sale up while the card is waited for.
    pub(super) fn cancel_sale(self: &Rc<Self>) {
        if !self.state.checkout.with_untracked(|sale| sale.as_ref().is_some_and(Checkout::can_cancel)) {
            return;
        }
        if let Some(stop) = self.stop_creating.take() {
            stop.send(()).ok();
            return;
        }
        self.update_checkout(|checkout| checkout.canceling = true);
        let shell = Rc::clone(self);
        spawn_local(async move {
            // The reader may still be on its way to waiting: a cancel then meets nothing to cancel.
            for _ in 0..CANCEL_TRIES_MAX {
                let Some(page) = shell.page() else { return };
                if !shell.is_canceling() {
                    return;
                }
                page.terminal().cancel_collect().await;
                TimeoutFuture::new(100).await;
            }
        });
    }

    /// Leaves the result of a sale.
    pub(super) fn close_checkout(&self) {
        if self.state.checkout.with_untracked(|sale| sale.as_ref().is_some_and(Checkout::is_finished)) {
            self.state.checkout.set(None);
            if let Some(page) = self.page() {
                page.set_payment_open(false);
            }
        }
    }

    #[cfg(feature = "simulator")]
    pub(super) fn present_card(&self, profile: &str) {
        if let Err(why) = self.wire.present(profile) {
            self.toast(why, Tone::Bad);
        }
    }

    fn prompted(&self, prompt: ReaderPrompt) {
        self.update_checkout(|checkout| checkout.prompt(prompt));
    }

    /// Only here a sale is shown as paid: `confirm_payment_intent` has returned, so it is authorised or durably stored.
    fn sale_paid(&self, page: &TillPage, intent: &PaymentIntent) {
        let forward_within_ms = page.terminal().offline_policy().forward_within_ms;
        self.update_checkout(|checkout| checkout.confirmed(intent, forward_within_ms));
        self.clear_cart();
    }

    /// `asked` is the payment whose confirmation was tried: the journal says what became of it.
    async fn sale_failed(&self, page: &TillPage, error: &TerminalError, asked: Option<OfflineId>) {
        let sent = match asked {
            Some(id) => what_became_of(page, id, error).await,
            None => Sent::Nowhere,
        };
        let has_session = page.terminal().session().is_some();
        match (sent, asked) {
            (Sent::Accepted(intent), _) => self.sale_paid(page, &intent),
            (Sent::Unknown, Some(id)) => {
                self.hold_sale(id);
                self.update_checkout(|checkout| checkout.failed(error, true, has_session));
            }
            (Sent::Ended(outcome), Some(id)) => self.update_checkout(|checkout| {
                checkout.failed(error, true, has_session);
                checkout.settle(id, &outcome);
            }),
            _ => self.update_checkout(|checkout| checkout.failed(error, false, has_session)),
        }
    }

    fn sale_canceled(&self, page: &TillPage) {
        self.stop_creating.take();
        self.state.checkout.set(None);
        page.set_payment_open(false);
        self.toast("Canceled. Nothing was charged.".to_owned(), Tone::Neutral);
    }

    fn is_canceling(&self) -> bool {
        self.state.checkout.with_untracked(|sale| sale.as_ref().is_some_and(|sale| sale.canceling))
    }

    fn update_checkout(&self, change: impl FnOnce(&mut Checkout)) {
        self.state.checkout.update(|sale| {
            if let Some(sale) = sale {
                change(sale);
            }
        });
    }
}

/// What the journal says of a payment whose confirmation failed.
enum Sent {
    /// It was taken after all, or it is stored.
    Accepted(Box<PaymentIntent>),
    /// It was sent and has no outcome yet, or the journal cannot say.
    Unknown,
    /// Its outcome was not known when the confirmation returned, and is by now.
    Ended(Outcome),
    /// Nothing was charged.
    Nowhere,
}

async fn what_became_of(page: &TillPage, id: OfflineId, error: &TerminalError) -> Sent {
    match page.terminal().record(id).await {
        Ok(record) if record.counts_as_stored() || matches!(record.state, PaymentState::Accepted(_)) => {
            Sent::Accepted(Box::new(intent_of(&record)))
        }
        Ok(record) if record.is_final() && error.code == ErrorCode::OutcomeUnknown => {
            Sent::Ended(Outcome::of(&record))
        }
        Ok(record) if record.is_final() => Sent::Nowhere,
        Ok(_) => Sent::Unknown,
        Err(error) if error.code == ErrorCode::PaymentIntentNotFoundOffline => Sent::Nowhere,
        Err(_) => Sent::Unknown,
    }
}
