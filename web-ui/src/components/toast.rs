//! Short messages in the corner.

use leptos::prelude::*;

use super::icon::Icon;
use super::payment_row::sign;
use crate::state::Toast;

/// The messages that are shown now.
#[component]
pub(crate) fn Toasts(toasts: Signal<Vec<Toast>>, dismiss: Callback<u64>) -> impl IntoView {
    let item = move |toast: Toast| {
        let number = toast.number;
        view! {
            <li class="toast" data-tone=toast.tone.as_str()>
                <Icon name=sign(toast.tone) />
                <span>{toast.text}</span>
                <button type="button" aria-label="Dismiss" on:click=move |_| dismiss.run(number)>
                    <Icon name="clear" />
                </button>
            </li>
        }
    };
    view! {
        <div class="toasts" role="status">
            <ul>
                <For each=move || toasts.get() key=|toast| (toast.number, toast.text.clone()) children=item />
            </ul>
        </div>
    }
}
