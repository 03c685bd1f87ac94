//! What is measured, one stage after the other in the same page.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use tillandsia_core::ids::OfflineId;
use tillandsia_core::money::Money;
use tillandsia_core::time::TimestampMs;
use tillandsia_core::wire::{CardOnWire, CreatePayment, ForwardBatch, PaymentSubmission};
use tillandsia_tests::cards::CardSource;
use tillandsia_tests::cdp::Cdp;
use tillandsia_tests::engine::{Browser, Engine};
use tillandsia_tests::gateway::Gateway;
use tillandsia_tests::proxy::{Fault, Proxy};
use tillandsia_tests::{poll, site};

use crate::report::Report;
use crate::statistics::Times;

/// One dollar, which the sandbox approves.
const AMOUNT_MINOR: u64 = 100;
const AWAY: Duration = Duration::from_millis(50);
const ALWAYS: u32 = u32::MAX;
/// Sales a round; a round of puts and a round of pushes follow, so that all meet the same moments.
const ROUND: usize = 20;
/// Sales in one call into the page.
const CALL: usize = 250;
/// The longest call into the page: workbox sends one payment after the other.
const SCRIPT_MAX: Duration = Duration::from_secs(900);
/// What passes before each timed write, milliseconds: a customer takes longer. What was written before, the till's proof
/// that there is room for instance, is let come to rest.
const CUSTOMER_MS: u32 = 20;
const KILO: f64 = 1000.0;

/// How much is done.
#[derive(Debug, Clone, Copy)]
struct Counts {
    timed: usize,
    forwarded: usize,
    stored: usize,
    starts: usize,
}

/// Everything that runs while it is measured.
#[derive(Debug)]
pub(crate) struct Bench {
    counts: Counts,
    gateway: Gateway,
    proxy: Proxy,
    browser: Browser,
    cards: Vec<CardOnWire>,
}

impl Bench {
    /// Starts the gateway and opens the page.
    pub(crate) async fn start(quick: bool) -> Result<Self> {
        let counts = if quick {
            Counts { timed: 100, forwarded: 100, stored: 500, starts: 2 }
        } else {
            Counts { timed: 600, forwarded: 1_000, stored: 10_000, starts: 5 }
        };
        let site = site::built()?;
        ensure!(site.join("bench/index.html").is_file(), "the site has no bench: run `cargo xtask bench`");
        let gateway = Gateway::start(&site).await?;
        let proxy = Proxy::start_with(gateway.port(), true).await?;
        let cards = cards(counts.forwarded, 1)?;
        let browser = Browser::open(Engine::Chromium).await?;
        browser.set_script_timeout(SCRIPT_MAX).await?;
        browser.client().goto(&format!("{}/bench/index.html", proxy.url())).await?;
        poll::until_true("the bench page", Duration::from_secs(30), async || {
            let ready = "return document.documentElement.dataset.ready === 'true'";
            Ok(browser.run(ready, vec![]).await? == Value::Bool(true))
        })
        .await?;
        let bench = Bench { counts, gateway, proxy, browser, cards };
        bench.call("open", vec![]).await?;
        Ok(bench)
    }

