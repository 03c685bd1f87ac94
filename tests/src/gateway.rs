//! A gateway process that can be killed and started again on the same port and data.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use tempfile::TempDir;
use tillandsia_core::wire::{Charge, Configuration, List, PaymentIntent, Probe};
use tokio::process::{Child, Command};

use crate::{http, poll, processes};

/// The variable that names the gateway's program; `cargo xtask` sets it.
const GATEWAY_VARIABLE: &str = "TILLANDSIA_GATEWAY";
/// `sk_test_demo:` as basic authorization.
pub const DEMO_KEY: &str = "Basic c2tfdGVzdF9kZW1vOg==";
/// How long a gateway may take to start.
const START_MAX: Duration = Duration::from_secs(10);

/// A gateway with the demo shop.
#[derive(Debug)]
pub struct Gateway {
    program: PathBuf,
    arguments: Vec<String>,
    site: PathBuf,
    home: TempDir,
    port: u16,
    child: Option<Child>,
}

impl Gateway {
    /// Starts one with a ledger of its own that serves `site`.
    pub async fn start(site: &Path) -> Result<Self> {
        Self::start_with(site, &[]).await
    }

    /// Starts one with more arguments.
    pub async fn start_with(site: &Path, arguments: &[&str]) -> Result<Self> {
        let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/debug/tillandsia-gateway");
        let program = std::env::var_os(GATEWAY_VARIABLE).map_or(default, PathBuf::from);
        ensure!(
            program.is_file(),
            "there is no gateway at {}: run with `cargo xtask`, or set {GATEWAY_VARIABLE}",
            program.display()
        );
        let mut gateway = Gateway {
            program,
            arguments: arguments.iter().map(|&argument| argument.to_owned()).collect(),
            site: site.to_owned(),
            home: tempfile::Builder::new().prefix("tillandsia-gateway-").tempdir()?,
            port: processes::free_port()?,
            child: None,
        };
        gateway.restart().await?;
        Ok(gateway)
    }

    /// Starts it again, on the same port and data.
    pub async fn restart(&mut self) -> Result<()> {
        self.spawn()?;
        self.wait().await
    }

