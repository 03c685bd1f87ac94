// @ts-check
// Tillandsia: card payments in the browser, with or without a connection.
import { Till } from "./wasm/tillandsia_sdk.js";
import { TerminalError, terminalError } from "./errors.js";
import { ForwardPaymentIntentEvent, OFFLINE_EVENTS, OfflineListeners, deliver } from "./events.js";
import { address, canceled, given, invalid, named } from "./given.js";
import { answered, broken_or, load, note_trap, quietly, when_broken } from "./module.js";
import { Reader } from "./reader.js";

export { ForwardPaymentIntentEvent, Reader, TerminalError };

/**
 * @import {
 *   CapturePaymentIntentOptions, CollectPaymentMethodOptions, ConfirmPaymentIntentOptions, CreatePaymentIntentOptions,
 *   ListPaymentsOptions, NetworkStatus, OfflineStatus, Payment, PaymentIntent, ReaderInfo, Readiness
 * } from "./types.js"
 */

/**
 * What {@link Terminal.create} takes. One of `fetchConnectionToken` and `connectionTokenUrl` is needed.
 * @typedef {object} TerminalOptions
 * @property {string | URL} [gatewayUrl] The gateway's base URL; the page's own origin when absent.
 * @property {() => Promise<string | { secret: string }>} [fetchConnectionToken] Gives a connection token from your own
 *   server, which checks who is asking. Asked again whenever a session has ended.
 * @property {string | URL} [connectionTokenUrl] Where a POST gives `{ "secret": "pst_…" }`, in place of the function. A
 *   service worker can ask it too.
 * @property {string | URL | ServiceWorkerRegistration} [serviceWorker] Your worker, which has called `forwardPayments` of
 *   `tillandsia/service-worker`: its module script, or its registration. Without one payments are forwarded while a page
 *   is open.
 * @property {string} [database] A database of its own, for a second till in the same origin. Only pages forward from it.
 * @property {RequestInfo | URL | Response | BufferSource | WebAssembly.Module} [module] The WebAssembly module, where it is
 *   not beside this script.
 */

/**
 * Events and what they carry.
 * @typedef {object} TerminalEventMap
 * @property {CustomEvent<OfflineStatus>} offlinestatuschange The connection or the stored payments changed.
 * @property {ForwardPaymentIntentEvent} forwardpaymentintent A stored payment is finished.
 * @property {CustomEvent<TerminalError>} forwardingerror An error of forwarding that belongs to no single payment.
 * @property {CustomEvent<{ inputs: ("insert" | "tap" | "swipe")[] }>} readerinput Which ways to present a card to ask for.
 * @property {CustomEvent<{ message: ReaderMessage }>} readermessage What to tell the customer.
 * @property {CustomEvent<{ reader: ReaderInfo | null }>} readerdisconnect The reader has gone: connect it again.
 */

/**
 * @typedef {"do_not_remove_card" | "remove_card" | "multiple_contactless_cards_detected" | "retry_card" | "insert_card"}
 *   ReaderMessage
 */

/**
 * How to look for readers. `usbHid` and `serial` are names kept for readers that this version has no driver for.
 * @typedef {object} DiscoverReadersOptions
 * @property {"simulated" | "usbHid" | "serial"} method
 * @property {{ start(): Worker }} [simulator] With `simulated`: a `SimulatedReader` of `tillandsia/simulated-reader`.
 * @property {string | URL} [url] With `simulated`, in place of `simulator`: the script of a module Worker that speaks a
 *   reader's bytes.
 * @property {AbortSignal} [signal]
 */

/** @type {Set<string>} */
const databases = new Set();
const LATER_MS = 0;
const UNKNOWN_CONFIRMATION =
  "A bug stopped the terminal while this payment was confirmed: whether it was charged or stored is unknown. Do not charge the " +
  "customer again: reload the page, and after Terminal.create look for it in listPayments. One that is not listed was not charged.";
