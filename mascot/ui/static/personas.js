// The persona editor: the cast and this browser's drafts, a form, a try-out, files in and out.

import { h, say } from "./dom.js";
import * as drafts from "./persona-drafts.js";
import { Form } from "./persona-form.js";
import * as server from "./persona-server.js";
import { Trial } from "./persona-trial.js";
import { face } from "./faces.js";
import { question } from "./menu.js";

const SHEETS = ["tokens", "base", "shell", "menu", "talk", "composer", "personas"];
const FORMATS = { yaml: "YAML", json: "V3 JSON", png: "PNG", charx: "CHARX" };
const BLANK = { colour: { light: "#5d564e", dark: "#b5ada3" } };
const KEPT = "Drafts are kept in this browser only. They change the group for nobody else.";

class Editor {
  constructor(root, { personas, situations, notice, bytes }) {
    this.root = root;
    this.cast = personas;
    this.bytes = bytes;
    this.draft = null;
    this.state = h("p", { class: "told", role: "status" });
    this.form = new Form((fields) => this.#changed(fields));
    this.trial = new Trial(situations, notice, () => this.draft.fields);
    this.castList = h("ul", { class: "picks" });
    this.draftList = h("ul", { class: "picks" });
    this.none = h("p", { class: "quiet-text" }, "None yet. Begin with one of the group, a new one, or a card that you have.");
    this.file = h("input", { type: "file", class: "sr", tabindex: -1, "aria-label": "A card's file", onchange: () => this.#import() });
    this.wrong = h("p", { class: "fault", role: "alert" });
    root.replaceChildren(this.#page());
  }

  async start() {
    this.drafts = await drafts.all();
    this.#show(this.drafts[0] ?? this.#copy(this.cast[0]));
  }

  #page() {
    const back = h("a", { class: "quiet", href: "./" }, "Back to the talk");
    return h(
      "main",
      { class: "talk", tabindex: -1 },
      h("header", { class: "bar" }, h("h1", {}, "Personas"), this.state, back),
      h(
        "div",
        { class: "desk" },
        h("section", { class: "cast", "aria-label": "Who there is" }, this.#choices()),
        h("section", { class: "editing", "aria-label": "The persona" }, this.#about(), this.form.element, this.#exports()),
        this.trial.element,
      ),
    );
  }

  #choices() {
    const deed = (text, act) => h("button", { type: "button", class: "quiet", onclick: act }, text);
    return [
      h("h2", {}, "The group"),
      this.castList,
      h("h2", {}, "Your drafts"),
      this.draftList,
      this.none,
      h("div", { class: "deeds" }, deed("New persona", () => this.#blank()), deed("Import a card", () => this.file.click()), this.file),
      this.wrong,
      h("p", { class: "quiet-text" }, KEPT),
    ];
  }

  #about() {
    this.origin = h("p", { class: "quiet-text" });
    this.remove = h("button", { type: "button", class: "quiet danger", onclick: () => this.#delete() }, "Delete this draft");
    this.title = h("h2", {});
    return h("div", { class: "about" }, h("div", {}, this.title, this.origin), this.remove);
  }

  #exports() {
    this.failed = h("p", { class: "fault", role: "alert" });
    this.unready = h("p", { class: "quiet-text" });
    this.exporters = Object.entries(FORMATS).map(([format, name]) =>
      h("button", { type: "button", class: "quiet", "data-format": format, onclick: () => this.#export(format) }, name),
    );
    return h(
      "section",
      { class: "exports", "aria-label": "Export" },
      h("h3", {}, "Export as"),
      h("div", { class: "deeds" }, this.exporters),
      this.unready,
      this.failed,
    );
  }

  #copy({ id, ...fields }) {
    return { key: crypto.getRandomValues(new Uint32Array(2)).join("-"), of: id, fields, base: null, source: "" };
  }

  #blank() {
    this.#show(this.#copy({ id: "", ...BLANK }));
    this.form.focus();
  }

  #show(draft) {
    this.draft = draft;
    this.wrong.textContent = this.failed.textContent = "";
    this.form.show(draft.fields);
    this.trial.clear();
    this.#list();
    this.#check();
  }

  #list() {
    const { draft } = this;
    const isDraft = this.drafts.includes(draft);
    const lists = [this.castList, this.draftList];
    const focused = lists.some((list) => list.contains(document.activeElement));
    const pick = (persona, current, act) =>
      h(
        "li",
        {},
        h(
          "button",
          { type: "button", "aria-current": current ? "true" : null, onclick: act },
          face(shown(persona)),
          h("span", {}, h("b", {}, persona.name || "Without a name"), h("span", { class: "role" }, persona.role ?? "")),
        ),
      );
    this.castList.replaceChildren(
      ...this.cast.map((one) => pick(one, !isDraft && draft.of === one.id, () => this.#show(this.#copy(one)))),
    );
    this.draftList.replaceChildren(...this.drafts.map((one) => pick(one.fields, one === draft, () => this.#show(one))));
    if (focused) lists.map((list) => list.querySelector("[aria-current]")).find(Boolean)?.focus();
    this.none.hidden = this.drafts.length > 0;
    this.remove.hidden = !isDraft;
    say(this.title, draft.fields.name || "A new persona");
    say(this.origin, this.#told(isDraft));
  }

  #told(isDraft) {
    const { source, base, of } = this.draft;
    if (source) return base ? `From ${source}; what else is in that file stays in it.` : `From ${source}.`;
    if (!isDraft && of) return "One of the group. Change anything, and it becomes a draft of yours.";
    return of ? "Began as a copy of one of the group." : "";
  }

  #changed(fields) {
    this.draft.fields = fields;
    if (!this.drafts.includes(this.draft)) this.drafts.unshift(this.draft);
    this.#list();
    this.#keep(this.draft);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#check(), 300);
  }

  async #keep(draft) {
    const kept = await drafts.keep(draft);
    say(this.state, kept ? "Saved in this browser" : "This browser keeps nothing: export before you leave");
  }

  async #check() {
    const { fields } = this.draft;
    try {
      const { faults } = await server.check(fields);
      if (fields !== this.draft.fields) return; // something was changed, or another one is shown, since
      this.form.faults(faults);
      this.trial.ready(faults.length === 0);
      this.exporters[0].disabled = faults.length > 0;
      say(this.unready, faults.length ? "YAML, and trying it out, need every field to be right; a card can be unfinished." : "");
    } catch (refusal) {
      say(this.unready, refusal.message);
    }
  }

  async #import() {
    const file = this.file.files[0];
    this.file.value = "";
    if (!file) return;
    this.wrong.textContent = "";
    try {
      if (file.size > this.bytes) throw new Error(`${file.name}: larger than ${this.bytes / 2 ** 20} MiB`);
      const { fields, kind } = await server.read(file);
      const base = kind === "yaml" ? null : file.slice();
      const draft = { ...this.#copy({ id: "", ...fields }), base, source: file.name };
      this.drafts.unshift(draft);
      this.#show(draft);
      await this.#keep(draft);
      this.title.scrollIntoView({ block: "nearest" });
    } catch (refusal) {
      this.wrong.textContent = refusal.message;
    }
  }

  async #export(format) {
    this.failed.textContent = "";
    try {
      const { name, data } = await server.write(this.draft.fields, format, this.draft.base);
      const link = h("a", { href: URL.createObjectURL(data), download: name });
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
      say(this.state, `Exported as ${name}`);
    } catch (refusal) {
      this.failed.textContent = refusal.message;
    }
  }

  async #delete() {
    const { draft } = this;
    const title = `Delete ${draft.fields.name || "this draft"}?`;
    const text = "It is only in this browser, so it cannot be brought back.";
    if (!(await question(this.root, { title, text, confirm: "Delete", danger: true }))) return;
    this.drafts = this.drafts.filter((one) => one !== draft);
    await drafts.remove(draft);
    this.#show(this.drafts[0] ?? this.#copy(this.cast[0]));
    say(this.state, "Deleted");
  }
}

/** What a list can show of fields that may be unfinished. */
function shown({ name, face: drawn, colour }) {
  const right = (one) => (/^#[0-9a-f]{6}$/i.test(one) ? one : BLANK.colour.light);
  return {
    face: typeof drawn === "string" && drawn ? drawn : [...String(name || "?")][0],
    colour: { light: right(colour?.light), dark: /^#[0-9a-f]{6}$/i.test(colour?.dark) ? colour.dark : BLANK.colour.dark },
  };
}

function dress(sheet) {
  return new Promise((resolve) => {
    const href = new URL(`${sheet}.css`, import.meta.url).href;
    document.head.append(h("link", { rel: "stylesheet", href, onload: resolve, onerror: resolve }));
  });
}

/** Dark as the system is, or as the address says where Gradio's pages are told so. */
function shade() {
  const asked = new URLSearchParams(location.search).get("__theme");
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  const set = () => document.body.classList.toggle("dark", asked ? asked === "dark" : system.matches);
  system.addEventListener("change", set);
  set();
}

async function mount(root) {
  shade();
  await Promise.all(SHEETS.map(dress));
  try {
    const editor = new Editor(root, await server.cast());
    root.classList.add("ready");
    await editor.start();
  } catch (refusal) {
    root.classList.remove("ready");
    root.textContent = refusal.message;
  }
}

mount(document.querySelector(".mascot"));
