// The list of charge points: ten thousand of them, of which only the visible rows are in the document.

import { ask, gateway, get, part } from "./api.js";
import { buttonCell, confirmed, dayAndClock, element, field, Rows, setText, table, textCell } from "./dom.js";
import { listen } from "./live.js";

const rowHeight = 48;

export function chargePoints(view, session) {
    const all = new Map();
    let shown = [];
    let sorting = { key: "clientid", falling: false };

    const search = element("input", { type: "search", name: "search", autocomplete: "off" });
    const version = element("select", {}, element("option", { value: "" }, "all"));
    const count = element("p", { class: "quiet", role: "status" });
    const alert = element("p", { role: "alert" });
    const sortBy = (key) => () => {
        sorting = { key, falling: sorting.key === key && !sorting.falling };
        arrange();
    };
    const columns = [
        { label: "Identity", key: "clientid", sort: sortBy("clientid"), cell: identityCell },
        { label: "Version", key: "proto_ver", sort: sortBy("proto_ver"), cell: textCell((row) => row.proto_ver) },
        { label: "Connected since", key: "connected_at", sort: sortBy("connected_at"), cell: textCell((row) => dayAndClock(row.connected_at)) },
        { label: "Last seen", key: "last_seen_at", sort: sortBy("last_seen_at"), cell: textCell((row) => dayAndClock(row.last_seen_at)) },
        { label: "Address", key: "ip_address", sort: sortBy("ip_address"), cell: textCell((row) => row.ip_address) },
        { label: "Vendor and model", cell: textCell((row) => [row.boot?.vendor, row.boot?.model].filter(Boolean).join(" ")) },
        { label: "Open CALLs", cell: textCell((row) => `${row.open_calls_up ?? 0} up, ${row.inflight_cnt ?? 0} down`) },
        { label: "Queue", key: "mqueue_len", sort: sortBy("mqueue_len"), cell: textCell((row) => row.mqueue_len) },
        { label: "Bad messages", key: "bad_messages", sort: sortBy("bad_messages"), cell: textCell((row) => row.bad_messages) },
    ];
    if (session.canChange) columns.push({ label: "", cell: buttonCell((row) => `Kick ${row.clientid}`, kick, () => ({ class: "danger" })) });
    const made = table(columns, { class: "virtual", caption: "Charge points" });
    const rows = new Rows(made.body, columns);
    const above = element("tbody", { class: "spacer", "aria-hidden": "true" }, element("tr", {}, element("td", { colspan: columns.length })));
    const below = element("tbody", { class: "spacer", "aria-hidden": "true" }, element("tr", {}, element("td", { colspan: columns.length })));
    made.body.before(above);
    made.body.after(below);
    const scroll = element("div", { class: "scroll tall", tabindex: "0", role: "region", "aria-label": "List of charge points", onscroll: () => requestAnimationFrame(draw) }, made.table);

    view.append(element("h1", {}, "Charge points"),
        element("div", { class: "row" }, field("Search", search), field("Version", version)), count, alert, scroll);

    function identityCell(row, td) {
        let link = td.firstElementChild;
        if (!link) { link = element("a"); td.append(link); }
        const path = `#/chargepoints/${encodeURIComponent(row.clientid)}`;
        if (link.getAttribute("href") !== path) link.setAttribute("href", path);
        setText(link, row.clientid);
    }

    /** Filters and sorts; cheap enough for each key that is pressed. */
    function arrange() {
        const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
        shown = [];
        for (const row of all.values()) {
            if (version.value && row.proto_ver !== version.value) continue;
            row.words ??= [row.clientid, row.ip_address, row.username, row.boot?.vendor, row.boot?.model, row.boot?.firmware, row.listener].join(" ").toLowerCase();
            if (words.every((word) => row.words.includes(word))) shown.push(row);
        }
        const { key, falling } = sorting;
        const sign = falling ? -1 : 1;
        shown.sort((one, other) => {
            const [a, b] = [one[key] ?? "", other[key] ?? ""];
            return a < b ? -sign : a > b ? sign : 0;
        });
        columns.forEach((column, index) => {
            if (!column.sort) return;
            const isThis = column.key === key;
            made.head[index].setAttribute("aria-sort", isThis ? (falling ? "descending" : "ascending") : "none");
        });
        const kinds = [...new Set([...all.values()].map((row) => row.proto_ver))].sort();
        if (version.dataset.kinds !== kinds.join()) {
            version.dataset.kinds = kinds.join();
            const chosen = version.value;
            version.replaceChildren(element("option", { value: "" }, "all"), ...kinds.map((kind) => element("option", { value: kind }, kind)));
            version.value = kinds.includes(chosen) ? chosen : "";
        }
        setText(count, shown.length === all.size ? `${all.size} connected` : `${shown.length} of ${all.size} connected`);
        draw();
    }

    function draw() {
        const isNarrow = matchMedia("(max-width: 700px)").matches;
        // Narrow rows are as high as what is in them: there a part of the list is shown, and the search finds the rest.
        if (isNarrow || shown.length <= 100) {
            spacer(above, 0); spacer(below, 0);
            rows.show(shown.slice(0, 100), (row) => row.clientid);
            return;
        }
        const height = scroll.clientHeight || 600;
        const first = Math.max(0, Math.min(Math.floor(scroll.scrollTop / rowHeight) - 10, shown.length - 1));
        const last = Math.min(shown.length, first + Math.ceil(height / rowHeight) + 20);
        spacer(above, first * rowHeight);
        spacer(below, (shown.length - last) * rowHeight);
        rows.show(shown.slice(first, last), (row) => row.clientid);
    }

    function spacer(body, height) { body.firstElementChild.firstElementChild.style.height = `${height}px`; }

    async function kick(row) {
        if (!await confirmed(`Kick ${row.clientid}`, `End the connection of ${row.clientid}? It may come back at once.`)) return;
        setText(alert, "");
        try {
            await ask("DELETE", `${gateway}/clients/${part(row.clientid)}`);
            all.delete(row.clientid);
            soon();
        } catch (error) {
            if (error.status !== 404) setText(alert, error.message);
        }
    }

    async function load() {
        const found = new Map();
        for (let page = 1; ; page++) {
            const answer = await get(`${gateway}/clients?page=${page}&limit=10000`);
            for (const row of answer.data) found.set(row.clientid, row);
            if (!answer.meta.hasnext) break;
        }
        all.clear();
        for (const [key, row] of found) all.set(key, row);
        arrange();
    }

    async function renew(id) {
        try {
            all.set(id, await get(`${gateway}/clients/${part(id)}`));
        } catch (error) {
            if (error.status === 404) all.delete(id);
        }
        soon();
    }

    let waiting = null, changed = new Set(), loading = null;
    function soon() { waiting ??= setTimeout(() => { waiting = null; arrange(); }, 100); }
    function reload() { loading ??= load().catch((error) => setText(alert, error.message)).finally(() => { loading = null; }); return loading; }
    const end = listen((type, data) => {
        const id = data?.cid ?? data?.clientid;
        if (type === "state" && data.isOpen) reload();
        if (type !== "connected" && type !== "disconnected" || id === undefined) return;
        if (changed.size > 50) return;
        changed.add(id);
        setTimeout(() => {
            if (!changed.delete(id)) return;
            renew(id);
        }, 100);
        if (changed.size > 50) setTimeout(() => { changed.clear(); reload(); }, 1000);
    });
    search.addEventListener("input", () => { scroll.scrollTop = 0; arrange(); });
    version.addEventListener("change", arrange);
    reload();
    // What has no event of its own (queues, last seen) is read again, less often where it is much.
    const timer = setInterval(() => { if (!document.hidden) reload(); }, 10000);
    const slower = setInterval(() => { if (all.size > 1000) clearInterval(timer); }, 10000);
    search.focus();
    return () => { end(); clearTimeout(waiting); clearInterval(timer); clearInterval(slower); };
}
