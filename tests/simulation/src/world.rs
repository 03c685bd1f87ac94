//! One device, its network, its gateway, and the environment that breaks them.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use tillandsia_core::ports::Store;
use tillandsia_core::testing::{MemoryStore, MemoryVault};

use crate::acquirer::Bank;
use crate::check::Watch;
use crate::device::{Lock, tab, worker};
use crate::executor::{ENVIRONMENT, GATEWAY, Process, Sim};
use crate::faults::Faults;
use crate::network::{Network, Server};

/// The worker's process; tabs follow it.
const WORKER: Process = Process(2);
const FIRST_TAB: u32 = 3;
/// How long things may go wrong.
const STORM_MS: u64 = 4 * 60 * 60 * 1000;
/// The latest a doubled request arrives, and some more.
const LATE_MS: u64 = 11 * 60 * 1000;
/// How long everything may take once nothing goes wrong any more: the longest backoff, lease and doubled request.
const CALM_MS: u64 = 60 * 60 * 1000;

/// Everything.
pub struct World {
    /// Tasks and time.
    pub sim: Sim,
    /// The device's disk.
    pub store: MemoryStore,
    /// The device's key.
    pub vault: MemoryVault,
    /// The browser's forwarding lock.
    pub lock: Rc<Lock>,
    /// The way to the gateway.
    pub network: Rc<Network>,
    /// The gateway.
    pub server: Rc<Server>,
    /// The acquirer.
    pub bank: Bank,
    /// What persons saw.
    pub watch: Rc<Watch>,
    faults: Cell<Faults>,
    sales_left: Cell<u32>,
    crashes: Cell<u32>,
    to_restart: RefCell<Vec<(u64, Process)>>,
}

impl World {
    /// A world that has not begun.
    pub fn new(seed: u64, faults: Faults) -> Rc<Self> {
        let sim = Sim::new(seed);
        let bank = Bank::new(sim.time().clone(), seed, faults.acquirer_silent);
        let server = Rc::new(Server::new(sim.clone(), bank.clone()));
        let network = Rc::new(Network::new(sim.clone(), server.clone(), faults));
        sim.note(format!("seed {seed}: {faults:?}"));
        Rc::new(World {
            sim,
            store: MemoryStore::default(),
            vault: MemoryVault::default(),
            lock: Rc::new(Lock::default()),
            network,
            server,
            bank,
            watch: Rc::new(Watch::default()),
            faults: Cell::new(faults),
            sales_left: Cell::new(faults.sales),
            crashes: Cell::new(0),
            to_restart: RefCell::default(),
        })
    }

    /// The faults of now.
    pub fn faults(&self) -> Faults {
        self.faults.get()
    }

    /// How many processes ended.
    pub fn crashes(&self) -> u32 {
        self.crashes.get()
    }

    /// Whether there is a further customer.
    pub fn takes_a_sale(&self) -> bool {
        let left = self.sales_left.get();
        self.sales_left.set(left.saturating_sub(1));
        left > 0
    }

    /// Ends a tab or the worker, and starts it again after a while.
    pub fn restart(&self, process: Process) {
        self.sim.kill(process);
        let at = self.sim.time().now_ms() + self.sim.pick(30_000);
        self.to_restart.borrow_mut().push((at, process));
    }

    /// Runs the storm, then the calm.
    pub fn live(self: &Rc<Self>) {
        self.sim.spawn(WORKER, worker(self.clone(), WORKER));
        for number in 0..self.faults().tabs {
            let process = Process(FIRST_TAB + number);
            self.sim.spawn(process, tab(self.clone(), process));
        }
        self.sim.spawn(ENVIRONMENT, weather(self.clone()));
        self.sim.spawn(ENVIRONMENT, doctor(self.clone()));
        let start = self.sim.time().now_ms();
        let sold_out = || self.sales_left.get() == 0 && self.sim.time().now_ms() > start + 600_000;
        self.sim.run(start + STORM_MS, sold_out, |process| self.maybe_crash(process));
        self.calm();
        let calm = self.sim.time().now_ms();
        let settled = || self.sim.time().now_ms() > calm + LATE_MS && self.is_settled();
        self.sim.run(calm + CALM_MS, settled, |_| {});
    }

    /// Whether everything is finished and told.
    fn is_settled(&self) -> bool {
        let rows = futures::executor::block_on(self.store.newest(None, usize::MAX)).unwrap_or_default();
        rows.iter().all(|row| row.queue.is_none() && !row.unacknowledged)
    }

    fn calm(&self) {
        self.sim.note("from here on nothing goes wrong");
        let calm = self.faults().none();
        self.faults.set(calm);
        self.network.set_faults(calm);
        self.network.set_down(false);
        self.bank.calm();
    }

    fn maybe_crash(&self, process: Process) {
        let faults = self.faults();
        match process {
            ENVIRONMENT => {}
            GATEWAY => {
                if self.sim.chance(faults.gateway_crash) {
                    self.crashes.set(self.crashes.get() + 1);
                    self.server.restart();
                }
            }
            device => {
                if self.sim.chance(faults.device_crash) {
                    self.crashes.set(self.crashes.get() + 1);
                    self.sim.note(format!("process {}: ended", device.0));
                    self.restart(device);
                }
            }
        }
    }
}

/// Cuts the network and mends it.
async fn weather(world: Rc<World>) {
    loop {
        world.sim.pause(120_000).await;
        let down = world.sim.chance(world.faults().outage);
        world.network.set_down(down);
        if down {
            world.sim.note("network: down");
            world.sim.pause(1_200_000).await;
            world.network.set_down(false);
            world.sim.note("network: up");
        }
    }
}

/// Starts again what ended.
async fn doctor(world: Rc<World>) {
    loop {
        world.sim.time().sleep_ms(1_000).await;
        let now = world.sim.time().now_ms();
        let (due, later) =
            std::mem::take(&mut *world.to_restart.borrow_mut()).into_iter().partition(|(at, _)| *at <= now);
        *world.to_restart.borrow_mut() = later;
        let due: Vec<(u64, Process)> = due;
        for (_, process) in due {
            world.sim.note(format!("process {}: started again", process.0));
            if process == WORKER {
                world.sim.spawn(process, worker(world.clone(), process));
            } else {
                world.sim.spawn(process, tab(world.clone(), process));
            }
        }
    }
}
