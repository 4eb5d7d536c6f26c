// A step as a page: the bar, what is to be read, what is asked, and the way on.

import { copied } from "./copy.js";
import { dialogue, Dialogues } from "./dialogue.js";
import { freshId, h, say } from "./dom.js";
import { exitDialog, helpList } from "./exit.js";
import { paragraphs } from "./paragraphs.js";
import { Sheet } from "./sheet.js";
import { Conversation } from "./talk.js";
import { t } from "./words.js";

const ON = { consent: "agree", instructions: "next", comprehension: "check", questionnaire: "next", debrief: "finish" };
const ENDS = new Set(["complete", "waiting", "paused", "exit", "declined", "screened", "full", "gone"]);

/** Shows one step; `on` hears `answered`, `next`, `leave(reason)`, `screen(sheet)`, `state`, `moved`; see `Visit`. */
export class Page {
  constructor(step, given, drawer, on) {
    Object.assign(this, { step, on });
    this.notice = h("p", { class: "notice", role: "status" });
    this.state = h("span", { class: "saved", role: "status" });
    this.title = h("h1", { tabindex: -1 }, step.title);
    this.exit = step.can_exit && step.kind !== "consent" ? exitDialog(step, on.leave) : null;
    this.dialogues = step.dialogues.length ? new Dialogues(step.dialogues) : null;
    this.talk = step.talk ? new Conversation(step, drawer, on.ask, { changed: () => this.arrange(), state: on.state, moved: on.moved }) : null;
    this.sheet = step.questions.length
      ? new Sheet(step, given, this.dialogues, { answered: on.answered, screen: () => this.arrange(), through: () => this.onward.focus() })
      : null;
    this.element = this.#frame();
    this.arrange();
  }

  end() {
    this.sheet?.end();
    this.talk?.end();
  }

  /** One line about what happened, above everything else. */
  say(text) {
    say(this.notice, text);
    this.notice.hidden = !text;
  }

  #frame() {
    const { step } = this;
    this.back = h("button", { type: "button", class: "quiet", onclick: () => this.on.back() }, t("back"));
    this.look = h("button", { type: "button", class: "quiet look", onclick: () => this.on.turn({ reading: true, group: this.sheet.group }) });
    this.onward = h("button", { type: "submit", class: "primary onward" });
    this.no = step.kind === "consent" && h("button", { type: "button", class: "quiet", onclick: () => this.on.leave("declined") }, t("disagree"));
    this.foot = h("footer", { class: "actions" }, this.back, this.look, this.no, this.onward);
    const beside = this.dialogues && h("div", { class: "beside" }, this.dialogues.element);
    const words = h("div", { class: "words-of" }, this.notice, this.title, ...this.#words(), this.talk?.element, this.sheet?.element, ...this.#after());
    const body = h("main", this.dialogues ? { class: "body with-dialogues" } : { class: "body", tabindex: 0 }, beside, words);
    const form = h("form", { class: "step", novalidate: true, "data-kind": step.kind, "data-step": step.id, onsubmit: (event) => this.#submit(event) }, body, !ENDS.has(step.kind) && this.foot);
    return h("div", { class: "page" }, this.#bar(), form, this.exit?.element ?? null);
  }

  #bar() {
    const { progress, study } = this.step;
    const done = progress && Math.min(progress.done + (this.dialogues || this.talk ? 1 : 0), progress.total);
    const minutes = progress?.minutes_left === null || !progress ? null : Math.max(1, Math.round(progress.minutes_left));
    const left = minutes && t(minutes === 1 ? "minute" : "minutes", { minutes });
    const text = progress && [t("progress", { done, total: progress.total }), left].filter(Boolean).join(", ");
    const thin = progress && h("span", { class: "thin", "aria-hidden": "true" }, h("span", {}));
    if (thin) thin.firstElementChild.style.inlineSize = `${(100 * progress.done) / progress.total}%`;
    return h(
      "header",
      { class: "bar" },
      h("p", { class: "study" }, study),
      h("p", { class: "progress" }, text),
      this.state,
      this.exit && h("button", { type: "button", class: "quiet stop-here", onclick: () => this.exit.open() }, t("stop")),
      thin,
    );
  }

  #words() {
    const { step } = this;
    const warned = ["consent", "instructions", "talk"].includes(step.kind) && step.warning;
    return [
      ...step.remarks.map((remark) => h("p", { class: "callout" }, remark)),
      h("div", { class: "prose-of" }, paragraphs(step.text)),
      step.attempts_left !== null && h("p", { class: "aside" }, attempts(step.attempts_left)),
      warned && h("section", { class: "callout", "aria-label": t("warning") }, h("b", {}, t("warning")), paragraphs(step.warning)),
      step.example && h("section", { class: "example" }, h("h2", {}, t("example")), dialogue(step.example, 0)),
      step.code && code(step.code),
      step.redirect && h("p", {}, h("a", { class: "primary", href: step.redirect, rel: "noreferrer" }, t("return"))),
      ["exit", "gone"].includes(step.kind) && step.help.length > 0 && helpList(step.help),
    ].filter(Boolean);
  }

  #after() {
    const { step } = this;
    const where = step.withdraw && `${location.origin}${location.pathname.replace(/\/$/, "")}/withdraw#${step.withdraw}`;
    return [
      where && h("section", { class: "keep" }, h("p", {}, t("withdraw-keep")), h("p", {}, h("a", { href: where, target: "_blank" }, where)), copier(where)),
      (ENDS.has(step.kind) || step.kind === "consent") && h("p", { class: "aside" }, t("contact", { contact: step.contact })),
    ].filter(Boolean);
  }

