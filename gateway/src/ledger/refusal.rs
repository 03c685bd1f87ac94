//! Why a request got nothing.

use tillandsia_core::wire::{ErrorBody, ForwardResult, Origin};

use crate::acquirer::Account;

/// An error in Stripe's form with its HTTP status. Texts never hold card data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status.
    pub status: u16,
    /// What went wrong.
    pub error: Box<ErrorBody>,
}

impl Refusal {
    fn new(status: u16, kind: &str, code: &str, message: impl Into<String>) -> Self {
        let error = ErrorBody {
            kind: kind.to_owned(),
            code: Some(code.to_owned()),
            message: message.into(),
            ..ErrorBody::default()
        };
        Refusal { status, error: Box::new(error) }
    }

    /// 400: the request is malformed; the same request will never work.
    pub fn invalid(code: &str, message: impl Into<String>, param: Option<&str>) -> Self {
        let mut refusal = Self::new(400, "invalid_request_error", code, message);
        refusal.error.param = param.map(str::to_owned);
        refusal
    }

    /// 401: who is asking is not known.
    pub fn unauthorized(code: &str, message: impl Into<String>) -> Self {
        Self::new(401, "invalid_request_error", code, message)
    }

    /// 403: it belongs to another account or mode.
    pub fn forbidden(code: &str, message: impl Into<String>) -> Self {
        Self::new(403, "invalid_request_error", code, message)
    }

    /// 403, when a payment of this origin may not be forwarded to this account. The device keeps it.
    pub fn not_of(origin: &Origin, account: &Account) -> Option<Self> {
        match origin.livemode {
            Some(true) if !account.livemode => {
                let message =
                    "this is a live payment and a test gateway: connect the device to the live gateway";
                return Some(Self::forbidden("offline_livemode_payment_in_testmode", message));
            }
            Some(false) if account.livemode => {
                let message =
                    "this is a test payment and a live gateway: connect the device to the test gateway";
                return Some(Self::forbidden("offline_testmode_payment_in_livemode", message));
            }
            _ => {}
        }
        let message = "this payment was stored for another account: connect the device to that account again";
        let other = origin.account.as_ref().is_some_and(|id| *id != account.id);
        other.then(|| Self::forbidden("account_id_mismatch_while_forwarding", message))
    }

    /// 404: there is no such thing in the account.
    pub fn missing(what: &str) -> Self {
        // The name that was asked for is not repeated: it comes from outside and may be anything.
        let mut refusal =
            Self::new(404, "invalid_request_error", "resource_missing", format!("No such {what}"));
        refusal.error.param = Some("id".to_owned());
        refusal
    }

    /// 409: the same payment is being worked on right now. Sending it again later gives its answer.
    pub fn in_flight() -> Self {
        let message = "this payment is being processed right now: send the same request again in a moment";
        Self::new(409, "idempotency_error", "idempotency_key_in_use", message)
    }

    /// 410: the payment was canceled and never will be charged.
    pub fn canceled() -> Self {
        let message = "this payment was canceled at the gateway: it was not and never will be charged";
        Self::new(410, "invalid_request_error", "canceled", message)
    }

    /// 422: the key is known with other content.
    pub fn other_content() -> Self {
        let message = "this offline id is known with other content: nothing was charged for this request";
        Self::new(422, "idempotency_error", "idempotency_conflict", message)
    }

    /// 503: try again later; what became of the request is decided then.
    pub fn unavailable(code: &str, message: impl Into<String>) -> Self {
        Self::new(503, "api_error", code, message)
    }

    /// The same as the result of one payment.
    pub fn for_payment(self, offline_id: &str) -> ForwardResult {
        ForwardResult {
            offline_id: offline_id.to_owned(),
            status: self.status,
            payment_intent: None,
            charge: None,
            error: Some(*self.error),
        }
    }
}

impl From<super::StoreError> for Refusal {
    fn from(error: super::StoreError) -> Self {
        match error {
            super::StoreError::Conflict => Refusal::in_flight(),
            other => {
                tracing::error!(error = %other, "ledger store");
                Refusal::unavailable(
                    "storage_unavailable",
                    "the gateway's database failed: send it again later",
                )
            }
        }
    }
}
