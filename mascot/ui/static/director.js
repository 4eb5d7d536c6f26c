// The director's view of one turn: what it weighed, what the guards caught, what it cost.

import { freshId, h } from "./dom.js";

const MOST = 6;

/** The quiet line above an utterance, and the view that one click on it opens. */
export function directiveLine(item, personas) {
  const { action, tone } = item.directive;
  const id = freshId("view");
  const view = h("div", { class: "view", id, hidden: true });
  const line = h(
    "button",
    { type: "button", class: "directive", "aria-expanded": "false", "aria-controls": id },
    h("span", {}, [action, tone].filter(Boolean).join(" · ")),
    h("span", { class: "sr" }, " (the director’s view)"),
  );
  line.addEventListener("click", () => {
    view.hidden = !view.hidden;
    line.setAttribute("aria-expanded", String(!view.hidden));
    if (!view.hidden) fill(view, item, personas);
  });
  return { line, view, refresh: () => view.hidden || fill(view, item, personas) };
}

function fill(view, item, personas) {
  const { weighed } = item.directive;
  view.replaceChildren(
    ...(weighed.length ? [h("h3", {}, "Moves the director weighed"), moves(weighed, personas)] : []),
    h("h3", {}, "Guards"),
    h("p", {}, guards(item.figures)),
    h("h3", {}, "Cost"),
    h("p", {}, cost(item)),
  );
}

function moves(weighed, personas) {
  const sorted = [...weighed].sort((a, b) => b.probability - a.probability);
  const shown = sorted.length > MOST + 1 ? MOST : sorted.length;
  const rows = sorted.slice(0, shown).map((move) => row(moveName(move, personas), move.probability));
  const others = sorted.slice(shown);
  const rest = others.reduce((sum, move) => sum + move.probability, 0);
  if (others.length) rows.push(row(`${others.length} others together`, rest));
  return h("ul", { class: "moves" }, rows);
}

function moveName(move, personas) {
  if (move.agent === null) return "give the floor back to you";
  return [personas(move.agent).name, move.action, move.tone].filter(Boolean).join(" · ");
}

function row(name, probability) {
  const bar = h("span", { class: "likely", "aria-hidden": "true" }, h("i"));
  bar.firstChild.style.inlineSize = `${Math.max(0, Math.min(100, probability * 100))}%`;
  return h("li", {}, h("span", { class: "move" }, name), bar, h("span", { class: "share" }, percent(probability)));
}

function percent(share) {
  return share > 0 && share < 0.01 ? "< 1 %" : `${Math.round(share * 100)} %`;
}

function guards(figures) {
  if (!figures) return "They watch while the words arrive.";
  const caught = Object.entries(figures.guards).filter(([, times]) => times > 0);
  if (!caught.length) return "They caught nothing.";
  return caught.map(([guard, times]) => `${guard.replaceAll("_", " ")} × ${times}`).join(", ");
}

function cost({ directive, figures }) {
  const parts = [`decided in ${seconds(directive.seconds)}`];
  if (figures) {
    parts.push(`first word after ${seconds(figures.first_token_seconds)}`);
    parts.push(`${figures.tokens} tokens in ${seconds(figures.seconds)}`);
    parts.push(`${figures.prompt_tokens} tokens read, ${figures.cached_tokens} of them from the cache`);
  }
  if (figures?.dropped_turns) parts.push(`the ${figures.dropped_turns} oldest turns no longer fitted`);
  return parts.join(" · ");
}

const seconds = (value) => `${value.toFixed(value < 10 ? 1 : 0)} s`;
