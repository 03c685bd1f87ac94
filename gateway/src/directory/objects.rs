//! Configurations and locations, kept as the objects that the API shows.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use tillandsia_core::money::Money;
use tillandsia_core::wire::{Configuration, Location, OfflineConfiguration};

use super::{Directory, failed};
use crate::acquirer::Account;
use crate::ids::Ids;
use crate::ledger::{Page, Refusal, validate_metadata};

const TEXT_CHARS_MAX: usize = 1000;
const ADDRESS_FIELDS: &[&str] = &["line1", "line2", "city", "state", "country", "postal_code"];

/// What to set of a configuration; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ConfigurationChange {
    /// For people.
    pub name: Option<String>,
    /// Whether payments may be stored.
    pub enabled: Option<bool>,
    /// By currency, minor units.
    pub payment_amount_max: Option<BTreeMap<String, u64>>,
    /// By currency, minor units.
    pub stored_amount_max: Option<BTreeMap<String, u64>>,
    /// How many.
    pub stored_count_max: Option<u64>,
    /// Seconds.
    pub stored_age_max_s: Option<u64>,
    /// Seconds.
    pub forward_within_s: Option<u64>,
    /// Seconds.
    pub retain_for_s: Option<u64>,
}

/// What to set of a location; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LocationChange {
    /// For people.
    pub display_name: Option<String>,
    /// `line1`, `city`, `country` …
    pub address: Option<BTreeMap<String, String>>,
    /// `tmc_…`; empty to take none.
    pub configuration_overrides: Option<String>,
    /// The account's own data.
    pub metadata: Option<BTreeMap<String, String>>,
}

/// One of the two tables of objects.
#[derive(Clone, Copy)]
struct Table {
    insert: &'static str,
    update: &'static str,
    get: &'static str,
    list: &'static str,
    what: &'static str,
}

const CONFIGURATIONS: Table = Table {
    insert: "INSERT INTO configurations (id, account, object) VALUES (?1, ?2, ?3)",
    update: "UPDATE configurations SET object = ?3 WHERE id = ?1 AND account = ?2",
    get: "SELECT object FROM configurations WHERE id = ?1 AND account = ?2",
    list: "SELECT object FROM configurations WHERE account = ?1
             AND (?2 IS NULL OR seq > (SELECT seq FROM configurations WHERE id = ?2)) ORDER BY seq LIMIT ?3",
    what: "terminal.configuration",
};

const LOCATIONS: Table = Table {
    insert: "INSERT INTO locations (id, account, object) VALUES (?1, ?2, ?3)",
    update: "UPDATE locations SET object = ?3 WHERE id = ?1 AND account = ?2",
    get: "SELECT object FROM locations WHERE id = ?1 AND account = ?2",
    list: "SELECT object FROM locations WHERE account = ?1
             AND (?2 IS NULL OR seq > (SELECT seq FROM locations WHERE id = ?2)) ORDER BY seq LIMIT ?3",
    what: "terminal.location",
};

impl ConfigurationChange {
    fn apply(self, to: &mut Configuration) {
        let OfflineConfiguration {
            enabled,
            payment_amount_max,
            stored_amount_max,
            stored_count_max,
            stored_age_max_s,
            forward_within_s,
            retain_for_s,
        } = &mut to.offline;
        to.name = self.name.or(to.name.take());
        *enabled = self.enabled.unwrap_or(*enabled);
        if let Some(limits) = self.payment_amount_max {
            *payment_amount_max = limits;
        }
        if let Some(limits) = self.stored_amount_max {
            *stored_amount_max = limits;
        }
        *stored_count_max = self.stored_count_max.or(*stored_count_max);
        *stored_age_max_s = self.stored_age_max_s.or(*stored_age_max_s);
        *forward_within_s = self.forward_within_s.or(*forward_within_s);
        *retain_for_s = self.retain_for_s.or(*retain_for_s);
    }
}

