//! Points in time as the device's zone and the person's language write them.

use js_sys::{Date, Object, Reflect};
use tillandsia_core::time::TimestampMs;
use wasm_bindgen::JsValue;

/// `22 Nov, 23:48`; with the year when it is not this one.
pub(super) fn local_time(at: TimestampMs) -> String {
    let date = date(at);
    written(&date, in_other_year(&date), false)
}

/// `22 Nov, 23:48:05`: for what happens in the same minute.
pub(super) fn local_time_with_seconds(at: TimestampMs) -> String {
    let date = date(at);
    written(&date, in_other_year(&date), true)
}

/// `22 Nov 2026, 23:48`: for paper, which is read in other years too.
pub(super) fn local_time_with_year(at: TimestampMs) -> String {
    written(&date(at), true, false)
}

fn in_other_year(date: &Date) -> bool {
    date.get_full_year() != Date::new_0().get_full_year()
}

fn date(at: TimestampMs) -> Date {
    // Milliseconds since 1970 fit a float exactly until the year 287396.
    Date::new(&JsValue::from_f64(at.0 as f64))
}

fn written(date: &Date, with_year: bool, with_seconds: bool) -> String {
    let options = Object::new();
    let set = |name: &str, value: &str| {
        Reflect::set(&options, &JsValue::from_str(name), &JsValue::from_str(value)).ok();
    };
    set("day", "numeric");
    set("month", "short");
    set("hour", "2-digit");
    set("minute", "2-digit");
    set("hourCycle", "h23");
    if with_seconds {
        set("second", "2-digit");
    }
    if with_year {
        set("year", "numeric");
    }
    date.to_locale_string("en-GB", &options).into()
}
