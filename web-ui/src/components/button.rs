//! A button, made in one place: each way of making one is code that every till downloads.

use leptos::prelude::*;

use super::icon::Icon;

/// What a button looks like and is called.
#[derive(Default)]
pub(crate) struct Button {
    /// Beside `button`, what the styles know.
    pub(crate) class: &'static str,
    /// What tests find it by.
    pub(crate) test_id: &'static str,
    /// Its sign; empty for none.
    pub(crate) icon: &'static str,
    /// Its words.
    pub(crate) label: &'static str,
    /// What it is called where its words do not say enough.
    pub(crate) name: Option<String>,
    /// The key that does the same.
    pub(crate) key: Option<&'static str>,
    /// Whether a dialog's focus begins here.
    pub(crate) focus: bool,
    /// Whether it cannot be pressed now.
    pub(crate) disabled: Option<Memo<bool>>,
}

impl Button {
    /// The button; `press` is what it does.
    pub(crate) fn view(self, press: impl Fn() + 'static) -> AnyView {
        self.erased(Box::new(press))
    }

    fn erased(self, press: Box<dyn Fn()>) -> AnyView {
        let Button { class, test_id, icon, label, name, key, focus, disabled } = self;
        let icon = (!icon.is_empty()).then(|| view! { <Icon name=icon /> });
        let key = key.map(|key| view! { <kbd aria-hidden="true">{key}</kbd> });
        view! {
            <button
                type="button"
                class=format!("button {class}")
                data-testid=test_id
                aria-label=name
                data-focus=focus.then_some("")
                disabled=move || disabled.is_some_and(|disabled| disabled.get())
                on:click=move |_| press()
            >
                {icon}
                {label}
                {key}
            </button>
        }
        .into_any()
    }
}
