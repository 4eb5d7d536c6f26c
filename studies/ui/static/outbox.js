// Answers on their way. Each is kept on the device until the server has it on disk; sent again with the
// same key it is still one answer. A later answer to the same question takes the place of an earlier one.

import { freshKey, pause, Refusal } from "./server.js";

const NAME = "answer:";

/** `on.state("saving" | "saved" | "kept" | "")`, `on.refused(entry, refusal)`, `on.elsewhere(entry)` in another tab;
 * `send(entry)` asks the server. */
export class Outbox {
  constructor(drawer, send, on) {
    this.drawer = drawer;
    this.send = send;
    this.on = on;
    this.running = null;
    window.addEventListener("online", () => this.flush());
    drawer.heard((name, entry) => name.startsWith(NAME) && on.elsewhere(entry));
  }

  /** The answers that have not arrived, oldest first. */
  waiting() {
    return this.drawer
      .names()
      .filter((name) => name.startsWith(NAME))
      .map((name) => [name, this.drawer.get(name)])
      .filter(([, entry]) => entry)
      .sort(([, a], [, b]) => a.at.localeCompare(b.at));
  }

  /** What was answered at a step and has not arrived, by question. */
  of(step) {
    const mine = this.waiting().filter(([, entry]) => entry.step === step);
    return Object.fromEntries(mine.map(([, entry]) => [entry.question, entry.value]));
  }

  /** Keeps an answer at once; `later` waits with sending, for words that are still being typed. */
  put(step, question, value, person, seconds, later = 0) {
    this.drawer.set(`${NAME}${step}|${question}`, {
      step,
      question,
      value,
      person,
      seconds,
      key: freshKey(),
      at: new Date().toISOString(),
    });
    clearTimeout(this.timer);
    if (later) this.timer = setTimeout(() => this.flush(), later);
    else this.flush();
  }

  /** Sends all there is; done when nothing waits any more. */
  flush() {
    clearTimeout(this.timer);
    this.running ??= this.#run().finally(() => (this.running = null));
    return this.running;
  }

  async #run() {
    for (let patience = 700; ; ) {
      const [first] = this.waiting();
      if (!first) return;
      const [name, entry] = first;
      this.on.state("saving");
      try {
        await this.send(entry);
        patience = 700;
        if (this.drawer.get(name)?.key === entry.key) this.drawer.drop(name);
        if (!this.waiting().length) this.on.state("saved");
      } catch (refusal) {
        if (!(refusal instanceof Refusal)) throw refusal;
        if (refusal.passing) {
          this.on.state("kept");
          await pause(patience);
          patience = Math.min(patience * 2, 5000);
          continue;
        }
        if (this.drawer.get(name)?.key === entry.key) this.drawer.drop(name);
        this.on.state("");
        this.on.refused(entry, refusal);
      }
    }
  }
}
