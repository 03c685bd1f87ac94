//! Where the till sells and in which currency, from the gateway's session.

use tillandsia_core::money::Currency;
use tillandsia_core::wire::Session;

/// Where the till sells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shop {
    /// The location's name; the till's own while no session was ever had.
    pub name: String,
    /// The address, a line each; empty while it is not known.
    pub address: Vec<String>,
    /// `tml_…`, once known.
    pub location: Option<String>,
    /// `acct_…`, once known.
    pub account: Option<String>,
    /// What prices are in.
    pub currency: Currency,
    /// Whether money moves; `None` while it is not known.
    pub livemode: Option<bool>,
}

impl Shop {
    /// The shop of a session, or a placeholder for a till that has never been online.
    pub fn of(session: Option<&Session>) -> Self {
        let Some(session) = session else {
            return Shop {
                name: "Tillandsia".to_owned(),
                address: Vec::new(),
                location: None,
                account: None,
                currency: default_currency(),
                livemode: None,
            };
        };
        let part = |name: &str| session.location.address.get(name).filter(|text| !text.is_empty()).cloned();
        let city =
            [part("city"), part("state"), part("postal_code")].into_iter().flatten().collect::<Vec<_>>();
        let lines = [
            part("line1"),
            part("line2"),
            Some(city.join(" ")).filter(|line| !line.is_empty()),
            part("country"),
        ];
        Shop {
            name: session.location.display_name.clone(),
            address: lines.into_iter().flatten().collect(),
            location: Some(session.location.id.clone()),
            account: Some(session.account.clone()),
            currency: currency_of(session),
            livemode: Some(session.livemode),
        }
    }
}

/// The location's `currency` entry of metadata, else its country's currency.
fn currency_of(session: &Session) -> Currency {
    let named = session.location.metadata.get("currency").and_then(|code| code.parse().ok());
    let country = session.location.address.get("country").map_or("", String::as_str);
    named.or_else(|| currency_of_country(country).parse().ok()).unwrap_or_else(default_currency)
}

#[allow(clippy::expect_used)] // A constant of ISO 4217, covered by a test.
fn default_currency() -> Currency {
    "usd".parse().expect("usd is a currency")
}

fn currency_of_country(country: &str) -> &'static str {
    match country {
        "AT" | "BE" | "BG" | "CY" | "DE" | "EE" | "ES" | "FI" | "FR" | "GR" | "HR" | "IE" | "IT" | "LT"
        | "LU" | "LV" | "MT" | "NL" | "PT" | "SI" | "SK" => "eur",
        "AU" => "aud",
        "CA" => "cad",
        "CH" | "LI" => "chf",
        "CZ" => "czk",
        "DK" => "dkk",
        "GB" => "gbp",
        "HU" => "huf",
        "JP" => "jpy",
        "NO" => "nok",
        "NZ" => "nzd",
        "PL" => "pln",
        "RO" => "ron",
        "SE" => "sek",
        "SG" => "sgd",
        _ => "usd",
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::session;
    use super::*;

    #[test]
    fn the_currency_is_the_location_s_own_or_its_country_s() {
        assert_eq!(Shop::of(None).currency.code(), "usd");
        let mut session = session();
        assert_eq!(Shop::of(Some(&session)).currency.code(), "usd");
        session.location.address.insert("country".into(), "DE".into());
        assert_eq!(Shop::of(Some(&session)).currency.code(), "eur");
        session.location.metadata.insert("currency".into(), "chf".into());
        assert_eq!(Shop::of(Some(&session)).currency.code(), "chf");
        session.location.metadata.insert("currency".into(), "nonsense".into());
        assert_eq!(Shop::of(Some(&session)).currency.code(), "eur");
    }

    #[test]
    fn the_address_is_read_in_the_order_of_an_envelope() {
        let shop = Shop::of(Some(&session()));
        assert_eq!(shop.address, ["1 Air Street", "San Francisco CA 94102", "US"]);
        assert_eq!(shop.livemode, Some(false));
    }
}
