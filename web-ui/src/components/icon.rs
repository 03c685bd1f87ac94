//! Signs, from `icons.svg`.

use leptos::prelude::*;

/// A sign of the icon file; decoration, the words beside it say what it means.
#[component]
pub(crate) fn Icon(#[prop(into)] name: Signal<&'static str>) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
            <use href=move || format!("./icons.svg#{}", name.get())></use>
        </svg>
    }
}
