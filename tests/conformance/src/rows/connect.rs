//! Connecting to a reader while offline (1.2, step 2).

use anyhow::Result;
use serde_json::{Value, json};

use super::rows;
use crate::rig::Control;
use crate::world::{DAY_MS, World, equal, holds, text};

rows! {
    "1.2.2-connects-offline" "A reader that was connected online here before is connected again without a connection." => connects;
    "1.2.2-offline-must-be-enabled" "Offline, with offline mode off, connecting a reader says to connect to the internet." => must_be_enabled;
    "1.2.2-unknown-device" "A device that was never online connects no reader offline." => never_online;
    "1.2.2-paired-within-30-days" "Offline, a reader type not connected online at this Location for 30 days is refused, and online cures it." => thirty_days;
    "1.2.2-29-days-are-fine" "29 days after the last connection online a reader is still connected offline." => twenty_nine_days;
    "1.2.2-software-up-to-date" "Offline, a reader whose software was not seen up to date within 30 days is refused." => software;
    "1.2.2-another-of-its-type" "What was connected online counts for every reader of its type." => another_of_its_type
        not in Browser: "a browser has one simulated reader";
    "1.2.2-reader-tells-what-it-is" "A connected reader has device type, serial number and software version." => tells;
}

async fn connects(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    w.call("disconnectReader", json!([])).await?;
    equal("reader", w.call("connectedReader", json!([])).await?, Value::Null)?;
    w.connect().await?;
    w.open(0).await?;
    w.connect().await.map(drop)
}

async fn must_be_enabled(w: &World<'_>) -> Result<()> {
    w.configure(json!({ "enabled": false })).await?;
    w.till_offline().await?;
    w.refused("not_connected_to_internet", w.connect()).await.map(drop)
}

async fn never_online(w: &World<'_>) -> Result<()> {
    w.control(Control::Cut).await?;
    w.open(0).await?;
    w.refused("not_connected_to_internet", w.connect()).await?;
    w.online().await?;
    w.connect().await.map(drop)
}

async fn thirty_days(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    w.control(Control::Advance(30 * DAY_MS)).await?;
    w.refused("reader_not_paired_online_at_location", w.connect()).await?;
    w.online().await?;
    w.connect().await?;
    w.offline().await?;
    w.connect().await.map(drop)
}

async fn twenty_nine_days(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    w.control(Control::Advance(29 * DAY_MS)).await?;
    w.connect().await.map(drop)
}

async fn software(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    w.control(Control::Firmware("Simulated VP3300 v9.9.9")).await?;
    w.refused("reader_software_update_required", w.connect()).await?;
    w.online().await?;
    w.connect().await?;
    w.offline().await?;
    w.connect().await.map(drop)
}

async fn another_of_its_type(w: &World<'_>) -> Result<()> {
    w.till().await?;
    let first = w.call("connectedReader", json!([])).await?;
    w.offline().await?;
    w.call("connectReader", json!([])).await?;
    let other = w.call("connectedReader", json!([])).await?;
    equal("type", text(&other, "/deviceType"), text(&first, "/deviceType"))?;
    holds("another one", text(&other, "/serialNumber") != text(&first, "/serialNumber"))
}

async fn tells(w: &World<'_>) -> Result<()> {
    w.till().await?;
    let reader = w.call("connectedReader", json!([])).await?;
    for name in ["/deviceType", "/serialNumber", "/softwareVersion"] {
        holds(name, !text(&reader, name).is_empty())?;
    }
    Ok(())
}
