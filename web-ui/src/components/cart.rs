//! The sale that is being put together.

use leptos::html;
use leptos::prelude::*;
use tillandsia_core::money::{Currency, Money};

use web_sys::{ScrollIntoViewOptions, ScrollLogicalPosition};

use super::email_field::email_field;
use super::icon::Icon;
use crate::action::Action;
use crate::view_models::cart::{Cart, Line};
use crate::view_models::held_sale::CHARGE_ANYWAY_QUESTION;
use crate::view_models::price::price;

/// The sale, its total and the button that charges it. While it is `held`, its outcome is being asked.
#[component]
pub(crate) fn CartPanel(
    cart: Signal<Cart>,
    held: Signal<bool>,
    currency: Signal<Currency>,
    email: RwSignal<String>,
    total: Signal<Money>,
    can_charge: Signal<bool>,
    could_charge: Signal<bool>,
    act: Callback<Action>,
) -> impl IntoView {
    let list = NodeRef::<html::Ul>::new();
    Effect::new(move |_| {
        if let Some(key) = cart.with(|cart| cart.touched().map(str::to_owned)) {
            request_animation_frame(move || bring_into_view(list, &key));
        }
    });
    let unfolded = RwSignal::new(false);
    let empty = Memo::new(move |_| cart.with(Cart::is_empty));
    let count = Memo::new(move |_| cart.with(Cart::count));
    let line = move |key: String| {
        let current = {
            let key = key.clone();
            Memo::new(move |_| cart.with(|cart| cart.lines().iter().find(|line| line.key == key).cloned()))
        };
        view! { <CartLine line=current.into() held=held currency=currency act=act /> }
    };
    let keys = move || cart.with(|cart| cart.lines().iter().map(|line| line.key.clone()).collect::<Vec<_>>());
    view! {
        <aside
            class="cart"
            class:unfolded=move || unfolded.get()
            class:held=move || held.get()
            data-testid="cart"
            data-held=move || held.get().to_string()
            aria-label="Current sale"
        >
            <div class="cart-head">
                <h2>"Current sale"</h2>
                <button
                    type="button"
                    class="button quiet"
                    data-testid="cart-clear"
                    disabled=move || empty.get()
                    on:click=move |_| act.run(Action::ClearCart)
                >
                    <Icon name="clear" />
                    "Clear"
                </button>
            </div>
            <ul class="cart-lines" node_ref=list>
                <For each=keys key=Clone::clone children=line />
            </ul>
            <Show when=move || empty.get()>
                <div class="cart-empty">
                    <svg viewBox="0 0 24 24" aria-hidden="true"><use href="./icons.svg#mark"></use></svg>
                    <p>"Pick something from the shelf, or type an amount."</p>
                </div>
            </Show>
            <Foot
                unfolded=unfolded
                count=count.into()
                email=email
                total=total
                held=held
                can_charge=can_charge
                could_charge=could_charge
                act=act
            />
        </aside>
    }
}

/// Scrolls the list of lines, if need be, so that the line is seen.
fn bring_into_view(list: NodeRef<html::Ul>, key: &str) {
    let Some(list) = list.get_untracked() else { return };
    let line = list.query_selector(&format!("[data-key=\"{key}\"]")).ok().flatten();
    if let Some(line) = line {
        let options = ScrollIntoViewOptions::new();
        options.set_block(ScrollLogicalPosition::Nearest);
        line.scroll_into_view_with_scroll_into_view_options(&options);
    }
}