impl Directory {
    /// Makes a configuration. An account's first one is its default.
    pub async fn create_configuration(
        &self,
        ids: &dyn Ids,
        account: &Account,
        change: ConfigurationChange,
    ) -> Result<Configuration, Refusal> {
        check_limits(&change)?;
        let has_one = !self.configurations(account, 1, None).await?.data.is_empty();
        let mut configuration = Configuration {
            id: ids.name("tmc"),
            object: "terminal.configuration".to_owned(),
            is_account_default: !has_one,
            livemode: account.livemode,
            name: None,
            offline: OfflineConfiguration::default(),
        };
        change.apply(&mut configuration);
        self.put(CONFIGURATIONS.insert, account, &configuration.id, &configuration).await?;
        Ok(configuration)
    }

    /// Changes a configuration. Devices see it at their next session.
    pub async fn update_configuration(
        &self,
        account: &Account,
        id: &str,
        change: ConfigurationChange,
    ) -> Result<Configuration, Refusal> {
        check_limits(&change)?;
        let mut configuration = self.configuration(account, id).await?;
        change.apply(&mut configuration);
        self.put(CONFIGURATIONS.update, account, id, &configuration).await?;
        Ok(configuration)
    }

    /// One configuration.
    pub async fn configuration(&self, account: &Account, id: &str) -> Result<Configuration, Refusal> {
        self.get(CONFIGURATIONS, account, id).await
    }

    /// Configurations, the oldest first.
    pub async fn configurations(
        &self,
        account: &Account,
        limit: usize,
        starting_after: Option<&str>,
    ) -> Result<Page<Configuration>, Refusal> {
        self.list(CONFIGURATIONS, account, limit, starting_after).await
    }

    /// The account's default; one that allows nothing offline where there is none.
    pub(super) async fn default_configuration(&self, account: &Account) -> Result<Configuration, Refusal> {
        let first = self.configurations(account, 1, None).await?.data.pop();
        Ok(first.unwrap_or_else(|| Configuration {
            id: "tmc_default".to_owned(),
            object: "terminal.configuration".to_owned(),
            is_account_default: true,
            livemode: account.livemode,
            name: None,
            offline: OfflineConfiguration::default(),
        }))
    }

    /// Makes a location.
    pub async fn create_location(
        &self,
        ids: &dyn Ids,
        account: &Account,
        change: LocationChange,
    ) -> Result<Location, Refusal> {
        let mut location = Location {
            id: ids.name("tml"),
            object: "terminal.location".to_owned(),
            display_name: String::new(),
            address: BTreeMap::new(),
            configuration_overrides: None,
            livemode: account.livemode,
            metadata: BTreeMap::new(),
        };
        self.change_location(account, &mut location, change).await?;
        self.put(LOCATIONS.insert, account, &location.id, &location).await?;
        Ok(location)
    }

    /// Changes a location.
    pub async fn update_location(
        &self,
        account: &Account,
        id: &str,
        change: LocationChange,
    ) -> Result<Location, Refusal> {
        let mut location = self.location(account, id).await?;
        self.change_location(account, &mut location, change).await?;
        self.put(LOCATIONS.update, account, id, &location).await?;
        Ok(location)
    }

    /// One location.
    pub async fn location(&self, account: &Account, id: &str) -> Result<Location, Refusal> {
        self.get(LOCATIONS, account, id).await
    }

    /// Locations, the oldest first.
    pub async fn locations(
        &self,
        account: &Account,
        limit: usize,
        starting_after: Option<&str>,
    ) -> Result<Page<Location>, Refusal> {
        self.list(LOCATIONS, account, limit, starting_after).await
    }