    /// Starts it again without waiting until it answers.
    pub fn spawn(&mut self) -> Result<()> {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.log())?;
        let child = Command::new(&self.program)
            .arg("--listen")
            .arg(format!("127.0.0.1:{}", self.port))
            .arg("--data")
            .arg(self.data())
            .arg("--site")
            .arg(&self.site)
            .arg("--demo")
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| self.program.display().to_string())?;
        self.child = Some(child);
        Ok(())
    }

    /// Waits until it answers.
    pub async fn wait(&mut self) -> Result<()> {
        let url = format!("{}/v1/probe?nonce=harness", self.url());
        let child = self.child.as_mut().context("the gateway was not started")?;
        let started = poll::until("the gateway's start", START_MAX, async || {
            if let Some(status) = child.try_wait()? {
                return Ok(Some(Err(status)));
            }
            let probe: Probe = http::get_json(&url, None).await?;
            Ok((probe.nonce == "harness").then_some(Ok(())))
        })
        .await?;
        if let Err(status) = started {
            bail!("the gateway ended ({status}): {}", self.log_text()?);
        }
        Ok(())
    }

    /// Makes another test account and gives its secret key. The gateway is stopped for it, and started again.
    pub async fn new_account(&mut self) -> Result<String> {
        self.kill().await?;
        let made =
            Command::new(&self.program).arg("--data").arg(self.data()).arg("--new-account").output().await?;
        let text = String::from_utf8(made.stdout)?;
        ensure!(made.status.success(), "no account: {}", String::from_utf8_lossy(&made.stderr));
        let key = text.split_whitespace().nth(1).context("an account without a key")?.to_owned();
        self.restart().await?;
        Ok(key)
    }

    /// SIGKILL.
    pub async fn kill(&mut self) -> Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill().await?;
        }
        Ok(())
    }

    /// What it serves from now on; takes effect at the next start.
    pub fn set_site(&mut self, site: &Path) {
        site.clone_into(&mut self.site);
    }

    /// Its address, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its port.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Where its databases are.
    pub fn data(&self) -> PathBuf {
        self.home.path().join("data")
    }

    fn log(&self) -> PathBuf {
        self.home.path().join("log")
    }

    /// All it wrote to its log.
    pub fn log_text(&self) -> Result<String> {
        Ok(String::from_utf8_lossy(&std::fs::read(self.log())?).into_owned())
    }

    /// Adds a line to its log, to prove that what is in it is found.
    pub fn write_log(&self, line: &str) -> Result<()> {
        let mut log = std::fs::OpenOptions::new().append(true).open(self.log())?;
        writeln!(log, "{line}")?;
        Ok(())
    }

    /// Every charge and PaymentIntent of the demo shop.
    pub async fn ledger(&self) -> Result<Ledger> {
        Ok(Ledger {
            charges: self.all("charges", |charge: &Charge| charge.id.clone()).await?,
            payment_intents: self.all("payment_intents", |intent: &PaymentIntent| intent.id.clone()).await?,
        })
    }

    /// A request of the demo shop's server: `method`, a path such as `/v1/charges`, and a form.
    pub async fn as_shop(&self, method: &str, path: &str, form: &str) -> Result<serde_json::Value> {
        let url = format!("{}{path}", self.url());
        let (status, body) = http::send(method, &url, Some(DEMO_KEY), form.to_owned().into()).await?;
        ensure!(status.is_success(), "{url} answered {status}: {}", String::from_utf8_lossy(&body));
        Ok(serde_json::from_slice(&body)?)
    }

    /// Turns offline payments on or off at the demo shop's location. A till follows when its reader connects.
    pub async fn set_offline_enabled(&self, enabled: bool) -> Result<()> {
        let configurations: List<Configuration> =
            serde_json::from_value(self.as_shop("GET", "/v1/terminal/configurations", "").await?)?;
        let configuration = configurations.data.first().context("the shop has no configuration")?;
        let path = format!("/v1/terminal/configurations/{}", configuration.id);
        self.as_shop("POST", &path, &format!("offline[enabled]={enabled}")).await?;
        Ok(())
    }

    async fn all<T: serde::de::DeserializeOwned>(
        &self,
        what: &str,
        id: impl Fn(&T) -> String,
    ) -> Result<Vec<T>> {
        let mut found: Vec<T> = Vec::new();
        loop {
            let after = found.last().map(|last| format!("&starting_after={}", id(last))).unwrap_or_default();
            let url = format!("{}/v1/{what}?limit=100{after}", self.url());
            let page: List<T> = http::get_json(&url, Some(DEMO_KEY)).await?;
            found.extend(page.data);
            if !page.has_more {
                return Ok(found);
            }
        }
    }
}

/// What the gateway has.
#[derive(Debug, Clone)]
pub struct Ledger {
    /// Every charge, succeeded and failed.
    pub charges: Vec<Charge>,
    /// Every PaymentIntent.
    pub payment_intents: Vec<PaymentIntent>,
}

impl Ledger {
    /// The charges with this status.
    pub fn with_status(&self, status: &str) -> Vec<&Charge> {
        self.charges.iter().filter(|charge| charge.status == status).collect()
    }

    /// The sum of the succeeded charges, minor units.
    pub fn sum_succeeded(&self) -> u64 {
        self.with_status("succeeded").iter().map(|charge| charge.amount).sum()
    }

    /// The amounts of the charges, sorted.
    pub fn amounts(&self) -> Vec<u64> {
        let mut amounts: Vec<u64> = self.charges.iter().map(|charge| charge.amount).collect();
        amounts.sort_unstable();
        amounts
    }
}
