// Log-in, navigation, and which part is shown.

import { ask, forgetKey, get, hasKey, setKey, whenUnauthorized } from "./api.js";
import { element, field, fill } from "./dom.js";
import { startLive, stopLive } from "./live.js";
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
        element("h1", {}, "ocpp-gateway"),
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
    session.build = await get("/api/v5/version");
    startLive();
    showFrame();
    show();
}

let view, navigation, menu;
function showFrame() {
    navigation = element("nav", { "aria-label": "Parts" }, parts.map(([path, name]) =>
        element("a", { href: `#/${path}`, onclick: closeMenu }, name)));
    menu = element("button", { class: "menu", type: "button", "aria-expanded": "false", onclick: toggleMenu }, "Menu");
    view = element("main", { tabindex: "-1" });
    fill(root,
        element("header", {},
            element("span", { class: "name" }, "ocpp-gateway"), menu, navigation,
            element("span", { class: "quiet" }, session.key + (session.canChange ? "" : " (viewer)")),
            element("button", { type: "button", onclick: () => { forgetKey(); location.hash = ""; showLogin(); } }, "Log out")),
        view,
        element("footer", { class: "quiet" },
            `ocpp-gateway ${session.build.version}` + (session.build.commit ? `, commit ${session.build.commit}` : "")));
}

function toggleMenu() {
    const open = navigation.classList.toggle("open");
    menu.setAttribute("aria-expanded", String(open));
}
function closeMenu() {
    navigation.classList.remove("open");
    menu.setAttribute("aria-expanded", "false");
}

function show() {
    if (!view?.isConnected) return;
    leave(); leave = () => {};
    const [path, ...rest] = location.hash.replace(/^#\/?/, "").split("/");
    const argument = rest.length ? decodeURIComponent(rest.join("/")) : null;
    const found = parts.find(([name]) => name === path) ?? parts[0];
    for (const [index, link] of [...navigation.children].entries()) {
        if (parts[index] === found) link.setAttribute("aria-current", "page");
        else link.removeAttribute("aria-current");
    }
    fill(view);
    const isOne = found[0] === "chargepoints" && argument !== null;
    document.title = `${isOne ? argument : found[1]} · ocpp-gateway`;
    leave = (isOne ? chargePoint(view, session, argument) : found[2](view, session)) ?? (() => {});
}

window.addEventListener("hashchange", () => { show(); view?.focus({ preventScroll: true }); });
whenUnauthorized(() => { if (view?.isConnected) { forgetKey(); showLogin("The key is not accepted any more."); } });

if (hasKey()) enter().catch(() => { forgetKey(); showLogin(); });
else showLogin();
