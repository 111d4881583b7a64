// Users of the built-in database; and a way to try credentials, whatever the backend.

import { ask, gateway, get, part } from "./api.js";
import { buttonCell, confirmed, element, field, openDialog, Rows, setText, table, textCell } from "./dom.js";

const perPage = 100;
const verdicts = { allow: "allow: let in", deny: "deny: turned away", unknown: "unknown: nobody knows this identity", unavailable: "unavailable: the backend cannot be asked" };

export function users(view, session) {
  const path = `${gateway}/authentication/users`;
  const alert = element("p", { role: "alert" });
  const note = element("p", { role: "status", class: "quiet" });
  const search = element("input", { type: "search" });
  const name = element("input", { name: "user-id", autocomplete: "off", required: true });
  const password = element("input", { name: "password", type: "password", autocomplete: "new-password", required: true });
  const add = element("form", { class: "row", onsubmit: create }, field("User id", name), field("Password", password),
    element("button", { class: "main", type: "submit" }, "Add"));
  const columns = [
    { label: "User id", cell: textCell((row) => row.user_id) },
    { label: "Security profile", cell: textCell((row) => row.security_profile ?? "any") },
  ];
  if (session.canChange) {
    columns.push({ label: "", class: "act", cell: buttonCell(() => "New password", (row) => `for ${row.user_id}`, change) });
    columns.push({ label: "", class: "act", cell: buttonCell(() => "Delete", (row) => row.user_id, remove, () => "danger") });
  }
  const made = table(columns, { caption: "Users" });
  const rows = new Rows(made.body, columns);
  const earlier = element("button", { type: "button", onclick: () => { page--; load(); } }, "Previous page");
  const later = element("button", { type: "button", onclick: () => { page++; load(); } }, "Next page");
  const file = element("input", { type: "file", accept: ".csv,.json,text/csv,application/json" });
  const kind = element("select", {}, element("option", { value: "plain" }, "passwords"), element("option", { value: "hash" }, "hashes"));
  const override = element("input", { type: "checkbox" });
  const pages = element("div", { class: "row" }, earlier, later);
  const box = element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "List of users" }, made.table);
  const list = element("section", { class: "panel wide" }, element("h2", {}, "Users of the built-in database"),
    session.canChange && add, element("div", { class: "row" }, field("Search", search), note), box, pages);
  const importing = session.canChange && element("form", { class: "panel", onsubmit: importFile },
    element("h2", {}, "Import"), field("CSV or JSON file", file), field("It holds", kind),
    element("label", { class: "check" }, override, "replace users that are there"),
    element("button", { type: "submit" }, "Import"));
  view.append(element("h1", {}, "Users"), alert, element("div", { class: "panels" }, list, importing, session.canChange && trial()));
  let page = 1;

  let asked = 0;
  async function load() {
    const mine = ++asked;
    try {
      const backend = (await ask("GET", `${gateway}/authentication`))?.backend;
      if (backend !== "built_in_database") throw new Error(backend ? `The users are kept by ${backend}, not here.` : "No authenticator is set: everyone is let in.");
      const like = search.value ? `&like_user_id=${part(search.value)}` : "";
      const answer = await get(`${path}?page=${page}&limit=${perPage}${like}`);
      if (mine !== asked) return;
      rows.show(answer.data, (row) => row.user_id);
      const total = answer.meta.count ?? answer.data.length;
      setText(note, total === 1 ? "1 user" : total ? `${total} users` : search.value ? "no such user" : "no users");
      earlier.disabled = page <= 1;
      later.disabled = !answer.meta.hasnext;
      pages.hidden = page === 1 && !answer.meta.hasnext;
      box.hidden = answer.data.length === 0;
      if (add) add.hidden = false;
    } catch (error) {
      setText(note, error.message);
      pages.hidden = box.hidden = true;
      // Users of another backend are kept there.
      if (add) add.hidden = importing.hidden = true;
    }
  }

  async function attempt(work, done = "") {
    setText(alert, "");
    try { await work(); if (done) setText(note, done); return true; } catch (error) { setText(alert, error.message); return false; }
  }

  async function create(event) {
    event.preventDefault();
    const isDone = await attempt(() => ask("POST", path, { user_id: name.value, password: password.value, is_superuser: false }));
    if (!isDone) return;
    name.value = password.value = "";
    await load();
    name.focus();
  }

  async function remove(row) {
    if (!await confirmed(`Delete ${row.user_id}`, "Its charge point is not let in any more; a connection that is open stays.")) return;
    await attempt(() => ask("DELETE", `${path}/${part(row.user_id)}`));
    load();
  }

  function change(row) {
    const secret = element("input", { type: "password", autocomplete: "new-password", required: true });
    const keep = element("select", {}, element("option", { value: "" }, "stops at once"), element("option", { value: "10m" }, "stays good for 10 minutes"), element("option", { value: "1h" }, "stays good for an hour"));
    const close = openDialog(`New password for ${row.user_id}`,
      element("form", { onsubmit: async (event) => {
        event.preventDefault();
        const body = { password: secret.value };
        if (keep.value) body.keep_previous = keep.value;
        close();
        await attempt(() => ask("PUT", `${path}/${part(row.user_id)}`, body), `The password of ${row.user_id} is changed.`);
      } }, element("h2", {}, `New password for ${row.user_id}`), field("New password", secret), field("The old one", keep),
        element("div", { class: "row" }, element("button", { class: "main", type: "submit" }, "Save"),
          element("button", { type: "button", onclick: () => close() }, "Cancel"))));
  }

  async function importFile(event) {
    event.preventDefault();
    const chosen = file.files[0];
    if (!chosen) return;
    const type = chosen.name.toLowerCase().endsWith(".json") ? "application/json" : "text/csv";
    await attempt(async () => {
      const answer = await ask("POST", `${gateway}/authentication/import_users?type=${kind.value}&override=${override.checked}`, chosen, { "Content-Type": type });
      await load();
      setText(note, `imported ${answer.success} of ${answer.total}, replaced ${answer.override}, left alone ${answer.skipped}`);
    });
  }

  function trial() {
    const identity = element("input", { required: true, autocomplete: "off" });
    const user = element("input", { autocomplete: "off" });
    const secret = element("input", { type: "password", autocomplete: "off" });
    const answer = element("p", { role: "status" });
    return element("form", { class: "panel", onsubmit: async (event) => {
      event.preventDefault();
      setText(answer, "");
      try {
        const said = await ask("POST", `${gateway}/authentication/test`, { clientid: identity.value, username: user.value || identity.value, password: secret.value });
        answer.className = said.result === "allow" ? "good" : "bad";
        setText(answer, `${verdicts[said.result] ?? said.result}${said.status === 101 ? "" : `, status ${said.status}`}${said.reason ? `: ${said.reason}` : ""} (${said.took_ms} ms)`);
      } catch (error) { answer.className = "bad"; setText(answer, error.message); }
    } }, element("h2", {}, "Try credentials"), field("Identity", identity), field("User name (empty: the identity)", user),
      field("Secret to try", secret), element("button", { type: "submit" }, "Try"), answer);
  }

  let waiting = null;
  search.addEventListener("input", () => { page = 1; clearTimeout(waiting); waiting = setTimeout(load, 150); });
  load();
  return () => clearTimeout(waiting);
}
