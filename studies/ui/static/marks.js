// Stretches of a dialogue that are marked as the reason for a judgement: a sentence at a press, or any words
// that are selected. Shown with the browser's own highlights, so the text itself is never changed.

import { freshId, h } from "./dom.js";
import { radio } from "./options.js";
import { t } from "./words.js";

/** All marks of a step: each press goes to one question, and those of all columns are shown together. */
export class Marking {
  constructor() {
    this.hands = new Map(); // by place: what is marked there now
  }

  /** Marks of a question; the first in a column has it in hand. */
  add(marks, column) {
    const { place, id } = marks;
    const held = this.hands.get(place);
    if (!held) listen(column, (...mark) => this.hands.get(place).mark(...mark));
    if (!held || held.id === id) this.take(marks);
  }

  /** From now on presses in this column are for these. */
  take(marks) {
    this.hands.set(marks.place, marks);
    this.paint();
  }

  paint() {
    if (!window.CSS?.highlights) return;
    const ranges = [...this.hands.values()].flatMap((marks) => marks.ranges());
    CSS.highlights.set("marks", new Highlight(...ranges));
  }
}

/** Marks in one dialogue; `dialogues` has its lines. */
export function spans(question, given, changed, dialogues) {
  const place = question.where.dialogue ?? 0;
  const column = dialogues?.columns[place];
  let marks = given ? given.marks.map((mark) => ({ ...mark })) : [];
  let label = question.options[0]?.value ?? "";
  const list = h("ul", { class: "marks" });

  const textOf = (line) => dialogues.line(place, line)?.querySelector(".text");
  const show = () => {
    list.replaceChildren(
      ...marks.map((mark) =>
        h(
          "li",
          {},
          h("q", {}, textOf(mark.line)?.textContent.slice(mark.start, mark.end).trim() ?? ""),
          mark.label && h("span", { class: "tag" }, question.options.find((o) => o.value === mark.label)?.label ?? ""),
          h("button", { type: "button", class: "quiet", "aria-label": t("marks-remove"), onclick: () => away(mark) }, "×"),
        ),
      ),
      ...(marks.length ? [] : [h("li", { class: "aside" }, t("marks-none"))]),
    );
    dialogues?.marking.paint();
  };
  const toggle = (mark) => {
    const same = marks.findIndex((m) => m.line === mark.line && m.start === mark.start && m.end === mark.end);
    if (same >= 0) marks.splice(same, 1);
    else marks = [...marks.filter((m) => m.line !== mark.line || m.end <= mark.start || m.start >= mark.end), mark];
    marks.sort((a, b) => a.line - b.line || a.start - b.start);
    show();
    changed({ kind: "marks", marks });
  };

  const away = (mark) => {
    toggle(mark);
    (list.querySelector("button") ?? element).focus();
  };
  const mine = {
    place,
    id: question.id,
    mark: (line, start, end) => toggle({ line, start, end, label }),
    ranges: () => marks.map((mark) => rangeOf(textOf(mark.line), mark)).filter(Boolean),
  };
  if (column) dialogues.marking.add(mine, column);
  const take = () => column && dialogues.marking.take(mine);
  const name = freshId("mark");
  const labels = question.options.map(({ value, label: text }) =>
    radio(name, { value, label: text, checked: value === label }, () => (label = value)),
  );
  const element = h(
    "div",
    { class: "spans", tabindex: labels.length ? -1 : 0, role: "group", "aria-label": question.text, onfocusin: take, onpointerdown: take },
    h("p", { class: "aside" }, t("marks-hint")),
    labels.length > 0 && h("fieldset", {}, h("legend", {}, t("marks-as")), h("div", { class: "options row" }, labels)),
    list,
  );
  show();
  return { element, press: () => "" };
}

/** Sentences of the group can be pressed, and words selected. */
function listen(column, mark) {
  for (const sentence of column.querySelectorAll(".group .sentence")) {
    sentence.setAttribute("role", "button");
    sentence.setAttribute("tabindex", "0");
  }
  const pressed = (node) => {
    const sentence = node.closest?.(".group .sentence");
    if (!sentence) return;
    const text = sentence.parentElement;
    const start = offset(text, sentence, 0);
    const length = sentence.textContent.trimEnd().length;
    mark(Number(sentence.closest("[data-line]").dataset.line), start, start + length);
  };
  column.addEventListener("click", ({ target }) => {
    const selection = window.getSelection();
    if (!selection || selection.isCollapsed) return pressed(target);
    const range = selection.getRangeAt(0);
    const text = elementOf(range.commonAncestorContainer).closest(".text");
    if (!text?.closest(".group") || !column.contains(text)) return;
    const start = offset(text, range.startContainer, range.startOffset);
    const end = offset(text, range.endContainer, range.endOffset);
    if (end > start) mark(Number(text.closest("[data-line]").dataset.line), start, end);
    selection.removeAllRanges();
  });
  column.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    pressed(event.target);
  });
}

const elementOf = (node) => (node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement);

function offset(text, node, at) {
  const range = document.createRange();
  range.setStart(text, 0);
  range.setEnd(node, at);
  return range.toString().length;
}

function rangeOf(text, { start, end }) {
  if (!text) return null;
  const range = document.createRange();
  let seen = 0;
  for (const node of nodes(text)) {
    const after = seen + node.data.length;
    if (start >= seen && start <= after) range.setStart(node, start - seen);
    if (end >= seen && end <= after) {
      range.setEnd(node, end - seen);
      return range;
    }
    seen = after;
  }
  return null;
}

function* nodes(text) {
  const walk = document.createTreeWalker(text, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) yield walk.currentNode;
}
