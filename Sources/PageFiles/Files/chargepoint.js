// One charge point: what is known of it, what it says at this moment, and a command to it.

import { ask, gateway, get, part, stream } from "./api.js";
import { clock, confirmed, dayAndClock, element, field, setText } from "./dom.js";
import { listen } from "./live.js";
import { payloadForm } from "./payloadform.js";

const mostFrames = 1000;

export function chargePoint(view, session, id) {
    const path = `${gateway}/clients/${part(id)}`;
    const state = element("p", { role: "status" });
    const facts = element("dl");
    const alert = element("p", { role: "alert" });
    const heading = element("h1", {}, id);
    const kick = session.canChange && element("button", { class: "danger", type: "button", onclick: end }, `Kick ${id}`);
    const frames = framesPanel(path, id);
    const command = session.canChange ? commandPanel(path) : null;
    view.append(element("p", {}, element("a", { href: "#/chargepoints" }, "All charge points")), heading, state, alert,
        element("div", { class: "panels" },
            element("section", { class: "panel" }, element("h2", {}, "Connection"), facts, kick && element("p", {}, kick)),
            command?.panel, frames.panel));

    let version = null;
    async function refresh() {
        try {
            const row = await get(path);
            setText(state, row.connected ? "connected" : "not connected");
            state.className = row.connected ? "good" : "bad";
            showFacts(row);
            if (row.proto_ver !== version) { version = row.proto_ver; command?.setVersion(version); }
        } catch (error) {
            setText(state, error.status === 404 ? `not connected${error.message.includes("claimed by") ? `: ${error.message}` : ""}` : error.message);
            state.className = "bad";
        }
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
            ["Bad messages", row.bad_messages], ["Last bad one", typeof row.last_bad_message === "object" && row.last_bad_message ? JSON.stringify(row.last_bad_message) : row.last_bad_message],
        ];
        for (const [name, value] of entries) {
            let dd = facts.querySelector(`[data-name="${name}"]`);
            if (!dd) { dd = element("dd", { "data-name": name }); facts.append(element("dt", {}, name), dd); }
            setText(dd, value === null || value === undefined || value === "" ? "–" : value);
        }
    }

    async function end() {
        if (!await confirmed(`Kick ${id}`, `End the connection of ${id}? It may come back at once.`)) return;
        setText(alert, "");
        try { await ask("DELETE", path); } catch (error) { setText(alert, error.message); }
        refresh();
    }

    const timer = setInterval(refresh, 3000);
    const stop = listen((type, data) => {
        if ((type === "connected" || type === "disconnected") && (data.cid ?? data.clientid) === id) { refresh(); frames.reopen(); }
    });
    refresh();
    return () => { clearInterval(timer); stop(); frames.close(); };
}

