//! Money: an integer in the currency's minor unit, and an ISO 4217 code. Never a float.

use std::fmt;
use std::str::FromStr;

use crate::currencies;

/// A currency of ISO 4217, held as its lowercase three-letter code (`usd`), the form the wire uses.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency([u8; 3]);

/// Text that is not the code of an ISO 4217 currency.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an ISO 4217 currency code; use one such as `usd` or `eur`")]
pub struct UnknownCurrency(pub String);

impl Currency {
    /// A code as it was written down: three lowercase letters. That ISO 4217 has it was checked when it came in, and the
    /// service worker, which reads only what was written, need not carry the list.
    pub fn written(code: &str) -> Option<Self> {
        let code: [u8; 3] = code.as_bytes().try_into().ok()?;
        code.iter().all(u8::is_ascii_lowercase).then_some(Currency(code))
    }

    /// The lowercase code, `usd`.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("xxx")
    }

    /// Digits after the decimal point: 2 for `usd`, 0 for `jpy`, 3 for `bhd`.
    pub fn exponent(&self) -> u32 {
        currencies::find(self.0).and_then(|(_, exponent)| exponent).unwrap_or(2)
    }

    /// The numeric code that EMV tag 5F2A carries, 840 for `usd`.
    pub fn numeric(&self) -> u16 {
        currencies::find(self.0).map_or(999, |(numeric, _)| numeric)
    }
}

impl FromStr for Currency {
    type Err = UnknownCurrency;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = || UnknownCurrency(text.chars().take(16).collect());
        let code: [u8; 3] = text.as_bytes().try_into().map_err(|_| unknown())?;
        let code = code.map(|byte| byte.to_ascii_lowercase());
        currencies::find(code).map(|_| Currency(code)).ok_or_else(unknown)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// An amount in a currency's minor unit: `Money { amount_minor: 1099, currency: usd }` is 10.99 US dollars.
///
/// ```
/// use tillandsia_core::money::Money;
/// assert_eq!(Money::new(1099, "usd".parse()?).to_string(), "10.99 USD");
/// assert_eq!(Money::new(1099, "jpy".parse()?).to_string(), "1099 JPY");
/// # Ok::<(), tillandsia_core::money::UnknownCurrency>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Money {
    /// The amount in the minor unit (cents for `usd`, yen for `jpy`).
    pub amount_minor: u64,
    /// What it is an amount of.
    pub currency: Currency,
}

impl Money {
    /// The largest amount a payment may have: twelve digits, what EMV tag 9F02 can carry.
    pub const AMOUNT_MINOR_MAX: u64 = 999_999_999_999;

    /// An amount of a currency.
    pub const fn new(amount_minor: u64, currency: Currency) -> Self {
        Money { amount_minor, currency }
    }

    /// The amount in the major unit with the currency's own number of decimals: `10.99`, `1099` for `jpy`.
    /// The decimal sign is a point; a screen that knows the customer's locale formats by that instead.
    pub fn major_text(&self) -> String {
        let digits = self.currency.exponent() as usize;
        let text = format!("{:0width$}", self.amount_minor, width = digits + 1);
        match digits {
            0 => text,
            _ => {
                let (whole, fraction) = text.split_at(text.len() - digits);
                format!("{whole}.{fraction}")
            }
        }
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.major_text(), self.currency.code().to_ascii_uppercase())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_currency_knows_its_exponent_and_number() {
        for (code, exponent, numeric) in [("usd", 2, 840), ("EUR", 2, 978), ("jpy", 0, 392), ("bhd", 3, 48)] {
            let currency: Currency = code.parse().unwrap();
            assert_eq!((currency.exponent(), currency.numeric()), (exponent, numeric), "{code}");
            assert_eq!(currency.code(), code.to_ascii_lowercase());
        }
    }

    #[test]
    fn what_is_no_currency_is_refused() {
        for text in ["", "us", "usdx", "zzz", "€", "u$d"] {
            assert!(text.parse::<Currency>().is_err(), "{text}");
        }
    }

    #[test]
    fn amounts_print_with_the_decimals_of_their_currency() {
        let usd: Currency = "usd".parse().unwrap();
        let jpy: Currency = "jpy".parse().unwrap();
        assert_eq!(Money::new(5, usd).to_string(), "0.05 USD");
        assert_eq!(Money::new(1099, usd).to_string(), "10.99 USD");
        assert_eq!(Money::new(1099, jpy).to_string(), "1099 JPY");
    }
}
