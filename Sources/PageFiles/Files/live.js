// One stream of gateway events for the whole page; its parts listen. What is shown from before they were opened
// (refusals, comings and goings, the curve) is kept here, bounded.

import { gateway, get, stream } from "./api.js";
import { fault, paths } from "./faults.js";

const listeners = new Set();
export const seconds = [];       // {sessions, up_per_s, down_per_s, pending}, 60 of them
export const faults = [];        // the last one first, 500 of them; the same fault again is one entry with a count
export const comings = [];       // connected and disconnected, the last one first, 1000 of them
const known = new Map();         // the same faults by what makes them the same
let stop = null, lastID = 0;
export let since = null;

export function startLive() {
  if (stop) return;
  since = new Date();
  get(`${gateway}/listeners`).then((list) => { for (const one of list) paths.set(one.id, one.websocket.path); }, () => {});
  stop = stream(`${gateway}/events`, {
    event(type, data) {
      if (type === "stats") {
        seconds.push(data);
        if (seconds.length > 60) seconds.shift();
      }
      if (type === "connected" || type === "disconnected") {
        comings.unshift(data);
        if (comings.length > 1000) comings.pop();
      }
      const found = fault(type, data);
      if (found) note(found, data);
      for (const listener of listeners) listener(type, data);
    },
    state(isOpen, error) { for (const listener of listeners) listener("state", { isOpen, error }); },
  });
}

function note(found, { time, count = 1 }) {
  const key = JSON.stringify([found.kind, found.identity, found.code, found.reason, found.pointer, found.rule, found.place, found.listener]);
  let entry = known.get(key);
  if (entry) faults.splice(faults.indexOf(entry), 1);
  else { entry = { id: ++lastID, key, count: 0, first: time, hosts: [] }; known.set(key, entry); }
  Object.assign(entry, found, { last: time, count: entry.count + count });
  if (found.host && !entry.hosts.includes(found.host) && entry.hosts.length < 4) entry.hosts.push(found.host);
  entry.words = [entry.identity, entry.code, entry.reason, entry.pointer, entry.rule, entry.place, entry.listener, ...entry.hosts].join(" ").toLowerCase();
  faults.unshift(entry);
  if (faults.length > 500) known.delete(faults.pop().key);
}

/** Faults in which all of these words occur. */
export function faultsWith(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return faults.filter((entry) => words.every((word) => entry.words.includes(word)));
}

export function stopLive() {
  stop?.();
  stop = null;
  for (const list of [seconds, faults, comings]) list.length = 0;
  known.clear();
}

/** Returns a function that ends it. */
export function listen(handler) {
  listeners.add(handler);
  return () => listeners.delete(handler);
}