function framesPanel(path, id) {
    const list = element("ol");
    const box = element("div", { class: "frames", tabindex: "0", role: "log", "aria-label": "Frames", "aria-live": "off" }, list);
    const pause = element("button", { type: "button", onclick: toggle }, "Pause");
    const note = element("p", { class: "quiet", role: "status" }, "waiting for the first frame");
    const panel = element("section", { class: "panel wide" }, element("h2", {}, "Frames"),
        element("div", { class: "row" }, pause,
            element("button", { type: "button", onclick: download }, "Download"),
            element("button", { type: "button", onclick: () => { kept.length = 0; open.clear(); list.replaceChildren(); } }, "Clear")),
        note, box);
    const kept = [];
    const held = [];
    const open = new Map();   // direction and UniqueId of a CALL -> {time, li}
    let isPaused = false, close = () => {};

    function toggle() {
        isPaused = !isPaused;
        setText(pause, isPaused ? "Resume" : "Pause");
        if (!isPaused) { for (const frame of held.splice(0)) show(frame); setText(note, ""); }
    }

    function received(frame) {
        kept.push(frame);
        if (kept.length > 10 * mostFrames) kept.shift();
        if (!isPaused) { setText(note, ""); show(frame); return; }
        held.push(frame);
        if (held.length > mostFrames) held.shift();
        setText(note, `paused; ${held.length} frames since`);
    }

    function show(frame) {
        const atEnd = box.scrollTop + box.clientHeight >= box.scrollHeight - 30;
        const line = element("li", { class: frame.direction === "up" ? "up" : "down" },
            element("time", { datetime: frame.time }, clock(frame.time)),
            element("span", { title: frame.direction === "up" ? "from the charge point" : "to the charge point" }, frame.direction === "up" ? "up" : "down"),
            element("code", {}, frame.frame));
        match(frame, line);
        list.append(line);
        while (list.childElementCount > mostFrames) list.firstChild.remove();
        if (atEnd) box.scrollTop = box.scrollHeight;
    }

    /** Says beside an answer which CALL it is for, and how long that took. */
    function match(frame, line) {
        let message;
        try { message = JSON.parse(frame.frame); } catch { return; }
        if (!Array.isArray(message)) return;
        const [type, unique, action] = message;
        if (type === 2) {
            open.set(`${frame.direction} ${unique}`, { time: Date.parse(frame.time), action });
            if (open.size > mostFrames) open.delete(open.keys().next().value);
        } else if (type === 3 || type === 4) {
            const key = `${frame.direction === "up" ? "down" : "up"} ${unique}`;
            const call = open.get(key);
            open.delete(key);
            const note = call ? `answers ${call.action} after ${Date.parse(frame.time) - call.time} ms` : "no CALL was seen for this answer";
            line.append(element("span", { class: "note quiet" }, note));
        }
    }

    function download() {
        const text = kept.map((frame) => JSON.stringify(frame)).join("\n") + "\n";
        const address = URL.createObjectURL(new Blob([text], { type: "application/jsonl" }));
        const link = element("a", { href: address, download: `${id.replace(/[^\w.-]/g, "_")}.jsonl` });
        document.body.append(link);
        link.click();
        link.remove();
        setTimeout(() => URL.revokeObjectURL(address), 10000);
    }

    function reopen() {
        close();
        close = stream(`${path}/messages`, {
            event(type, data) { if (type === "message") received(data); },
            state(isOpen, error) { if (!isOpen && error) setText(note, error.status === 404 ? "not connected: nothing to see" : error.message); },
        });
    }
    reopen();
    return { panel, reopen, close: () => close() };
}

function commandPanel(path) {
    const action = element("select", { name: "action" });
    const payload = element("textarea", { name: "payload", spellcheck: "false", value: "{}" });
    const fields = element("div");
    const send = element("button", { class: "main", type: "submit" }, "Send");
    const answer = element("pre", { class: "mono" });
    const box = element("div", { role: "status", "aria-label": "Answer" }, answer);
    const alert = element("p", { role: "alert" });
    const form = element("form", { onsubmit: submit }, field("Action", action), fields, field("Payload", payload), alert,
        element("p", {}, send), element("h3", {}, "Answer"), box);
    const panel = element("section", { class: "panel" }, element("h2", {}, "Send a command"), form);
    let version = null;

    async function setVersion(wanted) {
        version = wanted;
        try {
            const answer = await get(`${gateway}/schemas/${part(wanted)}`);
            const names = (Array.isArray(answer) ? answer : answer.actions ?? answer.data ?? []).map((one) => one.action ?? one);
            action.replaceChildren(...names.map((name) => element("option", { value: name }, name)));
            await chooseAction();
        } catch (error) { setText(alert, error.message); }
    }

    async function chooseAction() {
        setText(alert, "");
        fields.replaceChildren();
        try {
            const schema = await get(`${gateway}/schemas/${part(version)}/${part(action.value)}`);
            payloadForm(fields, payload, schema);
        } catch { payload.value = "{}"; }
    }

    async function submit(event) {
        event.preventDefault();
        setText(alert, "");
        setText(answer, "");
        let body;
        try { body = JSON.parse(payload.value); } catch (error) { setText(alert, `The payload is no JSON: ${error.message}`); payload.focus(); return; }
        send.disabled = true;
        setText(answer, "waiting for the charge point …");
        try {
            const result = await ask("POST", `${path}/calls`, { action: action.value, payload: body });
            setText(answer, JSON.stringify(result.result ?? result.error, null, 2));
            answer.className = "mono " + (result.error ? "bad" : "");
        } catch (error) {
            setText(answer, "");
            setText(alert, error.message);
        } finally { send.disabled = false; }
    }
    action.addEventListener("change", chooseAction);
    return { panel, setVersion };
}
