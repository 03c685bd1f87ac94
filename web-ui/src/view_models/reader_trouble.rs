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
}

impl ReaderTrouble {
    /// What came of trying to connect it.
    pub fn of(error: &TerminalError) -> Self {
        let (why, remedy) = match error.code {
            ErrorCode::NotConnectedToInternet => (
                "There is no connection, and as far as this till knows offline payments are off here.",
                "Connect to the internet: the reader then connects by itself.",
            ),
            ErrorCode::ReaderNotPairedOnlineAtLocation => (
                "There is no connection, and no reader of this type was connected online here within 30 days.",
                "Connect to the internet once: the reader then connects by itself.",
            ),
            ErrorCode::ReaderSoftwareUpdateRequired => (
                "There is no connection, and the reader's software was not checked within 30 days.",
                "Connect to the internet once: the reader is then checked and connects by itself.",
            ),
            _ => return Self::other(error.code, sentence(&error.message)),
        };
        ReaderTrouble { code: error.code.as_str(), why: why.to_owned(), remedy }
    }

    /// Any other trouble, in its own words.
    pub const fn other(code: ErrorCode, why: String) -> Self {
        ReaderTrouble { code: code.as_str(), why, remedy: "" }
    }

    /// Whether it says all that being offline means for the next sale.
    pub fn tells_of_the_outage(&self) -> bool {
        !self.remedy.is_empty()
    }

    /// Both sentences.
    pub fn text(&self) -> String {
        format!("{} {}", self.why, self.remedy).trim_end().to_owned()
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
            assert!(trouble.tells_of_the_outage() && trouble.text().contains("by itself"), "{trouble:?}");
            assert_eq!(troubles.iter().filter(|other| other.why == trouble.why).count(), 1);
        }
    }

    #[test]
    fn other_trouble_speaks_for_itself() {
        let busy = TerminalError::new(ErrorCode::ReaderBusy, "the reader is busy");
        let trouble = ReaderTrouble::of(&busy);
        assert_eq!((trouble.text().as_str(), trouble.code), ("The reader is busy.", "reader_busy"));
        assert!(!trouble.tells_of_the_outage());
    }
}
