//! Why no reader is connected, and what to do about it.

use tillandsia_core::error::{ErrorCode, TerminalError};

use super::reasons::sentence;

/// Why no reader is connected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReaderTrouble {
    /// The stable code.
    pub code: &'static str,
    /// Why, as a sentence.
    pub why: String,
    /// What to do, as a sentence; empty when `why` says it.
    pub remedy: &'static str,
    /// Both in a line; empty for a trouble that has only its own words.
    short: &'static str,
}

impl ReaderTrouble {
    /// What came of trying to connect it.
    pub fn of(error: &TerminalError) -> Self {
        let (why, remedy, short) = match error.code {
            ErrorCode::NotConnectedToInternet => (
                "There is no connection, and as far as this till knows offline payments are off here.",
                "Connect to the internet: the reader then connects by itself.",
                "No reader: offline payments are off here. It connects by itself once online.",
            ),
            ErrorCode::ReaderNotPairedOnlineAtLocation => (
                "There is no connection, and no reader of this type was connected online here within 30 days.",
                "Connect to the internet once: the reader then connects by itself.",
                "No reader: none was connected here online for 30 days. It connects by itself once online.",
            ),
            ErrorCode::ReaderSoftwareUpdateRequired => (
                "There is no connection, and the reader's software was not checked within 30 days.",
                "Connect to the internet once: the reader is then checked and connects by itself.",
                "No reader: its software was not checked for 30 days. It connects by itself once online.",
            ),
            _ => return Self::other(error.code, sentence(&error.message)),
        };
        ReaderTrouble { code: error.code.as_str(), why: why.to_owned(), remedy, short }
    }

    /// Any other trouble, in its own words.
    pub const fn other(code: ErrorCode, why: String) -> Self {
        ReaderTrouble { code: code.as_str(), why, remedy: "", short: "" }
    }

    /// Whether it says all that being offline means for the next sale.
    pub fn tells_of_the_outage(&self) -> bool {
        !self.remedy.is_empty()
    }

    /// The trouble in a line, for the place where a person sells.
    pub fn line(&self) -> String {
        match self.short {
            "" => format!("The reader is not connected. {}", self.why),
            short => short.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_of_the_three_rules_has_words_and_a_remedy_of_its_own() {
        let codes = [
            ErrorCode::NotConnectedToInternet,
            ErrorCode::ReaderNotPairedOnlineAtLocation,
            ErrorCode::ReaderSoftwareUpdateRequired,
        ];
        let troubles = codes.map(|code| ReaderTrouble::of(&TerminalError::new(code, "x")));
        for trouble in &troubles {
            assert!(trouble.tells_of_the_outage() && trouble.line().contains("by itself"), "{trouble:?}");
            assert_eq!(troubles.iter().filter(|other| other.why == trouble.why).count(), 1);
        }
    }

    #[test]
    fn other_trouble_speaks_for_itself() {
        let busy = TerminalError::new(ErrorCode::ReaderBusy, "the reader is busy");
        let trouble = ReaderTrouble::of(&busy);
        assert_eq!((trouble.why.as_str(), trouble.code), ("The reader is busy.", "reader_busy"));
        assert!(!trouble.tells_of_the_outage());
        assert_eq!(trouble.line(), "The reader is not connected. The reader is busy.");
    }
}
