// Dialogues side by side. All look the same, whoever made them: a face by number, a name, words.

import { h } from "./dom.js";
import { Marking } from "./marks.js";
import { t } from "./words.js";

const COLOURS = 8;

/** The letter or number in the face of a speaker. */
const initial = (name) => (/\d+$/.exec(name)?.[0] ?? [...name.trim()][0]).toUpperCase();

/** One line; `index` lets questions point at it. */
export function line({ speaker, voice, text }, index) {
  const name = speaker || t("hidden");
  const colour = voice > 0 ? `v${((voice - 1) % COLOURS) + 1}` : "v0";
  return h(
    "article",
    { class: `said-by ${voice === 0 ? "person" : "group"} ${colour}`, "data-line": index, "aria-label": name },
    h("span", { class: "disc", "aria-hidden": "true" }, voice < 0 ? "?" : initial(name)),
    h("div", {}, h("p", { class: "name" }, name), h("p", { class: "text" }, ...sentences(text))),
  );
}

/** A text as its sentences, each in an element, so that one can be marked with a press. */
function sentences(text) {
  const parts = text.match(/[^.!?…\n]*(?:[.!?…]+["”'’)]*\s*|\n+|$)/g)?.filter(Boolean) ?? [text];
  return parts.map((part) => h("span", { class: "sentence" }, part));
}

/** A dialogue as a column with its letter above it. */
export function dialogue({ label, lines }, place) {
  const name = label ? `${t("conversation")} ${label}` : t("conversation");
  return h(
    "section",
    { class: "dialogue", "data-place": place, "aria-label": name },
    label && h("h2", {}, name),
    lines.map(line),
  );
}

/** All dialogues of a step, and what can be done with them. */
export class Dialogues {
  constructor(dialogues) {
    this.columns = dialogues.map(dialogue);
    this.marking = new Marking();
    this.element = h(
      "div",
      {
        class: "dialogues",
        role: "region",
        tabindex: 0,
        "aria-label": t(dialogues.length > 1 ? "conversations" : "conversation"),
        "data-count": dialogues.length,
      },
      this.columns,
    );
  }

  line(place, index) {
    return this.columns[place]?.querySelector(`[data-line="${index}"]`);
  }

  /** Shows which line or voice a question is about. */
  point(where) {
    for (const old of this.element.querySelectorAll(".asked")) old.classList.remove("asked");
    const several = this.columns.length > 1;
    if (where.line !== null) {
      const found = this.line(where.dialogue ?? 0, where.line);
      found?.classList.add("asked");
      reveal(found, this.element);
    } else if (where.voice) {
      const spoken = [...(this.columns[where.dialogue ?? 0]?.children ?? [])].filter((node) => node.getAttribute("aria-label") === where.voice);
      for (const node of spoken) node.classList.add("asked");
    } else if (where.dialogue !== null && several) {
      this.columns[where.dialogue]?.classList.add("asked");
    }
  }
}

/** Scrolls a line into sight within its own scroller only: the page stays where it is. */
function reveal(node, scroller) {
  if (!node || !scroller.clientHeight) return;
  const [inner, outer] = [node.getBoundingClientRect(), scroller.getBoundingClientRect()];
  if (inner.top < outer.top || inner.bottom > outer.bottom) {
    scroller.scrollTop += inner.top - outer.top - outer.height / 3;
  }
}
