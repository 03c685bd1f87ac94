//! The table.

mod capture;
mod collect;
mod confirm;
mod connect;
mod create;
mod enable;
mod errors;
mod events;
mod forwarding;
mod limits;
mod ours;
mod outcomes;
mod readiness;
mod retries;
mod simulated;
mod steps;
mod tabs;
mod types;

use futures::future::LocalBoxFuture;

use crate::rig::Place;
use crate::world::World;

/// A statement, and how it is shown to hold.
#[derive(Clone, Copy)]
pub struct Row {
    /// A stable name, which begins with the section it is about.
    pub id: &'static str,
    /// What is promised.
    pub statement: &'static str,
    /// Shows it, in a world that has just begun.
    pub run: for<'a> fn(&'a World<'a>) -> LocalBoxFuture<'a, anyhow::Result<()>>,
    /// Where it cannot be run, and why.
    pub not_in: &'static [(Place, &'static str)],
}

/// Declares the rows of a file: a name, the statement, and the function that shows it.
macro_rules! rows {
    ($($id:literal $statement:literal => $run:ident $(not in $place:ident: $why:literal)?;)*) => {
        pub(super) const ROWS: &[$crate::rows::Row] = &[$($crate::rows::Row {
            id: $id,
            statement: $statement,
            run: |world| Box::pin($run(world)),
            not_in: &[$(($crate::rig::Place::$place, $why))?],
        },)*];
    };
}
use rows;

/// Every row, in the order of the sections.
pub fn all() -> Vec<Row> {
    let parts = [
        enable::ROWS,
        connect::ROWS,
        events::ROWS,
        create::ROWS,
        collect::ROWS,
        confirm::ROWS,
        steps::ROWS,
        capture::ROWS,
        types::ROWS,
        errors::ROWS,
        forwarding::ROWS,
        retries::ROWS,
        outcomes::ROWS,
        tabs::ROWS,
        limits::ROWS,
        readiness::ROWS,
        ours::ROWS,
        simulated::ROWS,
    ];
    parts.concat()
}

/// The error codes that no row meets, each with what does.
pub fn unreached_codes() -> Vec<(&'static str, &'static str)> {
    errors::UNREACHED.to_vec()
}
