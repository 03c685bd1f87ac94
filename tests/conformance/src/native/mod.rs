//! The rows' world in this process.

mod clock;
mod gateway;
mod reader;
mod tab;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::{pending, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use anyhow::{Context as _, Result, anyhow, bail};
use futures::future::{Either, select};
use serde_json::{Value, json};
use tillandsia_core::forwarder::Mode;
use tillandsia_core::ids::OfflineId;
use tillandsia_core::offline::{NetworkStatus, StorageFacts};
use tillandsia_core::ports::{Entropy, Store};
use tillandsia_core::testing::{MemoryStore, MemoryVault, SeededEntropy};
use tillandsia_core::wire::CreatePayment;
use tillandsia_sdk::api::{ErrorJson, PromptJson, ToPlain, from_json, to_json};

use crate::rig::{Answer, Control, Failure, Fate, Hand, Look, Place, Request, Rig, Step};
use crate::world::offline_part;
use clock::VirtualClock;
use gateway::Server;
use reader::Wire;
use tab::{Channel, Tab, World};

/// A moment, milliseconds.
const MOMENT_MS: u64 = 500;
/// Ten minutes: twice the longest backoff.
const MOMENTS_MAX: usize = 1_200;

/// The world in this process.
#[derive(Default)]
pub struct NativeRig {
    world: RefCell<Option<Rc<World>>>,
    tabs: RefCell<BTreeMap<usize, Rc<Tab>>>,
    wires: RefCell<BTreeMap<usize, Rc<Wire>>>,
    rows: Cell<u64>,
}

fn answer<T: ToPlain>(answer: Result<T, ErrorJson>) -> Answer {
    told(answer.map(|value| to_json(&value)))
}

fn told(answer: Result<Value, ErrorJson>) -> Answer {
    answer.map_err(|error| Failure::of(&to_json(&error)))
}

fn named(payment: &Value) -> String {
    let id = payment.get("offlineId").unwrap_or(payment);
    id.as_str().unwrap_or_default().to_owned()
}

impl NativeRig {
    fn world(&self) -> Result<Rc<World>> {
        self.world.borrow().clone().context("begin first")
    }

    fn tab(&self, tab: usize) -> Result<Rc<Tab>> {
        self.tabs.borrow().get(&tab).cloned().with_context(|| format!("tab {tab} is not open"))
    }

    async fn settle_all(&self) -> Result<()> {
        let tabs: Vec<Rc<Tab>> = self.tabs.borrow().values().cloned().collect();
        for tab in tabs {
            tab.settle().await?;
        }
        Ok(())
    }

    async fn collect_with(
        &self,
        tab: &Tab,
        payment: &Value,
        options: Value,
        hand: Hand,
    ) -> Result<(Answer, Option<Answer>)> {
        let world = self.world()?;
        let (asked, canceled) = (Cell::new(false), Cell::new(false));
        let prompt = |prompt: PromptJson| match prompt {
            PromptJson::Input(ways) => {
                tab.heard.note("readerinput", json!({ "inputs": ways }));
                asked.set(true);
            }
            PromptJson::Message(name) => tab.heard.note("readermessage", json!({ "message": name })),
        };
        let stop = poll_fn(|_| if canceled.get() { Poll::Ready(()) } else { Poll::Pending });
        let options = from_json(&options).map_err(|error| anyhow!("{error:?}"))?;
        let ended = Cell::new(false);
        let collecting = async {
            let collected = tab.api.collect_payment_method(&named(payment), options, &prompt, stop).await;
            ended.set(true);
            collected
        };
        let hand_moves = async {
            poll_fn(|_| if asked.get() || ended.get() { Poll::Ready(()) } else { Poll::Pending }).await;
            if !asked.get() {
                return Ok(None);
            }
            match hand {
                Hand::Present(profile) => tab.wire.present(profile)?,
                Hand::Faulty(profile, fault) => {
                    tab.wire.inject(fault)?;
                    tab.wire.present(profile)?;
                }
                Hand::CutAndPresent(profile) => {
                    world.server.down.set(true);
                    tab.wire.present(profile)?;
                }
                Hand::Cancel => canceled.set(true),
                Hand::Unplug => tab.wire.unplug(),
                Hand::Nobody => {}
                Hand::CallThenCancel(method, arguments) => {
                    let meanwhile = self.call_in(tab, method, arguments).await;
                    canceled.set(true);
                    return Ok(Some(meanwhile));
                }
            }
            Ok::<_, anyhow::Error>(None)
        };
        let (collected, meanwhile) = futures::join!(collecting, hand_moves);
        Ok((answer(collected), meanwhile?))
    }

