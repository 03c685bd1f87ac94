// @ts-check
// The WebAssembly module: loaded once for the page, and given up for good when a bug has stopped it.
import init, { onPanic } from "./wasm/tillandsia_sdk.js";
import { TerminalError, terminalError } from "./errors.js";

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
  globalThis.addEventListener?.("error", (event) => note_trap(event.error));
  globalThis.addEventListener?.("unhandledrejection", (event) => note_trap(event.reason));
}

/**
 * Gives the module up when it is the one that trapped.
 * @param {unknown} error
 */
export function note_trap(error) {
  if (error instanceof WebAssembly.RuntimeError && error.stack?.includes("tillandsia_sdk")) give_up(error.message);
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
  for (const listener of [...listeners]) listener(broken);
}

/**
 * @param {(error: TerminalError) => void} listener Called when a bug stops the module; at once when one has.
 * @returns {() => void} Ends it.
 */
export function when_broken(listener) {
  if (broken) listener(broken);
  else listeners.add(listener);
  return () => listeners.delete(listener);
}

/**
 * What the module answers, or that it is broken.
 * @template T
 * @param {() => Promise<T>} ask
 * @returns {Promise<T>}
 */
export function broken_or(ask) {
  /** @type {() => void} */
  let forget = () => {};
  const broken = new Promise((_, reject) => (forget = when_broken(reject)));
  return Promise.race([broken, answered(ask)]).finally(() => forget());
}

/**
 * What the module answers; that it trapped in the call itself is noted.
 * @template T
 * @param {() => Promise<T>} ask
 * @returns {Promise<T>}
 */
export async function answered(ask) {
  try {
    return await ask();
  } catch (error) {
    note_trap(error);
    throw terminalError(error);
  }
}

/** @param {() => void} work */
export function quietly(work) {
  try {
    work();
  } catch (error) {
    // The module is broken: there is nothing left to end.
    note_trap(error);
  }
}
