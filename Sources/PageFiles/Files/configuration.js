// Configuration: listeners started and stopped, and each key with where its value comes from.

import { ask, gateway, get, part } from "./api.js";
import { buttonCell, confirmed, element, field, openDialog, Rows, setText, table, textCell } from "./dom.js";
import { stateCell } from "./overview.js";

export function configuration(view, session) {
  const alert = element("p", { role: "alert" });
  const status = element("p", { role: "status" });
  const search = element("input", { type: "search", autocomplete: "off", spellcheck: "false" });
  const source = element("select", {}, [["", "all"], ["set", "set anywhere"], ["change", "changed here"]].map(([value, name]) => element("option", { value }, name)));
  const whole = session.canChange && element("button", { type: "button", onclick: turn }, "Stop the gateway");
  let running = true;

  const listenerColumns = [
    { label: "Listener", cell: textCell((row) => row.id) },
    { label: "Address", cell: textCell((row) => row.bind) },
    { label: "State", cell: stateCell },
    { label: "Connections", class: "number", cell: textCell((row) => row.status?.current_connections ?? "") },
  ];
  if (session.canChange) listenerColumns.push({ label: "", class: "act", cell: buttonCell((row) => row.running ? "Stop" : "Start", (row) => row.id, toggle, (row) => row.running ? "danger" : "") });
  const listeners = table(listenerColumns, { caption: "Listeners" });
  const listenerRows = new Rows(listeners.body, listenerColumns);

  const keyColumns = [
    { label: "Key", class: "key", cell: textCell((row) => row.key) },
    { label: "Value", class: "value", cell: (row, td) => { setText(td, shown(row.value)); td.classList.toggle("set", row.source !== "default"); } },
    { label: "Source", cell: textCell((row) => row.source) },
    { label: "Default", class: "value quiet", cell: textCell((row) => shown(row.default)) },
  ];
  if (session.canChange) keyColumns.push({ label: "", class: "act", cell: buttonCell(() => "Edit", (row) => row.key, edit) });
  const keys = table(keyColumns, { caption: "Settings", class: "settings" });
  const keyRows = new Rows(keys.body, keyColumns);
  let all = [];

  view.append(element("h1", {}, "Configuration"), alert, status,
    element("div", { class: "panels" },
      element("section", { class: "panel wide" }, element("h2", {}, "Listeners"),
        element("div", { class: "scroll" }, listeners.table), whole && element("p", {}, whole)),
      element("section", { class: "panel wide" }, element("h2", {}, "Settings"),
        element("div", { class: "row" }, field("Search", search), field("Which", source)),
        element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "List of settings" }, keys.table))));

  function shown(value) {
    return value === null || value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
  }

  function draw() {
    const words = search.value.toLowerCase();
    const fits = { "": () => true, set: (row) => row.source !== "default", change: (row) => row.source === "change" }[source.value];
    keyRows.show(all.filter((row) => fits(row) && row.key.toLowerCase().includes(words)), (row) => row.key);
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
  let isLost = false;
  const quietly = () => load().then(() => { if (isLost) setText(alert, ""); isLost = false; }, (error) => { isLost = true; setText(alert, error.message); });

  async function attempt(work, done) {
    setText(alert, "");
    setText(status, "");
    try { await work(); setText(status, done); } catch (error) { setText(alert, error.message); }
    await quietly();
  }

  async function toggle(row) {
    const name = `${row.running ? "Stop" : "Start"} ${row.id}`;
    const connections = row.status?.current_connections ?? 0;
    if (row.running && !await confirmed(name, `Its ${connections} connections are closed, and it takes no new ones.`)) return;
    await attempt(() => ask("POST", `${gateway}/listeners/${part(row.id)}/${row.running ? "stop" : "start"}`), `${row.id} is ${row.running ? "stopped" : "started"}.`);
  }

  async function turn() {
    if (running && !await confirmed("Stop the gateway", "All listeners stop, and all charge points' connections are closed. The broker link stays.")) return;
    await attempt(() => ask("PUT", `${gateway}/enable/${!running}`), running ? "The gateway is stopped." : "The gateway is started.");
  }

  function edit(row) {
    const input = element("input", { name: row.key, value: shown(row.value), autocomplete: "off", type: row.value === "******" || /(password|secret)$/.test(row.key) ? "password" : "text" });
    const words = element("p", { role: "alert" });
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
    const beneath = ["file", "default"].find((place) => place !== row.source && row[place] !== undefined);
    const close = openDialog(`Edit ${row.key}`,
      element("form", { onsubmit: save }, element("h2", {}, `Edit ${row.key}`), field(row.key, input), words,
        element("p", { class: "quiet" }, `Its value is from: ${row.source}.${beneath ? ` The ${beneath} is: ${shown(row[beneath]) || "empty"}.` : ""}`),
        element("div", { class: "row" }, element("button", { class: "main", type: "submit" }, "Save"),
          row.source === "change" && element("button", { type: "button", onclick: back }, "Take the change back"),
          element("button", { type: "button", onclick: () => close() }, "Cancel"))));
    input.select();
  }

  search.addEventListener("input", draw);
  source.addEventListener("change", draw);
  const timer = setInterval(() => { if (!document.hidden && !document.querySelector("dialog")) quietly(); }, 5000);
  quietly();
  return () => clearInterval(timer);
}
