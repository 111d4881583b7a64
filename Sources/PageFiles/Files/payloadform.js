// A form for the members of a payload, made from its JSON Schema; the payload's text is what is sent.

import { element, field } from "./dom.js";

export function payloadForm(container, payload, schema) {
  const definitions = schema.definitions ?? schema.$defs ?? {};
  const resolve = (node) => {
    for (let step = 0; node?.$ref && step < 8; step++) node = definitions[node.$ref.split("/").at(-1)] ?? {};
    return node ?? {};
  };
  const required = new Set(schema.required ?? []);

  function example(node, depth) {
    node = resolve(node);
    if (node.enum) return node.enum[0];
    const type = Array.isArray(node.type) ? node.type[0] : node.type;
    if (type === "object") {
      const made = {};
      if (depth < 6) for (const name of node.required ?? []) made[name] = example(node.properties?.[name], depth + 1);
      return made;
    }
    if (type === "array") return depth < 6 && (node.minItems ?? 0) > 0 ? [example(node.items, depth + 1)] : [];
    if (type === "integer" || type === "number") return node.minimum ?? 0;
    if (type === "boolean") return false;
    if (node.format === "date-time") return new Date().toISOString().replace(/\.\d+/, "");
    return "";
  }

  payload.value = JSON.stringify(example({ ...schema, type: "object" }, 0), null, 2);

  const inputs = [];
  for (const [name, raw] of Object.entries(schema.properties ?? {})) {
    const node = resolve(raw);
    const type = Array.isArray(node.type) ? node.type[0] : node.type;
    if (!node.enum && !["string", "integer", "number", "boolean"].includes(type)) continue;
    let input;
    const choices = node.enum ?? (type === "boolean" ? ["false", "true"] : null);
    if (choices) {
      input = element("select", {}, required.has(name) ? [] : element("option", { value: "" }, ""),
        choices.map((choice) => element("option", { value: choice }, String(choice))));
    } else if (type === "integer" || type === "number") {
      input = element("input", { type: "number", step: type === "integer" ? "1" : "any", min: node.minimum, max: node.maximum });
    } else {
      input = element("input", { type: "text", maxlength: node.maxLength });
    }
    input.addEventListener("input", () => write(name, input, type));
    inputs.push([name, input]);
    container.append(field(name + (required.has(name) ? " (required)" : ""), input));
  }
  read();
  payload.oninput = read;

  function write(name, input, type) {
    let object;
    try { object = JSON.parse(payload.value); } catch { return; }
    if (input.value === "" && !required.has(name)) delete object[name];
    else if (type === "integer" || type === "number") object[name] = Number(input.value);
    else if (type === "boolean") object[name] = input.value === "true";
    else object[name] = input.value;
    payload.value = JSON.stringify(object, null, 2);
  }

  function read() {
    let object;
    try { object = JSON.parse(payload.value); } catch { return; }
    for (const [name, input] of inputs) {
      const value = object?.[name];
      const text = value === undefined || value === null ? "" : String(value);
      if (input.value !== text) input.value = text;
    }
  }
}
