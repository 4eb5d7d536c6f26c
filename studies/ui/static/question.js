// A question with its heading, its control and what has been answered so far.

import { pairwise, ranking } from "./compare.js";
import { freshId, h } from "./dom.js";
import { spans } from "./marks.js";
import { choice, choices, prose, scale, slider } from "./options.js";
import { t } from "./words.js";

const EMPTIED_WHERE_THEY_STAND = new Set(["choices", "spans", "text"]);

/** One question of a step; `on.answered(asked, later)` hears of every answer, also of one taken back (null). */
export class Asked {
  constructor(question, given, dialogues, step, on) {
    Object.assign(this, { question, dialogues, step, on, value: given ?? null });
    this.legend = h("legend", { id: freshId("question") }, question.text, tag(question));
    this.control = this.#control(this.value);
    this.takeBack = this.#unchooser();
    this.element = h(
      "fieldset",
      { class: `question ${question.kind}`, "data-question": question.id },
      this.legend,
      quoted(question, step),
      question.help && h("p", { class: "aside" }, question.help),
      this.control.element,
      this.takeBack,
    );
  }

  /** No radio can be unchosen: what need not be answered has a button that takes the answer back. */
  #unchooser() {
    const { required, kind } = this.question;
    if (required || EMPTIED_WHERE_THEY_STAND.has(kind)) return null;
    const act = () => {
      this.#again(null);
      this.focus();
      this.#changed(null);
    };
    return h("button", { type: "button", class: "take-back", hidden: this.value === null, onclick: act }, t("take-back"));
  }

  #changed = (value, later) => {
    this.value = value;
    this.#settle();
    this.on.answered(this, later);
  };

  #settle() {
    this.element.classList.remove("open");
    if (this.takeBack) this.takeBack.hidden = this.value === null;
  }

  /** Shows an answer that was given in another tab. */
  hear(value) {
    this.value = value;
    this.#again(value);
    this.#settle();
  }

  /** The control anew, showing a value. */
  #again(value) {
    const { element } = this.control;
    this.control = this.#control(value);
    element.replaceWith(this.control.element);
  }

  #control(given) {
    const { question, dialogues } = this;
    const changed = this.#changed;
    const labels = this.step.dialogues.map(({ label }, i) => label || "ABC"[i]);
    switch (question.kind) {
      case "scale":
        return scale(question, given, changed);
      case "slider":
        return slider(question, given, changed);
      case "choice":
        return choice(question, given, changed);
      case "choices":
        return choices(question, given, changed);
      case "pairwise":
        return pairwise(question, given, changed, labels);
      case "ranking":
        return ranking(question, given, changed, labels);
      case "spans":
        return spans(question, given, changed, dialogues);
      default:
        return prose(question, given, changed, this.legend.id);
    }
  }

  /** Whether an answer is still wanted before the person can go on. */
  get open() {
    const empty = this.value === null || (this.value.kind === "text" && !this.value.text.trim());
    return (this.question.required && empty) || Boolean(this.value && this.control.open?.());
  }

  focus() {
    this.element.querySelector("input:checked, input, textarea, .spans")?.focus();
  }
}

const tag = ({ required }) => !required && h("span", { class: "tag" }, t("optional"));

/** The turn that is asked about, in its first words: on a phone the dialogue is a tap away. */
function quoted({ where }, step) {
  const line = where.line === null ? null : step.dialogues[where.dialogue ?? 0]?.lines[where.line];
  if (!line) return null;
  const signs = [...line.text]; // no emoji is cut in two
  const words = signs.length > 150 ? `${signs.slice(0, 140).join("").trimEnd()} …` : line.text;
  return h("blockquote", {}, line.speaker && h("b", {}, `${line.speaker}: `), words);
}

/** Questions that stand together: the same heading, about the same turn or voice. */
export function grouped(all) {
  const groups = [];
  for (const asked of all) {
    const { group, where, kind } = asked.question;
    const name = JSON.stringify([group, where.line, where.voice, kind === "spans"]); // marking needs the dialogue
    if (groups.at(-1)?.name !== name) groups.push({ name, heading: group, all: [] });
    groups.at(-1).all.push(asked);
  }
  return groups;
}