    /// From the card's hand-over to durably stored, beside a raw put and workbox's push of the same bytes.
    pub(crate) async fn storing(&mut self, report: &mut Report) -> Result<()> {
        self.say("storing");
        // The first round warms everything up and is not counted.
        self.store(self.cards.get(..ROUND).unwrap_or_default(), CUSTOMER_MS).await?;
        self.call("rawPuts", vec![json!(ROUND), json!(CUSTOMER_MS)]).await?;
        self.call("workboxPushes", vec![json!(ROUND), json!(CUSTOMER_MS)]).await?;
        let (mut ours, mut raw, mut workbox, mut bytes) = (Vec::new(), Vec::new(), Vec::new(), 0);
        for round in self.cards.get(ROUND..self.counts.timed).unwrap_or_default().chunks(ROUND) {
            let counts = vec![json!(round.len()), json!(CUSTOMER_MS)];
            ours.extend(self.store(round, CUSTOMER_MS).await?);
            let puts = self.call("rawPuts", counts.clone()).await?;
            raw.extend(times(puts.get("times"))?);
            bytes = puts.get("bytes").and_then(Value::as_u64).context("no bytes")?;
            workbox.extend(times(Some(&self.call("workboxPushes", counts).await?))?);
        }
        let (ours, raw, workbox) = (Times::new(ours), Times::new(raw), Times::new(workbox));
        let ratio = ours.p50() / raw.p50();
        let what = "tap to stored, without the reader, p50";
        report.aimed(
            what,
            &format!("{:.2} ms", ours.p50()),
            &format!("raw strict put {:.2} ms ({ratio:.2} x)", raw.p50()),
            "<= 1.5 x raw put",
            ratio <= 1.5,
        );
        report.line("", "", &format!("workbox push {:.2} ms", workbox.p50()));
        let what = "tap to stored, without the reader, p99";
        report.aimed(
            what,
            &format!("{:.2} ms", ours.p99()),
            &format!("raw strict put {:.2} ms", raw.p99()),
            "< 20 ms",
            ours.p99() < 20.0,
        );
        report.line("", "", &format!("workbox push {:.2} ms", workbox.p99()));
        report.remark(format!(
            "Stored: from the moment the reader hands its card over to the strict transaction's `complete`, with policy, \
             journal, hash chain and AES-GCM, through the till's own terminal in the page. Raw put: the same record and \
             log entry ({bytes} bytes) as one put in one strict transaction. Workbox does not ask for strict durability."
        ));
        if ratio > 1.5 {
            report.remark(
                "Why it takes longer than a raw put: the record is sealed by WebCrypto first, which answers from another \
                 thread and may not be awaited inside a transaction; the transaction then checks that no other tab wrote \
                 since, and writes payment, log entry and head, each into a store of its own, and their indexes.",
            );
        }
        Ok(())
    }

    /// Everything stored, to a gateway that is 50 ms away, beside workbox's replay.
    pub(crate) async fn forwarding(&mut self, report: &mut Report) -> Result<()> {
        self.say("forwarding");
        self.proxy.fault("/v1/", Fault::DropRequest, ALWAYS);
        self.store(self.cards.get(self.counts.timed..).unwrap_or_default(), 0).await?;
        self.call("start", vec![]).await?;
        poll::until_true("the service worker", Duration::from_secs(30), async || {
            Ok(self.call("workerReady", vec![]).await? == Value::Bool(true))
        })
        .await?;
        self.proxy.heal();
        self.proxy.fault("/", Fault::Delay(AWAY), ALWAYS);
        let ours_ms = self.timed("forward", vec![]).await?;
        let charged = self.gateway.ledger().await?.with_status("succeeded").len();
        ensure!(charged == self.counts.forwarded, "{charged} of {} were charged", self.counts.forwarded);

        self.proxy.heal();
        let authorization = self.authorization().await?;
        for bodies in self.workbox_bodies()?.chunks(CALL) {
            self.call("workboxQueue", vec![json!(bodies), json!(authorization)]).await?;
        }
        self.proxy.fault("/", Fault::Delay(AWAY), ALWAYS);
        let workbox_ms = self.timed("workboxReplay", vec![]).await?;
        let charged = self.gateway.ledger().await?.with_status("succeeded").len();
        ensure!(charged == 2 * self.counts.forwarded, "{charged} were charged after workbox's replay");
        self.proxy.heal();

        let count = self.counts.forwarded as f64;
        report.aimed(
            &format!("forwarding {} stored payments, 50 ms away", self.counts.forwarded),
            &format!("{:.2} s", ours_ms / KILO),
            &format!("workbox replay {:.1} s", workbox_ms / KILO),
            "1,000 in 5 s",
            ours_ms / KILO <= 5.0 * count / 1_000.0,
        );
        report.line(
            "",
            &format!("{:.0} /s", count / ours_ms * KILO),
            &format!("workbox replay {:.0} /s", count / workbox_ms * KILO),
        );
        report.remark(
            "Forwarding: from \"Forward now\" until the page's journal holds no stored payment, through the service \
             worker, each one decrypted, charged and its outcome durable. Workbox sends the same payments, one a request, \
             one after the other.",
        );
        Ok(())
    }

