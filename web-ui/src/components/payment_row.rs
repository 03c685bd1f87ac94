//! A payment of the list.

use leptos::prelude::*;
use tillandsia_core::time::TimestampMs;

use super::icon::Icon;
use crate::action::Action;
use crate::view_models::payment_row::{PaymentRow, Tone};
use crate::view_models::time_left::{span, time_left};

/// A row; it keeps its element while its payment changes.
#[component]
pub(crate) fn PaymentItem(
    row: Signal<Option<PaymentRow>>,
    now: Signal<TimestampMs>,
    offline: Signal<bool>,
    act: Callback<Action>,
) -> impl IntoView {
    view! { {move || row.get().map(|row| item(row, now, offline, act))} }
}

fn item(
    row: PaymentRow,
    now: Signal<TimestampMs>,
    offline: Signal<bool>,
    act: Callback<Action>,
) -> impl IntoView {
    let id = row.id;
    let readable = row.state != "unreadable";
    let amount = &row.amount;
    let retry = row.can_retry.then(|| {
        let name = format!("Send {amount} again");
        row_button("payment-retry", "retry", "Send again", name, move || act.run(Action::Retry(id)))
    });
    let settle = row.can_settle.then(|| {
        let name = format!("{amount} is dealt with");
        row_button("payment-settle", "check", "Dealt with", name, move || act.run(Action::Settle(id)))
    });
    let open = readable.then(|| {
        let name = format!("Receipt of {amount}");
        row_button("payment-open", "receipt", "Receipt", name, move || act.run(Action::OpenReceipt(id)))
    });
    let waiting = waiting(&row, now, offline);
    let problem = row.problem.map(|problem| view! { <p class="row-problem">{problem}</p> });
    view! {
        <li
            class="payment"
            data-testid="payment"
            data-state=row.state
            data-amount-minor=row.amount_minor.to_string()
            data-offline-id=row.id.to_string()
            data-payment-intent=row.payment_intent
            data-tone=row.tone.as_str()
        >
            <span class="badge" data-tone=row.tone.as_str()>
                <Icon name=sign(row.tone) />
                {row.label}
            </span>
            <span class="row-card">{row.card}</span>
            <span class="row-when">{row.created}{row.offline.then_some(" · taken offline")}</span>
            <strong class="row-amount">{row.amount}</strong>
            <span class="row-buttons">{retry}{settle}{open}</span>
            {problem}
            {waiting}
        </li>
    }
}

/// What can be done with a payment; `name` tells it apart from the same button of another row.
fn row_button(
    test_id: &'static str,
    icon: &'static str,
    label: &'static str,
    name: String,
    press: impl Fn() + 'static,
) -> AnyView {
    view! {
        <button
            type="button"
            class="button small"
            data-testid=test_id
            aria-label=name
            on:click=move |_| press()
        >
            <Icon name=icon />
            {label}
        </button>
    }
    .into_any()
}

/// Attempts, next try and deadline, while the payment waits.
fn waiting(
    row: &PaymentRow,
    now: Signal<TimestampMs>,
    offline: Signal<bool>,
) -> Option<impl IntoView + use<>> {
    let deadline = row.deadline?;
    let (attempts, next) = (row.attempts, row.next_attempt);
    let left = Memo::new(move |_| time_left(now.get(), deadline));
    let tries = move || {
        let tried = match attempts {
            0 => return "not sent yet".to_owned(),
            1 => "tried once".to_owned(),
            count => format!("tried {count} times"),
        };
        match next.map(|next| now.get().ms_until(next)) {
            Some(_) if offline.get() => format!("{tried}, next when the connection is back"),
            Some(0) => format!("{tried}, next try now"),
            Some(ms) => format!("{tried}, next try in {}", span(ms)),
            None => tried,
        }
    };
    Some(view! {
        <span class="row-waiting">
            <span class="oldest" class:urgent=move || left.get().urgent>
                <Icon name="clock" />
                {move || left.get().text}
            </span>
            <span>{tries}</span>
        </span>
    })
}

/// The sign of a tone; each has another shape.
pub(crate) const fn sign(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "check",
        Tone::Waiting => "stored",
        Tone::Moving => "moving",
        Tone::Bad => "cross",
        Tone::Neutral => "minus",
    }
}
