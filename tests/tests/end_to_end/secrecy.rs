//! A card number exists in the reader and at the acquirer, and nowhere else.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tillandsia_reader_simulator::CardProfile;
use tillandsia_tests::cdp::Cdp;
use tillandsia_tests::engine::{Browser, Engine};
use tillandsia_tests::gateway::Gateway;
use tillandsia_tests::needles::Needle;

use super::{FORWARDED_MAX, is_wanted, lose_gateway, open_till, start_gateway};

/// Planted in every place, to prove that the search finds what lies there. Not a test card's number.
const PLANTED: &str = "9911882277336644";

#[tokio::test]
async fn no_card_number_anywhere() {
    if !is_wanted(Engine::Chromium) {
        return;
    }
    let mut gateway = start_gateway().await;
    let browser = Browser::open(Engine::Chromium).await.unwrap();
    let till = open_till(&browser, &gateway.url()).await;
    let mut page = Cdp::connect(&browser, "page", &gateway.url()).await.unwrap();
    let mut worker = Cdp::connect(&browser, "service_worker", &gateway.url()).await.unwrap();
    for target in [&mut page, &mut worker] {
        target.send("Runtime.enable", json!({})).await.unwrap();
    }
    till.sell(1100, "contactless_visa", "approved").await.unwrap();
    till.sell(1200, "contact_mastercard", "approved").await.unwrap();
    till.sale(1300, "swipe").await.unwrap();
    till.close_checkout().await.unwrap();
    lose_gateway(&mut gateway, &till).await;
    for profile in ["swipe", "declined", "expired"] {
        till.sale(1400, profile).await.unwrap();
        till.close_checkout().await.unwrap();
    }
    till.sell(1500, "contactless_visa", "stored").await.unwrap();
    till.sell(1600, "contact_mastercard", "stored").await.unwrap();
    assert_nowhere(&places(&browser, &mut page, &mut worker, &gateway).await);

    gateway.restart().await.unwrap();
    till.wait_stored(0, FORWARDED_MAX).await.unwrap();
    till.payments().await.unwrap();
    assert_nowhere(&places(&browser, &mut page, &mut worker, &gateway).await);

    plant(&mut page, &mut worker, &gateway).await;
    let planted = Needle::new(PLANTED);
    for (place, bytes) in places(&browser, &mut page, &mut worker, &gateway).await {
        assert!(planted.found_in(&bytes).is_some(), "the search finds nothing in {place}");
    }
    browser.close().await.unwrap();
}

fn assert_nowhere(places: &BTreeMap<String, Vec<u8>>) {
    for profile in CardProfile::ALL {
        let needle = Needle::new(profile.test_number());
        for (place, bytes) in places {
            let form = needle.found_in(bytes);
            assert_eq!(form, None, "the number of {} is in {place}", profile.as_str());
        }
    }
}

/// Everything that could hold a card number, by name.
async fn places(
    browser: &Browser,
    page: &mut Cdp,
    worker: &mut Cdp,
    gateway: &Gateway,
) -> BTreeMap<String, Vec<u8>> {
    let mut places = BTreeMap::new();
    for (name, target) in [("page", &mut *page), ("worker", &mut *worker)] {
        places.insert(format!("the {name}'s heap"), target.heap_snapshot().await.unwrap());
        places.insert(format!("the {name}'s memories"), target.buffers().await.unwrap());
        let log = log(target).await;
        places.insert(format!("the {name}'s console"), log);
    }
    for (name, script) in [
        ("IndexedDB", INDEXED_DB),
        ("Cache Storage", CACHE_STORAGE),
        (
            "localStorage and sessionStorage",
            "return JSON.stringify([{ ...localStorage }, { ...sessionStorage }]);",
        ),
        (
            "URLs",
            "return JSON.stringify([location.href, performance.getEntries().map((entry) => entry.name)]);",
        ),
        ("the document", DOCUMENT),
    ] {
        let text = browser.run_async(script, vec![]).await.unwrap();
        places.insert(name.to_owned(), text.as_str().unwrap().as_bytes().to_vec());
    }
    places.insert("the gateway's log".to_owned(), gateway.log_text().unwrap().into_bytes());
    places.insert("the gateway's files".to_owned(), files(&gateway.data()));
    places
}

/// What a target has written to its console since it was connected to; the DevTools protocol gives it again.
async fn log(target: &mut Cdp) -> Vec<u8> {
    target.send("Runtime.disable", json!({})).await.unwrap();
    target.take_events("Runtime.consoleAPICalled");
    target.send("Runtime.enable", json!({})).await.unwrap();
    // One command later every entry has arrived.
    target.evaluate("0").await.unwrap();
    let entries = target.take_events("Runtime.consoleAPICalled");
    Value::Array(entries).to_string().into_bytes()
}

