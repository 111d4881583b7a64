// One stream of gateway events for the whole page; its parts listen. What is shown from before they were opened
// (refusals, the curve) is kept here, bounded.

import { stream } from "./api.js";

const listeners = new Set();
export const seconds = [];       // {sessions, up_per_s, down_per_s, pending}, 60 of them
export const refused = [];       // {id, type, ...}, newest first, 500 of them
let stop = null;
let lastID = 0;

export const eventsPath = "/api/v5/gateways/ocpp/events";

export function startLive() {
    if (stop) return;
    stop = stream(eventsPath, {
        event(type, data) {
            if (type === "stats") {
                seconds.push(data);
                if (seconds.length > 60) seconds.shift();
            } else if (type === "refused" || type === "bad_message") {
                refused.unshift({ id: ++lastID, type, ...data });
                if (refused.length > 500) refused.pop();
            }
            for (const listener of listeners) listener(type, data);
        },
        state(isOpen, error) { for (const listener of listeners) listener("state", { isOpen, error }); },
    });
}

export function stopLive() {
    stop?.();
    stop = null;
    seconds.length = 0;
    refused.length = 0;
}

/** Returns a function that ends it. */
export function listen(handler) {
    listeners.add(handler);
    return () => listeners.delete(handler);
}