    async fn call_in(&self, tab: &Tab, method: &str, arguments: Value) -> Answer {
        match method {
            "collectPaymentMethod" => {
                let id = named(arguments.get(0).unwrap_or(&Value::Null));
                answer(tab.api.collect_payment_method(&id, <_>::default(), &|_| {}, pending()).await)
            }
            "connectReader" => {
                let world = Rc::clone(tab.world());
                let another = Wire::new(&world.clock, u64::MAX);
                answer(tab.api.connect_reader(another.reader(|| {}), pending()).await)
            }
            "forwardNow" => {
                tab.forward_now();
                Ok(Value::Null)
            }
            "checkReadiness" => answer(tab.api.check_readiness(tab.world().storage.get()).await),
            _ => told(tab.api.call(method, arguments).await),
        }
    }

    async fn change(&self, control: Control) -> Result<()> {
        let world = self.world()?;
        let server = &world.server;
        match control {
            Control::Network(up) => {
                server.down.set(!up);
                let tabs: Vec<Rc<Tab>> = self.tabs.borrow().values().cloned().collect();
                for tab in tabs {
                    tab.browser_says(up);
                    tab.settle().await?;
                    let wanted = if up { NetworkStatus::Online } else { NetworkStatus::Offline };
                    let status = tab.api.terminal().network_status();
                    anyhow::ensure!(status == wanted, "the till says {status:?}");
                }
            }
            Control::Cut => server.down.set(true),
            Control::Mend => server.down.set(false),
            Control::BrowserSays(online) => {
                let tabs: Vec<Rc<Tab>> = self.tabs.borrow().values().cloned().collect();
                for tab in tabs {
                    tab.browser_says(online);
                    tab.settle().await?;
                }
            }
            Control::Fault(request, fate, times) => server.faults.borrow_mut().push((request, fate, times)),
            Control::Heal => server.faults.borrow_mut().clear(),
            Control::Configure(offline) => *server.offline.borrow_mut() = serde_json::from_value(offline)?,
            Control::ConfigureAccount(_) => bail!("there is one configuration"),
            Control::Country(country) => server.country.set(country),
            Control::SwitchAccount(account) => {
                server.account.set(account);
                server.faults.borrow_mut().push((Request::Forward, Fate::SessionEnded, 1));
            }
            Control::Tokens(given) => server.tokens.set(given),
            Control::Advance(ms) => world.clock.advance_ms(ms),
            Control::AppTakes(takes) => world.app_takes.set(takes),
            Control::AppListens(_) => bail!("listeners are the page's"),
            Control::Occupy(offline_id) => self.occupy(&world, offline_id).await?,
            Control::BreakStorage => world.store.set_down(true),
            Control::DiskFull(full) => world.store.limit_rows(full.then_some(0)),
            Control::Storage(persisted, free_bytes) => {
                world.storage.set(StorageFacts { persisted, free_bytes })
            }
            Control::Freeze(tab) => {
                self.close_forwarding(&world, tab).await?;
                world.frozen.set(true);
            }
            Control::Close(tab) => self.close_forwarding(&world, tab).await?,
            Control::Leave(tab) => drop(self.tabs.borrow_mut().remove(&tab).context("it is not open")?),
            Control::BreakKey => world.vault.set_unavailable(true),
            Control::Firmware(firmware) => {
                for wire in self.wires.borrow().values() {
                    wire.set_firmware(firmware);
                }
            }
        }
        Ok(())
    }

    async fn see(&self, look: Look) -> Result<Value> {
        let world = self.world()?;
        let server = &world.server;
        match look {
            Look::Charges => {
                let page = server.ledger.charges(&server.account_now(), 100, None, None).await;
                Ok(serde_json::to_value(page.map_err(|refusal| anyhow!("{refusal:?}"))?.data)?)
            }
            Look::PaymentIntents => {
                let page = server.ledger.payment_intents(&server.account_now(), 100, None).await;
                Ok(serde_json::to_value(page.map_err(|refusal| anyhow!("{refusal:?}"))?.data)?)
            }
            Look::Sent(kind) => Ok(json!(server.sent.borrow().iter().filter(|sent| **sent == kind).count())),
            Look::Batches => Ok(json!(*server.batches.borrow())),
            Look::BytesKept(offline_id) => {
                let id: OfflineId = offline_id.parse().map_err(|error| anyhow!("{error:?}"))?;
                let row = world.store.payment(id).await?.context("no such row")?;
                Ok(json!(row.sealed.ciphertext.len()))
            }
        }
    }

