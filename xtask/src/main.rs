//! The project's commands. `cargo xtask` without arguments lists them.
//!
//! Every command sets up what it needs by itself: a Wasm toolchain, wasm-bindgen, wasm-opt, browsers. A step that cannot
//! be done here ends with one line that names what to install.

mod apt;
mod assets;
mod bench;
mod browsers;
mod budgets;
mod ci;
mod conformance;
mod dist;
mod glue;
mod layer_rules;
mod layers;
mod lint;
mod lint_std;
mod module_paths;
mod production;
mod run;
mod rust_paths;
mod shell;
mod site;
mod stamp;
mod summary;
mod test;
mod tools;
mod wasm_std;
mod wasm_toolchain;
mod workspace;

use anyhow::{Result, bail};
use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask run   [--port N] [--production]   build everything and serve the till on http://127.0.0.1:8080
cargo xtask build [--production]              only build: the site and the gateway
cargo xtask test  [native|wasm|e2e] [--engine chromium|firefox|webkit] [FILTER]
cargo xtask conformance [native] [--engine chromium|firefox|webkit] [FILTER]   what is promised, and whether it holds
cargo xtask dist                              pack the npm package tillandsia, into dist/
cargo xtask ci                                run's build, every test, and every check
cargo xtask bench [ARGUMENTS]                 measure, beside today's alternatives
cargo xtask setup                             only install what the other commands need
cargo xtask lint  [format|native|wasm|documents|dependencies]
cargo xtask layers | budgets                  others of ci's checks by themselves";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(arguments: &[String]) -> Result<()> {
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", arguments),
    };
    match command {
        "run" => run::run(rest),
        "build" => run::build(rest),
        "announce" => run::announce(rest),
        "test" => test::test(rest),
        "conformance" => conformance::conformance(rest),
        "dist" => dist::dist(),
        "ci" => ci::ci(),
        "bench" => bench::bench(rest),
        "setup" => ci::setup(),
        "lint" => lint::lint(rest),
        "layers" => layers::check(),
        "budgets" => budgets::run(),
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            Ok(())
        }
        other => bail!("there is no command {other:?}\n{USAGE}"),
    }
}
