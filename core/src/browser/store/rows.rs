//! How rows, log entries and the head look inside IndexedDB, schema version 1.
//!
//! ```text
//! payments  { id, revision, deadline?, attention?, due, leased, pending?, bytes: base(32) iv(12) ciphertext }   key id
//! log       { seq, at, kind, id, revision, stored, amount, currency,
//!             bytes: row(32) previous(32) hash(32) }                                                key seq
//! meta      { seq, hash(32), count, amounts: [currency, sum, …] }                                   key "head"
//! settings  iv(12) ciphertext                                                                       key name
//! ```
//! Bytes are Uint8Arrays; times are unix milliseconds.

use js_sys::{Array, Object, Uint8Array};
use wasm_bindgen::prelude::*;

use super::super::js::{number, whole, whole_number};
use crate::ids::OfflineId;
use crate::journal::{Digest, Head, LogEntry, LogKind, PaymentRow, QueuePosition, Sealed, Sums, Totals};
use crate::money::{Currency, Money};
use crate::ports::StoreError;
use crate::time::TimestampMs;

#[wasm_bindgen]
extern "C" {
    /// Any of the rows: setters and getters without the cost of `Reflect`.
    #[wasm_bindgen(extends = Object)]
    type Row;
    #[wasm_bindgen(method, setter)]
    fn set_id(this: &Row, value: &str);
    #[wasm_bindgen(method, getter)]
    fn id(this: &Row) -> JsValue;
    #[wasm_bindgen(method, setter)]
    fn set_revision(this: &Row, value: u32);
    #[wasm_bindgen(method, setter)]
    fn set_deadline(this: &Row, value: f64);
    #[wasm_bindgen(method, setter)]
    fn set_attention(this: &Row, value: f64);
    #[wasm_bindgen(method, setter)]
    fn set_due(this: &Row, value: f64);
    #[wasm_bindgen(method, setter)]
    fn set_leased(this: &Row, value: bool);
    #[wasm_bindgen(method, getter)]
    fn leased(this: &Row) -> JsValue;
    #[wasm_bindgen(method, setter)]
    fn set_pending(this: &Row, value: u32);
    #[wasm_bindgen(method, setter)]
    fn set_bytes(this: &Row, value: &Uint8Array);
    #[wasm_bindgen(method, getter)]
    fn bytes(this: &Row) -> JsValue;
    #[wasm_bindgen(method, setter)]
    fn set_seq(this: &Row, value: f64);
    #[wasm_bindgen(method, setter)]
    fn set_at(this: &Row, value: f64);
    #[wasm_bindgen(method, setter)]
    fn set_kind(this: &Row, value: u8);
    #[wasm_bindgen(method, setter)]
    fn set_stored(this: &Row, value: bool);
    #[wasm_bindgen(method, getter)]
    fn stored(this: &Row) -> JsValue;
    #[wasm_bindgen(method, setter)]
    fn set_amount(this: &Row, value: f64);
    #[wasm_bindgen(method, setter)]
    fn set_currency(this: &Row, value: &str);
    #[wasm_bindgen(method, getter)]
    fn currency(this: &Row) -> JsValue;
    #[wasm_bindgen(method, setter)]
    fn set_hash(this: &Row, value: &Uint8Array);
    #[wasm_bindgen(method, getter)]
    fn hash(this: &Row) -> JsValue;
    #[wasm_bindgen(method, setter)]
    fn set_count(this: &Row, value: f64);
    #[wasm_bindgen(method, setter)]
    fn set_amounts(this: &Row, value: &Array);
    #[wasm_bindgen(method, getter)]
    fn amounts(this: &Row) -> JsValue;
}

fn new_row() -> Row {
    Object::new().unchecked_into()
}

fn bytes_of(parts: &[&[u8]]) -> Uint8Array {
    Uint8Array::from(parts.concat().as_slice())
}

fn to_bytes(value: JsValue) -> Option<Vec<u8>> {
    Some(value.dyn_into::<Uint8Array>().ok()?.to_vec())
}

/// Splits `N` bytes off the front.
fn take<const N: usize>(bytes: &[u8]) -> Option<([u8; N], &[u8])> {
    let (front, rest) = bytes.split_first_chunk::<N>()?;
    Some((*front, rest))
}

/// A payment's row.
pub(super) fn payment_to_js(row: &PaymentRow) -> JsValue {
    let js = new_row();
    js.set_id(&row.id.to_string());
    js.set_revision(row.revision);
    if let Some(position) = row.queue {
        js.set_deadline(position.deadline.0 as f64);
    }
    if let Some(deadline) = row.attention {
        js.set_attention(deadline.0 as f64);
    }
    js.set_due(row.due.0 as f64);
    js.set_leased(row.leased);
    if row.unacknowledged {
        js.set_pending(1);
    }
    js.set_bytes(&bytes_of(&[&row.base, &row.sealed.iv, &row.sealed.ciphertext]));
    js.into()
}

