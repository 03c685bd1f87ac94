//! What a person can ask of the till. The shell carries it out.

use tillandsia_core::ids::OfflineId;
use tillandsia_core::payment_intent::OfflineBehavior;
use tillandsia_core::simulated_offline::SimulatedOfflineMode;

use crate::state::Theme;
use crate::view_models::catalogue::Product;

/// What a person can ask of the till.
#[derive(Debug, Clone)]
pub(crate) enum Action {
    /// Put one of a product into the sale.
    Add(Product),
    /// Put a typed amount into the sale, minor units.
    AddCustom(u64),
    /// One more of a line.
    Plus(String),
    /// One less of a line.
    Minus(String),
    /// Empty the sale.
    ClearCart,
    /// Charge the sale; also another try after a decline.
    Charge,
    /// Charge a sale whose outcome is being asked a second time, on purpose.
    ChargeAnyway,
    /// Give the running sale up, while the card is waited for.
    CancelSale,
    /// Leave the result of a sale.
    CloseCheckout,
    /// Hold a card of this profile to the simulated reader.
    #[cfg(feature = "simulator")]
    PresentCard(&'static str),
    /// Show a payment and its receipt.
    OpenReceipt(OfflineId),
    /// Leave the receipt.
    CloseReceipt,
    /// Print the receipt that is shown.
    Print,
    /// Show older payments too.
    LoadMore,
    /// Forward everything now, whatever the backoff.
    ForwardNow,
    /// Send a wedged payment again.
    Retry(OfflineId),
    /// Ask whether a stored payment is to be taken back.
    AskVoid(OfflineId),
    /// Leave that question.
    KeepPayment,
    /// Take the payment of that question back.
    Void,
    /// A stored payment's decline is dealt with: paid another way, or written off.
    Settle(OfflineId),
    /// Look again whether offline would work.
    CheckReadiness,
    /// Begin or end a simulated outage.
    SimulateOutage(SimulatedOfflineMode),
    /// The customer's e-mail, as typed.
    SetEmail(String),
    /// Connect the reader again.
    ReconnectReader,
    /// Take payments offline when and how.
    SetBehavior(OfflineBehavior),
    /// Light, dark or as the device.
    SetTheme(Theme),
    /// Take the waiting new version over.
    ApplyUpdate,
    /// Take a toast away.
    DismissToast(u64),
    /// Take the forwarding error's notice away.
    DismissError,
}
