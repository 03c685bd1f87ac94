//! The customer's e-mail: a link until it is wanted, then a field.

use leptos::ev::KeyboardEvent;
use leptos::html;
use leptos::prelude::*;

use super::icon::Icon;
use crate::action::Action;
use crate::view_models::receipt_email;

/// The field. Its problem is shown once the person has left it: while typing, every address is unfinished.
pub(crate) fn email_field(email: RwSignal<String>, held: Signal<bool>, act: Callback<Action>) -> AnyView {
    let wanted = RwSignal::new(false);
    let left = RwSignal::new(false);
    let field = NodeRef::<html::Input>::new();
    let shown = Memo::new(move |_| wanted.get() || !email.with(String::is_empty));
    let problem =
        move || email.with(|typed| receipt_email::problem(typed)).filter(|_| left.get()).unwrap_or_default();
    let open = move |_| {
        wanted.set(true);
        request_animation_frame(move || {
            if let Some(field) = field.get_untracked() {
                field.focus().ok();
            }
        });
    };
    let leave = move |_| {
        left.set(true);
        wanted.set(false);
    };
    let enter = move |event: KeyboardEvent| {
        if event.key() == "Enter" {
            left.set(true);
        }
    };
    view! {
        <Show
            when=move || shown.get()
            fallback=move || view! {
                <button
                    type="button"
                    class="button quiet email-add"
                    data-testid="email-add"
                    disabled=move || held.get()
                    on:click=open
                >
                    <Icon name="mail" />
                    "Add the customer's e-mail"
                </button>
            }
        >
            <span class="field email">
                <Icon name="mail" />
                <input
                    node_ref=field
                    data-testid="receipt-email"
                    type="email"
                    inputmode="email"
                    autocomplete="off"
                    maxlength="512"
                    placeholder="E-mail for the receipt"
                    aria-label="The customer's e-mail, for the receipt"
                    aria-invalid=move || (!problem().is_empty()).to_string()
                    aria-describedby="receipt-email-problem"
                    disabled=move || held.get()
                    prop:value=move || email.get()
                    on:input=move |event| {
                        left.set(false);
                        act.run(Action::SetEmail(event_target_value(&event)));
                    }
                    on:keydown=enter
                    on:blur=leave
                />
                <span id="receipt-email-problem" class="field-problem" role="alert">{problem}</span>
            </span>
        </Show>
    }
    .into_any()
}
