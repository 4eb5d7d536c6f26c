// The try-out: somebody says something, the director directs the draft, the draft answers.

import { CrisisCard } from "./crisis.js";
import { freshId, h, say } from "./dom.js";
import * as server from "./persona-server.js";

export class Trial {
  /** `fields()` gives the draft as it is now. */
  constructor(situations, notice, fields) {
    this.fields = fields;
    this.run = null;
    this.complete = false;
    const [pick, box] = [freshId("situation"), freshId("said")];
    this.pick = h("select", { id: pick, onchange: () => (this.said.value = this.pick.value) });
    this.pick.append(...situations.map(({ title, text }) => h("option", { value: text }, title)));
    this.said = h("textarea", { id: box, rows: 5, maxlength: 4000 }, situations[0]?.text ?? "");
    this.button = h("button", { type: "button", class: "primary", onclick: () => (this.run ? this.stop() : this.#try()) }, "Try it");
    this.directive = h("p", { class: "directive-line" });
    this.words = h("p", { class: "words" });
    this.told = h("p", { class: "fault", role: "alert" });
    this.heard = h("p", { class: "sr", role: "status" });
    this.crisis = new CrisisCard({ acknowledge: () => (this.crisis.show(null), this.said.focus()) });
    this.element = h(
      "section",
      { class: "trial", "aria-label": "Try it out" },
      h("h2", {}, "Try it out"),
      h("label", { for: pick }, "Situation"),
      this.pick,
      h("label", { for: box }, "What is said to it"),
      this.said,
      h("div", { class: "deeds" }, this.button),
      this.told,
      (this.answer = h("div", { class: "answer", hidden: true }, this.directive, this.words)),
      this.heard,
      this.crisis.element,
      h("p", { class: "quiet-text" }, notice),
    );
  }

  ready(complete) {
    this.complete = complete;
    this.button.disabled = !complete && !this.run;
  }

  clear() {
    this.stop();
    this.answer.hidden = true;
    this.told.textContent = this.heard.textContent = "";
    this.crisis.show(null);
  }

  stop() {
    this.run = null;
    this.button.textContent = "Try it";
    this.button.disabled = !this.complete;
  }

  async #try() {
    this.clear();
    const run = (this.run = {});
    this.button.textContent = "Stop";
    this.answer.hidden = false;
    this.words.textContent = "";
    say(this.directive, `${this.fields().name} is thinking`);
    try {
      for await (const piece of server.attempt(this.fields(), this.said.value)) {
        if (this.run !== run) return; // who stopped, or looks at another persona, hears no more
        this.#show(piece);
      }
      this.heard.textContent = this.words.textContent;
    } catch (refusal) {
      if (this.run === run) this.told.textContent = refusal.message;
    } finally {
      if (this.run === run) this.stop();
      if (!this.run && !this.words.textContent) this.answer.hidden = true;
    }
  }

  #show({ directive, words, crisis, error }) {
    if (directive) say(this.directive, `${directive.action} · ${directive.tone}`);
    if (words) this.words.textContent += words;
    if (error) this.told.textContent = error;
    if (crisis) this.crisis.show(crisis.kind);
  }
}
