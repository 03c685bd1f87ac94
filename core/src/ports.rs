//! All that the core asks of the world. Each port is small; each implementation passes the conformance suite
//! of `testing` where there is one.
//!
//! Futures need not be `Send`: a page, a worker and the simulator are single-threaded.
#![allow(async_fn_in_trait)]

use crate::card::{CardRead, ReaderInfo};
use crate::error::ErrorCode;
use crate::ids::OfflineId;
use crate::journal::{Commit, Head, LogEntry, PaymentRow, QueuePosition, Sealed};
use crate::money::Money;
use crate::time::TimestampMs;
use crate::wire;

/// The ports of one context, together.
pub trait Platform {
    /// Where payments are written down.
    type Store: Store;
    /// What encrypts them.
    type Vault: Vault;
    /// Where they are forwarded to.
    type Gateway: Gateway;
    /// What time it is.
    type Clock: Clock + Clone;
    /// Where randomness comes from.
    type Entropy: Entropy + Clone;
}

/// The device's clock.
pub trait Clock {
    /// Now, in unix milliseconds.
    fn now(&self) -> TimestampMs;
    /// Completes after `ms` milliseconds; in a background page the browser may make it later.
    async fn sleep_ms(&self, ms: u64);
}

/// Randomness that cannot be guessed.
pub trait Entropy {
    /// Fills `buffer` with random bytes.
    fn fill(&self, buffer: &mut [u8]);
}

/// Encryption at rest, with a key that cannot leave the device.
pub trait Vault {
    /// Encrypts `plaintext`; the same `associated` bytes are needed to open it again.
    async fn seal(&self, plaintext: &[u8], associated: &[u8]) -> Result<Sealed, VaultError>;
    /// Decrypts; an altered ciphertext or other `associated` bytes are an error.
    async fn open(&self, sealed: &Sealed, associated: &[u8]) -> Result<Vec<u8>, VaultError>;
}

/// Why something could not be sealed or opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VaultError {
    /// There is no key, or the browser refuses to use it.
    #[error("the key that protects stored payments cannot be used: {0}")]
    KeyUnavailable(String),
    /// The bytes were altered, or belong to another record.
    #[error("the record does not open with this device's key: it was altered or belongs elsewhere")]
    DoesNotOpen,
}

/// Where payments and their log are written down. Each call is one transaction of its own.
pub trait Store {
    /// The log's head and the totals, as of the last commit.
    async fn head(&self) -> Result<Head, StoreError>;
    /// Writes rows, log entries and the new head in one durable (`strict`) transaction, or nothing at all.
    /// Returns only when it is durable. `StoreError::Conflict` when the head is not `commit.expected`, or when a row
    /// of revision 1 is there already.
    async fn commit(&self, commit: Commit) -> Result<(), StoreError>;
    /// One payment.
    async fn payment(&self, id: OfflineId) -> Result<Option<PaymentRow>, StoreError>;
    /// Claimable payments (`PaymentRow::queue` is set) behind `after`, oldest deadline first.
    async fn queue(&self, after: Option<QueuePosition>, limit: usize) -> Result<Vec<PaymentRow>, StoreError>;
    /// Payments behind `after` that wait for a person (`PaymentRow::attention` is set), oldest deadline first.
    async fn attention(
        &self,
        after: Option<QueuePosition>,
        limit: usize,
    ) -> Result<Vec<PaymentRow>, StoreError>;
    /// Payments behind `after` whose event the app has not acknowledged yet, oldest first.
    async fn unacknowledged(
        &self,
        after: Option<OfflineId>,
        limit: usize,
    ) -> Result<Vec<PaymentRow>, StoreError>;
    /// Payments older than `before` (all when `None`), newest first.
    async fn newest(&self, before: Option<OfflineId>, limit: usize) -> Result<Vec<PaymentRow>, StoreError>;
    /// Log entries from sequence number `from`, in order.
    async fn log(&self, from: u64, limit: usize) -> Result<Vec<LogEntry>, StoreError>;
    /// Writes a sealed setting (session, configuration), durably.
    async fn put_setting(&self, name: &str, sealed: Sealed) -> Result<(), StoreError>;
    /// Reads a sealed setting.
    async fn setting(&self, name: &str) -> Result<Option<Sealed>, StoreError>;
    /// Proves that `bytes` more can be written durably now: writes and replaces a spare row of that size.
    async fn reserve(&self, bytes: usize) -> Result<(), StoreError>;
}

