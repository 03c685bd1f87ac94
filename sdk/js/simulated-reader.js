// @ts-check
// A card reader without hardware, for development and demonstrations. It runs in a Worker of its own, so that the page
// holds no test card. Never import this in what you give to shops.

/**
 * Speaks a real reader's bytes, with published test keys that only the sandbox gateway accepts.
 *
 *     const simulator = new SimulatedReader();
 *     const [reader] = await terminal.discoverReaders({ method: "simulated", simulator });
 */
export class SimulatedReader {
  /** @type {Worker | undefined} */
  #worker;

  /**
   * Starts it, in place of one that ran. `Terminal.connectReader` does so.
   * @returns {Worker}
   * @internal
   */
  start() {
    this.#worker?.terminate();
    this.#worker = new Worker(new URL("./simulated-reader.worker.js", import.meta.url), { type: "module" });
    return this.#worker;
  }

  /**
   * Holds a card to it, as a person would.
   * @param {string} profile `contactless_visa`, `contact_visa` …
   */
  presentCard(profile) {
    this.#post({ kind: "present", profile });
  }

  /** Takes the card away. */
  removeCard() {
    this.#post({ kind: "remove" });
  }

  /**
   * Has it fail in its next answer.
   * @param {string} fault
   */
  injectFault(fault) {
    this.#post({ kind: "fault", fault });
  }

  #post(/** @type {object} */ message) {
    if (!this.#worker) throw new Error("the simulated reader is not connected: connect it first");
    this.#worker.postMessage(message);
  }
}
