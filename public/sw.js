// The service worker: serves the till from its cache, so that it starts with no network at all, and forwards stored
// payments, by the same file that the npm package has for it.
import { forwardPayments, takeOverWhenIdle } from "./service-worker.js";
import { SHELL, VERSION } from "./shell.js";

const CACHE_PREFIX = "tillandsia-shell-";
const CACHE = CACHE_PREFIX + VERSION;
const MODULE = new URL("./worker/tillandsia_service_worker_bg.wasm", self.location).href;
const ROOT = new URL("./", self.location).href;
const SHELL_URLS = new Set(SHELL.map((path) => new URL(path, self.location).href));
// These answer for money or for nothing at all: never from a cache.
const NEVER_CACHED = ["v1/", "demo/"].map((path) => new URL(path, self.location).pathname);

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

// The module from the cache where it is: the network may be gone.
forwardPayments({
  loadModule: async () => (await caches.match(MODULE, { cacheName: CACHE })) ?? fetch(MODULE),
});

self.addEventListener("message", (event) => {
  if (event.data?.type === "skip-waiting") {
    event.waitUntil(takeOverWhenIdle().then((taken) => event.ports[0]?.postMessage({ taken })));
  }
});
