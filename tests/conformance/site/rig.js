// An app of the package, driven by the conformance suite: it does what an app does, and says what came of it.
import { Terminal } from "./npm/index.js";
import { SimulatedReader } from "./npm/simulated-reader.js";

const OFFLINE_EVENTS = ["offlinestatuschange", "forwardpaymentintent", "forwardingerror"];
const READER_EVENTS = ["readerinput", "readermessage", "readerdisconnect"];
const realNow = Date.now;
const realSetTimeout = window.setTimeout.bind(window);
const realClearTimeout = window.clearTimeout.bind(window);

/** What the package has under way: requests to the end of their answers, transactions, cryptography, locks asked for. */
let underWay = 0;

const ends = (promise) => {
  underWay += 1;
  const end = () => (underWay -= 1);
  promise.then(end, end);
  return promise;
};

/** Has a method's calls counted until what it gives has ended. */
function count(owner, name, ended) {
  const real = owner[name];
  owner[name] = function (...given) {
    return ended(real.bind(this), given);
  };
}

count(window, "fetch", (fetch, given) =>
  ends(
    (async () => {
      const response = await fetch(...given);
      await response.clone().arrayBuffer().catch(() => {});
      return response;
    })(),
  ));
count(IDBDatabase.prototype, "transaction", (transaction, given) => {
  const begun = transaction(...given);
  ends(new Promise((end) => ["complete", "abort"].forEach((event) => begun.addEventListener(event, end))));
  return begun;
});
for (const name of Object.getOwnPropertyNames(SubtleCrypto.prototype)) {
  if (name === "constructor") continue;
  count(SubtleCrypto.prototype, name, (work, given) => ends(work(...given)));
}
count(LockManager.prototype, "request", (request, given) => {
  const [name, { ifAvailable }, granted] = given;
  // Any other may wait for another tab.
  if (!ifAvailable) return request(...given);
  const answered = Promise.withResolvers();
  ends(answered.promise);
  return request(name, given[1], (lock) => {
    answered.resolve();
    return granted(lock);
  });
});

/** What the package has planned, so that a clock that is put forward finds it due. @type {Map<number, { due: number, work: () => void }>} */
const planned = new Map();
window.setTimeout = (work, ms = 0, ...given) => {
  // WebKit's driver plans the end of its scripts here too.
  if (!new Error().stack?.includes("/npm/")) return realSetTimeout(work, ms, ...given);
  const run = () => {
    planned.delete(id);
    work(...given);
  };
  const id = realSetTimeout(run, ms);
  planned.set(id, { due: Date.now() + ms, work: run });
  return id;
};
window.clearTimeout = (id) => {
  planned.delete(id);
  realClearTimeout(id);
};

function runWhatIsDue() {
  const due = [...planned].filter(([, { due }]) => due <= Date.now()).sort(([, one], [, other]) => one.due - other.due);
  for (const [id, { work }] of due) {
    // One that ran before may have taken it away.
    if (!planned.has(id)) continue;
    realClearTimeout(id);
    work();
  }
}

/** A reader whose Worker can be spoken to before the driver does, and can go away. */
class RigReader extends SimulatedReader {
  firmware = "";
  #worker;

  start() {
    this.#worker = super.start();
    if (this.firmware) this.#worker.postMessage({ kind: "firmware", firmware: this.firmware });
    return this.#worker;
  }

  /** WebKit tells nothing of a Worker that was ended: first the error, then the end. */
  unplug() {
    this.#worker.dispatchEvent(new ErrorEvent("error", { message: "unplugged" }));
    this.#worker.terminate();
  }
}

const { put, add } = IDBObjectStore.prototype;
const realWrites = { put, add };

let terminal;
let events = [];
let settings = {};
let running;
const reader = new RigReader();

/** As JSON has it; an error is its fields. */
const plain = (value) => {
  if (value instanceof Error) {
    const { code, message, declineCode, paymentIntent } = value;
    return { code, message, declineCode, paymentIntent };
  }
  return value === undefined ? null : value;
};

const answer = (promise) =>
  Promise.resolve(promise).then(
    (value) => ({ value: plain(value) }),
    (error) => {
      if (error?.name !== "TerminalError") throw error;
      return { failure: plain(error) };
    },
  );

const pause = (ms) => new Promise((resolve) => realSetTimeout(resolve, ms));

const seen = (type) => events.filter((event) => event.type === type).length;

async function until(what, holds) {
  const end = performance.now() + 20_000;
  while (!holds()) {
    if (performance.now() > end) throw new Error(`waited in vain for ${what}`);
    await pause(10);
  }
}

function note(event) {
  const { detail } = event;
  const kept = event.type === "forwardpaymentintent"
    ? { paymentIntent: detail.paymentIntent, error: plain(detail.error) }
    : plain(detail);
  events.push({ type: event.type, detail: structuredClone(kept) });
  if (event.type === "forwardpaymentintent" && !settings.takes) throw new Error("this app does not take it");
}

const fetchConnectionToken = async () => {
  const response = await fetch("/token", { method: "POST" });
  if (!response.ok) throw new Error(`the shop's server answered ${response.status}`);
  return (await response.json()).secret;
};

