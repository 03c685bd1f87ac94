//! Who hears about offline payments.

use std::rc::Rc;

use tillandsia_core::error::TerminalError;
use tillandsia_core::offline::OfflineStatus;
use tillandsia_core::payment_intent::PaymentIntent;
use tillandsia_core::terminal::{Acknowledgement, OfflineDelegate};

use super::{ErrorJson, ForwardedJson, OfflineStatusJson, PaymentIntentJson};

/// The three offline events, as JavaScript is told them.
pub trait Listener {
    /// `offlinestatuschange`.
    fn offline_status_change(&self, status: OfflineStatusJson);
    /// `forwardpaymentintent`. Completes with whether the app took it; what it did not take is told again later.
    fn forward_payment_intent(&self, forwarded: ForwardedJson) -> Acknowledgement;
    /// `forwardingerror`.
    fn forwarding_error(&self, error: ErrorJson);
}

pub(super) struct Ear(pub(super) Rc<dyn Listener>);

impl OfflineDelegate for Ear {
    fn on_offline_status_change(&self, status: &OfflineStatus) {
        self.0.offline_status_change(OfflineStatusJson::from(status));
    }

    fn on_forward_payment_intent(
        &self,
        intent: &PaymentIntent,
        error: Option<&TerminalError>,
    ) -> Acknowledgement {
        let forwarded = ForwardedJson {
            payment_intent: PaymentIntentJson::from(intent),
            error: error.cloned().map(ErrorJson::from),
        };
        self.0.forward_payment_intent(forwarded)
    }

    fn on_forwarding_error(&self, error: &TerminalError) {
        self.0.forwarding_error(ErrorJson::from(error.clone()));
    }
}
