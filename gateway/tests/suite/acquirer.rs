//! An acquirer that counts.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use tillandsia_gateway::acquirer::{
    Acquirer, AcquirerError, Authorisation, AuthoriseRequest, CaptureRequest, Captured, CardFacts, Decline,
    Outcome, VoidRequest,
};

/// What an acquirer's host would know. Clones share it, and it survives the gateway.
#[derive(Clone, Default)]
pub(crate) struct Counting(Arc<Mutex<Host>>);

#[derive(Default)]
struct Host {
    charges: HashMap<String, (AuthoriseRequest, Outcome)>,
    captured: HashMap<String, u64>,
    voided: Vec<String>,
    calls: usize,
    failing: Option<AcquirerError>,
}

impl Counting {
    /// How many authorisations of a key were approved: one, or something is very wrong.
    pub(crate) fn charges(&self) -> usize {
        let host = self.0.lock().unwrap();
        host.charges.values().filter(|(_, outcome)| matches!(outcome, Outcome::Approved(_))).count()
    }

    pub(crate) fn amount_charged(&self, key: &str) -> Option<u64> {
        self.0.lock().unwrap().charges.get(key).map(|(request, _)| request.amount)
    }

    pub(crate) fn calls(&self) -> usize {
        self.0.lock().unwrap().calls
    }

    pub(crate) fn fail(&self, error: Option<AcquirerError>) {
        self.0.lock().unwrap().failing = error;
    }

    pub(crate) fn voided(&self) -> Vec<String> {
        self.0.lock().unwrap().voided.clone()
    }
}

pub(crate) async fn pause() {
    let mut paused = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut paused, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

fn facts() -> CardFacts {
    CardFacts {
        brand: "visa".to_owned(),
        last4: "0010".to_owned(),
        exp_month: 12,
        exp_year: 2030,
        funding: "credit".to_owned(),
        country: None,
        network: "visa".to_owned(),
    }
}

impl Acquirer for Counting {
    async fn authorise(&self, request: AuthoriseRequest) -> Result<Outcome, AcquirerError> {
        pause().await;
        let outcome = {
            let mut host = self.0.lock().unwrap();
            host.calls += 1;
            if let Some(error) = &host.failing {
                return Err(error.clone());
            }
            let fresh = if request.amount % 100 == 5 {
                Outcome::Declined(Decline {
                    card: facts(),
                    decline_code: "generic_decline".to_owned(),
                    message: "declined".to_owned(),
                    response_code: "05".to_owned(),
                })
            } else {
                Outcome::Approved(Authorisation {
                    card: facts(),
                    authorization_code: "123456".to_owned(),
                    response_code: "00".to_owned(),
                })
            };
            let key = request.idempotency_key.clone();
            host.charges.entry(key).or_insert((request, fresh)).1.clone()
        };
        pause().await;
        Ok(outcome)
    }

    async fn inspect(&self, _request: AuthoriseRequest) -> Result<CardFacts, AcquirerError> {
        Ok(facts())
    }

    async fn capture(&self, request: CaptureRequest) -> Result<Captured, AcquirerError> {
        let mut host = self.0.lock().unwrap();
        let amount = *host.captured.entry(request.idempotency_key).or_insert(request.amount);
        Ok(Captured { amount })
    }

    async fn void(&self, request: VoidRequest) -> Result<(), AcquirerError> {
        self.0.lock().unwrap().voided.push(request.idempotency_key);
        Ok(())
    }
}
