// Starts the till, or says in plain words why it cannot be started.

const RELOAD = "Load the page again. Payments that are stored stay stored.";

function tell(title, detail) {
  const boot = document.getElementById("boot");
  boot.hidden = false;
  boot.dataset.failed = "true";
  boot.setAttribute("role", "alert");
  document.getElementById("boot-title").textContent = title;
  document.getElementById("boot-detail").textContent = detail;
  const again = document.getElementById("boot-again");
  again.hidden = false;
  again.onclick = () => location.reload();
}

// What this browser lacks to be a till; nothing when it has all.
function missing() {
  if (!window.isSecureContext) return "a secure address (https://, or 127.0.0.1 on this machine)";
  if (typeof WebAssembly !== "object") return "WebAssembly";
  if (!window.indexedDB) return "IndexedDB, where payments are stored (a private window may switch it off)";
  if (!window.crypto?.subtle) return "WebCrypto, which protects stored payments";
  if (!navigator.locks) return "Web Locks, which keep two tabs from forwarding at once";
  if (typeof HTMLDialogElement !== "function") return "dialogs";
  return null;
}

// The module calls this when a bug has stopped it.
window.tillandsiaStopped = () => tell("The till has stopped", RELOAD);

const lacks = missing();
if (lacks) {
  tell("This browser cannot be a till", `It lacks ${lacks}. Use a current Chrome, Edge, Firefox or Safari.`);
} else {
  try {
    const till = await import("./till/tillandsia_web_ui.js");
    await till.default();
    document.getElementById("boot").hidden = true;
  } catch (error) {
    console.error(error);
    tell("The till could not be started", `${RELOAD} (${error?.message ?? error})`);
  }
}
