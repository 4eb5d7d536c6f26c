// A persona's fields as a form. Only what somebody changes is changed: the rest stays as it came.

import { freshId, h } from "./dom.js";

const LINE = (name, label, hint) => ({ name, label, hint, make: line });
const LIST = (name, label, hint) => ({ name, label, hint, make: list });

const FIELDS = [
  LINE("name", "Name", "One to thirty letters."),
  LINE("role", "Role", "What it is to the person: keeper of the long view."),
  LINE("summary", "Summary", "One sentence for the welcome page."),
  LIST("goals", "Goals", "What the person gains. One a line."),
  LINE("voice", "Voice", "How it sounds: unhurried, exact, a little dry."),
  LIST("does", "Does", "One a line."),
  LIST("does_not", "Does not", "One a line."),
  LIST("repertoire", "Actions", "What the director may ask of it: imperative phrases, one a line."),
  LIST("tones", "Tones", "How it may be asked to speak. One a line."),
  { name: "examples", label: "Examples", hint: "Something a person writes, and what this persona answers.", make: pairs },
  LINE("face", "Face", "One or two characters, or: anchor, spark, sun, compass."),
  { name: "colour", label: "Colour", hint: "On light and on dark ground.", make: colours },
];

export class Form {
  /** `on(fields)` after each change. */
  constructor(on) {
    this.on = on;
    this.parts = new Map(FIELDS.map((field) => [field.name, new Part(field, (value) => this.#set(field.name, value))]));
    this.element = h("form", { class: "fields", novalidate: true, onsubmit: (event) => event.preventDefault() });
    this.element.append(...[...this.parts.values()].map((part) => part.element));
  }

  show(fields) {
    this.fields = fields;
    for (const [name, part] of this.parts) part.show(fields[name]);
  }

  /** Each fault beside its field, in the words of `personas --check`. */
  faults(faults) {
    for (const [name, part] of this.parts) {
      const own = faults.filter(({ field }) => field.split(".")[0] === name);
      part.fault(own.map(({ field, message }) => `${place(field)}${message}`).join("; "));
    }
  }

  focus() {
    this.element.querySelector("input").focus();
  }

  #set(name, value) {
    const { [name]: _, ...others } = this.fields;
    this.fields = value === undefined ? others : { ...others, [name]: value };
    this.on(this.fields);
  }
}

/** "examples.0.to" as "1, to: ". */
function place(field) {
  const inner = field.split(".").slice(1).map((part) => (/^\d+$/.test(part) ? String(Number(part) + 1) : part));
  return inner.length ? `${inner.join(", ")}: ` : "";
}

class Part {
  constructor({ name, label, hint, make }, changed) {
    const id = freshId(name);
    this.problem = h("p", { class: "fault", id: `${id}-fault` });
    const about = { id, "aria-describedby": `${id}-fault ${id}-hint` };
    const { element, show, inputs, group } = make(about, changed);
    this.show = (value) => show(value);
    this.inputs = inputs;
    const words = h("p", { class: "hint", id: `${id}-hint` }, hint);
    this.element = group
      ? h("fieldset", { "data-field": name, "aria-describedby": about["aria-describedby"] }, h("legend", {}, label), words, element, this.problem)
      : h("div", { class: "part", "data-field": name }, h("label", { for: id }, label), words, element, this.problem);
  }

  fault(text) {
    this.problem.textContent = text;
    for (const input of this.inputs()) input.setAttribute("aria-invalid", String(text !== ""));
  }
}

const text = (value) => (value === undefined || value === null ? "" : typeof value === "string" ? value : JSON.stringify(value));

function line(about, changed) {
  const input = h("input", { ...about, type: "text", autocomplete: "off", oninput: () => changed(input.value || undefined) });
  return { element: input, show: (value) => (input.value = text(value)), inputs: () => [input] };
}

function list(about, changed) {
  const lines = () => area.value.split("\n").map((one) => one.trim()).filter(Boolean);
  const area = h("textarea", { ...about, rows: 2, oninput: () => changed(lines().length ? lines() : undefined) });
  const show = (value) => {
    area.value = Array.isArray(value) ? value.map(text).join("\n") : text(value);
    area.rows = Math.max(2, area.value.split("\n").length);
  };
  return { element: area, show, inputs: () => [area] };
}

function colours(_about, changed) {
  const input = (ground) => h("input", { type: "color", "aria-label": `On ${ground} ground`, oninput: () => changed(value()) });
  const [light, dark] = [input("light"), input("dark")];
  const value = () => ({ light: light.value, dark: dark.value });
  const show = (colour) => {
    light.value = colour?.light ?? "#000000";
    dark.value = colour?.dark ?? "#ffffff";
  };
  const named = (one, name) => h("label", {}, one, name);
  const element = h("div", { class: "colours" }, named(light, "light"), named(dark, "dark"));
  return { element, show, inputs: () => [light, dark], group: true };
}

function pairs(_about, changed) {
  const rows = h("ol", { class: "examples" });
  const inputs = () => [...rows.querySelectorAll("textarea")];
  const value = () => [...rows.children].map((row) => Object.fromEntries([...row.querySelectorAll("textarea")].map((one) => [one.name, one.value.trim()])));
  const tell = () => changed(rows.children.length ? value() : undefined);
  const box = (name, label, content) => h("textarea", { name, rows: 2, "aria-label": label, placeholder: label, oninput: tell }, text(content));
  const row = (example) => {
    const away = h("button", { type: "button", class: "quiet" }, "Remove");
    const element = h("li", {}, box("to", "A person writes", example.to), box("says", "It answers", example.says), away);
    away.addEventListener("click", () => (element.remove(), tell(), add.focus()));
    return element;
  };
  const more = () => {
    rows.append(row({}));
    rows.lastElementChild.querySelector("textarea").focus();
    tell();
  };
  const add = h("button", { type: "button", class: "quiet", onclick: more }, "Add an example");
  const show = (examples) => rows.replaceChildren(...(Array.isArray(examples) ? examples : []).map((one) => row(one ?? {})));
  return { element: h("div", {}, rows, add), show, inputs, group: true };
}
