// Boots the simulated card reader in a module Worker. Messages that come before it runs are kept for it.
import init from "./simulated-reader/tillandsia_reader_simulator.js";

const early = [];
self.onmessage = (event) => early.push(event);

// No top-level await: bundlers make classic scripts of workers.
init().then(() => {
  // The module has put its own handler in place.
  for (const event of early) {
    self.onmessage(event);
  }
});
