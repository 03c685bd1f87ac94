//! The acquirer: where money would move. What it did is what counts in the end.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tillandsia_core::ports::Entropy;
use tillandsia_core::testing::SeededEntropy;
use tillandsia_gateway::acquirer::{
    Acquirer, AcquirerError, Authorisation, AuthoriseRequest, CaptureRequest, Captured, CardFacts, Decline,
    Outcome, VoidRequest,
};

use crate::executor::Time;

/// One authorisation that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Minor units.
    pub amount: u64,
    /// The card's key serial number: one presentation of a card.
    pub ksn: String,
    /// Whether it was approved.
    pub approved: bool,
    /// Whether the device had stored it.
    pub stored_at: Option<u64>,
}

#[derive(Debug, Default)]
struct Book {
    asked: BTreeMap<String, Asked>,
    running: Vec<String>,
    wrong: Vec<String>,
    silent_per_10_000: u64,
}

/// The acquirer. Clones share the book; it outlives the gateway.
#[derive(Debug, Clone)]
pub struct Bank {
    book: Arc<Mutex<Book>>,
    time: Time,
    rng: Arc<Mutex<u64>>,
}

impl Bank {
    /// An acquirer with an empty book.
    pub fn new(time: Time, seed: u64, silent_per_10_000: u64) -> Self {
        let book = Book { silent_per_10_000, ..Book::default() };
        Bank { book: Arc::new(Mutex::new(book)), time, rng: Arc::new(Mutex::new(seed)) }
    }

    /// From now on it always answers.
    pub fn calm(&self) {
        self.book.lock().unwrap().silent_per_10_000 = 0;
    }

    /// The gateway ended: what it was asking is not being asked any more.
    pub fn gateway_ended(&self) {
        self.book.lock().unwrap().running.clear();
    }

    /// Everything it was asked for, by idempotency key.
    pub fn asked(&self) -> BTreeMap<String, Asked> {
        self.book.lock().unwrap().asked.clone()
    }

    /// What was asked against the rules.
    pub fn wrong(&self) -> Vec<String> {
        self.book.lock().unwrap().wrong.clone()
    }

    fn random(&self) -> u64 {
        let mut state = self.rng.lock().unwrap();
        let mut bytes = [0; 8];
        SeededEntropy::new(*state).fill(&mut bytes);
        *state = u64::from_be_bytes(bytes);
        *state
    }

    fn note(&self, request: &AuthoriseRequest) -> Asked {
        let mut book = self.book.lock().unwrap();
        let asked = Asked {
            amount: request.amount,
            ksn: request.card.ksn.clone(),
            approved: request.amount % 100 != 5,
            stored_at: request.stored_at,
        };
        let key = &request.idempotency_key;
        if let Some(known) = book.asked.get(key) {
            let known = known.clone();
            if (known.amount, &known.ksn) != (asked.amount, &asked.ksn) {
                book.wrong.push(format!("{key} was asked for with other content"));
            }
            return known;
        }
        if book.asked.values().any(|other| other.ksn == asked.ksn) {
            book.wrong.push(format!("the card of {key} was charged under another key too"));
        }
        book.asked.insert(key.clone(), asked.clone());
        asked
    }
}

impl Acquirer for Bank {
    async fn authorise(&self, request: AuthoriseRequest) -> Result<Outcome, AcquirerError> {
        let key = request.idempotency_key.clone();
        {
            let mut book = self.book.lock().unwrap();
            if book.running.contains(&key) {
                book.wrong.push(format!("{key} was asked for twice at the same time"));
            }
            book.running.push(key.clone());
        }
        let (before, after, silent) = (self.random() % 50, self.random() % 50, self.random() % 10_000);
        self.time.sleep_ms(before).await;
        let silent = silent < self.book.lock().unwrap().silent_per_10_000;
        // Silence comes in both kinds: the request was not taken, or it was and the answer is missing.
        let asked = if silent && before % 2 == 0 { None } else { Some(self.note(&request)) };
        self.time.sleep_ms(after).await;
        self.book.lock().unwrap().running.retain(|running| *running != key);
        match asked {
            Some(asked) if !silent => Ok(outcome(&asked)),
            _ => Err(AcquirerError::Unavailable("no answer".into())),
        }
    }

    async fn inspect(&self, _request: AuthoriseRequest) -> Result<CardFacts, AcquirerError> {
        Ok(facts())
    }

    async fn capture(&self, request: CaptureRequest) -> Result<Captured, AcquirerError> {
        Ok(Captured { amount: request.amount })
    }

    async fn void(&self, _request: VoidRequest) -> Result<(), AcquirerError> {
        Ok(())
    }
}

fn outcome(asked: &Asked) -> Outcome {
    let card = facts();
    if asked.approved {
        Outcome::Approved(Authorisation {
            card,
            authorization_code: "123456".into(),
            response_code: "00".into(),
        })
    } else {
        let message = "declined: ask for another card".into();
        Outcome::Declined(Decline {
            card,
            decline_code: "generic_decline".into(),
            message,
            response_code: "05".into(),
        })
    }
}

fn facts() -> CardFacts {
    CardFacts {
        brand: "visa".into(),
        last4: "4242".into(),
        exp_month: 12,
        exp_year: 2030,
        funding: "credit".into(),
        country: None,
        network: "visa".into(),
    }
}