const UNKNOWN_CAPTURE =
  "A bug stopped the terminal while this payment was captured: whether it was is unknown. Reload the page, and after " +
  "Terminal.create look for it in listPayments; one that still is requires_capture there may be captured again.";

/** A till. Made by {@link Terminal.create}. */
export class Terminal extends EventTarget {
  /** @type {Till} */
  #till;
  /** @type {string} */
  #database;
  /** Why no call is possible any more. @type {TerminalError | undefined} */
  #ended;
  /** @type {Promise<void> | undefined} */
  #disposing;
  /** @type {Set<{ reject: (error: TerminalError) => void, done: Promise<unknown> }>} */
  #pending = new Set();
  #listeners = new OfflineListeners(() => this.#listen());
  #listening = false;
  #abort = new AbortController();
  /** @type {() => void} */
  #forget;

  /**
   * Opens the till: its database, its connection to the gateway, forwarding. Needs no network.
   * @param {TerminalOptions} options
   * @returns {Promise<Terminal>}
   */
  static async create(options) {
    const { fetchConnectionToken, connectionTokenUrl, database = "tillandsia" } = options ?? {};
    if (typeof fetchConnectionToken !== "function" && connectionTokenUrl === undefined) {
      throw invalid("fetchConnectionToken: give a function that fetches a connection token from your server");
    }
    if (databases.has(database)) {
      throw invalid("this page has a Terminal already: use that one, or dispose() it first");
    }
    databases.add(database);
    try {
      await load(options.module);
      /** @type {Terminal | undefined} */
      let terminal;
      const emit = (/** @type {string} */ type, /** @type {any} */ detail) => terminal && terminal.#emit(type, detail);
      const config = {
        gatewayUrl: address(options.gatewayUrl ?? "/").replace(/\/+$/, ""),
        connectionTokenUrl: connectionTokenUrl === undefined ? "" : address(connectionTokenUrl),
        fetchConnectionToken,
        database: database === "tillandsia" ? undefined : database,
      };
      terminal = new Terminal(await broken_or(() => Till.open(config, emit)), database);
      if (options.serviceWorker !== undefined) void terminal.#adopt(options.serviceWorker);
      return terminal;
    } catch (error) {
      databases.delete(database);
      throw terminalError(error);
    }
  }

