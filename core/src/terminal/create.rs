//! Step 4: create a PaymentIntent. The only place that mints offline ids.

use std::collections::BTreeMap;
use std::pin::pin;

use futures::future::{Either, select};

use super::{Route, Terminal, gateway_failed};
use crate::error::{ErrorCode, TerminalError};
use crate::ids::OfflineId;
use crate::money::Money;
use crate::network::DOUBT_AFTER_MS;
use crate::offline::NetworkStatus;
use crate::payment_intent::{CaptureMethod, OfflineBehavior, PaymentIntent, Stage};
use crate::ports::{Clock, Entropy, Gateway, GatewayError, Platform, Reader};
use crate::wire::{self, CreatePayment};

/// Stripe's bounds for metadata: keys, length of a key, length of a value (characters).
const METADATA_MAX: (usize, usize, usize) = (50, 40, 500);
const DESCRIPTION_CHARS_MAX: usize = 1000;
const EMAIL_CHARS_MAX: usize = 512;

/// What a PaymentIntent is created with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreateParameters {
    /// What is taken; more than zero.
    pub amount: Money,
    /// When.
    pub capture_method: CaptureMethod,
    /// Whether it may be taken offline.
    pub offline_behavior: OfflineBehavior,
    /// Carried through unchanged: at most 50 keys of 40 characters with values of 500.
    pub metadata: BTreeMap<String, String>,
    /// For people, as the gateway's lists show it; at most 1,000 characters.
    pub description: Option<String>,
    /// Where the gateway sends a receipt, and how the customer can be reached should the payment be declined after the
    /// sale; at most 512 characters.
    pub receipt_email: Option<String>,
}

impl CreateParameters {
    /// Automatic capture, online where possible, no metadata.
    pub const fn of(amount: Money) -> Self {
        CreateParameters {
            amount,
            capture_method: CaptureMethod::Automatic,
            offline_behavior: OfflineBehavior::PreferOnline,
            metadata: BTreeMap::new(),
            description: None,
            receipt_email: None,
        }
    }

    fn check(&self) -> Result<(), TerminalError> {
        let refuse = |message: String| Err(TerminalError::new(ErrorCode::InvalidRequest, message));
        if self.amount.amount_minor == 0 || self.amount.amount_minor > Money::AMOUNT_MINOR_MAX {
            return refuse(format!("amount: give 1 to {} minor units", Money::AMOUNT_MINOR_MAX));
        }
        let (keys, key_len, value_len) = METADATA_MAX;
        let fits = |(key, value): (&String, &String)| {
            !key.is_empty() && key.chars().count() <= key_len && value.chars().count() <= value_len
        };
        if self.metadata.len() > keys || !self.metadata.iter().all(fits) {
            return refuse(format!(
                "metadata: give {keys} keys at most, of {key_len} characters, values of {value_len}"
            ));
        }
        let too_long =
            |text: &Option<String>, max| text.as_ref().is_some_and(|text| text.chars().count() > max);
        if too_long(&self.description, DESCRIPTION_CHARS_MAX) {
            return refuse(format!("description: give {DESCRIPTION_CHARS_MAX} characters at most"));
        }
        if too_long(&self.receipt_email, EMAIL_CHARS_MAX)
            || self.receipt_email.as_ref().is_some_and(|email| !email.contains('@'))
        {
            return refuse(format!("receipt_email: give an address of {EMAIL_CHARS_MAX} characters at most"));
        }
        Ok(())
    }
}