window.rig = {
  async open(given) {
    settings = given;
    this.advance(given.ahead);
    events = [];
    reader.firmware = given.firmware;
    terminal = await Terminal.create({ gatewayUrl: given.gateway, database: given.database, fetchConnectionToken });
    for (const type of READER_EVENTS) terminal.addEventListener(type, note);
    if (given.listens) for (const type of OFFLINE_EVENTS) terminal.addEventListener(type, note);
    await until("a first probe", () => terminal.networkStatus !== "unknown");
  },

  async close() {
    for (const frame of document.querySelectorAll("iframe")) {
      await frame.contentWindow.rig.close();
      frame.remove();
    }
    await terminal?.dispose();
    terminal = undefined;
  },

  /** Another tab of the same origin. */
  async frame(name) {
    document.getElementById(name)?.remove();
    const frame = document.createElement("iframe");
    frame.id = name;
    frame.src = location.href;
    document.body.append(frame);
    await until("the other tab", () => frame.contentWindow.rig !== undefined);
  },

  /** Nothing takes so long as a clock is put forward: what is under way ends first. */
  async quiet() {
    let quiet = 0;
    await until("an end of all that is under way", () => (quiet = underWay === 0 ? quiet + 1 : 0) > 3);
  },

  advance(ms) {
    Date.now = () => realNow.call(Date) + ms;
    runWhatIsDue();
  },

  takes(takes) {
    settings.takes = takes;
  },

  listens(listens) {
    if (listens) terminal.addEventListener("forwardingerror", note);
    else terminal.removeEventListener("forwardingerror", note);
  },

  set firmware(firmware) {
    reader.firmware = firmware;
  },

  events: () => events,

  /** The browser's own word about its network, and what the till makes of it. */
  async browserSays(online, wanted) {
    window.dispatchEvent(new Event(online ? "online" : "offline"));
    if (wanted) await until(`the till to be ${wanted}`, () => terminal.networkStatus === wanted);
  },

  async connect(simulator = reader) {
    const [found] = await terminal.discoverReaders({ method: "simulated", simulator });
    return answer(terminal.connectReader(found));
  },

  call(method, given) {
    if (method === "connectReader") return this.connect(new RigReader());
    if (method === "networkStatus" || method === "connectedReader") return answer(terminal[method]);
    if (typeof terminal[method] !== "function") throw new Error(`there is no method ${method}`);
    return answer(terminal[method](...given));
  },

  /** Starts a collection; done when the app was told to ask for a card, or when it has ended. */
  async startCollecting(payment, options) {
    const asked = seen("readerinput");
    const canceled = new AbortController();
    const collecting = { done: false, canceled };
    collecting.answer = answer(terminal.collectPaymentMethod(payment, { ...options, signal: canceled.signal }))
      .finally(() => (collecting.done = true));
    running = collecting;
    await until("the reader to ask", () => collecting.done || seen("readerinput") > asked);
    return !collecting.done;
  },

  /** What somebody at the reader does; gives what the collection came to, and a call made meanwhile. */
  async hand({ kind, profile, fault, method, given }) {
    const { canceled, done } = running;
    let meanwhile = null;
    if (!done) {
      if (kind === "faulty") reader.injectFault(fault);
      if (kind === "present" || kind === "faulty") reader.presentCard(profile);
      if (kind === "unplug") reader.unplug();
      if (kind === "call") meanwhile = await this.call(method, given);
      if (kind === "cancel" || kind === "call") canceled.abort();
    }
    return [await running.answer, meanwhile];
  },

  async collect(payment, options, hand) {
    await this.startCollecting(payment, options);
    return this.hand(hand);
  },

  /** A newer version of the app has taken the database over. */
  breakStorage: () =>
    new Promise((resolve, reject) => {
      const open = indexedDB.open(settings.database, 1000);
      open.onsuccess = () => resolve(open.result.close());
      open.onerror = () => reject(open.error);
    }),

  diskFull(full) {
    const refuse = () => {
      throw new DOMException("no more space", "QuotaExceededError");
    };
    Object.assign(IDBObjectStore.prototype, full ? { put: refuse, add: refuse } : realWrites);
  },

  storage(persisted, free) {
    const says = (value) => (value === null ? undefined : () => Promise.resolve(value));
    const value = { persisted: says(persisted), estimate: says(free === null ? null : { usage: 0, quota: free }) };
    Object.defineProperty(navigator, "storage", { configurable: true, value });
  },

  /** Ends a tab; of one that freezes the forwarding lock stays held for ever. */
  async closeTab(name, freezes) {
    const lock = `tillandsia-forwarder:${settings.database}`;
    const kept = (granted) =>
      navigator.locks.request(lock, { steal: true }, () => {
        granted();
        return new Promise(() => {});
      });
    if (freezes) await new Promise(kept);
    document.getElementById(name).remove();
  },

  breakKey() {
    const refuse = () => Promise.reject(new DOMException("the key is gone", "OperationError"));
    Object.assign(crypto.subtle, { encrypt: refuse, decrypt: refuse });
  },

  async bytesKept(id) {
    const open = indexedDB.open(settings.database);
    await new Promise((resolve, reject) => Object.assign(open, { onsuccess: resolve, onerror: reject }));
    const get = open.result.transaction("payments").objectStore("payments").get(id);
    await new Promise((resolve, reject) => Object.assign(get, { onsuccess: resolve, onerror: reject }));
    open.result.close();
    return get.result.bytes.byteLength;
  },
};
