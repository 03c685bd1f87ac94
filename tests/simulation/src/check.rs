//! What must hold, checked by counting alone: nothing here uses the code that it checks.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use tillandsia_core::error::ErrorCode;
use tillandsia_core::ids::OfflineId;
use tillandsia_core::journal::{Head, Journal, LogEntry, LogKind};
use tillandsia_core::testing::session;

use crate::executor::Sim;
use crate::world::World;

/// A payment as a person saw it.
#[derive(Debug, Clone, Copy)]
struct Shown {
    amount: u64,
    stored: bool,
}

#[derive(Debug, Default)]
struct Seen {
    shown: BTreeMap<OfflineId, Shown>,
    refused: BTreeMap<OfflineId, ErrorCode>,
    /// Taken back by a person, and whether they saw that it is canceled.
    taken_back: BTreeMap<OfflineId, bool>,
    told: BTreeMap<OfflineId, Vec<Option<ErrorCode>>>,
    stored_now: BTreeMap<OfflineId, u64>,
    /// Taken back, by the log.
    canceled: BTreeSet<OfflineId>,
    wrong: Vec<String>,
}

/// What persons and apps saw, and what was written while it happened.
#[derive(Debug, Default)]
pub struct Watch(RefCell<Seen>);

impl Watch {
    /// A person saw a payment as stored or approved.
    pub fn shown(&self, id: OfflineId, amount: u64, stored: bool) {
        self.0.borrow_mut().shown.insert(id, Shown { amount, stored });
    }

    /// A person saw that a payment was not taken.
    pub fn refused(&self, id: OfflineId, code: ErrorCode) {
        self.0.borrow_mut().refused.insert(id, code);
    }

    /// A person took a payment back: it is canceled, or the gateway is still to be asked.
    pub fn taken_back(&self, id: OfflineId, canceled: bool) {
        self.0.borrow_mut().taken_back.insert(id, canceled);
    }

    /// An app was told of a finished payment.
    pub fn told(&self, id: OfflineId, error: Option<ErrorCode>) {
        self.0.borrow_mut().told.entry(id).or_default().push(error);
    }

    /// Something became durable: recounts what is stored, and holds it against the head and the limits.
    pub fn committed(&self, sim: &Sim, entries: &[LogEntry], head: &Head) {
        let mut seen = self.0.borrow_mut();
        let before = seen.stored_now.len();
        for entry in entries {
            sim.note(format!("log {}: {:?} {} revision {}", entry.seq, entry.kind, entry.id, entry.revision));
            if entry.kind == LogKind::Voided {
                seen.canceled.insert(entry.id);
            }
            match entry.stored {
                true => seen.stored_now.insert(entry.id, entry.amount.amount_minor),
                false => seen.stored_now.remove(&entry.id),
            };
        }
        let (count, sum) = (seen.stored_now.len() as u64, seen.stored_now.values().sum::<u64>());
        let usd = "usd".parse().unwrap();
        if (head.totals.count, head.totals.amount(usd)) != (count, sum) {
            seen.wrong.push(format!("the totals say {:?}, a recount says {count} and {sum}", head.totals));
        }
        let limits = session().configuration.offline;
        let grew = seen.stored_now.len() > before;
        if grew && (Some(count) > limits.stored_count_max || sum > limits.stored_amount_max["usd"]) {
            seen.wrong.push(format!("a limit was exceeded: {count} payments, {sum}"));
        }
    }
}

/// What a run did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    /// Payments shown as stored.
    pub stored: usize,
    /// Payments shown as stored and taken back.
    pub taken_back: usize,
    /// Payments shown as approved online.
    pub approved: usize,
    /// Charges at the acquirer.
    pub charges: usize,
    /// Processes that ended.
    pub crashes: u32,
    /// Steps made.
    pub polls: u64,
}

