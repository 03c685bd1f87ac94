//! The till as a person sees and works it: by its elements, never by its code.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use fantoccini::Locator;
use serde_json::{Value, json};

use crate::engine::Browser;
use crate::poll;

/// How long the till may take to open, and a sale to get one step further.
pub const STEP_MAX: Duration = Duration::from_secs(20);

/// The stages in which a sale ends.
pub const FINAL: [&str; 4] = ["stored", "approved", "declined", "error"];

/// The till in a browser's current window.
#[derive(Debug)]
pub struct Till<'a> {
    browser: &'a Browser,
}

/// What the banner shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Banner {
    /// `online`, `offline` or `unknown`.
    pub status: String,
    /// How many payments are stored.
    pub stored_count: u64,
    /// How much is stored, minor units, all currencies together.
    pub stored_amount_minor: u64,
    /// The time left of the oldest, as text; empty when nothing is stored.
    pub oldest_time_left: String,
}

/// One line of the list of payments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentRow {
    /// `stored`, `accepted` …
    pub state: String,
    /// Minor units.
    pub amount_minor: u64,
    /// The device's name for it.
    pub offline_id: String,
    /// The gateway's name for it, empty when there is none yet.
    pub payment_intent: String,
}

/// An event that the till was told about a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The payment.
    pub offline_id: String,
    /// `forwarded`, `declined`, `wedged` or `canceled`.
    pub kind: String,
}

/// How a sale stands, as the checkout shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    /// `present`, `stored`, `approved` …
    pub stage: String,
    /// What it says.
    pub message: String,
}

impl<'a> Till<'a> {
    /// The till in `browser`, opened at `url` and ready to sell.
    pub async fn open(browser: &'a Browser, url: &str) -> Result<Self> {
        browser.client().goto(url).await.with_context(|| url.to_owned())?;
        let till = Till { browser };
        till.wait_ready().await?;
        Ok(till)
    }

    /// The till that is already open in the current window.
    pub const fn attached(browser: &'a Browser) -> Self {
        Till { browser }
    }

    /// The browser.
    pub const fn browser(&self) -> &Browser {
        self.browser
    }

