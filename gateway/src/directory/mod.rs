//! Who may ask for what: accounts, their secret keys, locations, configurations, connection tokens, sessions.

mod demo;
mod objects;
mod tokens;

use sha2::{Digest, Sha256};
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use crate::acquirer::Account;
use crate::ids::Ids;
use crate::ledger::Refusal;
use crate::sqlite::Database;

pub use demo::{DEMO_ACCOUNT, DEMO_SECRET_KEY};
pub use objects::{ConfigurationChange, LocationChange};
pub use tokens::{CONNECTION_TOKEN_LIFE_S, SESSION_LIFE_S};

/// The accounts in the gateway's database.
#[derive(Debug, Clone)]
pub struct Directory {
    database: Database,
}

impl Directory {
    /// The accounts of a database.
    pub fn new(database: Database) -> Self {
        Directory { database }
    }

    /// The account of a secret key.
    pub async fn account_of_key(&self, secret_key: &str) -> Result<Account, Refusal> {
        let row = sqlx::query(
            "SELECT accounts.id, accounts.livemode FROM secret_keys JOIN accounts ON accounts.id = account
             WHERE digest = ?1",
        )
        .bind(digest(secret_key))
        .fetch_optional(&self.database.reader)
        .await
        .map_err(failed)?;
        let unknown = || Refusal::unauthorized("api_key_invalid", "Invalid API Key provided");
        account(&row.ok_or_else(unknown)?)
    }

    /// Makes a test-mode account with a configuration, and gives its name and its secret key, which is not kept.
    pub async fn create_account(&self, ids: &dyn Ids) -> Result<(Account, String), Refusal> {
        let account = Account { id: ids.name("acct"), livemode: false };
        let secret_key = secret(ids, "sk_test");
        self.put_account(&account, &secret_key).await?;
        Ok((account, secret_key))
    }

    /// Writes an account with a secret key; one that exists stays as it is.
    async fn put_account(&self, account: &Account, secret_key: &str) -> Result<(), Refusal> {
        let mut transaction = self.database.writer.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
        sqlx::query("INSERT INTO accounts (id, livemode) VALUES (?1, ?2) ON CONFLICT DO NOTHING")
            .bind(&account.id)
            .bind(account.livemode)
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        sqlx::query("INSERT INTO secret_keys (digest, account) VALUES (?1, ?2) ON CONFLICT DO NOTHING")
            .bind(digest(secret_key))
            .bind(&account.id)
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        transaction.commit().await.map_err(failed)
    }
}

/// A secret of 256 random bits behind a prefix.
fn secret(ids: &dyn Ids, prefix: &str) -> String {
    let (first, second) = (ids.name(prefix), ids.name("s"));
    first + second.trim_start_matches("s_")
}

/// Secrets are looked up by digest, so that the database does not hold them.
fn digest(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}

fn account(row: &SqliteRow) -> Result<Account, Refusal> {
    Ok(Account { id: row.try_get(0).map_err(failed)?, livemode: row.try_get(1).map_err(failed)? })
}

fn failed(error: sqlx::Error) -> Refusal {
    tracing::error!(%error, "directory");
    Refusal::unavailable("storage_unavailable", "the gateway's database failed: try again later")
}
