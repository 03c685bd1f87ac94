//! The line under the header: what a person should know now. It has its place always, so that nothing moves and
//! nothing that is tapped is covered when a message comes.

use leptos::prelude::*;
use tillandsia_core::simulated_offline::SimulatedOfflineMode;

use super::icon::Icon;
use super::payment_row::sign;
use crate::action::Action;
use crate::state::{Lifecycle, ReaderState, Screen, State, Toast};
use crate::view_models::banner::Standing;
use crate::view_models::reader_trouble::ReaderTrouble;

/// One message of the line.
#[derive(Clone)]
struct Message {
    key: String,
    tone: &'static str,
    icon: &'static str,
    text: String,
    /// Label, `data-testid` and what it asks for.
    button: Option<(&'static str, &'static str, Action)>,
    /// The toast that this is.
    toast: Option<u64>,
}

impl Message {
    fn notice(tone: &'static str, icon: &'static str, text: String) -> Self {
        Message { key: format!("{icon} {text}"), tone, icon, text, button: None, toast: None }
    }

    fn toast(toast: Toast) -> Self {
        let key = format!("toast {} {}", toast.number, toast.text);
        let (tone, icon) = (toast.tone.as_str(), sign(toast.tone));
        Message { key, tone, icon, text: toast.text, button: None, toast: Some(toast.number) }
    }

    fn with(mut self, label: &'static str, test_id: &'static str, action: Action) -> Self {
        self.button = Some((label, test_id, action));
        self
    }
}

/// The line: the most pressing messages, the rest behind a button; without any, where the till is.
#[component]
pub(crate) fn StatusLine(state: State, act: Callback<Action>) -> impl IntoView {
    let unfolded = RwSignal::new(false);
    let messages = messages(state);
    let count = Memo::new(move |_| messages.with(Vec::len));
    let place = Memo::new(move |_| {
        state.shop.with(|shop| {
            let street = shop.address.iter().take(2).map(String::as_str);
            std::iter::once(shop.name.as_str()).chain(street).collect::<Vec<_>>().join(" · ")
        })
    });
    let more = move |shown: usize| {
        let hidden = move || count.get().saturating_sub(shown);
        let class = if shown == 1 { "more more-narrow" } else { "more more-wide" };
        view! {
            <Show when=move || { hidden() > 0 }>
                <button
                    type="button"
                    class=class
                    aria-expanded=move || unfolded.get().to_string()
                    aria-label=move || if unfolded.get() { "Less" } else { "More messages" }
                    on:click=move |_| unfolded.update(|unfolded| *unfolded = !*unfolded)
                >
                    {move || if unfolded.get() { "Less".to_owned() } else { format!("+{}", hidden()) }}
                </button>
            </Show>
        }
    };
    view! {
        <div class="status-line" class:unfolded=move || unfolded.get() && { count.get() > 1 }>
            <ul class="messages" role="status" aria-live="polite">
                <For each=move || messages.get() key=|message| message.key.clone() children=move |message| item(message, act) />
            </ul>
            <Show when=move || count.get() == 0>
                <p class="place">{move || place.get()}</p>
            </Show>
            {more(1)}
            {more(2)}
            {tags(state)}
        </div>
    }
}

/// What holds for as long as it is shown: an outage that is simulated, a till that is not ready for one, no money moving.
fn tags(state: State) -> AnyView {
    let test_mode = Memo::new(move |_| state.shop.with(|shop| shop.livemode != Some(true)));
    let outage = move || {
        let mode = state.simulated.get();
        (mode != SimulatedOfflineMode::Off).then(|| {
            view! {
                <p class="tag" data-tone="waiting" data-testid="outage-tag" data-mode=mode.as_str()>
                    <Icon name="offline" />
                    "Outage simulated"
                </p>
            }
        })
    };
    let readiness = move || {
        state.readiness_sign().map(|(text, tone)| {
            view! {
                <a
                    class="tag"
                    href=Screen::Readiness.hash()
                    data-tone=tone.as_str()
                    data-testid="readiness-sign"
                >
                    <Icon name="alarm" />
                    {text}
                </a>
            }
        })
    };
    view! {
        <div class="tags">
            {outage}
            {readiness}
            <Show when=move || test_mode.get()>
                <p class="tag test-tag" data-tone="waiting" data-testid="test-tag">
                    <Icon name="sandbox" />
                    "Test mode"<span>": no money moves"</span>
                </p>
            </Show>
        </div>
    }
    .into_any()
}

