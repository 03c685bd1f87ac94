//! The TypeScript types of what goes in and comes out, written from the Rust types into `sdk/js/types.d.ts`.

use tillandsia_core::card::ReadMethod;
use tillandsia_core::error::ErrorCode;
use tillandsia_core::payment_intent::PaymentIntentStatus;
use ts_rs::{Config, TS};

use super::*;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/js/types.d.ts");
/// Set to anything, this has the file written instead of compared.
const WRITE: &str = "TILLANDSIA_WRITE_TYPES";

/// The type of this name, which [`generated`] declares.
#[derive(TS)]
#[ts(type = "never")]
pub(super) struct CaptureMethod;
/// The same.
#[derive(TS)]
#[ts(type = "never")]
pub(super) struct OfflineBehavior;

fn union(name: &str, doc: &str, names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("\n  | \"{name}\"")).collect();
    format!("/** {doc} */\nexport type {name} ={};\n\n", names.concat())
}

/// What comes out, by the names that it is written with.
pub(super) trait Named {
    const NAMES: &'static [&'static str];
}

/// Of what comes out the declared names must be the written ones.
fn written<T: TS + Named + 'static>(config: &Config) -> String {
    let declared = declared::<T>(config);
    let remarks_cut = declared.split("/**").map(|part| part.split_once("*/").map_or(part, |(_, code)| code));
    let code: String = remarks_cut.collect();
    let fields = code.split(['{', ',', ';']).filter_map(|field| field.split_once(": "));
    let names: Vec<&str> = fields.map(|(name, _)| name.trim().trim_end_matches('?')).collect();
    assert_eq!(names, T::NAMES, "{declared}");
    declared
}

fn declared<T: TS + 'static>(config: &Config) -> String {
    let text = format!("{}export {}\n\n", T::docs().unwrap_or_default(), T::decl(config));
    // A field a line, each with its remark before it.
    let text = text.replace("/**\n * ", "/** ").replace("\n */\n", " */\n").replace("{ \n", "{\n");
    let mut lines: Vec<String> = Vec::new();
    for line in text.replace(", };", ";\n};").split('\n') {
        let inside = lines.iter().any(|line| line.ends_with('{')) && !line.starts_with('}');
        let field = line.strip_suffix(", ").map(|field| format!("{field};"));
        lines.push(match (inside && !line.is_empty(), field) {
            (true, Some(field)) => format!("  {field}"),
            (true, None) => format!("  {line}"),
            (false, _) => line.to_owned(),
        });
    }
    lines.join("\n")
}

fn generated() -> String {
    let codes: Vec<&str> = ErrorCode::ALL.iter().map(|code| code.as_str()).collect();
    let statuses = PaymentIntentStatus::ALL.map(PaymentIntentStatus::as_str);
    let methods = [
        ReadMethod::ContactEmv,
        ReadMethod::ContactlessEmv,
        ReadMethod::ContactlessMagstripeMode,
        ReadMethod::MagneticStripeFallback,
        ReadMethod::MagneticStripeTrack2,
    ];
    let states =
        ["confirming", "stored", "forwarding", "wedged", "accepted", "declined", "canceled", "unreadable"];
    let c = Config::default();
    let parts = [
        format!("// Generated from sdk/src/api by its tests; {WRITE}=1 writes it anew.\n\n"),
        union("TerminalErrorCode", "What went wrong, as a stable name.", &codes),
        union("PaymentIntentStatus", "The status of a PaymentIntent.", &statuses),
        union("CaptureMethod", "When the money is taken.", &["automatic", "manual"]),
        union(
            "OfflineBehavior",
            "Whether a payment may, must or must not be taken without the gateway.",
            &["prefer_online", "require_online", "force_offline"],
        ),
        union(
            "NetworkStatus",
            "Whether the gateway can be reached, by a probe of it.",
            &["unknown", "online", "offline"],
        ),
        union("ReadMethod", "How a card was read.", &methods.map(ReadMethod::as_str)),
        union("PaymentState", "Where a payment stands on this device.", &states),
        written::<PaymentIntentJson>(&c),
        written::<PaymentMethodJson>(&c),
        written::<OfflineDetailsJson>(&c),
        written::<AmountDetailsJson>(&c),
        written::<TipJson>(&c),
        written::<CardPresentDetailsJson>(&c),
        written::<ReceiptDetailsJson>(&c),
        written::<OfflineStatusJson>(&c),
        written::<DetailsJson>(&c),
        written::<PaymentJson>(&c),
        written::<FailureJson>(&c),
        written::<ErrorJson>(&c),
        written::<ReaderJson>(&c),
        written::<ReadinessJson>(&c),
        written::<CheckJson>(&c),
        declared::<CreateOptions>(&c),
        declared::<CollectOptions>(&c),
        declared::<ConfirmOptions>(&c),
        declared::<CaptureOptions>(&c),
        declared::<ListOptions>(&c),
    ];
    parts.concat().trim_end().to_owned() + "\n"
}

#[test]
fn the_bound_on_open_payments_is_said_where_they_are_made() {
    let made = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/js/index.js")).unwrap();
    for said in [PaymentIntentJson::docs().unwrap_or_default(), made] {
        assert!(said.contains(&format!("{OPEN_MAX} that are not confirmed")), "{said}");
    }
}

#[test]
fn the_types_are_those_of_the_api() {
    let generated = generated();
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(FILE, &generated).unwrap();
    }
    let kept = std::fs::read_to_string(FILE).unwrap_or_default();
    assert!(kept == generated, "sdk/js/types.d.ts is not that of the API: run this test with {WRITE}=1");
}
