//! The store in SQLite.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::Row;
use sqlx::sqlite::{SqliteConnection, SqliteRow};

use super::digest::Digest;
use super::payment::{Payment, PaymentKey, PaymentState};
use super::store::{LedgerStore, ListQuery, Name, StoreError};
use crate::sqlite::Database;

/// The payments in the gateway's database.
#[derive(Debug, Clone)]
pub struct SqliteLedger {
    database: Database,
}

impl SqliteLedger {
    /// The payments of a database.
    pub fn new(database: Database) -> Self {
        SqliteLedger { database }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(cause) if cause.is_unique_violation() => StoreError::Conflict,
            _ => StoreError::Unavailable(error.to_string()),
        }
    }
}

impl LedgerStore for SqliteLedger {
    async fn load(&self, account: &str, keys: &[PaymentKey]) -> Result<Vec<Option<Payment>>, StoreError> {
        let names = serde_json::Value::from(keys.iter().map(PaymentKey::to_string).collect::<Vec<_>>());
        let rows = sqlx::query(
            "SELECT * FROM payments WHERE account = ?1 AND key IN (SELECT value FROM json_each(?2))",
        )
        .bind(account)
        .bind(names.to_string())
        .fetch_all(&self.database.reader)
        .await?;
        let mut found: std::collections::HashMap<PaymentKey, Payment> = std::collections::HashMap::new();
        for row in &rows {
            let payment = read(row)?;
            found.insert(payment.key.clone(), payment);
        }
        Ok(keys.iter().map(|key| found.get(key).cloned()).collect())
    }

    async fn find(&self, name: Name<'_>) -> Result<Option<Payment>, StoreError> {
        let query = match name {
            Name::PaymentIntent(id) => {
                sqlx::query("SELECT * FROM payments WHERE payment_intent_id = ?1").bind(id)
            }
            Name::Charge(id) => sqlx::query("SELECT * FROM payments WHERE charge_id = ?1").bind(id),
        };
        query.fetch_optional(&self.database.reader).await?.as_ref().map(read).transpose()
    }

    async fn save(&self, payments: &[Payment]) -> Result<(), StoreError> {
        if payments.is_empty() {
            return Ok(());
        }
        let rows = payments.iter().map(Columns::of).collect::<Result<Vec<_>, _>>()?;
        let mut transaction = self.database.writer.begin_with("BEGIN IMMEDIATE").await?;
        for row in rows {
            if write(&mut transaction, row).await? != 1 {
                return Err(StoreError::Conflict);
            }
        }
        Ok(transaction.commit().await?)
    }

    async fn unfinished(&self, limit: usize) -> Result<Vec<Payment>, StoreError> {
        let rows = sqlx::query("SELECT * FROM payments WHERE state = 'processing' ORDER BY seq LIMIT ?1")
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(&self.database.reader)
            .await?;
        rows.iter().map(read).collect()
    }

    async fn list(&self, account: &str, query: &ListQuery) -> Result<Vec<Payment>, StoreError> {
        let sql = if query.charges {
            "SELECT * FROM payments WHERE account = ?1 AND charge_id IS NOT NULL
               AND (?2 IS NULL OR payment_intent_id = ?2)
               AND (?3 IS NULL OR seq < (SELECT seq FROM payments WHERE charge_id = ?3))
             ORDER BY seq DESC LIMIT ?4"
        } else {
            "SELECT * FROM payments WHERE account = ?1 AND payment_intent_id IS NOT NULL
               AND (?2 IS NULL OR payment_intent_id = ?2)
               AND (?3 IS NULL OR seq < (SELECT seq FROM payments WHERE payment_intent_id = ?3))
             ORDER BY seq DESC LIMIT ?4"
        };
        let rows = sqlx::query(sql)
            .bind(account)
            .bind(&query.payment_intent)
            .bind(&query.starting_after)
            .bind(i64::try_from(query.limit).unwrap_or(i64::MAX))
            .fetch_all(&self.database.reader)
            .await?;
        rows.iter().map(read).collect()
    }
}

/// A payment as its row has it.
struct Columns<'a> {
    payment: &'a Payment,
    revision: i64,
    state: &'static str,
    terms: Option<&'a Digest>,
    content: Option<&'a Digest>,
    intent: Option<String>,
    submission: Option<String>,
    charge: Option<String>,
    answer: Option<String>,
}

