//! Each row in this process, as a test of its own; and that together they reach every error code.

use std::collections::BTreeSet;

use futures::executor::block_on;
use libtest_mimic::{Arguments, Failed, Trial};
use tillandsia_conformance::native::NativeRig;
use tillandsia_conformance::rig::Place;
use tillandsia_conformance::run::{Verdict, judge_codes, run};
use tillandsia_conformance::{Row, all};

fn main() {
    let arguments = Arguments::from_args();
    let here = |row: &Row| !row.not_in.iter().any(|(place, _)| *place == Place::Native);
    let mut trials: Vec<Trial> = all().into_iter().filter(here).map(trial).collect();
    trials.push(Trial::test("names_are_unique", names_are_unique));
    trials.push(Trial::test("every_error_code_is_reached", every_error_code_is_reached));
    libtest_mimic::run(&arguments, trials).exit();
}

fn trial(row: Row) -> Trial {
    Trial::test(row.id, move || match block_on(run(&row, &NativeRig::default(), &mut BTreeSet::new())) {
        Verdict::Holds => Ok(()),
        Verdict::Fails(why) => Err(Failed::from(why)),
        Verdict::NotHere(why) => Err(Failed::from(why)),
    })
}

fn names_are_unique() -> Result<(), Failed> {
    let rows = all();
    let names: BTreeSet<&str> = rows.iter().map(|row| row.id).collect();
    if names.len() == rows.len() { Ok(()) } else { Err("two rows have the same name".into()) }
}

fn every_error_code_is_reached() -> Result<(), Failed> {
    let mut met = BTreeSet::new();
    let rig = NativeRig::default();
    for row in all() {
        block_on(run(&row, &rig, &mut met));
    }
    Ok(judge_codes(&met)?)
}
