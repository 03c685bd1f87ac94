//! The rows' world in a browser: the packed package in a page of a shop of its own, the gateway's process, and a network
//! between them that fails as told.

mod control;
mod shop;
mod site;
mod stage;

use std::cell::{Cell, RefCell};
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};
use tillandsia_tests::engine::{Browser, Engine};
use tillandsia_tests::gateway::{DEMO_KEY, Gateway};
use tillandsia_tests::http;
use tillandsia_tests::proxy::Proxy;
use tokio::sync::Mutex;

use crate::rig::{Account, Answer, Control, Failure, Hand, Look, Place, Rig, Step};
use crate::world::offline_part;
use shop::{address, as_server};
use site::Site;

pub use stage::{Player, Stage};

const MOMENT: Duration = Duration::from_millis(25);
/// Twenty seconds and more: a script in the page takes its time too.
const MOMENTS_MAX: usize = 800;

/// The other shop.
struct Other {
    authorization: String,
    location: String,
}

/// What a row has changed.
#[derive(Debug, Default)]
struct Now {
    database: String,
    location: String,
    configuration: String,
    country: String,
    account: Option<Account>,
    firmware: String,
    ahead_ms: u64,
    takes: bool,
    tabs: Vec<usize>,
    /// What the gateway and the network had before the row began.
    charge: Option<String>,
    payment_intent: Option<String>,
    batches: usize,
}

/// A browser with all that rows need around it.
pub struct BrowserRig {
    browser: Browser,
    gateway: Gateway,
    proxy: Mutex<Proxy>,
    site: Site,
    other: Other,
    now: RefCell<Now>,
    rows: Cell<u32>,
    /// Whether the gateway can be reached.
    up: Cell<bool>,
    /// Whether the page is as it was loaded, but for tills that were closed.
    clean: Cell<bool>,
}

impl BrowserRig {
    /// Starts everything.
    ///
    /// # Errors
    /// When something does not start; the message says what to install or to build.
    pub async fn start(engine: Engine) -> Result<Self> {
        let empty = tempfile::tempdir()?;
        std::fs::write(empty.path().join("index.html"), "")?;
        let mut gateway = Gateway::start(empty.path()).await?;
        let key = gateway.new_account().await?;
        let proxy = Proxy::start(gateway.port()).await?;
        let site = Site::start(&proxy.url()).await?;
        let authorization = http::basic(&key);
        let url = gateway.url();
        let location =
            as_server(&url, &authorization, "locations", &address("US", None)).await?["id"].clone();
        let location = location.as_str().unwrap_or_default().to_owned();
        Ok(BrowserRig {
            browser: Browser::open(engine).await?,
            gateway,
            proxy: Mutex::new(proxy),
            site,
            other: Other { authorization, location },
            now: RefCell::default(),
            rows: Cell::new(0),
            up: Cell::new(true),
            clean: Cell::new(false),
        })
    }

    /// Ends the browser in order.
    ///
    /// # Errors
    /// When it does not end.
    pub async fn close(self) -> Result<()> {
        self.browser.close().await
    }

    /// Runs a script in a tab, where `rig` is the app.
    async fn run(&self, tab: usize, script: &str, arguments: Vec<Value>) -> Result<Value> {
        let tab_of = match tab {
            0 => "window".to_owned(),
            tab => format!("document.getElementById('tab{tab}').contentWindow"),
        };
        let script = format!("const rig = {tab_of}.rig; {script}");
        self.browser.run_async(&script, arguments).await
    }

    /// Runs a script in every tab that is open.
    async fn run_in_all(&self, script: &str, arguments: Vec<Value>) -> Result<()> {
        let tabs = self.now.borrow().tabs.clone();
        for tab in tabs {
            self.run(tab, script, arguments.clone()).await?;
        }
        Ok(())
    }

    async fn begin_row(&self) -> Result<()> {
        // The till of the row before must not forward into this one.
        match self.clean.get() {
            true => self.run(0, "await rig.close()", vec![]).await.map(drop)?,
            false => self.browser.client().goto("about:blank").await?,
        }
        self.proxy.lock().await.heal();
        self.now.replace(Now::default());
        self.set_network(true, false).await?;
        self.rows.set(self.rows.get() + 1);
        let newest = |list: Vec<Value>| Some(list.first()?["id"].as_str()?.to_owned());
        let (charge, payment_intent) =
            (newest(self.list("charges").await?), newest(self.list("payment_intents").await?));
        let now = Now {
            database: format!("row-{}", self.rows.get()),
            country: "US".to_owned(),
            takes: true,
            charge,
            payment_intent,
            batches: self.proxy.lock().await.bodies("/payments/forward").len(),
            ..Now::default()
        };
        self.now.replace(now);
        self.configure(&offline_part()).await?;
        let mut tokens = self.site.tokens();
        (tokens.given, tokens.authorization) = (true, DEMO_KEY.to_owned());
        Ok(())
    }