fn item(message: Message, act: Callback<Action>) -> impl IntoView {
    let test_id = if message.toast.is_some() { "toast" } else { "notice" };
    let button = message.button.map(|(label, test_id, action)| {
        view! {
            <button type="button" class="button small" data-testid=test_id on:click=move |_| act.run(action.clone())>
                {label}
            </button>
        }
    });
    let dismiss = message.toast.map(|number| {
        view! {
            <button
                type="button"
                class="dismiss"
                aria-label="Dismiss"
                on:click=move |_| act.run(Action::DismissToast(number))
            >
                <Icon name="clear" />
            </button>
        }
    });
    view! {
        <li class="message" data-tone=message.tone data-testid=test_id>
            <Icon name=message.icon />
            <span>{message.text}</span>
            {button}
            {dismiss}
        </li>
    }
}

/// What is to be said now, most pressing first.
fn messages(state: State) -> Signal<Vec<Message>> {
    let asked = state.asked_count();
    let ready = Memo::new(move |_| state.lifecycle.get() == Lifecycle::Ready);
    let hint = Memo::new(move |_| {
        let now = state.now.get();
        state.standing.with(|standing| standing.network_hint(now)).filter(|_| ready.get())
    });
    let evictable = Memo::new(move |_| {
        state.screen.get() == Screen::Payments
            && state.storage.get().is_some_and(|storage| storage.persisted == Some(false))
            && state.standing.with(Standing::stored_count) > 0
    });
    Signal::derive(move || {
        let bad = |icon, text| Message::notice("bad", icon, text);
        let asking = match asked.get() {
            0 => None,
            1 => Some("1 outcome is being asked: do not charge that customer again.".to_owned()),
            count => Some(format!("{count} outcomes are being asked: do not charge those customers again.")),
        };
        let toasts = state.toasts.get().into_iter().rev().map(Message::toast);
        let trouble = match state.reader.get() {
            ReaderState::Failed(trouble) => Some(trouble),
            _ => None,
        };
        let told = trouble.as_ref().is_some_and(ReaderTrouble::tells_of_the_outage);
        let reader = trouble.map(|trouble| bad("reader", trouble.line()));
        let mut all: Vec<Message> = Vec::new();
        all.extend(state.read_only.get().map(|why| bad("lock", why)));
        all.extend(asking.map(|text| Message::notice("moving", "unknown", text)));
        all.extend(toasts);
        // One that is refused for want of a connection needs no press: it connects by itself.
        all.extend(reader.map(|m| match told {
            true => m,
            false => m.with("Reconnect", "reader-reconnect", Action::ReconnectReader),
        }));
        all.extend(
            hint.get().filter(|_| !told).map(|hint| Message::notice("waiting", "offline", hint.to_owned())),
        );
        let forwarding =
            state.forwarding_error.get().map(|why| bad("alarm", format!("Forwarding waits. {why}")));
        all.extend(forwarding.map(|m| m.with("Dismiss", "forwarding-error-dismiss", Action::DismissError)));
        all.extend(state.payments.with(|list| list.error.clone()).map(|why| bad("alarm", why)));
        all.extend(state.update_ready.get().then(|| {
            Message::notice("good", "update", "A new version of the till is ready.".to_owned()).with(
                "Update now",
                "update-apply",
                Action::ApplyUpdate,
            )
        }));
        all.extend(evictable.get().then(|| {
            let text = "Stored payments may be cleared when space runs out: install the till as an app.";
            Message::notice("neutral", "storage", text.to_owned())
        }));
        all
    })
}
