//! Labelled lines.

use leptos::prelude::*;

use crate::view_models::limits::Fact;

/// A text in which a stable code may break behind its underscores instead of within a word. An id alone, which has one
/// underscore, stays together.
pub(crate) fn breakable(text: &str) -> AnyView {
    if !text.contains(' ') && text.matches('_').count() < 2 {
        return text.to_owned().into_any();
    }
    let part = |part: &str| {
        let part = part.to_owned();
        view! { {part}<wbr /> }
    };
    text.split_inclusive('_').map(part).collect_view().into_any()
}

/// Labelled lines, label left and value right.
#[component]
pub(crate) fn Facts(#[prop(into)] facts: Signal<Vec<Fact>>) -> impl IntoView {
    let lines = move || {
        let line = |fact: Fact| {
            view! {
                <div class="fact">
                    <dt>{fact.label}</dt>
                    <dd>{breakable(&fact.value)}</dd>
                </div>
            }
        };
        facts.get().into_iter().map(line).collect_view()
    };
    view! { <dl class="facts">{lines}</dl> }
}