    /// Waits until it can sell.
    pub async fn wait_ready(&self) -> Result<()> {
        let waited = poll::until_true("the till is ready", STEP_MAX, async || {
            Ok(self
                .browser
                .run(r#"return !!document.querySelector('[data-testid="till"][data-ready="true"]')"#, vec![])
                .await?
                == Value::Bool(true))
        })
        .await;
        match waited {
            Ok(()) => Ok(()),
            Err(error) => Err(error.context(self.seen().await)),
        }
    }

    /// Waits until a service worker serves the till, so that it opens without a network from now on.
    pub async fn wait_installed(&self) -> Result<()> {
        let script = "const registration = await navigator.serviceWorker.ready;
            return !!(registration.active && registration.active.state === 'activated');";
        poll::until_true("the service worker is active", STEP_MAX, async || {
            Ok(self.browser.run_async(script, vec![]).await? == Value::Bool(true))
        })
        .await
    }

    /// Presses an element.
    pub async fn press(&self, test_id: &str) -> Result<()> {
        self.press_where(&format!(r#"[data-testid="{test_id}"]"#)).await
    }

    /// Presses the first element that a CSS selector finds, as soon as there is one that can be pressed.
    pub async fn press_where(&self, selector: &str) -> Result<()> {
        poll::until(&format!("pressing {selector}"), STEP_MAX, async || {
            let element = self.browser.client().find(Locator::Css(selector)).await?;
            ensure!(element.is_enabled().await?, "{selector} is disabled");
            element.click().await?;
            Ok(Some(()))
        })
        .await
    }

    /// Puts one thing of an amount that is typed in into the cart, which must be empty.
    pub async fn add_custom_amount(&self, amount_minor: u64) -> Result<()> {
        let text = format!("{}.{:02}", amount_minor / 100, amount_minor % 100);
        poll::until(&format!("typing {text}"), STEP_MAX, async || {
            let input = self.browser.client().find(Locator::Css(r#"[data-testid="custom-amount"]"#)).await?;
            input.clear().await?;
            input.send_keys(&text).await?;
            Ok(Some(()))
        })
        .await?;
        self.press("custom-amount-add").await?;
        poll::until_true(&format!("the cart's total is {amount_minor}"), STEP_MAX, async || {
            Ok(self.number("cart-total", "amount-minor").await? == Some(amount_minor))
        })
        .await
    }

    /// Starts the payment of the cart and waits until a card is asked for, or the sale has ended otherwise.
    pub async fn charge(&self) -> Result<Checkout> {
        self.press("charge").await?;
        self.wait_stage(&["present", "error", "declined"]).await
    }

    /// Presents one of the simulated reader's cards.
    pub async fn present(&self, profile: &str) -> Result<()> {
        self.press_where(&format!(r#"[data-testid="sim-present"][data-profile="{profile}"]"#)).await
    }

    /// Waits until the checkout shows one of these stages.
    pub async fn wait_stage(&self, stages: &[&str]) -> Result<Checkout> {
        let what = format!("the sale is {}", stages.join(" or "));
        self.wait_checkout(&what, |seen| stages.contains(&seen.stage.as_str())).await
    }

    async fn wait_checkout(&self, what: &str, holds: impl Fn(&Checkout) -> bool) -> Result<Checkout> {
        let waited = poll::until(what, STEP_MAX, async || Ok(self.checkout().await?.filter(&holds))).await;
        match waited {
            Ok(checkout) => Ok(checkout),
            Err(error) => Err(error.context(self.seen().await)),
        }
    }

    /// What the checkout shows, where it is open.
    pub async fn checkout(&self) -> Result<Option<Checkout>> {
        let script = r#"const open = document.querySelector('[data-testid="checkout"]');
            const message = document.querySelector('[data-testid="checkout-message"]');
            return open && open.dataset.stage && { stage: open.dataset.stage, message: message ? message.innerText : "" };"#;
        let seen = self.browser.run(script, vec![]).await?;
        if !seen.is_object() {
            return Ok(None);
        }
        Ok(Some(Checkout { stage: text(&seen, "stage"), message: text(&seen, "message") }))
    }

    /// A whole sale up to its last stage, which stays on the screen. Where the till asks for the card again, because
    /// the connection was lost after it was read, it is presented again, once.
    pub async fn sale(&self, amount_minor: u64, profile: &str) -> Result<Checkout> {
        self.add_custom_amount(amount_minor).await?;
        let started = self.charge().await?;
        if started.stage != "present" {
            return Ok(started);
        }
        self.present(profile).await?;
        let ended = self.wait_checkout("the sale has ended", |seen| {
            FINAL.contains(&seen.stage.as_str())
                || (seen.stage == "present" && seen.message != started.message)
        });
        let ended = ended.await?;
        if ended.stage != "present" {
            return Ok(ended);
        }
        self.present(profile).await?;
        self.wait_stage(&FINAL).await
    }

    /// A whole sale that must end in `stage`, and on to the next one.
    pub async fn sell(&self, amount_minor: u64, profile: &str, stage: &str) -> Result<()> {
        let ended = self.sale(amount_minor, profile).await?;
        ensure!(
            ended.stage == stage,
            "a sale of {amount_minor} with {profile} ended as {ended:?}, not {stage}"
        );
        self.close_checkout().await
    }

    /// Leaves the checkout, and empties the cart where the sale did not.
    pub async fn close_checkout(&self) -> Result<()> {
        self.press("checkout-close").await?;
        poll::until_true("the checkout is closed", STEP_MAX, async || Ok(self.checkout().await?.is_none()))
            .await?;
        let has_clear = r#"const clear = document.querySelector('[data-testid="cart-clear"]');
            return !!clear && !clear.disabled && !!document.querySelector('[data-testid="cart-line"]');"#;
        if self.browser.run(has_clear, vec![]).await? == Value::Bool(true) {
            self.press("cart-clear").await?;
        }
        Ok(())
    }

    /// What the banner shows.
    pub async fn banner(&self) -> Result<Banner> {
        let script = r#"const all = (name) => [...document.querySelectorAll(`[data-testid="${name}"]`)];
            const sum = (name, field) => all(name).reduce((sum, e) => sum + Number(e.dataset[field] || 0), 0);
            const status = all("network-status")[0];
            return status && {
                status: status.dataset.status,
                count: sum("stored-count", "count"),
                amount: sum("stored-amount", "amountMinor"),
                left: all("oldest-time-left").map((e) => e.innerText).join(""),
            };"#;
        let seen = self.browser.run(script, vec![]).await?;
        ensure!(!seen.is_null(), "there is no banner");
        let number = |name: &str| seen.get(name).and_then(Value::as_f64).map(|value| value as u64);
        Ok(Banner {
            status: text(&seen, "status"),
            stored_count: number("count").context("no count")?,
            stored_amount_minor: number("amount").context("no amount")?,
            oldest_time_left: text(&seen, "left"),
        })
    }

    /// Waits until the banner shows this network status.
    pub async fn wait_status(&self, status: &str, deadline: Duration) -> Result<()> {
        poll::until_true(&format!("the till is {status}"), deadline, async || {
            Ok(self.banner().await?.status == status)
        })
        .await
    }

    /// Lets the till notice at once that the gateway has gone, by the browser's own hint, and waits until it shows it.
    /// Without a hint the next sale or the next probe notices.
    pub async fn notice_outage(&self) -> Result<()> {
        self.browser.run("window.dispatchEvent(new Event('offline'))", vec![]).await?;
        self.wait_status("offline", STEP_MAX).await
    }

    /// Waits until the banner shows so many stored payments.
    pub async fn wait_stored(&self, count: u64, deadline: Duration) -> Result<()> {
        let waited = poll::until_true(&format!("{count} payments are stored"), deadline, async || {
            Ok(self.banner().await?.stored_count == count)
        })
        .await;
        match waited {
            Ok(()) => Ok(()),
            Err(error) => Err(error.context(format!("the banner shows {:?}", self.banner().await))),
        }
    }

    /// The payments in the list, newest first as it shows them.
    pub async fn payments(&self) -> Result<Vec<PaymentRow>> {
        self.press("nav-payments").await?;
        let rows = self
            .rows("payment", |row| PaymentRow {
                state: text(row, "state"),
                amount_minor: text(row, "amountMinor").parse().unwrap_or(0),
                offline_id: text(row, "offlineId"),
                payment_intent: text(row, "paymentIntent"),
            })
            .await?;
        Ok(rows)
    }

    /// Waits until the list has so many payments and none is on its way; gives it.
    pub async fn settled_payments(&self, count: usize, deadline: Duration) -> Result<Vec<PaymentRow>> {
        poll::until(&format!("{count} payments in the list, all final"), deadline, async || {
            let rows = self.payments().await?;
            let is_final =
                |row: &PaymentRow| ["accepted", "declined", "canceled"].contains(&row.state.as_str());
            ensure!(rows.len() == count && rows.iter().all(is_final), "the list shows {rows:?}");
            Ok(Some(rows))
        })
        .await
    }

    /// The events of this page load.
    pub async fn events(&self) -> Result<Vec<Event>> {
        self.press("nav-payments").await?;
        self.rows("event", |row| Event { offline_id: text(row, "offlineId"), kind: text(row, "kind") }).await
    }

    /// Back to the selling screen.
    pub async fn go_sell(&self) -> Result<()> {
        self.press("nav-till").await
    }

    /// Chooses how new payments treat the network: `prefer_online`, `require_online` or `force_offline`.
    pub async fn set_offline_behavior(&self, behavior: &str) -> Result<()> {
        self.press("nav-settings").await?;
        poll::until("the offline behavior", STEP_MAX, async || {
            let select =
                self.browser.client().find(Locator::Css(r#"[data-testid="offline-behavior"]"#)).await?;
            select.select_by_value(behavior).await?;
            Ok(Some(()))
        })
        .await?;
        self.go_sell().await
    }

    /// Chooses which outage is simulated: `off`, `immediate`, `time_out` or `intermittent`.
    pub async fn simulate_outage(&self, mode: &str) -> Result<()> {
        self.press("nav-settings").await?;
        poll::until("the simulated outage", STEP_MAX, async || {
            let select =
                self.browser.client().find(Locator::Css(r#"[data-testid="simulated-outage"]"#)).await?;
            select.select_by_value(mode).await?;
            Ok(Some(()))
        })
        .await?;
        self.go_sell().await
    }

    /// Whether the screen says that offline would work: `ready` or `not_ready`, and the tone of each check.
    pub async fn readiness(&self) -> Result<(String, BTreeMap<String, String>)> {
        self.press("nav-settings").await?;
        self.press("readiness-link").await?;
        let state = poll::until("the readiness", STEP_MAX, async || {
            Ok(self.data("readiness", "state").await?.filter(|state| state != "unknown"))
        })
        .await?;
        let checks = self.rows("readiness-item", |row| (text(row, "check"), text(row, "tone"))).await?;
        Ok((state, checks.into_iter().collect()))
    }

    /// Connects the reader anew, by the settings' button.
    pub async fn reconnect_reader(&self) -> Result<()> {
        self.press("nav-settings").await?;
        self.press("reader-connect").await?;
        self.wait_data("reader", "state", "connected").await
    }

    /// What happened to a payment, as its dialog lists it: the kinds of its steps, oldest first. The dialog stays open.
    pub async fn story(&self, offline_id: &str) -> Result<Vec<String>> {
        self.press("nav-payments").await?;
        self.press_where(&format!(r#"[data-offline-id="{offline_id}"] [data-testid="payment-open"]"#))
            .await?;
        poll::until("the payment's story", STEP_MAX, async || {
            let steps = self.rows("story-step", |row| text(row, "kind")).await?;
            Ok((!steps.is_empty()).then_some(steps))
        })
        .await
    }

    /// A `data-` field of the first element with this test id, where there is one.
    pub async fn data(&self, test_id: &str, field: &str) -> Result<Option<String>> {
        let script = "const element = document.querySelector(`[data-testid=\"${arguments[0]}\"]`);
            return element ? element.getAttribute('data-' + arguments[1]) : null;";
        let value = self.browser.run(script, vec![json!(test_id), json!(field)]).await?;
        Ok(value.as_str().map(str::to_owned))
    }

    /// Waits until a `data-` field of an element has this value.
    pub async fn wait_data(&self, test_id: &str, field: &str, value: &str) -> Result<()> {
        let waited = poll::until_true(&format!("{test_id} has {field} {value}"), STEP_MAX, async || {
            Ok(self.data(test_id, field).await?.as_deref() == Some(value))
        })
        .await;
        match waited {
            Ok(()) => Ok(()),
            Err(error) => Err(error.context(self.seen().await)),
        }
    }

    /// Whether an element with this test id is there.
    pub async fn shows(&self, test_id: &str) -> Result<bool> {
        let script = "return !!document.querySelector(`[data-testid=\"${arguments[0]}\"]`);";
        Ok(self.browser.run(script, vec![json!(test_id)]).await? == Value::Bool(true))
    }

    /// The page's text, for the words of a failed wait.
    pub async fn seen(&self) -> String {
        let script = "return location.href + '\\n' + (document.body ? document.body.innerText : '')";
        match self.browser.run(script, vec![]).await {
            Ok(Value::String(text)) => format!("the page shows: {text}"),
            other => format!("the page does not answer: {other:?}"),
        }
    }

    async fn number(&self, test_id: &str, field: &str) -> Result<Option<u64>> {
        Ok(self.data(test_id, field).await?.and_then(|text| text.parse().ok()))
    }

    async fn rows<T>(&self, test_id: &str, read: impl Fn(&Value) -> T) -> Result<Vec<T>> {
        let script = "return [...document.querySelectorAll(`[data-testid=\"${arguments[0]}\"]`)]
            .map((element) => ({ ...element.dataset }));";
        match self.browser.run(script, vec![json!(test_id)]).await? {
            Value::Array(rows) => Ok(rows.iter().map(read).collect()),
            other => bail!("no rows: {other}"),
        }
    }
}

fn text(value: &Value, name: &str) -> String {
    value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
}
