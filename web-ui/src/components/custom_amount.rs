//! An amount that is typed instead of picked.

use leptos::ev::SubmitEvent;
use leptos::prelude::*;
use tillandsia_core::money::{Currency, Money};

use super::icon::Icon;
use crate::view_models::price::{parse_major, symbol};

/// A field for an amount in major units.
#[component]
pub(crate) fn CustomAmount(currency: Signal<Currency>, add: Callback<u64>) -> impl IntoView {
    let text = RwSignal::new(String::new());
    let problem = RwSignal::new(None::<String>);
    let submit = move |event: SubmitEvent| {
        event.prevent_default();
        match parse_major(&text.get_untracked(), currency.get_untracked()) {
            Ok(money) => {
                add.run(money.amount_minor);
                text.set(String::new());
                problem.set(None);
            }
            Err(error) => problem.set(Some(error.to_string())),
        }
    };
    let sign = move || {
        let currency = currency.get();
        symbol(currency).map_or_else(|| currency.code().to_ascii_uppercase(), str::to_owned)
    };
    view! {
        <form class="custom" on:submit=submit autocomplete="off">
            <label class="visually-hidden" for="custom-amount">"Custom amount"</label>
            <span class="field">
                <span class="field-sign" aria-hidden="true">{sign}</span>
                <input
                    id="custom-amount"
                    data-testid="custom-amount"
                    type="text"
                    inputmode="decimal"
                    maxlength="16"
                    placeholder=move || format!("{} custom", Money::new(0, currency.get()).major_text())
                    prop:value=move || text.get()
                    on:input=move |event| {
                        text.set(event_target_value(&event));
                        problem.set(None);
                    }
                    aria-keyshortcuts="F4"
                    aria-invalid=move || problem.with(Option::is_some).to_string()
                    aria-describedby="custom-amount-problem"
                />
                <kbd aria-hidden="true">"F4"</kbd>
                <span id="custom-amount-problem" class="field-problem" role="alert">{move || problem.get()}</span>
            </span>
            <button type="submit" class="button" data-testid="custom-amount-add">
                <Icon name="plus" />
                "Add"
            </button>
        </form>
    }
}
