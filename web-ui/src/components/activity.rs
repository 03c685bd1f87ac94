//! What was heard of finished payments since the till was opened.

use leptos::prelude::*;

use super::icon::Icon;
use super::payment_row::sign;
use crate::view_models::payment_row::Activity;

/// The events, newest first.
#[component]
pub(crate) fn ActivityList(events: Signal<Vec<Activity>>) -> impl IntoView {
    let empty = Memo::new(move |_| events.with(Vec::is_empty));
    let item = |event: Activity| {
        view! {
            <li
                class="event"
                data-testid="event"
                data-offline-id=event.id.to_string()
                data-kind=event.kind
                data-tone=event.tone.as_str()
            >
                <Icon name=sign(event.tone) />
                <span>{event.text}</span>
                <time>{event.at}</time>
            </li>
        }
    };
    view! {
        <section class="activity" aria-label="Activity">
            <h2>"Activity"</h2>
            <Show when=move || empty.get()>
                <p class="muted">"Nothing was forwarded since the till was opened."</p>
            </Show>
            <ul>
                <For each=move || events.get() key=|event| event.number children=item />
            </ul>
        </section>
    }
}
