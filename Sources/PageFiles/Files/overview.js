// Overview: is everything up, and how much is said?

import { askAnyStatus, ask, gateway, get, samples } from "./api.js";
import { dayAndClock, element, Rows, setText, svg, table, textCell } from "./dom.js";
import { listen, seconds } from "./live.js";

export function overview(view) {
    const sessions = element("p", { class: "big" }, "–");
    const versions = element("dl");
    const broker = element("p", { class: "big" }, "–");
    const pending = element("p", { class: "quiet" });
    const backend = element("p", { class: "big" }, "–");
    const backendState = element("p", { class: "quiet" });
    const refusals = element("dl");
    const rate = element("p", { class: "quiet" }, "waiting for the first second");
    const up = svg("polyline", { class: "u" }), down = svg("polyline", { class: "d" });
    const curve = svg("svg", { class: "curve", viewBox: "0 0 59 100", preserveAspectRatio: "none", role: "img", "aria-label": "Messages a second in the last minute" }, up, down);
    const columns = [
        { label: "Listener", cell: textCell((row) => row.id) },
        { label: "Address", cell: textCell((row) => row.bind) },
        { label: "State", cell: textCell((row) => row.running ? "running" : "stopped") },
        { label: "Connections", cell: textCell((row) => row.status?.current_connections ?? "") },
        { label: "Certificate until", cell: textCell((row) => row.expires ? dayAndClock(row.expires * 1000) : "") },
    ];
    const listeners = table(columns, { caption: "Listeners" });
    const rows = new Rows(listeners.body, columns);

    view.append(element("h1", {}, "Overview"),
        element("div", { class: "panels" },
            element("section", { class: "panel" }, element("h2", {}, "Charge points connected"), sessions, versions),
            element("section", { class: "panel" }, element("h2", {}, "Broker"), broker, pending),
            element("section", { class: "panel" }, element("h2", {}, "Authentication"), backend, backendState),
            element("section", { class: "panel" }, element("h2", {}, "Refused handshakes by status"), refusals),
            element("section", { class: "panel wide" }, element("h2", {}, "Messages a second"), curve, rate,
                element("p", { class: "quiet" }, "Solid: from charge points. Dashed: to charge points.")),
            element("section", { class: "panel wide" }, element("h2", {}, "Listeners"),
                element("div", { class: "scroll" }, listeners.table))));

    function draw() {
        const last = seconds.at(-1);
        if (!last) return;
        const highest = Math.max(1, ...seconds.map((s) => Math.max(s.up_per_s, s.down_per_s)));
        const points = (key) => seconds.map((s, index) => `${60 - seconds.length + index},${97 - 94 * s[key] / highest}`).join(" ");
        up.setAttribute("points", points("up_per_s"));
        down.setAttribute("points", points("down_per_s"));
        setText(rate, `${last.up_per_s.toFixed(1)} up, ${last.down_per_s.toFixed(1)} down; highest in the last minute ${highest.toFixed(1)}`);
        setText(sessions, last.sessions);
        setText(pending, `${last.pending} messages wait for the broker`);
    }

    function pairs(list, entries) {
        const wanted = entries.length ? entries : [["none", ""]];
        if (list.dataset.shown === JSON.stringify(wanted)) return;
        list.dataset.shown = JSON.stringify(wanted);
        list.replaceChildren(...wanted.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, String(value))]));
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

    async function refresh() {
        const [ready, list, text, authentication] = await Promise.all([
            askAnyStatus("/readyz"), get(`${gateway}/listeners`), get("/api/v5/prometheus/stats"),
            ask("GET", `${gateway}/authentication`)]);
        if (!view.isConnected || !sessions.isConnected) return;
        const all = samples(text);
        const state = ready?.checks?.broker ?? "unknown";
        setText(broker, state === "ok" ? "connected" : state);
        broker.className = "big " + (state === "ok" ? "good" : "bad");
        setText(backend, authentication?.backend ?? "none");
        setText(backendState, authentication ? `${authentication.status ?? ready?.checks?.authentication ?? ""}` : "everyone is let in");
        const byVersion = sum(all, "sessions", "version");
        pairs(versions, byVersion);
        setText(sessions, byVersion.reduce((total, [, value]) => total + value, 0));
        pairs(refusals, sum(all, "handshakes_total", "status").filter(([status]) => status !== "101"));
        const ends = new Map(sum(all, "certificate_expires_seconds", "listener"));
        rows.show(list.map((one) => ({ ...one, expires: ends.get(one.id) })), (one) => one.id);
    }

    const quietly = () => refresh().catch(() => {});
    const timer = setInterval(quietly, 5000);
    const end = listen((type) => {
        if (type === "stats") draw();
        if (type === "broker" || type === "connected" || type === "disconnected") soon();
    });
    let waiting = null;
    function soon() { waiting ??= setTimeout(() => { waiting = null; quietly(); }, 300); }
    draw();
    quietly();
    return () => { clearInterval(timer); clearTimeout(waiting); end(); };
}
