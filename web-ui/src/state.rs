//! What the screens read. Only the shell writes it.

use leptos::prelude::{Get, Memo, RwSignal, Signal, Update, With};
use tillandsia_core::card::ReaderInfo;
use tillandsia_core::money::{Currency, Money};
use tillandsia_core::offline::OfflinePolicy;
use tillandsia_core::payment_intent::OfflineBehavior;
use tillandsia_core::simulated_offline::SimulatedOfflineMode;
use tillandsia_core::time::TimestampMs;

use crate::view_models::banner::Standing;
use crate::view_models::cart::Cart;
use crate::view_models::checkout::Checkout;
use crate::view_models::held_sale::HeldSale;
use crate::view_models::payment_list::PaymentList;
use crate::view_models::payment_row::{Activity, Tone};
use crate::view_models::reader_trouble::ReaderTrouble;
use crate::view_models::readiness::ReadinessView;
use crate::view_models::receipt::Receipt;
use crate::view_models::receipt_email;
use crate::view_models::shop::Shop;
use crate::view_models::void::VoidQuestion;

/// How many toasts are shown at once; older ones go. What they say is in the activity list too.
const TOASTS_MAX: usize = 4;

/// Whether the till can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Lifecycle {
    /// The database and the reader are being opened.
    Starting,
    /// Payments can be taken.
    Ready,
    /// The database cannot be used: why, and what to do.
    Failed(String),
}

/// The screens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Screen {
    /// The catalogue and the sale.
    Till,
    /// The list of payments.
    Payments,
    /// The till's settings and its state.
    Settings,
    /// Whether offline would work; reached from the settings and from its sign.
    Readiness,
}

impl Screen {
    /// Every screen.
    pub(crate) const ALL: [Screen; 4] = [Screen::Till, Screen::Payments, Screen::Settings, Screen::Readiness];
    /// Those of the navigation, in its order.
    pub(crate) const NAVIGATION: [Screen; 3] = [Screen::Till, Screen::Payments, Screen::Settings];

    /// Its place in the address.
    pub(crate) const fn hash(self) -> &'static str {
        match self {
            Screen::Till => "#/",
            Screen::Payments => "#/payments",
            Screen::Settings => "#/settings",
            Screen::Readiness => "#/readiness",
        }
    }
}

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Theme {
    /// As the device.
    System,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

/// How the reader stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ReaderState {
    /// Being connected.
    Connecting,
    /// Connected.
    Connected(ReaderInfo),
    /// Not connected: why, and what to do.
    Failed(ReaderTrouble),
}

/// What the browser says about the till's storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct StorageView {
    /// Whether it promised not to evict it; `None` when it does not say.
    pub(crate) persisted: Option<bool>,
    /// Bytes used.
    pub(crate) usage: Option<u64>,
    /// Bytes that may be used.
    pub(crate) quota: Option<u64>,
}

/// A short message in the corner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Toast {
    /// Tells toasts apart.
    pub(crate) number: u64,
    /// What happened.
    pub(crate) text: String,
    /// Its colour and sign.
    pub(crate) tone: Tone,
}

/// Everything the screens read.
#[derive(Clone, Copy)]
pub(crate) struct State {
    pub(crate) lifecycle: RwSignal<Lifecycle>,
    pub(crate) screen: RwSignal<Screen>,
    /// Ticks every second.
    pub(crate) now: RwSignal<TimestampMs>,
    pub(crate) shop: RwSignal<Shop>,
    pub(crate) standing: RwSignal<Standing>,
    pub(crate) policy: RwSignal<OfflinePolicy>,
    pub(crate) reader: RwSignal<ReaderState>,
    pub(crate) cart: RwSignal<Cart>,
    /// What the sale in the cart waits for.
    pub(crate) held: RwSignal<HeldSale>,
    pub(crate) checkout: RwSignal<Option<Checkout>>,
    pub(crate) payments: RwSignal<PaymentList>,
    /// Delivered events of this page, newest first.
    pub(crate) activity: RwSignal<Vec<Activity>>,
    pub(crate) receipt: RwSignal<Option<Receipt>>,
    /// The payment that is asked about, before it is taken back.
    pub(crate) void: RwSignal<Option<VoidQuestion>>,
    /// Whether offline would work, as of the last look.
    pub(crate) readiness: RwSignal<Option<ReadinessView>>,
    /// When that was, local time.
    pub(crate) readiness_at: RwSignal<String>,
    /// Which outage is simulated.
    pub(crate) simulated: RwSignal<SimulatedOfflineMode>,
    /// The customer's e-mail for the sale in the cart, as typed.
    pub(crate) email: RwSignal<String>,
    pub(crate) storage: RwSignal<Option<StorageView>>,
    pub(crate) behavior: RwSignal<OfflineBehavior>,
    pub(crate) theme: RwSignal<Theme>,
    /// A new version waits.
    pub(crate) update_ready: RwSignal<bool>,
    /// Why nothing can be written.
    pub(crate) read_only: RwSignal<Option<String>>,
    /// The last error of forwarding that belongs to no payment.
    pub(crate) forwarding_error: RwSignal<Option<String>>,
    pub(crate) toasts: RwSignal<Vec<Toast>>,
}

