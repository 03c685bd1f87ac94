//! The command itself: killed, started again, and misused.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sqlx::{Connection as _, SqliteConnection};
use tillandsia_gateway::acquirer::{
    Account, Acquirer, AcquirerError, AuthoriseRequest, CaptureRequest, Captured, CardFacts, Outcome,
    VoidRequest,
};
use tillandsia_gateway::server;
use tillandsia_gateway::sqlite::Database;

use super::card::{NOW, Sale, sale};

/// An acquirer whose answer never arrives.
struct Deaf<A>(A);

impl<A: Acquirer> Acquirer for Deaf<A> {
    async fn authorise(&self, request: AuthoriseRequest) -> Result<Outcome, AcquirerError> {
        self.0.authorise(request).await?;
        std::future::pending().await
    }

    async fn inspect(&self, request: AuthoriseRequest) -> Result<CardFacts, AcquirerError> {
        self.0.inspect(request).await
    }

    async fn capture(&self, request: CaptureRequest) -> Result<Captured, AcquirerError> {
        self.0.capture(request).await
    }

    async fn void(&self, request: VoidRequest) -> Result<(), AcquirerError> {
        self.0.void(request).await
    }
}

#[tokio::test]
async fn a_crash_between_authorisation_and_answer_charges_once() {
    let directory = tempfile::tempdir().unwrap();
    let account = Account { id: "acct_1".to_owned(), livemode: false };
    let submission = sale(1, 1000).submission();
    let database = Database::open(directory.path()).await.unwrap();
    let dying = server::app(&database, Deaf(server::sandbox(&database)));
    let confirming = dying.ledger.confirm(NOW, &account, &submission);
    assert!(tokio::time::timeout(Duration::from_secs(2), confirming).await.is_err());
    drop(dying);
    database.close().await;

    let database = Database::open(directory.path()).await.unwrap();
    let app = server::app(&database, server::sandbox(&database));
    assert_eq!(app.ledger.recover(NOW).await, Ok(1));
    let answer = app.ledger.confirm(NOW, &account, &submission).await;
    assert_eq!((answer.status, answer.error), (200, None));
    // Had the sandbox been asked under another key, it would have refused the serial number as a replay.
    assert_eq!(app.ledger.charges(&account, 10, None, None).await.unwrap().data.len(), 1);
}

#[tokio::test]
async fn a_row_that_cannot_be_read_fails_its_own_payment_only() {
    let directory = tempfile::tempdir().unwrap();
    let account = Account { id: "acct_1".to_owned(), livemode: false };
    let database = Database::open(directory.path()).await.unwrap();
    let app = server::app(&database, server::sandbox(&database));
    let [bad, good] = [1, 2].map(|number| sale(number, 1000).submission());
    assert_eq!(app.ledger.confirm(NOW, &account, &bad).await.status, 200);
    let file = directory.path().join(tillandsia_gateway::sqlite::FILE_NAME);
    let mut raw = SqliteConnection::connect(&format!("sqlite:{}", file.display())).await.unwrap();
    sqlx::query("UPDATE payments SET answer = '{'").execute(&mut raw).await.unwrap();
    for _ in 0..2 {
        let answers = app.ledger.forward(NOW, &account, &[bad.clone(), good.clone()]).await;
        assert_eq!(answers.iter().map(|answer| answer.status).collect::<Vec<_>>(), [503, 200]);
    }
}

struct Process {
    child: Child,
    address: SocketAddr,
}

impl Process {
    fn start(data: &Path) -> Self {
        let mut child = command(data).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").unwrap().parse().unwrap();
        Process { child, address }
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    fn session(&self) -> String {
        let token = call(self.address, "POST", "/demo/connection_token", "", "").unwrap();
        let body = json!({"connection_token": token["secret"], "device_id": "d"}).to_string();
        let session = call(self.address, "POST", "/v1/terminal/sessions", "", &body).unwrap();
        session["secret"].as_str().unwrap().to_owned()
    }
}

fn command(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tillandsia-gateway"));
    command.args(["--demo", "--listen", "127.0.0.1:0", "--data"]).arg(data);
    command
}

/// One request; nothing when the connection breaks.
fn call(address: SocketAddr, method: &str, path: &str, bearer: &str, body: &str) -> Option<Value> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(20))).ok()?;
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {bearer}\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    serde_json::from_str(answer.split_once("\r\n\r\n")?.1).ok()
}

