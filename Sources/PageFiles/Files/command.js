// A command to one charge point, from a form that its version's schema makes.

import { ask, gateway, get, part } from "./api.js";
import { element, field, setText } from "./dom.js";
import { payloadForm } from "./payloadform.js";

export function commandPanel(id, listener) {
  const action = element("select", { name: "action" });
  const payload = element("textarea", { name: "payload", spellcheck: "false", value: "{}" });
  const fields = element("div", { class: "fields" });
  const send = element("button", { class: "main", type: "submit" }, "Send");
  const answer = element("pre", {}, "none yet");
  const box = element("div", { role: "status", "aria-label": "Answer", class: "answer" }, answer);
  const alert = element("p", { role: "alert" });
  const form = element("form", { onsubmit: submit }, field("Action", action), fields, field("Payload", payload), alert,
    element("p", {}, send), element("h3", {}, "Answer"), box);
  const panel = element("section", { class: "panel beside" }, element("h2", {}, "Send a command"), form);
  let version = null;

  async function setVersion(wanted) {
    if (wanted === version) return;
    version = wanted;
    try {
      const names = await get(`${gateway}/schemas/${part(wanted)}`);
      action.replaceChildren(...names.map((name) => element("option", { value: name }, name)));
      await chooseAction();
    } catch (error) { version = null; setText(alert, error.message); }
  }

  async function chooseAction() {
    const chosen = action.value;
    setText(alert, "");
    try {
      const schema = await get(`${gateway}/schemas/${part(version)}/${part(chosen)}`);
      if (action.value !== chosen) return;
      fields.replaceChildren();
      payloadForm(fields, payload, schema);
    } catch (error) {
      fields.replaceChildren();
      payload.value = "{}";
      setText(alert, error.message);
    }
  }

  async function submit(event) {
    event.preventDefault();
    setText(alert, "");
    let body;
    try { body = JSON.parse(payload.value); } catch (error) { setText(alert, `The payload is no JSON: ${error.message}`); payload.focus(); return; }
    send.disabled = true;
    answer.className = "quiet";
    setText(answer, "waiting for the charge point …");
    try {
      const path = `${gateway}/clients/${part(id)}/calls${listener ? `?listener=${part(listener)}` : ""}`;
      const result = await ask("POST", path, { action: action.value, payload: body });
      answer.className = result.error ? "bad" : "";
      setText(answer, JSON.stringify(result.result ?? result.error, null, 2));
    } catch (error) {
      setText(answer, "none");
      setText(alert, error.message);
    } finally { send.disabled = false; }
  }
  action.addEventListener("change", chooseAction);
  return { panel, setVersion };
}
