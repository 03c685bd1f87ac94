//! The simulated reader's cards. Not part of a production build.

use leptos::prelude::*;

use super::icon::Icon;

/// Name of a card profile of the simulator, what a person calls it, and its sign.
const CARDS: [(&str, &str, &str); 5] = [
    ("contactless_visa", "Tap Visa", "tap"),
    ("contact_mastercard", "Insert Mastercard", "card"),
    ("declined", "Card that declines", "clear"),
    ("swipe", "Swipe Visa", "swipe"),
    ("expired", "Expired Visa", "clock"),
];

/// The cards a person can hold to the simulated reader.
#[component]
pub(crate) fn SimulatorPanel(enabled: Signal<bool>, present: Callback<&'static str>) -> impl IntoView {
    let card = move |(profile, label, icon): (&'static str, &'static str, &'static str)| {
        view! {
            <button
                type="button"
                class="sim-card"
                data-testid="sim-present"
                data-profile=profile
                disabled=move || !enabled.get()
                on:click=move |_| present.run(profile)
            >
                <Icon name=icon />
                {label}
            </button>
        }
    };
    view! {
        <section class="sim" aria-label="Simulated reader">
            <h3>"Simulated reader"<span>"test cards, no money moves"</span></h3>
            <div class="sim-cards">{CARDS.into_iter().map(card).collect_view()}</div>
        </section>
    }
}
