//! Every payment this till holds, and what became of it.

use leptos::prelude::*;
use tillandsia_core::ids::OfflineId;
use tillandsia_core::offline::NetworkStatus;

use crate::action::Action;
use crate::components::activity::ActivityList;
use crate::components::button::Button;
use crate::components::payment_row::PaymentItem;
use crate::state::State;
use crate::view_models::banner::Standing;
use crate::view_models::payment_list::{Part, PaymentList};

/// The payments' screen.
#[component]
pub(crate) fn PaymentsScreen(state: State, act: Callback<Action>) -> impl IntoView {
    let list = state.payments;
    let chosen = RwSignal::new(None::<Part>);
    let nothing_stored = Memo::new(move |_| state.standing.with(Standing::stored_count) == 0);
    let is_empty = move || list.with(|list| list.loaded && list.is_empty());
    // Older payments are nearly all done: they are of no use to whoever looks for something else.
    let more = move || list.with(|list| list.more) && matches!(chosen.get(), None | Some(Part::Done));
    let forward = move || {
        let button = Button {
            class: "primary",
            test_id: "forward-now",
            icon: "moving",
            label: "Forward now",
            disabled: Some(nothing_stored),
            ..Button::default()
        };
        button.view(move || act.run(Action::ForwardNow))
    };
    let older = move || {
        let button =
            Button { class: "wide", test_id: "payments-more", label: "Load more", ..Button::default() };
        button.view(move || act.run(Action::LoadMore))
    };
    view! {
        <div class="payments-screen">
            <section class="payments" aria-label="Payments">
                <div class="screen-head">
                    <h1>"Payments"</h1>
                    {forward()}
                </div>
                <Show when=move || list.with(|list| !list.is_empty())>
                    {choice(list, chosen)}
                </Show>
                {Part::ALL.map(|part| part_of_list(state, part, chosen, act)).into_iter().collect_view()}
                <Show when=is_empty>
                    <p class="muted none-found">"No payments yet. They appear here as soon as a card is charged."</p>
                </Show>
                <Show when=more>
                    {older()}
                </Show>
            </section>
            <ActivityList events=state.activity.into() />
        </div>
    }
}

/// Which part is shown; all of them at first.
fn choice(list: RwSignal<PaymentList>, chosen: RwSignal<Option<Part>>) -> AnyView {
    let chip = move |part: Option<Part>| {
        let count =
            move || list.with(|list| part.map(|part| list.part(part).count())).filter(|count| *count > 0);
        view! {
            <button
                type="button"
                class="chip"
                data-testid="payments-filter"
                data-part=part.map_or("all", Part::as_str)
                aria-pressed=move || (chosen.get() == part).to_string()
                on:click=move |_| chosen.set(part)
            >
                {part.map_or("All", Part::title)}
                <span class="chip-count">{count}</span>
            </button>
        }
    };
    let parts = std::iter::once(None).chain(Part::ALL.into_iter().map(Some));
    view! {
        <div class="chips" role="group" aria-label="Which payments">{parts.map(chip).collect_view()}</div>
    }
    .into_any()
}

fn part_of_list(state: State, part: Part, chosen: RwSignal<Option<Part>>, act: Callback<Action>) -> AnyView {
    let list = state.payments;
    let offline = Memo::new(move |_| state.standing.with(Standing::network) == NetworkStatus::Offline);
    let ids = move || list.with(|list| list.part(part).map(|row| row.id).collect::<Vec<OfflineId>>());
    let empty = Memo::new(move |_| list.with(|list| list.part(part).next().is_none()));
    let item = move |id: OfflineId| {
        let row = Memo::new(move |_| list.with(|list| list.find(id).cloned()));
        view! {
            <PaymentItem
                row=row.into()
                shop=state.shop
                now=state.now.into()
                offline=offline.into()
                act=act
            />
        }
    };
    let shown = move || match chosen.get() {
        Some(chosen) => chosen == part,
        None => !empty.get(),
    };
    view! {
        <Show when=shown>
            <section class="payment-part" data-part=part.as_str() aria-label=part.title()>
                <h2>{part.title()}</h2>
                <Show when=move || empty.get()>
                    <p class="muted">{part.nothing()}</p>
                </Show>
                <ul class="payment-list">
                    <For each=ids key=|id| *id children=item />
                </ul>
            </section>
        </Show>
    }
    .into_any()
}
