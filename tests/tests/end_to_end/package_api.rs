//! The npm package's API, driven by scripts of a bare page: ends, bugs, listeners and mistakes.

use serde_json::{Value, json};
use tillandsia_tests::engine::{Browser, Engine};
use tillandsia_tests::files::Files;
use tillandsia_tests::gateway::Gateway;
use tillandsia_tests::package::Project;
use tillandsia_tests::proxy::Proxy;

use crate::{is_wanted, start_network};

/// What the scripts share; `gateway` is its address.
pub(crate) const HELPERS: &str = "const { Terminal, TerminalError } = await import('./tillandsia/index.js');
    const { SimulatedReader } = await import('./tillandsia/simulated-reader.js');
    window.open_terminal = (more) => Terminal.create({ gatewayUrl: gateway,
        fetchConnectionToken: async () => (await fetch('./connection_token', { method: 'POST' })).json(), ...more });
    window.connect = async (terminal, simulator = new SimulatedReader()) => {
        const [reader] = await terminal.discoverReaders({ method: 'simulated', simulator });
        await terminal.connectReader(reader);
        return simulator;
    };
    window.collect = async (terminal, simulator, options) => {
        const created = await terminal.createPaymentIntent({ currency: 'usd', ...options });
        const present = () => simulator.presentCard('contactless_visa');
        terminal.addEventListener('readerinput', present);
        return terminal.collectPaymentMethod(created).finally(() => terminal.removeEventListener('readerinput', present));
    };
    window.hear = (terminal, told = () => {}) => {
        for (const type of ['offlinestatuschange', 'forwardpaymentintent', 'forwardingerror']) {
            terminal.addEventListener(type, told);
        }
    };
    window.ask = (terminal) => new Promise((ask) => terminal.addEventListener('readerinput', ask, { once: true }));
    // The first of the module's own helpers, by the name that the package's build gives it: what texts are copied into.
    // Asked for more memory than there can be, it traps.
    window.arm = () => {
        const make = WebAssembly.instantiateStreaming;
        let exports;
        WebAssembly.instantiateStreaming = async (...given) => {
            const made = await make(...given);
            exports ??= made.instance.exports;
            return made;
        };
        return () => exports.$0(-8, 4);
    };
    // Traps within the module's own task that makes such a request.
    window.trap_at = (path, trap) => {
        const plain = window.fetch;
        window.fetch = (...given) => (String(given[0].url ?? given[0]).includes(path) ? trap() : plain(...given));
    };
    window.within = (promise) => Promise.race([promise.then(() => 'settled'),
        new Promise((late) => setTimeout(late, 5000, 'hangs'))]);
    window.refusal = async (promise) => {
        const error = await promise.then((value) => { throw new Error('it was ' + JSON.stringify(value)) }, (error) => error);
        if (!(error instanceof TerminalError)) throw error;
        return error;
    };";

/// Opens the example's files without its script, so that a test can drive the API itself.
async fn bare(engine: Engine) -> (Gateway, Proxy, Project, Files, Browser) {
    let (gateway, network) = start_network().await;
    let project = Project::install().await.unwrap();
    let plain = project.example(&network.url()).unwrap();
    std::fs::write(plain.join("bare.html"), "<!doctype html><title>bare</title>").unwrap();
    let files = Files::serve(&plain, &gateway.url()).await.unwrap();
    let browser = Browser::open(engine).await.unwrap();
    browser.client().goto(&format!("{}/bare.html", files.url())).await.unwrap();
    let prepare = format!("const gateway = {}; {HELPERS}", json!(network.url()));
    browser.run_async(&prepare, vec![]).await.unwrap();
    (gateway, network, project, files, browser)
}

#[tokio::test]
async fn chromium_a_terminal_is_canceled_and_disposed() {
    if !is_wanted(Engine::Chromium) {
        return;
    }
    let (_gateway, _network, _project, _files, browser) = bare(Engine::Chromium).await;
    let script = "const terminal = await open_terminal();
        const second = (await refusal(open_terminal())).code;
        await connect(terminal);
        const created = await terminal.createPaymentIntent({ amount: 100, currency: 'usd' });
        const sale = new AbortController();
        const asked = ask(terminal);
        const collecting = refusal(terminal.collectPaymentMethod(created, { signal: sale.signal }));
        await asked;
        sale.abort('changed my mind');
        const canceled = await collecting;
        const early = await refusal(terminal.collectPaymentMethod(created, { signal: AbortSignal.abort() }));
        const again = ask(terminal);
        const last = refusal(terminal.collectPaymentMethod(created));
        await again;
        await terminal.dispose();
        const locks = await navigator.locks.request('tillandsia-events', { signal: AbortSignal.timeout(5000) }, () => 'free');
        const after = await refusal(terminal.listPayments());
        const next = await open_terminal();
        await connect(next);
        const made = await next.createPaymentIntent({ amount: 200, currency: 'usd' });
        await next.dispose();
        return { second, code: canceled.code, cause: canceled.cause, stands: canceled.paymentIntent.status,
            early: early.code, disposed: (await last).code, after: after.code, locks, made: made.amount };";
    let seen = browser.run_async(script, vec![]).await.unwrap();
    let wanted = json!({ "second": "invalid_request", "code": "canceled", "cause": "changed my mind",
        "stands": "requires_payment_method", "early": "canceled", "disposed": "canceled", "after": "invalid_request",
        "locks": "free", "made": 200 });
    assert_eq!(seen, wanted);
    browser.close().await.unwrap();
}

