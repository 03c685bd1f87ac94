//! Browsers under their W3C WebDriver: started, driven, killed, started again.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use fantoccini::wd::Capabilities;
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, MutexGuard};

use crate::{http, poll, processes};

/// The variable that names the engines to test, `chromium,firefox,webkit`. All when it is absent.
const ENGINES_VARIABLE: &str = "TILLANDSIA_ENGINES";
/// The variable that names geckodriver, which Debian has no package of.
const GECKODRIVER_VARIABLE: &str = "GECKODRIVER";
const MINI_BROWSER: &str = "/usr/lib/x86_64-linux-gnu/webkit2gtk-4.1/MiniBrowser";
const DRIVER_START_MAX: Duration = Duration::from_secs(20);
const SCRIPT_MAX: Duration = Duration::from_secs(120);
/// What headless Chromium needs here, and what keeps it from talking to the outside.
const CHROMIUM_ARGUMENTS: &[&str] = &[
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1024,768",
];

/// One browser at a time: they share the machine, and their times are looked at.
static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// A browser engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Chromium.
    Chromium,
    /// Firefox ESR.
    Firefox,
    /// WebKitGTK, which stands in for Safari on an iPad.
    WebKit,
}

impl Engine {
    /// Its name in `TILLANDSIA_ENGINES`.
    pub const fn name(self) -> &'static str {
        match self {
            Engine::Chromium => "chromium",
            Engine::Firefox => "firefox",
            Engine::WebKit => "webkit",
        }
    }

    /// Whether the tests are to run in it.
    pub fn is_wanted(self) -> bool {
        match std::env::var(ENGINES_VARIABLE) {
            Ok(wanted) => wanted.split(',').any(|name| name.trim() == self.name()),
            Err(_) => true,
        }
    }

    fn driver(self) -> PathBuf {
        let named = |program: &str| {
            let places = std::env::var_os("PATH").unwrap_or_default();
            let found =
                std::env::split_paths(&places).map(|place| place.join(program)).find(|path| path.is_file());
            found.unwrap_or_else(|| PathBuf::from(program))
        };
        match self {
            Engine::Chromium => named("chromedriver"),
            Engine::Firefox => {
                std::env::var_os(GECKODRIVER_VARIABLE).map_or_else(|| named("geckodriver"), Into::into)
            }
            Engine::WebKit => named("WebKitWebDriver"),
        }
    }

    const fn remedy(self) -> &'static str {
        match self {
            Engine::Chromium => "install chromium-driver",
            Engine::Firefox => {
                "install firefox-esr and geckodriver (`cargo install geckodriver`), or set GECKODRIVER"
            }
            Engine::WebKit => "install webkit2gtk-driver and xvfb",
        }
    }

    fn capabilities(self, profile: &Path) -> Result<Capabilities> {
        let value = match self {
            Engine::Chromium => {
                let mut arguments: Vec<String> =
                    CHROMIUM_ARGUMENTS.iter().map(|&text| text.to_owned()).collect();
                arguments.push(profile_argument(profile));
                json!({ "goog:chromeOptions": { "args": arguments } })
            }
            Engine::Firefox => json!({ "moz:firefoxOptions": {
                "args": ["-headless", "--width=1024", "--height=768"],
            } }),
            Engine::WebKit => json!({ "webkitgtk:browserOptions": {
                "binary": MINI_BROWSER,
                "args": ["--automation"],
            } }),
        };
        match value {
            Value::Object(map) => Ok(map),
            _ => bail!("capabilities are an object"),
        }
    }
}

fn profile_argument(profile: &Path) -> String {
    format!("--user-data-dir={}", profile.display())
}

/// A running browser. Its processes end with it.
#[derive(Debug)]
pub struct Browser {
    engine: Engine,
    client: Client,
    driver: Process,
    profile: TempDir,
    _display: Option<Process>,
    _alone: MutexGuard<'static, ()>,
    address: String,
}

impl Browser {
    /// Starts a browser with an empty profile.
    pub async fn open(engine: Engine) -> Result<Self> {
        let alone = ONE_AT_A_TIME.lock().await;
        let profile = tempfile::Builder::new().prefix("tillandsia-profile-").tempdir()?;
        let (display, name) = match engine {
            Engine::WebKit => {
                let (display, name) = start_display().await?;
                (Some(display), Some(name))
            }
            _ => (None, None),
        };
        let port = processes::free_port()?;
        let driver = start_driver(engine, port, profile.path(), name.as_deref())?;
        let address = format!("http://127.0.0.1:{port}");
        poll::until_true("the browser's driver", DRIVER_START_MAX, async || {
            let status: Value = http::get_json(&format!("{address}/status"), None).await?;
            Ok(status.pointer("/value/ready") != Some(&Value::Bool(false)))
        })
        .await?;
        let client = session(engine, &address, profile.path()).await?;
        Ok(Browser { engine, client, driver, profile, _display: display, _alone: alone, address })
    }

    /// The engine.
    pub const fn engine(&self) -> Engine {
        self.engine
    }

