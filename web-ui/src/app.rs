//! The frame around the screens.

use leptos::mount::mount_to;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

use crate::components::banner::Banner;
use crate::components::checkout::CheckoutDialog;
use crate::components::nav::Nav;
use crate::components::receipt::ReceiptDialog;
use crate::components::status_line::StatusLine;
use crate::components::void_dialog::void_dialog;
use crate::screens::payments::PaymentsScreen;
use crate::screens::readiness::readiness_screen;
use crate::screens::settings::SettingsScreen;
use crate::screens::till::TillScreen;
use crate::shell::Shell;
use crate::state::{Lifecycle, ReaderState, Screen, State};

/// Puts the till into the page's element `app`.
pub(crate) fn mount() {
    let host = document().get_element_by_id("app").and_then(|element| element.dyn_into().ok());
    match host {
        Some(host) => mount_to(host, App).forget(),
        None => {
            leptos::logging::error!("the page has no element `app`: index.html and the till do not match")
        }
    }
}

#[component]
fn App() -> impl IntoView {
    let (state, act) = Shell::start();
    let ready = move || state.lifecycle.with(|lifecycle| *lifecycle == Lifecycle::Ready);
    let failed = move || match state.lifecycle.get() {
        Lifecycle::Failed(why) => Some(why),
        _ => None,
    };
    view! {
        <div id="till" data-testid="till" data-ready=move || ready().to_string()>
            <a class="skip" href="#main" on:click=focus_main>"Skip to the till"</a>
            <div class="frame">
            <header class="top">
                <span class="brand">
                    <svg class="brand-mark" viewBox="0 0 24 24" aria-hidden="true">
                        <use href="./icons.svg#mark"></use>
                    </svg>
                    <span class="brand-name">"Tillandsia"</span>
                </span>
                <Nav screen=state.screen.into() attention=attention(state) />
                <Banner standing=state.standing.into() asked=state.asked_count() now=state.now.into() />
            </header>
            <StatusLine state=state act=act />
            </div>
            <main id="main" tabindex="-1">
                <Show when=move || failed().is_none() fallback=move || view! { <Failed why=failed /> }>
                    {move || match state.screen.get() {
                        Screen::Till => view! { <TillScreen state=state act=act /> }.into_any(),
                        Screen::Payments => view! { <PaymentsScreen state=state act=act /> }.into_any(),
                        Screen::Settings => view! { <SettingsScreen state=state act=act /> }.into_any(),
                        Screen::Readiness => readiness_screen(state, act),
                    }}
                </Show>
            </main>
            <CheckoutDialog checkout=state.checkout.into() simulator=simulator(state) act=act />
            <ReceiptDialog receipt=state.receipt.into() now=state.now.into() act=act />
            {void_dialog(state.void, act)}
        </div>
    }
}

#[component]
fn Failed<W: Fn() -> Option<String> + Send + Sync + 'static>(why: W) -> impl IntoView {
    view! {
        <section class="failed" role="alert">
            <h1>"The till cannot start"</h1>
            <p>{why}</p>
            <button type="button" class="button" on:click=move |_| drop(window().location().reload())>
                "Try again"
            </button>
        </section>
    }
}

/// Moves the focus itself: the address's hash belongs to the screens.
fn focus_main(event: leptos::ev::MouseEvent) {
    event.prevent_default();
    let main =
        document().get_element_by_id("main").and_then(|main| main.dyn_into::<web_sys::HtmlElement>().ok());
    if let Some(main) = main {
        main.focus().ok();
    }
}

/// How many payments need a person.
fn attention(state: State) -> Signal<u64> {
    Signal::derive(move || state.payments.with(|list| list.attention))
}

/// Whether there is a simulated reader to hold cards to.
fn simulator(state: State) -> Signal<bool> {
    Signal::derive(move || {
        cfg!(feature = "simulator") && state.reader.with(|reader| matches!(reader, ReaderState::Connected(_)))
    })
}
