//! The demo shop.

use std::collections::BTreeMap;

use super::{ConfigurationChange, Directory, LocationChange};
use crate::acquirer::Account;
use crate::ids::Ids;
use crate::ledger::Refusal;

/// The demo shop's account.
pub const DEMO_ACCOUNT: &str = "acct_demo";
/// Its secret key. Everyone knows it: the demo is for trying out.
pub const DEMO_SECRET_KEY: &str = "sk_test_demo";

/// 500 of a currency with two decimals; 50,000 yen.
const PAYMENT_AMOUNT_MAX: u64 = 50_000;
const STORED_AMOUNT_MAX: u64 = 1_000_000;
const STORED_COUNT_MAX: u64 = 20_000;
const FORWARD_WITHIN_S: u64 = 24 * 60 * 60;
const CURRENCIES: &[&str] = &["usd", "eur", "gbp", "cad", "aud", "chf", "sek", "dkk", "nok", "jpy"];

impl Directory {
    /// The demo shop's account; no secret is needed to sell there.
    pub fn demo_account() -> Account {
        Account { id: DEMO_ACCOUNT.to_owned(), livemode: false }
    }

    /// Makes the demo shop where it is not there yet.
    pub async fn seed_demo(&self, ids: &dyn Ids) -> Result<(), Refusal> {
        let account = Self::demo_account();
        self.put_account(&account, DEMO_SECRET_KEY).await?;
        if self.configurations(&account, 1, None).await?.data.is_empty() {
            let limits = |amount: u64| CURRENCIES.iter().map(|code| ((*code).to_owned(), amount)).collect();
            let change = ConfigurationChange {
                name: Some("Demo shop".to_owned()),
                enabled: Some(true),
                payment_amount_max: Some(limits(PAYMENT_AMOUNT_MAX)),
                stored_amount_max: Some(limits(STORED_AMOUNT_MAX)),
                stored_count_max: Some(STORED_COUNT_MAX),
                stored_age_max_s: None,
                forward_within_s: Some(FORWARD_WITHIN_S),
                retain_for_s: None,
            };
            self.create_configuration(ids, &account, change).await?;
        }
        if self.locations(&account, 1, None).await?.data.is_empty() {
            let address = [
                ("line1", "1 Market Square"),
                ("city", "San Francisco"),
                ("state", "CA"),
                ("country", "US"),
                ("postal_code", "94102"),
            ];
            let address: BTreeMap<String, String> =
                address.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            let change = LocationChange {
                display_name: Some("Demo market stall".to_owned()),
                address: Some(address),
                ..LocationChange::default()
            };
            self.create_location(ids, &account, change).await?;
        }
        Ok(())
    }
}
