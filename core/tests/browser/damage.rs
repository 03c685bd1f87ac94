//! A damaged database: what cannot be read is set aside, what was altered is noticed, the rest works on.

use js_sys::{Reflect, Uint8Array};
use tillandsia_core::browser::{DEVICE_SETTING, ENDPOINTS_SETTING, Endpoints, device_id};
use tillandsia_core::error::ErrorCode;
use tillandsia_core::journal::{Found, PaymentRecord, Select};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::raw;
use crate::till::{fresh_name, journal, store_one};

async fn alter(name: &str, record: &PaymentRecord, how: impl Fn(&JsValue)) {
    let row = raw::get(name, "payments", record.offline_id.to_string().into()).await.unwrap();
    how(&row);
    raw::put(name, "payments", row, JsValue::UNDEFINED).await.unwrap();
}

fn set(row: &JsValue, name: &str, value: impl Into<JsValue>) {
    Reflect::set(row, &name.into(), &value.into()).unwrap();
}

fn flip(row: &JsValue, at: u32) {
    let bytes: Uint8Array = Reflect::get(row, &"bytes".into()).unwrap().unchecked_into();
    bytes.set_index(at, bytes.get_index(at) ^ 1);
}

#[wasm_bindgen_test]
async fn rows_that_cannot_be_read_are_set_aside_and_the_rest_works_on() {
    let damages: [fn(&JsValue); 10] = [
        |row| set(row, "attention", 17.0),
        |row| set(row, "bytes", "no bytes"),
        |row| set(row, "bytes", Uint8Array::new_with_length(7)),
        |row| {
            Reflect::delete_property(row.unchecked_ref::<js_sys::Object>(), &"bytes".into()).unwrap();
        },
        |row| set(row, "revision", "one"),
        |row| set(row, "deadline", 1.5),
        |row| set(row, "due", 17.0),
        |row| set(row, "leased", true),
        |row| set(row, "pending", 1.0),
        |row| flip(row, 60),
    ];
    for (number, damage) in damages.into_iter().enumerate() {
        let name = fresh_name();
        let till = journal(&name).await;
        let (first, bad, last) = (store_one(&till).await, store_one(&till).await, store_one(&till).await);
        alter(&name, &bad, damage).await;
        let till = journal(&name).await;
        let listed = till.newest(None, 10).await.unwrap();
        assert_eq!(listed[0].record(), Some(&last), "{number}");
        let Found::Unreadable { id, error, .. } = &listed[1] else { panic!("{number}: {listed:?}") };
        assert_eq!((*id, error.code), (bad.offline_id, ErrorCode::StorageUnavailable), "{number}");
        assert_eq!(listed[2].record(), Some(&first), "{number}");
        let queue = till.find(Select::Queue { after: None, limit: 10 }).await.unwrap();
        assert_eq!(queue.iter().filter_map(Found::record).count(), 2, "{number}");
        store_one(&till).await;
        assert_eq!(till.head().await.unwrap().totals.count, 4, "{number}: it still counts");
    }
}

#[wasm_bindgen_test]
async fn an_altered_log_entry_is_noticed() {
    let name = fresh_name();
    let till = journal(&name).await;
    store_one(&till).await;
    assert_eq!(till.verify().await.unwrap(), 1);
    let entry = raw::get(&name, "log", 1.0.into()).await.unwrap();
    set(&entry, "amount", 1.0);
    raw::put(&name, "log", entry, JsValue::UNDEFINED).await.unwrap();
    let noticed = till.verify().await.unwrap_err();
    assert!(noticed.message.contains("entry 1 was altered"), "{noticed}");
}

#[wasm_bindgen_test]
async fn a_missing_log_entry_or_an_altered_head_is_noticed() {
    let name = fresh_name();
    let till = journal(&name).await;
    for _ in 0..3 {
        store_one(&till).await;
    }
    let head = raw::get(&name, "meta", "head".into()).await.unwrap();
    set(&head, "seq", 2.0);
    raw::put(&name, "meta", head.clone(), "head".into()).await.unwrap();
    assert!(till.verify().await.is_err());
    set(&head, "seq", "two");
    raw::put(&name, "meta", head.clone(), "head".into()).await.unwrap();
    assert_eq!(till.head().await.unwrap_err().code, ErrorCode::StorageUnavailable);
    set(&head, "seq", 3.0);
    raw::put(&name, "meta", head, "head".into()).await.unwrap();
    assert_eq!(till.verify().await.unwrap(), 3);
    raw::remove(&name, "log", 2.0.into()).await.unwrap();
    assert!(till.verify().await.is_err());
}

#[wasm_bindgen_test]
async fn settings_that_cannot_be_read_are_written_anew() {
    let name = fresh_name();
    let endpoints = Endpoints {
        gateway_url: "https://gateway.example".to_owned(),
        connection_token_url: "https://shop.example/token".to_owned(),
    };
    let till = journal(&name).await;
    let device = device_id(&till).await.unwrap();
    assert_eq!(device_id(&till).await.unwrap(), device, "it lasts");
    endpoints.keep(&till).await.unwrap();
    for setting in [DEVICE_SETTING, ENDPOINTS_SETTING] {
        let bytes: Uint8Array = raw::get(&name, "settings", setting.into()).await.unwrap().unchecked_into();
        bytes.set_index(20, bytes.get_index(20) ^ 1);
        raw::put(&name, "settings", bytes.into(), setting.into()).await.unwrap();
    }
    let till = journal(&name).await;
    assert_eq!(Endpoints::kept(&till).await.unwrap(), None, "nothing is guessed");
    endpoints.keep(&till).await.unwrap();
    assert_eq!(Endpoints::kept(&till).await.unwrap(), Some(endpoints));
    assert_eq!(device_id(&till).await.unwrap(), device_id(&till).await.unwrap());
}