#[tokio::test]
async fn chromium_a_trap_fails_every_call_and_loses_no_payment() {
    if !is_wanted(Engine::Chromium) {
        return;
    }
    let (_gateway, network, _project, _files, browser) = bare(Engine::Chromium).await;
    let script = "const trap = arm();
        const terminal = await open_terminal();
        const simulator = await connect(terminal);
        hear(terminal);
        await terminal.confirmPaymentIntent(await collect(terminal, simulator, { amount: 300, offlineBehavior: 'force_offline' }));
        const created = await terminal.createPaymentIntent({ amount: 100, currency: 'usd' });
        const asked = ask(terminal);
        const pending = refusal(terminal.collectPaymentMethod(created));
        await asked;
        setTimeout(trap, 0);
        const codes = [(await pending).code, (await refusal(terminal.listPayments())).code];
        codes.push((await refusal(terminal.createPaymentIntent({ amount: 1, currency: 'usd' }))).code);
        await terminal.dispose();
        const error = await refusal(open_terminal());
        return { codes: [...codes, error.code], message: error.message };";
    let seen = browser.run_async(script, vec![]).await.unwrap();
    assert_eq!(seen["codes"], json!(["internal", "internal", "internal", "internal"]));
    assert!(seen["message"].as_str().is_some_and(|text| text.contains("reload the page")), "{seen}");
    assert_eq!(listed_after_reload(&browser, &network).await[0]["paymentIntent"]["amount"], 300);
    browser.close().await.unwrap();
}

/// What the device holds, as a page reads it that was loaded anew.
async fn listed_after_reload(browser: &Browser, network: &Proxy) -> Value {
    browser.client().refresh().await.unwrap();
    let list = "const { Terminal } = await import('./tillandsia/index.js');
        const terminal = await Terminal.create({ gatewayUrl: args[0], fetchConnectionToken: async () => 'none' });
        return terminal.listPayments();";
    browser.run_async(list, vec![json!(network.url())]).await.unwrap()
}

#[tokio::test]
async fn chromium_a_confirmation_that_a_trap_stops_says_that_its_outcome_is_unknown() {
    if !is_wanted(Engine::Chromium) {
        return;
    }
    let (gateway, network, _project, _files, browser) = bare(Engine::Chromium).await;
    let script = "const trap = arm();
        const terminal = await open_terminal();
        const simulator = await connect(terminal);
        const collected = await collect(terminal, simulator, { amount: 700 });
        trap_at('/confirm', trap);
        const other = refusal(terminal.collectPaymentMethod(await terminal.createPaymentIntent({ amount: 1, currency: 'usd' })));
        const { code, message } = await refusal(terminal.confirmPaymentIntent(collected));
        const codes = [(await other).code, (await refusal(terminal.confirmPaymentIntent(collected))).code];
        return { id: collected.offlineId, code, message, codes, ended: await within(terminal.dispose()) };";
    let seen = browser.run_async(script, vec![]).await.unwrap();
    assert_eq!((&seen["code"], &seen["ended"]), (&json!("outcome_unknown"), &json!("settled")), "{seen}");
    assert_eq!(seen["codes"], json!(["internal", "internal"]));
    let message = seen["message"].as_str().unwrap();
    assert!(message.contains("listPayments") && message.contains("Terminal.create"), "{message}");
    let listed = listed_after_reload(&browser, &network).await;
    assert_eq!((&listed[0]["offlineId"], &listed[0]["state"]), (&seen["id"], &json!("confirming")));
    assert!(gateway.ledger().await.unwrap().amounts().is_empty());
    browser.close().await.unwrap();
}

