//! A payment opened: its receipt, which can be printed, and what happened to it.

use leptos::prelude::*;
use tillandsia_core::ids::OfflineId;
use tillandsia_core::time::TimestampMs;

use super::button::Button;
use super::dialog::Dialog;
use super::facts::Facts;
use super::story::story;
use crate::action::Action;
use crate::view_models::limits::Fact;
use crate::view_models::payment_row::PaymentRow;
use crate::view_models::receipt::Receipt;
use crate::view_models::time_left::{span, time_left};

/// The receipt that is open, if one is.
#[component]
pub(crate) fn ReceiptDialog(
    receipt: Signal<Option<Receipt>>,
    now: Signal<TimestampMs>,
    act: Callback<Action>,
) -> impl IntoView {
    let open = Memo::new(move |_| receipt.with(Option::is_some));
    let focus = Signal::derive(|| "receipt");
    let escape = Callback::new(move |()| act.run(Action::CloseReceipt));
    let can = move |test: fn(&PaymentRow) -> bool| {
        Memo::new(move |_| receipt.with(|receipt| receipt.as_ref().is_some_and(|receipt| test(&receipt.row))))
    };
    let (can_retry, can_void) = (can(|row| row.can_retry), can(|row| row.can_void));
    let button = move |test_id, icon, label, action: fn(OfflineId) -> Action| {
        Button { test_id, icon, label, ..Button::default() }.view(move || {
            let id = receipt.with_untracked(|receipt| receipt.as_ref().map(|receipt| receipt.row.id));
            if let Some(id) = id {
                act.run(action(id));
            }
        })
    };
    let close = move || {
        let button = Button {
            class: "primary",
            test_id: "receipt-close",
            label: "Close",
            key: Some("Esc"),
            focus: true,
            ..Button::default()
        };
        button.view(move || act.run(Action::CloseReceipt))
    };
    view! {
        <Dialog open=open focus=focus label="Payment" class="dialog receipt-dialog" escape=escape>
            <div class="receipt-scroll" tabindex="0">
                {move || receipt.get().map(paper)}
                {move || receipt.get().map(|receipt| history(receipt, now))}
            </div>
            <div class="receipt-buttons">
                <Show when=move || can_retry.get()>{button("payment-retry", "retry", "Send again", Action::Retry)}</Show>
                <Show when=move || can_void.get()>{button("receipt-void", "undo", "Take back", Action::AskVoid)}</Show>
                {button("receipt-print", "print", "Print", |_| Action::Print)}
                {close()}
            </div>
        </Dialog>
    }
}

/// What is printed.
fn paper(receipt: Receipt) -> AnyView {
    let address = receipt.address.into_iter().map(|line| view! { <p>{line}</p> }).collect_view();
    let test_mode =
        receipt.test_mode.then(|| view! { <p class="receipt-test">"TEST MODE: NO MONEY MOVES"</p> });
    let note = receipt.outcome_note.map(|note| view! { <p>{note}</p> });
    view! {
        <article class="receipt" data-testid="receipt" data-state=receipt.state>
            <header>
                <h2>{receipt.shop}</h2>
                {address}
                <p class="receipt-when">{receipt.created}</p>
            </header>
            <Facts facts=receipt.lines />
            <p class="receipt-total"><span>"Total"</span><strong>{receipt.total}</strong></p>
            <div class="receipt-outcome" data-tone=receipt.row.tone.as_str()>
                <strong data-testid="receipt-outcome">{receipt.outcome}</strong>
                {note}
            </div>
            <Facts facts=receipt.facts />
            {test_mode}
        </article>
    }
    .into_any()
}

/// What the person at the till needs to know beside it; not printed.
fn history(receipt: Receipt, now: Signal<TimestampMs>) -> AnyView {
    let row = receipt.row;
    let mut facts = vec![Fact::new("State", row.label), Fact::new("Sent", times(row.attempts))];
    facts.extend(receipt.deadline.map(|at| Fact::new("To be forwarded by", at)));
    // The story tells it, unless the log cannot be read.
    let problem = row.problem.filter(|_| receipt.story.is_empty());
    facts.extend(problem.map(|problem| Fact::new("Last problem", problem)));
    facts.extend(row.advice.map(|advice| Fact::new("What to do", advice)));
    let clock = move || {
        let next = row.next_attempt.map(|at| format!("Next try in {}", span(now.get().ms_until(at))));
        let left = row.deadline.map(|at| time_left(now.get(), at).text);
        next.into_iter().chain(left).map(|line| view! { <p>{line}</p> }).collect_view()
    };
    view! {
        <section class="receipt-history" aria-label="What happened">
            <h3>"What happened"</h3>
            {story(receipt.story)}
            <Facts facts=facts />
            {clock}
        </section>
    }
    .into_any()
}

fn times(count: u32) -> String {
    match count {
        0 => "not yet".to_owned(),
        1 => "once".to_owned(),
        count => format!("{count} times"),
    }
}
