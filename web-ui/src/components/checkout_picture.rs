//! The picture of each stage of a sale. Each result has a shape of its own, so that it is told apart without colour.

use leptos::prelude::*;

/// The picture of a stage, by its stable name.
pub(crate) fn picture(stage: &'static str) -> AnyView {
    match stage {
        "present" => present().into_any(),
        "approved" => result("approved").into_any(),
        "stored" => result("stored").into_any(),
        "declined" => result("declined").into_any(),
        "error" => result("error").into_any(),
        _ => working().into_any(),
    }
}

/// A reader, a card that slides into it, and the waves of a tap.
fn present() -> impl IntoView {
    view! {
        <svg class="picture picture-present" viewBox="0 0 240 160" aria-hidden="true">
            <g class="waves">
                <path d="M96 34a34 34 0 0 1 48 0"></path>
                <path d="M84 22a51 51 0 0 1 72 0"></path>
                <path d="M72 10a68 68 0 0 1 96 0"></path>
            </g>
            <rect class="reader-body" x="76" y="44" width="88" height="72" rx="12"></rect>
            <rect class="reader-screen" x="88" y="56" width="64" height="26" rx="5"></rect>
            <g class="reader-keys">
                <circle cx="100" cy="96" r="4"></circle>
                <circle cx="120" cy="96" r="4"></circle>
                <circle cx="140" cy="96" r="4"></circle>
            </g>
            <g class="card-in">
                <rect class="card-face" x="92" y="122" width="56" height="36" rx="5"></rect>
                <rect class="card-chip" x="99" y="131" width="12" height="9" rx="2"></rect>
            </g>
            <rect class="reader-slot" x="86" y="110" width="68" height="8" rx="4"></rect>
        </svg>
    }
}

fn working() -> impl IntoView {
    view! {
        <svg class="picture picture-working" viewBox="0 0 120 120" aria-hidden="true">
            <circle class="track" cx="60" cy="60" r="44"></circle>
            <path class="spin" d="M60 16a44 44 0 0 1 44 44"></path>
        </svg>
    }
}

/// A disc with a check, a tray with an arrow and a clock, an octagon with a cross, a triangle.
fn result(kind: &'static str) -> impl IntoView {
    view! {
        <svg class="picture picture-result" viewBox="0 0 120 120" aria-hidden="true">
            <use href=format!("./icons.svg#result-{kind}")></use>
        </svg>
    }
}
