// Refused: why does this one not connect, and what is wrong with its messages?

import { clock, element, field, Rows, setText, table, textCell } from "./dom.js";
import { listen, refused } from "./live.js";

/** What an operator can do about it; by the status or the words of the reason. */
function advice(row) {
    const reason = String(row.reason ?? row.error ?? "").toLowerCase();
    if (row.type === "bad_message") {
        if (/json|utf-8|syntax/.test(reason)) return "The charge point sends broken JSON: a firmware fault for its maker.";
        if (row.code === "NotImplemented" || /action/.test(reason)) return "The charge point uses an action that its OCPP version does not have: check the version it is set to.";
        return "The message breaks OCPP's schema at the place shown: tell the maker, or exempt the action (message_format_checking_exempt).";
    }
    if (/subprotocol/.test(reason)) return "Charge point and listener share no OCPP version: set the charge point to one of the listener's (websocket.supported_subprotocols).";
    if (/tls|certificate|handshake/.test(reason) && !row.status) return "TLS failed: check that the charge point is set to wss where the listener is, and trusts its certificate.";
    if (/user name is not the identity/.test(reason)) return "User name and identity must be the same: change the charge point's URL or its user name.";
    switch (row.status) {
    case 401: return "Password or user name is wrong or missing: set it anew in the charge point or here under Users.";
    case 403: return "The address or the origin is not allowed: see the listener's access_rules.";
    case 404: return /path/.test(reason) ? "The URL's path is wrong: it must be the listener's path and then the identity, such as /ocpp/CP1." : "Nobody by this identity is known, or the URL's path is wrong: check the identity in the charge point's URL.";
    case 426: case 400: return "This is no WebSocket connection that OCPP allows: check the URL (ws:// or wss://) and any proxy in between.";
    case 429: return "Too many connections at once: the charge point will come again.";
    case 431: return "The request's headers are too large.";
    case 503: return "The gateway could not decide or is full; the charge point tries again. See Overview for broker and authentication.";
    case 101: return "The connection was accepted only to say that no OCPP version fits: set the charge point to one of the listener's.";
    default: return "";
    }
}

export function refusals(view) {
    const search = element("input", { type: "search" });
    const count = element("p", { class: "quiet" });
    const columns = [
        { label: "Time", cell: textCell((row) => clock(row.time)) },
        { label: "Identity", cell: textCell((row) => row.clientid ?? "–") },
        { label: "Status or code", cell: textCell((row) => row.status ?? row.code ?? row.error_code ?? "–") },
        { label: "Reason", cell: textCell((row) => row.reason ?? row.description ?? row.error ?? "") },
        { label: "Where", cell: textCell(place) },
        { label: "What to do", cell: textCell(advice) },
    ];
    const made = table(columns, { caption: "Refused handshakes and messages" });
    const rows = new Rows(made.body, columns);
    view.append(element("h1", {}, "Refused"),
        element("p", { class: "quiet" }, "Handshakes and messages that were not accepted, as they come; the newest is first. Nothing from before the log-in is shown."),
        element("div", { class: "row" }, field("Search", search)), count,
        element("div", { class: "scroll" }, made.table));

    function place(row) {
        if (row.type === "bad_message") return [row.pointer, row.rule].filter(Boolean).join(", ");
        return [row.path, row.ip_address, row.listener].filter(Boolean).join(", ");
    }

    let waiting = null;
    function draw() {
        waiting = null;
        const words = search.value.toLowerCase();
        const wanted = words ? refused.filter((row) => JSON.stringify(row).toLowerCase().includes(words)) : refused;
        setText(count, wanted.length ? `${wanted.length} shown` : "none so far");
        rows.show(wanted.slice(0, 200), (row) => row.id);
    }
    const end = listen((type) => { if (type === "refused" || type === "bad_message") waiting ??= setTimeout(draw, 100); });
    search.addEventListener("input", draw);
    draw();
    return () => { end(); clearTimeout(waiting); };
}
