//! Amounts as text, and text as amounts. Integers throughout.

use std::fmt;

use tillandsia_core::money::{Currency, Money};

/// An amount for a person: `$1,234.50`, `€3.80`, `CHF 12.00`, `¥450`.
pub fn price(money: Money) -> String {
    let major = grouped(&money.major_text());
    match symbol(money.currency) {
        Some(symbol) => format!("{symbol}{major}"),
        None => format!("{}\u{a0}{major}", money.currency.code().to_ascii_uppercase()),
    }
}

/// The sign a currency is written with where there is one that no other listed currency shares.
pub fn symbol(currency: Currency) -> Option<&'static str> {
    match currency.code() {
        "usd" => Some("$"),
        "eur" => Some("€"),
        "gbp" => Some("£"),
        "jpy" => Some("¥"),
        "inr" => Some("₹"),
        _ => None,
    }
}

fn grouped(major: &str) -> String {
    let (whole, fraction) = major.split_once('.').map_or((major, None), |(w, f)| (w, Some(f)));
    let mut out = String::with_capacity(major.len() + 4);
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if let Some(fraction) = fraction {
        out.push('.');
        out.push_str(fraction);
    }
    out
}

/// Why a typed amount cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AmountProblem {
    /// Nothing was typed, or zero.
    Zero,
    /// It is not a number.
    NotANumber,
    /// It has more decimals than the currency.
    Decimals(u32),
    /// It is more than a payment can carry.
    TooLarge,
}

impl fmt::Display for AmountProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AmountProblem::Zero => f.write_str("Type an amount above zero"),
            AmountProblem::NotANumber => f.write_str("Type digits, such as 12.05"),
            AmountProblem::Decimals(0) => f.write_str("This currency has no decimals"),
            AmountProblem::Decimals(digits) => write!(f, "At most {digits} decimals"),
            AmountProblem::TooLarge => f.write_str("More than a payment can carry"),
        }
    }
}

/// The amount a person typed in major units: `12.05`, `12,05`, `12`. A separator that could mean thousands is
/// refused by its number of digits rather than guessed.
pub fn parse_major(text: &str, currency: Currency) -> Result<Money, AmountProblem> {
    let text = text.trim();
    let (whole, fraction) = text.split_once(['.', ',']).unwrap_or((text, ""));
    let digits = currency.exponent();
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) {
        return Err(AmountProblem::NotANumber);
    }
    if fraction.len() > digits as usize {
        return Err(AmountProblem::Decimals(digits));
    }
    if whole.is_empty() && fraction.is_empty() {
        return Err(AmountProblem::Zero);
    }
    let minor = format!("{whole}{fraction:0<width$}", width = digits as usize);
    match minor.parse::<u64>() {
        Ok(0) => Err(AmountProblem::Zero),
        Ok(amount) if amount <= Money::AMOUNT_MINOR_MAX => Ok(Money::new(amount, currency)),
        _ => Err(AmountProblem::TooLarge),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn currency(code: &str) -> Currency {
        code.parse().unwrap()
    }

    #[test]
    fn prices_have_sign_groups_and_their_own_decimals() {
        for (minor, code, expected) in [
            (5, "usd", "$0.05"),
            (123_450, "usd", "$1,234.50"),
            (100_000_000, "eur", "€1,000,000.00"),
            (450, "jpy", "¥450"),
            (12_345, "jpy", "¥12,345"),
            (1200, "chf", "CHF\u{a0}12.00"),
            (1, "bhd", "BHD\u{a0}0.001"),
        ] {
            assert_eq!(price(Money::new(minor, currency(code))), expected);
        }
    }

    #[test]
    fn typed_amounts_are_taken_exactly_or_refused() {
        let usd = currency("usd");
        for (text, minor) in [("12.05", 1205), (" 12,5 ", 1250), ("7", 700), (".99", 99), ("0.01", 1)] {
            assert_eq!(parse_major(text, usd), Ok(Money::new(minor, usd)), "{text}");
        }
        assert_eq!(parse_major("450", currency("jpy")), Ok(Money::new(450, currency("jpy"))));
        for (text, problem) in [
            ("", AmountProblem::Zero),
            (".", AmountProblem::Zero),
            ("0.00", AmountProblem::Zero),
            ("1,234", AmountProblem::Decimals(2)),
            ("1.2.3", AmountProblem::NotANumber),
            ("-5", AmountProblem::NotANumber),
            ("1e3", AmountProblem::NotANumber),
            ("99999999999.99", AmountProblem::TooLarge),
            ("99999999999999999999999", AmountProblem::TooLarge),
        ] {
            assert_eq!(parse_major(text, usd), Err(problem), "{text}");
        }
        assert_eq!(parse_major("4.5", currency("jpy")), Err(AmountProblem::Decimals(0)));
    }
}
