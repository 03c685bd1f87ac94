//! The harness itself: a network that fails as told, and browsers that start, run scripts and die.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::json;
use tillandsia_tests::cdp::Cdp;
use tillandsia_tests::engine::{Browser, Engine};
use tillandsia_tests::http;
use tillandsia_tests::needles::Needle;
use tillandsia_tests::proxy::{Fault, Proxy};
use tokio::net::TcpListener;

/// A server that counts requests and answers with a page.
async fn counting_server() -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let count = Arc::new(AtomicUsize::new(0));
    let counter = count.clone();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let counter = counter.clone();
            tokio::spawn(async move {
                let service = service_fn(|_| async {
                    counter.fetch_add(1, Ordering::SeqCst);
                    let page = Bytes::from_static(b"<!doctype html><title>page</title>hello");
                    Ok::<_, Infallible>(hyper::Response::new(Full::new(page)))
                });
                let connection = hyper::server::conn::http1::Builder::new();
                connection.serve_connection(TokioIo::new(stream), service).await.ok();
            });
        }
    });
    (port, count)
}

#[tokio::test]
async fn the_network_fails_as_told() {
    let (port, count) = counting_server().await;
    let mut proxy = Proxy::start(port).await.unwrap();
    let url = |path: &str| format!("{}{path}", proxy.url());
    let (plain, lost, never, double, portal, busy) =
        (url("/plain"), url("/lost"), url("/never"), url("/double"), url("/portal"), url("/busy"));
    let requests = || count.load(Ordering::SeqCst);

    assert_eq!(http::get(&plain, None).await.unwrap().0, 200);
    assert_eq!(requests(), 1);

    proxy.fault("/lost", Fault::DropAnswer, 1);
    assert!(http::get(&lost, None).await.is_err());
    assert_eq!(requests(), 2, "it was passed on");
    assert_eq!(http::get(&lost, None).await.unwrap().0, 200, "only once");

    proxy.fault("/never", Fault::DropRequest, u32::MAX);
    assert!(http::get(&never, None).await.is_err());
    assert_eq!(requests(), 3);

    proxy.fault("/double", Fault::Duplicate, 1);
    assert_eq!(http::get(&double, None).await.unwrap().0, 200);
    assert_eq!(requests(), 5);

    proxy.fault("/portal", Fault::Portal, u32::MAX);
    assert!(http::get(&portal, None).await.unwrap().1.starts_with(b"<!doctype"));
    proxy.fault("/busy", Fault::Unavailable(7), u32::MAX);
    assert_eq!(http::get(&busy, None).await.unwrap().0, 503);
    assert_eq!(requests(), 5);

    proxy.refuse();
    assert!(http::get(&plain, None).await.is_err());
    proxy.accept().await.unwrap();
    proxy.heal();
    assert_eq!(http::get(&busy, None).await.unwrap().0, 200);
    assert_eq!(proxy.seen("/lost"), 2);

    proxy.fault("/plain", Fault::Stall, 1);
    assert!(tokio::time::timeout(Duration::from_millis(300), http::get(&plain, None)).await.is_err());
}

async fn opens_and_runs(engine: Engine) {
    if !engine.is_wanted() {
        return;
    }
    let (port, _) = counting_server().await;
    let browser = Browser::open(engine).await.unwrap();
    browser.client().goto(&format!("http://127.0.0.1:{port}/")).await.unwrap();
    assert_eq!(browser.run("return arguments[0] + 1", vec![json!(41)]).await.unwrap(), json!(42));
    let awaited = "return await Promise.resolve(document.title)";
    assert_eq!(browser.run_async(awaited, vec![]).await.unwrap(), json!("page"));
    let thrown = browser.run_async("throw new Error('so it is')", vec![]).await.unwrap_err();
    assert!(thrown.to_string().contains("so it is"), "{thrown}");
    browser.close().await.unwrap();
}

in_each_engine!(
    opens_and_runs:
    chromium_opens_and_runs,
    firefox_opens_and_runs,
    webkit_opens_and_runs
);

#[tokio::test]
async fn chromium_dies_and_keeps_its_data() {
    if !Engine::Chromium.is_wanted() {
        return;
    }
    let (port, _) = counting_server().await;
    let url = format!("http://127.0.0.1:{port}/");
    let mut browser = Browser::open(Engine::Chromium).await.unwrap();
    browser.client().goto(&url).await.unwrap();
    let put = "const open = indexedDB.open('kept', 1);
        open.onupgradeneeded = () => open.result.createObjectStore('things');
        await new Promise((ok, no) => { open.onsuccess = ok; open.onerror = no; });
        const transaction = open.result.transaction('things', 'readwrite', { durability: 'strict' });
        transaction.objectStore('things').put('here', 1);
        await new Promise((ok, no) => { transaction.oncomplete = ok; transaction.onabort = no; });";
    browser.run_async(put, vec![]).await.unwrap();
    browser.kill().await.unwrap();
    browser.reopen().await.unwrap();
    browser.client().goto(&url).await.unwrap();
    let names = "return (await indexedDB.databases()).map((database) => database.name)";
    assert_eq!(browser.run_async(names, vec![]).await.unwrap(), json!(["kept"]));
    browser.close().await.unwrap();
}

#[tokio::test]
async fn the_search_sees_heap_and_buffers() {
    if !Engine::Chromium.is_wanted() {
        return;
    }
    let (port, _) = counting_server().await;
    let browser = Browser::open(Engine::Chromium).await.unwrap();
    browser.client().goto(&format!("http://127.0.0.1:{port}/")).await.unwrap();
    let plant = "window.kept = { text: ['9876', '5432', '1098', '7654'].join('') };
        window.memory = new WebAssembly.Memory({ initial: 4 });
        window.holder = { message: new Uint8Array([0x56, 0x78, 0x56, 0x78, 0x12, 0x34, 0x56, 0x78]) };
        new Uint8Array(window.memory.buffer).set([0x12, 0x34, 0x12, 0x34, 0x56, 0x78, 0x90, 0x12], 100000);";
    browser.run(plant, vec![]).await.unwrap();
    let mut cdp = Cdp::connect(&browser, "page", &port.to_string()).await.unwrap();
    let heap = cdp.heap_snapshot().await.unwrap();
    assert_eq!(Needle::new("9876543210987654").found_in(&heap), Some("digits"));
    let buffers = cdp.buffers().await.unwrap();
    assert_eq!(Needle::new("1234123456789012").found_in(&buffers), Some("packed decimal"));
    assert_eq!(Needle::new("5678567812345678").found_in(&buffers), Some("packed decimal"));
    assert_eq!(Needle::new("5555123456789012").found_in(&buffers), None);
    cdp.set_online(false).await.unwrap();
    assert_eq!(browser.run("return navigator.onLine", vec![]).await.unwrap(), json!(false));
    browser.close().await.unwrap();
}
