//! Every payment this till holds, and what became of it.

use leptos::prelude::*;
use tillandsia_core::ids::OfflineId;
use tillandsia_core::offline::NetworkStatus;

use crate::action::Action;
use crate::components::activity::ActivityList;
use crate::components::icon::Icon;
use crate::components::payment_row::PaymentItem;
use crate::state::State;
use crate::view_models::banner::Standing;

/// The payments' screen.
#[component]
pub(crate) fn PaymentsScreen(state: State, act: Callback<Action>) -> impl IntoView {
    let list = state.payments;
    let nothing_stored = Memo::new(move |_| state.standing.with(Standing::stored_count) == 0);
    let offline = Memo::new(move |_| state.standing.with(Standing::network) == NetworkStatus::Offline);
    let item = move |id: OfflineId| {
        let row = Memo::new(move |_| list.with(|list| list.shown().find(|row| row.id == id).cloned()));
        view! { <PaymentItem row=row.into() now=state.now.into() offline=offline.into() act=act /> }
    };
    let ids = move || list.with(|list| list.shown().map(|row| row.id).collect::<Vec<_>>());
    let is_empty = move || list.with(|list| list.loaded && list.rows.is_empty());
    view! {
        <div class="payments-screen">
            <section class="payments" aria-label="Payments">
                <div class="screen-head">
                    <h1>"Payments"</h1>
                    <button
                        type="button"
                        class="button primary"
                        data-testid="forward-now"
                        disabled=move || nothing_stored.get()
                        on:click=move |_| act.run(Action::ForwardNow)
                    >
                        <Icon name="moving" />
                        "Forward now"
                    </button>
                </div>
                <ul class="payment-list">
                    <For each=ids key=|id| *id children=item />
                </ul>
                <Show when=is_empty>
                    <p class="muted none-found">"No payments yet. They appear here as soon as a card is charged."</p>
                </Show>
                <Show when=move || list.with(|list| list.more)>
                    <button
                        type="button"
                        class="button wide"
                        data-testid="payments-more"
                        on:click=move |_| act.run(Action::LoadMore)
                    >
                        "Load more"
                    </button>
                </Show>
            </section>
            <ActivityList events=state.activity.into() />
        </div>
    }
}
