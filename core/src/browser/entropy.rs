//! The browser's randomness.

use wasm_bindgen::prelude::*;

use crate::ports::Entropy;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(thread_local_v2, js_name = crypto)]
    pub(super) static CRYPTO: web_sys::Crypto;
}

/// `crypto.getRandomValues` gives this many bytes at most in one call.
const RANDOM_BYTES_MAX: usize = 65_536;

/// `crypto.getRandomValues`.
#[derive(Debug, Clone, Copy, Default)]
pub struct BrowserEntropy;

impl Entropy for BrowserEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(RANDOM_BYTES_MAX) {
            // Fails only for a chunk over the limit.
            CRYPTO.with(|crypto| crypto.get_random_values_with_u8_array(chunk).ok());
        }
    }
}
