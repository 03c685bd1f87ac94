//! Version 1: the first.

use indexed_db_futures::error::Error;

use super::{Schema, Step};

pub(super) const STEP: Step = Step { version: 1, add };

fn add(schema: &Schema<'_>) -> Result<(), Error> {
    // A payment is in an index while it has the index's field: `deadline` while a forwarder has something to do
    // with it, `attention` while it waits for a person, `pending` while the app has not acknowledged its event.
    let queue: (&str, &[&str]) = ("queue", &["deadline", "id"]);
    let attention: (&str, &[&str]) = ("attention", &["attention", "id"]);
    let unacknowledged: (&str, &[&str]) = ("unacknowledged", &["pending", "id"]);
    schema.add_store("payments", Some("id"), &[queue, attention, unacknowledged])?;
    schema.add_store("log", Some("seq"), &[])?;
    schema.add_store("meta", None, &[])?;
    schema.add_store("settings", None, &[])?;
    schema.add_store("keys", None, &[])?;
    schema.add_store("spare", None, &[])
}