/// How much it is, and the button that charges it; on a phone also the way to unfold the lines.
#[component]
fn Foot(
    unfolded: RwSignal<bool>,
    count: Signal<u32>,
    email: RwSignal<String>,
    total: Signal<Money>,
    held: Signal<bool>,
    can_charge: Signal<bool>,
    could_charge: Signal<bool>,
    act: Callback<Action>,
) -> impl IntoView {
    let things = move || match count.get() {
        0 => "Nothing yet".to_owned(),
        1 => "1 item".to_owned(),
        count => format!("{count} items"),
    };
    view! {
        <div class="cart-foot">
            <button
                type="button"
                class="cart-fold"
                aria-expanded=move || unfolded.get().to_string()
                on:click=move |_| unfolded.update(|unfolded| *unfolded = !*unfolded)
            >
                <Icon name="fold" />
                <span>{things}</span>
            </button>
            <div class="cart-total">
                <span>"Total"</span>
                <strong data-testid="cart-total" data-amount-minor=move || total.get().amount_minor.to_string()>
                    {move || price(total.get())}
                </strong>
            </div>
            <Show when=move || { count.get() > 0 }>
                {email_field(email, held, act)}
            </Show>
            <Show when=move || held.get()>
                <Waiting could_charge=could_charge act=act />
            </Show>
            <button
                type="button"
                class="button charge"
                data-testid="charge"
                aria-keyshortcuts="F9"
                disabled=move || !can_charge.get()
                on:click=move |_| act.run(Action::Charge)
            >
                <Icon name="card" />
                <span>"Charge"<span class="charge-amount">{move || price(total.get())}</span></span>
                <kbd aria-hidden="true">"F9"</kbd>
            </button>
        </div>
    }
}

/// That the sale waits for its outcome, and the deliberate way to charge it all the same.
#[component]
fn Waiting(could_charge: Signal<bool>, act: Callback<Action>) -> impl IntoView {
    let sure = RwSignal::new(false);
    let charge = move |_| {
        sure.set(false);
        act.run(Action::ChargeAnyway);
    };
    view! {
        <div class="cart-waiting" data-testid="sale-held" data-tone="moving" role="status">
            <Icon name="moving" />
            <p>
                {move || if sure.get() {
                    CHARGE_ANYWAY_QUESTION
                } else {
                    "Waiting for the outcome of this sale. Do not charge it again."
                }}
            </p>
            <Show
                when=move || sure.get()
                fallback=move || view! {
                    <button
                        type="button"
                        class="button small"
                        data-testid="charge-anyway"
                        disabled=move || !could_charge.get()
                        on:click=move |_| sure.set(true)
                    >
                        "Charge anyway…"
                    </button>
                }
            >
                <span class="cart-waiting-buttons">
                    <button type="button" class="button small" data-testid="charge-not" on:click=move |_| sure.set(false)>
                        "Keep waiting"
                    </button>
                    <button type="button" class="button small" data-testid="charge-again" on:click=charge>
                        "Charge again"
                    </button>
                </span>
            </Show>
        </div>
    }
}

#[component]
fn CartLine(
    line: Signal<Option<Line>>,
    held: Signal<bool>,
    currency: Signal<Currency>,
    act: Callback<Action>,
) -> impl IntoView {
    let of = move |minor: u64| price(Money::new(minor, currency.get()));
    let name = move || line.with(|line| line.as_ref().map(|line| line.name.clone()).unwrap_or_default());
    let key = move || line.with(|line| line.as_ref().map(|line| line.key.clone()).unwrap_or_default());
    let quantity = move || line.with(|line| line.as_ref().map_or(0, |line| line.quantity));
    let unit = move || line.with(|line| line.as_ref().map_or(0, |line| line.unit_minor));
    let sum = move || line.with(|line| line.as_ref().map_or(0, Line::total_minor));
    view! {
        <li class="cart-line" data-testid="cart-line" data-key=key>
            <span class="line-name">{name}</span>
            <span class="line-sum">{move || of(sum())}</span>
            <span class="line-unit">{move || of(unit())}" each"</span>
            <span class="stepper">
                <button
                    type="button"
                    data-testid="qty-minus"
                    disabled=move || held.get()
                    aria-label=move || format!("One less: {}", name())
                    on:click=move |_| act.run(Action::Minus(key()))
                >
                    <Icon name="minus" />
                </button>
                <span class="quantity" aria-live="polite">{quantity}</span>
                <button
                    type="button"
                    data-testid="qty-plus"
                    disabled=move || held.get()
                    aria-label=move || format!("One more: {}", name())
                    on:click=move |_| act.run(Action::Plus(key()))
                >
                    <Icon name="plus" />
                </button>
            </span>
        </li>
    }
}
