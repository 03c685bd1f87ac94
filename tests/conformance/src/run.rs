//! Running rows, and the table that is printed.

use std::collections::BTreeSet;
use std::fmt;

use futures::FutureExt;
use std::panic::AssertUnwindSafe;
use tillandsia_core::error::ErrorCode;

use crate::rig::Rig;
use crate::{Row, World, unreached_codes};

/// What came of a row in one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Holds,
    /// It does not, because.
    Fails(String),
    /// It cannot be run here, because.
    NotHere(&'static str),
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Verdict::Holds => "ok",
            Verdict::Fails(_) => "FAIL",
            Verdict::NotHere(_) => "-",
        })
    }
}

/// Runs one row in a world that begins with it. Adds the error codes that it met.
pub async fn run(row: &Row, rig: &dyn Rig, codes: &mut BTreeSet<&'static str>) -> Verdict {
    if let Some((_, why)) = row.not_in.iter().find(|(place, _)| *place == rig.place()) {
        return Verdict::NotHere(why);
    }
    let world = World::new(rig);
    let work = async {
        rig.begin().await?;
        (row.run)(&world).await
    };
    let ended = AssertUnwindSafe(work).catch_unwind().await;
    codes.extend(world.codes());
    match ended {
        Ok(Ok(())) => Verdict::Holds,
        Ok(Err(error)) => Verdict::Fails(format!("{error:#}")),
        Err(panic) => {
            let text = panic.downcast_ref::<String>().map(String::as_str);
            let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
            Verdict::Fails(format!("panicked: {}", text.unwrap_or("without words")))
        }
    }
}

/// What is wrong with the codes that all rows together met: those that nothing reaches, and exceptions that are none.
pub fn judge_codes(met: &BTreeSet<&'static str>) -> Result<(), String> {
    let excused: BTreeSet<&str> = unreached_codes().into_iter().map(|(code, _)| code).collect();
    let all: BTreeSet<&str> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
    let missing: Vec<&&str> =
        all.iter().filter(|code| !met.contains(*code) && !excused.contains(*code)).collect();
    let needless: Vec<&&str> =
        excused.iter().filter(|code| met.contains(*code) || !all.contains(*code)).collect();
    match (missing.is_empty(), needless.is_empty()) {
        (true, true) => Ok(()),
        (false, _) => Err(format!("no row reaches {missing:?}")),
        (_, false) => Err(format!("excused although a row reaches it: {needless:?}")),
    }
}
