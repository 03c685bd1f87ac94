use tillandsia_core::ports::ReaderError;

/// The status byte of an answer, with what to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Status {
    /// 00.
    #[error("ok")]
    Ok,
    /// 01 header, 04 checksum, 07 malformed: the frame was damaged on its way. Send it again.
    #[error("the reader received a damaged command (status {0:02X})")]
    Damaged(u8),
    /// 02, 03, 05, 06: this reader does not know the command or a parameter. Its firmware is too old or too new.
    #[error("the reader does not support a command (status {0:02X}): have its software updated")]
    Unsupported(u8),
    /// 08: nobody presented a card in time.
    #[error("no card in time")]
    Timeout,
    /// 0A: failed; the data may say why.
    #[error("the transaction failed")]
    Failed,
    /// 0B, 0C: not allowed now. Cancel first.
    #[error("the reader does something else")]
    NotAllowed,
    /// 0D, 13, 19: data too long or not whole blocks.
    #[error("the reader could not handle the data (status {0:02X})")]
    Data(u8),
    /// 0E: tells what happens at the reader; the answer follows.
    #[error("user interface event")]
    UiEvent,
    /// 12: the security module failed, for example because the keys are used up.
    #[error("its keys are used up or its security module failed")]
    Security,
    /// 1D: the reader was opened.
    #[error("it reports that it was opened")]
    Tamper,
    /// 23: ok, the issuer is to be asked.
    #[error("request online authorisation")]
    RequestOnline,
    /// 63: accepted; the answer follows.
    #[error("accepted")]
    Accepted,
    /// 60, 61 and any other.
    #[error("status {0:02X}")]
    Other(u8),
}

impl From<u8> for Status {
    fn from(byte: u8) -> Self {
        match byte {
            0x00 => Self::Ok,
            0x01 | 0x04 | 0x07 => Self::Damaged(byte),
            0x02 | 0x03 | 0x05 | 0x06 => Self::Unsupported(byte),
            0x08 => Self::Timeout,
            0x0A => Self::Failed,
            0x0B | 0x0C => Self::NotAllowed,
            0x0D | 0x13 | 0x19 => Self::Data(byte),
            0x0E => Self::UiEvent,
            0x12 => Self::Security,
            0x1D => Self::Tamper,
            0x23 => Self::RequestOnline,
            0x63 => Self::Accepted,
            other => Self::Other(other),
        }
    }
}

impl Status {
    /// Whether the answer proper is still to come.
    pub const fn is_interim(self) -> bool {
        matches!(self, Self::UiEvent | Self::Accepted)
    }

    /// Whether the same command may simply be sent again.
    pub const fn is_worth_resending(self) -> bool {
        matches!(self, Self::Damaged(_))
    }

    /// The port's error for a status that ended a command.
    pub fn to_error(self) -> ReaderError {
        match self {
            Self::Timeout => ReaderError::TimedOut,
            Self::NotAllowed => ReaderError::Busy,
            Self::Failed => ReaderError::Unreadable(self.to_string()),
            Self::Security | Self::Tamper => ReaderError::OutOfService(self.to_string()),
            _ => ReaderError::Protocol(self.to_string()),
        }
    }
}

/// Why a card could not be read: first byte of tag FFEE1F.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CardError {
    /// 21: two cards in the field. Present one.
    #[error("more than one card")]
    Collision,
    /// 22: over what may be tapped. Insert the card.
    #[error("the amount is over the limit for tapping")]
    OverLimit,
    /// 23: the card wants the issuer to be asked.
    #[error("the card asks for its bank")]
    OnlineRequired,
    /// 24: the card was moved away too early. Try again.
    #[error("the card was taken away too early")]
    Communication,
    /// 25: blocked by its issuer.
    #[error("the card is blocked")]
    Blocked,
    /// 26: expired.
    #[error("the card has expired")]
    Expired,
    /// 27: no application the reader knows.
    #[error("the card is of a kind the reader does not take")]
    Unsupported,
    /// 30: the card does not answer. Try again.
    #[error("the card does not answer")]
    NoResponse,
    /// Any other.
    #[error("card error {0:02X}")]
    Other(u8),
}

impl From<u8> for CardError {
    fn from(byte: u8) -> Self {
        match byte {
            0x21 => Self::Collision,
            0x22 => Self::OverLimit,
            0x23 => Self::OnlineRequired,
            0x24 => Self::Communication,
            0x25 => Self::Blocked,
            0x26 => Self::Expired,
            0x27 => Self::Unsupported,
            0x30 => Self::NoResponse,
            other => Self::Other(other),
        }
    }
}

impl CardError {
    /// The port's error.
    pub fn to_error(self) -> ReaderError {
        match self {
            Self::Expired => ReaderError::CardExpired,
            Self::Blocked => ReaderError::CardDeclined,
            _ => ReaderError::Unreadable(self.to_string()),
        }
    }
}

/// How a contact transaction stands: tag DFEE25.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContactResult {
    /// 0000 and 0002.
    Approved,
    /// 0001 and 0003.
    Declined,
    /// 0004 and 0005: the issuer is to be asked, or the payment to be stored; then the chip waits for the answer.
    AskHost,
    /// 0006.
    NotAccepted,
    /// 0007: the chip cannot be read, swipe instead.
    Fallback,
    /// 0008.
    Timeout,
    /// 0010: the reader waits for a command to go on, although it was told not to.
    AwaitsAuthentication,
    /// 0011: the card was swiped.
    Swiped,
    /// 0012.
    Canceled,
    /// 007A.
    TwoCards,
    /// 00FF: the reader itself could not reach a host.
    HostUnreachable,
    /// Any other.
    Other(u16),
}

impl From<u16> for ContactResult {
    fn from(code: u16) -> Self {
        match code {
            0x0000 | 0x0002 => Self::Approved,
            0x0001 | 0x0003 => Self::Declined,
            0x0004 | 0x0005 => Self::AskHost,
            0x0006 => Self::NotAccepted,
            0x0007 => Self::Fallback,
            0x0008 => Self::Timeout,
            0x0010 => Self::AwaitsAuthentication,
            0x0011 => Self::Swiped,
            0x0012 => Self::Canceled,
            0x007A => Self::TwoCards,
            0x00FF => Self::HostUnreachable,
            other => Self::Other(other),
        }
    }
}

impl ContactResult {
    /// The port's error for a result that gives no card.
    pub fn to_error(self) -> ReaderError {
        let unreadable = |text: &str| ReaderError::Unreadable(text.to_owned());
        match self {
            Self::Declined => ReaderError::CardDeclined,
            Self::NotAccepted => unreadable("the card is of a kind the reader does not take"),
            Self::Fallback => unreadable("the chip does not answer"),
            Self::Timeout => ReaderError::TimedOut,
            Self::Canceled => ReaderError::Canceled,
            Self::TwoCards => unreadable("more than one card"),
            Self::AwaitsAuthentication => {
                ReaderError::Protocol("the reader waits for authentication".to_owned())
            }
            other => ReaderError::Protocol(format!("unexpected result {other:?}")),
        }
    }
}
