//! How the till is set and how it stands.

use leptos::prelude::*;
use tillandsia_core::payment_intent::OfflineBehavior;

use crate::action::Action;
use crate::components::facts::Facts;
use crate::components::icon::Icon;
use crate::state::{ReaderState, State, StorageView, Theme};
use crate::view_models::limits::{Fact, bytes, limits};
use crate::view_models::shop::Shop;

const BEHAVIORS: [(OfflineBehavior, &str, &str); 3] = [
    (
        OfflineBehavior::PreferOnline,
        "Online where possible",
        "A payment is authorised at once; without a connection it is stored and forwarded later.",
    ),
    (
        OfflineBehavior::RequireOnline,
        "Online only",
        "Nothing is stored: without a connection no card can be taken.",
    ),
    (
        OfflineBehavior::ForceOffline,
        "Always store first",
        "The sale never waits for the network; every payment is stored and forwarded in the background.",
    ),
];

/// The settings' screen.
#[component]
pub(crate) fn SettingsScreen(state: State, act: Callback<Action>) -> impl IntoView {
    let limits = Memo::new(move |_| {
        let known = state.standing.with(|standing| standing.has_session);
        state.policy.with(|policy| limits(policy, known))
    });
    let shop = Memo::new(move |_| state.shop.with(shop_facts));
    let storage = Memo::new(move |_| storage_facts(state.storage.get()));
    let sandbox = Memo::new(move |_| state.shop.with(|shop| shop.livemode != Some(true)));
    view! {
        <div class="settings-screen">
            <div class="screen-head"><h1>"Settings"</h1></div>
            <Show when=move || sandbox.get()>
                <p class="notice" data-tone="waiting" data-testid="test-mode">
                    <Icon name="sandbox" />
                    <span><strong>"Sandbox: no money moves. "</strong>
                    "Cards are charged at a test acquirer only."</span>
                </p>
            </Show>
            <div class="settings-cards">
                <Behavior state=state act=act />
                <section class="settings-card">
                    <h2>"This shop"</h2>
                    <div data-testid="currency" data-currency=move || state.currency().get().code().to_owned()>
                        <Facts facts=shop />
                    </div>
                </section>
                <section class="settings-card">
                    <h2>"Limits offline"</h2>
                    <p class="muted">"Set by the location's configuration; a change takes effect when the reader connects."</p>
                    <Facts facts=limits />
                </section>
                <Reader state=state act=act />
                <section class="settings-card" data-testid="storage">
                    <h2>"Storage"</h2>
                    <Facts facts=storage />
                </section>
                <ThemeChoice state=state act=act />
                <section class="settings-card">
                    <h2>"Keyboard"</h2>
                    <Facts facts=shortcuts() />
                </section>
                <section class="settings-card" data-testid="version">
                    <h2>"Version"</h2>
                    <Facts facts=vec![Fact::new("Tillandsia", env!("CARGO_PKG_VERSION"))] />
                </section>
            </div>
        </div>
    }
}

#[component]
fn Behavior(state: State, act: Callback<Action>) -> impl IntoView {
    let choose = move |event| {
        let name = event_target_value(&event);
        let chosen = BEHAVIORS.into_iter().find(|(behavior, ..)| behavior.as_str() == name);
        if let Some((behavior, ..)) = chosen {
            act.run(Action::SetBehavior(behavior));
        }
    };
    let option = move |(behavior, label, _): (OfflineBehavior, &'static str, &'static str)| {
        view! {
            <option value=behavior.as_str() selected=move || state.behavior.get() == behavior>{label}</option>
        }
    };
    let meaning = move || {
        let current = state.behavior.get();
        BEHAVIORS.into_iter().find(|(behavior, ..)| *behavior == current).map(|(_, _, meaning)| meaning)
    };
    view! {
        <section class="settings-card">
            <h2><label for="offline-behavior">"How card payments are taken"</label></h2>
            <select
                id="offline-behavior"
                data-testid="offline-behavior"
                prop:value=move || state.behavior.get().as_str()
                on:change=choose
            >
                {BEHAVIORS.into_iter().map(option).collect_view()}
            </select>
            <p class="muted">{meaning}</p>
        </section>
    }
}

