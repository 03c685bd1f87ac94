//! The most that one offline payment may ever be, whatever is configured: 10,000 US dollars or about as much.

use crate::money::{Currency, Money};

/// What about 10,000 US dollars are in whole units of each currency, rounded down to two digits. Rates of November
/// 2026, to the nearest few per cent: a ceiling against mistakes needs no more, and a till without a connection could not
/// ask for better ones. A currency that is absent is not taken offline.
const TEN_THOUSAND_USD: [(&str, u64); 60] = [
    ("aed", 36_000),
    ("all", 820_000),
    ("amd", 3_800_000),
    ("ars", 14_000_000),
    ("aud", 15_000),
    ("azn", 17_000),
    ("bam", 16_000),
    ("bdt", 1_200_000),
    ("bgn", 16_000),
    ("bhd", 3_700),
    ("bob", 69_000),
    ("brl", 53_000),
    ("cad", 13_000),
    ("chf", 8_000),
    ("clp", 9_400_000),
    ("cny", 71_000),
    ("cop", 38_000_000),
    ("crc", 5_000_000),
    ("czk", 200_000),
    ("dkk", 64_000),
    ("dop", 620_000),
    ("egp", 470_000),
    ("eur", 8_600),
    ("gbp", 7_500),
    ("gel", 27_000),
    ("ghs", 100_000),
    ("hkd", 77_000),
    ("huf", 3_300_000),
    ("idr", 160_000_000),
    ("ils", 32_000),
    ("inr", 880_000),
    ("isk", 1_200_000),
    ("jod", 7_000),
    ("jpy", 1_500_000),
    ("kes", 1_200_000),
    ("krw", 14_000_000),
    ("kwd", 3_000),
    ("lkr", 3_000_000),
    ("mad", 91_000),
    ("mxn", 180_000),
    ("myr", 41_000),
    ("ngn", 14_000_000),
    ("nok", 100_000),
    ("nzd", 17_000),
    ("omr", 3_800),
    ("pen", 33_000),
    ("php", 580_000),
    ("pln", 36_000),
    ("qar", 36_000),
    ("ron", 43_000),
    ("rsd", 1_000_000),
    ("sar", 37_000),
    ("sek", 94_000),
    ("sgd", 12_000),
    ("thb", 320_000),
    ("try", 420_000),
    ("twd", 300_000),
    ("usd", 10_000),
    ("vnd", 260_000_000),
    ("zar", 170_000),
];

/// The most one offline payment in `currency` may ever be; `None` for a currency that is not taken offline.
///
/// ```
/// use tillandsia_core::offline::ceiling;
/// let usd = "usd".parse()?;
/// assert_eq!(ceiling(usd).map(|most| most.to_string()).as_deref(), Some("10000.00 USD"));
/// assert_eq!(ceiling("jpy".parse()?).map(|most| most.amount_minor), Some(1_500_000));
/// # Ok::<(), tillandsia_core::money::UnknownCurrency>(())
/// ```
pub fn ceiling(currency: Currency) -> Option<Money> {
    let (_, whole) = TEN_THOUSAND_USD.iter().find(|(code, _)| *code == currency.code())?;
    Some(Money::new(whole.saturating_mul(10_u64.saturating_pow(currency.exponent())), currency))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_each_currency_once_in_order_and_in_its_own_minor_unit() {
        assert!(TEN_THOUSAND_USD.is_sorted_by(|a, b| a.0 < b.0));
        for (code, whole) in TEN_THOUSAND_USD {
            let currency: Currency = code.parse().unwrap();
            let most = ceiling(currency).unwrap();
            assert_eq!(most.amount_minor, whole * 10_u64.pow(currency.exponent()), "{code}");
            assert!(most.amount_minor <= Money::AMOUNT_MINOR_MAX);
        }
        assert_eq!(ceiling("bhd".parse().unwrap()).unwrap().amount_minor, 3_700_000);
        assert_eq!(ceiling("xau".parse().unwrap()), None);
    }
}
