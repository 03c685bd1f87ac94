//! The npm package in other people's pages: from a plain script, through a bundler, and under TypeScript.

use std::time::Duration;

use serde_json::json;
use tillandsia_tests::engine::{Browser, Engine};
use tillandsia_tests::files::Files;
use tillandsia_tests::gateway::Gateway;
use tillandsia_tests::package::{Project, point_at};
use tillandsia_tests::poll;
use tillandsia_tests::proxy::Proxy;

use crate::{FORWARDED_MAX, is_wanted, ledger_with, start_network};

const STEP_MAX: Duration = Duration::from_secs(20);

/// The example's page in a browser.
struct Stall<'a>(&'a Browser);

impl Stall<'_> {
    async fn text(&self, id: &str) -> anyhow::Result<String> {
        let script = "return document.getElementById(arguments[0])?.textContent ?? ''";
        Ok(self.0.run(script, vec![json!(id)]).await?.as_str().unwrap_or_default().to_owned())
    }

    async fn wait(&self, id: &str, texts: &[&str]) -> String {
        let what = format!("{id} says one of {texts:?}");
        let waited = poll::until(&what, STEP_MAX, async || {
            let text = self.text(id).await?;
            Ok(texts.iter().any(|wanted| text.contains(wanted)).then_some(text))
        });
        match waited.await {
            Ok(text) => text,
            Err(error) => panic!("{error:#}; it says {:?}", self.text(id).await),
        }
    }

    async fn press(&self, id: &str) {
        self.0.run("document.getElementById(arguments[0]).click()", vec![json!(id)]).await.unwrap();
    }

    async fn sell(&self, cents: u64, outcome: &str) {
        let amount = "document.getElementById('amount').value = arguments[0]";
        self.0.run(amount, vec![json!(cents)]).await.unwrap();
        self.press("charge").await;
        // The card is asked for a second time when the connection was lost in between.
        for _ in 0..2 {
            let said = self.wait("status", &["Please", outcome]).await;
            if said.contains(outcome) {
                return;
            }
            self.press("tap").await;
            self.wait("status", &[outcome, "Please"]).await;
        }
        self.wait("status", &[outcome]).await;
    }
}

/// Sells online, then with the network cut, then is back: every payment is charged once, and the stored one is told.
async fn sells(browser: &Browser, files: &Files, gateway: &Gateway, network: &mut Proxy) {
    browser.client().goto(&files.url()).await.unwrap();
    let stall = Stall(browser);
    stall.wait("status", &["Ready"]).await;
    stall.wait("network", &["online"]).await;
    stall.sell(350, "Approved").await;

    network.refuse();
    browser.run("window.dispatchEvent(new Event('offline'))", vec![]).await.unwrap();
    stall.wait("network", &["offline"]).await;
    stall.sell(420, "Stored").await;
    stall.wait("stored", &["1"]).await;
    assert_eq!(gateway.ledger().await.unwrap().amounts(), [350]);

    network.accept().await.unwrap();
    let ledger = ledger_with(gateway, 2, FORWARDED_MAX).await;
    assert_eq!(ledger.amounts(), [350, 420]);
    stall.wait("forwarded", &["420 usd: pi_"]).await;
    stall.wait("stored", &["0"]).await;
    assert!(files.tokens() > 0, "tokens come from the shop's own server");
}

async fn the_example_sells(engine: Engine) {
    if !is_wanted(engine) {
        return;
    }
    let (gateway, mut network) = start_network().await;
    let project = Project::install().await.unwrap();
    let plain = project.example(&network.url()).unwrap();
    let files = Files::serve(&plain, &gateway.url()).await.unwrap();
    let browser = Browser::open(engine).await.unwrap();
    sells(&browser, &files, &gateway, &mut network).await;
    browser.close().await.unwrap();
}

#[tokio::test]
async fn chromium_the_example_sells_without_a_bundler() {
    the_example_sells(Engine::Chromium).await;
}

#[tokio::test]
async fn firefox_the_example_sells_without_a_bundler() {
    the_example_sells(Engine::Firefox).await;
}

#[tokio::test]
async fn webkit_the_example_sells_without_a_bundler() {
    the_example_sells(Engine::WebKit).await;
}

