//! What the gateway's answer for one payment means.

use crate::error::ErrorCode;
use crate::journal::Acceptance;
use crate::time::TimestampMs;
use crate::wire::ForwardResult;

/// What becomes of a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The gateway has it.
    Accepted {
        /// `pi_…`.
        payment_intent: String,
        /// What it said.
        acceptance: Acceptance,
    },
    /// Final: the issuer declined.
    Declined {
        /// `pi_…`, where it was made.
        payment_intent: Option<String>,
        /// The issuer's reason.
        decline_code: Option<String>,
        /// For a person.
        message: String,
    },
    /// Final: the gateway will never charge it.
    Canceled,
    /// To be sent again.
    Retryable {
        /// A stable code.
        code: String,
        /// For a person.
        message: String,
    },
    /// Sending it again would not help: a person has to look.
    Wedged {
        /// A stable code.
        code: String,
        /// For a person.
        message: String,
    },
}

/// Reads one answer. An answer that contradicts itself is retryable, never a final outcome.
pub fn verdict(result: &ForwardResult, now: TimestampMs) -> Verdict {
    let error = result.error.clone().unwrap_or_default();
    let code = |default: ErrorCode| error.code.clone().unwrap_or_else(|| default.as_str().to_owned());
    match (result.status, &result.payment_intent) {
        (200, Some(intent)) if matches!(intent.status.as_str(), "succeeded" | "requires_capture") => {
            let receipt = result
                .charge
                .as_ref()
                .and_then(|charge| charge.payment_method_details.card_present.receipt.as_ref());
            Verdict::Accepted {
                payment_intent: intent.id.clone(),
                acceptance: Acceptance {
                    at: now,
                    charge: result.charge.as_ref().map(|charge| charge.id.clone()),
                    captured: intent.status == "succeeded",
                    authorization_code: receipt.and_then(|receipt| receipt.authorization_code.clone()),
                },
            }
        }
        (402, intent) => Verdict::Declined {
            payment_intent: intent.as_ref().map(|intent| intent.id.clone()),
            decline_code: error.decline_code,
            message: error.message,
        },
        (410, _) => Verdict::Canceled,
        (408 | 409 | 425 | 429 | 500..=599, _) => {
            Verdict::Retryable { code: code(ErrorCode::ApiError), message: error.message }
        }
        (400 | 401 | 403 | 404 | 413 | 422, _) => {
            Verdict::Wedged { code: code(ErrorCode::InvalidRequest), message: error.message }
        }
        (status, _) => Verdict::Retryable {
            code: ErrorCode::ApiError.as_str().to_owned(),
            message: format!("the gateway's answer ({status}) cannot be read; it will be asked again"),
        },
    }
}
