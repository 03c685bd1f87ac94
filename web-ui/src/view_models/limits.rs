//! The limits in force and the device's storage, as labelled lines.

use tillandsia_core::money::{Currency, Money};
use tillandsia_core::offline::OfflinePolicy;

use super::price::price;
use super::time_left::span;

/// A label and what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// What it is.
    pub label: String,
    /// How it stands.
    pub value: String,
}

impl Fact {
    /// A labelled line.
    pub fn new(label: impl Into<String>, value: impl Into<String>) -> Self {
        Fact { label: label.into(), value: value.into() }
    }
}

/// What may be stored, for the settings screen. `known` says whether settings were ever fetched.
pub fn limits(policy: &OfflinePolicy, known: bool) -> Vec<Fact> {
    if !policy.enabled {
        let why = if known { "Off at this location" } else { "Off until the till was online once" };
        return vec![Fact::new("Offline payments", why)];
    }
    let mut facts = vec![Fact::new("Offline payments", "On")];
    let amounts = |label: &'static str, amounts: &std::collections::BTreeMap<Currency, u64>| {
        amounts
            .iter()
            .map(|(currency, max)| Fact::new(label, price(Money::new(*max, *currency))))
            .collect::<Vec<_>>()
    };
    facts.extend(amounts("Most per payment", &policy.payment_amount_max));
    facts.extend(amounts("Most stored together", &policy.stored_amount_max));
    if let Some(max) = policy.stored_count_max {
        facts.push(Fact::new("Most stored payments", max.to_string()));
    }
    if let Some(max) = policy.stored_age_ms_max {
        facts.push(Fact::new("No new ones once the oldest is", format!("{} old", span(max))));
    }
    facts.push(Fact::new("To be forwarded within", span(policy.forward_within_ms)));
    facts
}

/// A number of bytes for a person, `3.4 MB`.
pub fn bytes(count: u64) -> String {
    const UNITS: [(&str, u64); 3] = [("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];
    match UNITS.into_iter().find(|(_, size)| count >= *size) {
        Some((unit, size)) => {
            let tenths = count / (size / 10);
            format!("{}.{} {unit}", tenths / 10, tenths % 10)
        }
        None => format!("{count} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_say_what_is_on_and_how_much() {
        let mut policy = OfflinePolicy::default();
        assert_eq!(limits(&policy, false).len(), 1);
        policy.enabled = true;
        policy.payment_amount_max.insert("usd".parse().unwrap(), 50_000);
        policy.stored_count_max = Some(200);
        let facts = limits(&policy, true);
        assert!(facts.contains(&Fact::new("Most per payment", "$500.00")));
        assert!(facts.contains(&Fact::new("Most stored payments", "200")));
        assert!(facts.contains(&Fact::new("To be forwarded within", "24 h")));
    }

    #[test]
    fn bytes_are_rounded_down_to_one_decimal() {
        for (count, text) in
            [(0, "0 B"), (999, "999 B"), (1_000, "1.0 kB"), (3_449_999, "3.4 MB"), (2_000_000_000, "2.0 GB")]
        {
            assert_eq!(bytes(count), text);
        }
    }
}
