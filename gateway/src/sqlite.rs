//! The gateway's database: one file, one writer.

use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions,
    SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection, Row};

/// The file's name in the data directory.
pub const FILE_NAME: &str = "gateway.sqlite";

/// Each step of the schema, in order. A released step never changes; none may discard a payment.
const STEPS: &[&str] = &[
    include_str!("../migrations/0001_ledger.sql"),
    include_str!("../migrations/0002_sandbox.sql"),
    include_str!("../migrations/0003_directory.sql"),
];

const READERS_MAX: u32 = 4;
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(30);

/// The open database. What `writer` commits is on the disk (WAL, `synchronous=FULL`).
#[derive(Debug, Clone)]
pub struct Database {
    /// The one connection that writes: SQLite has one writer anyway, and waiting here is fair.
    pub(crate) writer: SqlitePool,
    /// Connections that only read.
    pub(crate) reader: SqlitePool,
}

/// Why the database cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The directory cannot be made or written to.
    #[error("the data directory {path} cannot be used: {reason}; give another with --data")]
    Directory {
        /// The directory.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// Another gateway has it open.
    #[error("the data directory {0} is used by another gateway: stop that one, or give another with --data")]
    InUse(PathBuf),
    /// It was written by a newer gateway.
    #[error(
        "the database has schema {found}, this gateway knows {known}: run the newer gateway; nothing was changed"
    )]
    NewerSchema {
        /// The schema it has.
        found: usize,
        /// The newest that is known here.
        known: usize,
    },
    /// SQLite failed.
    #[error("the database cannot be opened: {0}")]
    Database(#[from] sqlx::Error),
}

impl Database {
    /// Opens the database in a directory, makes it where there is none and brings its schema up to date.
    pub async fn open(directory: &Path) -> Result<Self, OpenError> {
        let options = SqliteConnectOptions::new()
            .filename(directory.join(FILE_NAME))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT)
            .disable_statement_logging();
        let pool = |connections| {
            SqlitePoolOptions::new().max_connections(connections).acquire_timeout(ACQUIRE_TIMEOUT)
        };
        let writer = pool(1).connect_with(options.clone()).await?;
        migrate(&mut *writer.acquire().await?).await?;
        let reader = pool(READERS_MAX).connect_lazy_with(options.pragma("query_only", "ON"));
        Ok(Database { writer, reader })
    }

    /// Closes every connection; what was committed stays.
    pub async fn close(&self) {
        self.reader.close().await;
        self.writer.close().await;
    }
}

async fn migrate(connection: &mut SqliteConnection) -> Result<(), OpenError> {
    let found: i64 = sqlx::query("PRAGMA user_version").fetch_one(&mut *connection).await?.try_get(0)?;
    let found = usize::try_from(found).unwrap_or(usize::MAX);
    if found > STEPS.len() {
        return Err(OpenError::NewerSchema { found, known: STEPS.len() });
    }
    for (index, step) in STEPS.iter().enumerate().skip(found) {
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
        sqlx::raw_sql(*step).execute(&mut *transaction).await?;
        let version = sqlx::AssertSqlSafe(format!("PRAGMA user_version = {}", index + 1));
        sqlx::raw_sql(version).execute(&mut *transaction).await?;
        transaction.commit().await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn version(database: &Database) -> i64 {
        sqlx::query("PRAGMA user_version").fetch_one(&database.reader).await.unwrap().get(0)
    }

    #[tokio::test]
    async fn opens_twice_and_is_durable() {
        let directory = tempfile::tempdir().unwrap();
        let database = Database::open(directory.path()).await.unwrap();
        assert_eq!(version(&database).await, i64::try_from(STEPS.len()).unwrap());
        let pragma = async |name: &'static str| -> (String, i64) {
            let row = sqlx::query(name).fetch_one(&database.writer).await.unwrap();
            (row.try_get(0).unwrap_or_default(), row.try_get(0).unwrap_or_default())
        };
        assert_eq!(pragma("PRAGMA journal_mode").await.0, "wal");
        assert_eq!(pragma("PRAGMA synchronous").await.1, 2);
        database.close().await;
        Database::open(directory.path()).await.unwrap();
    }

    #[tokio::test]
    async fn a_newer_schema_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let database = Database::open(directory.path()).await.unwrap();
        sqlx::raw_sql("PRAGMA user_version = 99").execute(&database.writer).await.unwrap();
        database.close().await;
        let error = Database::open(directory.path()).await.unwrap_err();
        assert!(matches!(error, OpenError::NewerSchema { found: 99, .. }), "{error}");
    }

    #[tokio::test]
    async fn readers_cannot_write() {
        let directory = tempfile::tempdir().unwrap();
        let database = Database::open(directory.path()).await.unwrap();
        assert!(sqlx::query("DELETE FROM payments").execute(&database.reader).await.is_err());
    }
}
