//! A browser for rows that come from any thread: one engine at a time, started when its first row comes.

use std::collections::BTreeSet;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use anyhow::{Context, Result};
use tillandsia_tests::engine::Engine;
use tokio::runtime::Runtime;

use super::BrowserRig;
use crate::Row;
use crate::run::{Verdict, run};

struct Act {
    engine: Engine,
    row: Row,
    told: Sender<Verdict>,
}

/// The stage. Rows of one engine should come after one another: each change of the engine starts a browser.
#[derive(Debug)]
pub struct Stage {
    acts: Option<Sender<Act>>,
    thread: Option<JoinHandle<Result<()>>>,
}

impl Stage {
    /// An empty stage.
    pub fn open() -> Self {
        let (acts, coming) = channel();
        let thread = std::thread::spawn(move || play(&coming));
        Stage { acts: Some(acts), thread: Some(thread) }
    }

    /// A way to have rows played here.
    pub fn player(&self) -> Player {
        Player(self.acts.clone())
    }

    /// Ends the browser in order, once no player is left.
    ///
    /// # Errors
    /// When it does not end.
    pub fn close(mut self) -> Result<()> {
        self.acts.take();
        let ended = self.thread.take().context("closed before")?.join();
        ended.unwrap_or_else(|_| anyhow::bail!("the browser's thread panicked"))
    }
}

/// Has rows played on a stage.
#[derive(Debug, Clone)]
pub struct Player(Option<Sender<Act>>);

impl Player {
    /// Plays one row.
    pub fn play(&self, engine: Engine, row: Row) -> Verdict {
        let (told, hears) = channel();
        let sent = self.0.as_ref().is_some_and(|acts| acts.send(Act { engine, row, told }).is_ok());
        let heard = if sent { hears.recv().ok() } else { None };
        heard.unwrap_or_else(|| Verdict::Fails("the browser's thread has ended".to_owned()))
    }
}

fn play(coming: &Receiver<Act>) -> Result<()> {
    let runtime = Runtime::new()?;
    let mut playing: Option<(Engine, Result<BrowserRig, String>)> = None;
    while let Ok(Act { engine, row, told }) = coming.recv() {
        if playing.as_ref().is_none_or(|(current, _)| *current != engine) {
            if let Some((_, Ok(rig))) = playing.take() {
                runtime.block_on(rig.close())?;
            }
            let rig = runtime.block_on(BrowserRig::start(engine));
            playing = Some((engine, rig.map_err(|error| format!("{error:#}"))));
        }
        let verdict = match &playing {
            Some((_, Ok(rig))) => runtime.block_on(run(&row, rig, &mut BTreeSet::new())),
            Some((_, Err(error))) => Verdict::Fails(error.clone()),
            None => Verdict::Fails("no browser".to_owned()),
        };
        // Whoever asked may have given up.
        told.send(verdict).ok();
    }
    if let Some((_, Ok(rig))) = playing {
        runtime.block_on(rig.close())?;
    }
    Ok(())
}
