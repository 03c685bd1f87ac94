//! Would offline work, before the outage.

use std::collections::BTreeMap;

use tillandsia_core::offline::{CheckResult, Finding, Readiness, StorageFacts};
use tillandsia_core::ports::{Platform, Reader};
use tillandsia_core::simulated_offline::SimulatedOfflineMode;

use super::plain::object;
use super::{Answer, Api, invalid};

/// Whether a payment could be taken offline now.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "Readiness", rename_all = "camelCase"))]
pub struct ReadinessJson {
    /// Whether it could.
    pub ready: bool,
    /// Until when that stays so without a connection; null when it is not so now, or for as long as one likes.
    #[cfg_attr(test, ts(type = "number | null"))]
    pub until_ms: Option<u64>,
    /// Every check, in the order in which to see to them.
    pub checks: Vec<CheckJson>,
    /// How many more payments may be stored; null without such a limit.
    #[cfg_attr(test, ts(type = "number | null"))]
    pub payments_left: Option<u64>,
    /// The most that the next payment may have, by currency, minor units. A currency that is absent is refused.
    #[cfg_attr(test, ts(type = "Record<string, number>"))]
    pub amounts_left_by_currency: BTreeMap<String, u64>,
}

object!(ReadinessJson {
    ready = "ready",
    until_ms = "untilMs",
    checks = "checks",
    payments_left = "paymentsLeft",
    amounts_left_by_currency = "amountsLeftByCurrency",
});

/// One check and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(ts_rs::TS), ts(rename = "ReadinessCheck", rename_all = "camelCase"))]
pub struct CheckJson {
    /// What was looked at.
    #[cfg_attr(
        test,
        ts(
            type = "'configuration' | 'reader' | 'pairing' | 'reader_software' | 'listeners' | 'storage_key' | 'storage' | 'storage_persistence' | 'limits'"
        )
    )]
    pub check: &'static str,
    /// With a warning offline works, and this should be seen to; with a failure it does not until this is done.
    #[cfg_attr(test, ts(type = "'good' | 'warning' | 'failed'"))]
    pub result: &'static str,
    /// Why it failed, as a stable name.
    #[cfg_attr(test, ts(type = "TerminalErrorCode | null"))]
    pub code: Option<&'static str>,
    /// What to do about it; null when all is well.
    pub message: Option<String>,
    /// Until when it stays so, where that is known.
    #[cfg_attr(test, ts(type = "number | null"))]
    pub until_ms: Option<u64>,
}

object!(CheckJson {
    check = "check",
    result = "result",
    code = "code",
    message = "message",
    until_ms = "untilMs",
});

impl From<&Readiness> for ReadinessJson {
    fn from(readiness: &Readiness) -> Self {
        let mut amounts = BTreeMap::new();
        for (currency, amount) in &readiness.room.amounts {
            amounts.insert(currency.code().to_owned(), *amount);
        }
        ReadinessJson {
            ready: readiness.is_ready(),
            until_ms: readiness.until().map(|at| at.0),
            checks: readiness.checks.iter().map(CheckJson::from).collect(),
            payments_left: readiness.room.payments,
            amounts_left_by_currency: amounts,
        }
    }
}

impl From<&CheckResult> for CheckJson {
    fn from(result: &CheckResult) -> Self {
        let (name, code, message) = match &result.finding {
            Finding::Good => ("good", None, None),
            Finding::Warning(message) => ("warning", None, Some(message.clone())),
            Finding::Failed(error) => ("failed", Some(error.code.as_str()), Some(error.message.clone())),
        };
        let until_ms = result.until.map(|at| at.0);
        CheckJson { check: result.check.as_str(), result: name, code, message, until_ms }
    }
}

impl<P: Platform, R: Reader> Api<P, R> {
    /// `checkReadiness()`. `storage` is what the browser says of its storage.
    ///
    /// # Errors
    /// `storage_unavailable`.
    pub async fn check_readiness(&self, storage: StorageFacts) -> Answer<ReadinessJson> {
        Ok(ReadinessJson::from(&self.terminal.readiness(storage).await?))
    }

    /// `setSimulatedOfflineMode(mode)`.
    ///
    /// # Errors
    /// `invalid_request` for another name, and for an account that moves money.
    pub async fn set_simulated_offline_mode(&self, mode: &str) -> Answer<()> {
        let modes = [
            ("off", SimulatedOfflineMode::Off),
            ("immediate", SimulatedOfflineMode::Immediate),
            ("time_out", SimulatedOfflineMode::TimeOut),
            ("intermittent", SimulatedOfflineMode::Intermittent),
        ];
        let known = modes.into_iter().find_map(|(name, known)| (name == mode).then_some(known));
        let mode =
            known.ok_or_else(|| invalid("mode: give `off`, `immediate`, `time_out` or `intermittent`"))?;
        Ok(self.terminal.set_simulated_offline_mode(mode).await?)
    }
}
