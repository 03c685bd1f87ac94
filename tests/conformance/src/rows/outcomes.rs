//! What becomes of a payment that is finished (1.5): told, kept without its card, removed in the end.

use anyhow::Result;
use serde_json::{Value, json};

use super::rows;
use crate::rig::{Control, Failure, Look};
use crate::world::{DAY_MS, World, equal, holds, text};

rows! {
    "1.5-decline-is-final" "A decline of a stored payment is final, and waits in the work list until a person has dealt with it." => decline_is_final;
    "1.5-until-acknowledged" "An event that the app did not take is told again after a restart, and no more once it was taken." => until_acknowledged;
    "1.5-card-destroyed" "After the final outcome, whatever it is, the card's ciphertext is destroyed; what reconciliation needs stays." => card_destroyed;
    "1.5-kept-90-days" "A finished payment stays for 90 days and then goes, once no person has anything left to do with it; what is stored never goes." => kept_90_days;
    "1.5-kept-as-configured" "How long a finished payment stays is configuration." => kept_as_configured;
}

async fn decline_is_final(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    let stored = w.sell(1005).await?;
    w.online().await?;
    w.becomes(&stored, "declined").await?;
    w.refused("unexpected_status", w.call("retryPaymentIntent", json!([stored]))).await?;
    w.call("forwardNow", json!([])).await?;
    let waiting = w.call("listAttention", json!([])).await?;
    equal("in the work list", text(&waiting, "/0/offlineId"), text(&stored, "/offlineId"))?;
    w.call("settlePaymentIntent", json!([stored])).await?;
    equal("dealt with", w.call("listAttention", json!([])).await?, json!([]))?;
    equal("still in the list", text(&w.payment(&stored).await?, "/state"), "declined")
}

async fn until_acknowledged(w: &World<'_>) -> Result<()> {
    w.till().await?;
    w.control(Control::AppTakes(false)).await?;
    w.offline().await?;
    let stored = w.sell(1099).await?;
    w.online().await?;
    w.told(&stored).await?;
    w.open(0).await?;
    w.told(&stored).await?;
    w.control(Control::AppTakes(true)).await?;
    w.open(0).await?;
    w.told(&stored).await?;
    // The acknowledgement is written a moment after the app took it; from then on no restart tells it again.
    w.until("the acknowledgement", async || {
        w.open(0).await?;
        w.until("the new page", async || {
            Ok((!w.events("offlinestatuschange").await?.is_empty()).then_some(()))
        })
        .await?;
        w.moments(4).await?;
        Ok(w.told_of(&stored).await?.is_empty().then_some(()))
    })
    .await?;
    equal("charged once", w.charged().await?, vec![1099])
}

async fn card_destroyed(w: &World<'_>) -> Result<()> {
    w.till_offline().await?;
    let kept = async |sale: &Value| {
        let bytes = w.look(Look::BytesKept(text(sale, "/offlineId").to_owned())).await?;
        anyhow::Ok(bytes.as_u64().unwrap_or_default())
    };
    let mut sales = Vec::new();
    for (amount, state) in [(1000, "accepted"), (1005, "declined"), (1100, "canceled"), (1200, "wedged")] {
        let sale = w.sell(amount).await?;
        let with_card = kept(&sale).await?;
        sales.push((sale, with_card, state));
    }
    let [_, _, (voided, ..), (occupied, ..)] = &sales[..] else { anyhow::bail!("four sales") };
    w.call("voidPaymentIntent", json!([voided])).await?;
    w.control(Control::Occupy(text(occupied, "/offlineId").to_owned())).await?;
    w.online().await?;
    for (sale, with_card, state) in &sales {
        let line = w.becomes(sale, state).await?;
        let now = kept(sale).await?;
        let is_final = *state != "wedged";
        holds(&format!("{state}: {with_card} bytes became {now}"), (now + 100 < *with_card) == is_final)?;
        equal("last four", text(&line, "/card/last4"), "0010")?;
    }
    Ok(())
}

async fn kept_90_days(w: &World<'_>) -> Result<()> {
    kept_for(w, 90).await
}

async fn kept_as_configured(w: &World<'_>) -> Result<()> {
    w.configure(json!({ "retain_for_s": 7 * 24 * 60 * 60 })).await?;
    kept_for(w, 7).await
}

async fn kept_for(w: &World<'_>, days: u64) -> Result<()> {
    w.till_offline().await?;
    let taken = w.sell(1000).await?;
    let declined = w.sell(1005).await?;
    w.online().await?;
    for (sale, state) in [(&taken, "accepted"), (&declined, "declined")] {
        w.becomes(sale, state).await?;
        w.told(sale).await?;
    }
    w.offline().await?;
    let stored = w.sell(1200).await?;
    let is_kept = async |sale: &Value| match w.call("retrievePaymentIntent", json!([sale])).await {
        Ok(_) => anyhow::Ok(true),
        Err(error) => match error.downcast::<Failure>()? {
            failure if failure.code == "payment_intent_not_found_offline" => Ok(false),
            failure => Err(failure.into()),
        },
    };
    let goes = async |sale: &Value| {
        w.in_time("it to go", DAY_MS / 24, async || Ok((!is_kept(sale).await?).then_some(()))).await
    };
    w.control(Control::Advance((days - 1) * DAY_MS)).await?;
    w.moments(8).await?;
    holds("kept until then", is_kept(&taken).await?)?;
    w.control(Control::Advance(DAY_MS)).await?;
    goes(&taken).await?;
    holds("a decline waits for a person", is_kept(&declined).await?)?;
    w.call("settlePaymentIntent", json!([declined])).await?;
    goes(&declined).await?;
    let list = w.payments().await?;
    let left: Vec<&str> = list.iter().map(|line| text(line, "/offlineId")).collect();
    equal("left", left, vec![text(&stored, "/offlineId")])?;
    equal("what is stored", w.stored().await?, (1, 1200))
}
