// What the bench program calls in the page. Times are milliseconds of performance.now().
import init, { BenchTill } from "./tillandsia_bench_till.js";

const request = (of) => new Promise((resolve, reject) => {
  of.onsuccess = () => resolve(of.result);
  of.onerror = () => reject(of.error);
});

const complete = (transaction) => new Promise((resolve, reject) => {
  transaction.oncomplete = resolve;
  transaction.onabort = () => reject(transaction.error);
});

const open = (name, stores) => {
  const opening = indexedDB.open(name);
  opening.onupgradeneeded = () => stores.forEach((store) => opening.result.createObjectStore(store));
  return request(opening);
};

const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

let till;
let raw;

// The record that the till wrote last for a payment, as IndexedDB holds it, and its log entry.
async function lastWritten() {
  const database = await open("tillandsia", []);
  const last = async (store) => {
    const cursor = await request(database.transaction(store).objectStore(store).openCursor(null, "prev"));
    return cursor.value;
  };
  const written = { payment: await last("payments"), log: await last("log") };
  database.close();
  return written;
}

// The bytes of a record: of its buffers, and of its texts as UTF-8.
function bytesOf(value) {
  if (ArrayBuffer.isView(value)) return value.byteLength;
  if (value instanceof ArrayBuffer) return value.byteLength;
  if (typeof value === "string") return new TextEncoder().encode(value).length;
  if (typeof value === "number") return 8;
  if (value && typeof value === "object") return Object.values(value).reduce((sum, part) => sum + bytesOf(part), 0);
  return 1;
}

// Asks the workbox worker and waits for its answer.
function askWorkbox(message) {
  return new Promise((resolve, reject) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = ({ data }) => (data.error ? reject(new Error(data.error)) : resolve(data.value));
    workbox.postMessage(message, [channel.port2]);
  });
}
let workbox;

window.bench = {
  async open() {
    till = await BenchTill.open();
    raw = await open("raw-put", ["records"]);
    const registration = await navigator.serviceWorker.register("/bench/workbox-worker.js", { scope: "/bench/workbox/" });
    workbox = registration.installing || registration.waiting || registration.active;
    while (workbox.state !== "activated") {
      await new Promise((resolve) => { workbox.addEventListener("statechange", resolve, { once: true }); });
    }
  },

  start: () => till.start(),
  async workerReady() {
    const registration = await navigator.serviceWorker.getRegistration("/");
    return !!(registration && registration.active && registration.active.state === "activated");
  },
  async store(cards, amountMinor, customerMs) {
    return Array.from(await till.store(JSON.stringify(cards), amountMinor, customerMs));
  },
  stored: () => till.stored(),
  forward: () => till.forward(),

  // The same bytes, as one put in one strict transaction.
  async rawPuts(count, pauseMs) {
    const record = await lastWritten();
    const times = [];
    for (let number = 0; number < count; number += 1) {
      await pause(pauseMs);
      const start = performance.now();
      const transaction = raw.transaction("records", "readwrite", { durability: "strict" });
      transaction.objectStore("records").put(record, `${start}-${number}`);
      await complete(transaction);
      times.push(performance.now() - start);
    }
    return { times, bytes: bytesOf(record) };
  },

  // The same bytes, as the body of a request in workbox's queue.
  async workboxPushes(count, pauseMs) {
    return askWorkbox({ push: count, pauseMs, bytes: bytesOf(await lastWritten()) });
  },

  // Puts these forwarding requests into workbox's queue.
  workboxQueue: (bodies, authorization) => askWorkbox({ queue: bodies, authorization }),
  // Sends them all, as workbox does.
  workboxReplay: () => askWorkbox({ replay: true }),
};

await init();
document.documentElement.dataset.ready = "true";
