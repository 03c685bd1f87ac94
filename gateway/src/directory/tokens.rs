//! Connection tokens and device sessions.

use sqlx::Row;
use tillandsia_core::wire::{Configuration, ConnectionToken, Location, Session, SessionRequest};

use super::{Directory, account, digest, failed, secret};
use crate::acquirer::Account;
use crate::ids::Ids;
use crate::ledger::Refusal;

/// How long a connection token can be used, seconds.
pub const CONNECTION_TOKEN_LIFE_S: u64 = 5 * 60;
/// How long a session lasts, seconds.
pub const SESSION_LIFE_S: u64 = 12 * 60 * 60;
const DEVICE_ID_BYTES_MAX: usize = 64;

impl Directory {
    /// Makes a connection token for a device of the account.
    pub async fn create_connection_token(
        &self,
        now: u64,
        ids: &dyn Ids,
        account: &Account,
        location: Option<String>,
    ) -> Result<ConnectionToken, Refusal> {
        if let Some(id) = &location {
            self.location(account, id).await?;
        }
        let prefix = if account.livemode { "pst_live" } else { "pst_test" };
        let token = secret(ids, prefix);
        sqlx::query("DELETE FROM connection_tokens WHERE expires_at <= ?1")
            .bind(seconds(now))
            .execute(&self.database.writer)
            .await
            .map_err(failed)?;
        sqlx::query(
            "INSERT INTO connection_tokens (digest, account, location, expires_at) VALUES (?1, ?2, ?3, ?4)",
        )
        .bind(digest(&token))
        .bind(&account.id)
        .bind(&location)
        .bind(seconds(now.saturating_add(CONNECTION_TOKEN_LIFE_S)))
        .execute(&self.database.writer)
        .await
        .map_err(failed)?;
        Ok(ConnectionToken { object: "terminal.connection_token".to_owned(), secret: token, location })
    }

    /// Opens a session with a connection token, which is used up.
    pub async fn open_session(
        &self,
        now: u64,
        ids: &dyn Ids,
        request: &SessionRequest,
    ) -> Result<Session, Refusal> {
        if request.device_id.is_empty() || request.device_id.len() > DEVICE_ID_BYTES_MAX {
            return Err(Refusal::invalid(
                "parameter_invalid",
                "`device_id` must be a UUID",
                Some("device_id"),
            ));
        }
        let (account, location) = self.use_token(now, &request.connection_token).await?;
        let location = self.location_or_first(&account, location).await?;
        let configuration = self.configuration_of(&account, &location).await?;
        let expires_at = now.saturating_add(SESSION_LIFE_S);
        let session_secret = secret(ids, "tss");
        sqlx::query("DELETE FROM sessions WHERE expires_at <= ?1")
            .bind(seconds(now))
            .execute(&self.database.writer)
            .await
            .map_err(failed)?;
        sqlx::query(
            "INSERT INTO sessions (digest, account, location, device_id, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        )
        .bind(digest(&session_secret))
        .bind(&account.id)
        .bind(&location.id)
        .bind(&request.device_id)
        .bind(seconds(expires_at))
        .execute(&self.database.writer)
        .await
        .map_err(failed)?;
        Ok(Session {
            object: "terminal.session".to_owned(),
            secret: session_secret,
            expires_at,
            account: account.id,
            livemode: account.livemode,
            location,
            configuration,
        })
    }

    /// The account of a session that has not ended.
    pub async fn account_of_session(&self, now: u64, session_secret: &str) -> Result<Account, Refusal> {
        let row = sqlx::query(
            "SELECT accounts.id, accounts.livemode FROM sessions JOIN accounts ON accounts.id = account
             WHERE digest = ?1 AND expires_at > ?2",
        )
        .bind(digest(session_secret))
        .bind(seconds(now))
        .fetch_optional(&self.database.reader)
        .await
        .map_err(failed)?;
        let ended = || {
            let message = "the session has ended: open another with a new connection token";
            Refusal::unauthorized("session_expired", message)
        };
        account(&row.ok_or_else(ended)?)
    }

    async fn use_token(&self, now: u64, token: &str) -> Result<(Account, Option<String>), Refusal> {
        let unusable = || {
            let message = "the connection token is unknown, was used, or has ended: get a new one";
            Refusal::unauthorized("connection_token_invalid", message)
        };
        let used = sqlx::query(
            "DELETE FROM connection_tokens WHERE digest = ?1 AND expires_at > ?2 RETURNING account, location",
        )
        .bind(digest(token))
        .bind(seconds(now))
        .fetch_optional(&self.database.writer)
        .await
        .map_err(failed)?
        .ok_or_else(unusable)?;
        let id: String = used.try_get("account").map_err(failed)?;
        let row = sqlx::query("SELECT id, livemode FROM accounts WHERE id = ?1")
            .bind(&id)
            .fetch_one(&self.database.reader)
            .await
            .map_err(failed)?;
        Ok((account(&row)?, used.try_get("location").map_err(failed)?))
    }

    async fn location_or_first(&self, account: &Account, id: Option<String>) -> Result<Location, Refusal> {
        if let Some(id) = id {
            return self.location(account, &id).await;
        }
        let message = "the account has no location: create one with POST /v1/terminal/locations";
        let first = self.locations(account, 1, None).await?.data.pop();
        first.ok_or_else(|| Refusal::invalid("location_missing", message, None))
    }

    /// The configuration in force at a location: its own, else the account's default, else offline disabled.
    async fn configuration_of(
        &self,
        account: &Account,
        location: &Location,
    ) -> Result<Configuration, Refusal> {
        if let Some(id) = &location.configuration_overrides {
            return self.configuration(account, id).await;
        }
        self.default_configuration(account).await
    }
}

pub(super) fn seconds(time: u64) -> i64 {
    i64::try_from(time).unwrap_or(i64::MAX)
}
