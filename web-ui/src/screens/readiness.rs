//! Before the outage: would offline work, until when, and what to do about it.

use leptos::prelude::*;

use crate::action::Action;
use crate::components::button::Button;
use crate::components::facts::Facts;
use crate::components::icon::Icon;
use crate::components::payment_row::sign;
use crate::state::State;
use crate::view_models::payment_row::Tone;
use crate::view_models::readiness::{CheckRow, ReadinessView, Remedy};

/// The screen.
pub(crate) fn readiness_screen(state: State, act: Callback<Action>) -> AnyView {
    let name = move || {
        let now = state.now.get();
        state.readiness.with(|view| view.as_ref().map_or("unknown", |view| view.state(now)))
    };
    let again =
        Button { test_id: "readiness-check", icon: "retry", label: "Check again", ..Button::default() };
    view! {
        <div class="settings-screen readiness" data-testid="readiness" data-state=name>
            <div class="screen-head">
                <h1>"Offline readiness"</h1>
                {again.view(move || act.run(Action::CheckReadiness))}
            </div>
            {move || state.readiness.get().map(|view| answer(view, state, act))}
        </div>
    }
    .into_any()
}

fn answer(view: ReadinessView, state: State, act: Callback<Action>) -> AnyView {
    let (checks, room) = (view.checks.clone(), view.room.clone());
    let view = StoredValue::new(view);
    let now = state.now;
    let tone = move || view.with_value(|view| view.tone(now.get()));
    let room = (!room.is_empty()).then(|| {
        view! {
            <section class="settings-card" data-testid="readiness-room">
                <h2>"Room left"</h2>
                <Facts facts=room />
            </section>
        }
    });
    view! {
        <div class="readiness-answer" role="status" data-tone=move || tone().as_str()>
            {move || view! { <Icon name=sign(tone()) /> }}
            <div>
                <h2>{move || view.with_value(|view| view.title(now.get()))}</h2>
                <p>{move || view.with_value(|view| view.summary(now.get()))}</p>
                <p class="readiness-when">"Looked at "{move || state.readiness_at.get()}</p>
            </div>
        </div>
        <ul class="checks" aria-label="Checks">
            {checks.into_iter().map(|row| check(row, act)).collect_view()}
        </ul>
        {room}
    }
    .into_any()
}

fn check(row: CheckRow, act: Callback<Action>) -> AnyView {
    let word = match row.tone {
        Tone::Good => "Fine",
        Tone::Waiting => "See to it",
        _ => "Stops offline sales",
    };
    let until = row.until.map(|until| view! { <p class="muted">{format!("Until {until}")}</p> });
    let remedy = (!row.remedy.is_empty()).then(|| view! { <p class="check-remedy">{row.remedy}</p> });
    let button = row.button.map(|remedy| {
        let (label, action) = match remedy {
            Remedy::Reconnect => ("Connect the reader", Action::ReconnectReader),
            Remedy::Forward => ("Forward now", Action::ForwardNow),
        };
        let name = Some(format!("{label}: {}", row.title));
        let button = Button { class: "small", test_id: "readiness-remedy", label, name, ..Button::default() };
        button.view(move || act.run(action.clone()))
    });
    view! {
        <li class="check" data-testid="readiness-item" data-check=row.check data-tone=row.tone.as_str()>
            <Icon name=sign(row.tone) />
            <div>
                <h3>{row.title}<span class="badge" data-tone=row.tone.as_str()>{word}</span></h3>
                <p>{row.finding}</p>
                {remedy}
                {until}
            </div>
            {button}
        </li>
    }
    .into_any()
}
