//! A network that can fail: an HTTP proxy in front of the gateway with faults that are switched while it runs.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, header};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

use crate::http::{self, HttpClient};
use crate::processes;

/// What goes wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The request is held back this long.
    Delay(Duration),
    /// Nothing is ever answered and nothing is passed on.
    Stall,
    /// The request is passed on; the connection then breaks in the middle of the answer.
    DropAnswer,
    /// The request never arrives: the connection breaks.
    DropRequest,
    /// The request is passed on twice, at the same time; the first answer is given.
    Duplicate,
    /// A captive portal: 200 with a page.
    Portal,
    /// 503 with `Retry-After`, seconds.
    Unavailable(u32),
    /// This status in the gateway's place, with `Retry-After`, seconds.
    Status(u16, Option<u32>),
}

#[derive(Debug)]
struct Rule {
    path: String,
    fault: Fault,
    times_left: u32,
}

#[derive(Debug, Default)]
struct State {
    rules: Vec<Rule>,
    seen: Vec<String>,
    bodies: Vec<(String, Bytes)>,
}

/// A text that ends in `$` is the path's end; any other may be anywhere in it.
fn fits(text: &str, path: &str) -> bool {
    match text.strip_suffix('$') {
        Some(end) => path.ends_with(end),
        None => path.contains(text),
    }
}

/// The proxy. Its rules apply to requests whose path holds a text.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    upstream: SocketAddr,
    state: Arc<Mutex<State>>,
    serving: Option<JoinHandle<()>>,
    keep_alive: bool,
}

impl Proxy {
    /// A proxy in front of a loopback port, without faults. It uses no connection twice: a browser sends a request
    /// again by itself when a connection that it reused breaks, and a test would not see the loss.
    pub async fn start(upstream_port: u16) -> Result<Self> {
        Self::start_with(upstream_port, false).await
    }

    /// The same, with connections that are used again, as on a good network.
    pub async fn start_with(upstream_port: u16, keep_alive: bool) -> Result<Self> {
        let mut proxy = Proxy {
            port: processes::free_port()?,
            upstream: SocketAddr::from(([127, 0, 0, 1], upstream_port)),
            state: Arc::default(),
            serving: None,
            keep_alive,
        };
        proxy.accept().await?;
        Ok(proxy)
    }

    /// Its address, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// From now on connections are refused and those there are end.
    pub fn refuse(&mut self) {
        if let Some(serving) = self.serving.take() {
            serving.abort();
        }
    }

    /// From now on connections are accepted again.
    pub async fn accept(&mut self) -> Result<()> {
        let address = SocketAddr::from(([127, 0, 0, 1], self.port));
        // The port is free a moment after `refuse`: the aborted task has yet to drop its listener.
        let listener = crate::poll::until("the proxy's port", Duration::from_secs(5), async || {
            Ok(Some(TcpListener::bind(address).await?))
        })
        .await
        .with_context(|| address.to_string())?;
        self.serving =
            Some(tokio::spawn(serve(listener, self.upstream, self.keep_alive, self.state.clone())));
        Ok(())
    }

    /// Requests whose path holds `path` (ends in it, where that ends in `$`) meet `fault`, the next `times` times. The
    /// oldest rule that fits applies. What a browser asks first of another origin (`OPTIONS`) meets none.
    pub fn fault(&self, path: &str, fault: Fault, times: u32) {
        self.state().rules.push(Rule { path: path.to_owned(), fault, times_left: times });
    }

    /// No more faults.
    pub fn heal(&self) {
        self.state().rules.clear();
    }

    /// How many requests have come whose path holds `path` (ends in it, where that ends in `$`), but for `OPTIONS`.
    pub fn seen(&self, path: &str) -> usize {
        self.state().seen.iter().filter(|seen| fits(path, seen)).count()
    }

    /// The bodies of the requests with `path` in their path that were passed on, in order.
    pub fn bodies(&self, path: &str) -> Vec<Bytes> {
        let state = self.state();
        state.bodies.iter().filter(|(seen, _)| seen.contains(path)).map(|(_, body)| body.clone()).collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.refuse();
    }
}

/// Accepts until it is aborted; the connections end with it.
async fn serve(listener: TcpListener, upstream: SocketAddr, keep_alive: bool, state: Arc<Mutex<State>>) {
    let client = http::client();
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        connections.spawn(connection(stream, client.clone(), upstream, keep_alive, state.clone()));
    }
}

