// A question with its heading, its control and what has been answered so far.

import { pairwise, ranking } from "./compare.js";
import { freshId, h } from "./dom.js";
import { spans } from "./marks.js";
import { choice, choices, prose, scale, slider } from "./options.js";
import { t } from "./words.js";

/** One question of a step; `on.answered(question, value, later)` hears of every answer. */
export class Asked {
  constructor(question, given, dialogues, step, on) {
    this.question = question;
    this.value = given ?? null;
    this.legend = h("legend", { id: freshId("question") }, question.text, tag(question));
    const changed = (value, later) => {
      this.value = value;
      this.element.classList.remove("open");
      if (value) on.answered(this, later);
    };
    this.control = this.#control(given, changed, dialogues, step);
    this.element = h(
      "fieldset",
      { class: `question ${question.kind}`, "data-question": question.id },
      this.legend,
      quoted(question, step),
      question.help && h("p", { class: "aside" }, question.help),
      this.control.element,
    );
  }

  #control(given, changed, dialogues, step) {
    const labels = step.dialogues.map(({ label }, i) => label || "ABC"[i]);
    const { question } = this;
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
    this.element.querySelector("input:checked, input, textarea")?.focus();
  }
}

const tag = ({ required }) => !required && h("span", { class: "tag" }, t("optional"));

/** The turn that is asked about, in its first words: on a phone the dialogue is a tap away. */
function quoted({ where }, step) {
  const line = where.line === null ? null : step.dialogues[where.dialogue ?? 0]?.lines[where.line];
  if (!line) return null;
  const words = line.text.length > 150 ? `${line.text.slice(0, 140).trimEnd()} …` : line.text;
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
