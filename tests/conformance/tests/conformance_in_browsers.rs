//! Each row in each browser engine, as a test of its own. Run by `cargo xtask test e2e`, which builds the package and the
//! gateway and says where they are.
#![allow(clippy::indexing_slicing, reason = "places of a list are counted right above")]

use libtest_mimic::{Arguments, Failed, Trial};
use tillandsia_conformance::all;
use tillandsia_conformance::browser::Stage;
use tillandsia_conformance::rig::Place;
use tillandsia_conformance::run::Verdict;
use tillandsia_tests::engine::Engine;

const ENGINES: [Engine; 3] = [Engine::Chromium, Engine::Firefox, Engine::WebKit];

fn main() -> anyhow::Result<()> {
    // The engines are named in the environment too; as filters they would be one too many for this harness.
    let is_engine = |argument: &String| ENGINES.iter().any(|engine| engine.name() == argument);
    let mut given: Vec<String> = std::env::args().collect();
    let skipped = |given: &[String], place: usize| place > 0 && given[place - 1] == "--skip";
    let kept: Vec<bool> = (0..given.len()).map(|p| !is_engine(&given[p]) || skipped(&given, p)).collect();
    let mut kept = kept.into_iter();
    given.retain(|_| kept.next().unwrap_or(true));
    let mut arguments = Arguments::from_iter(given);
    // One browser at a time.
    arguments.test_threads = Some(1);
    let stage = Stage::open();
    let mut trials = Vec::new();
    for engine in ENGINES.into_iter().filter(|engine| engine.is_wanted()) {
        for row in
            all().into_iter().filter(|row| !row.not_in.iter().any(|(place, _)| *place == Place::Browser))
        {
            let player = stage.player();
            trials.push(Trial::test(format!("{}::{}", engine.name(), row.id), move || {
                match player.play(engine, row) {
                    Verdict::Holds => Ok(()),
                    Verdict::Fails(why) => Err(Failed::from(why)),
                    Verdict::NotHere(why) => Err(Failed::from(why)),
                }
            }));
        }
    }
    let conclusion = libtest_mimic::run(&arguments, trials);
    stage.close()?;
    conclusion.exit()
}
