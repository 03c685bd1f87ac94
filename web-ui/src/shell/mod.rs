//! The effects: the only place that talks to the page around the terminal, to the reader and to the browser. One
//! effect a file; each writes what came of it to the state.

mod address;
mod events;
mod held;
mod keys;
mod local_time;
mod open;
mod outage;
pub(crate) mod panics;
mod payments;
mod preferences;
mod reader;
mod readiness;
mod receipt;
mod sale;
mod status;
mod storage;
mod toast;
mod void;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures::channel::oneshot;
use leptos::prelude::{Callback, Set, StoredValue, Update, WithValue};
use leptos::task::spawn_local;
use tillandsia_core::browser::{BrowserClock, Page};
use tillandsia_core::ids::OfflineId;
use tillandsia_core::ports::Clock;

use crate::action::Action;
use crate::state::State;
use crate::view_models::cart::{Cart, CartFull, LINES_MAX};
use crate::view_models::payment_row::Tone;
use reader::{TillReader, Wire};

/// The page with this build's reader.
type TillPage = Page<TillReader>;

/// What the effects share.
pub(crate) struct Shell {
    state: State,
    page: RefCell<Option<Rc<TillPage>>>,
    wire: Wire,
    /// Ends the creation of a payment; set only while one is being created.
    stop_creating: RefCell<Option<oneshot::Sender<()>>>,
    /// The payment whose receipt is open.
    opened: Cell<Option<OfflineId>>,
    readiness: readiness::Watch,
    reader_watch: reader::Watch,
    refreshing: Cell<bool>,
    refresh_again: Cell<bool>,
    events_heard: Cell<u64>,
    forwarded_toasted: Cell<u64>,
    toasts_shown: Cell<u64>,
    /// Whose outcome the sale in the cart has told last.
    settled_last: Cell<Option<OfflineId>>,
}

impl Shell {
    /// Starts the till: what the screens read, and where they send what a person asks for.
    pub(crate) fn start() -> (State, Callback<Action>) {
        let state = State::new(BrowserClock.now(), preferences::theme(), preferences::behavior());
        let shell = Rc::new(Shell {
            state,
            page: RefCell::default(),
            wire: Wire::default(),
            stop_creating: RefCell::default(),
            opened: Cell::default(),
            readiness: readiness::Watch::default(),
            reader_watch: reader::Watch::default(),
            refreshing: Cell::default(),
            refresh_again: Cell::default(),
            events_heard: Cell::default(),
            forwarded_toasted: Cell::default(),
            toasts_shown: Cell::default(),
            settled_last: Cell::default(),
        });
        shell.tick();
        shell.listen_to_keys();
        shell.follow_address();
        spawn_local(Rc::clone(&shell).open());
        let shell = StoredValue::new_local(shell);
        (state, Callback::new(move |action| shell.with_value(|shell| shell.dispatch(action))))
    }

    /// Carries out what a person asked for.
    fn dispatch(self: &Rc<Self>, action: Action) {
        match action {
            Action::Add(product) => self.change_cart(|cart| cart.add(&product)),
            Action::AddCustom(amount_minor) => self.change_cart(|cart| cart.add_custom(amount_minor)),
            Action::Plus(key) => self.change_cart(|cart| {
                cart.plus(&key);
                Ok(())
            }),
            Action::Minus(key) => self.change_cart(|cart| {
                cart.minus(&key);
                Ok(())
            }),
            Action::ClearCart => self.clear_cart(),
            Action::Charge => self.charge(),
            Action::ChargeAnyway => self.charge_anyway(),
            Action::CancelSale => self.cancel_sale(),
            Action::CloseCheckout => self.close_checkout(),
            #[cfg(feature = "simulator")]
            Action::PresentCard(profile) => self.present_card(profile),
            Action::OpenReceipt(id) => self.open_receipt(id),
            Action::CloseReceipt => self.close_receipt(),
            Action::Print => self.print(),
            Action::LoadMore => self.load_more(),
            Action::ForwardNow => self.forward_now(),
            Action::Retry(id) => self.retry(id),
            Action::Settle(id) => self.settle(id),
            Action::AskVoid(id) => self.ask_void(id),
            Action::KeepPayment => self.state.void.set(None),
            Action::Void => self.void(),
            Action::CheckReadiness => self.ask_readiness(),
            Action::SimulateOutage(mode) => self.simulate_outage(mode),
            Action::SetEmail(typed) => self.state.email.set(typed),
            Action::ReconnectReader => {
                let shell = Rc::clone(self);
                spawn_local(async move { shell.connect_reader().await });
            }
            Action::SetBehavior(behavior) => self.set_behavior(behavior),
            Action::SetTheme(theme) => self.set_theme(theme),
            Action::ApplyUpdate => self.apply_update(),
            Action::DismissToast(number) => self.dismiss_toast(number),
            Action::DismissError => self.state.forwarding_error.set(None),
        }
    }

    fn page(&self) -> Option<Rc<TillPage>> {
        self.page.borrow().clone()
    }

    fn change_cart(&self, change: impl FnOnce(&mut Cart) -> Result<(), CartFull>) {
        if self.cart_is_held() {
            return;
        }
        let mut full = false;
        self.state.cart.update(|cart| full = change(cart).is_err());
        if full {
            self.toast(format!("A sale has {LINES_MAX} lines at most: charge this one first."), Tone::Bad);
        }
    }
}
