// Elements are made here, and only from text: whatever a charge point or back end says never becomes markup.

/** element("a", {href: "#/x", class: "big", onclick: f}, "text", child …) */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (key === "value") made.value = value;
    else made.setAttribute(key, value === true ? "" : value);
  }
  fill(made, ...children);
  return made;
}

/** Replaces what is in an element. */
export function fill(parent, ...children) {
  parent.replaceChildren(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return parent;
}

/** Sets a text only where it differs, so that nothing is announced or laid out again. */
export function setText(node, text) {
  const wanted = String(text ?? "");
  if (node.textContent !== wanted) node.textContent = wanted;
}

const svgNamespace = "http://www.w3.org/2000/svg";
export function svg(name, attributes = {}, ...children) {
  const made = document.createElementNS(svgNamespace, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

export function field(label, input) {
  return element("label", {}, element("span", {}, label), input);
}

/** Shows a dialog of this name; returns what closes it. `closed` is called when Escape has closed it. */
export function openDialog(name, content, closed = () => {}) {
  const dialog = element("dialog", { "aria-label": name }, content);
  const close = () => { dialog.close(); dialog.remove(); };
  dialog.addEventListener("cancel", (event) => { event.preventDefault(); close(); closed(); });
  document.body.append(dialog);
  dialog.showModal();
  return close;
}

/** Asks before something that cannot be taken back; resolves to true when the button of that name was pressed. */
export function confirmed(name, question) {
  return new Promise((resolve) => {
    const answer = (isYes) => { close(); resolve(isYes); };
    const close = openDialog(name, [
      element("h2", {}, `${name}?`),
      element("p", {}, question),
      element("div", { class: "row" },
        element("button", { class: "main danger", type: "button", onclick: () => answer(true) }, name),
        element("button", { type: "button", onclick: () => answer(false) }, "Cancel")),
    ], () => resolve(false));
  });
}

/** A table's body whose rows are kept by key: what changes is changed in place, so the keyboard's focus stays. */
export class Rows {
  /** columns: [{label, cell(item, td)}]; cell changes the td it is given. */
  constructor(body, columns) {
    this.body = body;
    this.columns = columns;
    this.rows = new Map();
  }

  show(list, keyOf) {
    const focused = this.body.contains(document.activeElement) ? document.activeElement : null;
    const wanted = new Map(list.map((item) => [keyOf(item), item]));
    for (const [key, row] of this.rows) {
      if (!wanted.has(key)) { row.remove(); this.rows.delete(key); }
    }
    let place = this.body.firstChild;
    for (const [key, item] of wanted) {
      let row = this.rows.get(key);
      if (!row) {
        row = element("tr", {}, this.columns.map((column) => element("td", { "data-label": column.label, class: column.class })));
        this.rows.set(key, row);
      }
      this.columns.forEach((column, index) => column.cell(item, row.children[index]));
      if (row !== place) this.body.insertBefore(row, place);
      else place = place.nextSibling;
    }
    if (!focused || focused === document.activeElement) return;
    // A row that was moved has lost it; where the row is gone, the table's region takes it.
    (focused.isConnected ? focused : this.body.closest("[tabindex]"))?.focus({ preventScroll: true });
  }
}

/** A cell of text. */
export const textCell = (value) => (item, td) => setText(td, value(item));

/** A cell with one link, made once. */
export const linkCell = (text, address) => (item, td) => {
  let link = td.firstElementChild;
  if (!link) { link = element("a"); td.append(link); }
  setText(link, text(item));
  const href = address(item);
  if (href === null) link.removeAttribute("href");
  else if (link.getAttribute("href") !== href) link.setAttribute("href", href);
};

/** A cell with one button, made once. Its name is "Kick CP1"; what is seen of it is "Kick", for its row says the rest. */
export const buttonCell = (verb, object, press, look = () => "") => (item, td) => {
  let button = td.firstElementChild;
  if (!button) {
    button = element("button", { type: "button", class: "small" }, element("span"), element("span", { class: "of" }));
    button.addEventListener("click", () => press(button.item, button));
    td.append(button);
  }
  button.item = item;
  setText(button.firstChild, verb(item));
  setText(button.lastChild, ` ${object(item)}`);
  const wanted = `small ${look(item)}`.trim();
  if (button.className !== wanted) button.className = wanted;
};

export function table(columns, options = {}) {
  const body = element("tbody");
  const head = columns.map((column) => element("th", { scope: "col", class: column.class, "aria-sort": column.sort ? "none" : null },
    column.sort ? element("button", { type: "button", onclick: column.sort }, column.label)
      : (column.label === "" ? element("span", { class: "hidden" }, "Actions") : column.label)));
  const made = element("table", { class: "stack " + (options.class ?? "") },
    options.caption && element("caption", { class: "hidden" }, options.caption),
    element("thead", {}, element("tr", {}, head)), body);
  return { table: made, body, head };
}
