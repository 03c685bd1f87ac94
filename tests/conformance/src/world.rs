//! The words in which rows are written.

use std::cell::RefCell;
use std::collections::BTreeSet;

use anyhow::{Context, Result, anyhow, bail};
use serde_json::{Value, json};
use tillandsia_core::error::ErrorCode;

use crate::rig::{Control, Failure, Fate, Hand, Look, Request, Rig};

/// A card that everybody takes.
pub(crate) const TAP: &str = "contactless_visa";
/// One with a chip.
pub(crate) const CHIP: &str = "contact_mastercard";
pub(crate) const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// The most that one stored payment may have in the usual configuration, cents.
pub(crate) const PAYMENT_MAX: u64 = 50_000;
/// The most that all stored payments may have together, cents.
pub(crate) const STORED_MAX: u64 = 200_000;

/// The usual configuration: offline mode on, in US dollars and euro.
pub(crate) fn offline_part() -> Value {
    json!({
        "enabled": true,
        "payment_amount_max": { "usd": PAYMENT_MAX, "eur": PAYMENT_MAX },
        "stored_amount_max": { "usd": STORED_MAX },
        "stored_count_max": 100,
    })
}

/// The usual configuration with some parts replaced.
pub(crate) fn offline_part_with(changes: Value) -> Value {
    let mut part = offline_part();
    if let (Some(part), Value::Object(changes)) = (part.as_object_mut(), changes) {
        part.extend(changes);
    }
    part
}

/// A rig in a row's hands.
pub struct World<'a> {
    rig: &'a dyn Rig,
    codes: RefCell<BTreeSet<&'static str>>,
}

/// Which error codes a value names, anywhere in it.
fn codes_in(value: &Value, found: &mut BTreeSet<&'static str>) {
    match value {
        Value::Object(fields) => {
            let code = fields.get("code").and_then(Value::as_str).and_then(ErrorCode::from_name);
            found.extend(code.map(ErrorCode::as_str));
            fields.values().for_each(|field| codes_in(field, found));
        }
        Value::Array(items) => items.iter().for_each(|item| codes_in(item, found)),
        _ => {}
    }
}

/// A part of a value, `/offlineDetails/requiresUpload`; null when there is none.
pub(crate) fn part<'a>(value: &'a Value, pointer: &str) -> &'a Value {
    value.pointer(pointer).unwrap_or(&Value::Null)
}

/// The same as a text.
pub(crate) fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    part(value, pointer).as_str().unwrap_or_default()
}

/// The same as a number.
pub(crate) fn number(value: &Value, pointer: &str) -> Result<u64> {
    part(value, pointer).as_u64().with_context(|| format!("no number at {pointer} of {value}"))
}

/// Fails unless two things are equal.
pub(crate) fn equal<T: PartialEq + std::fmt::Debug>(what: &str, found: T, wanted: T) -> Result<()> {
    if found == wanted {
        return Ok(());
    }
    bail!("{what}: {found:?}, not {wanted:?}")
}

/// Fails unless it holds.
pub(crate) fn holds(what: &str, holds: bool) -> Result<()> {
    if holds { Ok(()) } else { bail!("not so: {what}") }
}

/// Fails unless a payment is stored on the device and waits for its upload.
pub(crate) fn is_stored(intent: &Value) -> Result<()> {
    equal("waits for its upload", part(intent, "/offlineDetails/requiresUpload").as_bool(), Some(true))
}

impl<'a> World<'a> {
    /// Over a rig that has begun.
    pub fn new(rig: &'a dyn Rig) -> Self {
        World { rig, codes: RefCell::default() }
    }

