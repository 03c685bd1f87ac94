// The service worker: serves the till from its cache, so that it starts with no network at all, and forwards stored
// payments. All that concerns money is in its WebAssembly module; see service-worker/src/.
import init, { configure, drain } from "./worker/tillandsia_service_worker.js";
import { SHELL, VERSION } from "./shell.js";

const CACHE_PREFIX = "tillandsia-shell-";
const CACHE = CACHE_PREFIX + VERSION;
const MODULE = new URL("./worker/tillandsia_service_worker_bg.wasm", self.location).href;
const ROOT = new URL("./", self.location).href;
const SHELL_URLS = new Set(SHELL.map((path) => new URL(path, self.location).href));
// These answer for money or for nothing at all: never from a cache.
const NEVER_CACHED = ["v1/", "demo/"].map((path) => new URL(path, self.location).pathname);

const SYNC_TAG = "tillandsia-forward";
const FORWARDER_LOCK = "tillandsia-forwarder";
const PAYMENT_LOCK = "tillandsia-payment";

// --- The shell -------------------------------------------------------------------------------------------------

self.addEventListener("install", (event) => {
  // All or nothing, past the HTTP cache: a version never mixes with files of another one.
  event.waitUntil(
    caches.open(CACHE).then((cache) =>
      cache.addAll([...SHELL_URLS].map((url) => new Request(url, { cache: "reload" }))),
    ),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      const names = await caches.keys();
      const older = names.filter((name) => name.startsWith(CACHE_PREFIX) && name !== CACHE);
      await Promise.all(older.map((name) => caches.delete(name)));
      // The first version takes the open page under its control; a later one gets its pages by their reload.
      await self.clients.claim();
    })(),
  );
});

/** The shell's file for a request, or undefined when it is none of the shell's business. */
function shellUrl(request) {
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin) return undefined;
  if (NEVER_CACHED.some((path) => url.pathname.startsWith(path))) return undefined;
  if (request.mode === "navigate") return ROOT;
  const bare = url.origin + url.pathname;
  return SHELL_URLS.has(bare) ? bare : undefined;
}

self.addEventListener("fetch", (event) => {
  const url = shellUrl(event.request);
  if (url !== undefined) event.respondWith(fromCache(url, event.request));
});

async function fromCache(url, request) {
  const cache = await caches.open(CACHE);
  return (await cache.match(url)) ?? fetch(request);
}

// --- Forwarding ------------------------------------------------------------------------------------------------

let module;

/** Loads the module, from the cache where it is: the network may be gone. A failed load is tried again next time. */
function ready() {
  module ??= loadModule().catch((error) => {
    module = undefined;
    throw error;
  });
  return module;
}

async function loadModule() {
  const cached = await caches.match(MODULE, { cacheName: CACHE });
  await init({ module_or_path: cached ?? fetch(MODULE) });
}

/** One pass. `answer` hears that it started, and how it ended. */
async function forward(mode, answer = () => {}) {
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
}

self.addEventListener("message", (event) => {
  const message = event.data ?? {};
  if (message.type === "drain") {
    const port = event.ports[0];
    event.waitUntil(forward(message.mode, (answer) => port?.postMessage(answer)));
  } else if (message.type === "configure") {
    const { gatewayUrl = "", connectionTokenUrl = "" } = message;
    event.waitUntil(
      ready()
        .then(() => configure(gatewayUrl, connectionTokenUrl))
        .catch((error) => console.error("the endpoints could not be kept", error)),
    );
  } else if (message.type === "skip-waiting") {
    event.waitUntil(takeOver().then((taken) => event.ports[0]?.postMessage({ taken })));
  }
});

// Chromium's Background Sync. It repeats a few times what fails, then gives up: an accelerator, not the mechanism.
self.addEventListener("sync", (event) => {
  if (event.tag !== SYNC_TAG) return;
  event.waitUntil(
    forward("all").then((report) => {
      if (report.offline) throw new Error("the gateway cannot be reached");
    }),
  );
});

// Firefox and WebKit tell a worker too that the network is back.
self.addEventListener("online", () => void forward("all"));

/** A new version takes over only while no tab has a payment open and nobody forwards. Whether it did. */
async function takeOver() {
  const free = (name, then) =>
    navigator.locks.request(name, { ifAvailable: true }, (lock) => (lock === null ? false : then()));
  if (navigator.locks === undefined) return false;
  return free(PAYMENT_LOCK, () => free(FORWARDER_LOCK, () => self.skipWaiting().then(() => true)));
}
