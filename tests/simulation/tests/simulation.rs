//! A thousand worlds, each with its own storm. A failing seed prints itself and its history; run it again with
//! `TILLANDSIA_SEED=n cargo test -p tillandsia-simulation`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
#![allow(missing_docs)]

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use tillandsia_simulation::{Report, run};

const SEEDS: u64 = 1_000;

fn seeds() -> std::ops::Range<u64> {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    match number("TILLANDSIA_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("TILLANDSIA_SEEDS").unwrap_or(SEEDS),
    }
}

#[test]
fn every_stored_payment_is_charged_once_whatever_happens() {
    let (seeds, next) = (seeds(), AtomicU64::new(0));
    let total = Mutex::new((Report::default(), Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = seeds.start + next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end || total.lock().unwrap().1.len() >= 3 {
                        return;
                    }
                    match run(seed) {
                        Ok(report) => add(&mut total.lock().unwrap().0, report),
                        Err(failure) => total.lock().unwrap().1.push(failure),
                    }
                }
            });
        }
    });
    let (report, failures) = total.into_inner().unwrap();
    assert!(failures.is_empty(), "{} seeds failed:\n{}", failures.len(), failures.join("\n\n"));
    println!("{} seeds: {report:?}", seeds.end - seeds.start);
    if seeds.end - seeds.start >= 100 {
        assert!(
            report.crashes > 100 && report.stored > 500 && report.taken_back > 50 && report.approved > 100,
            "the storm was none: {report:?}"
        );
    }
}

#[test]
fn the_same_seed_gives_the_same_run() {
    for seed in [3, 5] {
        assert_eq!(run(seed).map_err(drop), run(seed).map_err(drop));
    }
}

fn add(sum: &mut Report, report: Report) {
    sum.stored += report.stored;
    sum.taken_back += report.taken_back;
    sum.approved += report.approved;
    sum.charges += report.charges;
    sum.crashes += report.crashes;
    sum.polls += report.polls;
}
