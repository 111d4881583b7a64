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

/** Asks before something that cannot be taken back; resolves to true when the button of that name was pressed. */
export function confirmed(name, question) {
    return new Promise((resolve) => {
        const close = (answer) => { dialog.close(); dialog.remove(); resolve(answer); };
        const dialog = element("dialog", { "aria-label": name },
            element("p", {}, question),
            element("div", { class: "row" },
                element("button", { class: "main danger-main", type: "button", onclick: () => close(true) }, name),
                element("button", { type: "button", onclick: () => close(false) }, "Cancel")));
        dialog.addEventListener("cancel", (event) => { event.preventDefault(); close(false); });
        document.body.append(dialog);
        dialog.showModal();
    });
}

/** The time of day of an RFC 3339 text, in the reader's zone. */
export function clock(text) {
    const date = new Date(text);
    return Number.isNaN(date.getTime()) ? String(text ?? "") : date.toLocaleTimeString([], { hour12: false });
}

export function dayAndClock(text) {
    if (!text) return "";
    const date = new Date(text);
    return Number.isNaN(date.getTime()) ? String(text) : date.toLocaleString([], { hour12: false });
}

/** A table's body whose rows are kept by key: what changes is changed in place, so the keyboard's focus stays. */
export class Rows {
    /** columns: [{label, cell(row, td)}]; cell changes the td it is given. */
    constructor(body, columns) {
        this.body = body;
        this.columns = columns;
        this.rows = new Map();
    }

    show(list, keyOf) {
        const kept = new Set();
        let place = this.body.firstChild;
        for (const item of list) {
            const key = keyOf(item);
            kept.add(key);
            let row = this.rows.get(key);
            if (!row) {
                row = element("tr", {}, this.columns.map((column) => element("td", { "data-label": column.label })));
                this.rows.set(key, row);
            }
            this.columns.forEach((column, index) => column.cell(item, row.children[index]));
            if (row !== place) this.body.insertBefore(row, place);
            else place = place.nextSibling;
        }
        for (const [key, row] of this.rows) {
            if (!kept.has(key)) { row.remove(); this.rows.delete(key); }
        }
    }
}

/** A cell of text. */
export const textCell = (value) => (item, td) => setText(td, value(item));

/** A cell with one button, made once. */
export const buttonCell = (name, press, look = () => ({})) => (item, td) => {
    let button = td.firstElementChild;
    if (!button) {
        button = element("button", { type: "button" });
        button.addEventListener("click", () => press(button.item, button));
        td.append(button);
    }
    button.item = item;
    setText(button, name(item));
    button.className = look(item).class ?? "";
};

export function table(columns, options = {}) {
    const body = element("tbody");
    const head = columns.map((column) => element("th", { scope: "col", "aria-sort": column.sort ? "none" : null },
        column.sort ? element("button", { type: "button", onclick: column.sort }, column.label)
            : (column.label === "" ? element("span", { class: "hidden" }, "Actions") : column.label)));
    const made = element("table", { class: "stack " + (options.class ?? "") },
        options.caption && element("caption", { class: "hidden" }, options.caption),
        element("thead", {}, element("tr", {}, head)), body);
    return { table: made, body, head };
}
