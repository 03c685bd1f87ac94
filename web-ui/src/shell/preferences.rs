//! What this device is set to: theme and offline behaviour, in the browser's local storage. Nothing secret.

use leptos::prelude::{Set, document, window};
use tillandsia_core::payment_intent::OfflineBehavior;

use super::Shell;
use crate::state::Theme;

const THEME: &str = "tillandsia.theme";
const BEHAVIOR: &str = "tillandsia.offline-behavior";

/// The theme that was chosen; as the device where none was.
pub(super) fn theme() -> Theme {
    match read(THEME).as_deref() {
        Some("light") => Theme::Light,
        Some("dark") => Theme::Dark,
        _ => Theme::System,
    }
}

/// The offline behaviour that was chosen.
pub(super) fn behavior() -> OfflineBehavior {
    let kept = read(BEHAVIOR);
    [OfflineBehavior::RequireOnline, OfflineBehavior::ForceOffline]
        .into_iter()
        .find(|behavior| kept.as_deref() == Some(behavior.as_str()))
        .unwrap_or_default()
}

impl Shell {
    pub(super) fn set_theme(&self, theme: Theme) {
        self.state.theme.set(theme);
        let name = match theme {
            Theme::System => None,
            Theme::Light => Some("light"),
            Theme::Dark => Some("dark"),
        };
        write(THEME, name);
        if let Some(root) = document().document_element() {
            match name {
                Some(name) => root.set_attribute("data-theme", name).ok(),
                None => root.remove_attribute("data-theme").ok(),
            };
        }
    }

    pub(super) fn set_behavior(&self, behavior: OfflineBehavior) {
        self.state.behavior.set(behavior);
        write(BEHAVIOR, Some(behavior.as_str()));
    }
}

fn read(name: &str) -> Option<String> {
    window().local_storage().ok()??.get_item(name).ok()?
}

/// A browser that keeps nothing (private mode) leaves the choice for this page only.
fn write(name: &str, value: Option<&str>) {
    if let Ok(Some(storage)) = window().local_storage() {
        match value {
            Some(value) => storage.set_item(name, value).ok(),
            None => storage.remove_item(name).ok(),
        };
    }
}
