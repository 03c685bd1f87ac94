//! Which way the arrows run (ARCHITECTURE.md says why), as data.

/// Files of one kind and the paths that they may not name.
#[derive(Debug)]
pub(crate) struct SourceRule {
    pub(crate) what: &'static str,
    /// Folder under the workspace.
    pub(crate) dir: &'static str,
    /// Folders or files under `dir` that the rule leaves out.
    pub(crate) except: &'static [&'static str],
    /// A path is refused if it is one of these or goes on from one of these.
    pub(crate) forbidden: &'static [&'static [&'static str]],
}

const WEB: &[&str] = &[
    "web_sys",
    "js_sys",
    "wasm_bindgen",
    "wasm_bindgen_futures",
    "serde_wasm_bindgen",
    "gloo_net",
    "gloo_timers",
    "indexed_db_futures",
    "leptos",
    "leptos_router",
    "leptos_use",
];
const CLOCKS: &[&str] = &["std::time::SystemTime", "std::time::Instant"];
const CHANCE: &[&str] = &["rand", "getrandom", "uuid::Uuid::new_v4", "uuid::Uuid::now_v7"];
const SERVER: &[&str] = &["tokio", "sqlx", "axum"];
const EFFECTS: &[&str] = &["std::fs", "std::net", "std::process", "std::env", "std::thread"];
const PORTS: &[&str] = &["tillandsia_core::ports"];

pub(crate) const SOURCE_RULES: &[SourceRule] = &[
    SourceRule {
        what: "the core decides; clock, chance and the world come through ports",
        dir: "core/src",
        except: &["browser"],
        forbidden: &[WEB, CLOCKS, CHANCE, SERVER, EFFECTS],
    },
    SourceRule {
        what: "a reader protocol is bytes in, bytes out; only its links know the browser",
        dir: "webhid-driver/src",
        except: &["link", "link.rs"],
        forbidden: &[WEB, CLOCKS, CHANCE, SERVER, EFFECTS],
    },
    SourceRule {
        what: "cards' mathematics knows nothing of the world",
        dir: "card-crypto/src",
        except: &[],
        forbidden: &[WEB, CLOCKS, CHANCE, SERVER, EFFECTS],
    },
    SourceRule {
        what: "the API is plain values in and out; what knows the browser binds it",
        dir: "sdk/src/api",
        // A test that writes the TypeScript types.
        except: &["types.rs"],
        forbidden: &[WEB, CLOCKS, CHANCE, SERVER, EFFECTS, &["tillandsia_core::browser"]],
    },
    SourceRule {
        what: "a component shows what it is given; screens and the shell talk to ports",
        dir: "web-ui/src/components",
        except: &[],
        forbidden: &[PORTS],
    },
];

/// A crate and the crates that may not be below it, however deep.
#[derive(Debug)]
pub(crate) struct CrateRule {
    pub(crate) package: &'static str,
    /// The platform whose dependencies are looked at.
    pub(crate) target: Option<&'static str>,
    /// A name, or the beginning of names when it ends in `*`.
    pub(crate) forbidden: &'static [&'static str],
}

const WASM: Option<&str> = Some(crate::wasm_toolchain::TARGET);

pub(crate) const CRATE_RULES: &[CrateRule] = &[
    CrateRule {
        package: "tillandsia-core",
        target: WASM,
        forbidden: &[
            "leptos*",
            "tillandsia-driver",
            "tillandsia-gateway",
            "tillandsia-card-crypto",
            "tillandsia-web-ui",
            "tillandsia-sdk",
        ],
    },
    CrateRule {
        package: "tillandsia-service-worker",
        target: WASM,
        forbidden: &[
            "leptos*",
            "tillandsia-driver",
            "tillandsia-sdk",
            "tillandsia-card-crypto",
            "tillandsia-reader-simulator",
        ],
    },
    CrateRule {
        package: "tillandsia-sdk",
        target: WASM,
        forbidden: &[
            "leptos*",
            "tillandsia-card-crypto",
            "tillandsia-reader-simulator",
            "tillandsia-gateway",
        ],
    },
    CrateRule {
        package: "tillandsia-web-ui",
        target: WASM,
        forbidden: &["tillandsia-card-crypto", "tillandsia-reader-simulator", "tillandsia-gateway"],
    },
    CrateRule {
        package: "tillandsia-driver",
        target: WASM,
        forbidden: &["leptos*", "tillandsia-card-crypto", "tillandsia-gateway"],
    },
    CrateRule {
        package: "tillandsia-gateway",
        target: None,
        forbidden: &[
            "web-sys",
            "js-sys",
            "wasm-bindgen",
            "leptos*",
            "tillandsia-driver",
            "tillandsia-reader-simulator",
        ],
    },
];

/// No source file is longer.
pub(crate) const LINES_MAX: usize = 600;
