// workbox-background-sync where it belongs: in a service worker. It replays when it is told to and not by itself.
importScripts("./workbox-core.prod.js", "./workbox-background-sync.prod.js");

const { Queue } = workbox.backgroundSync;
const options = { forceSyncFallback: true, maxRetentionTime: 24 * 60, onSync: () => {} };
const pushed = new Queue("bench-push", options);
const replayed = new Queue("bench-replay", options);

async function push(count, bytes, pauseMs) {
  const times = [];
  for (let number = 0; number < count; number += 1) {
    const request = new Request("/v1/terminal/payments/forward", { method: "POST", body: new Uint8Array(bytes) });
    await new Promise((resolve) => { setTimeout(resolve, pauseMs); });
    const start = performance.now();
    await pushed.pushRequest({ request });
    times.push(performance.now() - start);
  }
  return times;
}

async function queue(bodies, authorization) {
  for (const body of bodies) {
    const headers = { authorization, "content-type": "application/json" };
    const request = new Request("/v1/terminal/payments/forward", { method: "POST", body, headers });
    await replayed.pushRequest({ request });
  }
  return replayed.size();
}

async function replay() {
  await replayed.replayRequests();
  return replayed.size();
}

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("message", (event) => {
  const { data, ports: [port] } = event;
  const work = data.push ? push(data.push, data.bytes, data.pauseMs)
    : data.queue ? queue(data.queue, data.authorization)
    : replay();
  event.waitUntil(work.then((value) => port.postMessage({ value }), (error) => port.postMessage({ error: String(error) })));
});
