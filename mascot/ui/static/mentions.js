// `@` completes a persona's name in the message box; who is meant by it, the server reads from the text.

import { freshId, h } from "./dom.js";
import { face } from "./faces.js";

const OPEN = /(^|\s)@([\p{L}\d' -]{0,30})$/u;

export class Mentions {
  /** @param box the message box; @param personas everyone who can be named. */
  constructor(box, personas) {
    this.box = box;
    this.personas = personas;
    this.found = [];
    this.chosen = 0;
    this.list = h("ul", { class: "mentions", role: "listbox", id: freshId("names"), "aria-label": "Names", hidden: true });
    box.setAttribute("aria-autocomplete", "list");
    box.setAttribute("aria-controls", this.list.id);
    box.addEventListener("input", () => this.#look());
    box.addEventListener("blur", () => this.close());
  }

  get open() {
    return !this.list.hidden;
  }

  close() {
    this.list.hidden = true;
    this.box.removeAttribute("aria-activedescendant");
  }

  /** Whether this key was for the list. */
  key(event) {
    if (!this.open) return false;
    const steps = { ArrowDown: 1, ArrowUp: -1 };
    if (event.key in steps) this.#choose(this.chosen + steps[event.key]);
    else if (event.key === "Enter" || event.key === "Tab") this.#take(this.found[this.chosen]);
    else if (event.key === "Escape") this.close();
    else return false;
    return true;
  }

  #look() {
    const typed = OPEN.exec(this.box.value.slice(0, this.box.selectionStart))?.[2];
    const start = typed?.toLowerCase();
    this.found = typed === undefined ? [] : this.personas.filter(({ name }) => name.toLowerCase().startsWith(start));
    // A name that is complete needs no help, and Enter must send it.
    if (!this.found.length || this.found.some(({ name }) => name.toLowerCase() === start)) return this.close();
    this.list.replaceChildren(
      ...this.found.map((persona, i) =>
        h(
          "li",
          { role: "option", id: `${this.list.id}-${i}`, onmousedown: (event) => (event.preventDefault(), this.#take(persona)) },
          face(persona),
          persona.name,
        ),
      ),
    );
    this.list.hidden = false;
    this.#choose(0);
  }

  #choose(position) {
    const options = [...this.list.children];
    this.chosen = (position + options.length) % options.length;
    options.forEach((option, i) => option.setAttribute("aria-selected", String(i === this.chosen)));
    this.box.setAttribute("aria-activedescendant", options[this.chosen].id);
  }

  #take(persona) {
    const caret = this.box.selectionStart;
    const before = this.box.value.slice(0, caret).replace(OPEN, `$1@${persona.name} `);
    this.box.value = before + this.box.value.slice(caret);
    this.box.setSelectionRange(before.length, before.length);
    this.close();
    this.box.dispatchEvent(new Event("input"));
    this.box.focus();
  }
}
