//! The table of the suite with what holds: `conformance [native] [--engine ENGINE]… [FILTER]`.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, bail};
use futures::executor::block_on;
use tillandsia_conformance::browser::Stage;
use tillandsia_conformance::native::NativeRig;
use tillandsia_conformance::run::{Verdict, judge_codes, run};
use tillandsia_conformance::{Row, all, unreached_codes};
use tillandsia_tests::engine::Engine;

const ENGINES: [Engine; 3] = [Engine::Chromium, Engine::Firefox, Engine::WebKit];

/// What to run.
struct Choice {
    native: bool,
    engines: Vec<Engine>,
    filter: String,
}

/// What came of one place.
struct Column {
    name: &'static str,
    verdicts: Vec<Verdict>,
    seconds: f64,
}

fn main() -> ExitCode {
    match choice().and_then(|choice| print(&choice)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("conformance: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn choice() -> Result<Choice> {
    let mut choice = Choice { native: false, engines: Vec::new(), filter: String::new() };
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "native" => choice.native = true,
            "--engine" => {
                let name = arguments.next().unwrap_or_default();
                match ENGINES.into_iter().find(|engine| engine.name() == name) {
                    Some(engine) => choice.engines.push(engine),
                    None => bail!("there is no engine {name:?}"),
                }
            }
            _ => choice.filter = argument,
        }
    }
    if !choice.native && choice.engines.is_empty() {
        choice = Choice { native: true, engines: ENGINES.to_vec(), ..choice };
    }
    Ok(choice)
}

/// Runs what is chosen; whether all of it holds.
fn print(choice: &Choice) -> Result<bool> {
    let all_rows = all();
    let fits = |row: &&Row| row.id.contains(&choice.filter);
    let rows: Vec<Row> = all_rows.iter().filter(fits).copied().collect();
    if rows.is_empty() {
        bail!("no row's name has {:?} in it", choice.filter);
    }
    let mut columns = Vec::new();
    let mut met = BTreeSet::new();
    if choice.native {
        let rig = NativeRig::default();
        columns.push(column("native", &rows, |row| block_on(run(row, &rig, &mut met))));
    }
    let stage = Stage::open();
    for engine in &choice.engines {
        let player = stage.player();
        columns.push(column(engine.name(), &rows, |row| player.play(*engine, *row)));
    }
    stage.close()?;
    table(&rows, &columns);
    let codes = if choice.native && rows.len() == all_rows.len() { judge_codes(&met) } else { Ok(()) };
    for (code, why) in unreached_codes() {
        println!("no row reaches the error code {code}: {why}");
    }
    if let Err(why) = &codes {
        println!("FAIL: {why}");
    }
    let fails = |verdict: &&Verdict| matches!(verdict, Verdict::Fails(_));
    let failed = columns.iter().flat_map(|column| &column.verdicts).filter(fails).count();
    Ok(failed == 0 && codes.is_ok())
}

fn column(name: &'static str, rows: &[Row], mut verdict: impl FnMut(&Row) -> Verdict) -> Column {
    let start = Instant::now();
    let verdicts = rows.iter().map(|row| {
        let verdict = verdict(row);
        eprintln!("{name:<9} {verdict:<5} {}", row.id);
        verdict
    });
    let verdicts = verdicts.collect();
    Column { name, verdicts, seconds: start.elapsed().as_secs_f64() }
}

fn table(rows: &[Row], columns: &[Column]) {
    let heads: Vec<String> = columns.iter().map(|column| format!("{:<9}", column.name)).collect();
    let width = rows.iter().map(|row| row.id.len()).max().unwrap_or_default();
    println!("\n{:<width$}  {} statement", "row", heads.concat());
    let mut remarks = Vec::new();
    for (place, row) in rows.iter().enumerate() {
        let mut cells = String::new();
        for column in columns {
            let Some(verdict) = column.verdicts.get(place) else { continue };
            cells += &format!("{verdict:<9}");
            match verdict {
                Verdict::Holds => {}
                Verdict::Fails(why) => remarks.push(format!("{} in {}: {why}", row.id, column.name)),
                Verdict::NotHere(why) => remarks.push(format!("{} not in {}: {why}", row.id, column.name)),
            }
        }
        println!("{:<width$}  {cells} {}", row.id, row.statement);
    }
    println!();
    for column in columns {
        let held = column.verdicts.iter().filter(|verdict| **verdict == Verdict::Holds).count();
        println!("{:<9} {held} of {} hold, in {:.1} s", column.name, rows.len(), column.seconds);
    }
    for remark in remarks {
        println!("{remark}");
    }
}
