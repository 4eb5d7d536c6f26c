// What has been said, as it looks: one node per item, changed in place.

import { directiveLine } from "./director.js";
import { h, say } from "./dom.js";
import { face, voiced } from "./faces.js";

const CUT = {
  "barge-in": "paused for you",
  stop: "stopped",
  restart: "was cut off when the studio restarted",
  failure: "could not go on",
};

/** The transcript in a conversation; `personas(id)` answers with a persona. */
export class Transcript {
  constructor(personas) {
    this.personas = personas;
    this.nodes = new Map();
    // The words arrive one by one: a screen reader hears them once, whole, from the announcer instead.
    this.element = h("div", { class: "log", role: "log", "aria-live": "off", "aria-label": "Conversation" });
    this.unsent = h("div", { class: "unsent" });
    this.element.append(this.unsent);
  }

  clear() {
    this.nodes.clear();
    this.unsent.replaceChildren();
    this.element.replaceChildren(this.unsent);
  }

  /** Shows an item that is new or has changed. */
  show(item) {
    let node = this.nodes.get(item);
    if (!node) {
      node = { user: () => this.#user(item), turn: () => this.#turn(item), note: () => this.#note(item) }[item.kind]();
      this.nodes.set(item, node);
      this.unsent.before(node.element);
    }
    node.update?.();
  }

  /** Shows the messages that the server has not received yet. */
  showUnsent(messages) {
    this.unsent.replaceChildren(
      ...messages.map((message) =>
        h("article", { class: "user pending" }, h("p", { class: "words" }, message.text), h("p", { class: "aside" }, "not sent yet")),
      ),
    );
  }

  #user(item) {
    const aside = h("p", { class: "aside" });
    const element = h(
      "article",
      { class: "user", "aria-label": "You", title: clock(item.at) },
      h("p", { class: "words" }, item.text),
      aside,
    );
    return { element, update: () => say(aside, item.waits ? "they will hear you next" : "") };
  }

  #note(item) {
    const name = item.agent ? this.personas(item.agent).name : "";
    const text = {
      asked: `You asked ${name} to speak.`,
      "went on": "You let them go on among themselves.",
      muted: `${name} sits this out.`,
      back: `${name} is back in the talk.`,
      failure: item.line,
    }[item.what];
    return { element: h("p", { class: "note" }, text) };
  }

  #turn(item) {
    const persona = this.personas(item.agent);
    const state = h("span", { class: "state" });
    const words = h("div", { class: "words" });
    const cut = h("p", { class: "aside" });
    const directive = item.directive && directiveLine(item, this.personas);
    const element = voiced(
      h(
        "article",
        { class: "turn", "aria-label": persona.name, title: clock(item.at) },
        face(persona),
        h(
          "div",
          { class: "said" },
          h("p", { class: "speaker" }, h("b", {}, persona.name), " ", h("span", { class: "role" }, persona.role), state),
          directive?.line,
          directive?.view,
          words,
          cut,
        ),
      ),
      persona,
    );
    const update = () => {
      element.dataset.phase = item.phase;
      say(state, item.phase === "thinking" ? " is thinking" : "");
      words.hidden = !item.text;
      if (!item.stopped || item.phase !== "speaking") spell(words, item);
      say(cut, item.phase === "cut" ? CUT[item.reason] : "");
      directive?.refresh();
    };
    return { element, update };
  }
}

/** New words fade in beside those that stand; a finished utterance is one piece of text. */
function spell(words, item) {
  const standing = words.textContent;
  if (item.phase !== "speaking" || !item.text.startsWith(standing)) return say(words, item.text);
  const fresh = item.text.slice(standing.length);
  if (fresh) words.append(h("span", { class: "fresh" }, fresh));
}

const clock = (at) => new Date(at).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
