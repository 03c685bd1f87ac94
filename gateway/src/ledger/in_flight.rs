//! Which payments this process is working on right now.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use super::payment::PaymentKey;

/// The set of payments being worked on. One request at a time may change a payment; the others are told 409.
///
/// A payment that the store holds as processing and that is not in here was left by a crash or by a request that
/// was dropped: whoever asks next takes it up again.
#[derive(Debug, Clone, Default)]
pub(crate) struct InFlight(Arc<Mutex<HashSet<(String, PaymentKey)>>>);

/// The right to change one payment; given back on drop.
#[derive(Debug)]
pub(crate) struct Hold {
    set: InFlight,
    entry: (String, PaymentKey),
}

impl InFlight {
    /// The right to change a payment, or nothing when another request has it.
    pub(crate) fn hold(&self, account: &str, key: &PaymentKey) -> Option<Hold> {
        let entry = (account.to_owned(), key.clone());
        let mut set = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        set.insert(entry.clone()).then(|| Hold { set: self.clone(), entry })
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.set.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.entry);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_holder_at_a_time() {
        let set = InFlight::default();
        let key = PaymentKey::Server("srv_1".to_owned());
        let hold = set.hold("acct_1", &key);
        assert!(hold.is_some());
        assert!(set.hold("acct_1", &key).is_none());
        assert!(set.hold("acct_2", &key).is_some());
        drop(hold);
        assert!(set.hold("acct_1", &key).is_some());
    }
}
