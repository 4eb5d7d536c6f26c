// Longer texts of the study: paragraphs and lists. Text only ever becomes text.

import { h } from "./dom.js";

/** Paragraphs separated by blank lines; lines that begin with "- " are a list. */
export function paragraphs(text) {
  return text
    .split(/\n\s*\n/)
    .filter((part) => part.trim())
    .flatMap((part) => blocks(part.trim().split("\n")));
}

function blocks(lines) {
  const found = [];
  for (const line of lines) {
    const item = line.trim().startsWith("- ");
    const last = found.at(-1);
    if (last && last.item === item) last.lines.push(line.trim());
    else found.push({ item, lines: [line.trim()] });
  }
  return found.map(({ item, lines: own }) =>
    item
      ? h("ul", { class: "listed" }, own.map((one) => h("li", {}, one.slice(2))))
      : h("p", {}, own.join(" ")),
  );
}
