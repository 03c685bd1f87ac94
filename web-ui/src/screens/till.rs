//! The goods and the sale.

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;

use crate::action::Action;
use crate::components::cart::CartPanel;
use crate::components::custom_amount::CustomAmount;
use crate::components::icon::Icon;
use crate::components::product_grid::ProductGrid;
use crate::state::State;
use crate::view_models::catalogue::{Category, Product, search};
use crate::view_models::held_sale::HeldSale;

/// The till's screen.
#[component]
pub(crate) fn TillScreen(state: State, act: Callback<Action>) -> impl IntoView {
    let query = RwSignal::new(String::new());
    let category = RwSignal::new(None::<Category>);
    let found = Memo::new(move |_| query.with(|query| search(query, category.get())));
    let add = Callback::new(move |product: Product| act.run(Action::Add(product)));
    let quantity = Callback::new(move |sku: &'static str| {
        state
            .cart
            .with(|cart| cart.lines().iter().find(|line| line.key == sku).map_or(0, |line| line.quantity))
    });
    let held = Memo::new(move |_| state.held.with(HeldSale::is_held));
    let add_first = move |event: KeyboardEvent| {
        if event.key() == "Enter"
            && let Some(product) = found.with_untracked(|found| found.first().copied())
        {
            add.run(product);
            query.set(String::new());
        }
    };
    view! {
        <div class="till-screen">
            <h1 class="visually-hidden">"Till"</h1>
            <section class="shelf" aria-label="Goods">
                <div class="shelf-tools">
                    <span class="field search">
                        <Icon name="search" />
                        <input
                            id="search"
                            data-testid="search"
                            type="search"
                            placeholder="Search the shelf"
                            aria-label="Search the shelf; Enter adds the first match"
                            aria-keyshortcuts="F2"
                            maxlength="60"
                            prop:value=move || query.get()
                            on:input=move |event| query.set(event_target_value(&event))
                            on:keydown=add_first
                        />
                        <kbd aria-hidden="true">"F2"</kbd>
                    </span>
                    <CustomAmount
                        currency=state.currency()
                        add=Callback::new(move |amount| act.run(Action::AddCustom(amount)))
                    />
                </div>
                <Shelves category=category />
                <ProductGrid products=found currency=state.currency() quantity=quantity add=add />
                <Show when=move || found.with(Vec::is_empty)>
                    <p class="muted none-found">"Nothing on the shelf matches. Type a custom amount instead."</p>
                </Show>
            </section>
            <CartPanel
                cart=state.cart.into()
                held=held.into()
                currency=state.currency()
                email=state.email
                total=state.total()
                can_charge=state.can_charge()
                could_charge=state.could_charge()
                act=act
            />
        </div>
    }
}

#[component]
fn Shelves(category: RwSignal<Option<Category>>) -> impl IntoView {
    let chip = move |target: Option<Category>| {
        view! {
            <button
                type="button"
                class="chip"
                aria-pressed=move || (category.get() == target).to_string()
                on:click=move |_| category.set(target)
            >
                {target.map_or("All", Category::label)}
            </button>
        }
    };
    let shelves = std::iter::once(None).chain(Category::ALL.into_iter().map(Some));
    view! { <div class="chips" role="group" aria-label="Shelves">{shelves.map(chip).collect_view()}</div> }
}
