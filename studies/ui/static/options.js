// Questions answered with one press: scales, choices. Radios and checkboxes that look like buttons.

import { freshId, h } from "./dom.js";
import { t } from "./words.js";

/** The key that stands on a button. */
export const cap = (key) => h("kbd", { "aria-hidden": "true" }, key);

/** A radio that looks like a button. */
export function radio(name, { value, label, key, checked, spoken }, onchange) {
  const input = h("input", { type: "radio", name, value, checked, onchange, "aria-label": spoken });
  input.checked = Boolean(checked);
  return h("label", { class: "option" }, input, h("span", { class: "face-of" }, key && cap(key), label && h("span", {}, label)));
}

/** The points of a scale; at most nine can be pressed by number. */
function points({ low, high, step, labels }) {
  const count = Math.round((high - low) / step) + 1;
  return Array.from({ length: count }, (_, i) => ({ number: low + i * step, label: labels[i] ?? "" }));
}

/** A button for each point from low to high, the anchors at both ends. */
export function scale(question, given, changed) {
  const name = freshId("scale");
  const all = points(question);
  const digits = all.every(({ number }) => Number.isInteger(number) && number >= 0 && number <= 9);
  const spoken = ({ number, label }) =>
    [number, label || (number === question.low ? question.low_label : number === question.high ? question.high_label : "")]
      .filter((part) => part !== "")
      .join(", ");
  const options = all.map((point) =>
    radio(
      name,
      {
        value: point.number,
        label: point.label || (digits ? "" : String(point.number)),
        key: digits && String(point.number),
        checked: given?.value === point.number,
        spoken: spoken(point),
      },
      () => changed({ kind: "scale", value: point.number }),
    ),
  );
  const labelled = question.labels.length > 0;
  const element = h(
    "div",
    { class: labelled ? "options stack" : "scale" },
    h("div", { class: labelled ? "options stack" : "points" }, options),
    !labelled && h("p", { class: "anchors" }, h("span", {}, question.low_label), h("span", {}, question.high_label)),
  );
  return { element, press: (key) => (digits ? pressed(options, all.map(({ number }) => String(number)), key) : "") };
}

/** One of the options. */
export function choice(question, given, changed) {
  const name = freshId("choice");
  const keys = question.options.map((_, i) => (i < 9 ? String(i + 1) : ""));
  const options = question.options.map(({ value, label }, i) =>
    radio(name, { value, label, key: keys[i], checked: given?.options?.[0] === value }, () =>
      changed({ kind: "choice", options: [value] }),
    ),
  );
  const short = question.options.length <= 4 && question.options.every(({ label }) => label.length <= 12);
  return {
    element: h("div", { class: short ? "options row" : "options stack" }, options),
    press: (key) => pressed(options, keys, key),
  };
}

/** Any of the options. */
export function choices(question, given, changed) {
  const chosen = new Set(given?.options ?? []);
  const keys = question.options.map((_, i) => (i < 9 ? String(i + 1) : ""));
  const options = question.options.map(({ value, label }, i) => {
    const input = h("input", { type: "checkbox", value });
    input.checked = chosen.has(value);
    input.addEventListener("change", () => {
      if (input.checked) chosen.add(value);
      else chosen.delete(value);
      changed(chosen.size ? { kind: "choice", options: question.options.map((o) => o.value).filter((v) => chosen.has(v)) } : null);
    });
    return h("label", { class: "option" }, input, h("span", { class: "face-of" }, keys[i] && cap(keys[i]), h("span", {}, label)));
  });
  return {
    element: h("div", { class: "options stack" }, options),
    press: (key) => (pressed(options, keys, key) ? "stays" : ""),
  };
}

/** Presses the button that bears a key: "done", or "" where none does. */
export function pressed(options, keys, key) {
  const at = keys.indexOf(key);
  if (at < 0) return "";
  const input = options[at].querySelector("input");
  input.focus();
  input.click();
  return "done";
}

/** A slider on which nothing is chosen before it is touched. */
export function slider(question, given, changed) {
  const note = h("p", { class: "aside", id: freshId("slider") });
  const input = h("input", {
    type: "range",
    min: question.low,
    max: question.high,
    step: question.step,
    "aria-label": question.text,
    "aria-describedby": note.id,
  });
  input.value = given ? given.value : (question.low + question.high) / 2;
  const show = (answered) => {
    input.classList.toggle("untouched", !answered);
    note.textContent = answered ? String(Number(input.value)) : t("slider-open");
  };
  const settle = () => {
    show(true);
    changed({ kind: "scale", value: Number(input.value) });
  };
  input.addEventListener("input", () => show(true));
  input.addEventListener("change", settle);
  // A click right on the middle changes no value, and is an answer all the same.
  input.addEventListener("click", () => input.classList.contains("untouched") && settle());
  input.addEventListener("keydown", ({ key }) => (key === " " || key === "Enter") && input.classList.contains("untouched") && settle());
  show(Boolean(given));
  const element = h(
    "div",
    { class: "slider" },
    input,
    h("p", { class: "anchors" }, h("span", {}, question.low_label), h("span", {}, question.high_label)),
    note,
  );
  return { element, press: () => "" };
}

/** Words. */
export function prose(question, given, changed, labelledBy) {
  const count = h("p", { class: "aside" });
  const area = h("textarea", { rows: 3, maxlength: question.max_characters, "aria-labelledby": labelledBy });
  area.value = given?.text ?? "";
  const show = () => {
    const left = question.max_characters - area.value.length;
    count.textContent = left < 200 ? t("characters", { count: left }) : "";
  };
  const tell = (later) => changed({ kind: "text", text: area.value }, later);
  area.addEventListener("input", () => {
    show();
    tell(700);
  });
  show();
  return { element: h("div", { class: "prose" }, area, count), press: () => "" };
}
