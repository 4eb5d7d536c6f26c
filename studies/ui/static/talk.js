// A conversation that the person takes part in. What they write is kept until the server has it.

import { line } from "./dialogue.js";
import { h, say } from "./dom.js";
import { helpList } from "./exit.js";
import { freshKey, pause, Refusal } from "./server.js";
import { t } from "./words.js";

const NEAR = 40; // pixels below the edge at which the last line still counts as read

/** `ask(method, path, body)` reaches the server; `on.changed(talk)`, `on.state(state)`, `on.moved()`: it is over. */
export class Conversation {
  constructor(step, drawer, ask, on) {
    Object.assign(this, { step, drawer, ask, on, talk: step.talk, ended: false, followed: 0 });
    // Of this talk and no other: what was on its way when one ended is not said in the next.
    Object.assign(this, { draft: `draft:${step.id}`, unsaid: `unsaid:${step.id}` });
    this.log = h("div", { class: "log", role: "log", "aria-label": t("conversation") });
    this.speaking = h("p", { class: "speaking" });
    this.trouble = h("p", { class: "aside" });
    this.count = h("p", { class: "aside" });
    this.box = h("textarea", { rows: 2, maxlength: 4000, "aria-label": t("say"), placeholder: t("say-hint"), onkeydown: (event) => this.#key(event) });
    this.box.value = drawer.get(this.draft) ?? "";
    this.box.addEventListener("input", () => drawer.set(this.draft, this.box.value));
    this.send = h("button", { type: "button", class: "primary", onclick: () => this.#say() }, t("send"));
    this.composer = h("div", { class: "composer" }, this.box, this.send);
    this.crisis = h("section", { class: "callout", hidden: true }, h("p", {}, t("talk-crisis")), helpList(step.help));
    this.element = h("div", { class: "talk-of" }, this.log, this.speaking, this.trouble, this.crisis, this.composer, this.count);
    this.#show(step.talk);
    this.#follow();
    if (drawer.get(this.unsaid)) this.#deliver();
  }

  end() {
    this.ended = true;
  }

  /** Whether enough was said to go on to the questions. */
  get enough() {
    return this.talk.crisis || this.talk.messages >= this.talk.wanted;
  }

  #key(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.#say();
  }

  #say() {
    const text = this.box.value.trim();
    if (!text || this.drawer.get(this.unsaid)) return;
    this.followed = 0;
    this.drawer.set(this.unsaid, { text, key: freshKey() });
    this.drawer.drop(this.draft);
    this.box.value = "";
    this.#deliver();
  }

  async #deliver() {
    for (let patience = 700; !this.ended; patience = Math.min(patience * 2, 5000)) {
      const unsaid = this.drawer.get(this.unsaid);
      if (!unsaid) return;
      this.on.state("saving");
      try {
        const talk = await this.ask("POST", "say", unsaid);
        this.drawer.drop(this.unsaid);
        this.on.state("saved");
        return this.#show(talk);
      } catch (refusal) {
        if (!(refusal instanceof Refusal)) throw refusal;
        if (refusal.status === 409) {
          this.drawer.drop(this.unsaid);
          return this.on.moved();
        }
        if (!refusal.passing) {
          // It stays in the box: nothing that was written is thrown away.
          this.drawer.drop(this.unsaid);
          this.box.value = unsaid.text;
          return say(this.trouble, refusal.message);
        }
        this.on.state("kept");
        await pause(patience);
      }
    }
  }

  async #follow() {
    while (!this.ended && !this.talk.crisis) {
      await pause(1000);
      if (this.ended || document.hidden) continue;
      try {
        this.#show(await this.ask("GET", "talk"));
      } catch (refusal) {
        if (!(refusal instanceof Refusal)) throw refusal;
        if (refusal.status === 409) return this.on.moved();
        if (!refusal.passing) return;
      }
    }
  }

  #show(talk) {
    this.talk = talk;
    const follows = this.#follows;
    for (let i = this.log.children.length; i < talk.lines.length; i += 1) this.log.append(line(talk.lines[i], i));
    const key = talk.so_far ? "speaking" : "thinking";
    say(this.speaking, talk.speaking ? t(key, { name: talk.speaking }) : "");
    this.speaking.hidden = !talk.speaking;
    say(this.trouble, talk.trouble);
    this.crisis.hidden = !talk.crisis;
    this.composer.hidden = talk.crisis;
    say(this.count, this.enough ? t("talk-enough") : t("talk-count", talk));
    if (follows) this.#toEnd();
    this.on.changed(talk);
  }

  /** Whether this person is at the end, has just come or has just spoken; others read and are left where they are. */
  get #follows() {
    const scroller = this.element.closest(".body");
    if (!scroller) return false; // not on the page yet
    const last = this.log.lastElementChild;
    return !this.followed || !last || last.getBoundingClientRect().bottom < scroller.getBoundingClientRect().bottom + NEAR;
  }

  #toEnd() {
    const count = this.log.children.length;
    if (count === this.followed) return;
    this.followed = count;
    this.log.lastElementChild?.scrollIntoView({ block: "nearest" });
  }
}
