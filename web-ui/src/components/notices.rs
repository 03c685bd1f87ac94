//! What a person should know beside the banner, one line each, only while it holds.

use leptos::prelude::*;

use super::icon::Icon;
use crate::action::Action;
use crate::state::{Lifecycle, ReaderState, Screen, State};
use crate::view_models::banner::Standing;

/// The notices that hold now.
#[component]
pub(crate) fn Notices(state: State, act: Callback<Action>) -> impl IntoView {
    let hint = Memo::new(move |_| state.standing.with(Standing::network_hint));
    let reader = Memo::new(move |_| match state.reader.get() {
        ReaderState::Failed(why) => Some(why),
        _ => None,
    });
    let evictable = Memo::new(move |_| {
        state.screen.get() == Screen::Payments
            && state.storage.get().is_some_and(|storage| storage.persisted == Some(false))
            && state.standing.with(Standing::stored_count) > 0
    });
    let ready = Memo::new(move |_| state.lifecycle.get() == Lifecycle::Ready);
    view! {
        <div class="notices" aria-live="polite">
            {move || state.read_only.get().map(|why| notice("bad", "lock", why, None))}
            {move || {
                let again = ("Reconnect", "reader-reconnect", Callback::new(move |()| act.run(Action::ReconnectReader)));
                reader.get().map(|why| notice("bad", "reader", format!("The reader is not connected. {why}"), Some(again)))
            }}
            {move || {
                let dismiss = ("Dismiss", "forwarding-error-dismiss", Callback::new(move |()| act.run(Action::DismissForwardingError)));
                state.forwarding_error.get().map(|why| notice("bad", "alarm", format!("Forwarding: {why}"), Some(dismiss)))
            }}
            {move || hint.get().filter(|_| ready.get()).map(|hint| notice("waiting", "offline", hint.to_owned(), None))}
            {move || {
                let take = ("Update now", "update-apply", Callback::new(move |()| act.run(Action::ApplyUpdate)));
                state.update_ready.get().then(|| notice("good", "update", "A new version of the till is ready.".to_owned(), Some(take)))
            }}
            {move || evictable.get().then(|| {
                let text = "This browser may clear stored payments when space runs out: install the till as an app, \
                            or forward soon.";
                notice("neutral", "storage", text.to_owned(), None)
            })}
        </div>
    }
}

type Button = (&'static str, &'static str, Callback<()>);

fn notice(tone: &'static str, icon: &'static str, text: String, button: Option<Button>) -> impl IntoView {
    let button = button.map(|(label, test_id, press)| {
        view! {
            <button type="button" class="button small" data-testid=test_id on:click=move |_| press.run(())>
                {label}
            </button>
        }
    });
    view! {
        <p class="notice" data-tone=tone data-testid="notice">
            <Icon name=icon />
            <span>{text}</span>
            {button}
        </p>
    }
}
