//! The way between the screens.

use leptos::prelude::*;

use super::icon::Icon;
use crate::state::Screen;

/// The navigation; `attention` is how many payments need a person.
#[component]
pub(crate) fn Nav(screen: Signal<Screen>, attention: Signal<u64>) -> impl IntoView {
    let link = move |(index, target): (usize, Screen)| {
        let (label, icon, test_id, shortcut) = match target {
            Screen::Till => ("Till", "till", "nav-till", "Alt+1"),
            Screen::Payments => ("Payments", "list", "nav-payments", "Alt+2"),
            // Readiness is reached from the settings.
            Screen::Settings | Screen::Readiness => ("Settings", "settings", "nav-settings", "Alt+3"),
        };
        let current = move || match (screen.get(), target) {
            (Screen::Readiness, Screen::Settings) => Some("true"),
            (shown, target) => (shown == target).then_some("page"),
        };
        let badge = move || {
            let count = if target == Screen::Payments { attention.get() } else { 0 };
            (count > 0).then(|| {
                view! { <span class="nav-badge">{count}<span class="visually-hidden">" need attention"</span></span> }
            })
        };
        view! {
            <a
                href=target.hash()
                class="nav-link"
                data-testid=test_id
                aria-current=current
                aria-keyshortcuts=shortcut
                title=format!("{label} ({shortcut})")
            >
                <Icon name=icon />
                <span>{label}</span>
                {badge}
                <kbd aria-hidden="true">{format!("Alt {}", index + 1)}</kbd>
            </a>
        }
    };
    view! { <nav aria-label="Screens">{Screen::NAVIGATION.into_iter().enumerate().map(link).collect_view()}</nav> }
}