fn batch(from: u32) -> String {
    let stored = |number| Sale { stored_at: Some(NOW), ..sale(number, 1000) }.submission();
    json!({"payments": (from..from + 20).map(stored).collect::<Vec<_>>()}).to_string()
}

#[test]
fn killed_in_the_middle_of_batches_it_charges_each_once() {
    let directory = tempfile::tempdir().unwrap();
    let is_done = AtomicBool::new(false);
    for round in 0..4_u64 {
        let process = Process::start(directory.path());
        let (address, secret) = (process.address, process.session());
        std::thread::scope(|scope| {
            for from in [1, 21, 41] {
                let (secret, is_done) = (&secret, &is_done);
                scope.spawn(move || {
                    let answer = call(address, "POST", "/v1/terminal/payments/forward", secret, &batch(from));
                    is_done.fetch_or(answer.is_some(), Ordering::Relaxed);
                });
            }
            std::thread::sleep(Duration::from_millis(3 + 7 * round));
            process.kill();
        });
    }
    let process = Process::start(directory.path());
    let secret = process.session();
    for from in [1, 21, 41] {
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let answer =
                call(process.address, "POST", "/v1/terminal/payments/forward", &secret, &batch(from))
                    .unwrap();
            let results = answer["results"].as_array().unwrap().clone();
            if results.iter().all(|result| result["status"] == 200) {
                break;
            }
            // What the last run left is being taken up right now.
            assert!(
                results.iter().all(|result| result["status"] == 200 || result["status"] == 409),
                "{results:?}"
            );
            assert!(Instant::now() < deadline);
        }
    }
    let charges = call(process.address, "GET", "/v1/charges?limit=100", "sk_test_demo", "").unwrap();
    let charges = charges["data"].as_array().unwrap();
    assert_eq!(charges.len(), 60);
    assert!(charges.iter().all(|charge| charge["status"] == "succeeded" && charge["amount"] == 1000));
    process.kill();
}

fn fails(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
    text
}

#[test]
fn what_is_wrong_is_one_line() {
    let directory = tempfile::tempdir().unwrap();
    let process = Process::start(directory.path());
    let other = tempfile::tempdir().unwrap();
    let mut taken = Command::new(env!("CARGO_BIN_EXE_tillandsia-gateway"));
    taken.args(["--listen", &process.address.to_string(), "--data"]).arg(other.path());
    assert!(fails(&mut taken).contains("--listen"));
    assert!(fails(&mut command(directory.path())).contains("used by another gateway"));
    process.kill();
    let file = other.path().join("file");
    std::fs::write(&file, "").unwrap();
    assert!(fails(&mut command(&file)).contains("cannot be used"));
    assert!(fails(command(other.path()).args(["--site", "/nowhere"])).contains("--site"));
    assert!(fails(command(other.path()).arg("--surprise")).contains("--help"));
    assert!(fails(Command::new(env!("CARGO_BIN_EXE_tillandsia-gateway")).arg("--demo")).contains("--data"));
    let mut slow = Command::new(env!("CARGO_BIN_EXE_tillandsia-gateway"));
    assert!(fails(slow.args(["--delay-ms", "5", "--data", "x"])).contains("--demo"));
}

#[test]
fn new_accounts_have_a_key_of_their_own() {
    let directory = tempfile::tempdir().unwrap();
    let mut make = Command::new(env!("CARGO_BIN_EXE_tillandsia-gateway"));
    let output = make.args(["--new-account", "--data"]).arg(directory.path()).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let (account, key) = text.trim().split_once(' ').unwrap();
    assert!(account.starts_with("acct_") && key.starts_with("sk_test_"));
    let process = Process::start(directory.path());
    assert_eq!(call(process.address, "GET", "/v1/charges", key, "").unwrap()["object"], "list");
    assert!(call(process.address, "GET", "/v1/charges", "sk_test_x", "").unwrap()["error"].is_object());
    process.kill();
}

#[test]
fn a_stop_lets_requests_finish() {
    let directory = tempfile::tempdir().unwrap();
    let mut slow = command(directory.path());
    slow.args(["--delay-ms", "1500"]);
    let mut child = slow.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address: SocketAddr = line.trim().strip_prefix("listening on http://").unwrap().parse().unwrap();
    let request = std::thread::spawn(move || call(address, "GET", "/v1/probe?nonce=n", "", ""));
    std::thread::sleep(Duration::from_millis(500));
    let start = Instant::now();
    assert!(Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    assert_eq!(request.join().unwrap().unwrap()["nonce"], "n");
    assert!(child.wait().unwrap().success());
    assert!(start.elapsed() < Duration::from_secs(9));
}
