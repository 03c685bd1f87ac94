//! Waiting for a condition. Nothing here sleeps for a guessed time: what is waited for is looked at again and again
//! until it holds or its deadline has passed.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How long between two looks.
const INTERVAL: Duration = Duration::from_millis(25);

/// Looks until `look` gives something, at most `deadline` long. An error of `look` counts as "not yet", and is told
/// when the deadline has passed.
pub async fn until<T>(
    what: &str,
    deadline: Duration,
    mut look: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let start = Instant::now();
    loop {
        let seen = look().await;
        match seen {
            Ok(Some(value)) => return Ok(value),
            Ok(None) if start.elapsed() > deadline => bail!("{what}: not within {deadline:?}"),
            Err(error) if start.elapsed() > deadline => {
                return Err(error).with_context(|| format!("{what}: not within {deadline:?}"));
            }
            _ => tokio::time::sleep(INTERVAL).await,
        }
    }
}

/// Looks until `holds` is true. See [`until`].
pub async fn until_true(
    what: &str,
    deadline: Duration,
    mut holds: impl AsyncFnMut() -> Result<bool>,
) -> Result<()> {
    until(what, deadline, async || Ok(holds().await?.then_some(()))).await
}