    /// Opening the till from the service worker with no network at all.
    pub(crate) async fn starting(&mut self, report: &mut Report) -> Result<()> {
        self.say("starting");
        self.proxy.refuse();
        let empty = self.start_times().await?;
        self.proxy.accept().await?;
        self.bench_page_behind_worker().await?;
        self.proxy.fault("/v1/", Fault::DropRequest, ALWAYS);
        let mut left = self.counts.stored;
        while left > 0 {
            let count = left.min(CALL).min(self.cards.len());
            self.store(self.cards.get(..count).unwrap_or_default(), 0).await?;
            left -= count;
        }
        self.proxy.refuse();
        let full = self.start_times().await?;
        let stored = self.counts.stored;
        report.line(
            &format!("start to usable with {stored} stored"),
            &format!("{:.0} ms", full.p50()),
            &format!("with none stored {:.0} ms", empty.p50()),
        );
        report.remark(
            "Start: from the navigation to the moment a payment can be taken, from the service worker's cache, with the \
             network gone; the median.",
        );
        Ok(())
    }

    /// Ends the browser in order.
    pub(crate) async fn close(self) -> Result<()> {
        self.browser.close().await
    }

    /// Opens the till in a new tab, again and again; the tab before it is closed.
    async fn start_times(&self) -> Result<Times> {
        self.replace_tab("about:blank").await?;
        let mut cdp = Cdp::connect(&self.browser, "page", "about:blank").await?;
        cdp.send("Page.enable", json!({})).await?;
        cdp.send("Page.addScriptToEvaluateOnNewDocument", json!({ "source": WATCH_READY })).await?;
        let client = self.browser.client();
        let mut times_ms = Vec::new();
        for _ in 0..self.counts.starts {
            client.goto("about:blank").await?;
            client.goto(&self.proxy.url()).await?;
            let usable = poll::until("the till is usable", Duration::from_secs(60), async || {
                Ok(self.browser.run("return window.usableMs ?? null", vec![]).await?.as_f64())
            });
            times_ms.push(usable.await?);
        }
        Ok(Times::new(times_ms))
    }

    /// The bench page again, where the till's service worker answers every navigation but those to the gateway.
    async fn bench_page_behind_worker(&self) -> Result<()> {
        self.replace_tab(&format!("{}/v1/probe?nonce=bench", self.proxy.url())).await?;
        self.browser.run_async("await import('/bench/bench.js');", vec![]).await?;
        self.call("open", vec![]).await?;
        Ok(())
    }

    async fn replace_tab(&self, url: &str) -> Result<()> {
        let client = self.browser.client();
        let tab = client.new_window(true).await?;
        client.close_window().await?;
        client.switch_to_window(tab.handle).await?;
        client.goto(url).await?;
        Ok(())
    }

    async fn store(&self, cards: &[CardOnWire], customer_ms: u32) -> Result<Vec<f64>> {
        let mut all = Vec::new();
        for cards in cards.chunks(CALL) {
            let stored =
                self.call("store", vec![json!(cards), json!(AMOUNT_MINOR), json!(customer_ms)]).await?;
            all.extend(times(Some(&stored))?);
        }
        Ok(all)
    }

    async fn call(&self, function: &str, arguments: Vec<Value>) -> Result<Value> {
        let script = format!("return window.bench.{function}(...arguments);");
        self.browser.run_async(&script, arguments).await.with_context(|| function.to_owned())
    }

    /// How long a function of the page takes, by the page's clock.
    async fn timed(&self, function: &str, arguments: Vec<Value>) -> Result<f64> {
        let script = format!(
            "const start = performance.now(); await window.bench.{function}(...arguments);
             return performance.now() - start;"
        );
        let taken = self.browser.run_async(&script, arguments).await.with_context(|| function.to_owned())?;
        taken.as_f64().context("no time")
    }

