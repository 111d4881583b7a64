// Refused: why does this one not connect, and what is wrong with its messages?

import { element, field, linkCell, Rows, setText, table, textCell } from "./dom.js";
import { times } from "./faultlist.js";
import { advice } from "./faults.js";
import { faultsWith, listen, since } from "./live.js";
import { clock } from "./times.js";

const most = 200;

export function refusals(view, session, wanted) {
  const search = element("input", { type: "search", value: wanted ?? "", autocomplete: "off", spellcheck: "false" });
  const kind = element("select", {}, [["", "all"], ["handshake", "handshakes"], ["message", "messages"], ["connection", "connections ended by a fault"]]
    .map(([value, name]) => element("option", { value }, name)));
  const count = element("p", { class: "quiet", role: "status" });
  const columns = [
    { label: "Time", cell: (entry, td) => lines(td, clock(entry.last), times(entry)) },
    { label: "Identity", cell: linkCell((entry) => entry.identity ?? "unknown", (entry) => entry.identity ? `#/chargepoints/${encodeURIComponent(entry.identity)}` : null) },
    { label: "Status or code", cell: textCell((entry) => entry.code) },
    { label: "Reason", cell: (entry, td) => lines(td, entry.reason, entry.rule) },
    { label: "Where", class: "where", cell: whereCell },
    { label: "What to do", class: "todo", cell: textCell(advice) },
  ];
  const made = table(columns, { caption: "Refused handshakes and messages", class: "refusals" });
  const rows = new Rows(made.body, columns);
  const box = element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "List of refusals" }, made.table);
  const empty = element("p", { class: "panel quiet" });
  view.append(element("h1", {}, "Refused"),
    element("p", { class: "quiet" }, `Handshakes and messages that were not accepted, as they come since ${clock(since)}, when this page was opened; the last one first. The gateway keeps none from before: a charge point that is turned away tries again after some seconds or minutes.`),
    element("div", { class: "row" }, field("Search", search), field("Kind", kind), count), empty, box);

  /** A main text, and a quiet one below. */
  function lines(td, text, below) {
    if (!td.firstChild) td.append(element("div"), element("div", { class: "quiet" }));
    setText(td.firstChild, text);
    setText(td.lastChild, below);
  }

  function whereCell(entry, td) {
    if (!td.firstChild) {
      td.append(element("code"), element("div", { class: "quiet" }),
        element("details", {}, element("summary", {}, "Message"), element("pre")));
    }
    const [place, from, details] = td.children;
    setText(place, entry.pointer || entry.place);
    setText(from, [entry.listener && `at ${entry.listener}`, entry.hosts.length && `from ${entry.hosts.join(", ")}`].filter(Boolean).join(" "));
    details.hidden = !entry.text;
    setText(details.lastChild, entry.text ?? "");
  }

  let waiting = null;
  function draw() {
    waiting = null;
    const found = faultsWith(search.value).filter((entry) => !kind.value || entry.kind === kind.value);
    setText(count, found.length > most ? `the last ${most} of ${found.length}` : found.length ? `${found.length} shown` : "");
    box.hidden = found.length === 0;
    empty.hidden = found.length > 0;
    setText(empty, search.value || kind.value ? "Nothing like that so far." : "Nothing was refused so far.");
    rows.show(found.slice(0, most), (entry) => entry.id);
  }
  const end = listen((type) => { if (["refused", "bad_message", "disconnected"].includes(type)) waiting ??= setTimeout(draw, 100); });
  search.addEventListener("input", draw);
  kind.addEventListener("change", draw);
  draw();
  return () => { end(); clearTimeout(waiting); };
}
