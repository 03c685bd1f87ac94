//! The customer's e-mail: where the receipt goes, and how they are reached should a stored payment be declined.

/// What the core takes, characters.
const EMAIL_CHARS_MAX: usize = 512;

/// Why a typed address cannot be used; `None` when it can, or nothing was typed.
pub fn problem(typed: &str) -> Option<&'static str> {
    let address = typed.trim();
    if address.is_empty() {
        return None;
    }
    let looks_right = address.split_once('@').is_some_and(|(name, host)| {
        !name.is_empty()
            && !host.contains('@')
            && host.split('.').count() > 1
            && host.split('.').all(|part| !part.is_empty())
    });
    if !looks_right || address.contains(char::is_whitespace) || address.chars().count() > EMAIL_CHARS_MAX {
        return Some("Not an e-mail address yet");
    }
    None
}

/// The address for the payment; `None` when nothing was typed, or nothing that can be used.
pub fn address(typed: &str) -> Option<String> {
    let address = typed.trim();
    (!address.is_empty() && problem(address).is_none()).then(|| address.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_as_typed_and_what_is_none_is_told() {
        for (typed, taken) in [
            ("", None),
            ("  ", None),
            (" ada@example.com ", Some("ada@example.com")),
            ("ada+till@mail.example.com", Some("ada+till@mail.example.com")),
        ] {
            assert_eq!((problem(typed), address(typed).as_deref()), (None, taken), "{typed}");
        }
        for typed in
            ["ada", "ada@", "@example.com", "ada@example", "a b@example.com", "a@b@c.de", "ada@x..de"]
        {
            assert!(problem(typed).is_some() && address(typed).is_none(), "{typed}");
        }
    }
}
