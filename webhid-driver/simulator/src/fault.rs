use crate::wire::Report;

/// What goes wrong with the next card's answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// A changed bit: the checksum is wrong.
    BadChecksum,
    /// The second report is lost.
    DroppedReport,
    /// The second report comes twice.
    DoubledReport,
    /// The last report comes twice.
    DoubledLastReport,
    /// Two reports change places.
    ReorderedReports,
    /// Reports of unknown ids, and an end without a beginning, come in front.
    Noise,
    /// Only the first report comes, then nothing.
    Unplugged,
    /// The host's answer is accepted; then silence.
    SilentCompletion,
    /// The card's answer comes behind the answer to a cancel.
    LateAnswer,
    /// The reader was opened.
    Tampered,
    /// The keys are used up.
    KeysUsedUp,
    /// The chip's answer lacks data that a payment needs.
    MissingData,
    /// A card is read on an interface that was not asked for, as some firmware does.
    EveryInterface,
}

impl Fault {
    /// Every fault.
    pub const ALL: [Self; 13] = [
        Self::BadChecksum,
        Self::DroppedReport,
        Self::DoubledReport,
        Self::DoubledLastReport,
        Self::ReorderedReports,
        Self::Noise,
        Self::Unplugged,
        Self::SilentCompletion,
        Self::LateAnswer,
        Self::Tampered,
        Self::KeysUsedUp,
        Self::MissingData,
        Self::EveryInterface,
    ];

    /// The stable name, `bad_checksum`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadChecksum => "bad_checksum",
            Self::DroppedReport => "dropped_report",
            Self::DoubledReport => "doubled_report",
            Self::DoubledLastReport => "doubled_last_report",
            Self::ReorderedReports => "reordered_reports",
            Self::Noise => "noise",
            Self::Unplugged => "unplugged",
            Self::SilentCompletion => "silent_completion",
            Self::LateAnswer => "late_answer",
            Self::Tampered => "tampered",
            Self::KeysUsedUp => "keys_used_up",
            Self::MissingData => "missing_data",
            Self::EveryInterface => "every_interface",
        }
    }

    /// The fault of a stable name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|fault| fault.as_str() == name)
    }

    /// Does to the reports of an answer what the fault says.
    pub(crate) fn apply(self, reports: &mut Vec<Report>) {
        match self {
            Self::BadChecksum => {
                if let Some(byte) = reports.last_mut().and_then(|report| report.data.get_mut(1)) {
                    *byte ^= 0x10;
                }
            }
            Self::DroppedReport if reports.len() > 1 => drop(reports.remove(1)),
            Self::DoubledReport => {
                if let Some(report) = reports.get(1).cloned() {
                    reports.insert(1, report);
                }
            }
            Self::DoubledLastReport => reports.extend(reports.last().cloned()),
            Self::ReorderedReports if reports.len() > 3 => reports.swap(1, 2),
            Self::Noise => {
                let stray = |id| Report { id, data: vec![0x56; 63] };
                reports.splice(0..0, [stray(9), stray(0)]);
            }
            Self::Unplugged => reports.truncate(1),
            _ => {}
        }
    }
}
