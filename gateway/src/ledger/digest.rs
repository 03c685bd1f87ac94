//! What "the same content" means.

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tillandsia_core::wire::{CreatePayment, PaymentSubmission};

/// SHA-256 over the canonical JSON of a request. Kept for ever beside the payment, so the canonical form must
/// never change: a field added to the wire later has to be left out of it when absent.
pub type Digest = [u8; 32];

/// The digest of a payment's terms: what it is created with.
pub fn of_terms(payment: &CreatePayment) -> Digest {
    of(payment)
}

/// The digest of a submission: the payment and the card. The rest says for whom, how and when it was sent, not what
/// it is. So a payment whose online answer was lost is recognised when it comes again as stored.
pub fn of_submission(submission: &PaymentSubmission) -> Digest {
    of(&PaymentSubmission {
        payment_intent: None,
        account: None,
        livemode: None,
        stored_at: None,
        ..submission.clone()
    })
}

/// The digest of anything that serialises.
pub(crate) fn of(value: &impl Serialize) -> Digest {
    let mut text = String::new();
    // Wire types have text keys only, and so cannot fail to serialise.
    write_canonical(&serde_json::to_value(value).unwrap_or(Value::Null), &mut text);
    Sha256::digest(text.as_bytes()).into()
}

/// JSON without white space, object members sorted by name.
fn write_canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(members) => {
            let mut sorted: Vec<_> = members.iter().collect();
            sorted.sort_by_key(|(name, _)| name.as_str());
            out.push('{');
            for (index, (name, member)) in sorted.into_iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                out.push_str(&Value::from(name.as_str()).to_string());
                out.push(':');
                write_canonical(member, out);
            }
            out.push('}');
        }
        Value::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                write_canonical(item, out);
            }
            out.push(']');
        }
        scalar => out.push_str(&scalar.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_canonical_form_is_fixed() {
        let mut text = String::new();
        let value = serde_json::json!({"b": [1, {"z": null, "a": "\"é\n"}], "a": true});
        write_canonical(&value, &mut text);
        assert_eq!(text, r#"{"a":true,"b":[1,{"a":"\"é\n","z":null}]}"#);
    }

    #[test]
    fn the_digest_of_a_released_form_never_changes() {
        let submission: PaymentSubmission = serde_json::from_str(
            r#"{"offline_id":"01937b2e-1c00-7a00-8000-000000000001","amount":1099,"currency":"usd",
                "capture_method":"automatic","metadata":{"b":"2","a":"1"},"created_at":1700000000,
                "card":{"read_method":"contactless_emv","ksn":"FFFF9876543210E00001","cipher":"tdes",
                "encrypted":[{"tag":"57","value":"00"}],"emv":[{"tag":"9F26","value":"01"}],
                "reader":{"device_type":"d","serial_number":"s","software_version":"v"}}}"#,
        )
        .unwrap();
        let digest = of_submission(&submission);
        let golden = "dbd5fc89daf0114d4add7dfa5d9d7aabf0814d46a20e94a8b8f7e1d68b5fd950";
        assert_eq!(hex::encode(digest), golden);
        let mut stored = submission.clone();
        stored.payment_intent = Some("pi_1".to_owned());
        stored.stored_at = Some(1_700_000_001);
        stored.account = Some("acct_1".to_owned());
        stored.livemode = Some(false);
        assert_eq!(of_submission(&stored), digest);
        stored.card.ksn = "FFFF9876543210E00002".to_owned();
        assert_ne!(of_submission(&stored), digest);
        assert_ne!(of_terms(&submission.payment), digest);
    }
}
