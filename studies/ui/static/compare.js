// Which of two is better, and the order of three.

import { freshId, h } from "./dom.js";
import { pressed, radio } from "./options.js";
import { t } from "./words.js";

/** A, B, about the same, neither; then how much. */
export function pairwise(question, given, changed, labels) {
  const name = freshId("pair");
  let vote = given ?? null;
  const possible = [
    { key: "a", label: t("better-one", { label: labels[0] }), value: { winner: 0, both_bad: false } },
    { key: "b", label: t("better-one", { label: labels[1] }), value: { winner: 1, both_bad: false } },
    { key: "=", label: t("tie"), value: { winner: null, both_bad: false } },
    ...(question.both_bad ? [{ key: "x", label: t("both-bad"), value: { winner: null, both_bad: true } }] : []),
  ];
  const options = possible.map(({ key, label, value }) =>
    radio(name, { value: key, label, key, checked: vote && vote.winner === value.winner && vote.both_bad === value.both_bad }, () => {
      vote = { kind: "pairwise", ...value };
      grade.show();
      changed(vote);
    }),
  );
  const grade = strength(question.strength, (level) => {
    vote = { ...vote, strength: level };
    changed(vote);
  });
  grade.show = () => {
    grade.element.hidden = !question.strength || (vote?.winner ?? null) === null;
    grade.mark(vote?.strength ?? null);
  };
  grade.show();
  const open = () => !grade.element.hidden && !vote.strength;
  const press = (key) => {
    const small = key.toLowerCase();
    if (pressed(options, possible.map((one) => one.key), small)) return open() ? "stays" : "done";
    return grade.element.hidden ? "" : pressed(grade.options, grade.keys, key);
  };
  return { element: h("div", {}, h("div", { class: "options stack" }, options), grade.element), press, open };
}

function strength(levels, chosen) {
  const name = freshId("strength");
  const keys = Array.from({ length: levels }, (_, i) => String(i + 1));
  const label = (i) => (i === 0 ? "strength-1" : i === levels - 1 ? "strength-last" : "strength-middle");
  const options = keys.map((key, i) =>
    radio(name, { value: key, key, label: levels <= 3 || i === 0 || i === levels - 1 ? t(label(i)) : "" }, () => chosen(i + 1)),
  );
  const element = h(
    "fieldset",
    { class: "how-much", hidden: true },
    h("legend", {}, t("how-much")),
    h("div", { class: "options row" }, options),
  );
  const mark = (level) => options.forEach((option, i) => (option.querySelector("input").checked = i + 1 === level));
  return { element, options, keys, mark };
}

/** A place for each; ties share one. What is sent are ranks like 1, 2, 2. */
export function ranking(question, given, changed, labels) {
  const places = given ? [...given.ranks] : labels.map(() => 0);
  const told = h("p", { class: "aside" });
  const keys = labels.map((_, i) => String(i + 1));
  const rows = labels.map((label, row) => {
    const name = freshId("rank");
    const options = keys.map((key, i) =>
      radio(name, { value: key, key, spoken: `${label}, ${t(`place-${key}`)}`, label: t(`place-${key}`), checked: places[row] === i + 1 }, () => {
        places[row] = i + 1;
        show();
        if (!places.includes(0)) changed({ kind: "ranking", ranks: ranks(places) });
      }),
    );
    const element = h("fieldset", { class: "rank" }, h("legend", {}, label), h("div", { class: "options row" }, options));
    return { element, options };
  });
  const show = () => {
    told.textContent = places.includes(0) ? t("rank-open") : spoken(ranks(places), labels);
  };
  const press = (key) => {
    const open = places.indexOf(0);
    const held = rows.findIndex(({ element }) => element.contains(document.activeElement));
    // Numbers go down the rows until each has a place; afterwards they change the row in hand.
    const row = open >= 0 ? open : Math.max(held, 0);
    if (!pressed(rows[row].options, keys, key)) return "";
    return places.includes(0) ? "stays" : "done";
  };
  show();
  const element = h("div", { class: "ranks" }, h("p", { class: "aside" }, t("rank-hint")), rows.map((row) => row.element), told);
  return { element, press };
}

/** Places as ranks: whoever shares a place takes the ones after it too. */
export const ranks = (places) => places.map((place) => 1 + places.filter((other) => other < place).length);

function spoken(found, labels) {
  const groups = [...new Set(found)].sort((a, b) => a - b).map((rank) => labels.filter((_, i) => found[i] === rank));
  const listed = (group) => group.join(` ${t("and")} `);
  const said = groups.map((group) => (group.length > 1 ? t("rank-equal", { list: listed(group) }) : group[0]));
  return said.reduce((first, second) => t("rank-then", { first, second }));
}
