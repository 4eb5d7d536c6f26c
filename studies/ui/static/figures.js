// The figures of the researcher's page, each from what `annotations` says.

import { bar, figure, interval, number, percent, seconds, withInterval } from "./figure.js";
import { h } from "./dom.js";

const plain = (head, key, more = {}) => ({ head, cell: (row) => String(row[key] ?? "–"), csv: (row) => ({ [key]: row[key] }), ...more });
const drawn = (head, cell) => ({ head, cell, csv: null });
const estimate = (name, of) => (row) => {
  const found = of(row) ?? {};
  return { [name]: found.value, [`${name}_low`]: found.low, [`${name}_high`]: found.high };
};

export function people(status) {
  const row = { ...status };
  const names = ["entered", "consented", "finished", "dropped"];
  return figure({
    title: "People",
    command: `python -m studies status ${status.study}.yaml`,
    columns: [...names.map((name) => plain(name, name, { number: true })), { head: "ratings of items", number: true, cell: (s) => `${s.completed} of ${s.wanted}`, csv: (s) => ({ completed: s.completed, wanted: s.wanted }) }],
    rows: [row],
  });
}

export function quotas(status) {
  return figure({
    title: "Quotas",
    note: `The greatest difference between two orders of one condition is ${status.imbalance}.`,
    command: `python -m studies status ${status.study}.yaml`,
    columns: [
      plain("condition", "condition"),
      drawn("", (cell) => bar(cell.completed, cell.wanted)),
      { head: "completed", number: true, cell: (c) => `${c.completed} of ${c.wanted}`, csv: (c) => ({ completed: c.completed, wanted: c.wanted }) },
      plain("in hand", "open", { number: true }),
      { head: "by order on the page", cell: (c) => Object.entries(c.orders).map(([order, count]) => h("div", {}, `${order}: ${count}`)), csv: (c) => c.orders },
    ],
    rows: status.cells,
    empty: "The study has no items yet.",
  });
}

export function stages(status) {
  return figure({
    title: "Where people are",
    command: `python -m studies status ${status.study}.yaml`,
    columns: [plain("step", "step"), plain("here now", "here", { number: true }), plain("stopped here", "left", { number: true })],
    rows: status.stages,
    empty: "Nobody has come yet.",
  });
}

export function times(status) {
  return figure({
    title: "Time on task",
    command: `python -m studies status ${status.study}.yaml`,
    columns: [
      plain("kind of item", "kind"),
      plain("ratings", "count", { number: true }),
      { head: "median", number: true, cell: (t) => seconds(t.median), csv: (t) => ({ median: t.median }) },
      { head: "nine of ten within", number: true, cell: (t) => seconds(t.p90), csv: (t) => ({ p90: t.p90 }) },
    ],
    rows: status.times,
    empty: "Nothing is rated yet.",
  });
}

export function held(status, release) {
  return figure({
    title: "In somebody's hands",
    note: "An item whose time has run out goes to the next who asks. Release gives it back at once.",
    columns: [
      plain("item", "item"),
      plain("rater", "rater"),
      { head: "since", cell: (one) => new Date(one.since).toLocaleTimeString([], { timeStyle: "short" }), csv: (one) => ({ since: one.since }) },
      { head: "", cell: (one) => (one.stuck ? "time has run out" : ""), csv: (one) => ({ stuck: one.stuck }) },
      drawn("", (one) => h("button", { type: "button", class: "quiet", onclick: () => release(one.assignment), "aria-label": `Release ${one.item}, held by ${one.rater}` }, "Release")),
    ],
    rows: status.held,
    empty: "Nobody has an item now.",
  });
}

export function agreement(study, rows) {
  return figure({
    title: "Agreement",
    note: "Krippendorff's α with its 95 % interval over items; the hairline is chance.",
    command: `python -m annotations agreement --study ${study}`,
    columns: [
      plain("criterion", "criterion"),
      plain("level", "level"),
      plain("answers", "answers", { number: true }),
      { head: "α", number: true, cell: (row) => withInterval(row.krippendorff_alpha), csv: estimate("alpha", (row) => row.krippendorff_alpha) },
      drawn("", (row) => interval(row.krippendorff_alpha, { from: -1, to: 1, mark: 0 })),
      { head: "ICC(2,1)", number: true, cell: (row) => (row.icc_2_1 ? withInterval(row.icc_2_1) : "–"), csv: estimate("icc_2_1", (row) => row.icc_2_1) },
      { head: "", cell: (row) => row.krippendorff_alpha.reason, csv: (row) => ({ reason: row.krippendorff_alpha.reason }) },
    ],
    rows,
  });
}

