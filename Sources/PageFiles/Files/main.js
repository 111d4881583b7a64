// Log-in, navigation, and which part is shown.

import { forgetKey, get, hasKey, setKey, whenUnauthorized } from "./api.js";
import { element, field, fill, setText } from "./dom.js";
import { listen, startLive, stopLive } from "./live.js";
import { overview } from "./overview.js";
import { chargePoints } from "./chargepoints.js";
import { chargePoint } from "./chargepoint.js";
import { refusals } from "./refusals.js";
import { users } from "./users.js";
import { configuration } from "./configuration.js";

const root = document.getElementById("root");
const parts = [
  ["overview", "Overview", overview],
  ["chargepoints", "Charge points", chargePoints],
  ["refused", "Refused", refusals],
  ["users", "Users", users],
  ["configuration", "Configuration", configuration],
];
/** What the key may do; known after log-in. */
const session = { key: "", canChange: false };
let leave = () => {};

function showLogin(message = "") {
  leave(); leave = () => {};
  stopLive();
  const key = element("input", { name: "key", autocomplete: "username", required: true });
  const secret = element("input", { name: "secret", type: "password", autocomplete: "current-password", required: true });
  const alert = element("p", { role: "alert" }, message);
  const form = element("form", { class: "panel login", onsubmit: submit },
    element("h1", { class: "brand" }, "ocpp-gateway"),
    field("Key", key), field("Secret", secret), alert,
    element("button", { class: "main", type: "submit" }, "Log in"));
  async function submit(event) {
    event.preventDefault();
    setKey(key.value, secret.value);
    try {
      await enter();
    } catch (error) {
      forgetKey();
      alert.textContent = "";
      alert.textContent = error.status === 401 ? "Key or secret is wrong."
        : error.status === 429 ? "Too many wrong attempts from this address: wait a minute."
        : `The gateway cannot be asked: ${error.message}`;
      secret.focus();
    }
  }
  document.title = "ocpp-gateway";
  fill(root, element("main", {}, form));
  key.focus();
}

async function enter() {
  const me = await get("/api/v5/whoami");
  session.key = me.key;
  session.canChange = me.role === "administrator";
  showFrame();
  startLive();
  show();
}

let view, navigation, menu;
function showFrame() {
  navigation = element("nav", { "aria-label": "Parts" }, parts.map(([path, name]) =>
    element("a", { href: `#/${path}`, onclick: closeMenu }, name)));
  menu = element("button", { class: "menu", type: "button", "aria-expanded": "false", onclick: toggleMenu }, "Menu");
  view = element("main", { tabindex: "-1" });
  const link = element("p", { role: "status", class: "lost" });
  const about = element("footer", { class: "quiet" });
  fill(root,
    element("header", {},
      element("span", { class: "brand" }, "ocpp-gateway"), menu, navigation,
      element("span", { class: "quiet who" }, session.key + (session.canChange ? "" : " (viewer)")),
      element("button", { type: "button", onclick: () => { forgetKey(); location.hash = ""; showLogin(); } }, "Log out")),
    link, view, about);
  const end = listen((type, data) => {
    if (!link.isConnected) { end(); return; }
    if (type === "state") {
      setText(link, data.isOpen ? "" : `No live events${data.error ? `: ${data.error.message}` : ""}. What is shown may be old; trying again …`);
    }
  });
  tellVersion(about);
}

/** What answers here, and which build of it. */
async function tellVersion(about) {
  try {
    const [{ version, commit }, [{ node_status: nodes }]] = await Promise.all([get("/api/v5/version"), get("/api/v5/gateways")]);
    setText(about, `Gateway ${nodes[0].node} · ocpp-gateway ${version}${commit ? ` (${commit.slice(0, 12)})` : ""}`);
  } catch { /* said elsewhere */ }
}

function toggleMenu() {
  const open = navigation.classList.toggle("open");
  menu.setAttribute("aria-expanded", String(open));
}
function closeMenu() {
  navigation.classList.remove("open");
  menu.setAttribute("aria-expanded", "false");
}

/** The pieces of "#/chargepoints/CP%201/ocpp:ws:default". */
function place() {
  return location.hash.replace(/^#\/?/, "").split("/").map((piece) => {
    try { return decodeURIComponent(piece); } catch { return piece; }
  });
}

function show() {
  if (!view?.isConnected) return;
  leave(); leave = () => {};
  for (const dialog of document.querySelectorAll("dialog")) dialog.remove();
  const [path, argument, listener] = place();
  const found = parts.find(([name]) => name === path) ?? parts[0];
  for (const [index, link] of [...navigation.children].entries()) {
    if (parts[index] === found) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  fill(view);
  scrollTo(0, 0);
  const isOne = found[0] === "chargepoints" && Boolean(argument);
  document.title = `${isOne ? argument : found[1]} · ocpp-gateway`;
  leave = (isOne ? chargePoint(view, session, argument, listener) : found[2](view, session, argument)) ?? (() => {});
}

window.addEventListener("hashchange", () => {
  show();
  if (view && !view.contains(document.activeElement)) view.focus({ preventScroll: true });
});
whenUnauthorized(() => { if (view?.isConnected) { forgetKey(); showLogin("The key is not accepted any more."); } });

if (hasKey()) enter().catch(() => { forgetKey(); showLogin(); });
else showLogin();
