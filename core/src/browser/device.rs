//! What a device keeps about itself among the settings: its name, its last session, where its servers are.

use serde::Serialize;

use super::BrowserJournal;
use super::answers::{FromJs, from_json};
use super::entropy::BrowserEntropy;
use crate::error::TerminalError;
use crate::ports::Entropy as _;
use crate::terminal::{SESSION_SETTING, session_from_bytes};
use crate::wire;

/// The setting that keeps the device's name.
pub const DEVICE_SETTING: &str = "device";
/// The setting that tells the worker where the page found its servers.
pub const ENDPOINTS_SETTING: &str = "endpoints";

/// Where the servers are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Endpoints {
    /// The gateway's base URL without a slash at its end; empty for the own origin.
    pub gateway_url: String,
    /// Where the app gives out connection tokens (POST).
    pub connection_token_url: String,
}

impl Endpoints {
    /// The ones kept by a page; `None` when there are none that can be read. Then nobody may guess them: a payment sent
    /// to a guessed address is a card's ciphertext in the hands of a stranger.
    pub async fn kept(journal: &BrowserJournal) -> Result<Option<Self>, TerminalError> {
        Ok(journal.setting(ENDPOINTS_SETTING).await?.and_then(from_json_bytes))
    }

    /// Keeps them, where they differ from those kept.
    pub async fn keep(&self, journal: &BrowserJournal) -> Result<(), TerminalError> {
        let bytes = serde_json::to_vec(self).unwrap_or_default();
        if journal.setting(ENDPOINTS_SETTING).await?.as_deref() == Some(bytes.as_slice()) {
            return Ok(());
        }
        journal.put_setting(ENDPOINTS_SETTING, &bytes).await
    }
}

/// The device's own lasting name, a UUID: minted at its first use, kept from then on.
pub async fn device_id(journal: &BrowserJournal) -> Result<String, TerminalError> {
    if let Some(name) = journal.setting(DEVICE_SETTING).await?.and_then(|bytes| String::from_utf8(bytes).ok())
    {
        return Ok(name);
    }
    let mut random = [0; 16];
    BrowserEntropy.fill(&mut random);
    let name = uuid::Builder::from_random_bytes(random).into_uuid().to_string();
    journal.put_setting(DEVICE_SETTING, name.as_bytes()).await?;
    Ok(name)
}

/// The session kept from the last time online, where there is one that can be read.
pub async fn kept_session(journal: &BrowserJournal) -> Option<wire::Session> {
    let bytes = journal.setting(SESSION_SETTING).await.ok()??;
    session_from_bytes(&bytes)
}

fn from_json_bytes<T: FromJs>(bytes: Vec<u8>) -> Option<T> {
    from_json(&String::from_utf8(bytes).ok()?)
}
