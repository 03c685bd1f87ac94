//! The sale that is being put together.

use leptos::prelude::*;
use tillandsia_core::money::{Currency, Money};

use super::icon::Icon;
use crate::action::Action;
use crate::view_models::cart::{Cart, Line};
use crate::view_models::price::price;

/// The sale, its total and the button that charges it.
#[component]
pub(crate) fn CartPanel(
    cart: Signal<Cart>,
    currency: Signal<Currency>,
    total: Signal<Money>,
    can_charge: Signal<bool>,
    act: Callback<Action>,
) -> impl IntoView {
    let unfolded = RwSignal::new(false);
    let empty = Memo::new(move |_| cart.with(Cart::is_empty));
    let count = Memo::new(move |_| cart.with(Cart::count));
    let line = move |key: String| {
        let current = {
            let key = key.clone();
            Memo::new(move |_| cart.with(|cart| cart.lines().iter().find(|line| line.key == key).cloned()))
        };
        view! { <CartLine line=current.into() currency=currency act=act /> }
    };
    let keys = move || cart.with(|cart| cart.lines().iter().map(|line| line.key.clone()).collect::<Vec<_>>());
    view! {
        <aside class="cart" class:unfolded=move || unfolded.get() aria-label="Current sale">
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
            <ul class="cart-lines">
                <For each=keys key=Clone::clone children=line />
            </ul>
            <Show when=move || empty.get()>
                <div class="cart-empty">
                    <svg viewBox="0 0 24 24" aria-hidden="true"><use href="./icons.svg#mark"></use></svg>
                    <p>"Pick something from the shelf, or type an amount."</p>
                </div>
            </Show>
            <Foot unfolded=unfolded count=count.into() total=total can_charge=can_charge act=act />
        </aside>
    }
}

/// How much it is, and the button that charges it; on a phone also the way to unfold the lines.
#[component]
fn Foot(
    unfolded: RwSignal<bool>,
    count: Signal<u32>,
    total: Signal<Money>,
    can_charge: Signal<bool>,
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

#[component]
fn CartLine(line: Signal<Option<Line>>, currency: Signal<Currency>, act: Callback<Action>) -> impl IntoView {
    let of = move |minor: u64| price(Money::new(minor, currency.get()));
    let name = move || line.with(|line| line.as_ref().map(|line| line.name.clone()).unwrap_or_default());
    let key = move || line.with(|line| line.as_ref().map(|line| line.key.clone()).unwrap_or_default());
    let quantity = move || line.with(|line| line.as_ref().map_or(0, |line| line.quantity));
    let unit = move || line.with(|line| line.as_ref().map_or(0, |line| line.unit_minor));
    let sum = move || line.with(|line| line.as_ref().map_or(0, Line::total_minor));
    view! {
        <li class="cart-line" data-testid="cart-line">
            <span class="line-name">{name}</span>
            <span class="line-sum">{move || of(sum())}</span>
            <span class="line-unit">{move || of(unit())}" each"</span>
            <span class="stepper">
                <button
                    type="button"
                    data-testid="qty-minus"
                    aria-label=move || format!("One less: {}", name())
                    on:click=move |_| act.run(Action::Minus(key()))
                >
                    <Icon name="minus" />
                </button>
                <span class="quantity" aria-live="polite">{quantity}</span>
                <button
                    type="button"
                    data-testid="qty-plus"
                    aria-label=move || format!("One more: {}", name())
                    on:click=move |_| act.run(Action::Plus(key()))
                >
                    <Icon name="plus" />
                </button>
            </span>
        </li>
    }
}