#[tokio::test]
async fn chromium_a_terminal_that_a_trap_stopped_within_a_pass_can_be_disposed() {
    if !is_wanted(Engine::Chromium) {
        return;
    }
    let (_gateway, network, _project, _files, browser) = bare(Engine::Chromium).await;
    let script = "const trap = arm();
        const terminal = await open_terminal();
        const simulator = await connect(terminal);
        hear(terminal);
        const collected = await collect(terminal, simulator, { amount: 800, offlineBehavior: 'force_offline' });
        const trapped = new Promise((hear) => window.addEventListener('error', hear, { once: true }));
        trap_at('/forward', trap);
        await terminal.confirmPaymentIntent(collected);
        await trapped;
        const methods = ['discoverReaders', 'connectReader', 'disconnectReader', 'createPaymentIntent', 'collectPaymentMethod',
            'confirmPaymentIntent', 'cancelPaymentIntent', 'capturePaymentIntent', 'retrievePaymentIntent', 'listPayments',
            'listAttention', 'forwardNow', 'voidPaymentIntent', 'retryPaymentIntent', 'settlePaymentIntent',
            'getOfflineStatus', 'checkReadiness', 'setSimulatedOfflineMode'];
        const codes = await Promise.all(methods.map(async (name) => (await refusal(terminal[name](collected))).code));
        return { codes: [...new Set(codes)], ended: await within(terminal.dispose()) };";
    let seen = browser.run_async(script, vec![]).await.unwrap();
    assert_eq!(seen, json!({ "codes": ["internal"], "ended": "settled" }));
    assert_eq!(listed_after_reload(&browser, &network).await[0]["paymentIntent"]["amount"], 800);
    browser.close().await.unwrap();
}

#[tokio::test]
async fn chromium_what_is_collected_offline_has_listeners_at_that_time() {
    if !is_wanted(Engine::Chromium) {
        return;
    }
    let (gateway, _network, _project, _files, browser) = bare(Engine::Chromium).await;
    let script = "const terminal = await open_terminal();
        const simulator = await connect(terminal);
        const listens = async () => (await terminal.checkReadiness()).checks.find(({ check }) => check === 'listeners').result;
        const sell = () => collect(terminal, simulator, { amount: 900, offlineBehavior: 'force_offline' })
            .then((collected) => terminal.confirmPaymentIntent(collected)).then(({ status }) => status, ({ code }) => code);
        const [type, heard] = ['forwardpaymentintent', () => {}];
        const results = {};
        const look = async (name) => (results[name] = [...(results[name] ?? []), await listens()]);
        terminal.addEventListener('offlinestatuschange', heard);
        terminal.addEventListener('forwardingerror', heard);
        terminal.addEventListener(type, null);
        await look('none');
        terminal.addEventListener(type, heard);
        terminal.addEventListener(type, heard, false);
        await look('twice');
        terminal.removeEventListener(type, heard);
        await look('twice');
        terminal.addEventListener(type, heard);
        terminal.addEventListener(type, heard, { capture: true });
        terminal.removeEventListener(type, heard);
        await look('capture');
        terminal.removeEventListener(type, heard, true);
        await look('capture');
        const object = { handleEvent: heard };
        terminal.addEventListener(type, object);
        await look('object');
        terminal.removeEventListener(type, object);
        await look('object');
        const leave = new AbortController();
        terminal.addEventListener(type, heard, { signal: leave.signal });
        await look('signal');
        leave.abort();
        terminal.addEventListener(type, heard, { signal: leave.signal });
        await look('signal');
        terminal.addEventListener(type, heard, { once: true });
        await look('once');
        terminal.dispatchEvent(new CustomEvent(type));
        await look('once');
        const refused = await sell();
        let told;
        const again = new Promise((hear) => (told = hear));
        terminal.addEventListener(type, (event) => told(event.detail.paymentIntent.amount));
        return { results, refused, sold: await sell(), told: await again };";
    let seen = browser.run_async(script, vec![]).await.unwrap();
    let left = json!(["good", "failed"]);
    let results = json!({ "none": ["failed"], "twice": left, "capture": left, "object": left, "signal": left, "once": left });
    let wanted =
        json!({ "results": results, "refused": "invalid_request", "sold": "succeeded", "told": 900 });
    assert_eq!(seen, wanted);
    assert_eq!(gateway.ledger().await.unwrap().amounts(), [900]);
    browser.close().await.unwrap();
}

