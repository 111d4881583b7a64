// Who is connected, as far as the page knows: read once, then kept by events, so that ten thousand cost the gateway
// next to nothing.

import { gateway, get, part } from "./api.js";
import { listen } from "./live.js";

/** Up to so many the whole list is read again for its numbers; beyond, only the rows that are seen. */
const few = 200;
/** The first answer is small, to be shown at once; the others are no longer than a frame or two of work. */
const firstPage = 100, otherPages = 2000;

/** What the list shows of a client, and `words` to search in. */
function slim(client) {
  const { clientid, proto_ver, connected_at, last_seen_at, ip_address, username, listener, session, boot } = client;
  return {
    clientid, proto_ver, connected_at, last_seen_at, ip_address, listener, session,
    maker: [boot?.vendor, boot?.model].filter(Boolean).join(" "),
    up: client.open_calls_up ?? 0, down: client.inflight_cnt ?? 0, queue: client.mqueue_len ?? 0, bad: client.bad_messages ?? 0,
    words: [clientid, ip_address, username, boot?.vendor, boot?.model, boot?.firmware, listener, proto_ver].join(" ").toLowerCase(),
  };
}

/** Those of one name: none where it is not connected, which is no error; more than one only at listeners with topics of their own. */
export const clientsNamed = async (id) => (await get(`${gateway}/clients?clientid=${part(id)}`)).data;

export const clientPath = (id, listener) => `${gateway}/clients/${part(id)}${listener ? `?listener=${part(listener)}` : ""}`;

export class Sessions {
  /** changed(isStructure): somebody came or went, or only numbers differ. failed(error) */
  constructor(changed, failed) {
    this.bySession = new Map();
    this.changed = changed;
    this.failed = failed;
    this.bare = new Set();      // sessions of which only an event is known
    this.gone = null;           // sessions that ended while the list is read
    this.isComplete = false;
    this.count = 0;
    this.lastLoad = 0;
    this.end = listen((type, data) => this.heard(type, data));
    this.load();
    this.timer = setInterval(() => this.tick(), 1000);
    this.ticks = 0;
    this.seen = () => [];       // the sessions in view
    this.place = () => null;    // where they are in the list as the gateway has it, if it is shown as such
  }

  close() {
    this.isClosed = true;
    this.end();
    clearInterval(this.timer);
  }

  heard(type, data) {
    if (type === "state" && data.isOpen) { if (this.isComplete) this.isStale = true; return; }
    if (type === "connected") {
      if (this.bySession.has(data.session)) return;
      const client = { clientid: data.cid, proto_ver: data.version, connected_at: data.time, last_seen_at: data.time,
        ip_address: (data.remote ?? "").replace(/:\d+$/, ""), username: data.username, session: data.session };
      this.bySession.set(data.session, slim(client));
      this.bare.add(data.session);
      this.lastComing = Date.now();
      this.changed(true);
    } else if (type === "disconnected") {
      this.gone?.add(data.session);
      this.bare.delete(data.session);
      if (this.bySession.delete(data.session)) this.changed(true);
    }
  }

  /** Once a second: what has no event of its own is asked for, as little as will do. */
  async tick() {
    if (document.hidden || this.isBusy) return;
    this.ticks++;
    const isCalm = Date.now() - (this.lastComing ?? 0) > 1000;
    // After a gap in the events, and after a flood of them, the whole list; seldom where it is long.
    const since = Date.now() - this.lastLoad, pause = this.count > few ? 10000 : 1000;
    if (since > pause && (this.isStale || (this.bare.size > 20 && isCalm))) { await this.load(); return; }
    if (this.count <= few) {
      if (since > 5000 || (this.bare.size > 0 && since > 1000)) await this.load();
      return;
    }
    const isNews = this.bare.size > 0 && this.bare.size <= 20;
    if (!isNews && this.ticks % 10 !== 0) return;
    await this.busy(async () => {
      const place = isNews ? null : this.place();
      if (place) await this.renewPage(place);
      else for (const session of (isNews ? [...this.bare] : this.seen()).slice(0, 40)) await this.renew(session);
      this.changed(false);
    });
  }

  async busy(work) {
    this.isBusy = true;
    try { await work(); } catch (error) { if (!this.isClosed) this.failed(error); } finally { this.isBusy = false; }
  }

  load() {
    return this.busy(async () => {
      this.isStale = false;
      const isFirst = !this.isComplete;
      this.gone = new Set();
      const before = new Set(this.bySession.keys());
      let known = 0;
      for (let page = 1, limit = isFirst ? firstPage : otherPages; ;) {
        const answer = await get(`${gateway}/clients?page=${page}&limit=${limit}`);
        if (this.isClosed) return;
        for (const client of answer.data) {
          if (this.gone.has(client.session)) continue;
          before.delete(client.session);
          this.bare.delete(client.session);
          this.bySession.set(client.session, slim(client));
        }
        this.count = answer.meta.count;
        known += answer.data.length;
        if (!answer.meta.hasnext) break;
        this.changed(true);
        if (limit === otherPages) page++; else limit = otherPages;
      }
      // Who left while it was read moved others to pages that had been read: they stay until the next time.
      if (this.gone.size > 0 && known > few) this.isStale = true;
      else for (const session of before) this.bySession.delete(session);
      this.gone = null;
      this.count = this.bySession.size;
      this.isComplete = true;
      this.lastLoad = Date.now();
      this.failed(null);
      this.changed(true);
    });
  }

  /** What is seen is a piece of the gateway's own list: one question for all of it. */
  async renewPage({ first, count }) {
    const answer = await get(`${gateway}/clients?page=${Math.floor(first / count) + 1}&limit=${count}`);
    for (const client of answer.data) this.keep(client);
  }

  keep(client) {
    const row = this.bySession.get(client.session);
    if (row) Object.assign(row, slim(client));
  }

  async renew(session) {
    const row = this.bySession.get(session);
    if (!row || this.isClosed) return;
    this.bare.delete(session);
    const client = (await clientsNamed(row.clientid)).find((one) => one.session === session);
    if (client) this.keep(client);
    else if (this.bySession.delete(session)) this.changed(true);
  }
}
