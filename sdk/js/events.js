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

/**
 * A listener of an offline event.
 * @typedef {object} Registration
 * @property {string} type
 * @property {EventListenerOrEventListenerObject} listener
 * @property {boolean} capture
 * @property {(event: Event) => void} heard What the target calls in its place.
 */

/** @param {boolean | EventListenerOptions | undefined} options */
const captures = (options) => (typeof options === "object" ? Boolean(options?.capture) : Boolean(options));

/**
 * Who listens to the offline events, counted as an EventTarget counts: the same listener twice is one, and one that was
 * added with `once` or with a signal leaves by itself.
 */
export class OfflineListeners {
  /** @type {Registration[]} */
  #registered = [];
  /** @type {() => void} */
  #changed;

  /** @param {() => void} changed Called when a listener came or went. */
  constructor(changed) {
    this.#changed = changed;
  }

  /** Whether every offline event has a listener. */
  get complete() {
    return OFFLINE_EVENTS.every((type) => this.#registered.some((one) => one.type === type));
  }

  /**
   * Counts one, unless it is there already.
   * @param {string} type
   * @param {EventListenerOrEventListenerObject} listener
   * @param {boolean | AddEventListenerOptions | undefined} options
   * @param {(heard: (event: Event) => void) => void} attach Adds what the target is to call; throws for unfit options.
   */
  add(type, listener, options, attach) {
    const capture = captures(options);
    if (this.#find(type, listener, capture)) return;
    const { once, signal } = typeof options === "object" && options ? options : {};
    const leave = () => this.#leave(registration);
    /** @type {Registration} */
    const registration = { type, listener, capture, heard: watch(listener, once ? leave : () => {}) };
    attach(registration.heard);
    if (signal?.aborted) return;
    signal?.addEventListener("abort", leave, { once: true });
    this.#registered.push(registration);
    this.#changed();
  }

  /**
   * Forgets one, and gives what to remove from the target.
   * @param {string} type
   * @param {EventListenerOrEventListenerObject} listener
   * @param {boolean | EventListenerOptions} [options]
   * @returns {((event: Event) => void) | undefined}
   */
  remove(type, listener, options) {
    const registration = this.#find(type, listener, captures(options));
    if (registration) this.#leave(registration);
    return registration?.heard;
  }

  /**
   * @param {string} type
   * @param {EventListenerOrEventListenerObject} listener
   * @param {boolean} capture
   */
  #find(type, listener, capture) {
    return this.#registered.find((one) => one.type === type && one.listener === listener && one.capture === capture);
  }

  #leave(/** @type {Registration} */ registration) {
    const place = this.#registered.indexOf(registration);
    if (place < 0) return;
    this.#registered.splice(place, 1);
    this.#changed();
  }
}

/**
 * The listener in a form that notes how it ended; `dispatchEvent` does not say.
 * @param {EventListenerOrEventListenerObject} listener
 * @param {() => void} called Called before it.
 * @returns {(event: Event) => void}
 */
function watch(listener, called) {
  return (event) => {
    called();
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
}
