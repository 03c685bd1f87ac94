//! The sandbox's memory in the gateway's database.

use serde::{Deserialize, Serialize};
use sqlx::Row;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::store::{Attempt, SandboxStore, SandboxStoreError, Settled, settle};
use crate::acquirer::{Authorisation, CardFacts, Decline, Outcome};
use crate::sqlite::Database;

/// The sandbox's tables.
#[derive(Debug, Clone)]
pub struct SqliteSandbox {
    database: Database,
}

impl SqliteSandbox {
    /// The sandbox's tables of a database.
    pub fn new(database: Database) -> Self {
        SqliteSandbox { database }
    }

    async fn standing(
        connection: &mut SqliteConnection,
        account: &str,
        key: &str,
    ) -> Result<Option<Settled>, SandboxStoreError> {
        let row = sqlx::query(
            "SELECT captured, voided, outcome FROM sandbox_authorisations WHERE account = ?1 AND key = ?2",
        )
        .bind(account)
        .bind(key)
        .fetch_optional(connection)
        .await?;
        let Some(row) = row else { return Ok(None) };
        if !matches!(outcome(&row)?, Outcome::Approved(_)) {
            return Ok(None);
        }
        let captured: Option<i64> = row.try_get("captured")?;
        let captured = captured.map(u64::try_from).transpose().map_err(|_| unreadable())?;
        Ok(Some(Settled { captured, voided: row.try_get("voided")? }))
    }
}

impl From<sqlx::Error> for SandboxStoreError {
    fn from(error: sqlx::Error) -> Self {
        SandboxStoreError(error.to_string())
    }
}

fn unreadable() -> SandboxStoreError {
    SandboxStoreError("a row cannot be read".to_owned())
}

fn number(amount: u64) -> i64 {
    i64::try_from(amount).unwrap_or(i64::MAX)
}

impl SandboxStore for SqliteSandbox {
    async fn settle(&self, attempts: Vec<Attempt>) -> Result<Vec<Outcome>, SandboxStoreError> {
        if attempts.is_empty() {
            return Ok(Vec::new());
        }
        let mut outcomes = Vec::with_capacity(attempts.len());
        let mut transaction = self.database.writer.begin_with("BEGIN IMMEDIATE").await?;
        for attempt in attempts {
            outcomes.push(settle_one(&mut transaction, attempt).await?);
        }
        transaction.commit().await?;
        Ok(outcomes)
    }

    async fn capture(
        &self,
        account: &str,
        key: &str,
        amount: u64,
    ) -> Result<Option<Settled>, SandboxStoreError> {
        let mut transaction = self.database.writer.begin_with("BEGIN IMMEDIATE").await?;
        let standing = Self::standing(&mut transaction, account, key).await?;
        if let Some(Settled { captured: None, voided: false }) = standing {
            sqlx::query(
                "UPDATE sandbox_authorisations SET captured = ?3 WHERE account = ?1 AND key = ?2 AND amount >= ?3",
            )
            .bind(account)
            .bind(key)
            .bind(number(amount))
            .execute(&mut *transaction)
            .await?;
        }
        let standing = Self::standing(&mut transaction, account, key).await?;
        transaction.commit().await?;
        Ok(standing)
    }

    async fn void(&self, account: &str, key: &str) -> Result<Option<Settled>, SandboxStoreError> {
        let mut transaction = self.database.writer.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::query(
            "UPDATE sandbox_authorisations SET voided = 1 WHERE account = ?1 AND key = ?2 AND captured IS NULL",
        )
        .bind(account)
        .bind(key)
        .execute(&mut *transaction)
        .await?;
        let standing = Self::standing(&mut transaction, account, key).await?;
        transaction.commit().await?;
        Ok(standing)
    }
}