  #submit(event) {
    event.preventDefault();
    if (this.sheet?.more) {
      if (this.sheet.remind(this.sheet.visible)) return this.#remind(this.sheet.visible.filter(({ open }) => open).length);
      return this.on.turn(null);
    }
    const open = this.sheet?.remind(this.sheet.all) ?? 0;
    if (open) return this.#remind(open);
    this.on.next();
  }

  #remind(open) {
    this.say(t(open === 1 ? "open-one" : "open-many", { count: open }));
  }

  /** Which buttons stand at the foot now, and what they say. */
  arrange() {
    if (!this.foot?.parentElement) return; // not built yet, or a step without a way on
    const { sheet } = this;
    const reading = sheet?.narrow && sheet.reading;
    this.element.classList.toggle("reading", Boolean(reading));
    this.back.hidden = !sheet?.before || (sheet.group === 0 && Boolean(this.dialogues));
    this.look.hidden = !sheet?.narrow || !this.dialogues || sheet.reading;
    this.look.textContent = t(this.step.dialogues.length > 1 ? "conversations" : "conversation");
    const more = Boolean(sheet?.more);
    this.foot.parentElement.dataset.more = more;
    this.onward.textContent = reading ? t("to-questions") : more ? t("onward") : t(ON[this.step.kind] ?? "next");
    this.onward.disabled = Boolean(this.talk && !this.talk.enough);
    this.say("");
  }

  /** Busy with going on. */
  set waiting(busy) {
    this.onward.setAttribute("aria-busy", String(busy));
    this.onward.classList.toggle("busy", busy);
  }
}

const attempts = (left) =>
  left === 1 ? t("attempts-one") : left === 2 ? t("attempts-two") : t("attempts-many", { count: left });

function code(text) {
  const label = freshId("code");
  return h("section", { class: "code" }, h("p", { id: label }, t("code")), h("output", { "aria-labelledby": label }, text), copier(text));
}

function copier(text) {
  const told = h("span", { class: "saved", role: "status" });
  const copy = async () => {
    told.textContent = t((await copied(text)) ? "copied" : "not-copied");
  };
  return h("p", { class: "copier" }, h("button", { type: "button", class: "quiet", onclick: copy }, t("copy")), told);
}
