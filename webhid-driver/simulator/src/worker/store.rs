use indexed_db_futures::{
    Build, BuildSerde,
    database::Database,
    error::Error,
    query_source::QuerySource,
    transaction::{TransactionDurability, TransactionMode, TransactionOptions},
};

use super::random;
use crate::ReaderState;

const DATABASE: &str = "tillandsia-reader-simulator";
const STORE: &str = "reader";
const KEY: &str = "state";

/// Where the reader's state survives a reload. Without a database every start is a new reader, which uses no key twice
/// either.
pub(super) struct Store(Option<Database>);

impl Store {
    pub(super) async fn open() -> Self {
        let opened = Database::open(DATABASE)
            .with_version(1u8)
            .with_on_upgrade_needed(|_, db| {
                db.create_object_store(STORE).build()?;
                Ok(())
            })
            .await;
        Self(opened.ok())
    }

    /// A state whose next `transactions` keys and counters nobody else uses: what follows them is durable before this
    /// returns.
    pub(super) async fn take(&self, transactions: u16) -> ReaderState {
        let taken = match &self.0 {
            Some(database) => take(database, transactions).await.ok(),
            None => None,
        };
        taken.unwrap_or_else(|| ReaderState::new(random()))
    }
}

async fn take(database: &Database, transactions: u16) -> Result<ReaderState, Error> {
    let mut options = TransactionOptions::new();
    options.set_durability(TransactionDurability::Strict);
    let transaction =
        database.transaction(STORE).with_mode(TransactionMode::Readwrite).with_options(options).build()?;
    let store = transaction.object_store(STORE)?;
    // A state that cannot be read is replaced: by a new reader, with keys of its own.
    let read: Result<Option<ReaderState>, Error> = store.get(KEY).serde()?.await;
    let working = read.ok().flatten().unwrap_or_else(|| ReaderState::new(random()));
    let mut left = working.clone();
    left.set_aside(transactions);
    store.put(&left).with_key(KEY).with_key_type::<String>().serde()?.await?;
    transaction.commit().await?;
    Ok(working)
}
