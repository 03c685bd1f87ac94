// @ts-check
import { terminalError } from "./errors.js";

/** @import { PaymentIntent } from "./types.js" */
/** @import { TerminalError } from "./errors.js" */

/** What collecting offline needs listeners for. */
export const OFFLINE_EVENTS = ["offlinestatuschange", "forwardpaymentintent", "forwardingerror"];

/**
 * What became of an event that must be taken.
 * @type {WeakMap<Event, { open: boolean, heard: boolean, failed: boolean, waits: Promise<unknown>[] }>}
 */
const deliveries = new WeakMap();

/**
 * A stored payment is finished: forwarded, or with the error that it ended with. Delivered at least once: it is
 * acknowledged when every listener has returned without throwing and every promise given to `waitUntil` is fulfilled;
 * else it is delivered again, after a restart at the latest.
 * @extends {CustomEvent<{ paymentIntent: PaymentIntent, error: TerminalError | null }>}
 */
export class ForwardPaymentIntentEvent extends CustomEvent {
  /**
   * Holds the acknowledgement back, for instance until your server has it. A listener that returns a promise does the same.
   * @param {Promise<unknown>} promise
   */
  waitUntil(promise) {
    const delivery = deliveries.get(this);
    if (!delivery?.open) throw new DOMException("the event is over: call waitUntil in a listener", "InvalidStateError");
    delivery.waits.push(Promise.resolve(promise));
  }
}

/**
 * @param {EventTarget} target
 * @param {{ paymentIntent: PaymentIntent, error: any }} forwarded
 * @returns {Promise<boolean>} Whether the app took it.
 */
export async function deliver(target, { paymentIntent, error }) {
  const detail = { paymentIntent, error: error && terminalError(error) };
  const event = new ForwardPaymentIntentEvent("forwardpaymentintent", { detail });
  const delivery = { open: true, heard: false, failed: false, waits: [] };
  deliveries.set(event, delivery);
  target.dispatchEvent(event);
  delivery.open = false;
  const waited = await Promise.allSettled(delivery.waits);
  return delivery.heard && !delivery.failed && waited.every(({ status }) => status === "fulfilled");
}

/** @type {WeakMap<object, (event: Event) => void>} */
const watched = new WeakMap();

/**
 * The listener in a form that notes how it ended; `dispatchEvent` does not say.
 * @param {EventListenerOrEventListenerObject} listener
 * @returns {(event: Event) => void}
 */
export function watch(listener) {
  const known = watched.get(listener);
  if (known) return known;
  const watching = (/** @type {Event} */ event) => {
    const delivery = deliveries.get(event);
    if (delivery) delivery.heard = true;
    try {
      /** @type {any} */
      const returned = typeof listener === "function" ? listener.call(event.currentTarget, event) : listener.handleEvent(event);
      if (typeof returned?.then === "function") delivery?.waits.push(Promise.resolve(returned));
    } catch (error) {
      if (delivery) delivery.failed = true;
      throw error; // Reported as any listener's error is.
    }
  };
  watched.set(listener, watching);
  return watching;
}
