// Configuration: listeners started and stopped, and each key with where its value comes from.

import { ask, gateway, get, part } from "./api.js";
import { buttonCell, confirmed, element, field, Rows, setText, table, textCell } from "./dom.js";

export function configuration(view, session) {
    const alert = element("p", { role: "alert" });
    const status = element("p", { role: "status" });
    const search = element("input", { type: "search" });
    const whole = session.canChange && element("button", { type: "button", onclick: turn }, "Stop the gateway");
    let running = true;

    const listenerColumns = [
        { label: "Listener", cell: textCell((row) => row.id) },
        { label: "Address", cell: textCell((row) => row.bind) },
        { label: "State", cell: textCell((row) => row.running ? "running" : "stopped") },
        { label: "Connections", cell: textCell((row) => row.status?.current_connections ?? "") },
    ];
    if (session.canChange) listenerColumns.push({ label: "", cell: buttonCell((row) => `${row.running ? "Stop" : "Start"} ${row.id}`, toggle, (row) => ({ class: row.running ? "danger" : "" })) });
    const listeners = table(listenerColumns, { caption: "Listeners" });
    const listenerRows = new Rows(listeners.body, listenerColumns);

    const keyColumns = [
        { label: "Key", cell: textCell((row) => row.key) },
        { label: "Value", cell: textCell((row) => shown(row.value)) },
        { label: "Source", cell: textCell((row) => row.source) },
        { label: "Default", cell: textCell((row) => shown(row.default)) },
    ];
    if (session.canChange) keyColumns.push({ label: "", cell: buttonCell((row) => `Edit ${row.key}`, edit) });
    const keys = table(keyColumns, { caption: "Settings" });
    const keyRows = new Rows(keys.body, keyColumns);
    let all = [];

    view.append(element("h1", {}, "Configuration"), alert, status,
        element("div", { class: "panels" },
            element("section", { class: "panel wide" }, element("h2", {}, "Listeners"),
                element("div", { class: "scroll" }, listeners.table), whole && element("p", {}, whole)),
            element("section", { class: "panel wide" }, element("h2", {}, "Settings"),
                element("div", { class: "row" }, field("Search", search)), element("div", { class: "scroll" }, keys.table))));

    function shown(value) {
        return value === null || value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
    }

    function draw() {
        const words = search.value.toLowerCase();
        keyRows.show(all.filter((row) => row.key.toLowerCase().includes(words)), (row) => row.key);
    }

    async function load() {
        const [list, configs, gateways] = await Promise.all([get(`${gateway}/listeners`), get("/api/v5/configs"), get("/api/v5/gateways")]);
        if (!alert.isConnected) return;
        running = gateways[0]?.status === "running";
        if (whole) setText(whole, running ? "Stop the gateway" : "Start the gateway");
        listenerRows.show(list, (row) => row.id);
        all = Object.entries(configs).map(([key, entry]) => ({ key, ...entry })).sort((one, other) => one.key < other.key ? -1 : 1);
        draw();
    }
    const quietly = () => load().catch((error) => setText(alert, error.message));

    async function attempt(work, done) {
        setText(alert, "");
        setText(status, "");
        try { await work(); setText(status, done); } catch (error) { setText(alert, error.message); }
        await quietly();
    }

    async function toggle(row) {
        const name = `${row.running ? "Stop" : "Start"} ${row.id}`;
        const connections = row.status?.current_connections ?? 0;
        if (row.running && !await confirmed(name, `Stop ${row.id}? Its ${connections} connections are closed.`)) return;
        await attempt(() => ask("POST", `${gateway}/listeners/${part(row.id)}/${row.running ? "stop" : "start"}`), `${row.id} is ${row.running ? "stopped" : "started"}.`);
    }

    async function turn() {
        if (running && !await confirmed("Stop the gateway", "Stop all listeners and close all charge points' connections?")) return;
        await attempt(() => ask("PUT", `${gateway}/enable/${!running}`), running ? "The gateway is stopped." : "The gateway is started.");
    }

    function edit(row) {
        const input = element("input", { name: row.key, value: shown(row.value), autocomplete: "off" });
        const words = element("p", { role: "alert" });
        const close = () => { dialog.close(); dialog.remove(); };
        const save = async (event) => {
            event.preventDefault();
            setText(words, "");
            try {
                await ask("PUT", "/api/v5/configs", { [row.key]: input.value });
            } catch (error) { setText(words, error.message); return; }
            close();
            setText(status, `${row.key} is changed.`);
            quietly();
        };
        const back = async () => { close(); await attempt(() => ask("DELETE", `/api/v5/configs/${part(row.key)}`), `The change of ${row.key} is taken back.`); };
        const dialog = element("dialog", { "aria-label": `Edit ${row.key}` },
            element("form", { onsubmit: save }, element("h2", {}, `Edit ${row.key}`), field(row.key, input), words,
                element("p", { class: "quiet" }, `Default: ${shown(row.default) || "empty"}. Source of the value: ${row.source}.`),
                element("div", { class: "row" }, element("button", { class: "main", type: "submit" }, "Save"),
                    row.source === "change" && element("button", { type: "button", onclick: back }, "Take the change back"),
                    element("button", { type: "button", onclick: close }, "Cancel"))));
        dialog.addEventListener("cancel", (event) => { event.preventDefault(); close(); });
        document.body.append(dialog);
        dialog.showModal();
        input.select();
    }

    search.addEventListener("input", draw);
    const timer = setInterval(() => { if (!document.hidden && !document.querySelector("dialog")) quietly(); }, 5000);
    quietly();
    return () => clearInterval(timer);
}
