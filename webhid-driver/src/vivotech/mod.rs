//! ID TECH's NEO 2 protocol: which commands a sale needs and what their answers mean.

pub mod activation;
/// Commands and their data.
pub mod command;
mod shown;
/// Status, error and result codes.
pub mod status;
/// The swipe container DFEE23.
pub mod swipe;

/// Tags of the readers' own that the driver reads.
pub mod tag {
    /// Key serial number; and its older form.
    pub const KSN: [u32; 2] = [0xDF_EE12, 0xFF_EE12];
    /// Result of a contact transaction.
    pub const RESULT: u32 = 0xDF_EE25;
    /// Attribution: how the card was read and encrypted.
    pub const ATTRIBUTION: u32 = 0xDF_EE26;
    /// A swipe.
    pub const SWIPE: u32 = 0xDF_EE23;
    /// Error, two status words of the card, RF state.
    pub const ERROR: u32 = 0xFF_EE1F;
}
