//! A gateway that runs: opens the database, listens, stops in good order.

use std::fs::File;
use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::serve::ListenerExt;
use tokio::net::TcpListener;

use crate::acquirer::Acquirer;
use crate::acquirer::sandbox::SandboxAcquirer;
use crate::acquirer::sandbox::sqlite::SqliteSandbox;
use crate::directory::Directory;
use crate::ids::OsIds;
use crate::ledger::Ledger;
use crate::ledger::sqlite::SqliteLedger;
use crate::routes::{App, RouterOptions, Services, router};
use crate::sqlite::{Database, OpenError};

/// How long requests that are under way may take when the gateway is to stop.
const STOP_TIMEOUT: Duration = Duration::from_secs(10);
/// How often payments without an outcome are taken up.
const RECOVER_INTERVAL: Duration = Duration::from_secs(60);

/// What to run.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where the database is.
    pub data: PathBuf,
    /// Which parts.
    pub routes: RouterOptions,
}

/// Why the gateway does not run. Each message is one line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {reason}; stop what uses it, or give another address with --listen")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's words.
        reason: std::io::Error,
    },
    /// The till's folder is not there.
    #[error("there is no index.html in {0}: build the till, or give its folder with --site")]
    Site(PathBuf),
    /// The database.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The demo shop cannot be written.
    #[error("the demo shop cannot be made: {0}")]
    Demo(String),
    /// The listener failed.
    #[error("the gateway stopped: {0}")]
    Serve(std::io::Error),
}

/// The data directory, held for one gateway.
#[derive(Debug)]
pub struct DataDirectory {
    path: PathBuf,
    _lock: File,
}

impl DataDirectory {
    /// Makes the directory where it is missing, and takes it. Two gateways on one ledger could charge twice.
    pub fn take(path: &Path) -> Result<Self, OpenError> {
        let failed =
            |error: std::io::Error| OpenError::Directory { path: path.to_owned(), reason: error.to_string() };
        std::fs::create_dir_all(path).map_err(failed)?;
        let lock = File::options()
            .create(true)
            .write(true)
            .truncate(false)
            .open(path.join("gateway.lock"))
            .map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(DataDirectory { path: path.to_owned(), _lock: lock }),
            Err(std::fs::TryLockError::WouldBlock) => Err(OpenError::InUse(path.to_owned())),
            Err(std::fs::TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// Opens the database in it.
    pub async fn database(&self) -> Result<Database, OpenError> {
        Database::open(&self.path).await
    }
}

/// The gateway of a database with an acquirer of one's own.
pub fn app<A: Acquirer>(database: &Database, acquirer: A) -> Arc<App<A>> {
    Arc::new(App {
        ledger: Ledger::new(SqliteLedger::new(database.clone()), acquirer, OsIds),
        services: Services {
            directory: Directory::new(database.clone()),
            ids: Arc::new(OsIds),
            now: Arc::new(unix_seconds),
        },
    })
}

/// The sandbox acquirer of a database.
pub fn sandbox(database: &Database) -> SandboxAcquirer<SqliteSandbox> {
    SandboxAcquirer::new(SqliteSandbox::new(database.clone()))
}

/// Runs the gateway with the sandbox acquirer until `stop` completes, then lets requests under way finish.
/// `listening` hears the address once connections are accepted.
pub async fn run(
    options: Options,
    listening: impl FnOnce(SocketAddr),
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), StartError> {
    let address = options.listen;
    let cannot_listen = |reason| StartError::Listen { address, reason };
    if let Some(site) = options.routes.site.as_ref().filter(|site| !site.join("index.html").is_file()) {
        return Err(StartError::Site(site.clone()));
    }
    let listener = TcpListener::bind(address).await.map_err(cannot_listen)?;
    let bound = listener.local_addr().map_err(cannot_listen)?;
    let directory = DataDirectory::take(&options.data)?;
    let database = directory.database().await?;
    let app = app(&database, sandbox(&database));
    if options.routes.demo {
        let seeded = app.services.directory.seed_demo(&OsIds).await;
        seeded.map_err(|refusal| StartError::Demo(refusal.error.message))?;
    }
    let recovering = tokio::spawn(recover(app.clone()));
    listening(bound);
    let result = serve(listener, router(app, &options.routes), stop).await;
    recovering.abort();
    database.close().await;
    result
}

async fn serve(
    listener: TcpListener,
    router: axum::Router,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<(), StartError> {
    let (stopping, stopped) = tokio::sync::oneshot::channel::<()>();
    let listener = listener.tap_io(|connection| {
        // Answers are small: waiting to fill a packet only costs time.
        if let Err(error) = connection.set_nodelay(true) {
            tracing::debug!(%error, "nodelay");
        }
    });
    let serving = axum::serve(listener, router).with_graceful_shutdown(async move {
        stop.await;
        let _ = stopping.send(());
    });
    let too_long = async move {
        // An error means that the server ended by itself; then this branch has nothing to wait for.
        match stopped.await {
            Ok(()) => tokio::time::sleep(STOP_TIMEOUT).await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        result = serving => result.map_err(StartError::Serve),
        () = too_long => {
            tracing::warn!("some requests did not finish in time; their payments are taken up at the next start");
            Ok(())
        }
    }
}

/// Takes up payments that have no outcome: at once those that a crash left, then again and again those whose
/// acquirer did not answer, in case their device does not ask any more.
async fn recover<A: Acquirer>(app: Arc<App<A>>) {
    loop {
        match app.ledger.recover((app.services.now)()).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "payments that were left got their outcome"),
            Err(error) => tracing::error!(%error, "payments that were left cannot be read"),
        }
        tokio::time::sleep(RECOVER_INTERVAL).await;
    }
}

/// The system's clock.
fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
