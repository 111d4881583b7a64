// Overview: is everything up, and how much is said?

import { gateway, get, samples } from "./api.js";
import { element, Rows, setText, svg, table, textCell } from "./dom.js";
import { listen, seconds } from "./live.js";
import { dayAndClock } from "./times.js";

export function overview(view) {
  const sessions = element("p", { class: "big" }, "–");
  const versions = element("dl");
  const broker = element("p", { class: "big" }, "–");
  const pending = element("p", { class: "quiet" });
  const backend = element("p", { class: "big" }, "–");
  const backendState = element("p", { class: "quiet" });
  const refused = element("p", { class: "big" }, "–");
  const refusals = element("dl");
  const columns = [
    { label: "Listener", cell: textCell((row) => row.id) },
    { label: "Address", cell: textCell((row) => row.bind) },
    { label: "State", cell: stateCell },
    { label: "Connections", class: "number", cell: textCell((row) => row.status?.current_connections ?? "") },
    { label: "Certificate until", cell: textCell((row) => row.expires ? dayAndClock(row.expires * 1000) : "–") },
  ];
  const listeners = table(columns, { caption: "Listeners" });
  const rows = new Rows(listeners.body, columns);
  const curve = messageCurve();

  view.append(element("h1", {}, "Overview"),
    element("div", { class: "panels tiles" },
      element("section", { class: "panel" }, element("h2", {}, "Charge points connected"), sessions, versions),
      element("section", { class: "panel" }, element("h2", {}, "Broker"), broker, pending),
      element("section", { class: "panel" }, element("h2", {}, "Authentication"), backend, backendState),
      element("section", { class: "panel" }, element("h2", {}, "Refused handshakes"), refused, refusals,
        element("p", {}, element("a", { href: "#/refused" }, "Why were they refused?"))),
      curve.panel,
      element("section", { class: "panel wide" }, element("h2", {}, "Listeners"),
        element("div", { class: "scroll" }, listeners.table))));

  function draw() {
    const last = seconds.at(-1);
    if (!last) return;
    curve.draw();
    setText(sessions, last.sessions);
    setText(pending, last.pending ? `${last.pending} messages wait for it` : "no message waits for it");
  }

  function pairs(list, entries) {
    const wanted = JSON.stringify(entries);
    if (list.dataset.shown === wanted) return;
    list.dataset.shown = wanted;
    list.replaceChildren(...entries.flatMap(([name, value]) => [element("dt", {}, name), element("dd", { class: "figure" }, String(value))]));
  }

  function sum(all, name, label) {
    const found = new Map();
    for (const sample of all) {
      if (sample.name !== `ocpp_gateway_${name}`) continue;
      const key = sample.labels[label] ?? "";
      found.set(key, (found.get(key) ?? 0) + sample.value);
    }
    return [...found].sort();
  }
  const total = (entries) => entries.reduce((all, [, value]) => all + value, 0);

  async function refresh() {
    const [list, text, authentication] = await Promise.all([
      get(`${gateway}/listeners`), get("/api/v5/prometheus/stats"), get(`${gateway}/authentication`)]);
    if (!sessions.isConnected) return;
    const all = samples(text);
    const links = all.filter((sample) => sample.name === "ocpp_gateway_broker_up");
    const up = links.filter((sample) => sample.value === 1).length;
    setText(broker, up === links.length ? "connected" : links.length === 1 ? "not connected" : `${up} of ${links.length} connected`);
    broker.className = `big ${up === links.length ? "good" : "bad"}`;
    setText(backend, authentication?.backend ?? authentication?.mechanism ?? "none");
    setText(backendState, authentication ? authentication.status ?? "" : "everyone is let in");
    backendState.className = authentication?.status === "connected" || !authentication ? "quiet" : "bad";
    const byVersion = sum(all, "sessions", "version");
    pairs(versions, byVersion.map(([version, count]) => [`OCPP ${version}`, count]));
    setText(sessions, total(byVersion));
    const turnedAway = sum(all, "handshakes_total", "status").filter(([status]) => status !== "101");
    setText(refused, total(turnedAway));
    const names = { none: "no answer", tls: "TLS" };
    pairs(refusals, turnedAway.filter(([, count]) => count > 0).map(([status, count]) => [names[status] ?? `status ${status}`, count]));
    const ends = new Map(sum(all, "certificate_expires_seconds", "listener"));
    rows.show(list.map((one) => ({ ...one, expires: ends.get(one.id) })), (one) => one.id);
  }

  const quietly = () => refresh().catch(() => {});
  const timer = setInterval(() => { if (!document.hidden) quietly(); }, 5000);
  const end = listen((type) => {
    if (type === "stats") draw();
    if (type === "broker" || type === "connected" || type === "disconnected" || type === "refused") soon();
  });
  let waiting = null;
  function soon() { waiting ??= setTimeout(() => { waiting = null; quietly(); }, 1000); }
  draw();
  quietly();
  return () => { clearInterval(timer); clearTimeout(waiting); end(); };
}

/** "running" or "stopped", the latter so that it is seen. */
export function stateCell(row, td) {
  setText(td, row.running ? "running" : "stopped");
  td.className = row.running ? "good" : "bad";
}

function messageCurve() {
  const up = svg("polyline", { class: "u" }), down = svg("polyline", { class: "d" });
  const lines = [3, 50, 97].map((y) => svg("line", { x1: 0, x2: 59, y1: y, y2: y }));
  const drawing = svg("svg", { viewBox: "0 0 59 100", preserveAspectRatio: "none", role: "img", "aria-label": "Messages a second in the last minute" }, ...lines, up, down);
  const top = element("span"), middle = element("span");
  const rate = element("p", { class: "quiet" }, "waiting for the first second");
  const panel = element("section", { class: "panel wide" }, element("h2", {}, "Messages a second"),
    element("div", { class: "curve" }, element("div", { class: "scale", "aria-hidden": "true" }, top, middle, element("span", {}, "0")), drawing),
    element("p", { class: "legend quiet" }, element("span", { class: "u" }, "from charge points"), element("span", { class: "d" }, "to charge points"), element("span", {}, "the last minute")),
    rate);

  function draw() {
    const last = seconds.at(-1);
    const highest = Math.max(...seconds.map((s) => Math.max(s.up_per_s, s.down_per_s)));
    const scale = roundUp(highest);
    const points = (key) => seconds.map((s, index) => `${60 - seconds.length + index},${(97 - 94 * s[key] / scale).toFixed(2)}`).join(" ");
    up.setAttribute("points", points("up_per_s"));
    down.setAttribute("points", points("down_per_s"));
    setText(top, scale);
    setText(middle, scale / 2);
    setText(rate, `${last.up_per_s.toFixed(1)} up, ${last.down_per_s.toFixed(1)} down; highest in the last minute ${highest.toFixed(1)}`);
  }
  return { panel, draw };
}

/** The next of 2, 4, 10, 20, 40, 100 …, so that the scale seldom changes. */
function roundUp(value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1)));
  return [1, 2, 4, 10].map((step) => step * power).find((step) => step >= Math.max(value, 2));
}