    async fn change_location(
        &self,
        account: &Account,
        location: &mut Location,
        change: LocationChange,
    ) -> Result<(), Refusal> {
        if let Some(name) = change.display_name {
            location.display_name = name;
        }
        if let Some(address) = change.address {
            location.address = address;
        }
        if let Some(metadata) = change.metadata {
            validate_metadata(&metadata)?;
            location.metadata = metadata;
        }
        match change.configuration_overrides {
            Some(id) if id.is_empty() => location.configuration_overrides = None,
            Some(id) => {
                self.configuration(account, &id).await?;
                location.configuration_overrides = Some(id);
            }
            None => {}
        }
        check_location(location)
    }

    async fn put(
        &self,
        sql: &'static str,
        account: &Account,
        id: &str,
        object: &impl Serialize,
    ) -> Result<(), Refusal> {
        let text =
            serde_json::to_string(object).map_err(|error| failed(sqlx::Error::Encode(error.into())))?;
        sqlx::query(sql)
            .bind(id)
            .bind(&account.id)
            .bind(text)
            .execute(&self.database.writer)
            .await
            .map(|_| ())
            .map_err(failed)
    }

    async fn get<T: DeserializeOwned>(
        &self,
        table: Table,
        account: &Account,
        id: &str,
    ) -> Result<T, Refusal> {
        let row = sqlx::query(table.get)
            .bind(id)
            .bind(&account.id)
            .fetch_optional(&self.database.reader)
            .await
            .map_err(failed)?;
        object(&row.ok_or_else(|| Refusal::missing(table.what))?)
    }

    async fn list<T: DeserializeOwned>(
        &self,
        table: Table,
        account: &Account,
        limit: usize,
        starting_after: Option<&str>,
    ) -> Result<Page<T>, Refusal> {
        let rows = sqlx::query(table.list)
            .bind(&account.id)
            .bind(starting_after)
            .bind(i64::try_from(limit + 1).unwrap_or(i64::MAX))
            .fetch_all(&self.database.reader)
            .await
            .map_err(failed)?;
        let data = rows.iter().take(limit).map(object).collect::<Result<_, _>>()?;
        Ok(Page { data, has_more: rows.len() > limit })
    }
}

fn object<T: DeserializeOwned>(row: &SqliteRow) -> Result<T, Refusal> {
    let text: &str = row.try_get(0).map_err(failed)?;
    serde_json::from_str(text).map_err(|error| failed(sqlx::Error::Decode(error.into())))
}

fn check_location(location: &Location) -> Result<(), Refusal> {
    let invalid =
        |message: &str, param: &str| Err(Refusal::invalid("parameter_invalid", message, Some(param)));
    let fits = |text: &String| text.chars().count() <= TEXT_CHARS_MAX;
    if location.display_name.is_empty() || !fits(&location.display_name) {
        return invalid("`display_name` is needed", "display_name");
    }
    if !location.address.keys().all(|field| ADDRESS_FIELDS.contains(&field.as_str())) {
        return invalid("`address` may have line1, line2, city, state, country and postal_code", "address");
    }
    let country = location.address.get("country").map(String::as_str).unwrap_or_default();
    if country.len() != 2 || !country.bytes().all(|letter| letter.is_ascii_uppercase()) {
        return invalid("`address[country]` must be two capital letters such as `US`", "address[country]");
    }
    if !location.address.values().all(fits) {
        return invalid("`address` is too long", "address");
    }
    Ok(())
}

fn check_limits(change: &ConfigurationChange) -> Result<(), Refusal> {
    let maps = [
        ("payment_amount_max", &change.payment_amount_max),
        ("stored_amount_max", &change.stored_amount_max),
    ];
    for (name, limits) in maps {
        for (currency, amount) in limits.iter().flatten() {
            let known =
                currency.parse::<tillandsia_core::money::Currency>().is_ok_and(|c| c.code() == currency);
            if !known || *amount > Money::AMOUNT_MINOR_MAX {
                let message =
                    format!("`offline[{name}]` takes lowercase currencies and amounts in the minor unit");
                return Err(Refusal::invalid(
                    "parameter_invalid",
                    message,
                    Some(&format!("offline[{name}]")),
                ));
            }
        }
    }
    Ok(())
}
