//! How the till is set and how it stands.

use leptos::prelude::*;
use tillandsia_core::payment_intent::OfflineBehavior;
use tillandsia_core::simulated_offline::SimulatedOfflineMode;

use crate::action::Action;
use crate::components::facts::Facts;
use crate::components::icon::Icon;
use crate::state::{ReaderState, Screen, State, StorageView, Theme};
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

const OUTAGES: [(SimulatedOfflineMode, &str, &str); 4] = [
    (SimulatedOfflineMode::Off, "None", "Requests go to the gateway."),
    (SimulatedOfflineMode::Immediate, "No network", "Every request fails at once."),
    (
        SimulatedOfflineMode::TimeOut,
        "Network without answers",
        "Every request waits three seconds and then fails.",
    ),
    (
        SimulatedOfflineMode::Intermittent,
        "Network that comes and goes",
        "A third of the requests fails, and of a third the answer is lost.",
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
    // With a test account only; one that is on can always be ended.
    let can_simulate = Memo::new(move |_| {
        state.shop.with(|shop| shop.livemode == Some(false))
            || state.simulated.get() != SimulatedOfflineMode::Off
    });
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
                {behavior(state, act)}
                {readiness_card(state)}
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
                <Show when=move || can_simulate.get()>
                    {outage(state, act)}
                </Show>
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

fn behavior(state: State, act: Callback<Action>) -> AnyView {
    let choose = move |name: String| {
        let chosen = BEHAVIORS.into_iter().find(|(behavior, ..)| behavior.as_str() == name);
        if let Some((behavior, ..)) = chosen {
            act.run(Action::SetBehavior(behavior));
        }
    };
    let options = BEHAVIORS.map(|(behavior, label, meaning)| (behavior.as_str(), label, meaning));
    let current = Signal::derive(move || state.behavior.get().as_str());
    choice("offline-behavior", "How card payments are taken", &options, current, Box::new(choose))
}

fn outage(state: State, act: Callback<Action>) -> AnyView {
    let choose = move |name: String| {
        if let Some(mode) = SimulatedOfflineMode::from_name(&name) {
            act.run(Action::SimulateOutage(mode));
        }
    };
    let options = OUTAGES.map(|(mode, label, meaning)| (mode.as_str(), label, meaning));
    let current = Signal::derive(move || state.simulated.get().as_str());
    choice("simulated-outage", "Simulate an outage", &options, current, Box::new(choose))
}

/// A card with a choice among options: name, label and what it means.
fn choice(
    test_id: &'static str,
    title: &'static str,
    options: &[(&'static str, &'static str, &'static str)],
    current: Signal<&'static str>,
    choose: Box<dyn Fn(String)>,
) -> AnyView {
    let meanings: Vec<_> = options.iter().map(|(name, _, meaning)| (*name, *meaning)).collect();
    let meaning = move || {
        let current = current.get();
        meanings.iter().find(|(name, _)| *name == current).map(|(_, meaning)| *meaning)
    };
    let option = |(name, label, _): &(&'static str, &'static str, &'static str)| {
        let (name, label) = (*name, *label);
        view! { <option value=name selected=move || current.get() == name>{label}</option> }
    };
    let options = options.iter().map(option).collect_view();
    view! {
        <section class="settings-card">
            <h2><label for=test_id>{title}</label></h2>
            <select
                id=test_id
                data-testid=test_id
                prop:value=move || current.get()
                on:change=move |event| choose(event_target_value(&event))
            >
                {options}
            </select>
            <p class="muted">{meaning}</p>
        </section>
    }
    .into_any()
}

/// Whether offline would work, in a word, and the way to the reasons.
fn readiness_card(state: State) -> AnyView {
    let title = move || {
        let now = state.now.get();
        state.readiness.with(|view| view.as_ref().map_or("Not looked at yet", |view| view.title(now)))
    };
    let summary = move || {
        let now = state.now.get();
        state.readiness.with(|view| view.as_ref().map(|view| view.summary(now)))
    };
    view! {
        <section class="settings-card">
            <h2>"Offline readiness"</h2>
            <p><strong>{title}</strong></p>
            <p class="muted">{summary}</p>
            <a class="button" href=Screen::Readiness.hash() data-testid="readiness-link">"See every check"</a>
        </section>
    }
    .into_any()
}

#[component]
fn Reader(state: State, act: Callback<Action>) -> impl IntoView {
    let facts = Memo::new(move |_| match state.reader.get() {
        ReaderState::Connecting => vec![Fact::new("State", "Connecting…")],
        ReaderState::Failed(trouble) => {
            let remedy = (!trouble.remedy.is_empty()).then(|| Fact::new("What to do", trouble.remedy));
            let why = Fact::new("State", format!("Not connected. {}", trouble.why));
            std::iter::once(why).chain(remedy).collect()
        }
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
    let code = move || match state.reader.get() {
        ReaderState::Failed(trouble) => Some(trouble.code),
        _ => None,
    };
    view! {
        <section class="settings-card" data-testid="reader" data-state=name data-code=code>
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
