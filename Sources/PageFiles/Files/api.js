// The management API, and nothing else. Key and secret stay in this tab.

const storeKey = "ocpp-gateway-key";

export class APIError extends Error {
  constructor(status, code, message) {
    super(message || code || `status ${status}`);
    this.status = status;
    this.code = code;
  }
}

let authorization = sessionStorage.getItem(storeKey);
let onUnauthorized = () => {};

export function whenUnauthorized(handler) { onUnauthorized = handler; }
export function hasKey() { return authorization !== null; }

export function setKey(key, secret) {
  const bytes = new TextEncoder().encode(`${key}:${secret}`);
  authorization = "Basic " + btoa(String.fromCharCode(...bytes));
  sessionStorage.setItem(storeKey, authorization);
}

export function forgetKey() {
  authorization = null;
  sessionStorage.removeItem(storeKey);
}

function request(path, options = {}) {
  const headers = new Headers(options.headers ?? {});
  if (authorization && path.startsWith("/api")) headers.set("Authorization", authorization);
  return fetch(path, { ...options, headers, credentials: "omit", cache: "no-store" });
}

async function failure(response) {
  let body = {};
  try { body = await response.json(); } catch { /* no JSON: the status says enough */ }
  if (response.status === 401) onUnauthorized();
  return new APIError(response.status, body.code, body.message);
}

/** The decoded answer; null for 204. Throws APIError. */
export async function ask(method, path, body, headers = {}) {
  const options = { method, headers: { ...headers } };
  if (body !== undefined) {
    const isRaw = body instanceof Blob || typeof body === "string";
    options.body = isRaw ? body : JSON.stringify(body);
    options.headers["Content-Type"] ??= "application/json";
  }
  const response = await request(path, options);
  if (!response.ok) throw await failure(response);
  if (response.status === 204) return null;
  const type = response.headers.get("Content-Type") ?? "";
  return type.includes("json") ? response.json() : response.text();
}

export const get = (path) => ask("GET", path);
export const gateway = "/api/v5/gateways/ocpp";
export const part = encodeURIComponent;

/**
 * Server-sent events with a key, which EventSource cannot send. Comes back by itself after a loss.
 * handlers: {event(type, data), state(isOpen)}; returns a function that ends it.
 */
export function stream(path, handlers) {
  const controller = new AbortController();
  let ended = false;
  (async () => {
    let pause = 500, failed = null;
    while (!ended) {
      try {
        const response = await request(path, { signal: controller.signal, headers: { Accept: "text/event-stream" } });
        if (!response.ok) throw await failure(response);
        pause = 500;
        handlers.state?.(true);
        await read(response.body.getReader(), handlers.event);
        failed = null;
      } catch (error) {
        failed = error instanceof APIError ? error : null;
        if (failed && [401, 403, 404].includes(failed.status)) { if (!ended) handlers.state?.(false, failed); return; }
      }
      if (ended) return;
      handlers.state?.(false, failed);
      await new Promise((resolve) => setTimeout(resolve, pause));
      pause = Math.min(pause * 2, 10000);
    }
  })();
  return () => { ended = true; controller.abort(); };
}

async function read(reader, handle) {
  const decoder = new TextDecoder();
  let text = "", type = "message", data = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    text += decoder.decode(value, { stream: true });
    let end;
    while ((end = text.indexOf("\n")) >= 0) {
      const line = text.slice(0, end).replace(/\r$/, "");
      text = text.slice(end + 1);
      if (line === "") {
        if (data.length) {
          let parsed = null;
          try { parsed = JSON.parse(data.join("\n")); } catch { /* not ours: left out */ }
          if (parsed !== null) handle(type, parsed);
        }
        type = "message"; data = [];
      } else if (line.startsWith("event:")) type = line.slice(6).trim();
      else if (line.startsWith("data:")) data.push(line.slice(5).replace(/^ /, ""));
    }
  }
}

/** Samples of a Prometheus text: [{name, labels, value}]. */
export function samples(text) {
  const found = [];
  for (const line of text.split("\n")) {
    const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (!match) continue;
    const labels = {};
    for (const label of (match[2] ?? "").matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) labels[label[1]] = label[2].replace(/\\(.)/g, "$1");
    found.push({ name: match[1], labels, value: Number(match[3]) });
  }
  return found;
}
