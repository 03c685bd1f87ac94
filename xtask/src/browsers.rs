//! The three browser engines that the tests run in, and their drivers.

use crate::apt;
use crate::shell::Cmd;
use crate::tools::GECKODRIVER;
use crate::workspace::root;
use anyhow::{Result, bail};
use std::path::PathBuf;

/// A browser engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Chromium,
    Firefox,
    /// WebKitGTK stands in for Safari.
    Webkit,
}

impl Engine {
    pub(crate) const ALL: [Engine; 3] = [Engine::Chromium, Engine::Firefox, Engine::Webkit];

    pub(crate) fn parse(name: &str) -> Result<Engine> {
        match name {
            "chromium" => Ok(Engine::Chromium),
            "firefox" => Ok(Engine::Firefox),
            "webkit" => Ok(Engine::Webkit),
            other => bail!("there is no engine {other:?}: chromium, firefox or webkit"),
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Engine::Chromium => "chromium",
            Engine::Firefox => "firefox",
            Engine::Webkit => "webkit",
        }
    }

    fn packages(self) -> &'static [apt::Package] {
        match self {
            Engine::Chromium => &[("chromium", "chromium"), ("chromium-driver", "chromedriver")],
            Engine::Firefox => &[("firefox-esr", "firefox-esr")],
            Engine::Webkit => &[
                ("webkit2gtk-driver", "WebKitWebDriver"),
                ("xvfb", "xvfb-run"),
                ("xvfb", "Xvfb"),
                ("xauth", "xauth"),
            ],
        }
    }
}

/// Where the drivers of the chosen engines are.
#[derive(Debug, Clone, Default)]
pub(crate) struct Drivers {
    pub(crate) chromium: Option<PathBuf>,
    pub(crate) firefox: Option<PathBuf>,
    pub(crate) webkit: Option<PathBuf>,
}

/// Installs what the engines need, where that is allowed; otherwise the error names the packages.
pub(crate) fn ensure(engines: &[Engine]) -> Result<Drivers> {
    let packages: Vec<apt::Package> = engines.iter().flat_map(|engine| engine.packages()).copied().collect();
    apt::ensure("browsers for the tests", &packages)?;
    let mut drivers = Drivers::default();
    for engine in engines {
        match engine {
            Engine::Chromium => drivers.chromium = crate::shell::which("chromedriver"),
            Engine::Firefox => drivers.firefox = Some(GECKODRIVER.ensure()?),
            Engine::Webkit => drivers.webkit = crate::shell::which("WebKitWebDriver"),
        }
    }
    Ok(drivers)
}

impl Drivers {
    /// Tells wasm-bindgen's test runner which one browser to use.
    pub(crate) fn for_wasm_tests(&self, engine: Engine, cmd: Cmd) -> Cmd {
        let cmd = ["CHROMEDRIVER", "GECKODRIVER", "SAFARIDRIVER"].into_iter().fold(cmd, Cmd::unset);
        let cmd = cmd.env("WASM_BINDGEN_TEST_WEBDRIVER_JSON", root().join("tools/webdriver.json"));
        match (engine, &self.chromium, &self.firefox, &self.webkit) {
            (Engine::Chromium, Some(driver), _, _) => cmd.env("CHROMEDRIVER", driver),
            (Engine::Firefox, _, Some(driver), _) => cmd.env("GECKODRIVER", driver),
            (Engine::Webkit, _, _, Some(driver)) => on_a_screen(cmd.env("SAFARIDRIVER", driver)),
            _ => cmd,
        }
    }

    /// Tells the end-to-end tests where every driver is; they start them by themselves.
    pub(crate) fn for_end_to_end(&self, cmd: Cmd) -> Cmd {
        let mut cmd = cmd;
        for (key, driver) in
            [("CHROMEDRIVER", &self.chromium), ("GECKODRIVER", &self.firefox), ("WEBKITDRIVER", &self.webkit)]
        {
            cmd = match driver {
                Some(driver) => cmd.env(key, driver),
                None => cmd.unset(key),
            };
        }
        if self.webkit.is_some() { on_a_screen(cmd) } else { cmd }
    }
}

/// WebKitGTK has no headless mode: it runs on a screen of its own that nobody sees.
fn on_a_screen(cmd: Cmd) -> Cmd {
    cmd.env("WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS", "1")
        .env("WEBKIT_DISABLE_COMPOSITING_MODE", "1")
        .under("xvfb-run", &["-a", "-s", "-screen 0 1280x1024x24"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engines_have_names() {
        for engine in Engine::ALL {
            assert_eq!(Engine::parse(engine.name()).unwrap(), engine);
        }
        assert!(Engine::parse("safari").is_err());
    }
}
