// @ts-check
// Forwards stored payments in a service worker, with or without a page. All that concerns money is in its WebAssembly
// module.
import init, { configure, drain, provide } from "./worker/tillandsia_service_worker.js";

const SYNC_TAG = "tillandsia-forward";
const FORWARDER_LOCK = "tillandsia-forwarder";
const PAYMENT_LOCK = "tillandsia-payment";

/**
 * What {@link forwardPayments} takes.
 * @typedef {object} ForwardPaymentsOptions
 * @property {() => Promise<string | { secret: string }>} [fetchConnectionToken] Gives a connection token from your own
 *   server. Without it the address is asked that a page gave as `connectionTokenUrl`; with neither, payments are
 *   forwarded by pages.
 * @property {() => Response | Promise<Response>} [loadModule] Loads the WebAssembly module, for instance from a cache.
 */

/**
 * Adds what forwards stored payments to your service worker: listeners for its own messages, for Background Sync and for
 * `online`. Call it while the worker starts. Everything else of the worker is yours.
 * @param {ForwardPaymentsOptions} [options]
 * @returns {void}
 */
export function forwardPayments({ fetchConnectionToken, loadModule } = {}) {
  const worker = /** @type {any} */ (self);
  /** @type {Promise<void> | undefined} */
  let module;

  /** A failed load is tried again next time. */
  const ready = () => {
    module ??= load().catch((error) => {
      module = undefined;
      throw error;
    });
    return module;
  };

  const load = async () => {
    await init(loadModule && { module_or_path: loadModule() });
    if (fetchConnectionToken) provide(fetchConnectionToken);
  };

  /** One pass. `answer` hears that it started, and how it ended. */
  const forward = async (/** @type {string} */ mode, answer = (/** @type {object} */ _) => {}) => {
    try {
      await ready();
      answer({ type: "drain-started" });
      const report = await drain(mode);
      answer({ type: "drain-done", ...report });
      return report;
    } catch (error) {
      console.error("forwarding failed", error);
      answer({ type: "drain-failed" });
      return { ran: false, offline: true };
    }
  };

  worker.addEventListener("message", (/** @type {any} */ event) => {
    const message = event.data ?? {};
    if (message.type === "tillandsia-drain") {
      const port = event.ports[0];
      event.waitUntil(forward(message.mode, (answer) => port?.postMessage(answer)));
    } else if (message.type === "tillandsia-configure") {
      const { gatewayUrl = "", connectionTokenUrl = "" } = message;
      event.waitUntil(
        ready()
          .then(() => configure(gatewayUrl, connectionTokenUrl))
          .catch((error) => console.error("the endpoints could not be kept", error)),
      );
    }
  });

  // Chromium's Background Sync. It repeats a few times what fails, then gives up: an accelerator, not the mechanism.
  worker.addEventListener("sync", (/** @type {any} */ event) => {
    if (event.tag !== SYNC_TAG) return;
    event.waitUntil(
      forward("all").then((report) => {
        if (report.offline) throw new Error("the gateway cannot be reached");
      }),
    );
  });

  // Firefox and WebKit tell a worker too that the network is back.
  worker.addEventListener("online", () => void forward("all"));
}

/**
 * Lets a new version of your worker take over (`skipWaiting`) only while no tab takes a payment and nobody forwards.
 * Call it in place of `skipWaiting`.
 * @returns {Promise<boolean>} Whether it took over.
 */
export async function takeOverWhenIdle() {
  const worker = /** @type {any} */ (self);
  /** @type {(name: string, then: () => Promise<boolean>) => Promise<any>} */
  const free = (name, then) =>
    navigator.locks.request(name, { ifAvailable: true }, (lock) => (lock === null ? false : then()));
  if (navigator.locks === undefined) return false;
  return free(PAYMENT_LOCK, () => free(FORWARDER_LOCK, () => worker.skipWaiting().then(() => true)));
}
