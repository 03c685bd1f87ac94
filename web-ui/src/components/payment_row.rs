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
    let retry = row.can_retry.then(|| {
        view! {
            <button
                type="button"
                class="button small"
                data-testid="payment-retry"
                on:click=move |_| act.run(Action::Retry(id))
            >
                <Icon name="retry" />
                "Send again"
            </button>
        }
    });
    let settle = row.can_settle.then(|| {
        view! {
            <button
                type="button"
                class="button small"
                data-testid="payment-settle"
                aria-label=format!("{} is dealt with", row.amount)
                on:click=move |_| act.run(Action::Settle(id))
            >
                <Icon name="check" />
                "Dealt with"
            </button>
        }
    });
    let open = readable.then(|| {
        view! {
            <button
                type="button"
                class="button small"
                data-testid="payment-open"
                aria-label=format!("Receipt of {}", row.amount)
                on:click=move |_| act.run(Action::OpenReceipt(id))
            >
                <Icon name="receipt" />
                "Receipt"
            </button>
        }
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
