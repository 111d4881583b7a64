// One charge point: whether it is connected and why not, what is known of it, what it says at this moment, and a
// command to it.

import { ask, get } from "./api.js";
import { commandPanel } from "./command.js";
import { confirmed, element, fill, setText } from "./dom.js";
import { faultLines } from "./faultlist.js";
import { framesPanel } from "./frames.js";
import { comings, listen } from "./live.js";
import { clientPath, clientsNamed } from "./sessions.js";
import { clock, dayAndClock } from "./times.js";

export function chargePoint(view, session, id, listener) {
  const path = clientPath(id, listener);
  const state = element("p", { role: "status", class: "state" });
  const heading = element("h2", {}, "Connection");
  const facts = element("dl");
  const alert = element("p", { role: "alert" });
  const kick = session.canChange && element("button", { class: "danger", type: "button", onclick: end }, `Kick ${id}`);
  const elsewhere = element("button", { type: "button", hidden: true, onclick: askElsewhere }, "At another gateway?");
  const faults = element("section", { class: "panel help wide" });
  const history = element("ol", { class: "history" });
  const frames = framesPanel(id, listener);
  const command = session.canChange ? commandPanel(id, listener) : null;
  view.append(element("p", { class: "back" }, element("a", { href: "#/chargepoints" }, "All charge points")),
    element("div", { class: "title" }, element("h1", {}, id), state, elsewhere, kick), alert,
    element("div", { class: "panels one" }, faults,
      element("section", { class: "panel" }, heading, facts),
      frames.panel, element("section", { class: "panel" }, element("h2", {}, "Came and went"), history), command?.panel));

  let isConnected = null;
  async function refresh() {
    let row;
    try {
      row = (await clientsNamed(id)).find((one) => !listener || one.listener === listener);
    } catch (error) { setText(alert, error.message); return; }
    if (!facts.isConnected) return;
    isConnected = Boolean(row);
    setText(alert, "");
    setText(heading, isConnected ? "Connection" : "Last connection");
    setText(state, isConnected ? "connected" : "not connected");
    state.className = `state ${isConnected ? "good" : "bad"}`;
    elsewhere.hidden = isConnected;
    if (kick) kick.disabled = !isConnected;
    if (row) {
      showFacts(row);
      command?.setVersion(row.proto_ver);
    } else if (facts.childElementCount === 0) fill(facts, element("dt", {}, "nothing is known"), element("dd"));
    frames.follow(row?.session ?? null);
    showFaults();
  }

  /** Only a 404 tells who else has it. */
  async function askElsewhere() {
    try { await get(path); refresh(); } catch (error) { setText(state, `not connected: ${error.message}`); }
  }

  function showFaults() {
    faults.hidden = !faultLines(faults, id, isConnected === false,
      (entry) => entry.identity === id || (entry.identity === null && entry.place.includes(id)));
  }

  function showFacts(row) {
    const boot = row.boot ?? {};
    const entries = [
      ["OCPP", row.proto_ver], ["Address", row.port ? `${row.ip_address}, port ${row.port}` : row.ip_address], ["Listener", row.listener],
      ["User", row.username], ["Security profile", row.security_profile],
      ["Vendor", boot.vendor], ["Model", boot.model], ["Firmware", boot.firmware],
      ["Connected since", dayAndClock(row.connected_at)], ["Last seen", dayAndClock(row.last_seen_at)],
      ["Heartbeat", row.keepalive ? `every ${row.keepalive} s` : ""],
      ["Messages", `${row.recv_msg} up, ${row.send_msg} down`], ["Bytes", `${row.recv_oct} up, ${row.send_oct} down`],
      ["Open CALLs", `${row.open_calls_up ?? 0} up, ${row.inflight_cnt} down`], ["Queue", `${row.mqueue_len} of ${row.mqueue_max}`],
      ["Bad messages", row.bad_messages], ["Last bad one", row.last_bad_message],
    ];
    if (facts.childElementCount !== 2 * entries.length) {
      fill(facts, ...entries.flatMap(([name]) => [element("dt", {}, name), element("dd")]));
    }
    entries.forEach(([, value], index) => setText(facts.children[2 * index + 1], value === null || value === undefined || value === "" ? "–" : value));
  }

  function showHistory() {
    const own = comings.filter((event) => event.cid === id).slice(0, 12);
    fill(history, ...own.map((event) => element("li", {}, element("time", { datetime: event.time }, clock(event.time)),
      element("span", {}, event.event === "connected" ? `connected from ${event.remote}, OCPP ${event.version}`
        : `left: ${event.detail || String(event.reason).replaceAll("_", " ")}${event.code ? ` (${event.code})` : ""}, after ${Math.round(event.duration)} s`))));
    if (own.length === 0) fill(history, element("li", { class: "quiet" }, element("span", {}, "neither since this page was opened")));
  }

  async function end() {
    if (!await confirmed(`Kick ${id}`, "Its connection is ended. It may come back at once.")) return;
    try { await ask("DELETE", path); } catch (error) { setText(alert, error.message); return; }
    refresh();
  }

  let waiting = null;
  const soon = () => { waiting ??= setTimeout(() => { waiting = null; refresh(); }, 100); };
  const timer = setInterval(() => { if (!document.hidden) refresh(); }, 3000);
  const stop = listen((type, data) => {
    if (type === "refused" || type === "bad_message") showFaults();
    if ((type !== "connected" && type !== "disconnected") || data.cid !== id) return;
    showHistory();
    soon();
  });
  showHistory();
  refresh();
  return () => { clearInterval(timer); clearTimeout(waiting); stop(); frames.close(); };
}
