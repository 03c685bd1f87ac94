//! What a row needs of the world: a till with the JavaScript API, and a world around it that can be made to fail.

use futures::future::LocalBoxFuture;
use serde_json::Value;

/// A step of a row. An error is the rig's own, never the product's.
pub type Step<'a, T> = LocalBoxFuture<'a, anyhow::Result<T>>;

/// What a call came to.
pub type Answer = Result<Value, Failure>;

/// A `TerminalError`, as the app has it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Failure {
    /// The stable name.
    pub code: String,
    /// What to do about it.
    pub message: String,
    /// The issuer's reason; null when it has none.
    pub decline_code: Value,
    /// The payment as it stands after the failure; null when it belongs to none.
    pub payment_intent: Value,
}

impl Failure {
    /// Out of an error's JSON form.
    pub fn of(error: &Value) -> Self {
        let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let part = |name: &str| error.get(name).cloned().unwrap_or(Value::Null);
        Failure {
            code: text("code"),
            message: text("message"),
            decline_code: part("declineCode"),
            payment_intent: part("paymentIntent"),
        }
    }
}

/// Where the rows run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In this process: the API over in-memory ports, the gateway's ledger and the simulated reader.
    Native,
    /// In a page of a real browser, against the gateway's process.
    Browser,
}

/// Which requests to the gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "named as the port's calls")]
pub enum Request {
    /// Of whatever kind.
    Any,
    Session,
    Probe,
    Create,
    Inspect,
    Confirm,
    Forward,
    Capture,
    Resolve,
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is carried out, and its answer is lost.
    Lost,
    /// Answered with this status in the gateway's place; `Retry-After` in seconds.
    Status(u16, Option<u32>),
    /// A captive portal answers 200 with a page.
    Portal,
    /// The session has ended.
    SessionEnded,
    /// It never arrives, and nobody is told.
    Stalled,
}

/// Whose connection tokens the app gives out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Account {
    /// The shop's.
    Shop,
    /// Another shop's.
    Other,
    /// One that moves money.
    Live,
}

/// What the customer, or whoever is at the till, does once the reader asks for a card.
#[derive(Debug, Clone, PartialEq)]
pub enum Hand {
    /// Presents the card of a profile.
    Present(&'static str),
    /// The same to a reader with a fault.
    Faulty(&'static str, &'static str),
    /// The connection is lost, which nobody notices yet; then the card is presented.
    CutAndPresent(&'static str),
    /// Presses cancel (an `AbortSignal`).
    Cancel,
    /// Pulls the reader's plug.
    Unplug,
    /// Nothing, until the reader gives up.
    Nobody,
    /// Makes another call meanwhile, then cancels. `connectReader` connects another reader.
    CallThenCancel(&'static str, Value),
}

/// Something that changes around the till.
#[derive(Debug, Clone, PartialEq)]
pub enum Control {
    /// The gateway can be reached, or not; done when every till has noticed.
    Network(bool),
    /// The gateway can no longer be reached, and no till has noticed.
    Cut,
    /// The gateway can be reached again, and no till has noticed yet.
    Mend,
    /// The browser says that there is a network, or none, whatever the gateway says.
    BrowserSays(bool),
    /// What happens to the next so many requests of a kind.
    Fault(Request, Fate, u32),
    /// No more faults.
    Heal,
    /// The location's configuration is another one: its `offline` part, in the gateway's field names.
    Configure(Value),
    /// The location has no configuration of its own, and this one is its account's.
    ConfigureAccount(Value),
    /// The location is in this country.
    Country(&'static str),
    /// The app's tokens are of this account; the session that is open has ended.
    SwitchAccount(Account),
    /// Whether the app gives connection tokens.
    Tokens(bool),
    /// The device's clock goes on by so many milliseconds, and what was planned until then happens now.
    Advance(u64),
    /// Whether the app takes `forwardpaymentintent` events.
    AppTakes(bool),
    /// Whether the app listens to `forwardingerror`, in the first tab; `open` says how it begins.
    AppListens(bool),
    /// The gateway holds this offline id with other content.
    Occupy(String),
    /// The device's database fails from now on.
    BreakStorage,
    /// Whether the device's disk is full: what is there can be read, and nothing can be written.
    DiskFull(bool),
    /// What the browser says of its storage: whether it keeps it, and how many bytes are free.
    Storage(Option<bool>, Option<u64>),
    /// A tab starts forwarding and freezes before its request has left: its claim stays, and it keeps the forwarding lock.
    Freeze(usize),
    /// A tab starts forwarding and is closed before its request has left: its claim stays.
    Close(usize),
    /// A tab that has nothing under way is closed; not the first one.
    Leave(usize),
    /// The key that protects stored payments cannot be used from now on.
    BreakKey,
    /// The reader runs another firmware from its next connection on.
    Firmware(&'static str),
}

/// Something that is looked at from outside of the till.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Look {
    /// The gateway's charges, newest first.
    Charges,
    /// The gateway's PaymentIntents, newest first.
    PaymentIntents,
    /// How many requests of a kind have reached the network so far.
    Sent(Request),
    /// The offline ids of each forwarding request that was sent, in order.
    Batches,
    /// How many bytes the device keeps of this payment.
    BytesKept(String),
}

/// A world that rows run in.
pub trait Rig {
    /// Where it is.
    fn place(&self) -> Place;
    /// Everything new: a location with the usual configuration, a device that has stored nothing, no till open.
    fn begin(&self) -> Step<'_, ()>;
    /// Opens a till in a tab, as a page load does: what was stored is there again. Done when it knows whether it is
    /// online. `listens`: the three offline events have listeners.
    fn open(&self, tab: usize, listens: bool) -> Step<'_, ()>;
    /// Connects the simulated reader.
    fn connect(&self, tab: usize) -> Step<'_, Answer>;
    /// Calls a method of the JavaScript API; `networkStatus` and `connectedReader` are read.
    fn call<'a>(&'a self, tab: usize, method: &'a str, arguments: Value) -> Step<'a, Answer>;
    /// `collectPaymentMethod` with somebody at the reader. The second answer is of the call that was made meanwhile.
    fn collect(
        &self,
        tab: usize,
        payment: Value,
        options: Value,
        hand: Hand,
    ) -> Step<'_, (Answer, Option<Answer>)>;
    /// The events since the tab was opened: `[{type, detail}]`.
    fn events(&self, tab: usize) -> Step<'_, Vec<Value>>;
    /// Changes the world.
    fn control(&self, control: Control) -> Step<'_, ()>;
    /// Looks at the world.
    fn look(&self, look: Look) -> Step<'_, Value>;
    /// Lets a moment pass, in which the till does what it does by itself.
    fn moment(&self) -> Step<'_, ()>;
    /// How many moments something may take.
    fn moments_max(&self) -> usize;
}
