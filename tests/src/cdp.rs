//! Chromium's DevTools protocol, for what WebDriver cannot do: quotas, `navigator.onLine`, the heap.

use anyhow::{Context, Result, bail};
use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};

use crate::engine::Browser;
use crate::http;

/// Gathers the buffers that the objects in `this` hold; gives their bytes in hexadecimal.
const BUFFERS: &str = "function () {
    const buffers = new Set();
    const see = (value) => {
        if (ArrayBuffer.isView(value)) { value = value.buffer; }
        if (value instanceof WebAssembly.Memory) { value = value.buffer; }
        if (value instanceof ArrayBuffer && !value.detached) { buffers.add(value); }
    };
    for (const object of this) {
        see(object);
        try {
            for (const property of Object.values(Object.getOwnPropertyDescriptors(object))) { see(property.value); }
        } catch { continue; }
    }
    const digits = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
    const parts = [];
    for (const buffer of buffers) {
        for (let from = 0; from < buffer.byteLength; from += 65536) {
            const length = Math.min(65536, buffer.byteLength - from);
            parts.push(Array.from(new Uint8Array(buffer, from, length), (byte) => digits[byte]).join(''));
        }
    }
    return parts.join('');
}";

/// A connection to one target: a page or a worker.
#[derive(Debug)]
pub struct Cdp {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    last_id: u64,
    events: Vec<Value>,
}

impl Cdp {
    /// Connects to the first target of this type (`page`, `service_worker`) whose address holds `url`.
    pub async fn connect(browser: &Browser, kind: &str, url: &str) -> Result<Self> {
        let port = browser.devtools_port()?;
        let targets: Vec<Value> = http::get_json(&format!("http://127.0.0.1:{port}/json/list"), None).await?;
        let text = |target: &Value, name: &str| target.get(name).and_then(Value::as_str).map(str::to_owned);
        let target = targets.iter().find(|target| {
            text(target, "type").as_deref() == Some(kind)
                && text(target, "url").is_some_and(|at| at.contains(url))
        });
        let target = target.with_context(|| format!("no {kind} at {url} among {targets:?}"))?;
        let address = text(target, "webSocketDebuggerUrl").context("the target has a debugger already")?;
        let config = WebSocketConfig::default().max_message_size(None).max_frame_size(None);
        let (socket, _) = connect_async_with_config(&address, Some(config), true).await?;
        Ok(Cdp { socket, last_id: 0, events: Vec::new() })
    }

    /// Sends a command and gives its result. Events that arrive meanwhile are kept.
    pub async fn send(&mut self, method: &str, parameters: Value) -> Result<Value> {
        self.last_id += 1;
        let id = self.last_id;
        let text = json!({ "id": id, "method": method, "params": parameters }).to_string();
        self.socket.send(Message::text(text)).await?;
        loop {
            let message = self.socket.next().await.context("the DevTools connection ended")??;
            let Message::Text(text) = message else { continue };
            let value: Value = serde_json::from_str(&text)?;
            if value.get("id").and_then(Value::as_u64) != Some(id) {
                self.events.push(value);
                continue;
            }
            if let Some(error) = value.get("error") {
                bail!("{method}: {error}");
            }
            return Ok(value.get("result").cloned().unwrap_or(Value::Null));
        }
    }

    /// Takes the events of one kind that have arrived: their parameters.
    pub fn take_events(&mut self, method: &str) -> Vec<Value> {
        let (taken, kept): (Vec<Value>, Vec<Value>) = self
            .events
            .drain(..)
            .partition(|event| event.get("method").and_then(Value::as_str) == Some(method));
        self.events = kept;
        taken.into_iter().filter_map(|mut event| event.get_mut("params").map(Value::take)).collect()
    }

    /// Evaluates an expression, a promise is awaited; gives its value.
    pub async fn evaluate(&mut self, expression: &str) -> Result<Value> {
        let answer = self
            .send(
                "Runtime.evaluate",
                json!({ "expression": expression, "awaitPromise": true, "returnByValue": true }),
            )
            .await?;
        if let Some(thrown) = answer.get("exceptionDetails") {
            bail!("in the target: {thrown}");
        }
        Ok(answer.pointer("/result/value").cloned().unwrap_or(Value::Null))
    }

    /// Whether the browser says that there is a network (`navigator.onLine` and its events).
    pub async fn set_online(&mut self, online: bool) -> Result<()> {
        self.send("Network.enable", json!({})).await?;
        let conditions =
            json!({ "offline": !online, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1 });
        self.send("Network.emulateNetworkConditions", conditions).await?;
        Ok(())
    }

    /// A snapshot of the target's JavaScript heap: its JSON, every string included.
    pub async fn heap_snapshot(&mut self) -> Result<Vec<u8>> {
        self.send("HeapProfiler.enable", json!({})).await?;
        let parameters = json!({ "reportProgress": false, "captureNumericValue": true });
        self.send("HeapProfiler.takeHeapSnapshot", parameters).await?;
        let mut snapshot = Vec::new();
        for event in self.take_events("HeapProfiler.addHeapSnapshotChunk") {
            let chunk = event.get("chunk").and_then(Value::as_str).context("a chunk without text")?;
            snapshot.extend_from_slice(chunk.as_bytes());
        }
        Ok(snapshot)
    }

    /// The bytes of every WebAssembly memory of the target, and of every buffer that an object of it holds as a
    /// property, one after the other.
    pub async fn buffers(&mut self) -> Result<Vec<u8>> {
        // Chromium's search by prototype does not give buffers themselves, only what holds them.
        let prototype = self.object("Runtime.evaluate", json!({ "expression": "Object.prototype" })).await?;
        let queried = self.send("Runtime.queryObjects", json!({ "prototypeObjectId": prototype })).await?;
        let all = queried.pointer("/objects/objectId").and_then(Value::as_str).context("no objects")?;
        let called = self
            .send(
                "Runtime.callFunctionOn",
                json!({ "functionDeclaration": BUFFERS, "objectId": all, "returnByValue": true }),
            )
            .await?;
        let text = called.pointer("/result/value").and_then(Value::as_str);
        Ok(hex::decode(text.with_context(|| format!("no bytes: {called}"))?)?)
    }

    async fn object(&mut self, method: &str, parameters: Value) -> Result<String> {
        let answer = self.send(method, parameters).await?;
        let id = answer.pointer("/result/objectId").and_then(Value::as_str);
        id.map(str::to_owned).with_context(|| format!("{method} gave no object: {answer}"))
    }
}
