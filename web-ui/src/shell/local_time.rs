//! Points in time as the device's zone and the person's language write them.

use js_sys::{Date, Object, Reflect};
use tillandsia_core::time::TimestampMs;
use wasm_bindgen::JsValue;

/// `22 Nov, 23:48`; with the year when it is not this one.
pub(super) fn local_time(at: TimestampMs) -> String {
    // Milliseconds since 1970 fit a float exactly until the year 287396.
    let date = Date::new(&JsValue::from_f64(at.0 as f64));
    let options = Object::new();
    let set = |name: &str, value: &str| {
        Reflect::set(&options, &JsValue::from_str(name), &JsValue::from_str(value)).ok();
    };
    set("day", "numeric");
    set("month", "short");
    set("hour", "2-digit");
    set("minute", "2-digit");
    set("hourCycle", "h23");
    if date.get_full_year() != Date::new_0().get_full_year() {
        set("year", "numeric");
    }
    date.to_locale_string("en-GB", &options).into()
}