/// The example's script and worker as modules of a project, with the packages' names in place of addresses.
fn make_bundled(project: &Project, gateway_url: &str) {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/../sdk/example/");
    let page = std::fs::read_to_string(format!("{example}index.html")).unwrap();
    let (head, script) = page.split_once(r#"<script type="module">"#).unwrap();
    let (script, foot) = script.split_once("</script>").unwrap();
    let (before, map) = head.split_once(r#"<script type="importmap">"#).unwrap();
    let after = map.split_once("</script>").unwrap().1;
    let page = format!(r#"{before}{after}<script type="module" src="./stall.js"></script>{foot}"#);
    project.write("index.html", &page).unwrap();
    project.write("stall.js", script).unwrap();
    point_at(&project.path().join("index.html"), gateway_url).unwrap();
    let worker = std::fs::read_to_string(format!("{example}sw.js")).unwrap();
    let worker = worker.replace("./tillandsia/service-worker.js", "tillandsia/service-worker");
    assert!(worker.contains(r#""tillandsia/service-worker""#));
    project.write("sw.js", &worker).unwrap();
    let config = r#"export default {
        base: "./",
        build: {
            target: "es2022",
            rollupOptions: {
                input: { index: "index.html", sw: "sw.js" },
                output: { entryFileNames: ({ name }) => (name === "sw" ? "sw.js" : "assets/[name]-[hash].js") },
            },
        },
    };"#;
    project.write("vite.config.js", config).unwrap();
}

#[tokio::test]
async fn chromium_the_packed_package_sells_through_vite() {
    if !is_wanted(Engine::Chromium) {
        return;
    }
    let (gateway, mut network) = start_network().await;
    let project = Project::install().await.unwrap();
    make_bundled(&project, &network.url());
    project.node("vite/bin/vite.js", &["build", "--logLevel", "warn"]).await.unwrap();
    let built = project.path().join("dist");
    let files = Files::serve(&built, &gateway.url()).await.unwrap();
    let browser = Browser::open(Engine::Chromium).await.unwrap();
    sells(&browser, &files, &gateway, &mut network).await;
    let worker =
        "const registration = await navigator.serviceWorker.ready; return registration.active.scriptURL";
    let worker = browser.run_async(worker, vec![]).await.unwrap();
    assert_eq!(worker, json!(format!("{}/sw.js", files.url())));
    browser.close().await.unwrap();
}

/// What an integrator writes in TypeScript; each line marked as an error must be one.
const TYPED: &str = r#"
import { Terminal, TerminalError, type ForwardPaymentIntentEvent } from "tillandsia";
import type { OfflineStatus, Payment, PaymentIntent, TerminalErrorCode } from "tillandsia";
import { forwardPayments, takeOverWhenIdle } from "tillandsia/service-worker";
import { SimulatedReader } from "tillandsia/simulated-reader";

const terminal: Terminal = await Terminal.create({ fetchConnectionToken: async () => "pst_test" });
terminal.addEventListener("offlinestatuschange", (event) => {
  const status: OfflineStatus = event.detail;
  const cents: number | undefined = status.sdk.offlinePaymentAmountsByCurrency["usd"];
  console.log(cents);
});
terminal.addEventListener("forwardpaymentintent", async (event: ForwardPaymentIntentEvent) => {
  const intent: PaymentIntent = event.detail.paymentIntent;
  const code: TerminalErrorCode | undefined = event.detail.error?.code;
  event.waitUntil(Promise.resolve([intent.offlineId, code]));
});
terminal.addEventListener("readerinput", ({ detail }) => detail.inputs.includes("tap"));
const [reader] = await terminal.discoverReaders({ method: "simulated", simulator: new SimulatedReader() });
if (reader) await terminal.connectReader(reader, { signal: AbortSignal.timeout(1000) });
const created = await terminal.createPaymentIntent({ amount: 100, currency: "usd", captureMethod: "manual" });
const id: string | null = created.id;
const last4: string | null | undefined = created.offlineDetails?.cardPresentDetails.last4;
const code: string | null | undefined = created.offlineDetails?.cardPresentDetails.receiptDetails?.authorizationCode;
const tip: number | undefined = created.offlineDetails?.amountDetails.tip.amount;
await terminal.setSimulatedOfflineMode("time_out");
console.log(code, tip);
const payments: Payment[] = await terminal.listPayments({ limit: 5 });
console.log(id, last4, payments[0]?.lastError?.message, (await terminal.checkReadiness()).untilMs);
try {
  await terminal.confirmPaymentIntent(created, { offlineBehavior: "require_online" });
} catch (error) {
  if (error instanceof TerminalError && error.code === "card_declined") console.log(error.declineCode);
}
forwardPayments({ fetchConnectionToken: async () => ({ secret: "pst_test" }) });
const taken: boolean = await takeOverWhenIdle();
console.log(taken);
// @ts-expect-error an amount is a number
await terminal.createPaymentIntent({ amount: "100", currency: "usd" });
// @ts-expect-error no such behaviour
await terminal.createPaymentIntent({ amount: 100, currency: "usd", offlineBehavior: "maybe" });
// @ts-expect-error it has to be said how to look
await terminal.discoverReaders();
// @ts-expect-error no such event
terminal.addEventListener("offlinestatuschange", (event: MouseEvent) => event.clientX);
// @ts-expect-error a token is a text
await Terminal.create({ fetchConnectionToken: async () => 7 });
// @ts-expect-error no such code
if (new TerminalError("internal", "").code === "no_such_code") console.log();
"#;

#[tokio::test]
async fn the_packed_package_has_strict_types_and_can_be_imported() {
    let project = Project::install().await.unwrap();
    project.write("stall.ts", TYPED).unwrap();
    let config = json!({ "files": ["stall.ts"], "compilerOptions": { "strict": true, "noEmit": true, "target": "es2022",
        "module": "esnext", "moduleResolution": "bundler", "lib": ["es2022", "dom"], "types": [] } });
    project.write("tsconfig.json", &config.to_string()).unwrap();
    project.node("typescript/bin/tsc", &[]).await.unwrap();
    // Importing has no effect and needs no browser: pages are rendered on servers too.
    let import = r#"import { Terminal, TerminalError } from "tillandsia";
        if (typeof Terminal.create !== "function") throw new Error("no Terminal");
        const refused = await Terminal.create({}).catch((error) => error);
        if (!(refused instanceof TerminalError) || refused.code !== "invalid_request") throw refused;"#;
    project.write("import.js", import).unwrap();
    let program = project.path().join("import.js").to_string_lossy().into_owned();
    project.node(&program, &[]).await.unwrap();
}