/// Why the store did not do what it was asked. Nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Another tab or the worker committed in between: read again and decide again.
    #[error("another tab wrote first")]
    Conflict,
    /// The disk or the browser's quota is full.
    #[error("the device's storage is full; nothing was lost, free some space")]
    Full,
    /// The database was written by a newer version of the till and is open for reading only.
    #[error(
        "the stored payments were written by a newer version of the till (schema {found}); reload the till"
    )]
    NewerVersion {
        /// The schema version found.
        found: u32,
    },
    /// A row that cannot be read. It stays where it is; the rest works on.
    #[error("a stored row cannot be read: {0}")]
    Unreadable(String),
    /// The database cannot be opened or was lost; the text is the browser's.
    #[error("the device's database is not available: {0}")]
    Unavailable(String),
}

/// The server that payments are forwarded to. Implementations keep a session with it (connection token,
/// session secret) and say `GatewayError::TokenProvider` when the app gives no token.
pub trait Gateway {
    /// Opens a session with a fresh connection token; later requests use it. Also done unasked when the gateway
    /// says that the session has ended.
    async fn open_session(&self) -> Result<wire::Session, GatewayError>;
    /// The session in use, where there is one.
    fn session(&self) -> Option<wire::Session>;
    /// Whether the gateway itself answers within about 3 s: it must return `nonce`. A portal page does not.
    async fn probe(&self, nonce: &str) -> bool;
    /// Makes the PaymentIntent on the gateway. Idempotent by offline id.
    async fn create(&self, request: &wire::CreatePayment) -> Result<wire::PaymentIntent, GatewayError>;
    /// Says what may be known of the card that was presented, and notes it on the PaymentIntent. Nothing is charged.
    async fn update_payment_method(
        &self,
        request: &wire::PaymentSubmission,
    ) -> Result<wire::PaymentMethod, GatewayError>;
    /// Authorises (and captures, when automatic) with the card's data. Idempotent by offline id.
    async fn confirm(&self, request: &wire::PaymentSubmission) -> Result<wire::ForwardResult, GatewayError>;
    /// Hands over stored payments; an answer for each. Idempotent by offline id.
    async fn forward(&self, batch: &wire::ForwardBatch) -> Result<wire::ForwardResults, GatewayError>;
    /// Captures an authorised payment; `amount_minor` below the authorised amount captures less.
    async fn capture(
        &self,
        payment_intent: &str,
        amount_minor: Option<u64>,
    ) -> Result<wire::PaymentIntent, GatewayError>;
    /// What became of an online confirmation whose answer never came. If the gateway has not seen it, it is
    /// canceled there for ever, so that a late request cannot charge. A gateway that the payment is not of refuses (403), and
    /// one that knows other content under the id (422).
    async fn resolve(
        &self,
        id: OfflineId,
        question: &wire::Question,
    ) -> Result<wire::ForwardResult, GatewayError>;
}

/// Why a whole request to the gateway gave no answer that can be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GatewayError {
    /// No connection, or it broke. Whether the gateway took the request is unknown.
    #[error("the gateway cannot be reached")]
    Unreachable,
    /// No answer in time. Whether the gateway took the request is unknown.
    #[error("the gateway did not answer in time")]
    TimedOut,
    /// Something answered that is not the gateway: a captive portal or a proxy.
    #[error("something other than the gateway answered: sign in to the network, or check the address")]
    NotTheGateway,
    /// The app's connection-token provider failed.
    #[error("no connection token: {0}")]
    TokenProvider(String),
    /// The gateway answered with an error for the request as a whole.
    #[error("the gateway refused the request ({status} {code}): {message}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// The gateway's error code.
        code: String,
        /// The gateway's words.
        message: String,
        /// `Retry-After`, in milliseconds.
        retry_after_ms: Option<u64>,
    },
}

impl GatewayError {
    /// Whether the same request may be sent again later without a person.
    pub const fn is_retryable(&self) -> bool {
        match self {
            GatewayError::Refused { status, .. } => matches!(*status, 401 | 408 | 409 | 429 | 500..=599),
            _ => true,
        }
    }

    /// The stable code a person is told.
    pub const fn code(&self) -> ErrorCode {
        match self {
            GatewayError::Unreachable | GatewayError::NotTheGateway => ErrorCode::NotConnectedToInternet,
            GatewayError::TimedOut => ErrorCode::RequestTimedOut,
            GatewayError::TokenProvider(_) => ErrorCode::ConnectionTokenProviderError,
            GatewayError::Refused { status: 429, .. } => ErrorCode::RateLimited,
            GatewayError::Refused { status: 400..=499, .. } => ErrorCode::InvalidRequest,
            GatewayError::Refused { .. } => ErrorCode::ApiError,
        }
    }

