// The empty page: who is at the table, and four situations to start from.

import { h } from "./dom.js";
import { face, voiced } from "./faces.js";

const NUMBERS = ["Nobody", "One voice", "Two voices", "Three voices", "Four voices", "Five voices", "Six voices"];

/** `start(text)` puts first words into the message box. */
export function welcome({ personas, situations, notice, remark }, start) {
  const many = NUMBERS[personas.length] ?? `${personas.length} voices`;
  return h(
    "div",
    { class: "welcome" },
    h("h2", {}, "What is on your mind?"),
    h(
      "p",
      { class: "lead" },
      `${many} sit at this table. Write what is on your mind; they answer one after another, each in their own way, and you can cut in at any time.`,
    ),
    h(
      "ul",
      { class: "who" },
      personas.map((persona) =>
        voiced(
          h(
            "li",
            {},
            face(persona),
            h("p", {}, h("b", {}, persona.name), " ", h("span", { class: "role" }, persona.role), h("br"), persona.summary),
          ),
          persona,
        ),
      ),
    ),
    h("h3", {}, "Or begin with one of these"),
    h(
      "ul",
      { class: "situations" },
      situations.map(({ title, text }) =>
        h(
          "li",
          {},
          h("button", { type: "button", onclick: () => start(text) }, h("b", {}, title), h("span", {}, text)),
        ),
      ),
    ),
    h("p", { class: "notice" }, h("span", { class: "always" }, notice, " "), remark),
  );
}
