//! What happened to a payment, step by step.

use leptos::prelude::*;

use super::facts::breakable;
use super::icon::Icon;
use super::payment_row::sign;
use crate::view_models::story::Step;

/// The steps, oldest first.
pub(crate) fn story(steps: Vec<Step>) -> AnyView {
    let step = |step: Step| {
        let code = step.code.map(|code| view! { <small>{breakable(&code)}</small> });
        view! {
            <li class="event" data-testid="story-step" data-kind=step.kind data-tone=step.tone.as_str()>
                <Icon name=sign(step.tone) />
                <span>{step.text}" "{code}</span>
                <time>{step.at}</time>
            </li>
        }
    };
    view! { <ol class="story" data-testid="story">{steps.into_iter().map(step).collect_view()}</ol> }
        .into_any()
}
