//! `wasm-bindgen-test-runner`: runs a Wasm test module in the browser whose driver the environment names.

use std::{env, process::ExitCode};

fn main() -> ExitCode {
    match wasm_bindgen_cli::wasm_bindgen_test_runner::run_cli_with_args(env::args_os()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("wasm-bindgen-test-runner: {error:#}");
            ExitCode::FAILURE
        }
    }
}
