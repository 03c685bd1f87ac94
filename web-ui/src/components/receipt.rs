//! A payment opened: its receipt, which can be printed, and what happened to it.

use leptos::prelude::*;
use tillandsia_core::time::TimestampMs;

use super::dialog::Dialog;
use super::facts::Facts;
use super::icon::Icon;
use crate::action::Action;
use crate::view_models::limits::Fact;
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
    let can_retry = Memo::new(move |_| {
        receipt.with(|receipt| receipt.as_ref().is_some_and(|receipt| receipt.row.can_retry))
    });
    let retry = move |_| {
        if let Some(id) = receipt.with_untracked(|receipt| receipt.as_ref().map(|receipt| receipt.row.id)) {
            act.run(Action::Retry(id));
        }
    };
    view! {
        <Dialog open=open focus=focus label="Receipt" class="dialog receipt-dialog" escape=escape>
            <div class="receipt-scroll" tabindex="0">
                {move || receipt.get().map(paper)}
                {move || receipt.get().map(|receipt| history(receipt, now))}
            </div>
            <div class="receipt-buttons">
                <Show when=move || can_retry.get()>
                    <button type="button" class="button" data-testid="payment-retry" on:click=retry>
                        <Icon name="retry" />
                        "Send again"
                    </button>
                </Show>
                <button type="button" class="button" data-testid="receipt-print" on:click=move |_| act.run(Action::Print)>
                    <Icon name="print" />
                    "Print"
                </button>
                <button
                    type="button"
                    class="button primary"
                    data-testid="receipt-close"
                    data-focus=""
                    on:click=move |_| act.run(Action::CloseReceipt)
                >
                    "Close"
                    <kbd aria-hidden="true">"Esc"</kbd>
                </button>
            </div>
        </Dialog>
    }
}

/// What is printed.
fn paper(receipt: Receipt) -> impl IntoView {
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
}

/// What the person at the till needs to know beside it; not printed.
fn history(receipt: Receipt, now: Signal<TimestampMs>) -> impl IntoView {
    let row = receipt.row;
    let mut facts = vec![Fact::new("State", row.label), Fact::new("Sent", times(row.attempts))];
    facts.extend(row.problem.map(|problem| Fact::new("Last problem", problem)));
    facts.extend(receipt.failures);
    let clock = move || {
        let next = row.next_attempt.map(|at| format!("Next try in {}", span(now.get().ms_until(at))));
        let left = row.deadline.map(|at| format!("To be forwarded: {}", time_left(now.get(), at).text));
        next.into_iter().chain(left).map(|line| view! { <p>{line}</p> }).collect_view()
    };
    view! {
        <section class="receipt-history" aria-label="What happened">
            <h3>"What happened"</h3>
            <Facts facts=facts />
            {clock}
        </section>
    }
}

fn times(count: u32) -> String {
    match count {
        0 => "not yet".to_owned(),
        1 => "once".to_owned(),
        count => format!("{count} times"),
    }
}
