// Messages on their way. Each keeps its key until the journal shows it: sent twice, it is said once.

import * as api from "./api.js";
import { freshKey, unsent } from "./keep.js";

const PATIENCE = [1000, 2000, 4000, 8000];

/** `on.changed()`, `on.waiting()` for a further try, `on.begun(id)`, `on.refused(words, refusal)`. */
export class Outbox {
  constructor(on) {
    this.on = on;
    this.messages = unsent.get();
    this.failures = 0;
    this.running = null;
    this.timer = null;
    window.addEventListener("online", () => this.flush());
  }

  /** The messages of a conversation that have not arrived ("" for the one not begun yet). */
  of(conversation) {
    return this.messages.filter((message) => message.conversation === conversation);
  }

  /** Whether something could not be sent yet. */
  get stuck() {
    return this.failures > 0 && this.messages.length > 0;
  }

  add(conversation, words) {
    this.messages.push({ conversation, key: freshKey(), ...words });
    this.#changed();
    this.flush();
  }

  /** The journal shows this message. */
  arrived(key) {
    if (!this.messages.some((message) => message.key === key)) return;
    this.messages = this.messages.filter((message) => message.key !== key);
    this.#changed();
  }

  /** A deleted conversation takes its unsent words with it. */
  forget(conversation) {
    this.messages = this.messages.filter((message) => message.conversation !== conversation);
    this.#changed();
  }

  /** Sends what can be sent, in order; after a failure, later again. */
  flush() {
    clearTimeout(this.timer);
    this.running ??= this.#run().finally(() => (this.running = null));
    return this.running;
  }

  async #run() {
    const sent = new Set();
    for (;;) {
      const message = this.messages.find(({ key }) => !sent.has(key));
      if (!message) return;
      try {
        if (!message.conversation) await this.#begin();
        await api.send(message.conversation, message);
        sent.add(message.key);
        this.failures = 0;
        this.#accepted(message);
      } catch (refusal) {
        if (this.#tryLater(refusal)) return;
        this.failures = 0;
        this.#refused(message, sent, refusal);
      }
    }
  }

  async #begin() {
    const { id } = await api.open();
    for (const message of this.of("")) message.conversation = id;
    this.#changed();
    this.on.begun(id);
  }

  // It stays visible until the journal shows it, but is not sent again after a reload.
  #accepted(message) {
    unsent.set(this.messages.filter(({ key }) => key !== message.key));
  }

  /** What was to follow a refused message makes little sense without it: it comes back with it. */
  #refused({ conversation }, sent, refusal) {
    const back = this.of(conversation).filter(({ key }) => !sent.has(key));
    this.messages = this.messages.filter((message) => !back.includes(message));
    this.#changed();
    this.on.refused({ conversation, text: back.map(({ text }) => text).join("\n") }, refusal);
  }

  #tryLater(refusal) {
    if (!refusal.passing) return false;
    this.timer = setTimeout(() => this.flush(), PATIENCE[Math.min(this.failures, PATIENCE.length - 1)]);
    this.failures += 1;
    this.on.waiting();
    return true;
  }

  #changed() {
    unsent.set(this.messages);
    this.on.changed();
  }
}