    /// Its WebDriver session.
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// Where its profile is; only Chromium keeps its data here.
    pub fn profile(&self) -> &Path {
        self.profile.path()
    }

    /// SIGKILL to the browser and all of its processes. Chromium only: the others cannot start again on a profile.
    pub async fn kill(&self) -> Result<()> {
        ensure!(self.engine == Engine::Chromium, "only Chromium is killed and started again");
        let argument = profile_argument(self.profile.path());
        let pid = processes::first_with_argument(self.driver.pid(), &argument)
            .context("the browser is not running")?;
        let all = processes::tree(pid);
        processes::kill_tree(pid);
        poll::until_true("the browser's end", Duration::from_secs(10), async || {
            Ok(!all.iter().any(|pid| processes::is_running(*pid)))
        })
        .await
    }

    /// Starts it again on the same profile.
    pub async fn reopen(&mut self) -> Result<()> {
        self.client = session(self.engine, &self.address, self.profile.path()).await?;
        Ok(())
    }

    /// The port of Chromium's DevTools protocol.
    pub fn devtools_port(&self) -> Result<u16> {
        let text = std::fs::read_to_string(self.profile.path().join("DevToolsActivePort"))
            .context("the DevTools protocol is Chromium's")?;
        text.lines().next().and_then(|line| line.parse().ok()).context("DevToolsActivePort holds no port")
    }

    /// Runs `script` in the page as the body of a function; gives what it returns.
    pub async fn run(&self, script: &str, arguments: Vec<Value>) -> Result<Value> {
        Ok(self.client.execute(script, arguments).await?)
    }

    /// Runs `script` as the body of an async function; gives what it resolves to, fails with what it rejects with.
    pub async fn run_async(&self, script: &str, arguments: Vec<Value>) -> Result<Value> {
        let wrapped = format!(
            "const args = [...arguments]; const done = args.pop();
             (async function () {{ {script} }}).apply(null, args).then(
                 (value) => done({{ value: value === undefined ? null : value }}),
                 (error) => done({{ error: `${{error}} ${{(error && error.stack) || ''}}` }}));"
        );
        let answer = self.client.execute_async(&wrapped, arguments).await?;
        if let Some(error) = answer.get("error").and_then(Value::as_str) {
            bail!("in the page: {error}");
        }
        Ok(answer.get("value").cloned().unwrap_or(Value::Null))
    }

    /// How long a script may run until it is given up; two minutes unless told.
    pub async fn set_script_timeout(&self, timeout: Duration) -> Result<()> {
        set_script_timeout(&self.client, timeout).await
    }

    /// Ends the session and the browser in order.
    pub async fn close(self) -> Result<()> {
        self.client.clone().close().await?;
        Ok(())
    }
}

async fn session(engine: Engine, address: &str, profile: &Path) -> Result<Client> {
    let mut builder = ClientBuilder::new(HttpConnector::new());
    let client = builder
        .capabilities(engine.capabilities(profile)?)
        .connect(address)
        .await
        .with_context(|| format!("no {} session ({})", engine.name(), engine.remedy()))?;
    set_script_timeout(&client, SCRIPT_MAX).await?;
    Ok(client)
}

async fn set_script_timeout(client: &Client, timeout: Duration) -> Result<()> {
    let mut timeouts = client.get_timeouts().await?;
    timeouts.set_script(Some(timeout));
    client.update_timeouts(timeouts).await?;
    Ok(())
}

fn start_driver(engine: Engine, port: u16, profile: &Path, display: Option<&str>) -> Result<Process> {
    let program = engine.driver();
    let mut command = Command::new(&program);
    match engine {
        Engine::Chromium => command.arg(format!("--port={port}")),
        Engine::Firefox => command
            .args(["--host", "127.0.0.1", "--websocket-port", "0", "--port"])
            .arg(port.to_string())
            .arg("--profile-root")
            .arg(profile),
        Engine::WebKit => command
            .arg("--host=127.0.0.1")
            .arg(format!("--port={port}"))
            .env("WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS", "1")
            .env("WEBKIT_DISABLE_COMPOSITING_MODE", "1"),
    };
    if let Some(display) = display {
        command.env("DISPLAY", display);
    }
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let child = command
        .spawn()
        .with_context(|| format!("{} does not start: {}", program.display(), engine.remedy()))?;
    Ok(Process(child))
}

/// A screen for a browser that has no headless mode, and its name.
async fn start_display() -> Result<(Process, String)> {
    let mut child = Command::new("Xvfb")
        .args(["-displayfd", "1", "-screen", "0", "1280x1024x24", "-nolisten", "tcp"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .context("Xvfb does not start: install xvfb")?;
    let output = child.stdout.take().context("Xvfb has no output")?;
    let process = Process(child);
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line).await?;
    let number: u32 = line.trim().parse().context("Xvfb names no display")?;
    Ok((process, format!(":{number}")))
}

/// A process that ends, with all its descendants, when it is dropped.
#[derive(Debug)]
struct Process(Child);

impl Process {
    fn pid(&self) -> u32 {
        self.0.id().unwrap_or(0)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(pid) = self.0.id() {
            processes::kill_tree(pid);
        }
    }
}
