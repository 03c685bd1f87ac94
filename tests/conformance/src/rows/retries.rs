//! What is tried again, and when (1.5).

use anyhow::Result;
use serde_json::{Value, json};

use super::rows;
use crate::rig::{Control, Fate, Request};
use crate::world::{World, equal, holds, number, text};

rows! {
    "1.5-backoff" "A failed attempt is counted, kept with its reason, and repeated: after a second at first, twice as long each time, never over 5 minutes." => backoff;
    "1.5-backoff-starts-anew" "After \"Forward now\" the backoff starts anew." => starts_anew;
    "1.5-retry-after" "The gateway's `Retry-After` is honoured." => retry_after;
    "1.5-reset" "\"Forward now\", the connection's return and a restart do not wait for the backoff." => reset;
    "1.5-retryable" "408, 429 and the gateway's own failures leave a payment stored, and it is tried again." => retryable;
    "1.5-portal" "A captive portal's page is no answer to forwarding: nothing is taken for forwarded." => portal;
}

/// The longest wait, milliseconds.
const WAIT_MS_MAX: u64 = 300_000;

/// A stored payment whose attempts are answered with this; gives it after the first.
async fn failed_once(
    w: &World<'_>,
    status: u16,
    retry_after_s: Option<u32>,
    times: u32,
) -> Result<(Value, Value)> {
    w.till_offline().await?;
    let stored = w.sell(1099).await?;
    w.fault(Request::Forward, Fate::Status(status, retry_after_s), times).await?;
    w.online().await?;
    let line = w.fails(&stored, 1).await?;
    Ok((stored, line))
}

/// How long after its failure a payment is tried again, milliseconds.
fn wait_ms(line: &Value) -> Result<u64> {
    Ok(number(line, "/nextAttemptAtMs")?.saturating_sub(number(line, "/lastError/atMs")?))
}

/// Fails so many times in all; gives the line after the last.
async fn fail_on(w: &World<'_>, stored: &Value, first: Value, failures: u64) -> Result<Value> {
    let mut line = first;
    let mut longest_ms = 1_000;
    for failed in 1..=failures {
        equal("attempts", number(&line, "/attempts")?, failed)?;
        equal("reason", text(&line, "/lastError/code"), "api_error")?;
        let waits_ms = wait_ms(&line)?;
        let right = longest_ms / 2..=longest_ms;
        holds(&format!("{waits_ms} ms after failure {failed}, of {right:?}"), right.contains(&waits_ms))?;
        if failed < failures {
            let due_ms = number(&line, "/nextAttemptAtMs")?;
            // Once only: twice would reach the attempt after the next, which waits no longer at the bound.
            w.control(Control::Advance(longest_ms)).await?;
            line = w.fails(stored, failed + 1).await?;
            holds("not before it was due", number(&line, "/lastError/atMs")? >= due_ms)?;
        }
        longest_ms = (2 * longest_ms).min(WAIT_MS_MAX);
    }
    Ok(line)
}

async fn backoff(w: &World<'_>) -> Result<()> {
    let (stored, line) = failed_once(w, 503, None, u32::MAX).await?;
    let failures = 11;
    fail_on(w, &stored, line, failures).await?;
    w.control(Control::Heal).await?;
    let line = w.accepted_in_time(&stored, WAIT_MS_MAX).await?;
    equal("attempts", number(&line, "/attempts")?, failures + 1)?;
    equal("charged once", w.charged().await?, vec![1099])
}

async fn starts_anew(w: &World<'_>) -> Result<()> {
    let (stored, line) = failed_once(w, 503, None, u32::MAX).await?;
    let line = fail_on(w, &stored, line, 5).await?;
    holds("it waits long", wait_ms(&line)? > 1_000)?;
    w.call("forwardNow", json!([])).await?;
    let line = w.fails(&stored, 6).await?;
    let waits_ms = wait_ms(&line)?;
    holds(&format!("{waits_ms} ms"), waits_ms <= 1_000)
}

async fn retry_after(w: &World<'_>) -> Result<()> {
    let (stored, line) = failed_once(w, 429, Some(120), 1).await?;
    let waits_ms = wait_ms(&line)?;
    holds(&format!("{waits_ms} ms"), (120_000..=WAIT_MS_MAX).contains(&waits_ms))?;
    let due_ms = number(&line, "/nextAttemptAtMs")?;
    w.accepted_in_time(&stored, 10_000).await?;
    holds("not before", w.now_ms().await? >= due_ms)
}

async fn reset(w: &World<'_>) -> Result<()> {
    let (by_hand, line) = failed_once(w, 503, Some(300), 1).await?;
    let accepted_before_due = async |sale: &Value, line: &Value| {
        w.becomes(sale, "accepted").await?;
        holds("before it was due", w.now_ms().await? < number(line, "/nextAttemptAtMs")?)
    };
    w.call("forwardNow", json!([])).await?;
    accepted_before_due(&by_hand, &line).await?;

    let waits = async |amount| {
        w.fault(Request::Forward, Fate::Status(503, Some(300)), 1).await?;
        let sale = w.sell_forced(amount).await?;
        let line = w.fails(&sale, 1).await?;
        anyhow::Ok((sale, line))
    };
    let (by_connection, line) = waits(300).await?;
    w.offline().await?;
    w.online().await?;
    accepted_before_due(&by_connection, &line).await?;

    let (by_restart, line) = waits(400).await?;
    w.open(0).await?;
    accepted_before_due(&by_restart, &line).await?;
    equal("each charged once", w.charged().await?, vec![300, 400, 1099])
}

async fn retryable(w: &World<'_>) -> Result<()> {
    w.till().await?;
    for status in [408, 429, 500, 502, 503, 504] {
        w.fault(Request::Forward, Fate::Status(status, None), 1).await?;
        let sale = w.sell_forced(100).await?;
        let line = w.fails(&sale, 1).await?;
        equal(&format!("{status} leaves it stored"), w.stored().await?, (1, 100))?;
        holds("it is sent again", number(&line, "/nextAttemptAtMs")? > 0)?;
        w.accepted_in_time(&sale, 1_000).await?;
    }
    equal("each charged once", w.charged().await?, vec![100; 6])
}

async fn portal(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    let stored = w.sell(1099).await?;
    w.fault(Request::Forward, Fate::Portal, u32::MAX).await?;
    w.online().await?;
    w.fails(&stored, 1).await?;
    equal("still stored", w.stored().await?, (1, 1099))?;
    equal("nothing is told of it", w.told_of(&stored).await?.len(), 0)?;
    w.control(Control::Heal).await?;
    w.call("forwardNow", json!([])).await?;
    w.becomes(&stored, "accepted").await?;
    equal("charged once", w.charged().await?, vec![1099])
}
