//! What is read inside a transaction, as data: one code path carries all of it out.

use indexed_db_futures::KeyRange;
use indexed_db_futures::cursor::CursorDirection;
use indexed_db_futures::error::Error;
use indexed_db_futures::object_store::ObjectStore;
use indexed_db_futures::prelude::*;
use indexed_db_futures::transaction::Transaction;
use wasm_bindgen::prelude::*;

/// What is read.
pub(in crate::browser) enum Query {
    /// The value of a key, where there is one.
    One(&'static str, JsValue),
    /// The first values of a store, from a key on.
    From(&'static str, JsValue, usize),
    /// The first values of a store's index, behind a key.
    Index(&'static str, &'static str, Option<JsValue>, usize),
    /// The last values of a store before a key, in ascending order.
    Last(&'static str, Option<JsValue>, usize),
}

impl Query {
    pub(super) const fn store(&self) -> &'static str {
        match self {
            Query::One(store, _)
            | Query::From(store, ..)
            | Query::Index(store, ..)
            | Query::Last(store, ..) => store,
        }
    }

    pub(super) async fn run(self, transaction: &Transaction<'_>) -> Result<Vec<JsValue>, Error> {
        let store = transaction.object_store(self.store())?;
        match self {
            Query::One(_, key) => {
                let value = store.get::<JsValue, JsValue, _>(key).primitive()?.await?;
                Ok(value.into_iter().collect())
            }
            Query::From(_, key, limit) => page(&store, KeyRange::LowerBound(key, false), limit).await,
            Query::Index(_, index, after, limit) => {
                let index = store.index(index)?;
                // Below every key of these indices, whose keys are arrays that begin with a number.
                let first = JsValue::from_f64(f64::NEG_INFINITY);
                let range = KeyRange::LowerBound(after.unwrap_or(first), true);
                let values = index.get_all::<JsValue>().with_query::<JsValue, _>(range);
                values.with_limit(limit_of(limit)).primitive()?.await?.collect()
            }
            Query::Last(_, before, limit) => last(&store, before, limit).await,
        }
    }
}

async fn page(
    store: &ObjectStore<'_>,
    range: KeyRange<JsValue>,
    limit: usize,
) -> Result<Vec<JsValue>, Error> {
    let values = store.get_all::<JsValue>().with_query::<JsValue, _>(range);
    values.with_limit(limit_of(limit)).primitive()?.await?.collect()
}

/// Finds the first key of the page from behind, then reads the page at once: a cursor that hands out the values one
/// by one takes a turn of the event loop for each.
async fn last(store: &ObjectStore<'_>, before: Option<JsValue>, limit: usize) -> Result<Vec<JsValue>, Error> {
    let Some(steps) = limit.checked_sub(1) else { return Ok(Vec::new()) };
    // Above every text, which the keys are.
    let above = js_sys::Uint8Array::new_with_length(0).into();
    let before = before.unwrap_or(above);
    let range = KeyRange::UpperBound(before.clone(), true);
    let cursor = store.open_key_cursor().with_direction(CursorDirection::Prev);
    let Some(mut cursor) = cursor.with_query::<JsValue, _>(range.clone()).await? else {
        return Ok(Vec::new());
    };
    let newest = cursor.primary_key::<JsValue>()?;
    cursor.advance_by(limit_of(steps)).await?;
    // A cursor that ran past the end has no key any more, in Chromium still the one before.
    match cursor.primary_key::<JsValue>()? {
        Some(oldest) if steps == 0 || newest.as_ref() != Some(&oldest) => {
            page(store, KeyRange::Bound(oldest, false, before, true), limit).await
        }
        _ => page(store, range, limit).await,
    }
}

fn limit_of(limit: usize) -> u32 {
    u32::try_from(limit).unwrap_or(u32::MAX)
}
