// The frames of one charge point as they pass, with the answers beside their CALLs.

import { gateway, part, stream } from "./api.js";
import { element, setText } from "./dom.js";
import { exactClock } from "./times.js";

/** So many are shown; ten times as many are kept for the download, but not more than so much text. */
const mostFrames = 1000, mostText = 5e7;
/** So much of one frame is shown. */
const longest = 10000;

export function framesPanel(id, listener) {
  const list = element("ol");
  const box = element("div", { class: "frames", tabindex: "0", role: "log", "aria-label": "Frames", "aria-live": "off" }, list);
  const pause = element("button", { type: "button", onclick: toggle }, "Pause");
  const note = element("p", { class: "quiet", role: "status" }, "waiting for the first frame");
  const panel = element("section", { class: "panel beside" },
    element("div", { class: "title" }, element("h2", {}, "Frames"), note, pause,
      element("button", { type: "button", onclick: download }, "Download"),
      element("button", { type: "button", onclick: clear }, "Clear")),
    box);
  const kept = [];
  const held = [];            // while it is paused
  const open = new Map();     // direction and UniqueId of a CALL -> {time, action, note}
  let arrived = [], frame = null, size = 0;
  let isPaused = false, followed, close = () => {};

  function toggle() {
    isPaused = !isPaused;
    setText(pause, isPaused ? "Resume" : "Pause");
    setText(note, isPaused ? "paused" : "");
    if (!isPaused) { arrived.push(...held.splice(0)); showSoon(); }
  }

  function clear() {
    kept.length = held.length = arrived.length = size = 0;
    open.clear();
    list.replaceChildren();
  }

  function received(message) {
    kept.push(message);
    size += message.frame.length;
    while (kept.length > 10 * mostFrames || size > mostText) size -= kept.shift().frame.length;
    if (isPaused) {
      held.push(message);
      if (held.length > mostFrames) held.shift();
      setText(note, `paused; ${held.length} ${held.length === 1 ? "frame" : "frames"} since`);
      return;
    }
    arrived.push(message);
    if (arrived.length > mostFrames) arrived.shift();
    showSoon();
  }

  /** As many as have come are shown at once, however fast they come. */
  function showSoon() {
    frame ??= setTimeout(() => {
      frame = null;
      if (isPaused) { held.unshift(...arrived.splice(0)); return; }
      const isAtEnd = box.scrollTop + box.clientHeight >= box.scrollHeight - 30;
      list.append(...arrived.splice(0).map(line));
      setText(note, "");
      while (list.childElementCount > mostFrames) list.firstChild.remove();
      if (isAtEnd) box.scrollTop = box.scrollHeight;
    }, 50);
  }

  function line(message) {
    const isUp = message.direction === "up";
    const kind = element("strong"), answered = element("span", { class: "quiet" });
    match(message, kind, answered);
    return element("li", { class: isUp ? "up" : "down" },
      element("time", { datetime: message.time }, exactClock(message.time)),
      element("span", { class: "way", title: isUp ? "from the charge point" : "to the charge point" }, isUp ? "up" : "down"),
      element("div", {}, element("p", {}, kind, " ", answered), element("code", {}, message.frame.length > longest ? `${message.frame.slice(0, longest)} … (Download has all of it)` : message.frame)));
  }

  /** Says what a frame is, and beside an answer and its CALL that they belong together, and how long that took. */
  function match(message, kind, answered) {
    let content;
    try { content = JSON.parse(message.frame); } catch { /* said below */ }
    const [type, unique, action] = Array.isArray(content) ? content : [];
    if (type === 2 || type === 6) {
      setText(kind, `${type === 2 ? "CALL" : "SEND"} ${action}`);
      if (type === 6) return;
      setText(answered, "no answer yet");
      open.set(`${message.direction} ${unique}`, { time: Date.parse(message.time), action, answered });
      if (open.size > mostFrames) open.delete(open.keys().next().value);
    } else if (type >= 3 && type <= 5) {
      const names = { 3: "CALLRESULT", 4: "CALLERROR", 5: "CALLRESULTERROR" };
      setText(kind, type === 4 ? `${names[type]} ${action}` : names[type]);
      if (type === 4) kind.className = "bad";
      const key = `${message.direction === "up" ? "down" : "up"} ${unique}`;
      const call = open.get(key);
      open.delete(key);
      if (!call) { setText(answered, "its CALL was not seen"); return; }
      const took = `${Date.parse(message.time) - call.time} ms`;
      setText(answered, `answers ${call.action} after ${took}`);
      setText(call.answered, type === 4 ? `refused after ${took}` : `answered after ${took}`);
    } else setText(kind, "no OCPP");
  }

  function download() {
    const text = kept.map((message) => JSON.stringify(message)).join("\n") + "\n";
    const address = URL.createObjectURL(new Blob([text], { type: "application/jsonl" }));
    const link = element("a", { href: address, download: `${id.replace(/[^\w.-]/g, "_")}.jsonl` });
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(address), 10000);
  }

  /** Of this session, until it ends; null: there is none. */
  function follow(session) {
    if (session === followed) return;
    followed = session;
    close();
    close = () => {};
    if (session === null) { setText(note, "not connected: nothing to see"); return; }
    close = stream(`${gateway}/clients/${part(id)}/messages${listener ? `?listener=${part(listener)}` : ""}`, {
      event(type, data) { if (type === "message") received(data); },
      state(isOpen, error) {
        if (isOpen && !isPaused) setText(note, list.childElementCount ? "" : "waiting for the first frame");
        if (isOpen) return;
        if (error) setText(note, error.message);
        close();
        // What is connected by then is followed.
        followed = null;
      },
    });
  }
  return { panel, follow, close: () => { close(); clearTimeout(frame); } };
}
