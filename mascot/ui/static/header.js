// The bar above the talk: its title, and what can be done with the conversation as a whole.

import * as api from "./api.js";
import { h, icon, say } from "./dom.js";
import { menu, question } from "./menu.js";

/** `on.rename(title)`, `on.remove()`, `on.research()`; `on.pace(pace)` answers whether it was done. */
export class Header {
  constructor({ opener, host, on }) {
    this.host = host;
    this.on = on;
    this.id = "";
    this.name = "";
    this.pace = "";
    this.title = h("h1", {}, "MASCOT Studio");
    this.told = h("p", { class: "told", role: "status" });
    this.button = h("button", { type: "button", class: "tool", hidden: true }, icon("menu"), h("span", { class: "sr" }, "This conversation"));
    this.menu = menu(this.button, this.#deeds());
    this.element = h("header", { class: "bar" }, opener, this.title, this.told, this.button, this.menu);
  }

  #deeds() {
    const deed = (text, act, kind) => h("button", { type: "button", class: kind, onclick: act }, text);
    this.exports = ["md", "json"].map((format) =>
      h("a", { "data-format": format, download: true }, `Export as ${format === "md" ? "Markdown" : "JSON"}`),
    );
    this.research = deed("Give to research …", () => this.on.research());
    this.paces = ["reading", "immediate"].map((pace) => this.#paceChoice(pace));
    return [
      h("fieldset", { class: "pace" }, h("legend", {}, "Words appear"), this.paces),
      deed("Rename", () => this.#rename()),
      deed("Copy its link", () => this.#copy()),
      ...this.exports,
      this.research,
      deed("Delete for good", () => this.#remove(), "danger"),
    ];
  }

  #paceChoice(pace) {
    const radio = h("input", { type: "radio", name: "mascot-pace", value: pace, onchange: () => this.#choosePace(pace) });
    return h("label", {}, radio, pace === "reading" ? "at reading speed" : "as soon as they come");
  }

  /** What was chosen stays chosen while the server is told, whatever else is shown meanwhile. */
  async #choosePace(pace) {
    if (!(await this.on.pace(pace))) this.#showPace();
  }

  #showPace() {
    for (const label of this.paces) label.firstChild.checked = label.firstChild.value === this.pace;
  }

  /** Shows which conversation is open ("" for none yet), its pace, and whether research may be given it. */
  show(id, title, pace, donations) {
    const shown = this.id;
    this.research.hidden = !donations;
    this.id = id;
    this.name = title;
    say(this.title, id ? title || "New conversation" : "MASCOT Studio");
    document.title = id && title ? `${title} · MASCOT Studio` : "MASCOT Studio";
    this.button.hidden = !id;
    this.element.classList.toggle("blank", !id);
    if (!id) this.menu.matches(":popover-open") && this.menu.hidePopover();
    for (const link of this.exports) link.href = id ? api.exportAddress(id, link.dataset.format) : "";
    if (id === shown && pace === this.pace) return;
    this.pace = pace;
    this.#showPace();
  }

  /** Says quietly that something was done. */
  tell(sentence) {
    say(this.told, sentence);
    clearTimeout(this.forgetting);
    this.forgetting = setTimeout(() => say(this.told, ""), 4000);
  }

  async #rename() {
    const input = h("input", { type: "text", maxlength: 80, required: true, value: this.name, "aria-label": "Title" });
    const title = await question(this.host, {
      title: "Rename this conversation",
      confirm: "Rename",
      field: h("div", { class: "field" }, input),
      value: () => input.value.trim(),
    });
    this.button.focus();
    if (title) this.on.rename(title);
  }

  async #copy() {
    const link = window.location.href;
    try {
      await navigator.clipboard.writeText(link);
      this.tell("Link copied. Whoever has it can read and take part.");
    } catch {
      const input = h("input", { type: "text", readonly: true, value: link, "aria-label": "Link" });
      await question(this.host, {
        title: "The link of this conversation",
        text: "Whoever has it can read and take part.",
        field: h("div", { class: "field" }, input),
      });
      this.button.focus();
    }
  }

  async #remove() {
    const sure = await question(this.host, {
      title: "Delete this conversation for good?",
      text: "Every word of it is removed from the server, for everyone who has its link. This cannot be undone.",
      confirm: "Delete for good",
      danger: true,
    });
    if (sure) this.on.remove();
    else this.button.focus();
  }
}
