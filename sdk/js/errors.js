// @ts-check

/** @import { PaymentIntent, TerminalErrorCode } from "./types.js" */

/** The one error of this package. */
export class TerminalError extends Error {
  /** @type {TerminalErrorCode} A stable name for what went wrong. */
  code;
  /** @type {string | null} The issuer's reason, with `card_declined`. */
  declineCode;
  /** @type {PaymentIntent | null} The payment as it stands after the failure, where the failure belongs to one. */
  paymentIntent;

  /**
   * @param {TerminalErrorCode} code
   * @param {string} message What to do about it, for a person. Never holds card data.
   * @param {{ declineCode?: string | null, paymentIntent?: PaymentIntent | null, cause?: unknown }} [details]
   */
  constructor(code, message, { declineCode = null, paymentIntent = null, cause } = {}) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "TerminalError";
    this.code = code;
    this.declineCode = declineCode;
    this.paymentIntent = paymentIntent;
  }
}

/**
 * The error that the module's plain object stands for; anything else is a bug of ours.
 * @param {any} thrown
 * @param {unknown} [cause]
 * @returns {TerminalError}
 */
export function terminalError(thrown, cause) {
  if (thrown instanceof TerminalError) return thrown;
  if (typeof thrown?.code === "string" && typeof thrown.message === "string") {
    const { code, message, declineCode, paymentIntent } = thrown;
    return new TerminalError(code, message, { declineCode, paymentIntent, cause });
  }
  return new TerminalError("internal", `A bug of ours met and stopped: please report it. (${thrown?.message ?? thrown})`, {
    cause: thrown,
  });
}