  /**
   * @param {Till} till
   * @param {string} database
   * @private
   */
  constructor(till, database) {
    super();
    if (!(till instanceof Till)) throw invalid("use `await Terminal.create(…)`");
    this.#till = till;
    this.#database = database;
    this.#forget = when_broken((error) => {
      this.#ended = error;
      for (const { reject } of this.#pending) reject(error);
      // Its timers and listeners, as far as they can still be reached.
      setTimeout(() => quietly(() => this.#till.stop()), LATER_MS);
    });
  }

  // --- Readers -------------------------------------------------------------------------------------------------

  /**
   * Looks for readers.
   * @param {DiscoverReadersOptions} options
   * @returns {Promise<Reader[]>}
   */
  discoverReaders(options) {
    return this.#call(async () => {
      const { signal, method, simulator, url } = given(options, "a `method`, for instance `simulated`");
      if (signal?.aborted) throw canceled("looking for readers was canceled", signal);
      if (method !== "simulated") throw invalid(`method: this version has no driver for \`${method}\` readers yet`);
      if (typeof simulator?.start === "function") return [new Reader(method, "Simulated reader", () => simulator.start())];
      if (simulator || url === undefined) throw invalid("simulator: give a SimulatedReader of `tillandsia/simulated-reader`");
      return [new Reader(method, "Simulated reader", () => new Worker(url, { type: "module" }))];
    });
  }

  /**
   * Connects a reader, in place of the one that is connected. With a connection to the gateway the location's settings are
   * fetched anew.
   * @param {Reader} reader
   * @param {{ signal?: AbortSignal }} [options]
   * @returns {Promise<ReaderInfo>}
   */
  connectReader(reader, options) {
    return this.#call((till) => {
      const { signal } = given(options ?? {});
      if (!(reader instanceof Reader)) throw invalid("reader: give one that `discoverReaders` found");
      return this.#until(signal, (stop) => till.connectSimulatedReader(reader.start(), stop));
    });
  }

  /**
   * Lets go of the reader.
   * @returns {Promise<void>}
   */
  disconnectReader() {
    return this.#call((till) => till.disconnectReader());
  }

  /** The connected reader. @returns {ReaderInfo | null} */
  get connectedReader() {
    return this.#now((till) => till.connectedReader());
  }

  // --- A sale --------------------------------------------------------------------------------------------------

  /**
   * Creates a PaymentIntent; `id` is null when the gateway is not reached.
   * A page keeps the newest 64 that are not confirmed: calls about older ones reject with
   * `payment_intent_not_found_offline`, and nothing was charged for them.
   * @param {CreatePaymentIntentOptions} options
   * @returns {Promise<PaymentIntent>}
   */
  createPaymentIntent(options) {
    return this.#call((till) => till.createPaymentIntent(options));
  }

  /**
   * Waits for a card. Listen to `readerinput` and `readermessage` for what to tell the customer.
   * @param {PaymentIntent | string} paymentIntent
   * @param {CollectPaymentMethodOptions & { signal?: AbortSignal }} [options]
   * @returns {Promise<PaymentIntent>}
   */
  collectPaymentMethod(paymentIntent, options) {
    return this.#call((till) => {
      const { signal, ...rest } = given(options ?? {});
      return this.#until(signal, (stop) => till.collectPaymentMethod(named(paymentIntent), rest, stop));
    });
  }

  /**
   * Confirms a payment: authorised by the gateway, or stored. `offlineDetails` of the result tells which.
   * @param {PaymentIntent | string} paymentIntent
   * @param {ConfirmPaymentIntentOptions} [options]
   * @returns {Promise<PaymentIntent>}
   */
  confirmPaymentIntent(paymentIntent, options) {
    return this.#call((till) => till.confirmPaymentIntent(named(paymentIntent), options), UNKNOWN_CONFIRMATION);
  }

  /**
   * Gives a payment up before it is confirmed.
   * @param {PaymentIntent | string} paymentIntent
   * @returns {Promise<PaymentIntent>}
   */
  cancelPaymentIntent(paymentIntent) {
    return this.#call((till) => till.cancelPaymentIntent(named(paymentIntent)));
  }

  /**
   * Captures a payment that was confirmed with manual capture, once it is forwarded.
   * @param {PaymentIntent | string} paymentIntent
   * @param {CapturePaymentIntentOptions} [options]
   * @returns {Promise<PaymentIntent>}
   */
  capturePaymentIntent(paymentIntent, options) {
    return this.#call((till) => till.capturePaymentIntent(named(paymentIntent), options), UNKNOWN_CAPTURE);
  }

  // --- Stored payments -----------------------------------------------------------------------------------------

  /**
   * A payment of this device as it stands.
   * @param {PaymentIntent | string} paymentIntent
   * @returns {Promise<PaymentIntent>}
   */
  retrievePaymentIntent(paymentIntent) {
    return this.#call((till) => till.retrievePaymentIntent(named(paymentIntent)));
  }

  /**
   * The device's payments, newest first.
   * @param {ListPaymentsOptions} [options]
   * @returns {Promise<Payment[]>}
   */
  listPayments(options) {
    return this.#call((till) => till.listPayments(options));
  }

  /**
   * What waits for a person, oldest deadline first: payments set aside, and declines of stored payments that nobody dealt
   * with.
   * @param {{ limit?: number }} [options]
   * @returns {Promise<Payment[]>}
   */
  listAttention(options) {
    return this.#call((till) => till.listAttention(options));
  }

  /**
   * Asks for everything stored to be forwarded now, whatever it waits for. What comes of it is told by events.
   * @returns {Promise<void>}
   */
  forwardNow() {
    return this.#call(async (till) => till.forwardNow());
  }

  /**
   * Takes a stored payment back. One that was never sent is `canceled` at once; one that was sent is `processing` until the
   * gateway has said what became of it.
   * @param {PaymentIntent | string} paymentIntent
   * @returns {Promise<PaymentIntent>}
   */
  voidPaymentIntent(paymentIntent) {
    return this.#call((till) => till.voidPaymentIntent(named(paymentIntent)));
  }

  /**
   * Sends a payment that was set aside again.
   * @param {PaymentIntent | string} paymentIntent
   * @returns {Promise<PaymentIntent>}
   */
  retryPaymentIntent(paymentIntent) {
    return this.#call((till) => till.retryPaymentIntent(named(paymentIntent)));
  }

  /**
   * Says that a stored payment's decline is dealt with: paid another way, or written off.
   * @param {PaymentIntent | string} paymentIntent
   * @returns {Promise<PaymentIntent>}
   */
  settlePaymentIntent(paymentIntent) {
    return this.#call((till) => till.settlePaymentIntent(named(paymentIntent)));
  }

  // --- How things stand ----------------------------------------------------------------------------------------

  /** The connection and what is stored. @returns {Promise<OfflineStatus>} */
  getOfflineStatus() {
    return this.#call((till) => till.getOfflineStatus());
  }

  /**
   * Would offline work now, and until when: to be asked before the outage.
   * @returns {Promise<Readiness>}
   */
  checkReadiness() {
    return this.#call((till) => till.checkReadiness());
  }

  /**
   * Begins or ends a simulated outage, for testing an integration; test accounts only. It holds in every tab and
   * lasts across restarts.
   * @param {"off" | "immediate" | "time_out" | "intermittent"} mode
   * @returns {Promise<void>}
   */
  setSimulatedOfflineMode(mode) {
    return this.#call((till) => till.setSimulatedOfflineMode(String(mode)));
  }

  /** Whether the gateway can be reached. @returns {NetworkStatus} */
  get networkStatus() {
    return this.#now((till) => /** @type {NetworkStatus} */ (till.networkStatus()));
  }

  /**
   * Ends this Terminal: timers, listeners, locks, the reader, the database. A card that is waited for is not waited for any
   * more; every other call under way ends first, so that no outcome is lost. Afterwards another one can be created.
   * @returns {Promise<void>}
   */
  dispose() {
    this.#disposing ??= this.#dispose();
    return this.#disposing;
  }

  async #dispose() {
    this.#ended ??= invalid("this Terminal was disposed: create a new one");
    this.#abort.abort();
    quietly(() => this.#till.stop());
    while (this.#pending.size > 0) await Promise.allSettled([...this.#pending].map(({ done }) => done));
    await broken_or(() => this.#till.close()).catch(() => {});
    quietly(() => this.#till.free());
    this.#forget();
    databases.delete(this.#database);
  }

  // --- Events --------------------------------------------------------------------------------------------------

  /**
   * Listens to an event. Payments are collected offline while `offlinestatuschange`, `forwardpaymentintent` and
   * `forwardingerror` have a listener each.
   * @template {keyof TerminalEventMap} T
   * @overload
   * @param {T} type
   * @param {((this: Terminal, event: TerminalEventMap[T]) => unknown) | null} listener
   * @param {boolean | AddEventListenerOptions} [options]
   * @returns {void}
   */
  /**
   * @overload
   * @param {string} type
   * @param {EventListenerOrEventListenerObject | null} listener
   * @param {boolean | AddEventListenerOptions} [options]
   * @returns {void}
   */
  /**
   * @param {string} type
   * @param {any} listener
   * @param {boolean | AddEventListenerOptions} [options]
   */
  addEventListener(type, listener, options) {
    const counts = OFFLINE_EVENTS.includes(type) && (typeof listener === "function" || typeof listener === "object");
    if (!counts || !listener) return super.addEventListener(type, listener, options);
    this.#listeners.add(type, listener, options, (heard) => super.addEventListener(type, heard, options));
  }

  /**
   * @param {string} type
   * @param {any} listener
   * @param {boolean | EventListenerOptions} [options]
   */
  removeEventListener(type, listener, options) {
    super.removeEventListener(type, this.#listeners.remove(type, listener, options) ?? listener, options);
  }

  /** Tells the module when the last of the offline events got its listener, and when the first lost it. */
  #listen() {
    const complete = this.#listeners.complete;
    if (complete === this.#listening || this.#ended) return;
    this.#listening = complete;
    this.#now((till) => (complete ? till.listen() : till.unlisten()));
  }

  /**
   * Called by the module; dispatches after it has returned, so that a listener may call any method.
   * @param {string} type
   * @param {any} detail
   * @returns {Promise<boolean>}
   */
  async #emit(type, detail) {
    await undefined;
    if (type === "forwardpaymentintent") return deliver(this, detail);
    if (type === "forwardingerror") detail = terminalError(detail);
    if (type === "readerinput") detail = { inputs: detail };
    if (type === "readermessage") detail = { message: detail };
    if (type === "readerdisconnect") detail = { reader: this.#ended ? null : this.#till.connectedReader() };
    return this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  // --- Calls ---------------------------------------------------------------------------------------------------

  /**
   * Fails at once when a bug stops the module: its own promise would then never be settled. What `work` throws rejects.
   * @template T
   * @param {(till: Till) => Promise<T>} work
   * @param {string} [unknown] What is said when the call was under way then, and may have had its effect.
   * @returns {Promise<T>}
   */
  #call(work, unknown) {
    if (this.#ended) return Promise.reject(this.#ended);
    /** @type {(error: TerminalError) => void} */
    let reject = () => {};
    const broken = new Promise((_, refuse) => (reject = refuse));
    const stop = (/** @type {TerminalError} */ error) =>
      reject(unknown === undefined ? error : new TerminalError("outcome_unknown", unknown, { cause: error }));
    const call = { reject: stop, done: /** @type {Promise<unknown>} */ (broken) };
    this.#pending.add(call);
    const done = Promise.race([broken, answered(() => work(this.#till))]);
    call.done = done;
    return done.finally(() => this.#pending.delete(call));
  }

  /**
   * @template T
   * @param {(till: Till) => T} work
   * @returns {T}
   */
  #now(work) {
    if (this.#ended) throw this.#ended;
    try {
      return work(this.#till);
    } catch (error) {
      note_trap(error);
      throw terminalError(error);
    }
  }

  /**
   * Runs what can be canceled: by the app's signal, and by `dispose`.
   * @template T
   * @param {AbortSignal | undefined} signal
   * @param {(stop: Promise<void>) => Promise<T>} work
   * @returns {Promise<T>}
   */
  async #until(signal, work) {
    if (signal?.aborted) throw canceled("canceled before it began", signal);
    const signals = signal ? [signal, this.#abort.signal] : [this.#abort.signal];
    /** @type {() => void} */
    let stop = () => {};
    const stopped = new Promise((/** @type {(value: void) => void} */ resolve) => (stop = resolve));
    for (const each of signals) each.addEventListener("abort", stop);
    try {
      return await work(stopped);
    } catch (error) {
      throw terminalError(error, signal?.aborted ? signal.reason : undefined);
    } finally {
      for (const each of signals) each.removeEventListener("abort", stop);
    }
  }

  /**
   * A worker that does not come is no reason not to sell: payments are then forwarded by the page.
   * @param {string | URL | ServiceWorkerRegistration} worker
   */
  async #adopt(worker) {
    try {
      const container = navigator.serviceWorker;
      if (!container) return;
      const given = worker instanceof ServiceWorkerRegistration;
      const registration = given ? worker : await container.register(worker, { type: "module", updateViaCache: "none" });
      if (!this.#ended) this.#till.adoptWorker(registration);
    } catch (error) {
      console.warn("tillandsia: the service worker could not be registered; payments are forwarded by pages only", error);
    }
  }
}
