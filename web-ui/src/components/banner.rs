//! Always in sight: the connection, what is stored, how long the oldest may still wait.

use leptos::prelude::*;
use tillandsia_core::offline::NetworkStatus;
use tillandsia_core::time::TimestampMs;

use super::icon::Icon;
use crate::view_models::banner::{Standing, StoredAmount};
use crate::view_models::time_left::TimeLeft;

/// The banner.
#[component]
pub(crate) fn Banner(
    standing: Signal<Standing>,
    asked: Memo<usize>,
    now: Signal<TimestampMs>,
) -> impl IntoView {
    let network = Memo::new(move |_| standing.with(Standing::network));
    let icon = Signal::derive(move || match network.get() {
        NetworkStatus::Online => "online",
        NetworkStatus::Offline => "offline",
        NetworkStatus::Unknown => "unknown",
    });
    let count = Memo::new(move |_| standing.with(Standing::stored_count));
    let known = Memo::new(move |_| standing.with(|standing| standing.known));
    let amounts = Memo::new(move |_| standing.with(Standing::stored_amounts));
    let stored_icon =
        Signal::derive(move || if asked.get() > 0 && count.get() == 0 { "unknown" } else { "stored" });
    let left = Memo::new(move |_| standing.with(|standing| standing.oldest_time_left(now.get())));
    view! {
        <div class="banner" role="group" aria-label="Status">
            <span
                class="pill network"
                role="status"
                data-testid="network-status"
                data-status=move || network.get().as_str()
            >
                <Icon name=icon />
                {move || standing.with(Standing::network_label)}
            </span>
            <Show when=move || known.get()>
                <span class="pill stored" class:has-stored=move || { count.get() > 0 || asked.get() > 0 }>
                    <Icon name=stored_icon />
                    <span data-testid="stored-count" data-count=move || count.get().to_string()>
                        {move || standing.with(|standing| standing.stored_label(asked.get()))}
                    </span>
                    {move || amounts.get().into_iter().map(amount).collect_view()}
                    {move || left.get().map(oldest)}
                </span>
            </Show>
        </div>
    }
}

fn amount(amount: StoredAmount) -> impl IntoView {
    view! {
        <strong
            class="stored-amount"
            data-testid="stored-amount"
            data-amount-minor=amount.amount_minor.to_string()
            data-currency=amount.currency
        >
            {amount.text}
        </strong>
    }
}

fn oldest(left: TimeLeft) -> impl IntoView {
    let title = "Until the oldest stored payment must have been forwarded";
    view! {
        <span class="oldest" class:urgent=left.urgent title=title data-testid="oldest-time-left">
            <Icon name=if left.urgent { "alarm" } else { "clock" } />
            {left.text}
        </span>
    }
}