/// A payment's row. One that does not parse comes with an empty `sealed`, which no vault opens; one whose very key is
/// no offline id was not written by a till and is left where it is.
pub(super) fn payment_from_js(js: JsValue) -> Option<PaymentRow> {
    let js: Row = js.unchecked_into();
    let id: OfflineId = js.id().as_string()?.parse().ok()?;
    let queue = whole(&js, "deadline").map(TimestampMs).map(|deadline| QueuePosition { deadline, id });
    let unreadable = PaymentRow {
        id,
        revision: whole(&js, "revision").and_then(|revision| u32::try_from(revision).ok()).unwrap_or(0),
        base: [0; 32],
        queue,
        attention: whole(&js, "attention").map(TimestampMs),
        due: TimestampMs(whole(&js, "due").unwrap_or(0)),
        leased: js.leased().is_truthy(),
        unacknowledged: whole(&js, "pending").is_some(),
        sealed: Sealed::default(),
    };
    Some(match to_bytes(js.bytes()).as_deref().and_then(base_and_sealed) {
        Some((base, sealed)) => PaymentRow { base, sealed, ..unreadable },
        None => unreadable,
    })
}

fn base_and_sealed(bytes: &[u8]) -> Option<(Digest, Sealed)> {
    let (base, rest) = take::<32>(bytes)?;
    Some((base, sealed_from(rest)?))
}

fn sealed_from(bytes: &[u8]) -> Option<Sealed> {
    let (iv, ciphertext) = take::<12>(bytes)?;
    Some(Sealed { iv, ciphertext: ciphertext.to_vec() })
}

/// A setting.
pub(super) fn sealed_to_js(sealed: &Sealed) -> JsValue {
    bytes_of(&[&sealed.iv, &sealed.ciphertext]).into()
}

/// A setting; one that does not parse comes out empty, which no vault opens.
pub(super) fn sealed_from_js(js: JsValue) -> Sealed {
    to_bytes(js).as_deref().and_then(sealed_from).unwrap_or_default()
}

/// An entry of the log.
pub(super) fn entry_to_js(entry: &LogEntry) -> JsValue {
    let js = new_row();
    js.set_seq(entry.seq as f64);
    js.set_at(entry.at.0 as f64);
    js.set_kind(entry.kind.number());
    js.set_id(&entry.id.to_string());
    js.set_revision(entry.revision);
    js.set_stored(entry.stored);
    js.set_amount(entry.amount.amount_minor as f64);
    js.set_currency(entry.amount.currency.code());
    js.set_bytes(&bytes_of(&[&entry.row, &entry.previous, &entry.hash]));
    js.into()
}

/// An entry of the log.
pub(super) fn entry_from_js(js: JsValue) -> Result<LogEntry, StoreError> {
    let seq = whole(&js, "seq").unwrap_or(0);
    parse_entry(js.unchecked_into()).ok_or_else(|| StoreError::Unreadable(format!("log entry {seq}")))
}

fn parse_entry(js: Row) -> Option<LogEntry> {
    let bytes = to_bytes(js.bytes())?;
    let (row, rest) = take::<32>(&bytes)?;
    let (previous, rest) = take::<32>(rest)?;
    let (hash, _) = take::<32>(rest)?;
    Some(LogEntry {
        seq: whole(&js, "seq")?,
        at: TimestampMs(whole(&js, "at")?),
        kind: LogKind::from_number(u8::try_from(whole(&js, "kind")?).ok()?)?,
        id: js.id().as_string()?.parse().ok()?,
        revision: u32::try_from(whole(&js, "revision")?).ok()?,
        stored: js.stored().as_bool()?,
        amount: Money::new(whole(&js, "amount")?, Currency::written(&js.currency().as_string()?)?),
        row,
        previous,
        hash,
    })
}

/// The head.
pub(super) fn head_to_js(head: &Head) -> JsValue {
    let js = new_row();
    js.set_seq(head.seq as f64);
    js.set_hash(&bytes_of(&[&head.hash]));
    js.set_count(head.totals.count as f64);
    let amounts = Array::new();
    for (currency, sum) in head.totals.amounts.iter() {
        amounts.push(&JsValue::from_str(currency.code()));
        amounts.push(&number(*sum));
    }
    js.set_amounts(&amounts);
    js.into()
}

/// The head; that of an empty log when there is none.
pub(super) fn head_from_js(js: Option<JsValue>) -> Result<Head, StoreError> {
    match js {
        None => Ok(Head::default()),
        Some(js) => parse_head(js.unchecked_into())
            .ok_or_else(|| StoreError::Unreadable("the head of the log".to_owned())),
    }
}

fn parse_head(js: Row) -> Option<Head> {
    let hash = to_bytes(js.hash())?;
    let (hash, _) = take::<32>(&hash)?;
    let flat = js.amounts().dyn_into::<Array>().ok()?.to_vec();
    let mut amounts = Sums::default();
    for pair in flat.chunks(2) {
        let [currency, sum] = pair else { return None };
        amounts.set(Currency::written(&currency.as_string()?)?, whole_number(sum)?);
    }
    Some(Head { seq: whole(&js, "seq")?, hash, totals: Totals { count: whole(&js, "count")?, amounts } })
}
