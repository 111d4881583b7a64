// What is known of somebody who is not there, or whose messages are refused.

import { element, fill } from "./dom.js";
import { advice } from "./faults.js";
import { faultsWith, since } from "./live.js";
import { clock, recent } from "./times.js";

/** How often, and since when. */
export const times = (entry) => entry.count === 1 ? "" : `${entry.count} times since ${recent(entry.first)}`;

const line = (showsIdentity) => (entry) => {
  return element("li", {},
    element("p", {}, element("strong", {}, `${clock(entry.last)} ${entry.code}: ${entry.reason}`), showsIdentity && entry.identity && ` (${entry.identity})`,
      entry.count > 1 && `, ${times(entry)}`),
    (entry.pointer || entry.rule) && element("p", {}, entry.pointer && element("code", {}, `${entry.pointer} `), entry.rule),
    entry.place && element("p", {}, element("code", {}, entry.place), ` at ${entry.listener}`),
    element("p", { class: "quiet" }, advice(entry)));
};

/**
 * Fills a box with the faults in which a text occurs, the last five of them. Where there is none it says what that
 * means, if `isAbsent`. Returns whether there is anything to read.
 */
export function faultLines(box, text, isAbsent, own = null) {
  const found = faultsWith(text).filter(own ?? (() => true));
  const drawn = JSON.stringify([text, isAbsent, found.length === 0, ...found.slice(0, 5).map((entry) => [entry.id, entry.count])]);
  if (box.dataset.drawn === drawn) return found.length > 0 || isAbsent;
  box.dataset.drawn = drawn;
  if (found.length === 0) {
    fill(box, isAbsent && element("p", {}, `Nothing has come from "${text}" since ${clock(since)}, when this page was opened. If it should be trying right now, it does not reach this gateway: check host and port of its URL, its network, and any firewall in between. One that was turned away tries again after some seconds or minutes.`));
    return isAbsent;
  }
  fill(box, element("h2", {}, "What went wrong"), element("ul", { class: "faults" }, found.slice(0, 5).map(line(!own))),
    element("p", {}, element("a", { href: `#/refused/${encodeURIComponent(text)}` }, found.length > 5 ? `All ${found.length} under Refused` : "Under Refused")));
  return true;
}
