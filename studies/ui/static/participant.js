// A participant's page. The server says which step it is; everything here can be thrown away at any time.

import { h } from "./dom.js";
import { Drawer } from "./keep.js";
import { Outbox } from "./outbox.js";
import { Page } from "./page.js";
import { call, freshKey, Refusal, STUDY, untilAnswered } from "./server.js";
import { learn, t } from "./words.js";

const LAST_WORDS = 3000; // milliseconds that the last answers have to arrive when somebody leaves

const NOT_ANOTHER_TAB = new Set(["paused", "full", "gone"]); // these say themselves why they came

/** One person's visit. */
class Visit {
  constructor(root) {
    this.root = root;
    this.drawer = new Drawer(STUDY);
    this.page = null;
    this.going = false;
    this.since = Date.now();
    this.outbox = new Outbox(this.drawer, (entry) => this.#send(entry), {
      state: (state) => this.#state(state),
      refused: (entry, refusal) => this.#refused(entry, refusal),
      elsewhere: (entry) => this.#elsewhere(entry),
    });
  }

  async start() {
    const asked = new URLSearchParams(location.search).get("lang") ?? navigator.language;
    await learn(asked);
    this.root.classList.add("ready");
    this.#plain(t("loading"));
    try {
      await this.#enter(asked);
      await this.load();
    } catch (refusal) {
      this.#plain(refusal.message || t("elsewhere"));
      return;
    }
    this.outbox.flush();
    document.addEventListener("keydown", (event) => this.#key(event));
    document.addEventListener("visibilitychange", () => (document.hidden ? this.outbox.flush() : this.#look()));
    window.addEventListener("popstate", ({ state }) => this.#went(state));
    window.addEventListener("pageshow", ({ persisted }) => persisted && this.#look());
  }

  /** The key that belongs to this invitation; a plain link remembers who came by it in this browser. */
  async #enter(language) {
    const known = this.drawer.get("person");
    if (known?.invitation === location.search) {
      this.person = known.key;
      return;
    }
    const parameters = Object.fromEntries(new URLSearchParams(location.search));
    const entered = await untilAnswered(() => call("POST", "enter", { parameters, language: language.slice(0, 35) }), this.#unreached);
    this.person = entered.key;
    this.drawer.set("person", { key: entered.key, invitation: location.search });
  }

  #unreached = {
    waiting: () => (this.page ? this.page.say(t("connecting")) : this.#plain(t("connecting"))),
  };

  #ask = (method, path, body) => call(method, path, body, { "X-Study-Key": this.person });

  #send({ person, ...entry }) {
    return call("POST", "answer", entry, { "X-Study-Key": person ?? this.person });
  }

  /** Asks where this person stands, and shows it. */
  async load(notice = "") {
    try {
      await this.#show(await untilAnswered(() => this.#ask("GET", "step"), this.#unreached), notice);
    } catch (refusal) {
      if (!(refusal instanceof Refusal) || refusal.status !== 404 || this.again) throw refusal;
      this.again = true; // the study was set up anew, perhaps: come in once more
      this.drawer.drop("person");
      await this.#enter(navigator.language);
      await this.load(notice);
    }
  }

  /** Looks quietly whether it went on elsewhere. */
  async #look() {
    const { step: before } = this;
    try {
      const step = await this.#ask("GET", "step");
      if (this.going || this.step !== before) return; // it went on here while this was asked
      if (step.id !== this.step?.id || step.kind !== this.step.kind) await this.#show(step, t("moved"));
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
    }
  }

  async #show(step, notice = "") {
    const same = this.step?.id === step.id && this.step.kind === step.kind;
    if (document.documentElement.lang !== step.language) await learn(step.language);
    document.documentElement.lang = step.language; // what is read is in it, also where the page has no words of its own
    clearTimeout(this.timer);
    if (step.wait !== null) this.timer = setTimeout(() => this.load(), step.wait * 1000);
    if (same && !step.questions.length && !step.talk) return;
    this.step = step;
    this.forward = freshKey();
    this.since = Date.now();
    this.page?.end();
    this.page = new Page(step, { ...step.given, ...this.outbox.of(step.id) }, this.drawer, this.#hears());
    this.root.replaceChildren(this.page.element);
    this.page.say(NOT_ANOTHER_TAB.has(step.kind) ? "" : notice);
    document.title = `${step.title} · ${step.study}`;
    history.replaceState(this.#part(), "");
    this.page.title.focus({ preventScroll: true });
  }

  #hears() {
    return {
      answered: (asked, later) => this.#answered(asked, later),
      next: () => this.#next(),
      leave: (reason) => this.#leave(reason),
      turn: (part) => this.#turn(part),
      back: () => this.#back(),
      ask: this.#ask,
      state: (state) => this.#state(state),
      moved: () => this.load(),
    };
  }

  #answered({ question, value }, later) {
    const seconds = Math.min((Date.now() - this.since) / 1000, 1e6);
    if (!later) this.since = Date.now();
    this.page.say("");
    this.outbox.put(this.step.id, question.id, value, this.person, seconds, later);
  }

  async #next() {
    if (this.going) return;
    this.going = true;
    this.page.waiting = true;
    try {
      const done = { step: this.step.id, key: this.forward };
      const waiting = { waiting: () => this.page.say(t("waiting-next")) };
      await this.outbox.flush();
      await this.#show(await untilAnswered(() => this.#ask("POST", "next", done), waiting));
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      if (refusal.status === 409) await this.load(t("moved"));
      else this.page.say(refusal.message);
    } finally {
      this.going = false;
      this.page.waiting = false;
    }
  }

  /** What was answered last arrives before the person leaves; but nobody who wants to go is held up by it. */
  async #leave(reason) {
    const done = { step: this.step.id, key: freshKey(), reason };
    const waiting = { waiting: () => this.page.say(t("waiting-next")) };
    const leave = async () => {
      await Promise.race([this.outbox.flush(), new Promise((resolve) => setTimeout(resolve, LAST_WORDS))]);
      return this.#ask("POST", "exit", done);
    };
    await this.#show(await untilAnswered(leave, waiting));
  }

  #state(state) {
    if (!this.page) return;
    this.page.state.textContent = t(state);
    this.page.state.dataset.state = state;
  }

  #refused(entry, refusal) {
    if (refusal.status === 409) this.load(t("moved"));
    else this.page?.say(t("refused", { error: refusal.message }));
  }

  /** The same person has answered in another tab: shown here too, or it would count as open. */
  #elsewhere({ step, question, value, person }) {
    if (step === this.step?.id && person === this.person) this.page.sheet?.hear(question, value);
  }

  // Parts of a step on a narrow screen stand in the browser's history, so that "back" does what it should.

  #part() {
    const { sheet } = this.page;
    return { step: this.step.id, reading: sheet?.reading ?? false, group: sheet?.group ?? 0 };
  }

  #turn(part) {
    if (part) this.page.sheet.turn(part);
    else this.page.sheet.onward();
    history.pushState(this.#part(), "");
    window.scrollTo(0, 0);
    this.page.element.querySelector(".body").scrollTop = 0;
  }

  #back() {
    this.page.sheet.back();
    history.pushState(this.#part(), "");
  }

  #went(state) {
    if (state?.step === this.step?.id && this.page.sheet) return this.page.sheet.turn(state);
    history.replaceState(this.#part(), "");
    this.page.say(t("finished"));
  }

  #key(event) {
    const { target, key } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (target.matches("textarea, input[type=range], [role=button]") || document.querySelector("dialog[open]")) return;
    if (key.length === 1 && this.page?.sheet?.press(key)) event.preventDefault();
  }

  #plain(text) {
    this.root.replaceChildren(h("main", { class: "alone" }, h("p", { role: "status" }, text)));
  }
}

new Visit(document.querySelector(".room")).start();
