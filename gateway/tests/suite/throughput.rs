//! A thousand stored payments, in batches, three requests in flight.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tillandsia_gateway::acquirer::Account;
use tillandsia_gateway::server;
use tillandsia_gateway::sqlite::Database;

use super::card::{NOW, Sale, sale};

/// Far above what it takes, so that a busy machine does not fail it; the bench measures.
const LIMIT: Duration = Duration::from_secs(30);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_payments_go_through() {
    let directory = tempfile::tempdir().unwrap();
    let database = Database::open(directory.path()).await.unwrap();
    let app = server::app(&database, server::sandbox(&database));
    // Counters with more than ten one-bits have no key.
    let numbers: Vec<u32> = (1..).filter(|number: &u32| number.count_ones() <= 10).take(1000).collect();
    let stored = |number: &u32| Sale { stored_at: Some(NOW), ..sale(*number, 1000) }.submission();
    let batches: Vec<Vec<_>> = numbers.chunks(50).map(|batch| batch.iter().map(stored).collect()).collect();
    let batches = Arc::new(tokio::sync::Mutex::new(batches));
    let start = Instant::now();
    let mut senders = Vec::new();
    for _ in 0..3 {
        let (app, batches) = (app.clone(), batches.clone());
        senders.push(tokio::spawn(async move {
            let account = Account { id: "acct_1".to_owned(), livemode: false };
            let mut accepted = 0;
            loop {
                let Some(batch) = batches.lock().await.pop() else { return accepted };
                let results = app.ledger.forward(NOW, &account, &batch).await;
                accepted += results.iter().filter(|result| result.status == 200).count();
            }
        }));
    }
    let mut accepted = 0;
    for sender in senders {
        accepted += sender.await.unwrap();
    }
    println!("1,000 payments in {:?}", start.elapsed());
    assert_eq!(accepted, 1000);
    assert!(start.elapsed() < LIMIT, "{:?}", start.elapsed());
}
