//! What "the same content" means.

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tillandsia_core::wire::ContentDigest;

/// SHA-256 over the canonical JSON of a request, kept for ever beside the payment. Of what a device sends, the wire's own
/// types say it, since the device asks by it; here it is told of what an account's own server sends.
pub type Digest = ContentDigest;

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
    use tillandsia_core::wire::PaymentSubmission;

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
        let digest = submission.digest();
        let golden = "dbd5fc89daf0114d4add7dfa5d9d7aabf0814d46a20e94a8b8f7e1d68b5fd950";
        assert_eq!(hex::encode(digest), golden);
        let mut stored = submission.clone();
        stored.payment_intent = Some("pi_1".to_owned());
        stored.stored_at = Some(1_700_000_001);
        stored.account = Some("acct_1".to_owned());
        stored.livemode = Some(false);
        assert_eq!(stored.digest(), digest);
        stored.card.ksn = "FFFF9876543210E00002".to_owned();
        assert_ne!(stored.digest(), digest);
        assert_ne!(submission.payment.digest(), digest);
    }
    /// What comes onto the wire later and is content must come into the digest too.
    #[test]
    fn the_digest_is_that_of_the_whole_content_on_the_wire() {
        let mut submission: PaymentSubmission = serde_json::from_str(
            r#"{"offline_id":"01937b2e-1c00-7a00-8000-000000000001","amount":1099,"currency":"usd",
                "capture_method":"manual","metadata":{"b":"\u0001\"é","a":""},"created_at":1700000000,
                "card":{"read_method":"contactless_emv","ksn":"FFFF9876543210E00001","cipher":"tdes",
                "encrypted":[{"tag":"57","value":"00"}],"emv":[{"tag":"9F26","value":"01"},{"tag":"9A","value":""}],
                "reader":{"device_type":"d","serial_number":"s","software_version":"v"}}}"#,
        )
        .unwrap();
        for _ in 0..2 {
            assert_eq!(submission.digest(), of(&submission));
            assert_eq!(submission.payment.digest(), of(&submission.payment));
            submission.payment.description = Some("two \\ teas".to_owned());
            submission.payment.receipt_email = Some("a@example.com".to_owned());
        }
    }
}
