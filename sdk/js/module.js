// @ts-check
// The WebAssembly module: loaded once for the page, and given up for good when a bug has stopped it.
import init, { onPanic } from "./wasm/tillandsia_sdk.js";
import { TerminalError } from "./errors.js";

/** @type {Promise<void> | undefined} */
let loading;
/** @type {TerminalError | undefined} */
let broken;
/** @type {Set<(error: TerminalError) => void>} */
const listeners = new Set();

/**
 * Loads the module; a failed load is tried again by the next call.
 * @param {RequestInfo | URL | Response | BufferSource | WebAssembly.Module} [source]
 * @returns {Promise<void>}
 */
export function load(source) {
  if (broken) return Promise.reject(broken);
  loading ??= start(source).catch((cause) => {
    loading = undefined;
    throw new TerminalError("internal", "The WebAssembly module could not be loaded: check that it is served, and reload.", {
      cause,
    });
  });
  return loading;
}

/** @param {any} source */
async function start(source) {
  await init(source === undefined ? undefined : { module_or_path: source });
  onPanic((/** @type {string} */ text) => give_up(text));
  // A trap without a panic: no memory, no stack. It surfaces wherever the module was called from.
  const trapped = (/** @type {unknown} */ error) => {
    if (error instanceof WebAssembly.RuntimeError && error.stack?.includes("tillandsia_sdk")) give_up(error.message);
  };
  globalThis.addEventListener?.("error", (event) => trapped(event.error));
  globalThis.addEventListener?.("unhandledrejection", (event) => trapped(event.reason));
}

/**
 * From here on nothing in the module can be relied on. What is stored is written whole or not at all.
 * @param {string} text
 */
export function give_up(text) {
  if (broken) return;
  broken = new TerminalError(
    "internal",
    "A bug stopped the terminal. Stored payments are safe and are forwarded later; reload the page.",
    { cause: new Error(text) },
  );
  console.error(broken, text);
  for (const listener of listeners) listener(broken);
}

/**
 * @param {(error: TerminalError) => void} listener Called when a bug stops the module.
 * @returns {() => void} Ends it.
 */
export function when_broken(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
