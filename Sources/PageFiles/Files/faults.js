// What went wrong, and what an operator can do about it: events of the gateway put into words.

/** Ends of a connection that tell of a fault; the others are somebody's wish, or a line that broke. */
const faultyEnds = {
  replaced: "",
  protocol_error: "The charge point breaks the WebSocket protocol: a firmware fault for its maker, or a proxy in between.",
  send_timeout: "The charge point takes no data: its line or its software hangs. It has to connect again.",
  send_queue_full: "The charge point takes no data: its line or its software hangs. It has to connect again.",
  no_memory: "The gateway is short of memory: see its log and the machine.",
  keepalive_timeout: "The charge point was silent for longer than it may be: its line broke, or its heartbeat interval is longer than the gateway allows.",
  bad_messages: "Too many of its messages were refused, see the others of this charge point: a firmware fault for its maker.",
  not_utf8: "The charge point sends text that is not UTF-8: a firmware fault for its maker.",
  subscription_refused: "The broker does not let the gateway subscribe for it: see the broker's access list.",
  closed_by_broker: "The broker has closed this charge point's MQTT connection: see the broker's log.",
  credentials_expired: "Its token or certificate is good no longer: it has to get a new one.",
};

/** By the code that the gateway answers with. */
const codes = {
  FormationViolation: "The message is not built as OCPP says", FormatViolation: "The message is not built as OCPP says",
  TypeConstraintViolation: "A value has the wrong type", PropertyConstraintViolation: "A value is not allowed",
  OccurenceConstraintViolation: "A value is missing, or there too often",
  OccurrenceConstraintViolation: "A value is missing, or there too often",
  NotImplemented: "There is no such action", NotSupported: "The action is not supported", ProtocolError: "The message breaks the protocol",
};

/** Where each listener takes charge points: its id -> its path. */
export const paths = new Map();

/** {kind, identity, code, reason, pointer, rule, place, text, host, advice}; null: no fault. */
export function fault(type, event) {
  if (type === "refused") return handshake(event);
  if (type === "bad_message") return message(event);
  if (type === "disconnected" && event.reason in faultyEnds) return ended(event);
  return null;
}

function handshake(event) {
  return {
    kind: "handshake", identity: event.clientid, code: event.status ?? "no answer", pointer: "", rule: "",
    reason: event.status === 404 && !event.clientid && !/identity/.test(event.reason) ? `wrong path: ${event.reason}` : event.reason ?? "",
    place: event.path ?? "", listener: event.listener, host: event.ip_address ?? "",
    advice: handshakeAdvice(event),
  };
}

function handshakeAdvice({ status, reason = "", path = "", clientid, listener = "" }) {
  if (/subprotocol/.test(reason)) return "The charge point speaks no OCPP version of this listener: set it to one of them (OCPP-J 1.6 is ocpp1.6), or add its version to the listener's websocket.supported_subprotocols.";
  if (/user name is not the identity/.test(reason)) return "User name and identity must be the same: in the charge point make the user name what its URL ends with.";
  if (status !== 503 && !clientid && /identity/.test(reason)) return "What its URL ends with cannot be an identity: give the charge point one of letters, digits and dashes.";
  if (/certificate/i.test(reason)) return "Its certificate is not accepted: wrong authority, expired, revoked, or not made for this identity.";
  switch (status) {
  case 400: return /WebSocket|HTTP/.test(reason) ? "This is no WebSocket connection: look at the charge point's URL and at any proxy in between." : "The identity in its URL is not allowed: see the reason.";
  case 401: return /no credentials/.test(reason) ? "It sends no password: set user name (its identity) and password in the charge point." : "The password is wrong: set it anew in the charge point, or its new one here under Users; \"Try credentials\" there tells whether one is right.";
  case 403: return "Its address or origin is not allowed: see the listener's access_rules.";
  case 404: return clientid ? `Nobody called ${clientid} is known: correct the identity at the end of its URL, or add it under Users.`
    : `The path of its URL, ${path || "/"}, is none of ${listener || "the listener"}'s: it must be the listener's path and then the identity, here ${paths.get(listener) ?? "/ocpp"}/${path.split("/").at(-1) || "CP1"}.`;
  case 426: return "This is no WebSocket connection: the URL was opened by a browser or a test, or a proxy does not pass the upgrade on.";
  case 429: return "Too many connections at once: it comes again by itself.";
  case 431: return "Its request's headers are too large: look at any proxy in between.";
  case 503: return "The gateway is full, is stopping, or cannot ask its authentication backend: see Overview. The charge point comes again by itself.";
  default: return /tls/i.test(listener + reason) || listener.includes(":wss:")
    ? "TLS failed: the charge point must use wss:// here, and trust this listener's certificate."
    : "It said no word of HTTP: the charge point uses wss:// where the listener is ws://, or somebody only probed the port.";
  }
}

/** The description is a JSON pointer and the rule that the value there breaks: "/status: longer than 20 characters". */
function message(event) {
  const description = event.description ?? "";
  const isSchema = event.reason === "schema" && event.error !== "NotImplemented";
  const parts = isSchema ? /^(…?\/.*?|payload): (.*)$/s.exec(description) : null;
  const text = event.message ?? "";
  const action = /^\s*\[\s*[26]\s*,\s*"(?:[^"\\]|\\.)*"\s*,\s*"(\w{1,60})"/.exec(text)?.[1];
  return {
    kind: "message", identity: event.clientid, code: event.error ?? event.reason, host: "",
    reason: `${codes[event.error] ?? "The message is refused"}${action ? ` in ${action}` : ""}`,
    pointer: parts?.[1] ?? "", rule: parts ? parts[2] : description, place: "", text: text.slice(0, 4000),
    advice: messageAdvice(event, isSchema, action),
  };
}

function messageAdvice(event, isSchema, action) {
  if (event.reason === "malformed" || /not JSON|UTF-8/.test(event.description ?? "")) return "This is no proper OCPP: a firmware fault for its maker.";
  if (event.error === "NotImplemented") return "Its OCPP version has no such action: look which version it is set to, or tell its maker.";
  if (isSchema) return `A firmware fault for its maker: tell them place and rule.${action ? ` Until then message_format_checking_exempt lets ${action} through.` : ""}`;
  return "It breaks OCPP's rules of conversation: tell its maker.";
}

function ended(event) {
  const host = (event.remote ?? "").replace(/:\d+$/, "");
  return {
    kind: "connection", identity: event.cid ?? event.clientid, code: event.code ?? "no code", reason: event.detail || event.reason.replaceAll("_", " "),
    pointer: "", rule: "", place: "", host, advice: faultyEnds[event.reason], isReplaced: event.reason === "replaced",
  };
}

/** Once it is a charge point that came back after its line broke; again and again it is two of them. */
export function advice(entry) {
  if (!entry.isReplaced) return entry.advice;
  if (entry.count < 3) return "It connected again while its old connection was still open, as after a broken line. If this goes on, two charge points have this identity.";
  const from = entry.hosts.length > 1 ? ` They come from ${entry.hosts.join(" and ")}.` : "";
  return `Two charge points use this identity and push each other out, ${entry.count} times so far.${from} Give one of them an identity of its own.`;
}