/// Checks a world that has come to rest.
pub fn check(world: &World) -> Result<Report, String> {
    let seen = world.watch.0.borrow();
    let asked = world.bank.asked();
    let mut wrong = seen.wrong.clone();
    wrong.extend(world.bank.wrong());

    let journal = Journal::new(world.store.clone(), world.vault.clone());
    let verified = futures::executor::block_on(journal.verify());
    if let Err(error) = verified {
        wrong.push(format!("the log does not verify: {error}"));
    }
    if !seen.stored_now.is_empty() {
        wrong.push(format!("never finished: {:?}", seen.stored_now));
    }
    let rows =
        futures::executor::block_on(journal.newest(None, 10_000)).map_err(|error| error.to_string())?;
    let states: BTreeMap<OfflineId, &'static str> = rows
        .iter()
        .filter_map(|found| found.record())
        .map(|record| {
            if record.unacknowledged {
                wrong.push(format!("{} was never acknowledged", record.offline_id));
            }
            (record.offline_id, record.state.name())
        })
        .collect();
    for (id, state) in &states {
        let charged = asked.get(&id.to_string()).map(|asked| asked.approved);
        let expected = match charged {
            Some(true) => "accepted",
            Some(false) => "declined",
            None => "canceled",
        };
        if *state != expected {
            wrong.push(format!("{id} is {state} on the device and {charged:?} at the acquirer"));
        }
    }
    for (id, shown) in &seen.shown {
        check_shown(&seen, id, *shown, asked.get(&id.to_string()), &mut wrong);
    }
    for (key, asked) in asked.iter().filter(|(_, asked)| asked.approved) {
        let known = key.parse::<OfflineId>().ok().and_then(|id| states.get(&id).map(|_| id));
        match known {
            None => {
                wrong.push(format!("{key} of {} was charged and the device does not know it", asked.amount))
            }
            Some(id) => {
                let heard = seen.shown.contains_key(&id) || seen.told.contains_key(&id);
                if !heard {
                    wrong.push(format!("{key} of {} was charged and nobody was told", asked.amount));
                }
            }
        }
    }
    for id in seen.refused.keys().filter(|id| asked.contains_key(&id.to_string())) {
        // A person saw "not taken" although it was asked for: the outcome must have been told, unless it was that.
        let declined_at_once = seen.refused.get(id) == Some(&ErrorCode::CardDeclined);
        if !declined_at_once && !seen.told.contains_key(id) {
            wrong.push(format!("{id} was shown as not taken, was charged, and nobody was told"));
        }
    }
    if !wrong.is_empty() {
        return Err(wrong.join("\n"));
    }
    Ok(Report {
        stored: seen.shown.values().filter(|shown| shown.stored).count(),
        taken_back: seen.taken_back.len(),
        approved: seen.shown.values().filter(|shown| !shown.stored).count(),
        charges: asked.values().filter(|asked| asked.approved).count(),
        crashes: world.crashes(),
        polls: world.sim.polls(),
    })
}

fn check_shown(
    seen: &Seen,
    id: &OfflineId,
    shown: Shown,
    asked: Option<&crate::acquirer::Asked>,
    wrong: &mut Vec<String>,
) {
    // Once a void has begun its caller may not live to hear how it ended.
    let canceled = seen.canceled.contains(id);
    let Some(asked) = asked else {
        if canceled && shown.stored {
            return;
        }
        wrong.push(format!("{id} of {} was shown and never reached the acquirer", shown.amount));
        return;
    };
    if asked.amount != shown.amount {
        wrong.push(format!("{id} was shown as {} and charged as {}", shown.amount, asked.amount));
    }
    let told = seen.told.get(id);
    if seen.taken_back.get(id) == Some(&true) {
        wrong.push(format!("{id} was shown as taken back and reached the acquirer"));
    }
    match (shown.stored, told) {
        (true, None) => wrong.push(format!("{id} was stored and its outcome never told")),
        (true, Some(told)) if told.iter().any(|error| error.is_none() != asked.approved) => {
            wrong.push(format!("{id} was told as {told:?}, approved: {}", asked.approved));
        }
        (false, _) if !asked.approved => wrong.push(format!("{id} was shown as approved and was declined")),
        _ => {}
    }
}