#[tokio::test]
async fn chromium_a_mistake_in_a_call_rejects_and_names_what_to_give() {
    if !is_wanted(Engine::Chromium) {
        return;
    }
    let (_gateway, _network, _project, _files, browser) = bare(Engine::Chromium).await;
    let script = "const terminal = await open_terminal();
        const created = await terminal.createPaymentIntent({ amount: 100, currency: 'usd' });
        const { SimulatedReader } = await import('./tillandsia/simulated-reader.js');
        const [reader] = await terminal.discoverReaders({ method: 'simulated', simulator: new SimulatedReader() });
        const seen = [];
        for (const [name, ...given] of [
            ['discoverReaders'], ['discoverReaders', null], ['discoverReaders', 5], ['discoverReaders', { method: 'usbHid' }],
            ['discoverReaders', { method: 'simulated', simulator: {} }],
            ['discoverReaders', { method: 'simulated', url: '', signal: 5 }],
            ['connectReader'], ['connectReader', reader, 5], ['connectReader', reader, { signal: 5 }],
            ['createPaymentIntent'], ['collectPaymentMethod'], ['collectPaymentMethod', created, 5],
            ['collectPaymentMethod', created, { signal: 5 }], ['collectPaymentMethod', created, null],
            ['confirmPaymentIntent'], ['confirmPaymentIntent', created, 5], ['cancelPaymentIntent', null],
            ['capturePaymentIntent', Symbol()], ['retrievePaymentIntent'], ['listPayments', 5], ['listAttention', 5],
            ['voidPaymentIntent', 5], ['retryPaymentIntent'], ['settlePaymentIntent'], ['setSimulatedOfflineMode'],
        ]) {
            const promise = terminal[name](...given);
            if (!(promise instanceof Promise)) throw new Error(name + ' gave no promise');
            const { code, message } = await refusal(promise);
            seen.push([name, code, message.split(':')[0]]);
        }
        return seen;";
    let seen = browser.run_async(script, vec![]).await.unwrap();
    let named = |name: &str, about: &str| json!([name, "invalid_request", about]);
    let wanted = json!([
        named("discoverReaders", "options"),
        named("discoverReaders", "options"),
        named("discoverReaders", "options"),
        named("discoverReaders", "method"),
        named("discoverReaders", "simulator"),
        named("discoverReaders", "signal"),
        named("connectReader", "reader"),
        named("connectReader", "options"),
        named("connectReader", "signal"),
        named("createPaymentIntent", "options"),
        named("collectPaymentMethod", "paymentIntent"),
        named("collectPaymentMethod", "options"),
        named("collectPaymentMethod", "signal"),
        json!(["collectPaymentMethod", "no_established_connection_to_reader", "no reader is connected"]),
        named("confirmPaymentIntent", "paymentIntent"),
        named("confirmPaymentIntent", "options"),
        named("cancelPaymentIntent", "paymentIntent"),
        named("capturePaymentIntent", "paymentIntent"),
        named("retrievePaymentIntent", "paymentIntent"),
        named("listPayments", "options"),
        named("listAttention", "options"),
        named("voidPaymentIntent", "paymentIntent"),
        named("retryPaymentIntent", "paymentIntent"),
        named("settlePaymentIntent", "paymentIntent"),
        named("setSimulatedOfflineMode", "mode"),
    ]);
    assert_eq!(seen, wanted);
    browser.close().await.unwrap();
}

#[tokio::test]
async fn chromium_what_a_listener_does_not_take_is_told_again_after_a_restart() {
    if !is_wanted(Engine::Chromium) {
        return;
    }
    let (gateway, _network, _project, _files, browser) = bare(Engine::Chromium).await;
    let script = "const terminal = await open_terminal();
        const simulator = await connect(terminal);
        terminal.addEventListener('offlinestatuschange', () => {});
        terminal.addEventListener('forwardingerror', () => {});
        let told = 0;
        const heard = new Promise((hear) => terminal.addEventListener('forwardpaymentintent', (event) => {
            told += 1;
            event.waitUntil(Promise.reject(new Error('the server is away')));
            hear();
        }));
        const collected = await collect(terminal, simulator, { amount: 300, offlineBehavior: 'force_offline' });
        const stored = await terminal.confirmPaymentIntent(collected);
        await heard;
        await terminal.dispose();
        const next = await open_terminal();
        next.addEventListener('offlinestatuschange', () => {});
        next.addEventListener('forwardingerror', () => {});
        const again = await new Promise((hear) => next.addEventListener('forwardpaymentintent', (event) => hear(event.detail)));
        const id = again.paymentIntent.offlineId;
        await next.dispose();
        const third = await open_terminal();
        third.addEventListener('offlinestatuschange', () => {});
        third.addEventListener('forwardingerror', () => {});
        let more = 0;
        third.addEventListener('forwardpaymentintent', () => (more += 1));
        await new Promise((wait) => setTimeout(wait, 500));
        const code = ({ offlineDetails }) => offlineDetails.cardPresentDetails.receiptDetails.authorizationCode;
        return { told, same: id === stored.offlineId, more, error: again.error, before: code(stored),
            after: /^[0-9A-Z]{6}$/.test(code(again.paymentIntent)), amountDetails: stored.offlineDetails.amountDetails };";
    let seen = browser.run_async(script, vec![]).await.unwrap();
    assert_eq!(
        seen,
        json!({ "told": 1, "same": true, "more": 0, "error": null, "before": null, "after": true,
        "amountDetails": { "tip": {} } })
    );
    assert_eq!(gateway.ledger().await.unwrap().amounts(), [300]);
    browser.close().await.unwrap();
}
