//! The vault: nothing readable at rest, one key, never a new one in place of a lost one.

use futures::future::join;
use tillandsia_core::browser::WebCryptoVault;
use tillandsia_core::error::ErrorCode;
use tillandsia_core::journal::{Found, LogKind};
use tillandsia_core::ports::{Vault as _, VaultError};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::raw;
use crate::till::{connect, fresh_name, journal, new_record, store_one, write};

#[wasm_bindgen_test]
async fn nothing_of_a_payment_can_be_read_at_rest() {
    let name = fresh_name();
    let till = journal(&name).await;
    let record = store_one(&till).await;
    till.put_setting("session", b"tss_secret_of_the_session").await.unwrap();
    let at_rest = raw::flatten(&name).await.unwrap().as_string().unwrap();
    let secret = &record.secret.as_ref().unwrap().secret;
    let traces = [
        "tss_secret_of_the_session".to_owned(),
        "4242".to_owned(),
        "A. Nobody".to_owned(),
        "order".to_owned(),
        "836T012345".to_owned(),
        hex::encode(&secret.ksn),
        hex::encode(&secret.encrypted[0].value),
        hex::encode(hex::encode(&secret.ksn)),
        hex::encode("4242"),
    ];
    assert!(at_rest.contains(&record.offline_id.to_string()), "the dump is of this database");
    for trace in traces {
        // Four digits may occur in hexadecimal by chance; in the latin-1 parts they may not.
        let found = if trace == "4242" { at_rest.contains("\"4242\"") } else { at_rest.contains(&trace) };
        assert!(!found, "{trace} can be read");
    }
}

#[wasm_bindgen_test]
async fn the_key_cannot_be_taken_out_of_the_browser() {
    let name = fresh_name();
    store_one(&journal(&name).await).await;
    let key = raw::get(&name, "keys", "vault-1".into()).await.unwrap();
    let extractable = js_sys::Reflect::get(&key, &"extractable".into()).unwrap();
    assert_eq!(extractable.as_bool(), Some(false));
}

#[wasm_bindgen_test]
async fn two_tabs_at_their_first_start_end_with_one_key() {
    let name = fresh_name();
    let (one, other) = (WebCryptoVault::new(connect(&name).await), WebCryptoVault::new(connect(&name).await));
    let (sealed, also) = join(one.seal(b"one", b"x"), other.seal(b"other", b"x")).await;
    assert_eq!(other.open(&sealed.unwrap(), b"x").await.unwrap(), b"one");
    assert_eq!(one.open(&also.unwrap(), b"x").await.unwrap(), b"other");
}

#[wasm_bindgen_test]
async fn an_altered_ciphertext_or_other_associated_bytes_do_not_open() {
    let vault = WebCryptoVault::new(connect(&fresh_name()).await);
    let sealed = vault.seal(b"four words of text", b"row 1").await.unwrap();
    assert_eq!(vault.open(&sealed, b"row 1").await.unwrap(), b"four words of text");
    assert_eq!(vault.open(&sealed, b"row 2").await, Err(VaultError::DoesNotOpen));
    for byte in 0..sealed.ciphertext.len() {
        let mut altered = sealed.clone();
        altered.ciphertext[byte] ^= 1;
        assert_eq!(vault.open(&altered, b"row 1").await, Err(VaultError::DoesNotOpen), "byte {byte}");
    }
    assert_ne!(vault.seal(b"a", b"").await.unwrap().iv, vault.seal(b"a", b"").await.unwrap().iv);
}

#[wasm_bindgen_test]
async fn a_lost_key_is_said_to_be_lost_and_never_replaced_while_payments_exist() {
    let name = fresh_name();
    let record = store_one(&journal(&name).await).await;
    raw::remove(&name, "keys", "vault-1".into()).await.unwrap();
    let till = journal(&name).await;
    let refused = write(&till, &new_record(), LogKind::Stored, u64::MAX).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::StorageKeyUnavailable);
    let found = till.payment(record.offline_id).await.unwrap().unwrap();
    assert!(
        matches!(found, Found::Unreadable { error, .. } if error.code == ErrorCode::StorageKeyUnavailable)
    );
    assert_eq!(till.head().await.unwrap().totals.count, 1, "it still counts");
    assert!(raw::get(&name, "keys", "vault-1".into()).await.unwrap().is_undefined());
    raw::put(&name, "keys", "not a key".into(), "vault-1".into()).await.unwrap();
    let refused = write(&journal(&name).await, &new_record(), LogKind::Stored, 9).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::StorageKeyUnavailable);
}

#[wasm_bindgen_test]
async fn without_any_payment_a_lost_key_costs_the_settings_only() {
    let name = fresh_name();
    journal(&name).await.put_setting("device", b"1").await.unwrap();
    raw::remove(&name, "keys", JsValue::from_str("vault-1")).await.unwrap();
    let till = journal(&name).await;
    store_one(&till).await;
    assert_eq!(till.setting("device").await.unwrap(), None);
}
