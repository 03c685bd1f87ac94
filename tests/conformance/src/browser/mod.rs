//! The rows' world in a browser: the packed package in a page of a shop of its own, the gateway's process, and a network
//! between them that fails as told.

mod site;
mod stage;

use std::cell::{Cell, RefCell};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tillandsia_core::wire::CreatePayment;
use tillandsia_tests::engine::{Browser, Engine};
use tillandsia_tests::gateway::{DEMO_KEY, Gateway};
use tillandsia_tests::http;
use tillandsia_tests::proxy::{Fault, Proxy};
use tokio::sync::Mutex;

use crate::rig::{Account, Answer, Control, Failure, Fate, Hand, Place, Request, Rig, Step};
use crate::world::offline_part;
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

    async fn as_shop(&self, what: &str, form: &str) -> Result<Value> {
        as_server(&self.gateway.url(), DEMO_KEY, what, form).await
    }

    async fn list(&self, what: &str) -> Result<Vec<Value>> {
        let (url, authorization) = {
            let other = self.now.borrow().account == Some(Account::Other);
            let authorization = if other { &self.other.authorization } else { DEMO_KEY };
            (format!("{}/v1/{what}?limit=100", self.gateway.url()), authorization.to_owned())
        };
        let list: Value = http::get_json(&url, Some(&authorization)).await?;
        Ok(list["data"].as_array().cloned().unwrap_or_default())
    }

    /// What came to a list since the row began.
    async fn since(&self, what: &str, before: Option<String>) -> Result<Value> {
        let new = self.list(what).await?.into_iter();
        Ok(new.take_while(|object| object["id"].as_str() != before.as_deref()).collect())
    }

    async fn configure(&self, offline: &Value) -> Result<()> {
        let made = self.as_shop("configurations", &form("offline", offline)).await?;
        let id = made["id"].as_str().context("a configuration without a name")?.to_owned();
        let location = {
            let mut now = self.now.borrow_mut();
            now.configuration.clone_from(&id);
            now.location.clone()
        };
        if location.is_empty() {
            return self.new_location().await;
        }
        let form = format!("configuration_overrides={id}");
        self.as_shop(&format!("locations/{location}"), &form).await.map(drop)
    }

    async fn new_location(&self) -> Result<()> {
        let form = {
            let now = self.now.borrow();
            address(&now.country, Some(&now.configuration))
        };
        let made = self.as_shop("locations", &form).await?;
        let id = made["id"].as_str().context("a location without a name")?.to_owned();
        self.now.borrow_mut().location.clone_from(&id);
        self.site.tokens().location = id;
        Ok(())
    }

    async fn set_network(&self, up: bool, noticed: bool) -> Result<()> {
        if self.up.replace(up) != up {
            let mut proxy = self.proxy.lock().await;
            if up { proxy.accept().await? } else { proxy.refuse() }
        }
        if !noticed {
            return Ok(());
        }
        let wanted = if up { "online" } else { "offline" };
        self.run_in_all("await rig.browserSays(args[0], args[1])", vec![json!(up), json!(wanted)]).await
    }

    async fn fault(&self, request: Request, fate: Fate, times: u32) {
        let path = match request {
            Request::Any => "/v1/",
            Request::Create => "/v1/terminal/payments$",
            Request::Confirm => "/confirm",
            Request::Forward => "/payments/forward",
            Request::Capture => "/capture",
        };
        let fault = match fate {
            Fate::Lost => Fault::DropAnswer,
            Fate::Status(status, retry_after_s) => Fault::Status(status, retry_after_s),
            Fate::Portal => Fault::Portal,
            Fate::SessionEnded => Fault::Status(401, None),
        };
        self.proxy.lock().await.fault(path, fault, times);
    }

    async fn switch(&self, account: Account) -> Result<()> {
        {
            let now = self.now.borrow();
            let (authorization, location) = match account {
                Account::Shop => (DEMO_KEY.to_owned(), now.location.clone()),
                Account::Other => (self.other.authorization.clone(), self.other.location.clone()),
                Account::Live => bail!("the gateway's command makes test accounts only"),
            };
            let mut tokens = self.site.tokens();
            (tokens.authorization, tokens.location) = (authorization, location);
        }
        self.now.borrow_mut().account = Some(account);
        self.fault(Request::Forward, Fate::SessionEnded, 1).await;
        Ok(())
    }

    /// Another device of the same shop takes the offline id.
    async fn occupy(&self, offline_id: String) -> Result<()> {
        let location = self.now.borrow().location.clone();
        let token = self.as_shop("connection_tokens", &format!("location={location}")).await?;
        let session = json!({ "connection_token": token["secret"], "device_id": "another" });
        let url = self.gateway.url();
        let session = http::send_json(&format!("{url}/v1/terminal/sessions"), None, &session).await?;
        let secret = session["secret"].as_str().context("no session")?.to_owned();
        let payment = CreatePayment {
            offline_id,
            amount: 1,
            currency: "usd".into(),
            capture_method: "automatic".into(),
            metadata: <_>::default(),
            description: None,
            receipt_email: None,
            created_at: 1,
        };
        let bearer = format!("Bearer {secret}");
        let payment = serde_json::to_value(payment)?;
        http::send_json(&format!("{url}/v1/terminal/payments"), Some(&bearer), &payment).await.map(drop)
    }

    async fn change(&self, control: Control) -> Result<Value> {
        match control {
            Control::Network(up) => self.set_network(up, true).await?,
            Control::Cut => self.set_network(false, false).await?,
            Control::Mend => self.set_network(true, false).await?,
            Control::BrowserSays(online) => {
                self.run_in_all("await rig.browserSays(args[0])", vec![json!(online)]).await?;
            }
            Control::Fault(request, fate, times) => self.fault(request, fate, times).await,
            Control::Heal => self.proxy.lock().await.heal(),
            Control::Configure(offline) => self.configure(&offline).await?,
            Control::Country(country) => {
                self.now.borrow_mut().country = country.to_owned();
                let location = self.now.borrow().location.clone();
                let configuration = self.now.borrow().configuration.clone();
                self.as_shop(&format!("locations/{location}"), &address(country, Some(&configuration)))
                    .await?;
            }
            Control::Move => self.new_location().await?,
            Control::SwitchAccount(account) => self.switch(account).await?,
            Control::Tokens(given) => self.site.tokens().given = given,
            Control::Advance(ms) => {
                self.clean.set(false);
                self.now.borrow_mut().ahead_ms += ms;
                let ahead = json!(self.now.borrow().ahead_ms);
                self.run_in_all("rig.advance(args[0])", vec![ahead]).await?;
            }
            Control::AppTakes(takes) => {
                self.now.borrow_mut().takes = takes;
                self.run_in_all("rig.takes(args[0])", vec![json!(takes)]).await?;
            }
            Control::Occupy(offline_id) => self.occupy(offline_id).await?,
            Control::BreakStorage => self.run(0, "await rig.breakStorage()", vec![]).await.map(drop)?,
            Control::BreakKey => {
                self.clean.set(false);
                self.run_in_all("rig.breakKey()", vec![]).await?;
            }
            Control::Firmware(firmware) => {
                self.now.borrow_mut().firmware = firmware.to_owned();
                self.run_in_all("rig.firmware = args[0]", vec![json!(firmware)]).await?;
            }
            Control::Charges => {
                let before = self.now.borrow().charge.clone();
                return self.since("charges", before).await;
            }
            Control::PaymentIntents => {
                let before = self.now.borrow().payment_intent.clone();
                return self.since("payment_intents", before).await;
            }
            Control::Batches => {
                let bodies = self.proxy.lock().await.bodies("/payments/forward");
                let before = self.now.borrow().batches;
                return bodies.iter().skip(before).map(|body| offline_ids(body)).collect();
            }
            Control::BytesKept(offline_id) => {
                return self.run(0, "return await rig.bytesKept(args[0])", vec![json!(offline_id)]).await;
            }
        }
        Ok(Value::Null)
    }

    async fn begin_row(&self) -> Result<()> {
        if self.clean.get() {
            self.run(0, "await rig.close()", vec![]).await?;
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

fn offline_ids(body: &[u8]) -> Result<Value> {
    let batch: Value = serde_json::from_slice(body)?;
    let payments = batch["payments"].as_array().cloned().unwrap_or_default();
    Ok(payments.iter().map(|payment| payment["offline_id"].clone()).collect())
}

async fn as_server(gateway: &str, authorization: &str, what: &str, form: &str) -> Result<Value> {
    let url = format!("{gateway}/v1/terminal/{what}");
    let (status, body) = http::send("POST", &url, Some(authorization), form.to_owned().into()).await?;
    ensure!(status.is_success(), "{url} answered {status}: {}", String::from_utf8_lossy(&body));
    Ok(serde_json::from_slice(&body)?)
}

fn address(country: &str, configuration: Option<&str>) -> String {
    let overrides = configuration.map(|id| format!("&configuration_overrides={id}")).unwrap_or_default();
    format!("display_name=Stall&address[line1]=1+Square&address[country]={country}{overrides}")
}

/// An object in the form that the gateway takes, `offline[enabled]=true`.
fn form(name: &str, value: &Value) -> String {
    fn add(name: &str, value: &Value, form: &mut form_urlencoded::Serializer<'_, String>) {
        match value {
            Value::Object(fields) => {
                for (field, value) in fields {
                    add(&format!("{name}[{field}]"), value, form);
                }
            }
            Value::String(text) => drop(form.append_pair(name, text)),
            other => drop(form.append_pair(name, &other.to_string())),
        }
    }
    let mut form = form_urlencoded::Serializer::new(String::new());
    add(name, value, &mut form);
    form.finish()
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

    fn control(&self, control: Control) -> Step<'_, Value> {
        Box::pin(self.change(control))
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
