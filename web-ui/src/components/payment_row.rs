//! A payment of the list.

use leptos::prelude::*;
use tillandsia_core::time::TimestampMs;

use super::button::Button;
use super::facts::Facts;
use super::icon::Icon;
use crate::action::Action;
use crate::view_models::limits::Fact;
use crate::view_models::payment_row::{PaymentRow, Tone};
use crate::view_models::shop::Shop;
use crate::view_models::time_left::{span, time_left};
use crate::view_models::work::{Work, mailto};

/// A row; it keeps its element while its payment changes.
#[component]
pub(crate) fn PaymentItem(
    row: Signal<Option<PaymentRow>>,
    shop: RwSignal<Shop>,
    now: Signal<TimestampMs>,
    offline: Signal<bool>,
    act: Callback<Action>,
) -> impl IntoView {
    view! { {move || row.get().map(|row| item(row, shop, now, offline, act))} }
}

fn item(
    row: PaymentRow,
    shop: RwSignal<Shop>,
    now: Signal<TimestampMs>,
    offline: Signal<bool>,
    act: Callback<Action>,
) -> AnyView {
    let id = row.id;
    let readable = row.state != "unreadable";
    let amount = &row.amount;
    let button = |test_id, icon, label, name: String, action: Action| {
        let button = Button { class: "small", test_id, icon, label, name: Some(name), ..Button::default() };
        button.view(move || act.run(action.clone()))
    };
    let retry = row.can_retry.then(|| {
        button("payment-retry", "retry", "Send again", format!("Send {amount} again"), Action::Retry(id))
    });
    let settle = row.can_settle.then(|| {
        button("payment-settle", "check", "Dealt with", format!("{amount} is dealt with"), Action::Settle(id))
    });
    let void = row.can_void.then(|| {
        button("payment-void", "undo", "Take back", format!("Take {amount} back"), Action::AskVoid(id))
    });
    let open = readable.then(|| {
        let name = format!("Open {amount}: receipt and history");
        button("payment-open", "receipt", "Open", name, Action::OpenReceipt(id))
    });
    let waiting = waiting(&row, now, offline);
    let mail =
        row.work.as_ref().and_then(|work| mail(work, &shop.with_untracked(|shop| shop.name.clone()), &row));
    let work = row.work.map(work);
    let problem = row.problem.map(|problem| {
        let advice = row.advice.map(|advice| view! { <span class="row-advice">{advice}</span> });
        view! { <p class="row-problem">{problem}" "{advice}</p> }
    });
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
            <span class="row-buttons">{mail}{retry}{settle}{void}{open}</span>
            {problem}
            {work}
            {waiting}
        </li>
    }
    .into_any()
}

/// What is known of a customer whose payment was declined after the sale.
fn work(work: Work) -> AnyView {
    let email = work.email.unwrap_or_else(|| "none was left".to_owned());
    let facts = std::iter::once(Fact::new("E-mail", email)).chain(work.facts).collect::<Vec<_>>();
    view! { <div class="row-work" data-testid="payment-work"><Facts facts=facts /></div> }.into_any()
}

/// A link that begins a mail to that customer.
fn mail(work: &Work, shop: &str, row: &PaymentRow) -> Option<AnyView> {
    let email = work.email.as_deref()?;
    let link = view! {
        <a
            class="button small"
            data-testid="payment-mail"
            href=mailto(email, shop, &row.amount, &row.created)
            aria-label=format!("Write to {email} about {}", row.amount)
        >
            <Icon name="mail" />
            "Write"
        </a>
    };
    Some(link.into_any())
}

/// Attempts, next try and deadline, while the payment waits.
fn waiting(row: &PaymentRow, now: Signal<TimestampMs>, offline: Signal<bool>) -> Option<AnyView> {
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
    let waiting = view! {
        <span class="row-waiting">
            <span class="oldest" class:urgent=move || left.get().urgent>
                <Icon name="clock" />
                {move || left.get().text}
            </span>
            <span>{tries}</span>
        </span>
    };
    Some(waiting.into_any())
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
