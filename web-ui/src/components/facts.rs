//! Labelled lines.

use leptos::prelude::*;

use crate::view_models::limits::Fact;

/// Labelled lines, label left and value right.
#[component]
pub(crate) fn Facts(#[prop(into)] facts: Signal<Vec<Fact>>) -> impl IntoView {
    let lines = move || {
        let line = |fact: Fact| {
            view! {
                <div class="fact">
                    <dt>{fact.label}</dt>
                    <dd>{fact.value}</dd>
                </div>
            }
        };
        facts.get().into_iter().map(line).collect_view()
    };
    view! { <dl class="facts">{lines}</dl> }
}
