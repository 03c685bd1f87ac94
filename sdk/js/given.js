// @ts-check
// What apps give, read before the module is asked.
import { TerminalError } from "./errors.js";

/** @import { PaymentIntent } from "./types.js" */

/** @param {string} message */
export const invalid = (message) => new TerminalError("invalid_request", message);

/**
 * @param {string} message
 * @param {AbortSignal} signal
 */
export const canceled = (message, signal) => new TerminalError("canceled", message, { cause: signal.reason });

/** @param {string | URL} url */
export function address(url) {
  try {
    return new URL(url, document.baseURI).href;
  } catch (cause) {
    throw new TerminalError("invalid_request", `\`${url}\` is no address`, { cause });
  }
}

const NO_SIGNAL = { aborted: false, addEventListener() {} };

/**
 * An object with options, its signal checked; the module checks what else it takes.
 * @template {{ signal?: AbortSignal }} T
 * @param {T} options
 * @param {string} [what] What has to be in it.
 * @returns {T}
 */
export function given(options, what) {
  if (typeof options !== "object" || options === null) {
    throw invalid(`options: give an object${what === undefined ? "" : ` with ${what}`}`);
  }
  // One of another window's is none of this window's class.
  const { aborted, addEventListener } = options.signal ?? NO_SIGNAL;
  if (typeof aborted !== "boolean" || typeof addEventListener !== "function") {
    throw invalid("signal: give an AbortSignal, for instance that of an AbortController");
  }
  return options;
}

/**
 * @param {PaymentIntent | string} paymentIntent
 * @returns {string}
 */
export function named(paymentIntent) {
  const name = typeof paymentIntent === "string" ? paymentIntent : paymentIntent?.offlineId;
  return typeof name === "string" ? name : "";
}
