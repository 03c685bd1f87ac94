//! `tillandsia-gateway`: the command.

use std::ffi::OsString;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use lexopt::prelude::{Long, Short, ValueExt};
use tillandsia_gateway::directory::Directory;
use tillandsia_gateway::ids::OsIds;
use tillandsia_gateway::routes::RouterOptions;
use tillandsia_gateway::server::{self, DataDirectory, Options};

const HELP: &str = "\
The server that stored payments are forwarded to. Its acquirer is a sandbox: it moves no money.

Usage: tillandsia-gateway --data DIR [options]

  --data DIR          where the database is; made where it is missing
  --listen ADDRESS    where to listen [127.0.0.1:8080]
  --site DIR          serve the till in this folder
  --demo              serve a demo shop: anybody may sell there, secret key sk_test_demo
  --delay-ms N        answer each request so much later (with --demo only)
  --new-account       make a test account, print its name and secret key, and end
  --help
";

/// What the command is asked to do.
enum Command {
    Help,
    NewAccount(PathBuf),
    Run(Options),
}

fn main() -> ExitCode {
    let command = match parse(std::env::args_os().skip(1)) {
        Ok(command) => command,
        Err(error) => return fail(&format!("{error}; see --help")),
    };
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.to_string()),
    };
    let done = match command {
        Command::Help => print(HELP).map_err(|error| error.to_string()),
        Command::NewAccount(data) => runtime.block_on(new_account(data)),
        Command::Run(options) => runtime.block_on(run(options)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => fail(&message),
    }
}

fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Command, lexopt::Error> {
    let mut listen = SocketAddr::from(([127, 0, 0, 1], 8080));
    let mut data: Option<PathBuf> = None;
    let mut routes = RouterOptions::default();
    let mut is_new_account = false;
    let mut parser = lexopt::Parser::from_args(arguments);
    while let Some(argument) = parser.next()? {
        match argument {
            Long("listen") => listen = parser.value()?.parse()?,
            Long("data") => data = Some(parser.value()?.into()),
            Long("site") => routes.site = Some(parser.value()?.into()),
            Long("demo") => routes.demo = true,
            Long("delay-ms") => routes.delay_ms = parser.value()?.parse()?,
            Long("new-account") => is_new_account = true,
            Long("help") | Short('h') => return Ok(Command::Help),
            other => return Err(other.unexpected()),
        }
    }
    let data = data.ok_or("--data DIR is needed")?;
    if routes.delay_ms > 0 && !routes.demo {
        return Err("--delay-ms goes with --demo only".into());
    }
    if is_new_account {
        return Ok(Command::NewAccount(data));
    }
    Ok(Command::Run(Options { listen, data, routes }))
}

async fn run(options: Options) -> Result<(), String> {
    start_logging();
    let listening = |address: SocketAddr| {
        // Whoever started it may not be reading any more; that is no reason to stop.
        let _ = print(&format!("listening on http://{address}\n"));
    };
    server::run(options, listening, stop_signal()).await.map_err(|error| error.to_string())
}

async fn new_account(data: PathBuf) -> Result<(), String> {
    let directory = DataDirectory::take(&data).map_err(|error| error.to_string())?;
    let database = directory.database().await.map_err(|error| error.to_string())?;
    let made = Directory::new(database.clone()).create_account(&OsIds).await;
    let (account, secret_key) = made.map_err(|refusal| refusal.error.message)?;
    database.close().await;
    print(&format!("{} {secret_key}\n", account.id)).map_err(|error| error.to_string())
}

fn start_logging() {
    let filter = tracing_subscriber::EnvFilter::new("info");
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false).init();
}

/// Completes on SIGTERM or SIGINT.
async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        tracing::warn!("signals cannot be heard; kill the process to stop it");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

fn print(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

fn fail(message: &str) -> ExitCode {
    let line = message.split_whitespace().collect::<Vec<_>>().join(" ");
    let _ = writeln!(std::io::stderr(), "tillandsia-gateway: {line}");
    ExitCode::FAILURE
}