    /// The code of an error of forwarding that belongs to no single payment.
    pub const fn code_while_forwarding(&self) -> ErrorCode {
        match self {
            GatewayError::TokenProvider(_) => ErrorCode::ConnectionTokenProviderErrorWhileForwarding,
            _ => self.code(),
        }
    }

    /// Whether the gateway was not there at all: what tells the till that it is offline.
    pub const fn is_offline(&self) -> bool {
        matches!(self, GatewayError::Unreachable | GatewayError::TimedOut | GatewayError::NotTheGateway)
    }
}

/// Which ways to present a card are offered to the customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Interfaces {
    /// Insert.
    pub contact: bool,
    /// Tap.
    pub contactless: bool,
    /// Swipe.
    pub swipe: bool,
}

/// What a reader is asked to collect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CollectRequest {
    /// The amount, which goes into the chip's cryptogram.
    pub amount: Money,
    /// What to offer.
    pub interfaces: Interfaces,
    /// How long the reader waits for a card, in seconds.
    pub timeout_s: u8,
}

/// What to tell the customer while a card is collected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReaderPrompt {
    /// Present a card in one of these ways.
    Present(Interfaces),
    /// Leave the card in: the chip is being read.
    DoNotRemove,
    /// Take the card out.
    RemoveCard,
    /// More than one card: present one only.
    OneCardOnly,
    /// It was not read: try again.
    TryAgain,
    /// Use the chip instead.
    UseChip,
}

/// The host's answer that an inserted chip waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HostDecision {
    /// The issuer approved.
    Approved,
    /// The issuer declined.
    Declined,
    /// There was no host: the payment is stored.
    NoHost,
}

/// What the chip decided in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChipDecision {
    /// The chip agrees.
    Approved,
    /// The chip declines, whatever the host said.
    Declined,
}

/// A card reader. One command at a time.
pub trait Reader {
    /// Finds out who it is; also after it was unplugged.
    async fn connect(&self) -> Result<ReaderInfo, ReaderError>;
    /// Waits for a card. `prompt` hears what to tell the customer.
    async fn collect(
        &self,
        request: CollectRequest,
        prompt: &dyn Fn(ReaderPrompt),
    ) -> Result<CardRead, ReaderError>;
    /// Finishes a chip that awaits the host (`CardRead::awaits_host`).
    async fn complete(&self, decision: HostDecision) -> Result<ChipDecision, ReaderError>;
    /// Ends a running `collect`, which then returns `ReaderError::Canceled`. Nothing happens when none runs.
    async fn cancel(&self);
}

/// Why the reader gave no card. Texts never hold card data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReaderError {
    /// Unplugged, or never connected.
    #[error("the reader is not connected: plug it in and connect it")]
    NotConnected,
    /// Another command runs.
    #[error("the reader is busy: finish or cancel what it does")]
    Busy,
    /// The person cancelled.
    #[error("canceled")]
    Canceled,
    /// Nobody presented a card in time.
    #[error("no card was presented in time: start again")]
    TimedOut,
    /// The reader does not answer.
    #[error("the reader does not answer: unplug it, plug it in and connect it again")]
    NoAnswer,
    /// The card itself declined.
    #[error("the card declined: ask for another card")]
    CardDeclined,
    /// The card has expired, says the reader.
    #[error("the card has expired: ask for another card")]
    CardExpired,
    /// A stripe was read where none may be.
    #[error("swiping is not possible offline: insert or tap the card")]
    SwipeNotAllowed,
    /// The card could not be read.
    #[error("the card could not be read ({0}): try again")]
    Unreadable(String),
    /// The answer breaks the protocol.
    #[error("the reader's answer cannot be used ({0}): try again, and reconnect the reader if it stays so")]
    Protocol(String),
    /// The answer held card data in clear and was thrown away.
    #[error("the reader sent card data in clear, which was thrown away: have its encryption enabled")]
    ClearCardData,
    /// The answer lacks EMV data that a payment needs.
    #[error("the reader's answer lacks data a payment needs ({0}): try again")]
    MissingEmvData(String),
    /// The reader reports that it was opened or that its keys are used up.
    #[error("the reader is out of service ({0}): use another one and have this one checked")]
    OutOfService(String),
}