impl<P: Platform, R: Reader> Terminal<P, R> {
    /// Creates a PaymentIntent, on the gateway too where it is reached; `id` is `None` otherwise. One that may be stored
    /// is not kept waiting by a network that answers nothing: see [`DOUBT_AFTER_MS`].
    ///
    /// # Errors
    /// `invalid_request`; with `require_online` and no gateway
    /// `not_connected_to_internet_and_require_online_set`; with `force_offline` and offline mode off
    /// `force_offline_with_feature_disabled`; what the gateway refuses.
    pub async fn create_payment_intent(
        &self,
        parameters: CreateParameters,
    ) -> Result<PaymentIntent, TerminalError> {
        parameters.check()?;
        self.check_behavior(parameters.offline_behavior)?;
        let now = self.clock.now();
        let mut random = [0; 10];
        self.entropy.fill(&mut random);
        let mut intent = PaymentIntent {
            offline_id: OfflineId::mint(now, random),
            id: None,
            amount: parameters.amount,
            capture_method: parameters.capture_method,
            offline_behavior: parameters.offline_behavior,
            metadata: parameters.metadata,
            description: parameters.description,
            receipt_email: parameters.receipt_email,
            payment_method: None,
            created_at_ms: now,
            stage: Stage::RequiresPaymentMethod,
        };
        let route = self.route(intent.offline_behavior);
        if route == Route::Store {
            return Ok(intent);
        }
        let request = create_request(&intent);
        let answer = match route {
            Route::Online => self.gateway.create(&request).await,
            _ => match self.answer_unless_offline(&request).await {
                Some(answer) => answer,
                None => return Ok(intent),
            },
        };
        self.heard(&answer);
        match answer {
            Ok(made) => {
                self.keep_session().await?;
                intent.id = Some(made.id);
                Ok(intent)
            }
            Err(error) if route == Route::Online => Err(require_online_failed(&error)),
            // Only a refusal of this very payment stops it; everything else can be tried again when it is forwarded.
            Err(error @ GatewayError::Refused { status: 400 | 402 | 422, .. }) => Err(gateway_failed(&error)),
            Err(error) => {
                // How to collect depends on whether the connection is gone: the customer should be asked only once.
                if error.is_offline() {
                    self.probe().await;
                }
                Ok(intent)
            }
        }
    }

    /// The gateway's answer; `None` once a probe beside the request has found nobody there.
    ///
    /// What is given up may still arrive, even after the sale. It then makes a PaymentIntent without a card, under the
    /// offline id that the stored payment is forwarded by: the ledger knows the two for one, whichever comes first. Its
    /// answer is not waited for; the id comes with the outcome.
    async fn answer_unless_offline(
        &self,
        request: &CreatePayment,
    ) -> Option<Result<wire::PaymentIntent, GatewayError>> {
        let mut asking = pin!(self.gateway.create(request));
        let pause = pin!(self.clock.sleep_ms(DOUBT_AFTER_MS));
        if let Either::Left((answer, _)) = select(asking.as_mut(), pause).await {
            return Some(answer);
        }
        let is_offline = || self.network_status() == NetworkStatus::Offline;
        match select(asking, pin!(self.probe())).await {
            // The probe that runs decides: one begun after the failure would take as long again.
            Either::Left((Err(error), probing)) if error.is_offline() => {
                probing.await;
                (!is_offline()).then_some(Err(error))
            }
            Either::Left((answer, _)) => Some(answer),
            Either::Right(((), _)) if is_offline() => None,
            // Slow, but there.
            Either::Right(((), asking)) => Some(asking.await),
        }
    }

    /// Gives a payment up before it is confirmed. On the gateway it simply never gets a card.
    pub fn cancel_payment_intent(&self, intent: PaymentIntent) -> Result<PaymentIntent, TerminalError> {
        intent.canceled()
    }
}

fn create_request(intent: &PaymentIntent) -> CreatePayment {
    CreatePayment {
        offline_id: intent.offline_id.to_string(),
        amount: intent.amount.amount_minor,
        currency: intent.amount.currency.code().to_owned(),
        capture_method: intent.capture_method.as_str().to_owned(),
        metadata: intent.metadata.clone(),
        description: intent.description.clone(),
        receipt_email: intent.receipt_email.clone(),
        created_at: intent.created_at_ms.unix_seconds(),
    }
}

/// The error of a payment that must be online.
pub(super) fn require_online_failed(error: &GatewayError) -> TerminalError {
    if error.is_offline() {
        TerminalError::new(
            ErrorCode::NotConnectedToInternetAndRequireOnlineSet,
            "the gateway cannot be reached and this payment must be online: reconnect and try again",
        )
    } else {
        gateway_failed(error)
    }
}
