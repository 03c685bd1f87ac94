//! What goes over the wire between a device and the gateway, shared by both.
//!
//! Objects of Stripe's API keep Stripe's field names; wire times are unix seconds.

mod digest;
mod payments;
mod resources;

pub use digest::ContentDigest;
pub use payments::{
    CardOnWire, CreatePayment, ForwardBatch, ForwardResult, ForwardResults, Origin, PaymentSubmission,
    Question, ReaderOnWire, TagOnWire,
};
pub use resources::{
    AmountDetails, ApiError, CardPresent, Charge, Configuration, ConnectionToken, ErrorBody, List, Location,
    OfflineConfiguration, OfflineOnWire, PaymentIntent, PaymentMethod, PaymentMethodDetails, Probe, Receipt,
    Session, SessionRequest,
};

/// The most payments one forwarding request carries.
pub const FORWARD_BATCH_MAX: usize = 50;
