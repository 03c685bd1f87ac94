//! The question before a stored payment is taken back.

use leptos::prelude::*;

use super::button::Button;
use super::dialog::Dialog;
use crate::action::Action;
use crate::view_models::void::VoidQuestion;

/// The question, while there is one. The focus begins on what changes nothing.
pub(crate) fn void_dialog(question: RwSignal<Option<VoidQuestion>>, act: Callback<Action>) -> AnyView {
    let open = Memo::new(move |_| question.with(Option::is_some));
    let escape = Callback::new(move |()| act.run(Action::KeepPayment));
    let words = move || {
        question.get().map(|question| {
            let which = format!("{} · {}", question.card, question.created);
            view! {
                <h2>{format!("Take {} back?", question.amount)}</h2>
                <p class="muted">{which}</p>
                <p data-testid="void-consequence" data-sent=question.sent.to_string()>{question.consequence()}</p>
            }
        })
    };
    let keep = move || {
        let button = Button {
            class: "wide",
            test_id: "void-keep",
            label: "Keep it",
            key: Some("Esc"),
            focus: true,
            ..Button::default()
        };
        button.view(move || act.run(Action::KeepPayment))
    };
    let take_back = move || {
        let button =
            Button { class: "wide danger", test_id: "void-confirm", label: "Take back", ..Button::default() };
        button.view(move || act.run(Action::Void))
    };
    view! {
        <Dialog open=open focus=Signal::derive(|| "void") label="Take a payment back" class="dialog" escape=escape>
            <div class="question" data-testid="void-question">
                {words}
                <div class="checkout-buttons">
                    {keep()}
                    {take_back()}
                </div>
            </div>
        </Dialog>
    }
    .into_any()
}