#[component]
fn Reader(state: State, act: Callback<Action>) -> impl IntoView {
    let facts = Memo::new(move |_| match state.reader.get() {
        ReaderState::Connecting => vec![Fact::new("State", "Connecting…")],
        ReaderState::Failed(why) => vec![Fact::new("State", format!("Not connected. {why}"))],
        ReaderState::Connected(info) => vec![
            Fact::new("State", "Connected"),
            Fact::new("Model", info.device_type),
            Fact::new("Serial number", info.serial_number),
            Fact::new("Software", info.software_version),
        ],
    });
    let name = move || match state.reader.get() {
        ReaderState::Connecting => "connecting",
        ReaderState::Connected(_) => "connected",
        ReaderState::Failed(_) => "failed",
    };
    view! {
        <section class="settings-card" data-testid="reader" data-state=name>
            <h2>"Reader"</h2>
            <Facts facts=facts />
            <button
                type="button"
                class="button"
                data-testid="reader-connect"
                disabled=move || name() == "connecting"
                on:click=move |_| act.run(Action::ReconnectReader)
            >
                <Icon name="retry" />
                "Reconnect"
            </button>
        </section>
    }
}

#[component]
fn ThemeChoice(state: State, act: Callback<Action>) -> impl IntoView {
    let choice = move |(theme, label, name): (Theme, &'static str, &'static str)| {
        view! {
            <button
                type="button"
                class="chip"
                data-testid="theme"
                data-theme-name=name
                aria-pressed=move || (state.theme.get() == theme).to_string()
                on:click=move |_| act.run(Action::SetTheme(theme))
            >
                {label}
            </button>
        }
    };
    let themes = [
        (Theme::System, "As the device", "system"),
        (Theme::Light, "Light", "light"),
        (Theme::Dark, "Dark", "dark"),
    ];
    view! {
        <section class="settings-card">
            <h2>"Appearance"</h2>
            <div class="chips" role="group" aria-label="Appearance">{themes.map(choice).collect_view()}</div>
        </section>
    }
}

fn shop_facts(shop: &Shop) -> Vec<Fact> {
    let mode = match shop.livemode {
        Some(true) => "Live",
        Some(false) => "Test",
        None => "Not known yet",
    };
    let unknown = || "Not known yet: connect once".to_owned();
    vec![
        Fact::new("Name", shop.name.clone()),
        Fact::new("Location", shop.location.clone().unwrap_or_else(unknown)),
        Fact::new("Account", shop.account.clone().unwrap_or_else(unknown)),
        Fact::new("Currency", shop.currency.code().to_ascii_uppercase()),
        Fact::new("Mode", mode),
    ]
}

fn storage_facts(storage: Option<StorageView>) -> Vec<Fact> {
    let Some(storage) = storage else { return vec![Fact::new("Kept by the browser", "Asking…")] };
    let kept = match storage.persisted {
        Some(true) => "Yes, until you delete it",
        Some(false) => "Not promised: install the till as an app",
        None => "This browser does not say",
    };
    let mut facts = vec![Fact::new("Kept by the browser", kept)];
    facts.extend(storage.usage.map(|used| Fact::new("Used", bytes(used))));
    facts.extend(storage.quota.map(|quota| Fact::new("Available", bytes(quota))));
    facts
}

fn shortcuts() -> Vec<Fact> {
    [
        ("Search", "F2"),
        ("Add the first match", "Enter"),
        ("Custom amount", "F4"),
        ("Charge", "F9"),
        ("Cancel, close", "Esc"),
        ("Till, Payments, Settings", "Alt 1, 2, 3"),
        ("Between the goods", "Arrow keys"),
    ]
    .into_iter()
    .map(|(label, value)| Fact::new(label, value))
    .collect()
}
