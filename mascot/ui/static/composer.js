// Where the person writes: always there, always saying what sending will do now.

import { freshId, h, icon, say } from "./dom.js";
import { preference } from "./keep.js";
import { Mentions } from "./mentions.js";
import { Seats } from "./seats.js";

const HINTS = {
  interrupt: "If you send now, they will pause for you.",
  queue: "If you send now, they will hear you next.",
  idle: window.matchMedia("(pointer: coarse)").matches
    ? "With @ you name someone."
    : "Enter sends, Shift + Enter begins a new line, @ names someone.",
};

const FLOORS = {
  "": "",
  director: "They are listening.",
  bound: "They leave it here for you.",
  enough: "They are listening.",
  stop: "They are quiet.",
  nobody: "Nobody else is left to speak.",
  failure: "They are quiet.",
};

const MUTED = "Everyone is muted. Let someone speak again to hear from them.";

/** An expected wait, as roughly as it is known. */
function soon(seconds) {
  if (!seconds) return "";
  if (seconds < 10) return ", a few seconds";
  if (seconds < 90) return `, about ${Math.round(seconds / 10) * 10} seconds`;
  return `, about ${Math.round(seconds / 60)} minutes`;
}

/** `on.send(text, barge)`, `on.draft(text)`, `on.stop()`, `on.enough()`, `on.goOn()`, `on.ask()`, `on.mute()`. */
export class Composer {
  constructor({ personas, name, limit, on }) {
    this.on = on;
    this.name = name;
    this.limit = limit;
    this.busy = false;
    this.#parts(personas);
    this.#floor();
    this.element = h(
      "section",
      { class: "composer", "aria-label": "Your words" },
      this.floor,
      this.seats.element,
      this.form,
      h("div", { class: "under" }, this.hint, this.barge),
      this.trouble,
    );
  }

  #parts(personas) {
    this.seats = new Seats(personas, this.on);
    this.hint = h("p", { class: "hint", id: freshId("hint") }, HINTS.idle);
    this.trouble = h("p", { class: "trouble", role: "alert" });
    this.box = h("textarea", {
      rows: 1,
      id: "mascot-box",
      "aria-label": "What is on your mind?",
      "aria-describedby": this.hint.id,
      placeholder: "Write what is on your mind",
      onkeydown: (event) => this.#key(event),
      oninput: () => this.#typed(),
    });
    this.mentions = new Mentions(this.box, personas);
    this.sender = h("button", { class: "send", "aria-label": "Send" }, icon("send"));
    this.form = h(
      "form",
      { class: "box", onsubmit: (event) => (event.preventDefault(), this.#send()) },
      this.mentions.list,
      this.box,
      this.sender,
    );
    this.barge = this.#bargeChoice();
  }

  #bargeChoice() {
    const kept = preference.get("barge") === "queue" ? "queue" : "interrupt";
    const choice = (value, text) =>
      h(
        "label",
        {},
        h("input", { type: "radio", name: "mascot-barge", value, checked: value === kept, onchange: () => this.#bargeChosen() }),
        h("span", {}, text),
      );
    return h(
      "fieldset",
      { class: "barge" },
      h("legend", { class: "sr" }, "When someone is speaking and you send"),
      choice("interrupt", "cut in"),
      choice("queue", "let them finish"),
    );
  }

  #bargeChosen() {
    preference.set("barge", this.how);
    this.#hint();
  }

  /** What sending does to whoever is speaking. */
  get how() {
    return this.barge.querySelector("input:checked").value;
  }

  #floor() {
    this.state = h("p", { class: "floor-state" });
    this.stop = h(
      "button",
      { type: "button", class: "stop", title: "Stop at once (Esc)", onclick: () => this.on.stop() },
      icon("stop"),
      "Stop",
    );
    this.enough = h(
      "button",
      { type: "button", class: "quiet", title: "Let them finish the sentence, then the floor is yours", onclick: () => this.on.enough() },
      "Enough",
    );
    this.goOn = h(
      "button",
      { type: "button", class: "quiet", title: "Let them continue among themselves", onclick: () => this.on.goOn() },
      "Go on",
    );
    this.floor = h("div", { class: "floor" }, this.state, this.enough, this.stop, this.goOn);
  }

  /** Shows the talk's state; `begun` is whether anything was said, `seated` whether the server knows of it. */
  show(talk, { begun, seated, connected }) {
    this.busy = talk.busy;
    this.element.classList.toggle("begun", begun);
    this.seats.show(talk);
    this.seats.element.hidden = !seated;
    say(this.state, connected ? this.#state(talk) : "Reconnecting. What you write is kept.");
    const focused = this.floor.contains(document.activeElement);
    this.stop.hidden = !talk.busy;
    this.enough.hidden = !talk.busy || talk.over;
    this.goOn.hidden = talk.busy || !talk.items.some((item) => item.kind === "turn");
    if (focused && document.activeElement?.hidden !== false) this.box.focus();
    this.barge.classList.toggle("idle", !talk.busy);
    this.#hint();
  }

  #state(talk) {
    if (!talk.busy && talk.floor === "nobody" && talk.cast.every((id) => talk.muted.has(id))) return MUTED;
    if (!talk.busy) return FLOORS[talk.floor] ?? "";
    if (talk.place && !talk.current) return `Many people are talking here. You are number ${talk.place} in line${soon(talk.wait)}.`;
    if (!talk.current) return "They are considering who speaks.";
    const doing = talk.current.phase === "speaking" ? "is speaking" : "is thinking";
    return `${this.name(talk.current.agent)} ${doing}.`;
  }

  #hint() {
    const spare = this.limit - this.box.value.length;
    if (spare < 0) say(this.hint, `${-spare} characters too many: please say it in two messages.`);
    else if (spare < 200) say(this.hint, `${spare} characters left.`);
    else say(this.hint, this.busy ? HINTS[this.how] : HINTS.idle);
  }

  /** Fills the box with words that are not sent yet. */
  fill(text) {
    this.box.value = text;
    this.complain("");
    this.#grow();
    this.#hint();
  }

  /** Says what was wrong with the last thing; "" clears it. */
  complain(sentence) {
    say(this.trouble, sentence);
  }

  focus() {
    this.box.focus();
    this.box.setSelectionRange(this.box.value.length, this.box.value.length);
  }

  #typed() {
    this.complain("");
    this.#grow();
    this.#hint();
    this.on.draft(this.box.value);
  }

  #grow() {
    this.box.style.blockSize = "auto";
    this.box.style.blockSize = `${this.box.scrollHeight}px`;
  }

  #key(event) {
    if (event.isComposing) return;
    if (this.mentions.key(event)) {
      event.preventDefault();
      event.stopPropagation();
    } else if (event.key === "Enter" && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      this.#send();
    }
  }

  #send() {
    const text = this.box.value.trim();
    if (!text || this.box.value.length > this.limit) return;
    this.fill("");
    this.on.send(text, this.how);
  }
}