    /// Every error code that was met.
    pub fn codes(&self) -> BTreeSet<&'static str> {
        self.codes.borrow().clone()
    }

    fn heard<'v>(&self, value: &'v Value) -> &'v Value {
        codes_in(value, &mut self.codes.borrow_mut());
        value
    }

    fn answered(&self, answer: crate::rig::Answer) -> Result<Value> {
        match answer {
            Ok(value) => {
                self.heard(&value);
                Ok(value)
            }
            Err(failure) => {
                let code = ErrorCode::from_name(&failure.code);
                let code = code.ok_or_else(|| anyhow!("an error without a known code: {failure:?}"))?;
                holds("an error says what to do", !failure.message.is_empty())?;
                self.codes.borrow_mut().insert(code.as_str());
                Err(failure.into())
            }
        }
    }

    /// A till that listens, with a reader, as its app opens it in the morning.
    pub(crate) async fn till(&self) -> Result<()> {
        self.open(0).await?;
        self.connect().await?;
        Ok(())
    }

    /// The same, once the connection is lost.
    pub(crate) async fn till_offline(&self) -> Result<()> {
        self.till().await?;
        self.offline().await
    }

    /// A till that listens, without a reader.
    pub(crate) async fn open(&self, tab: usize) -> Result<()> {
        self.rig.open(tab, true).await
    }

    /// A till whose app does not listen to offline events.
    pub(crate) async fn open_deaf(&self) -> Result<()> {
        self.rig.open(0, false).await
    }

    pub(crate) async fn connect(&self) -> Result<Value> {
        self.connect_in(0).await
    }

    pub(crate) async fn connect_in(&self, tab: usize) -> Result<Value> {
        self.answered(self.rig.connect(tab).await?)
    }

    /// Calls a method in the first tab.
    pub(crate) async fn call(&self, method: &str, arguments: Value) -> Result<Value> {
        self.call_in(0, method, arguments).await
    }

    pub(crate) async fn call_in(&self, tab: usize, method: &str, arguments: Value) -> Result<Value> {
        self.answered(self.rig.call(tab, method, arguments).await?)
    }

    /// Calls that must be refused with this code.
    pub(crate) async fn refused(
        &self,
        code: &str,
        call: impl Future<Output = Result<Value>>,
    ) -> Result<Failure> {
        match call.await {
            Ok(value) => bail!("was to be refused with {code}, gave {value}"),
            Err(error) => {
                let failure: Failure = error.downcast()?;
                if failure.code != code {
                    bail!("refused with `{failure}`, not with {code}");
                }
                Ok(failure)
            }
        }
    }

    pub(crate) async fn create(&self, options: Value) -> Result<Value> {
        self.call("createPaymentIntent", json!([options])).await
    }

    /// US cents, by this `offlineBehavior`.
    pub(crate) async fn create_as(&self, amount: u64, behavior: &str) -> Result<Value> {
        self.create(json!({ "amount": amount, "currency": "usd", "offlineBehavior": behavior })).await
    }

    pub(crate) async fn collect(&self, intent: &Value, profile: &'static str) -> Result<Value> {
        self.collect_with(intent, json!({}), Hand::Present(profile)).await
    }

    pub(crate) async fn collect_with(&self, intent: &Value, options: Value, hand: Hand) -> Result<Value> {
        self.collect_in(0, intent, options, hand).await?.0
    }

    /// Also gives what came of a call made meanwhile.
    pub(crate) async fn collect_in(
        &self,
        tab: usize,
        intent: &Value,
        options: Value,
        hand: Hand,
    ) -> Result<(Result<Value>, Option<Result<Value>>)> {
        let (collected, meanwhile) = self.rig.collect(tab, intent.clone(), options, hand).await?;
        Ok((self.answered(collected), meanwhile.map(|answer| self.answered(answer))))
    }

    pub(crate) async fn confirm(&self, intent: &Value) -> Result<Value> {
        self.call("confirmPaymentIntent", json!([intent])).await
    }

    pub(crate) async fn confirm_as(&self, intent: &Value, behavior: &str) -> Result<Value> {
        self.call("confirmPaymentIntent", json!([intent, { "offlineBehavior": behavior }])).await
    }

    /// A whole sale with a card that is tapped.
    pub(crate) async fn sell(&self, amount: u64) -> Result<Value> {
        self.sell_with(json!({ "amount": amount, "currency": "usd" }), TAP).await
    }

    pub(crate) async fn sell_with(&self, options: Value, profile: &'static str) -> Result<Value> {
        self.sell_in(0, options, profile).await
    }

    pub(crate) async fn sell_in(&self, tab: usize, options: Value, profile: &'static str) -> Result<Value> {
        let intent = self.call_in(tab, "createPaymentIntent", json!([options])).await?;
        let intent = self.collect_in(tab, &intent, json!({}), Hand::Present(profile)).await?.0?;
        self.call_in(tab, "confirmPaymentIntent", json!([intent])).await
    }

    pub(crate) async fn control(&self, control: Control) -> Result<()> {
        self.rig.control(control).await
    }

    pub(crate) async fn look(&self, look: Look) -> Result<Value> {
        self.rig.look(look).await
    }

    /// The connection is lost, and the till has noticed.
    pub(crate) async fn offline(&self) -> Result<()> {
        self.control(Control::Network(false)).await
    }

    /// The connection is back, and the till has noticed.
    pub(crate) async fn online(&self) -> Result<()> {
        self.control(Control::Network(true)).await
    }

    /// The location's configuration with these parts replaced; the till has it after its reader is connected.
    pub(crate) async fn configure(&self, changes: Value) -> Result<()> {
        self.control(Control::Configure(offline_part_with(changes))).await
    }

    pub(crate) async fn fault(&self, request: Request, fate: Fate, times: u32) -> Result<()> {
        self.control(Control::Fault(request, fate, times)).await
    }

    /// How many payments are stored, and how many US cents.
    pub(crate) async fn stored(&self) -> Result<(u64, u64)> {
        let status = self.call("getOfflineStatus", json!([])).await?;
        let cents = part(&status, "/sdk/offlinePaymentAmountsByCurrency/usd").as_u64().unwrap_or(0);
        Ok((number(&status, "/sdk/offlinePaymentsCount")?, cents))
    }

    /// Lets moments pass until nothing is stored any more.
    pub(crate) async fn none_stored(&self) -> Result<()> {
        self.until("none to be stored", async || Ok((self.stored().await?.0 == 0).then_some(()))).await
    }

    pub(crate) async fn network_status(&self) -> Result<Value> {
        self.call("networkStatus", json!([])).await
    }

    /// The device's list, newest first.
    pub(crate) async fn payments(&self) -> Result<Vec<Value>> {
        let list = self.call("listPayments", json!([{ "limit": 100 }])).await?;
        Ok(list.as_array().cloned().unwrap_or_default())
    }

    /// A payment's line in the device's list.
    pub(crate) async fn payment(&self, intent: &Value) -> Result<Value> {
        let id = text(intent, "/offlineId");
        let found = self.payments().await?.into_iter().find(|payment| text(payment, "/offlineId") == id);
        found.with_context(|| format!("{id} is not in the list"))
    }

    /// The device's clock, milliseconds.
    pub(crate) async fn now_ms(&self) -> Result<u64> {
        number(&self.create_as(1, "force_offline").await?, "/createdAtMs")
    }

    /// How many requests of a kind have reached the network so far.
    pub(crate) async fn sent(&self, request: Request) -> Result<u64> {
        number(&self.look(Look::Sent(request)).await?, "")
    }

    /// A sale that is stored whatever the connection is.
    pub(crate) async fn sell_forced(&self, amount: u64) -> Result<Value> {
        let intent = self.create_as(amount, "force_offline").await?;
        let intent = self.collect(&intent, TAP).await?;
        self.confirm(&intent).await
    }

    /// Lets so many moments pass.
    pub(crate) async fn moments(&self, count: usize) -> Result<()> {
        for _ in 0..count {
            self.rig.moment().await?;
        }
        Ok(())
    }

    /// Lets moments pass until `look` gives something.
    pub(crate) async fn until<T>(
        &self,
        what: &str,
        mut look: impl AsyncFnMut() -> Result<Option<T>>,
    ) -> Result<T> {
        for _ in 0..self.rig.moments_max() {
            if let Some(found) = look().await? {
                return Ok(found);
            }
            self.rig.moment().await?;
        }
        bail!("waited in vain for {what}; the list: {:#?}", self.payments().await)
    }

    /// The same, with so much time on the device's clock between two looks.
    pub(crate) async fn in_time<T>(
        &self,
        what: &str,
        step_ms: u64,
        mut look: impl AsyncFnMut() -> Result<Option<T>>,
    ) -> Result<T> {
        self.until(what, async || match look().await? {
            Some(found) => Ok(Some(found)),
            None => {
                self.control(Control::Advance(step_ms)).await?;
                Ok(None)
            }
        })
        .await
    }

    /// Lets time pass until a payment is accepted; gives its line.
    pub(crate) async fn accepted_in_time(&self, intent: &Value, step_ms: u64) -> Result<Value> {
        self.in_time("it to be accepted", step_ms, async || {
            Ok(Some(self.payment(intent).await?).filter(|line| text(line, "/state") == "accepted"))
        })
        .await
    }

    /// Lets moments pass until an attempt to forward a payment has failed; gives its line.
    pub(crate) async fn fails(&self, intent: &Value, attempts: u64) -> Result<Value> {
        self.until("a failed attempt", async || self.failed(intent, attempts).await).await
    }

    /// A payment's line, once so many attempts have failed and none is under way.
    pub(crate) async fn failed(&self, intent: &Value, attempts: u64) -> Result<Option<Value>> {
        let line = self.payment(intent).await?;
        let failed = number(&line, "/attempts")? >= attempts && part(&line, "/lastError").is_object();
        Ok((failed && text(&line, "/state") == "stored").then_some(line))
    }

    /// Lets moments pass until a payment is in this state; gives its line.
    pub(crate) async fn becomes(&self, intent: &Value, state: &str) -> Result<Value> {
        let what = format!("{} to be {state}", text(intent, "/offlineId"));
        self.until(&what, async || {
            Ok(Some(self.payment(intent).await?).filter(|p| text(p, "/state") == state))
        })
        .await
    }

    /// What the events of a type carried, in the first tab.
    pub(crate) async fn events(&self, kind: &str) -> Result<Vec<Value>> {
        self.events_in(0, kind).await
    }

    pub(crate) async fn events_in(&self, tab: usize, kind: &str) -> Result<Vec<Value>> {
        let events = self.rig.events(tab).await?;
        let events = events.into_iter().filter(|event| text(event, "/type") == kind);
        Ok(events.map(|event| self.heard(part(&event, "/detail")).clone()).collect())
    }

    /// The `forwardpaymentintent` events of a payment in the first tab.
    pub(crate) async fn told_of(&self, intent: &Value) -> Result<Vec<Value>> {
        self.told_of_in(0, intent).await
    }

    pub(crate) async fn told_of_in(&self, tab: usize, intent: &Value) -> Result<Vec<Value>> {
        let id = text(intent, "/offlineId");
        let events = self.events_in(tab, "forwardpaymentintent").await?;
        Ok(events.into_iter().filter(|event| text(event, "/paymentIntent/offlineId") == id).collect())
    }

    /// Waits until the app was told of a payment; gives the event's detail.
    pub(crate) async fn told(&self, intent: &Value) -> Result<Value> {
        self.until("the event", async || Ok(self.told_of(intent).await?.into_iter().next_back())).await
    }

    /// Waits until the app was told of a payment, which must be once.
    pub(crate) async fn told_once(&self, intent: &Value) -> Result<()> {
        self.told(intent).await?;
        equal("told once", self.told_of(intent).await?.len(), 1)
    }

    /// The gateway's charges, newest first.
    pub(crate) async fn charges(&self) -> Result<Vec<Value>> {
        Ok(self.look(Look::Charges).await?.as_array().cloned().unwrap_or_default())
    }

    /// The amounts of the charges that took money, or will, sorted.
    pub(crate) async fn charged(&self) -> Result<Vec<u64>> {
        let charges = self.charges().await?;
        let paid = charges.iter().filter(|charge| text(charge, "/status") == "succeeded");
        let mut amounts: Vec<u64> = paid.filter_map(|charge| part(charge, "/amount").as_u64()).collect();
        amounts.sort_unstable();
        Ok(amounts)
    }

    /// The gateway's PaymentIntent of this name.
    pub(crate) async fn at_gateway(&self, intent: &Value) -> Result<Value> {
        let id = text(intent, "/id");
        let all = self.look(Look::PaymentIntents).await?;
        let found = all.as_array().into_iter().flatten().find(|known| text(known, "/id") == id);
        found.cloned().with_context(|| format!("the gateway has no PaymentIntent {id:?}"))
    }
}
