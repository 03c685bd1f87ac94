// @ts-check

/**
 * A reader that was found. Give it to `Terminal.connectReader`.
 */
export class Reader {
  /** @type {"simulated" | "usbHid" | "serial"} How it is reached. */
  method;
  /** @type {string} For a person. */
  label;
  /** @type {() => Worker} */
  #start;

  /**
   * @param {"simulated" | "usbHid" | "serial"} method
   * @param {string} label
   * @param {() => Worker} start
   * @internal
   */
  constructor(method, label, start) {
    this.method = method;
    this.label = label;
    this.#start = start;
  }

  /**
   * @returns {Worker}
   * @internal
   */
  start() {
    return this.#start();
  }
}
