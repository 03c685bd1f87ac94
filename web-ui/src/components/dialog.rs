//! A modal dialog: the browser keeps the focus inside and gives it back afterwards.

use leptos::ev::KeyboardEvent;
use leptos::html;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

/// A modal dialog that is shown while `open`. `focus` changes whenever the focus should move to the element marked
/// `data-focus`, or to the dialog itself when there is none.
#[component]
pub(crate) fn Dialog(
    #[prop(into)] open: Signal<bool>,
    #[prop(into)] focus: Signal<&'static str>,
    label: &'static str,
    class: &'static str,
    escape: Callback<()>,
    children: ChildrenFn,
) -> impl IntoView {
    let node = NodeRef::<html::Dialog>::new();
    Effect::new(move |_| {
        let open = open.get();
        let Some(dialog) = node.get() else { return };
        if open && !dialog.open() {
            dialog.show_modal().ok();
        } else if !open && dialog.open() {
            dialog.close();
        }
    });
    Effect::new(move |_| {
        focus.get();
        if open.get() {
            request_animation_frame(move || move_focus(node));
        }
    });
    let keydown = move |event: KeyboardEvent| {
        if event.key() == "Escape" {
            event.prevent_default();
            escape.run(());
        }
    };
    view! {
        <dialog
            node_ref=node
            class=class
            aria-label=label
            tabindex="-1"
            on:keydown=keydown
            on:cancel=move |event: web_sys::Event| event.prevent_default()
        >
            <Show when=move || open.get()>{children()}</Show>
        </dialog>
    }
}

fn move_focus(node: NodeRef<html::Dialog>) {
    let Some(dialog) = node.get_untracked() else { return };
    let marked = dialog.query_selector("[data-focus]").ok().flatten();
    match marked.and_then(|element| element.dyn_into::<web_sys::HtmlElement>().ok()) {
        Some(element) => element.focus().ok(),
        None => dialog.focus().ok(),
    };
}
