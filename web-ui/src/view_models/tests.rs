//! Samples that the tests of several view models share.

use std::collections::BTreeMap;

use tillandsia_core::card::{ReadMethod, ReaderInfo, ShownCard};
use tillandsia_core::ids::OfflineId;
use tillandsia_core::journal::{CardShown, PaymentRecord, PaymentState};
use tillandsia_core::money::Money;
use tillandsia_core::payment_intent::{CaptureMethod, ReceiptDetails};
use tillandsia_core::time::TimestampMs;
use tillandsia_core::wire::Session;

pub(super) const NOW: TimestampMs = TimestampMs(1_700_000_000_000);

pub(super) fn session() -> Session {
    serde_json::from_value(serde_json::json!({
        "object": "terminal.session", "secret": "tss_x", "expires_at": 2_000_000_000u64, "account": "acct_1",
        "livemode": false,
        "location": {
            "id": "tml_1", "object": "terminal.location", "display_name": "Air & Leaf", "configuration_overrides": null,
            "livemode": false, "metadata": {},
            "address": {"line1": "1 Air Street", "city": "San Francisco", "state": "CA", "country": "US",
                        "postal_code": "94102"},
        },
        "configuration": {
            "id": "tmc_1", "object": "terminal.configuration", "is_account_default": true, "livemode": false,
            "name": null, "offline": {"enabled": true, "payment_amount_max": {"usd": 50_000}},
        },
    }))
    .unwrap()
}

pub(super) fn record(state: PaymentState) -> PaymentRecord {
    PaymentRecord {
        offline_id: OfflineId::mint(NOW, [7; 10]),
        payment_intent: None,
        amount: Money::new(1205, "usd".parse().unwrap()),
        capture_method: CaptureMethod::Automatic,
        description: None,
        receipt_email: None,
        metadata: BTreeMap::from([("item_01".into(), "2 x 380 Flat white".into())]),
        created_at: NOW,
        stored_at: Some(NOW),
        deadline: NOW.plus_ms(86_400_000),
        account: Some("acct_1".into()),
        livemode: false,
        card: CardShown {
            read_method: ReadMethod::ContactlessEmv,
            shown: ShownCard {
                brand: Some("visa".into()),
                last4: Some("0119".into()),
                exp_month: 12,
                exp_year: 2030,
                cardholder_name: None,
            },
            receipt: Some(ReceiptDetails {
                application_preferred_name: "Visa Credit".into(),
                dedicated_file_name: "A0000000031010".into(),
                application_cryptogram: "B04E99086D0F49BD".into(),
                terminal_verification_results: "0000000000".into(),
                transaction_status_information: String::new(),
                cardholder_verification_method: "1F0302".into(),
            }),
        },
        secret: None,
        reader: ReaderInfo {
            device_type: "simulated_vp3300".into(),
            serial_number: "SIM-1".into(),
            software_version: "1".into(),
        },
        attempts: 0,
        failures: Vec::new(),
        state,
        unacknowledged: false,
        settled: false,
    }
}
