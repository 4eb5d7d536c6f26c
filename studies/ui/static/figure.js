// A figure of the researcher's page: a table, a picture beside each row where there is one, the command that
// computes the same, and a copy as CSV. Nothing is computed here; numbers are only written and drawn.

import { copied } from "./copy.js";
import { freshId, h, s } from "./dom.js";

/** A number with so many decimals, or a dash. */
export const number = (value, decimals = 2) =>
  typeof value === "number" ? value.toFixed(decimals).replace(/^-(?=0\.0*$)/, "").replace("-", "−") : "–";
export const percent = (value) => (typeof value === "number" ? `${(100 * value).toFixed(0)} %` : "–");
export const seconds = (value) => (typeof value === "number" ? `${Math.round(value)} s` : "–");

/** "0.41 [0.20, 0.58]". */
export const withInterval = ({ value, low, high }, write = number) =>
  typeof low === "number" ? `${write(value)} [${write(low)}, ${write(high)}]` : write(value);

/**
 * A section with a table. A column is `{ head, cell(row), csv(row), number }`; `csv` where the file shall have
 * more than the page, as `{ head: value }`.
 */
export function figure({ title, note, command, columns, rows, empty }) {
  const id = freshId("figure");
  const told = h("span", { class: "saved", role: "status" });
  const copy = async () => {
    told.textContent = (await copied(csvOf(columns, rows))) ? "copied" : "this browser does not let the page copy";
  };
  const deeds = h("p", { class: "beneath" }, command && h("code", {}, command), rows.length > 0 && h("button", { type: "button", class: "quiet", onclick: copy, "aria-label": `Copy ${title} as CSV` }, "Copy as CSV"), told);
  return h(
    "section",
    { class: "figure", "aria-labelledby": id },
    h("h2", { id }, title),
    note && h("p", { class: "aside" }, note),
    rows.length ? table(title, columns, rows) : h("p", { class: "aside" }, empty),
    deeds,
  );
}

function table(title, columns, rows) {
  const head = columns.map(({ head: text, number: right }) => h("th", { scope: "col", class: right && "number" }, text));
  const body = rows.map((row) => h("tr", {}, columns.map(({ cell, number: right }) => h("td", { class: right && "number" }, cell(row)))));
  return h("div", { class: "scroller", tabindex: 0, role: "region", "aria-label": `${title}, table` }, h("table", {}, h("thead", {}, h("tr", {}, head)), h("tbody", {}, body)));
}

/** The rows as CSV, in full precision. */
export function csvOf(columns, rows) {
  const written = columns.filter(({ csv }) => csv !== null);
  const parts = (row) => written.map(({ head, csv, cell }) => (csv ? csv(row) : { [head]: cell(row) }));
  const flat = rows.map((row) => Object.assign({}, ...parts(row)));
  const heads = [...new Set(flat.flatMap(Object.keys))];
  const quoted = (value) => (/[",\n]/.test(String(value ?? "")) ? `"${String(value).replaceAll('"', '""')}"` : String(value ?? ""));
  return [heads, ...flat.map((row) => heads.map((head) => row[head]))].map((line) => line.map(quoted).join(",")).join("\n");
}

/** A thin bar: how much of what is wanted is there. */
export function bar(part, whole) {
  const width = whole ? Math.min(100, (100 * part) / whole) : 0;
  return s(
    "svg",
    { class: "thin-bar", viewBox: "0 0 100 6", preserveAspectRatio: "none", "aria-hidden": "true" },
    s("rect", { class: "ground", width: 100, height: 6 }),
    s("rect", { class: "part", width, height: 6 }),
  );
}

/** An interval as a line with a dot, between `from` and `to`; a hairline at `mark` (chance, or no difference). */
export function interval({ value, low, high }, { from, to, mark }) {
  const place = (x) => 4 + (192 * (Math.min(Math.max(x, from), to) - from)) / (to - from || 1);
  return s(
    "svg",
    { class: "interval", viewBox: "0 0 200 16", "aria-hidden": "true" },
    s("line", { class: "axis", x1: 4, x2: 196, y1: 8, y2: 8 }),
    typeof mark === "number" && s("line", { class: "mark", x1: place(mark), x2: place(mark), y1: 1, y2: 15 }),
    typeof low === "number" && s("line", { class: "span", x1: place(low), x2: place(high), y1: 8, y2: 8 }),
    typeof value === "number" && s("circle", { cx: place(value), cy: 8, r: 4 }),
  );
}
