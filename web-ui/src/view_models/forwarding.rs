//! What is said when a person asked to forward the stored payments now.

use tillandsia_core::offline::NetworkStatus;

use super::banner::Standing;
use super::payment_row::Tone;

/// How long a person is kept waiting for a result, milliseconds; the forwarder goes on by itself.
pub const RESULT_WITHIN_MS: u64 = 15_000;

/// What is said without a connection.
pub const OFFLINE: &str = "No connection: they are forwarded by themselves when it is back.";

/// What came of forwarding so far; `None` while it is under way. `before` is how many were stored when it was asked
/// for, `wedged` how many of the stored ones need a person.
pub fn result(before: u64, standing: &Standing, wedged: u64, elapsed_ms: u64) -> Option<(String, Tone)> {
    if standing.network() == NetworkStatus::Offline {
        return Some((OFFLINE.to_owned(), Tone::Waiting));
    }
    let left = standing.stored_count();
    if left == 0 {
        return Some(("Forwarded: nothing is stored any more.".to_owned(), Tone::Good));
    }
    if left <= wedged {
        let need = if left == 1 { "1 needs".to_owned() } else { format!("{left} need") };
        let sent = match before.saturating_sub(left) {
            0 => String::new(),
            sent => format!("{sent} forwarded, "),
        };
        return Some((format!("{sent}{need} attention: see the list."), Tone::Bad));
    }
    (elapsed_ms >= RESULT_WITHIN_MS).then(|| match before.saturating_sub(left) {
        0 => ("Not forwarded yet: it is tried again by itself.".to_owned(), Tone::Waiting),
        sent => {
            (format!("{sent} forwarded, {left} still stored and tried again by themselves."), Tone::Waiting)
        }
    })
}

#[cfg(test)]
mod tests {
    use tillandsia_core::money::Money;

    use super::*;

    fn standing(stored: u64, network: NetworkStatus) -> Standing {
        let mut standing = Standing::default();
        standing.status.sdk.network_status = network;
        for _ in 0..stored {
            standing.status.sdk.stored.add(Money::new(100, "usd".parse().unwrap()));
        }
        standing
    }

    #[test]
    fn forwarding_ends_with_what_came_of_it() {
        let online = |stored| standing(stored, NetworkStatus::Online);
        assert_eq!(result(3, &online(3), 0, 0), None);
        assert_eq!(
            result(3, &standing(3, NetworkStatus::Offline), 0, 0),
            Some((OFFLINE.into(), Tone::Waiting))
        );
        let (done, tone) = result(3, &online(0), 0, 0).unwrap();
        assert!(done.contains("nothing is stored") && tone == Tone::Good);
        let (wedged, tone) = result(3, &online(1), 1, 0).unwrap();
        assert_eq!((wedged.as_str(), tone), ("2 forwarded, 1 needs attention: see the list.", Tone::Bad));
        let (partly, _) = result(3, &online(1), 0, RESULT_WITHIN_MS).unwrap();
        assert!(partly.starts_with("2 forwarded, 1 still stored"));
        let (nothing, _) = result(3, &online(3), 0, RESULT_WITHIN_MS).unwrap();
        assert!(nothing.contains("tried again by itself"));
    }
}