    /// The tab ends in the middle of a request.
    async fn close_forwarding(&self, world: &World, tab: usize) -> Result<()> {
        let closed = self.tab(tab)?;
        self.tabs.borrow_mut().remove(&tab);
        world.server.faults.borrow_mut().insert(0, (Request::Forward, Fate::Stalled, 1));
        let forwarding = pin!(closed.api.terminal().forward(Mode::All, true));
        let stalled = poll_fn(|_| if world.server.stalled.get() { Poll::Ready(()) } else { Poll::Pending });
        match select(forwarding, stalled).await {
            Either::Left((ended, _)) => bail!("it was to hang, and ended: {ended:?}"),
            Either::Right(_) => closed.tell_others(),
        }
        Ok(())
    }

    async fn occupy(&self, world: &World, offline_id: String) -> Result<()> {
        let request = CreatePayment {
            offline_id,
            amount: 1,
            currency: "usd".into(),
            capture_method: "automatic".into(),
            metadata: BTreeMap::new(),
            description: None,
            receipt_email: None,
            created_at: world.clock.gateway_seconds(),
        };
        let account = world.server.account_now();
        let made = world.server.ledger.create(world.clock.gateway_seconds(), &account, &request).await;
        made.map(drop).map_err(|refusal| anyhow!("{refusal:?}"))
    }
}

impl Rig for NativeRig {
    fn place(&self) -> Place {
        Place::Native
    }

    fn begin(&self) -> Step<'_, ()> {
        Box::pin(async {
            self.tabs.borrow_mut().clear();
            self.wires.borrow_mut().clear();
            self.rows.set(self.rows.get() + 1);
            let clock = VirtualClock::new();
            let server = Rc::new(Server::new(clock.clone()));
            *server.offline.borrow_mut() = serde_json::from_value(offline_part())?;
            let world = World {
                server,
                store: MemoryStore::default(),
                vault: MemoryVault::default(),
                clock,
                entropy: SeededEntropy::new(self.rows.get()),
                app_takes: Rc::new(Cell::new(true)),
                frozen: Cell::new(false),
                storage: Cell::default(),
                channel: Channel::default(),
            };
            self.world.replace(Some(Rc::new(world)));
            Ok(())
        })
    }

    fn open(&self, tab: usize, listens: bool) -> Step<'_, ()> {
        Box::pin(async move {
            let world = self.world()?;
            self.tabs.borrow_mut().remove(&tab);
            let wire = Rc::clone(self.wires.borrow_mut().entry(tab).or_insert_with(|| {
                let mut number = [0; 8];
                world.entropy.fill(&mut number);
                Wire::new(&world.clock, u64::from_be_bytes(number))
            }));
            let delivers = self.tabs.borrow().is_empty();
            let opened = Tab::open(&world, wire, listens, delivers).await?;
            self.tabs.borrow_mut().insert(tab, Rc::new(opened));
            Ok(())
        })
    }

    fn connect(&self, tab: usize) -> Step<'_, Answer> {
        Box::pin(async move {
            let tab = self.tab(tab)?;
            let connected = tab.api.connect_reader(tab.reader(), pending()).await;
            tab.tell_others();
            tab.settle().await?;
            Ok(answer(connected))
        })
    }

    fn call<'a>(&'a self, tab: usize, method: &'a str, arguments: Value) -> Step<'a, Answer> {
        Box::pin(async move {
            let tab = self.tab(tab)?;
            // No two calls are in the same millisecond.
            self.world()?.clock.pass_ms(1);
            let called = self.call_in(&tab, method, arguments).await;
            tab.tell_others();
            self.settle_all().await?;
            Ok(called)
        })
    }

    fn collect(
        &self,
        tab: usize,
        payment: Value,
        options: Value,
        hand: Hand,
    ) -> Step<'_, (Answer, Option<Answer>)> {
        Box::pin(async move {
            let tab = self.tab(tab)?;
            let collected = self.collect_with(&tab, &payment, options, hand).await?;
            tab.tell_others();
            self.settle_all().await?;
            Ok(collected)
        })
    }

    fn events(&self, tab: usize) -> Step<'_, Vec<Value>> {
        Box::pin(async move { Ok(self.tab(tab)?.heard.so_far()) })
    }

    fn control(&self, control: Control) -> Step<'_, ()> {
        Box::pin(self.change(control))
    }

    fn look(&self, look: Look) -> Step<'_, Value> {
        Box::pin(self.see(look))
    }

    fn moment(&self) -> Step<'_, ()> {
        Box::pin(async {
            self.world()?.clock.pass_ms(MOMENT_MS);
            if self.tabs.borrow().is_empty() {
                bail!("no till is open");
            }
            self.settle_all().await
        })
    }

    fn moments_max(&self) -> usize {
        MOMENTS_MAX
    }
}