    async fn open_tab(&self, tab: usize, listens: bool) -> Result<()> {
        let restarts = self.now.borrow().tabs.contains(&tab);
        if tab == 0 && (restarts || !self.clean.get()) {
            self.now.borrow_mut().tabs.clear();
            self.browser.client().goto(&self.site.page()).await?;
            let loaded =
                async || Ok(self.browser.run("return window.rig !== undefined", vec![]).await? == true);
            tillandsia_tests::poll::until_true("the app's page", Duration::from_secs(20), loaded).await?;
            self.clean.set(true);
        }
        if tab > 0 {
            self.run(0, "await rig.frame(args[0])", vec![json!(format!("tab{tab}"))]).await?;
        }
        let gateway = self.proxy.lock().await.url();
        let settings = {
            let now = self.now.borrow();
            self.clean.set(self.clean.get() && now.ahead_ms == 0);
            json!({
                "database": now.database, "firmware": now.firmware, "ahead": now.ahead_ms, "takes": now.takes,
                "listens": listens, "gateway": gateway,
            })
        };
        self.run(tab, "await rig.open(args[0])", vec![settings]).await?;
        let mut now = self.now.borrow_mut();
        if !now.tabs.contains(&tab) {
            now.tabs.push(tab);
        }
        Ok(())
    }

    async fn collect_with(
        &self,
        tab: usize,
        payment: Value,
        options: Value,
        hand: Hand,
    ) -> Result<(Answer, Option<Answer>)> {
        let cuts = matches!(hand, Hand::CutAndPresent(_));
        let hand = match hand {
            Hand::Present(profile) | Hand::CutAndPresent(profile) => {
                json!({ "kind": "present", "profile": profile })
            }
            Hand::Faulty(profile, fault) => json!({ "kind": "faulty", "profile": profile, "fault": fault }),
            Hand::Cancel => json!({ "kind": "cancel" }),
            Hand::Unplug => json!({ "kind": "unplug" }),
            Hand::Nobody => json!({ "kind": "nobody" }),
            Hand::CallThenCancel(method, given) => {
                json!({ "kind": "call", "method": method, "given": given })
            }
        };
        let both = if cuts {
            self.run(tab, "return await rig.startCollecting(args[0], args[1])", vec![payment, options])
                .await?;
            self.set_network(false, false).await?;
            self.run(tab, "return await rig.hand(args[0])", vec![hand]).await?
        } else {
            let script = "return await rig.collect(args[0], args[1], args[2])";
            self.run(tab, script, vec![payment, options, hand]).await?
        };
        let meanwhile = both.get(1).filter(|answer| !answer.is_null());
        Ok((answer(&both[0]), meanwhile.map(answer)))
    }
}

fn answer(given: &Value) -> Answer {
    match given.get("failure") {
        Some(failure) => Err(Failure::of(failure)),
        None => Ok(given.get("value").cloned().unwrap_or(Value::Null)),
    }
}

impl Rig for BrowserRig {
    fn place(&self) -> Place {
        Place::Browser
    }

    fn begin(&self) -> Step<'_, ()> {
        Box::pin(self.begin_row())
    }

    fn open(&self, tab: usize, listens: bool) -> Step<'_, ()> {
        Box::pin(self.open_tab(tab, listens))
    }

    fn connect(&self, tab: usize) -> Step<'_, Answer> {
        Box::pin(async move { Ok(answer(&self.run(tab, "return await rig.connect()", vec![]).await?)) })
    }

    fn call<'a>(&'a self, tab: usize, method: &'a str, arguments: Value) -> Step<'a, Answer> {
        Box::pin(async move {
            let script = "return await rig.call(args[0], args[1])";
            Ok(answer(&self.run(tab, script, vec![json!(method), arguments]).await?))
        })
    }

    fn collect(
        &self,
        tab: usize,
        payment: Value,
        options: Value,
        hand: Hand,
    ) -> Step<'_, (Answer, Option<Answer>)> {
        Box::pin(self.collect_with(tab, payment, options, hand))
    }

    fn events(&self, tab: usize) -> Step<'_, Vec<Value>> {
        Box::pin(async move {
            let events = self.run(tab, "return rig.events()", vec![]).await?;
            Ok(events.as_array().cloned().unwrap_or_default())
        })
    }

    fn control(&self, control: Control) -> Step<'_, ()> {
        Box::pin(self.change(control))
    }

    fn look(&self, look: Look) -> Step<'_, Value> {
        Box::pin(self.see(look))
    }

    fn moment(&self) -> Step<'_, ()> {
        Box::pin(async {
            tokio::time::sleep(MOMENT).await;
            Ok(())
        })
    }

    fn moments_max(&self) -> usize {
        MOMENTS_MAX
    }
}
