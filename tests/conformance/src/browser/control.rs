//! What rows change around the till, and what they look at from outside.

use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};
use tillandsia_tests::proxy::Fault;

use super::BrowserRig;
use super::shop::address;
use crate::rig::{Control, Fate, Look, Request};

impl BrowserRig {
    pub(super) async fn set_network(&self, up: bool, noticed: bool) -> Result<()> {
        if self.up.replace(up) != up {
            let mut proxy = self.proxy.lock().await;
            if up { proxy.accept().await? } else { proxy.refuse() }
        }
        if !noticed {
            return Ok(());
        }
        let wanted = if up { "online" } else { "offline" };
        self.run_in_all("await rig.browserSays(args[0], args[1])", vec![json!(up), json!(wanted)]).await
    }

    pub(super) async fn fault(&self, request: Request, fate: Fate, times: u32) {
        let fault = match fate {
            Fate::Lost => Fault::DropAnswer,
            Fate::Status(status, retry_after_s) => Fault::Status(status, retry_after_s),
            Fate::Portal => Fault::Portal,
            Fate::SessionEnded => Fault::Status(401, None),
            Fate::Stalled => Fault::Stall,
        };
        self.proxy.lock().await.fault(path_of(request), fault, times);
    }

    /// The tab's request hangs, and it ends: by itself, or after its lock was taken away, to be kept for ever.
    async fn close_forwarding(&self, tab: usize, frozen: bool) -> Result<()> {
        let path = path_of(Request::Forward);
        let before = {
            let proxy = self.proxy.lock().await;
            proxy.fault(path, Fault::Stall, 1);
            proxy.seen(path)
        };
        self.run(tab, "return await rig.call('forwardNow', [])", vec![]).await?;
        tillandsia_tests::poll::until_true("the tab to forward", Duration::from_secs(20), async || {
            Ok(self.proxy.lock().await.seen(path) > before)
        })
        .await?;
        self.run(0, "await rig.closeTab(args[0], args[1])", vec![json!(format!("tab{tab}")), json!(frozen)])
            .await?;
        self.now.borrow_mut().tabs.retain(|open| *open != tab);
        Ok(())
    }

    pub(super) async fn change(&self, control: Control) -> Result<()> {
        match control {
            Control::Network(up) => self.set_network(up, true).await?,
            Control::Cut => self.set_network(false, false).await?,
            Control::Mend => self.set_network(true, false).await?,
            Control::BrowserSays(online) => {
                self.run_in_all("await rig.browserSays(args[0])", vec![json!(online)]).await?;
            }
            Control::Fault(request, fate, times) => self.fault(request, fate, times).await,
            Control::Heal => self.proxy.lock().await.heal(),
            Control::Configure(offline) => self.configure(&offline).await?,
            Control::ConfigureAccount(offline) => self.configure_account(&offline).await?,
            Control::Country(country) => {
                self.now.borrow_mut().country = country.to_owned();
                let location = self.now.borrow().location.clone();
                let configuration = self.now.borrow().configuration.clone();
                self.as_shop(&format!("locations/{location}"), &address(country, Some(&configuration)))
                    .await?;
            }
            Control::SwitchAccount(account) => self.switch(account).await?,
            Control::Tokens(given) => self.site.tokens().given = given,
            Control::Advance(ms) => {
                self.clean.set(false);
                self.now.borrow_mut().ahead_ms += ms;
                let ahead = json!(self.now.borrow().ahead_ms);
                self.run_in_all("await rig.quiet()", vec![]).await?;
                self.run_in_all("rig.advance(args[0])", vec![ahead]).await?;
            }
            Control::AppTakes(takes) => {
                self.now.borrow_mut().takes = takes;
                self.run_in_all("rig.takes(args[0])", vec![json!(takes)]).await?;
            }
            Control::AppListens(listens) => {
                self.run(0, "rig.listens(args[0])", vec![json!(listens)]).await.map(drop)?;
            }
            Control::Occupy(offline_id) => self.occupy(offline_id).await?,
            Control::BreakStorage => self.run(0, "await rig.breakStorage()", vec![]).await.map(drop)?,
            Control::DiskFull(full) => {
                self.clean.set(false);
                self.run_in_all("rig.diskFull(args[0])", vec![json!(full)]).await?;
            }
            Control::Storage(persisted, free_bytes) => {
                self.clean.set(false);
                self.run_in_all("rig.storage(args[0], args[1])", vec![json!(persisted), json!(free_bytes)])
                    .await?;
            }
            Control::Freeze(tab) => self.close_forwarding(tab, true).await?,
            Control::Close(tab) => self.close_forwarding(tab, false).await?,
            Control::Leave(tab) => {
                self.run(0, "await rig.closeTab(args[0], false)", vec![json!(format!("tab{tab}"))]).await?;
                self.now.borrow_mut().tabs.retain(|open| *open != tab);
            }
            Control::BreakKey => {
                self.clean.set(false);
                self.run_in_all("rig.breakKey()", vec![]).await?;
            }
            Control::Firmware(firmware) => {
                self.now.borrow_mut().firmware = firmware.to_owned();
                self.run_in_all("rig.firmware = args[0]", vec![json!(firmware)]).await?;
            }
        }
        Ok(())
    }

    pub(super) async fn see(&self, look: Look) -> Result<Value> {
        match look {
            Look::Charges => {
                let before = self.now.borrow().charge.clone();
                self.since("charges", before).await
            }
            Look::PaymentIntents => {
                let before = self.now.borrow().payment_intent.clone();
                self.since("payment_intents", before).await
            }
            Look::Sent(request) => Ok(json!(self.proxy.lock().await.seen(path_of(request)))),
            Look::Batches => {
                let bodies = self.proxy.lock().await.bodies("/payments/forward");
                let before = self.now.borrow().batches;
                bodies.iter().skip(before).map(|body| offline_ids(body)).collect()
            }
            Look::BytesKept(offline_id) => {
                self.run(0, "return await rig.bytesKept(args[0])", vec![json!(offline_id)]).await
            }
        }
    }
}

/// What the requests of a kind have in their paths, as the proxy's rules say it.
const fn path_of(request: Request) -> &'static str {
    match request {
        Request::Any => "/v1/",
        Request::Session => "/terminal/sessions",
        Request::Probe => "/v1/probe",
        Request::Create => "/v1/terminal/payments$",
        Request::Inspect => "/payment_method",
        Request::Confirm => "/confirm",
        Request::Forward => "/payments/forward",
        Request::Capture => "/capture",
        Request::Resolve => "/resolve",
    }
}

fn offline_ids(body: &[u8]) -> Result<Value> {
    let batch: Value = serde_json::from_slice(body)?;
    let payments = batch["payments"].as_array().cloned().unwrap_or_default();
    Ok(payments.iter().map(|payment| payment["offline_id"].clone()).collect())
}
