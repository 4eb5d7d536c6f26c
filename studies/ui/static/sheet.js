// The questions of a step. On wide screens all of them beside the dialogues; on narrow ones a group at a
// time, and the dialogues one tap away.

import { h } from "./dom.js";
import { Asked, grouped } from "./question.js";
import { t } from "./words.js";

const NARROW = window.matchMedia("(max-width: 859px)");

/** `on.answered(asked, later)`; `on.screen()` after another part is shown on a narrow screen. */
export class Sheet {
  constructor(step, given, dialogues, on) {
    this.on = on;
    this.dialogues = dialogues;
    this.all = step.questions.map((question) => new Asked(question, given[question.id], dialogues, step, { answered: (asked, later) => this.#answered(asked, later) }));
    this.groups = grouped(this.all);
    this.sections = this.groups.map(({ heading, all }, i) => section(heading !== this.groups[i - 1]?.heading && heading, all));
    this.element = h("div", { class: "questions" }, this.sections);
    this.reading = Boolean(dialogues) && this.all.every(({ value }) => value === null);
    this.group = Math.max(0, this.groups.findIndex(({ all }) => all.some(({ open }) => open)));
    this.element.addEventListener("focusin", ({ target }) => this.#take(this.all.find(({ element }) => element.contains(target))));
    NARROW.addEventListener("change", this.arrange);
    this.arrange();
    this.#take(this.visible.find(({ open }) => open));
  }

  end() {
    NARROW.removeEventListener("change", this.arrange);
  }

  get narrow() {
    return NARROW.matches;
  }

  /** Narrow, and not at the last part yet. */
  get more() {
    return this.narrow && (this.reading || this.group < this.groups.length - 1);
  }

  /** Narrow, and not at the first part. */
  get before() {
    return this.narrow && !this.reading && (this.group > 0 || Boolean(this.dialogues));
  }

  /** The questions that can be seen now. */
  get visible() {
    if (!this.narrow) return this.all;
    return this.reading ? [] : (this.groups[this.group]?.all ?? []);
  }

  /** Shows what belongs on the screen. */
  arrange = () => {
    this.sections.forEach((section, i) => (section.hidden = this.narrow && (this.reading || i !== this.group)));
    this.element.hidden = this.narrow && this.reading;
    const marking = this.visible.some(({ question }) => question.kind === "spans");
    if (this.dialogues) this.dialogues.element.hidden = this.narrow && !this.reading && !marking;
    this.on.screen(this);
  };

  /** To another part, on narrow screens. */
  turn({ reading, group }) {
    this.reading = reading && Boolean(this.dialogues);
    this.group = Math.min(Math.max(group, 0), Math.max(this.groups.length - 1, 0));
    this.arrange();
    this.#take(this.visible.find(({ open }) => open) ?? this.visible[0]);
  }

  onward() {
    this.turn(this.reading ? { reading: false, group: this.group } : { reading: false, group: this.group + 1 });
  }

  back() {
    this.turn(this.group > 0 ? { reading: false, group: this.group - 1 } : { reading: true, group: 0 });
  }

  /** Shows what is still open among these; how many. */
  remind(among) {
    const open = among.filter((asked) => asked.open);
    for (const { element } of open) element.classList.add("open");
    if (open.length && !this.visible.includes(open[0])) {
      this.turn({ reading: false, group: this.groups.findIndex(({ all }) => all.includes(open[0])) });
    }
    open[0]?.focus();
    return open.length;
  }

  /** An answer that was given in another tab. */
  hear(question, value) {
    this.all.find((asked) => asked.question.id === question)?.hear(value);
  }

  /** A key that stands on a button; whether it was one. */
  press(key) {
    const held = this.visible.find(({ element }) => element.contains(document.activeElement));
    const wanted = held ?? this.visible.find(({ open }) => open);
    const answered = wanted?.control.press(key);
    if (answered === "done") this.#move(wanted);
    return Boolean(answered);
  }

  #move(from) {
    const after = this.visible.slice(this.visible.indexOf(from) + 1);
    const next = after.find(({ open }) => open) ?? this.visible.find(({ open }) => open);
    if (next) next.focus();
    else this.on.through();
  }

  #answered(asked, later) {
    this.on.answered(asked, later);
  }

  #take(asked) {
    for (const { element } of this.all) element.classList.toggle("current", element === asked?.element);
    if (asked) this.dialogues?.point(asked.question.where);
  }
}

const section = (heading, all) =>
  h("section", { class: "group-of" }, heading && h("h2", {}, heading), all.map(({ element }) => element));
