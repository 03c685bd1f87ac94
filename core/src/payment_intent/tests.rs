use super::*;
use crate::testing::card;

fn intent(stage: Stage) -> PaymentIntent {
    PaymentIntent {
        offline_id: OfflineId::mint(TimestampMs(1), [0; 10]),
        id: None,
        amount: Money::new(100, "usd".parse().unwrap()),
        capture_method: CaptureMethod::Automatic,
        offline_behavior: OfflineBehavior::PreferOnline,
        metadata: BTreeMap::new(),
        description: None,
        receipt_email: None,
        payment_method: None,
        created_at_ms: TimestampMs(1),
        stage,
    }
}

fn collected(serial: u32) -> Collected {
    let reader = ReaderInfo {
        device_type: "memory_reader".into(),
        serial_number: "M1".into(),
        software_version: "1".into(),
    };
    Collected { card: card(serial), reader, offline: true }
}

fn details(requires_upload: bool) -> OfflineDetails {
    OfflineDetails {
        stored_at_ms: TimestampMs(1),
        requires_upload,
        read_method: ReadMethod::ContactlessEmv,
        card: ShownCard::default(),
        receipt: None,
        authorization_code: None,
    }
}

fn stages() -> Vec<(&'static str, Stage)> {
    vec![
        ("requires_payment_method", Stage::RequiresPaymentMethod),
        ("requires_confirmation", Stage::RequiresConfirmation(Box::new(collected(1)))),
        ("processing", Stage::Processing),
        ("requires_capture", Stage::RequiresCapture(None)),
        ("requires_capture", Stage::RequiresCapture(Some(Box::new(details(true))))),
        ("requires_capture", Stage::RequiresCapture(Some(Box::new(details(false))))),
        ("succeeded", Stage::Succeeded(None)),
        ("canceled", Stage::Canceled),
    ]
}

type Transition = fn(PaymentIntent) -> Result<PaymentIntent, TerminalError>;

#[test]
fn every_transition_from_every_stage_is_as_the_table_says() {
    let transitions: [(&str, Transition); 6] = [
        ("collected", |intent| intent.collected(collected(2))),
        ("confirming", |intent| intent.confirming().map(|(intent, ..)| intent)),
        ("confirmed", |intent| intent.confirmed(None)),
        ("declined", |intent| intent.declined()),
        ("captured", |intent| intent.captured()),
        ("canceled", |intent| intent.canceled()),
    ];
    let x = "";
    // One row a stage, in the order of `stages`; one column a transition: the status it leads to, or an error.
    let table = [
        ["requires_confirmation", x, x, x, x, "canceled"],
        ["requires_confirmation", "processing", x, x, x, "canceled"],
        [x, x, "succeeded", "requires_payment_method", x, x],
        [x, x, x, x, "succeeded", x],
        [x, x, x, x, x, x],
        [x, x, x, x, "succeeded", x],
        [x, x, x, x, x, x],
        [x, x, x, x, x, x],
    ];
    for ((name, stage), row) in stages().into_iter().zip(table) {
        assert_eq!(intent(stage.clone()).status().as_str(), name);
        for ((action, transition), expected) in transitions.iter().zip(row) {
            let before = intent(stage.clone());
            match transition(before.clone()) {
                Ok(after) => assert_eq!(after.status().as_str(), expected, "{action} from {stage:?}"),
                Err(error) => {
                    assert_eq!(expected, x, "{action} from {stage:?}: {error}");
                    assert_eq!(error.code, ErrorCode::UnexpectedStatus);
                    let kept = error.payment_intent.expect("the error carries the payment");
                    assert_eq!(kept.offline_id, before.offline_id);
                }
            }
        }
    }
}

#[test]
fn manual_capture_waits_for_the_upload() {
    let mut manual = intent(Stage::Processing);
    manual.capture_method = CaptureMethod::Manual;
    let stored = manual.clone().confirmed(Some(details(true))).unwrap();
    assert_eq!(stored.status(), PaymentIntentStatus::RequiresCapture);
    let error = stored.captured().unwrap_err();
    assert!(error.message.contains("not yet forwarded"), "{error}");
    let online = manual.confirmed(None).unwrap();
    assert_eq!(online.captured().unwrap().status(), PaymentIntentStatus::Succeeded);
}

#[test]
fn a_receipt_prints_what_the_chip_gave() {
    let receipt = ReceiptDetails::of(&card(7)).unwrap();
    assert_eq!(receipt.application_preferred_name, "VISA CREDIT");
    assert_eq!(receipt.dedicated_file_name, "A0000000031010");
    assert_eq!(receipt.application_cryptogram, "A5A5A5A500000007");
    assert_eq!(receipt.terminal_verification_results, "0000000000");
}
