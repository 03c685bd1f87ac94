//! An integrator's service worker that was told nothing.

use std::time::Duration;

use serde_json::{Value, json};
use tillandsia_tests::engine::{Browser, Engine};
use tillandsia_tests::files::Files;
use tillandsia_tests::package::Project;
use tillandsia_tests::poll;

use crate::package_api::HELPERS;
use crate::{is_wanted, start_network};

const SOLD_MAX: Duration = Duration::from_secs(30);

/// Neither the page nor the worker keeps where the servers are: what they write of it is not written. A payment is stored;
/// once the app is told of it, the worker is asked for a pass of its own.
const SCRIPT: &str = "const put = IDBObjectStore.prototype.put;
    IDBObjectStore.prototype.put = function (...given) {
        const endpoints = this.name === 'settings' && given[1] === 'endpoints';
        return endpoints ? this.get('endpoints') : put.apply(this, given);
    };
    const post = ServiceWorker.prototype.postMessage;
    let asked = 0;
    ServiceWorker.prototype.postMessage = function (message, ...more) {
        if (message.type === 'tillandsia-drain') asked += 1;
        if (message.type !== 'tillandsia-configure') post.call(this, message, ...more);
    };
    const registration = await navigator.serviceWorker.register('./sw.js', { type: 'module' });
    const worker = (await navigator.serviceWorker.ready).active;
    while (worker.state !== 'activated') {
        await new Promise((changed) => worker.addEventListener('statechange', changed, { once: true }));
    }
    const terminal = await open_terminal({ serviceWorker: registration });
    const errors = [];
    const told = new Promise((tell) => hear(terminal, (event) => {
        if (event.type === 'forwardingerror') errors.push(event.detail.code);
        if (event.type === 'forwardpaymentintent') tell(event.detail.paymentIntent.amount);
    }));
    const simulator = await connect(terminal);
    const collected = await collect(terminal, simulator, { amount: 900, offlineBehavior: 'force_offline' });
    await terminal.confirmPaymentIntent(collected);
    const amount = await told;
    const { port1, port2 } = new MessageChannel();
    const said = await new Promise((hear) => {
        const answers = [];
        port1.onmessage = ({ data }) => answers.push(data.type) === 2 && hear(answers);
        post.call(worker, { type: 'tillandsia-drain', mode: 'all' }, [port2]);
    });
    await terminal.dispose();
    window.sold = { amount, asked: asked > 0, said, errors };";

async fn forwards_where_no_page_has_said(engine: Engine) {
    if !is_wanted(engine) {
        return;
    }
    let (gateway, network) = start_network().await;
    let project = Project::install().await.unwrap();
    let plain = project.example(&network.url()).unwrap();
    let script = format!("const gateway = {}; {HELPERS} {SCRIPT}", json!(network.url()));
    let page = format!("<!doctype html><title>told nothing</title><script type=\"module\">{script}</script>");
    std::fs::write(plain.join("worker.html"), page).unwrap();
    let files = Files::serve(&plain, &gateway.url()).await.unwrap();
    let browser = Browser::open(engine).await.unwrap();
    browser.client().goto(&format!("{}/worker.html", files.url())).await.unwrap();
    let sold = poll::until("the page to forward", SOLD_MAX, async || {
        let sold = browser.run("return window.sold ?? null", vec![]).await?;
        Ok(Some(sold).filter(|sold| *sold != Value::Null))
    });
    let sold = sold.await.unwrap();
    let said = json!(["drain-started", "drain-failed"]);
    assert_eq!(sold, json!({ "amount": 900, "asked": true, "said": said, "errors": [] }));
    assert_eq!((files.asked("/v1/"), files.asked("/demo/")), (0, 0), "nothing is sent to a guessed address");
    assert_eq!(network.seen("/payments/forward"), 1);
    assert_eq!(gateway.ledger().await.unwrap().amounts(), [900]);
    browser.close().await.unwrap();
}

in_each_engine!(forwards_where_no_page_has_said:
    chromium_a_worker_that_no_page_told_sends_nothing_and_the_page_forwards,
    firefox_a_worker_that_no_page_told_sends_nothing_and_the_page_forwards,
    webkit_a_worker_that_no_page_told_sends_nothing_and_the_page_forwards);
