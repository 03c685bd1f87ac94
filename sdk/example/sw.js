// The stall's own service worker: what forwards is one import.
import { forwardPayments } from "./tillandsia/service-worker.js";

forwardPayments({
  fetchConnectionToken: async () => (await fetch("./connection_token", { method: "POST" })).json(),
});