async fn settle_one(
    connection: &mut SqliteConnection,
    attempt: Attempt,
) -> Result<Outcome, SandboxStoreError> {
    let (card, counter) = attempt.counter.clone().unzip();
    let rows = sqlx::query(
        "SELECT account, key, outcome, ksn, card, counter FROM sandbox_authorisations
         WHERE (account = ?1 AND key = ?2) OR ksn = ?3 OR (card = ?4 AND counter = ?5)",
    )
    .bind(&attempt.account)
    .bind(&attempt.key)
    .bind(&attempt.ksn)
    .bind(&card)
    .bind(counter.map(i64::from))
    .fetch_all(&mut *connection)
    .await?;
    let (mut ksn_seen, mut counter_seen) = (false, false);
    for row in &rows {
        let (account, key): (&str, &str) = (row.try_get("account")?, row.try_get("key")?);
        if account == attempt.account && key == attempt.key {
            return outcome(row);
        }
        let ksn: Option<String> = row.try_get("ksn")?;
        ksn_seen |= ksn.is_some() && ksn == attempt.ksn;
        let row_card: Option<String> = row.try_get("card")?;
        let row_counter: Option<i64> = row.try_get("counter")?;
        counter_seen |= card.is_some() && row_card == card && row_counter == counter.map(i64::from);
    }
    let settled = settle(attempt, ksn_seen, counter_seen);
    let (card, counter) = settled.counter.unzip();
    sqlx::query(
        "INSERT INTO sandbox_authorisations (account, key, outcome, amount, captured, ksn, card, counter)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )
    .bind(&settled.account)
    .bind(&settled.key)
    .bind(serde_json::to_string(&StoredOutcome::of(&settled.outcome)).map_err(|_| unreadable())?)
    .bind(number(settled.amount))
    .bind(settled.capture.then_some(number(settled.amount)))
    .bind(&settled.ksn)
    .bind(card)
    .bind(counter.map(i64::from))
    .execute(connection)
    .await?;
    Ok(settled.outcome)
}

fn outcome(row: &SqliteRow) -> Result<Outcome, SandboxStoreError> {
    let text: &str = row.try_get("outcome")?;
    let stored: StoredOutcome = serde_json::from_str(text).map_err(|_| unreadable())?;
    Ok(stored.into_outcome())
}

/// An outcome as it is stored.
#[derive(Serialize, Deserialize)]
struct StoredOutcome {
    brand: String,
    last4: String,
    exp_month: u8,
    exp_year: u16,
    funding: String,
    country: Option<String>,
    network: String,
    response_code: String,
    /// With an approval only.
    authorization_code: Option<String>,
    /// With a decline only.
    decline_code: Option<String>,
    /// With a decline only.
    message: Option<String>,
}

impl StoredOutcome {
    fn of(outcome: &Outcome) -> Self {
        let (card, response_code, authorization_code, decline_code, message) = match outcome {
            Outcome::Approved(ok) => {
                (&ok.card, &ok.response_code, Some(ok.authorization_code.clone()), None, None)
            }
            Outcome::Declined(no) => {
                (&no.card, &no.response_code, None, Some(no.decline_code.clone()), Some(no.message.clone()))
            }
        };
        let CardFacts { brand, last4, exp_month, exp_year, funding, country, network } = card.clone();
        let response_code = response_code.clone();
        StoredOutcome {
            brand,
            last4,
            exp_month,
            exp_year,
            funding,
            country,
            network,
            response_code,
            authorization_code,
            decline_code,
            message,
        }
    }

    fn into_outcome(self) -> Outcome {
        let card = CardFacts {
            brand: self.brand,
            last4: self.last4,
            exp_month: self.exp_month,
            exp_year: self.exp_year,
            funding: self.funding,
            country: self.country,
            network: self.network,
        };
        let response_code = self.response_code;
        match (self.authorization_code, self.decline_code) {
            (Some(authorization_code), _) => {
                Outcome::Approved(Authorisation { card, authorization_code, response_code })
            }
            (None, decline_code) => Outcome::Declined(Decline {
                card,
                decline_code: decline_code.unwrap_or_else(|| "generic_decline".to_owned()),
                message: self.message.unwrap_or_default(),
                response_code,
            }),
        }
    }
}
