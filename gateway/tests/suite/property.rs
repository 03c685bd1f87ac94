//! Whatever order duplicates come in, and wherever the gateway dies: one charge.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use proptest::prelude::*;
use tillandsia_core::wire::{ForwardResult, PaymentSubmission, Question};
use tillandsia_gateway::ids::OsIds;
use tillandsia_gateway::ledger::Ledger;
use tillandsia_gateway::ledger::memory::MemoryStore;

use super::acquirer::Counting;
use super::card::{NOW, offline_id, sale};
use super::ledger::{TestLedger, account};

const PAYMENTS: u32 = 3;

#[derive(Debug, Clone)]
enum Event {
    /// A device sends a payment; `other` is a device with the same id and other content.
    Confirm {
        number: u32,
        other: bool,
    },
    /// A device forwards all of them.
    Forward,
    Create {
        number: u32,
    },
    Resolve {
        number: u32,
    },
    /// One of the requests under way goes on.
    Step(usize),
    /// The connection of one is lost.
    Drop(usize),
    /// The gateway dies and starts again.
    Restart,
}

fn event() -> impl Strategy<Value = Event> {
    let number = 1..=PAYMENTS;
    prop_oneof![
        4 => (number.clone(), prop::bool::weighted(0.2)).prop_map(|(number, other)| Event::Confirm { number, other }),
        2 => Just(Event::Forward),
        1 => number.clone().prop_map(|number| Event::Create { number }),
        1 => number.prop_map(|number| Event::Resolve { number }),
        40 => any::<usize>().prop_map(Event::Step),
        2 => any::<usize>().prop_map(Event::Drop),
        1 => Just(Event::Restart),
    ]
}

type Request = Pin<Box<dyn Future<Output = Vec<ForwardResult>>>>;

struct World {
    store: MemoryStore,
    acquirer: Counting,
    ledger: Arc<TestLedger>,
    requests: Vec<Request>,
    answers: Vec<ForwardResult>,
}

impl World {
    fn new() -> Self {
        let (store, acquirer) = (MemoryStore::new(), Counting::default());
        let ledger = Arc::new(Ledger::new(store.clone(), acquirer.clone(), OsIds));
        World { store, acquirer, ledger, requests: Vec::new(), answers: Vec::new() }
    }

    fn send(&mut self, batch: Vec<PaymentSubmission>) {
        let ledger = self.ledger.clone();
        self.requests.push(Box::pin(async move { ledger.forward(NOW, &account(), &batch).await }));
    }

    fn run(&mut self, event: Event) {
        let count = self.requests.len();
        match event {
            Event::Confirm { number, other } => {
                self.send(vec![sale(number, if other { 900 } else { 1000 }).submission()]);
            }
            Event::Forward => self.send(batch()),
            Event::Create { number } => {
                let ledger = self.ledger.clone();
                self.requests.push(Box::pin(async move {
                    let _ = ledger.create(NOW, &account(), &sale(number, 1000).create()).await;
                    Vec::new()
                }));
            }
            Event::Resolve { number } => {
                let ledger = self.ledger.clone();
                let id = offline_id(number).to_string();
                let question = Question::about(&sale(number, 1000).submission());
                self.requests.push(Box::pin(async move {
                    vec![ledger.resolve(NOW, &account(), &id, &question).await]
                }));
            }
            Event::Step(index) if count > 0 => self.step(index % count),
            Event::Drop(index) if count > 0 => drop(self.requests.swap_remove(index % count)),
            Event::Restart => {
                self.requests.clear();
                self.ledger = Arc::new(Ledger::new(self.store.clone(), self.acquirer.clone(), OsIds));
            }
            Event::Step(_) | Event::Drop(_) => {}
        }
    }

    fn step(&mut self, index: usize) {
        let mut context = Context::from_waker(Waker::noop());
        if let Poll::Ready(answers) = self.requests[index].as_mut().poll(&mut context) {
            drop(self.requests.swap_remove(index));
            self.answers.extend(answers);
        }
    }

    fn recover(&mut self) {
        let ledger = self.ledger.clone();
        self.requests.push(Box::pin(async move {
            ledger.recover(NOW).await.unwrap();
            Vec::new()
        }));
        self.finish();
    }

    fn finish(&mut self) {
        while !self.requests.is_empty() {
            self.step(0);
        }
    }
}

fn batch() -> Vec<PaymentSubmission> {
    (1..=PAYMENTS).map(|number| sale(number, 1000).submission()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_interleaving_of_duplicates_charges_once(events in prop::collection::vec(event(), 1..150)) {
        let mut world = World::new();
        for event in events {
            world.run(event);
        }
        world.finish();
        // In the end the gateway takes up what was left, and every device asks once more with nobody else asking.
        world.recover();
        world.send(batch());
        world.finish();
        let last: Vec<_> = world.answers[world.answers.len() - PAYMENTS as usize..].to_vec();
        prop_assert!(last.iter().all(|result| matches!(result.status, 200 | 410 | 422)), "{last:?}");

        let mut finals: HashMap<String, ForwardResult> = HashMap::new();
        for answer in world.answers.iter().filter(|answer| matches!(answer.status, 200 | 410)) {
            let first = finals.entry(answer.offline_id.clone()).or_insert_with(|| answer.clone());
            prop_assert_eq!(&*first, answer, "an answer never changes");
        }
        for (id, answer) in &finals {
            let amount = answer.charge.as_ref().map(|charge| charge.amount);
            prop_assert_eq!(world.acquirer.amount_charged(id), amount, "charged what was answered, or nothing");
        }
        let charged = world.store.payments().iter().filter(|payment| payment.charge().is_some()).count();
        prop_assert_eq!(world.acquirer.charges(), charged);
        prop_assert_eq!(world.store.payments().len(), PAYMENTS as usize);
    }
}