async fn connection(
    stream: TcpStream,
    client: HttpClient,
    upstream: SocketAddr,
    keep_alive: bool,
    state: Arc<Mutex<State>>,
) {
    let service = service_fn(|request| {
        let (client, state) = (client.clone(), state.clone());
        async move { answer(request, &client, upstream, &state).await }
    });
    let mut server = hyper::server::conn::http1::Builder::new();
    server.keep_alive(keep_alive).serve_connection(TokioIo::new(stream), service).await.ok();
}

type Body = UnsyncBoxBody<Bytes, Break>;

/// Ends the connection.
#[derive(Debug)]
struct Break;

impl std::fmt::Display for Break {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the connection breaks here")
    }
}

impl std::error::Error for Break {}

async fn answer(
    request: Request<Incoming>,
    client: &HttpClient,
    upstream: SocketAddr,
    state: &Mutex<State>,
) -> Result<Response<Body>, Break> {
    let fault = {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        let path = request.uri().path().to_owned();
        let asks_first = request.method() == Method::OPTIONS;
        let rule =
            state.rules.iter_mut().find(|rule| !asks_first && rule.times_left > 0 && fits(&rule.path, &path));
        let fault = rule.map(|rule| {
            rule.times_left -= 1;
            rule.fault.clone()
        });
        if !asks_first {
            state.seen.push(path);
        }
        fault
    };
    match fault {
        None => pass_on(request, client, upstream, 1, state).await,
        Some(Fault::Delay(time)) => {
            tokio::time::sleep(time).await;
            pass_on(request, client, upstream, 1, state).await
        }
        Some(Fault::Stall) => {
            let never: Infallible = std::future::pending().await;
            match never {}
        }
        Some(Fault::DropAnswer) => {
            let (parts, body) = pass_on(request, client, upstream, 1, state).await?.into_parts();
            let body = body.collect().await?.to_bytes();
            // The head arrives, so that no browser takes the connection for a stale one and sends again by itself.
            let half = body.slice(..body.len() / 2);
            let frames = futures::stream::iter([Ok(Frame::data(half)), Err(Break)]);
            Ok(Response::from_parts(parts, StreamBody::new(frames).boxed_unsync()))
        }
        Some(Fault::DropRequest) => Err(Break),
        Some(Fault::Duplicate) => pass_on(request, client, upstream, 2, state).await,
        Some(Fault::Portal) => {
            Ok(page(StatusCode::OK, "<!doctype html><title>Sign in</title><p>Welcome to the WiFi"))
        }
        Some(Fault::Unavailable(seconds)) => Ok(refusal(StatusCode::SERVICE_UNAVAILABLE, Some(seconds))),
        Some(Fault::Status(status, seconds)) => {
            Ok(refusal(StatusCode::from_u16(status).map_err(|_| Break)?, seconds))
        }
    }
}

fn page(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = Response::new(whole(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/html"));
    response
}

/// An answer in the gateway's place, which a page of another origin may read as it may the gateway's.
fn refusal(status: StatusCode, retry_after_s: Option<u32>) -> Response<Body> {
    let mut response = page(status, "busy");
    let headers = response.headers_mut();
    if let Some(seconds) = retry_after_s {
        headers.insert(header::RETRY_AFTER, seconds.into());
    }
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, header::HeaderValue::from_static("*"));
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, header::HeaderValue::from_static("retry-after"));
    response
}

fn whole(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}

/// Sends the request to the gateway `copies` times at once and gives the first answer.
async fn pass_on(
    request: Request<Incoming>,
    client: &HttpClient,
    upstream: SocketAddr,
    copies: usize,
    state: &Mutex<State>,
) -> Result<Response<Body>, Break> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map_err(|_| Break)?.to_bytes();
    if !body.is_empty() {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        state.bodies.push((parts.uri.path().to_owned(), body.clone()));
    }
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    let send = || {
        let mut copy =
            Request::builder().method(parts.method.clone()).uri(format!("http://{upstream}{path}"));
        for (name, value) in &parts.headers {
            copy = copy.header(name, value);
        }
        let copy = copy.body(Full::new(body.clone()));
        async {
            let answer = client.request(copy.map_err(|_| Break)?).await.map_err(|_| Break)?;
            let (mut parts, body) = answer.into_parts();
            let body = body.collect().await.map_err(|_| Break)?.to_bytes();
            parts.headers.remove(header::TRANSFER_ENCODING);
            parts.headers.remove(header::CONNECTION);
            Ok(Response::from_parts(parts, whole(body)))
        }
    };
    let answers = futures::future::join_all((0..copies).map(|_| send())).await;
    answers.into_iter().next().unwrap_or(Err(Break))
}