export function strengths(study, criterion, found) {
  const ends = found.arms.flatMap(({ low, high }) => [low, high]).filter((end) => typeof end === "number");
  const reach = Math.max(0.5, ...ends.map(Math.abs));
  const scale = { from: -reach, to: reach, mark: 0 };
  const what = found.clustered_by_rater ? "intervals by rater" : "votes taken as independent";
  return figure({
    title: `Strengths: ${criterion}`,
    note: `${found.votes} votes of ${found.raters} raters, log-odds with 95 % intervals (${what}); the hairline is the mean of all arms.`,
    command: `python -m annotations strengths --study ${study}`,
    columns: [
      plain("arm", "name"),
      { head: "strength", number: true, cell: (arm) => withInterval(arm), csv: (arm) => ({ value: arm.value, low: arm.low, high: arm.high }) },
      drawn("", (arm) => interval(arm, scale)),
      { head: "rank", number: true, cell: (arm) => (arm.best_rank === arm.worst_rank ? String(arm.best_rank) : `${arm.best_rank} to ${arm.worst_rank}`), csv: ({ best_rank, worst_rank }) => ({ best_rank, worst_rank }) },
    ],
    rows: found.arms,
  });
}

export function positions(study, rows) {
  return figure({
    title: "Positions",
    note: "How often what stood at a place was preferred, whichever arm it was; ties aside, 95 % intervals.",
    command: `curl -H "Authorization: Bearer TOKEN" …/study/${study}/desk/positions`,
    columns: [
      plain("criterion", "criterion"),
      { head: "place", cell: (row) => "ABC"[row.place] ?? String(row.place + 1), csv: (row) => ({ place: row.place }) },
      plain("votes", "votes", { number: true }),
      { head: "preferred", number: true, cell: (row) => withInterval({ ...row, value: row.share }, percent), csv: ({ share, low, high }) => ({ share, low, high }) },
      drawn("", (row) => interval({ ...row, value: row.share }, { from: 0, to: 1 })),
    ],
    rows,
    empty: "There are no comparisons yet.",
  });
}

export function blinding(study, row) {
  return figure({
    title: "Is it blind?",
    note: "How often people guessed right which system they read; the hairline is chance.",
    command: `curl -H "Authorization: Bearer TOKEN" …/study/${study}/desk/blinding`,
    columns: [
      plain("guesses", "guesses", { number: true }),
      plain("right", "right", { number: true }),
      { head: "share", number: true, cell: (one) => withInterval({ ...one, value: one.share }, percent), csv: ({ share, low, high }) => ({ share, low, high }) },
      drawn("", (one) => interval({ ...one, value: one.share }, { from: 0, to: 1, mark: one.chance })),
      { head: "chance", number: true, cell: (one) => percent(one.chance), csv: (one) => ({ chance: one.chance }) },
    ],
    rows: [row],
  });
}

export function quality(study, rows) {
  return figure({
    title: "Raters",
    note: "A flag is a reason to look, never a verdict; nobody should go unpaid because of one.",
    command: `python -m annotations quality --study ${study}`,
    columns: [
      plain("rater", "rater"),
      plain("answers", "answers", { number: true }),
      { head: "with the others", number: true, cell: (row) => number(row.agreement), csv: (row) => ({ agreement: row.agreement }) },
      { head: "competence", number: true, cell: (row) => number(row.competence), csv: (row) => ({ competence: row.competence }) },
      { head: "same answer", number: true, cell: (row) => percent(row.same_share), csv: (row) => ({ same_share: row.same_share }) },
      { head: "median time", number: true, cell: (row) => seconds(row.seconds), csv: (row) => ({ seconds: row.seconds }) },
      { head: "checks failed", number: true, cell: (row) => `${row.failed} of ${row.checks}`, csv: (row) => ({ failed: row.failed, checks: row.checks }) },
      { head: "reasons to look", cell: (row) => row.flags.join("; "), csv: (row) => ({ flags: row.flags.join("; ") }) },
    ],
    rows,
  });
}
