//! The simulated reader's cards. Not part of a production build.

use leptos::prelude::*;

use super::icon::Icon;
use crate::view_models::checkout::Checkout;

/// Name of a card profile of the simulator, what a person calls it, and its sign.
const CARDS: [(&str, &str, &str); 5] = [
    ("contactless_visa", "Tap Visa", "tap"),
    ("contact_mastercard", "Insert Mastercard", "card"),
    ("declined", "Card that declines", "clear"),
    ("swipe", "Swipe Visa", "swipe"),
    ("expired", "Expired Visa", "clock"),
];

/// The cards a person can hold to the simulated reader. `sale` changes with everything the reader says: after a press
/// the cards wait for that, since a second tap would be a second card.
#[component]
pub(crate) fn SimulatorPanel(
    sale: Signal<Option<Checkout>>,
    present: Callback<&'static str>,
) -> impl IntoView {
    let pressed = RwSignal::new(false);
    Effect::new(move |_| {
        sale.track();
        pressed.set(false);
    });
    let enabled = Memo::new(move |_| {
        !pressed.get() && sale.with(|sale| sale.as_ref().is_some_and(Checkout::waits_for_card))
    });
    let press = move |profile| {
        if enabled.get_untracked() {
            pressed.set(true);
            present.run(profile);
        }
    };
    let card = move |(profile, label, icon): (&'static str, &'static str, &'static str)| {
        view! {
            <button
                type="button"
                class="sim-card"
                data-testid="sim-present"
                data-profile=profile
                disabled=move || !enabled.get()
                on:click=move |_| press(profile)
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
