//! One error type for whoever builds a till: a stable code, and a message that says what to do.

use std::fmt;

use crate::payment_intent::PaymentIntent;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal,)*) => {
        /// What went wrong, as a stable name. The text form never changes once released.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorCode { $($(#[$doc])* $variant,)* }

        impl ErrorCode {
            /// Every code there is.
            pub const ALL: &'static [ErrorCode] = &[$(ErrorCode::$variant,)*];

            /// The stable snake_case name.
            pub const fn as_str(self) -> &'static str {
                match self { $(ErrorCode::$variant => $text,)* }
            }

            /// The code of a stable name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($text => Some(ErrorCode::$variant),)* _ => None }
            }
        }
    };
}

codes! {
    /// The reader is not connected.
    NoEstablishedConnectionToReader = "no_established_connection_to_reader",
    /// The reader is busy with another command.
    ReaderBusy = "reader_busy",
    /// The reader failed; the message says how.
    ReaderError = "reader_error",
    /// The person cancelled.
    Canceled = "canceled",
    /// The gateway cannot be reached and offline payments are not enabled here.
    NotConnectedToInternet = "not_connected_to_internet",
    /// The gateway cannot be reached and the payment was created with `require_online`.
    NotConnectedToInternetAndRequireOnlineSet = "not_connected_to_internet_and_require_online_set",
    /// `force_offline` with offline payments disabled.
    ForceOfflineWithFeatureDisabled = "force_offline_with_feature_disabled",
    /// Offline: no reader of this type was connected online at this location within 30 days.
    ReaderNotPairedOnlineAtLocation = "reader_not_paired_online_at_location",
    /// Offline: the reader's software was not found up to date within 30 days.
    ReaderSoftwareUpdateRequired = "reader_software_update_required",
    /// A magnetic stripe was read while offline.
    CardSwipeNotAvailable = "card_swipe_not_available",
    /// A card was tapped offline where Strong Customer Authentication applies.
    CardTapNotAvailable = "card_tap_not_available",
    /// The card's PIN has to be checked online.
    OnlinePinNotSupportedOffline = "online_pin_not_supported_offline",
    /// Interac cards are authorised online only.
    InteracNotSupportedOffline = "interac_not_supported_offline",
    /// The card's network (girocard, US debit) authorises online only.
    CardNetworkNotSupportedOffline = "card_network_not_supported_offline",
    /// The card has expired; offline it is refused.
    OfflineAndCardExpired = "offline_and_card_expired",
    /// Collected online, confirmed offline: collect again.
    OfflineCollectAndConfirmMismatch = "offline_collect_and_confirm_mismatch",
    /// The amount is over what one offline payment may have.
    AmountExceedsMaxOfflineAmount = "amount_exceeds_max_offline_amount",
    /// No offline maximum is configured for the currency.
    InvalidOfflineCurrency = "invalid_offline_currency",
    /// Count, sum or disk: no further payment can be stored until some are forwarded.
    OfflinePaymentsStoreFull = "offline_payments_store_full",
    /// Offline a PaymentIntent cannot be updated with its card at collection.
    UpdatePaymentIntentUnavailableWhileOffline = "update_payment_intent_unavailable_while_offline",
    /// The card itself declined.
    OfflineTransactionDeclined = "offline_transaction_declined",
    /// The reader's answer lacks data that a payment needs.
    MissingEmvData = "missing_emv_data",
    /// The device holds no payment of that offline id.
    PaymentIntentNotFoundOffline = "payment_intent_not_found_offline",
    /// The device's database cannot be used.
    StorageUnavailable = "storage_unavailable",
    /// The key that protects stored payments is gone or cannot be used.
    StorageKeyUnavailable = "storage_key_unavailable",
    /// The app gave no connection token.
    ConnectionTokenProviderError = "connection_token_provider_error",
    /// The app gave no connection token while payments were being forwarded.
    ConnectionTokenProviderErrorWhileForwarding = "connection_token_provider_error_while_forwarding",
    /// Stored payments belong to another account than the gateway's session.
    AccountIdMismatchWhileForwarding = "account_id_mismatch_while_forwarding",
    /// A test payment met a live gateway.
    OfflineTestmodePaymentInLivemode = "offline_testmode_payment_in_livemode",
    /// A live payment met a test gateway.
    OfflineLivemodePaymentInTestmode = "offline_livemode_payment_in_testmode",
    /// The issuer declined; `decline_code` says why.
    CardDeclined = "card_declined",
    /// The gateway failed.
    ApiError = "api_error",
    /// The gateway asks for fewer requests.
    RateLimited = "rate_limited",
    /// No answer in time: the outcome is unknown until the gateway is asked again.
    RequestTimedOut = "request_timed_out",
    /// An online confirmation's outcome is unknown and is being asked; `payment_intent` says of which payment.
    OutcomeUnknown = "outcome_unknown",
    /// A parameter is not usable; the message names it.
    InvalidRequest = "invalid_request",
    /// The call does not fit the payment's status.
    UnexpectedStatus = "unexpected_status",
    /// The gateway holds the same offline id with other content.
    IdempotencyConflict = "idempotency_conflict",
    /// A bug of ours met and stopped: please report it.
    Internal = "internal",
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The one error of the façade.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct TerminalError {
    /// What went wrong.
    pub code: ErrorCode,
    /// What to do about it, for a person. Never holds card data.
    pub message: String,
    /// The issuer's reason, with `card_declined`.
    pub decline_code: Option<String>,
    /// The payment as it stands after the failure, where the failure belongs to one.
    pub payment_intent: Option<Box<PaymentIntent>>,
}

impl TerminalError {
    /// An error of a code, with what to do about it.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        TerminalError { code, message: message.into(), decline_code: None, payment_intent: None }
    }

    /// The same error about a payment.
    #[must_use]
    pub fn about(mut self, payment_intent: &PaymentIntent) -> Self {
        self.payment_intent = Some(Box::new(payment_intent.clone()));
        self
    }

    /// The same error with the issuer's reason.
    #[must_use]
    pub fn with_decline_code(mut self, decline_code: Option<String>) -> Self {
        self.decline_code = decline_code;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_own_name_and_reads_back() {
        for code in ErrorCode::ALL {
            assert_eq!(ErrorCode::from_name(code.as_str()), Some(*code));
            assert!(code.as_str().bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
        }
        assert_eq!(ErrorCode::from_name("no_such_code"), None);
    }
}
