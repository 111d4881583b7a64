// The list of charge points: ten thousand of them, of which only the visible rows are in the document.

import { ask } from "./api.js";
import { buttonCell, confirmed, element, field, linkCell, Rows, setText, table, textCell } from "./dom.js";
import { faultLines } from "./faultlist.js";
import { clientPath, Sessions } from "./sessions.js";
import { recent } from "./times.js";

export function chargePoints(view, session) {
  let sorted = [];        // all of them, in order
  let shown = [];         // of these, those that are searched for
  let sorting = { key: "clientid", falling: false };
  let isSorted = false, rowHeight = 0;

  const search = element("input", { type: "search", name: "search", autocomplete: "off", spellcheck: "false", placeholder: "identity, address, vendor …" });
  const version = element("select", {}, element("option", { value: "" }, "all"));
  const count = element("p", { class: "quiet", role: "status" }, "asking …");
  const alert = element("p", { role: "alert" });
  const help = element("section", { class: "panel help" });
  const sortBy = (key) => () => {
    sorting = { key, falling: sorting.key === key && !sorting.falling };
    isSorted = false;
    scroll.scrollTop = 0;
    arrange();
  };
  const column = (label, key, cell, className) => ({ label, key, sort: sortBy(key), cell, class: className });
  const columns = [
    column("Identity", "clientid", linkCell((row) => row.clientid, addressOf), "identity"),
    column("Version", "proto_ver", textCell((row) => row.proto_ver)),
    column("Connected since", "connected_at", textCell((row) => recent(row.connected_at))),
    column("Last seen", "last_seen_at", textCell((row) => recent(row.last_seen_at))),
    column("Address", "ip_address", textCell((row) => row.ip_address)),
    column("Vendor and model", "maker", textCell((row) => row.maker)),
    column("Open CALLs", "up", textCell((row) => `${row.up} up, ${row.down} down`)),
    column("Queue", "queue", textCell((row) => row.queue), "number"),
    column("Bad messages", "bad", (row, td) => { setText(td, row.bad); td.classList.toggle("bad", row.bad > 0); }, "number"),
  ];
  if (session.canChange) columns.push({ label: "", class: "act", cell: buttonCell(() => "Kick", (row) => row.clientid, kick, () => "danger") });
  const made = table(columns, { class: "virtual", caption: "Charge points" });
  const rows = new Rows(made.body, columns);
  const spacer = () => element("tbody", { class: "spacer", "aria-hidden": "true" }, element("tr", {}, element("td", { colspan: columns.length })));
  const above = spacer(), below = spacer();
  made.body.before(above);
  made.body.after(below);
  const scroll = element("div", { class: "scroll tall", tabindex: "0", role: "region", "aria-label": "List of charge points", onscroll: () => later() }, made.table);
  view.append(element("h1", {}, "Charge points"),
    element("div", { class: "row" }, field("Search", search), field("Version", version), count), alert, help, scroll);

  const sessions = new Sessions((isStructure) => {
    if (isStructure || sorting.key !== "clientid") isSorted = false;
    soon();
  }, (error) => setText(alert, error?.message ?? ""));
  sessions.seen = () => inView().map((row) => row.session);
  sessions.place = () => shown === sorted && sorting.key === "clientid" && !sorting.falling ? { first: firstInView(), count: inView().length + 8 } : null;

  /** The listener is part of the address only where the same identity is at two of them. */
  function addressOf(row) {
    const base = `#/chargepoints/${encodeURIComponent(row.clientid)}`;
    return row.isTwin ? `${base}/${encodeURIComponent(row.listener ?? "")}` : base;
  }

  function sort() {
    isSorted = true;
    const { key, falling } = sorting;
    const sign = falling ? -1 : 1;
    const order = (one, other, name) => one[name] < other[name] ? -1 : one[name] > other[name] ? 1 : 0;
    sorted = [...sessions.bySession.values()].sort((one, other) => sign * (order(one, other, key) || order(one, other, "clientid")));
    const listeners = new Map();
    for (const row of sorted) {
      const twin = listeners.get(row.clientid);
      // While one connection takes another's place, both are at the same listener for a moment.
      row.isTwin = twin !== undefined && twin.listener !== row.listener && Boolean(twin.listener && row.listener);
      if (row.isTwin) twin.isTwin = true;
      listeners.set(row.clientid, row);
    }
    columns.forEach((one, index) => {
      if (one.sort) made.head[index].setAttribute("aria-sort", one.key !== key ? "none" : falling ? "descending" : "ascending");
    });
    const kinds = [...new Set(sorted.map((row) => row.proto_ver))].sort();
    if (version.dataset.kinds === kinds.join()) return;
    version.dataset.kinds = kinds.join();
    const chosen = version.value;
    version.replaceChildren(element("option", { value: "" }, "all"), ...kinds.map((kind) => element("option", { value: kind }, kind)));
    version.value = kinds.includes(chosen) ? chosen : "";
  }

  /** Filters, and sorts where something has changed: cheap enough for each key that is pressed. */
  function arrange() {
    if (!isSorted) sort();
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const kind = version.value;
    shown = words.length || kind ? sorted.filter((row) => (!kind || row.proto_ver === kind) && words.every((word) => row.words.includes(word))) : sorted;
    const all = sessions.isComplete ? sorted.length : Math.max(sessions.count, sorted.length);
    if (sessions.isComplete || all > 0) setText(count, words.length || kind ? `${shown.length} of ${all} connected` : `${all} connected`);
    tellMore(words);
    draw();
  }

  /** Who is searched for and not there has perhaps been refused. */
  function tellMore(words) {
    const isWanted = words.length > 0 && sessions.isComplete;
    help.hidden = !isWanted || !faultLines(help, search.value.trim(), shown.length === 0);
  }

  const firstInView = () => Math.max(0, Math.floor(scroll.scrollTop / (rowHeight || 44)));

  function inView() {
    return shown.slice(firstInView(), firstInView() + Math.ceil((scroll.clientHeight || 600) / (rowHeight || 44)) + 1);
  }

  function draw() {
    const one = rowHeight || 44;
    const height = scroll.clientHeight || 600;
    const first = Math.max(0, Math.min(Math.floor(scroll.scrollTop / one) - 8, shown.length - 1));
    const slice = shown.slice(first, first + Math.ceil(height / one) + 16);
    above.rows[0].cells[0].style.height = `${first * one}px`;
    below.rows[0].cells[0].style.height = `${Math.max(0, shown.length - first - slice.length) * one}px`;
    const keys = new Set();
    rows.show(slice, (row) => {
      // By its name, so that a row stays the same when its charge point comes back.
      const key = keys.has(row.clientid) ? row.session : row.clientid;
      keys.add(key);
      return key;
    });
    made.table.setAttribute("aria-rowcount", shown.length + 1);
    [...made.body.rows].forEach((row, index) => row.setAttribute("aria-rowindex", first + index + 2));
    const measured = made.body.rows[0]?.getBoundingClientRect().height;
    if (measured && Math.abs(measured - one) > 0.1) { rowHeight = measured; later(); }
  }

  async function kick(row) {
    if (!await confirmed(`Kick ${row.clientid}`, "Its connection is ended. It may come back at once.")) return;
    setText(alert, "");
    try {
      await ask("DELETE", clientPath(row.clientid, row.listener));
      if (sessions.bySession.delete(row.session)) { isSorted = false; arrange(); }
    } catch (error) {
      if (error.status !== 404) setText(alert, error.message);
    }
  }

  let waiting = null, frame = null;
  function soon() { waiting ??= setTimeout(() => { waiting = null; arrange(); }, sorted.length > 1000 ? 250 : 50); }
  function later() { frame ??= requestAnimationFrame(() => { frame = null; draw(); }); }
  search.addEventListener("input", () => { scroll.scrollTop = 0; arrange(); });
  version.addEventListener("change", () => { scroll.scrollTop = 0; arrange(); });
  window.addEventListener("resize", later);
  help.hidden = true;
  if (matchMedia("(pointer: fine)").matches) search.focus();
  return () => { sessions.close(); clearTimeout(waiting); cancelAnimationFrame(frame); window.removeEventListener("resize", later); };
}
