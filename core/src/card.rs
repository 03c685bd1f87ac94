//! What a reader gives of a card: ciphertext made inside the reader, masked data, tags that are not sensitive.
//!
//! Nothing here can hold a card number in clear; the driver refuses a message that contains one.

use std::fmt;

/// How the card was read. Names are the Terminal SDKs'.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReadMethod {
    /// Chip inserted.
    ContactEmv,
    /// Chip tapped.
    ContactlessEmv,
    /// Tapped, magnetic-stripe data over the air.
    ContactlessMagstripeMode,
    /// Swiped because the chip could not be read.
    MagneticStripeFallback,
    /// Swiped.
    MagneticStripeTrack2,
}

impl ReadMethod {
    /// The stable name, `contact_emv`.
    pub const fn as_str(self) -> &'static str {
        match self {
            ReadMethod::ContactEmv => "contact_emv",
            ReadMethod::ContactlessEmv => "contactless_emv",
            ReadMethod::ContactlessMagstripeMode => "contactless_magstripe_mode",
            ReadMethod::MagneticStripeFallback => "magnetic_stripe_fallback",
            ReadMethod::MagneticStripeTrack2 => "magnetic_stripe_track2",
        }
    }

    /// The method of a stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        [
            ReadMethod::ContactEmv,
            ReadMethod::ContactlessEmv,
            ReadMethod::ContactlessMagstripeMode,
            ReadMethod::MagneticStripeFallback,
            ReadMethod::MagneticStripeTrack2,
        ]
        .into_iter()
        .find(|method| method.as_str() == name)
    }

    /// Whether the magnetic stripe itself was read. Never accepted offline: a stripe is easily copied.
    pub const fn is_swipe(self) -> bool {
        matches!(self, ReadMethod::MagneticStripeFallback | ReadMethod::MagneticStripeTrack2)
    }
}

/// The cipher under which the reader encrypted (both with DUKPT keys, ANSI X9.24).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cipher {
    /// Triple DES, a KSN of 10 bytes (X9.24-1).
    Tdes,
    /// AES-128, a KSN of 12 bytes (X9.24-3).
    Aes,
}

impl Cipher {
    /// The stable name, `tdes` or `aes`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Cipher::Tdes => "tdes",
            Cipher::Aes => "aes",
        }
    }
}

/// A tag and its bytes; the value is a clear, non-sensitive EMV value or a ciphertext, as the field says.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Tag {
    /// The tag as the number its bytes spell, `0x9F26`.
    pub tag: u32,
    /// The value's bytes.
    pub value: Vec<u8>,
}

impl Tag {
    /// A tag and its value.
    pub fn new(tag: u32, value: impl Into<Vec<u8>>) -> Self {
        Tag { tag, value: value.into() }
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:X}({} bytes)", self.tag, self.value.len())
    }
}

/// The part of a card only the acquirer can read.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EncryptedCard {
    /// Key serial number: 10 bytes for `Tdes`, 12 for `Aes`. Says which key; used once.
    pub ksn: Vec<u8>,
    /// The cipher of every entry of `encrypted`.
    pub cipher: Cipher,
    /// Ciphertexts by the tag they stand for, in the reader's order. The plaintext of each is the whole TLV
    /// (`57 13 4761…`), zero padded, CBC with a zero vector; for a swipe, tag `DFEE23` and the bare tracks.
    pub encrypted: Vec<Tag>,
}

/// A card as it was presented once: everything a payment needs of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CardRead {
    /// How it was read.
    pub read_method: ReadMethod,
    /// What only the acquirer can read. Destroyed on the device once the payment has its final outcome.
    pub secret: EncryptedCard,
    /// EMV tags in clear that are not sensitive, in the reader's order (9F26, 9F10, 95, 9A …).
    pub emv: Vec<Tag>,
    /// What may be shown and printed.
    pub shown: ShownCard,
    /// Whether the chip waits for the host's answer (`Reader::complete`): an inserted card does.
    pub awaits_host: bool,
}

impl CardRead {
    /// The first value of an EMV tag in clear.
    pub fn emv_value(&self, tag: u32) -> Option<&[u8]> {
        self.emv.iter().find(|entry| entry.tag == tag).map(|entry| entry.value.as_slice())
    }
}

/// What of a card may be shown, printed and kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct ShownCard {
    /// `visa`, `mastercard`, `amex` … in the SDKs' spelling.
    pub brand: Option<String>,
    /// The last four digits.
    pub last4: Option<String>,
    /// Expiry month, 1 to 12; 0 when the reader gave none.
    pub exp_month: u8,
    /// Expiry year, four digits; 0 when the reader gave none.
    pub exp_year: u16,
    /// As embossed, when the card gives it.
    pub cardholder_name: Option<String>,
}

/// Which reader a card was read with.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ReaderInfo {
    /// The product, `idtech_vp3300`, `simulated_vp3300`.
    pub device_type: String,
    /// The serial number the reader reports.
    pub serial_number: String,
    /// The firmware the reader reports.
    pub software_version: String,
}