fn files(folder: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            bytes.extend(files(&path));
        } else {
            bytes.extend(std::fs::read(path).unwrap());
        }
    }
    bytes
}

/// Puts the planted number into every place.
async fn plant(page: &mut Cdp, worker: &mut Cdp, gateway: &Gateway) {
    let in_both = format!(
        "globalThis.planted = {{ text: '{PLANTED}'.split('').join(''), bytes: new TextEncoder().encode('{PLANTED}') }};
         console.log('{PLANTED}'); true"
    );
    page.evaluate(&in_both).await.unwrap();
    worker.evaluate(&in_both).await.unwrap();
    let in_page = format!(
        "(async () => {{
            localStorage.planted = '{PLANTED}';
            document.body.dataset.planted = '{PLANTED}';
            performance.mark('{PLANTED}');
            const cache = await caches.open('planted');
            await cache.put('/planted', new Response('{PLANTED}'));
            const open = indexedDB.open('planted', 1);
            open.onupgradeneeded = () => open.result.createObjectStore('planted');
            await new Promise((ok, no) => {{ open.onsuccess = ok; open.onerror = no; }});
            const put = open.result.transaction('planted', 'readwrite').objectStore('planted');
            put.put(new Uint8Array([{}]), 1);
            await new Promise((ok, no) => {{ put.transaction.oncomplete = ok; put.transaction.onabort = no; }});
            open.result.close();
            return true;
        }})()",
        PLANTED.bytes().map(|byte| byte.to_string()).collect::<Vec<_>>().join(",")
    );
    assert_eq!(page.evaluate(&in_page).await.unwrap(), json!(true));
    std::fs::write(gateway.data().join("planted"), PLANTED).unwrap();
    gateway.write_log(PLANTED).unwrap();
    // The console's entries and the mark are there at once; nothing is to be waited for.
    tokio::time::timeout(Duration::from_secs(5), page.evaluate("0")).await.unwrap().unwrap();
}

/// Every database but the simulated reader's own, whose counters and keys are not the till's: keys and values, bytes as
/// Latin-1 text so that a number in packed decimal or ASCII is found.
const INDEXED_DB: &str = r#"
    const asText = (value, depth) => {
        if (depth > 8 || value === null || value === undefined) { return String(value); }
        if (value instanceof ArrayBuffer) { value = new Uint8Array(value); }
        if (ArrayBuffer.isView(value)) {
            const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
            const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
            return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("") + " " + hex;
        }
        if (value instanceof CryptoKey) { return "CryptoKey"; }
        if (value instanceof Map || value instanceof Set) { value = [...value]; }
        if (typeof value === "object") {
            return Object.entries(value).map(([name, part]) => name + "=" + asText(part, depth + 1)).join(" ");
        }
        return String(value);
    };
    const parts = [];
    let payments = 0;
    for (const { name } of await indexedDB.databases()) {
        if (/simulat/.test(name)) { continue; }
        const open = indexedDB.open(name);
        await new Promise((ok, no) => { open.onsuccess = ok; open.onerror = no; });
        for (const store of open.result.objectStoreNames) {
            const source = open.result.transaction(store).objectStore(store);
            const values = source.getAll(), keys = source.getAllKeys();
            await new Promise((ok, no) => { keys.onsuccess = ok; keys.onerror = no; });
            if (store === "payments") { payments += values.result.length; }
            parts.push(store, ...keys.result.map((key) => asText(key, 0)));
            parts.push(...values.result.map((value) => asText(value, 0)));
        }
        open.result.close();
    }
    if (payments === 0) { throw new Error("the till's database holds no payments: the search looks at the wrong one"); }
    return parts.join("\n");"#;

const CACHE_STORAGE: &str = r#"
    const parts = [];
    for (const name of await caches.keys()) {
        const cache = await caches.open(name);
        for (const request of await cache.keys()) {
            // The simulated reader's own program holds its test cards.
            if (/simulat/.test(request.url)) { continue; }
            const bytes = new Uint8Array(await (await cache.match(request)).arrayBuffer());
            parts.push(name, request.url, new TextDecoder("latin1").decode(bytes));
        }
    }
    return parts.join("\n");"#;

const DOCUMENT: &str = r#"
    const values = [...document.querySelectorAll("input, select, textarea")].map((field) => field.value);
    return document.documentElement.outerHTML + values.join("\n");"#;