impl<'a> Columns<'a> {
    fn of(payment: &'a Payment) -> Result<Self, StoreError> {
        let revision = i64::try_from(payment.revision).map_err(|_| StoreError::Conflict)?;
        let mut columns = Columns {
            payment,
            revision,
            state: "created",
            terms: payment.terms(),
            content: None,
            intent: payment.intent().map(json).transpose()?,
            submission: None,
            charge: payment.charge().map(json).transpose()?,
            answer: None,
        };
        match &payment.state {
            PaymentState::Created { .. } => {}
            PaymentState::Processing { content, submission, .. } => {
                columns.state = "processing";
                columns.content = Some(content);
                columns.submission = Some(json(submission)?);
            }
            PaymentState::Final { content, answer, .. } => {
                columns.state = "final";
                columns.content = Some(content);
                columns.answer = Some(json(answer)?);
            }
            PaymentState::Canceled { answer, .. } => {
                columns.state = "canceled";
                columns.answer = Some(json(answer)?);
            }
        }
        Ok(columns)
    }
}

/// Inserts or replaces one row; how many rows that touched.
async fn write(connection: &mut SqliteConnection, row: Columns<'_>) -> Result<u64, StoreError> {
    let sql = if row.revision == 0 {
        "INSERT INTO payments (account, key, revision, state, payment_intent_id, charge_id, terms, content, intent,
                               submission, charge, answer)
         VALUES (?1, ?2, ?3 + 1, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"
    } else {
        "UPDATE payments SET revision = ?3 + 1, state = ?4, payment_intent_id = ?5, charge_id = ?6, terms = ?7,
                             content = ?8, intent = ?9, submission = ?10, charge = ?11, answer = ?12
         WHERE account = ?1 AND key = ?2 AND revision = ?3"
    };
    let done = sqlx::query(sql)
        .bind(&row.payment.account)
        .bind(row.payment.key.to_string())
        .bind(row.revision)
        .bind(row.state)
        .bind(row.payment.intent().map(|intent| intent.id.as_str()))
        .bind(row.payment.charge().map(|charge| charge.id.as_str()))
        .bind(row.terms.map(|digest| digest.as_slice()))
        .bind(row.content.map(|digest| digest.as_slice()))
        .bind(row.intent)
        .bind(row.submission)
        .bind(row.charge)
        .bind(row.answer)
        .execute(connection)
        .await?;
    Ok(done.rows_affected())
}

fn json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| StoreError::Unreadable(error.to_string()))
}

fn read(row: &SqliteRow) -> Result<Payment, StoreError> {
    let key: String = row.try_get("key")?;
    let state: String = row.try_get("state")?;
    let unreadable = |what: &str| StoreError::Unreadable(format!("{what} of {key}"));
    let revision: i64 = row.try_get("revision")?;
    let state = match state.as_str() {
        "created" => PaymentState::Created { terms: digest(row, "terms")?, intent: object(row, "intent")? },
        "processing" => PaymentState::Processing {
            terms: digest(row, "terms")?,
            intent: object(row, "intent")?,
            content: digest(row, "content")?,
            submission: object(row, "submission")?,
        },
        "final" => PaymentState::Final {
            terms: digest(row, "terms")?,
            intent: object(row, "intent")?,
            content: digest(row, "content")?,
            charge: object(row, "charge")?,
            answer: object(row, "answer")?,
        },
        "canceled" => {
            let has_intent = row.try_get::<Option<&str>, _>("intent")?.is_some();
            let intent = if has_intent { Some(object(row, "intent")?) } else { None };
            PaymentState::Canceled { intent, answer: object(row, "answer")? }
        }
        _ => return Err(unreadable("state")),
    };
    Ok(Payment {
        account: row.try_get("account")?,
        revision: u64::try_from(revision).map_err(|_| unreadable("revision"))?,
        state,
        key: key.parse().map_err(|_| unreadable("key"))?,
    })
}

fn digest(row: &SqliteRow, column: &str) -> Result<Digest, StoreError> {
    let bytes: &[u8] = row.try_get(column)?;
    bytes.try_into().map_err(|_| StoreError::Unreadable(format!("{column} has the wrong length")))
}

fn object<T: DeserializeOwned>(row: &SqliteRow, column: &str) -> Result<T, StoreError> {
    let text: &str = row.try_get(column)?;
    // The parser's own message could repeat what it read.
    serde_json::from_str(text).map_err(|_| StoreError::Unreadable(column.to_owned()))
}