impl State {
    /// The state of a till that has just been started.
    pub(crate) fn new(now: TimestampMs, theme: Theme, behavior: OfflineBehavior) -> Self {
        State {
            lifecycle: RwSignal::new(Lifecycle::Starting),
            screen: RwSignal::new(Screen::Till),
            now: RwSignal::new(now),
            shop: RwSignal::new(Shop::of(None)),
            standing: RwSignal::new(Standing::default()),
            policy: RwSignal::new(OfflinePolicy::default()),
            reader: RwSignal::new(ReaderState::Connecting),
            cart: RwSignal::new(Cart::default()),
            held: RwSignal::new(HeldSale::default()),
            checkout: RwSignal::new(None),
            payments: RwSignal::new(PaymentList::default()),
            activity: RwSignal::new(Vec::new()),
            receipt: RwSignal::new(None),
            void: RwSignal::new(None),
            readiness: RwSignal::new(None),
            readiness_at: RwSignal::new(String::new()),
            simulated: RwSignal::new(SimulatedOfflineMode::Off),
            email: RwSignal::new(String::new()),
            storage: RwSignal::new(None),
            behavior: RwSignal::new(behavior),
            theme: RwSignal::new(theme),
            update_ready: RwSignal::new(false),
            read_only: RwSignal::new(None),
            forwarding_error: RwSignal::new(None),
            toasts: RwSignal::new(Vec::new()),
        }
    }

    /// What prices are in.
    pub(crate) fn currency(self) -> Signal<Currency> {
        Signal::derive(move || self.shop.with(|shop| shop.currency))
    }

    /// What the sale costs.
    pub(crate) fn total(self) -> Signal<Money> {
        let currency = self.currency();
        Signal::derive(move || self.cart.with(|cart| cart.total(currency.get())))
    }

    /// How many outcomes are being asked.
    pub(crate) fn asked_count(self) -> Memo<usize> {
        Memo::new(move |_| {
            let in_dialog = self.checkout.with(|sale| sale.as_ref().and_then(|sale| sale.payment));
            self.standing.with(|standing| standing.asked_count(self.now.get(), in_dialog))
        })
    }

    /// Whether the sale can be charged now.
    pub(crate) fn can_charge(self) -> Signal<bool> {
        let held = self.held;
        let could = self.could_charge();
        Signal::derive(move || could.get() && !held.with(HeldSale::is_held))
    }

    /// Whether the sale could be charged, if its outcome were not being asked.
    pub(crate) fn could_charge(self) -> Signal<bool> {
        Signal::derive(move || {
            self.cart.with(Cart::is_chargeable)
                && self.email.with(|typed| receipt_email::problem(typed).is_none())
                && self.lifecycle.get() == Lifecycle::Ready
                && self.read_only.with(Option::is_none)
        })
    }

    /// What the till says of its readiness on every screen. Nothing while the reader is being connected.
    pub(crate) fn readiness_sign(self) -> Option<(String, Tone)> {
        let settled = self.lifecycle.get() == Lifecycle::Ready
            && self.reader.with(|reader| *reader != ReaderState::Connecting);
        let now = self.now.get();
        self.readiness.with(|view| view.as_ref().filter(|_| settled)?.sign(now))
    }

    /// Shows a toast in place of the one with the same number, if there is one.
    pub(crate) fn toast(self, number: u64, text: String, tone: Tone) {
        self.toasts.update(|toasts| {
            toasts.retain(|toast| toast.number != number);
            toasts.push(Toast { number, text, tone });
            let surplus = toasts.len().saturating_sub(TOASTS_MAX);
            toasts.drain(..surplus);
        });
    }
}
