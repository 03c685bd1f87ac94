//! The shop's own side of the gateway: its locations, their configurations, what it has charged.

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use tillandsia_core::wire::CreatePayment;
use tillandsia_tests::gateway::DEMO_KEY;
use tillandsia_tests::http;

use super::BrowserRig;
use crate::rig::{Account, Fate, Request};

impl BrowserRig {
    pub(super) async fn as_shop(&self, what: &str, form: &str) -> Result<Value> {
        as_server(&self.gateway.url(), DEMO_KEY, what, form).await
    }

    pub(super) async fn list(&self, what: &str) -> Result<Vec<Value>> {
        let (url, authorization) = {
            let other = self.now.borrow().account == Some(Account::Other);
            let authorization = if other { &self.other.authorization } else { DEMO_KEY };
            (format!("{}/v1/{what}?limit=100", self.gateway.url()), authorization.to_owned())
        };
        let list: Value = http::get_json(&url, Some(&authorization)).await?;
        Ok(list["data"].as_array().cloned().unwrap_or_default())
    }

    /// What came to a list since the row began.
    pub(super) async fn since(&self, what: &str, before: Option<String>) -> Result<Value> {
        let new = self.list(what).await?.into_iter();
        Ok(new.take_while(|object| object["id"].as_str() != before.as_deref()).collect())
    }

    pub(super) async fn configure(&self, offline: &Value) -> Result<()> {
        let made = self.as_shop("configurations", &form("offline", offline)).await?;
        let id = made["id"].as_str().context("a configuration without a name")?.to_owned();
        let location = {
            let mut now = self.now.borrow_mut();
            now.configuration.clone_from(&id);
            now.location.clone()
        };
        if location.is_empty() {
            return self.new_location().await;
        }
        let form = format!("configuration_overrides={id}");
        self.as_shop(&format!("locations/{location}"), &form).await.map(drop)
    }

    /// The account's own is what a location without one has.
    pub(super) async fn configure_account(&self, offline: &Value) -> Result<()> {
        let all = self.list("terminal/configurations").await?;
        let of_account = all.iter().find(|one| one["is_account_default"] == true);
        let id = of_account.and_then(|one| one["id"].as_str()).context("an account without a default")?;
        self.as_shop(&format!("configurations/{id}"), &form("offline", offline)).await?;
        let location = self.now.borrow().location.clone();
        self.as_shop(&format!("locations/{location}"), "configuration_overrides=").await.map(drop)
    }

    pub(super) async fn new_location(&self) -> Result<()> {
        let form = {
            let now = self.now.borrow();
            address(&now.country, Some(&now.configuration))
        };
        let made = self.as_shop("locations", &form).await?;
        let id = made["id"].as_str().context("a location without a name")?.to_owned();
        self.now.borrow_mut().location.clone_from(&id);
        self.site.tokens().location = id;
        Ok(())
    }

    pub(super) async fn switch(&self, account: Account) -> Result<()> {
        {
            let now = self.now.borrow();
            let (authorization, location) = match account {
                Account::Shop => (DEMO_KEY.to_owned(), now.location.clone()),
                Account::Other => (self.other.authorization.clone(), self.other.location.clone()),
                Account::Live => bail!("the gateway's command makes test accounts only"),
            };
            let mut tokens = self.site.tokens();
            (tokens.authorization, tokens.location) = (authorization, location);
        }
        self.now.borrow_mut().account = Some(account);
        self.fault(Request::Forward, Fate::SessionEnded, 1).await;
        Ok(())
    }

    /// Another device of the same shop takes the offline id.
    pub(super) async fn occupy(&self, offline_id: String) -> Result<()> {
        let location = self.now.borrow().location.clone();
        let token = self.as_shop("connection_tokens", &format!("location={location}")).await?;
        let session = json!({ "connection_token": token["secret"], "device_id": "another" });
        let url = self.gateway.url();
        let session = http::send_json(&format!("{url}/v1/terminal/sessions"), None, &session).await?;
        let secret = session["secret"].as_str().context("no session")?.to_owned();
        let payment = CreatePayment {
            offline_id,
            amount: 1,
            currency: "usd".into(),
            capture_method: "automatic".into(),
            metadata: <_>::default(),
            description: None,
            receipt_email: None,
            created_at: 1,
        };
        let bearer = format!("Bearer {secret}");
        let payment = serde_json::to_value(payment)?;
        http::send_json(&format!("{url}/v1/terminal/payments"), Some(&bearer), &payment).await.map(drop)
    }
}

pub(super) async fn as_server(gateway: &str, authorization: &str, what: &str, form: &str) -> Result<Value> {
    let url = format!("{gateway}/v1/terminal/{what}");
    let (status, body) = http::send("POST", &url, Some(authorization), form.to_owned().into()).await?;
    ensure!(status.is_success(), "{url} answered {status}: {}", String::from_utf8_lossy(&body));
    Ok(serde_json::from_slice(&body)?)
}

pub(super) fn address(country: &str, configuration: Option<&str>) -> String {
    let overrides = configuration.map(|id| format!("&configuration_overrides={id}")).unwrap_or_default();
    format!("display_name=Stall&address[line1]=1+Square&address[country]={country}{overrides}")
}

/// An object in the form that the gateway takes, `offline[enabled]=true`.
fn form(name: &str, value: &Value) -> String {
    fn add(name: &str, value: &Value, form: &mut form_urlencoded::Serializer<'_, String>) {
        match value {
            Value::Object(fields) => {
                for (field, value) in fields {
                    add(&format!("{name}[{field}]"), value, form);
                }
            }
            Value::String(text) => drop(form.append_pair(name, text)),
            other => drop(form.append_pair(name, &other.to_string())),
        }
    }
    let mut form = form_urlencoded::Serializer::new(String::new());
    add(name, value, &mut form);
    form.finish()
}
