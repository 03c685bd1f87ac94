//! The goods as tiles.

use leptos::ev::KeyboardEvent;
use leptos::prelude::*;
use tillandsia_core::money::{Currency, Money};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use crate::view_models::catalogue::Product;
use crate::view_models::price::price;

/// The tiles of `products`. Arrow keys move between them. `quantity` is how many of a product are in the sale.
#[component]
pub(crate) fn ProductGrid(
    #[prop(into)] products: Signal<Vec<Product>>,
    currency: Signal<Currency>,
    quantity: Callback<&'static str, u32>,
    add: Callback<Product>,
) -> impl IntoView {
    let tile = move |product: Product| {
        let amount = product.amount_minor;
        let in_sale = Memo::new(move |_| quantity.run(product.sku));
        let badge = move || {
            let count = in_sale.get();
            (count > 0).then(|| {
                view! { <span class="tile-count">{count}<span class="visually-hidden">" in the sale"</span></span> }
            })
        };
        view! {
            <button
                type="button"
                class="tile"
                data-testid="product"
                data-sku=product.sku
                data-amount-minor=amount.to_string()
                data-category=product.category.tone()
                on:click=move |_| add.run(product)
            >
                <svg class="tile-picture" viewBox="0 0 64 64" aria-hidden="true">
                    <use href=format!("./pictures.svg#{}", product.picture)></use>
                </svg>
                <span class="tile-name">{product.tile_name()}</span>
                <span class="tile-price">{move || price(Money::new(amount, currency.get()))}</span>
                {badge}
            </button>
        }
    };
    view! {
        <div class="grid" on:keydown=move_between>
            <For each=move || products.get() key=|product| product.sku children=tile />
        </div>
    }
}

/// Arrow keys move the focus as the tiles lie on the screen.
fn move_between(event: KeyboardEvent) {
    let focused = document().active_element().and_then(|element| element.dyn_into::<HtmlElement>().ok());
    let Some((tile, grid)) = focused.and_then(|tile| Some((tile.clone(), tile.parent_element()?))) else {
        return;
    };
    let tiles = grid.children();
    let tile_at = |index| tiles.item(index).and_then(|tile| tile.dyn_into::<HtmlElement>().ok());
    let all = || (0..tiles.length()).filter_map(tile_at);
    let Some(here) = all().position(|other| other == tile) else { return };
    let columns = all()
        .take_while(|other| Some(other.offset_top()) == tile_at(0).map(|tile| tile.offset_top()))
        .count();
    let there = match event.key().as_str() {
        "ArrowRight" => here.checked_add(1),
        "ArrowLeft" => here.checked_sub(1),
        "ArrowDown" => here.checked_add(columns),
        "ArrowUp" => here.checked_sub(columns),
        "Home" => Some(0),
        "End" => tiles.length().checked_sub(1).map(|last| last as usize),
        _ => return,
    };
    event.prevent_default();
    if let Some(tile) = there.and_then(|index| tile_at(u32::try_from(index).ok()?)) {
        tile.focus().ok();
    }
}