    /// A device's session, for workbox's requests.
    async fn authorization(&self) -> Result<String> {
        let script = "const token = await (await fetch('/demo/connection_token', { method: 'POST' })).json();
            const answer = await fetch('/v1/terminal/sessions', {
                method: 'POST',
                headers: { 'content-type': 'application/json' },
                body: JSON.stringify({ connection_token: token.secret, device_id: crypto.randomUUID() }),
            });
            return (await answer.json()).secret;";
        let secret = self.browser.run_async(script, vec![]).await?;
        Ok(format!("Bearer {}", secret.as_str().context("no session for workbox")?))
    }

    /// As many payments as were forwarded, each a request of its own.
    fn workbox_bodies(&self) -> Result<Vec<String>> {
        let now = now()?;
        let body = |(number, card): (usize, CardOnWire)| {
            let mut random = [0xB0; 10];
            random.iter_mut().zip(number.to_be_bytes()).for_each(|(byte, of)| *byte = of);
            let payment = PaymentSubmission {
                payment: CreatePayment {
                    offline_id: OfflineId::mint(now, random).to_string(),
                    amount: AMOUNT_MINOR,
                    currency: "usd".to_owned(),
                    capture_method: "automatic".to_owned(),
                    metadata: BTreeMap::new(),
                    description: None,
                    receipt_email: None,
                    created_at: now.unix_seconds(),
                },
                payment_intent: None,
                account: None,
                livemode: None,
                stored_at: Some(now.unix_seconds()),
                card,
            };
            Ok(serde_json::to_string(&ForwardBatch { payments: vec![payment] })?)
        };
        cards(self.counts.forwarded, 2)?.into_iter().enumerate().map(body).collect()
    }

    fn say(&self, stage: &str) {
        eprintln!("bench: {stage}");
    }
}

/// The sizes that `cargo xtask` measured, `page=123456,worker=7890`.
pub(crate) fn sizes(report: &mut Report) -> Result<()> {
    let Ok(sizes) = std::env::var("TILLANDSIA_SIZES") else {
        report.remark("Sizes: not measured; `cargo xtask bench` does.");
        return Ok(());
    };
    let mut missed = Vec::new();
    for (name, aim_kb) in [("page", 350.0), ("worker", 100.0), ("sdk", 150.0)] {
        let found = sizes.split(',').find_map(|size| size.strip_prefix(name)?.strip_prefix('='));
        let bytes: f64 = found.with_context(|| format!("no size of the {name} in {sizes}"))?.parse()?;
        report.aimed(
            &format!("the {name}'s module, brotli"),
            &format!("{:.1} kB", bytes / KILO),
            "",
            &format!("<= {aim_kb} kB"),
            bytes / KILO <= aim_kb,
        );
        if bytes / KILO > aim_kb {
            missed.push(name);
        }
    }
    if !missed.is_empty() {
        report.remark(format!(
            "Why larger than the aim ({}): the journal, the forwarder and the store are large asynchronous state machines; \
             in the worker they and the IndexedDB bindings, which bring float printing with them, are most of it; in the \
             page the view code is, with its JavaScript and the driver but without the simulated reader.",
            missed.join(", ")
        ));
    }
    Ok(())
}

/// Notes when the till first says that it is ready.
const WATCH_READY: &str = "
    const look = () => {
        if (!document.querySelector('[data-testid=\"till\"][data-ready=\"true\"]')) { return; }
        window.usableMs = performance.now();
        observer.disconnect();
    };
    const observer = new MutationObserver(look);
    observer.observe(document, { subtree: true, childList: true, attributes: true });";

fn cards(count: usize, entropy: u64) -> Result<Vec<CardOnWire>> {
    let now = now()?;
    let mut source = CardSource::new(entropy.wrapping_add(now.0), now)?;
    let usd = "usd".parse().map_err(|error| anyhow::anyhow!("usd: {error}"))?;
    (0..count).map(|_| source.tap(Money::new(AMOUNT_MINOR, usd))).collect()
}

fn now() -> Result<TimestampMs> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH)?;
    Ok(TimestampMs(u64::try_from(since.as_millis())?))
}

fn times(value: Option<&Value>) -> Result<Vec<f64>> {
    let list = value.and_then(Value::as_array).context("no times")?;
    list.iter().map(|time| time.as_f64().context("a time is no number")).collect()
}
