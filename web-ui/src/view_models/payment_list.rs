//! The list of payments in three parts: what needs a person, what waits, what is done.

use tillandsia_core::ids::OfflineId;
use tillandsia_core::journal::PaymentRecord;

use super::payment_row::PaymentRow;

/// The parts of the list, in the order in which they are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// Set aside, or declined after the goods were handed over.
    Attention,
    /// Its outcome is still to come, by itself.
    Waiting,
    /// Has its outcome, and nobody has anything left to do.
    Done,
}

impl Part {
    /// Every part.
    pub const ALL: [Part; 3] = [Part::Attention, Part::Waiting, Part::Done];

    /// Where a payment belongs.
    pub const fn of(record: &PaymentRecord) -> Self {
        if record.needs_attention() {
            Part::Attention
        } else if record.is_final() {
            Part::Done
        } else {
            Part::Waiting
        }
    }

    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Part::Attention => "attention",
            Part::Waiting => "waiting",
            Part::Done => "done",
        }
    }

    /// Its heading.
    pub const fn title(self) -> &'static str {
        match self {
            Part::Attention => "Needs a person",
            Part::Waiting => "Waiting",
            Part::Done => "Done",
        }
    }

    /// What is said when there is nothing in it.
    pub const fn nothing(self) -> &'static str {
        match self {
            Part::Attention => "Nothing needs a person.",
            Part::Waiting => "Nothing waits: every payment has its outcome.",
            Part::Done => "Nothing is done yet.",
        }
    }
}

/// The list of payments, as far as it is loaded. Each payment is in it once.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PaymentList {
    rows: Vec<PaymentRow>,
    /// How many of the newest were read, and the last of them: where older ones begin.
    newest: usize,
    last: Option<OfflineId>,
    /// How many need a person, however old.
    pub attention: u64,
    /// Whether there are older ones.
    pub more: bool,
    /// Whether it was loaded at all.
    pub loaded: bool,
    /// Why it could not be loaded.
    pub error: Option<String>,
}

impl PaymentList {
    /// The list of what needs a person and of what waits, both oldest deadline first and however old, and of the
    /// newest payments, newest first. `more` says that there are older ones.
    pub fn new(
        attention: Vec<PaymentRow>,
        waiting: Vec<PaymentRow>,
        newest: Vec<PaymentRow>,
        more: bool,
    ) -> Self {
        let mut list = PaymentList {
            attention: attention.len() as u64,
            rows: attention,
            loaded: true,
            ..PaymentList::default()
        };
        list.add(waiting);
        list.add_older(newest, more);
        list
    }

    /// Adds older payments at the end.
    pub fn add_older(&mut self, older: Vec<PaymentRow>, more: bool) {
        self.newest = self.newest.saturating_add(older.len());
        self.last = older.last().map(|row| row.id).or(self.last);
        self.more = more;
        self.error = None;
        self.add(older);
    }

    fn add(&mut self, rows: Vec<PaymentRow>) {
        // Bounded: a few hundred rows, and what is new is rarely known.
        for row in rows {
            if self.find(row.id).is_none() {
                self.rows.push(row);
            }
        }
    }

    /// The payments of a part, in the order in which they are shown.
    pub fn part(&self, part: Part) -> impl Iterator<Item = &PaymentRow> {
        self.rows.iter().filter(move |row| row.part == part)
    }

    /// A payment of the list.
    pub fn find(&self, id: OfflineId) -> Option<&PaymentRow> {
        self.rows.iter().find(|row| row.id == id)
    }

    /// How many of the newest payments were read.
    pub const fn newest_read(&self) -> usize {
        self.newest
    }

    /// The oldest of the newest payments: older ones are read from here.
    pub const fn oldest_read(&self) -> Option<OfflineId> {
        self.last
    }

    /// Whether it has no payment at all.
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// How many are set aside.
    pub fn wedged(&self) -> u64 {
        self.part(Part::Attention).filter(|row| row.can_retry).map(|_| 1).sum()
    }
}

#[cfg(test)]
mod tests {
    use tillandsia_core::ids::OfflineId;
    use tillandsia_core::journal::{Found, PaymentState};

    use super::super::tests::{NOW, record};
    use super::*;

    fn row(number: u8, state: PaymentState) -> PaymentRow {
        let mut record = record(state);
        record.offline_id = OfflineId::mint(NOW, [number; 10]);
        PaymentRow::of(&Found::Record(Box::new(record)), &|_| String::new())
    }

    fn stored(number: u8) -> PaymentRow {
        row(number, PaymentState::Stored { next_attempt: NOW })
    }

    fn numbers(list: &PaymentList, part: Part) -> Vec<OfflineId> {
        list.part(part).map(|row| row.id).collect()
    }

    #[test]
    fn each_payment_is_in_one_part_once() {
        let wedged = row(1, PaymentState::Wedged);
        let canceled = row(4, PaymentState::Canceled { at: NOW });
        let newest = vec![canceled.clone(), stored(3), stored(2), wedged.clone()];
        let list = PaymentList::new(vec![wedged.clone()], vec![stored(2), stored(3)], newest, true);
        assert_eq!(numbers(&list, Part::Attention), [wedged.id]);
        assert_eq!(numbers(&list, Part::Waiting), [stored(2).id, stored(3).id], "oldest deadline first");
        assert_eq!(numbers(&list, Part::Done), [canceled.id]);
        assert_eq!((list.newest_read(), list.oldest_read(), list.wedged()), (4, Some(wedged.id), 1));
    }

    #[test]
    fn what_waits_is_shown_however_old_and_only_once_when_older_ones_are_loaded() {
        let mut list = PaymentList::new(Vec::new(), vec![stored(1)], vec![stored(9)], true);
        assert_eq!(numbers(&list, Part::Waiting), [stored(1).id, stored(9).id]);
        assert_eq!(list.oldest_read(), Some(stored(9).id), "the queue does not say where older ones begin");
        list.add_older(vec![stored(5), stored(1)], false);
        assert_eq!(list.part(Part::Waiting).count(), 3);
        assert_eq!((list.newest_read(), list.more), (3, false));
    }

    #[test]
    fn a_decline_after_the_sale_needs_a_person_until_it_is_dealt_with() {
        let mut declined =
            record(PaymentState::Declined { at: NOW, decline_code: None, message: String::new() });
        assert_eq!(Part::of(&declined), Part::Attention);
        declined.settled = true;
        assert_eq!(Part::of(&declined), Part::Done);
        declined.settled = false;
        declined.stored_at = None;
        assert_eq!(Part::of(&declined), Part::Done, "the customer was there and knows");
    }
}
