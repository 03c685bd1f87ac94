//! The dialog of a sale under way, from "insert or tap" to its result.

use leptos::prelude::*;

use super::checkout_picture::picture;
use super::dialog::Dialog;
use super::facts::breakable;
use super::icon::Icon;
use crate::action::Action;
use crate::view_models::checkout::{Checkout, Stage};
use crate::view_models::price::price;

/// The dialog. `simulator` says whether there is a simulated reader to hold cards to.
#[component]
pub(crate) fn CheckoutDialog(
    checkout: Signal<Option<Checkout>>,
    simulator: Signal<bool>,
    act: Callback<Action>,
) -> impl IntoView {
    let open = Memo::new(move |_| checkout.with(Option::is_some));
    let stage = Memo::new(move |_| checkout.with(|sale| sale.as_ref().map_or("", Checkout::stage_name)));
    let escape = Callback::new(move |()| {
        let finished = checkout.with_untracked(|sale| sale.as_ref().is_some_and(Checkout::is_finished));
        act.run(if finished { Action::CloseCheckout } else { Action::CancelSale });
    });
    view! {
        <Dialog open=open focus=stage label="Card payment" class="dialog checkout-dialog" escape=escape>
            <div class="checkout" data-testid="checkout" data-stage=move || stage.get()>
                <p class="checkout-amount">{move || text(checkout, |sale| price(sale.amount))}</p>
                {move || picture(stage.get())}
                <div class="checkout-words" role="status" aria-live="assertive">
                    <h2>{move || text(checkout, |sale| sale.title().to_owned())}</h2>
                    <p data-testid="checkout-message">{move || text(checkout, Checkout::message)}</p>
                </div>
                <p class="checkout-code">
                    {move || breakable(&checkout.with(|sale| failure_code(sale.as_ref()).unwrap_or_default()))}
                </p>
                <Buttons checkout=checkout act=act />
                <Panel checkout=checkout simulator=simulator act=act />
            </div>
        </Dialog>
    }
}

#[component]
fn Buttons(checkout: Signal<Option<Checkout>>, act: Callback<Action>) -> impl IntoView {
    let is = move |test: fn(&Checkout) -> bool| {
        Memo::new(move |_| checkout.with(|sale| sale.as_ref().is_some_and(test)))
    };
    let (can_cancel, canceling) = (is(Checkout::can_cancel), is(|sale| sale.canceling));
    let (finished, paid, again) =
        (is(Checkout::is_finished), is(Checkout::is_paid), is(Checkout::can_try_again));
    let payment = move || checkout.with_untracked(|sale| sale.as_ref().and_then(|sale| sale.payment));
    let open_receipt = move |_| {
        if let Some(id) = payment() {
            act.run(Action::OpenReceipt(id));
        }
    };
    let declined = is(|sale| matches!(sale.stage, Stage::Declined { .. }));
    let again_label = move || if declined.get() { "Ask for another card" } else { "Try again" };
    let unknown = is(Checkout::is_outcome_unknown);
    let close_label = move || match (paid.get(), unknown.get()) {
        (true, _) => "New sale",
        (false, true) => "Wait for the outcome",
        (false, false) => "Back to the sale",
    };
    view! {
        <div class="checkout-buttons">
            <Show when=move || can_cancel.get()>
                <button
                    type="button"
                    class="button wide"
                    data-testid="checkout-cancel"
                    disabled=move || canceling.get()
                    on:click=move |_| act.run(Action::CancelSale)
                >
                    {move || if canceling.get() { "Canceling…" } else { "Cancel" }}
                    <kbd aria-hidden="true">"Esc"</kbd>
                </button>
            </Show>
            <Show when=move || paid.get()>
                <button type="button" class="button wide" data-testid="checkout-receipt" on:click=open_receipt>
                    <Icon name="receipt" />
                    "Receipt"
                </button>
            </Show>
            <Show when=move || finished.get()>
                <button
                    type="button"
                    class="button wide"
                    class:primary=move || !again.get()
                    data-testid="checkout-close"
                    data-focus=move || (!again.get()).then_some("")
                    on:click=move |_| act.run(Action::CloseCheckout)
                >
                    {close_label}
                    <kbd aria-hidden="true">"Esc"</kbd>
                </button>
            </Show>
            <Show when=move || again.get()>
                <button
                    type="button"
                    class="button wide primary"
                    data-testid="checkout-retry"
                    data-focus=""
                    on:click=move |_| act.run(Action::Charge)
                >
                    {again_label}
                </button>
            </Show>
        </div>
    }
}

/// The simulated reader's cards, in a build that has it.
#[component]
fn Panel(
    checkout: Signal<Option<Checkout>>,
    simulator: Signal<bool>,
    act: Callback<Action>,
) -> impl IntoView {
    #[cfg(feature = "simulator")]
    return {
        let running =
            Memo::new(move |_| checkout.with(|sale| sale.as_ref().is_some_and(|sale| !sale.is_finished())));
        view! {
            <Show when=move || simulator.get() && running.get()>
                <super::simulator::SimulatorPanel
                    sale=checkout
                    present=Callback::new(move |profile| act.run(Action::PresentCard(profile)))
                />
            </Show>
        }
    };
    #[cfg(not(feature = "simulator"))]
    {
        let _ = (checkout, simulator, act);
    }
}

fn text(checkout: Signal<Option<Checkout>>, of: impl Fn(&Checkout) -> String) -> String {
    checkout.with(|sale| sale.as_ref().map(of).unwrap_or_default())
}

/// The stable code of an error, for whoever is asked for help.
fn failure_code(sale: Option<&Checkout>) -> Option<String> {
    match sale.map(|sale| &sale.stage) {
        Some(Stage::Failed(failure)) => Some(failure.code.to_string()),
        _ => None,
    }
}
