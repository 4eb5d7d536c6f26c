// How long things are kept here, said quietly; and the question whether research may have a conversation.

import * as api from "./api.js";
import { h, say } from "./dom.js";
import { question } from "./menu.js";

const EVERY = 60_000;

/** A line that says how long conversations are kept, and until when a copy of them would survive. */
export class Keeping {
  constructor() {
    this.element = h("p", { class: "notice keeping" });
    this.donations = false;
  }

  /** Asks now, and each minute while somebody looks. */
  async start(changed) {
    for (;;) {
      if (!document.hidden) {
        try {
          const told = await api.keeping();
          this.donations = told.donations;
          say(this.element, sentences(told));
          changed();
        } catch {
          // It is a comfort; the next minute asks again.
        }
      }
      await new Promise((resolve) => setTimeout(resolve, EVERY));
    }
  }
}

function sentences({ retention_days: days, exported }) {
  const said = [];
  if (days) said.push(`What you say here is deleted after ${days} days without a word, or when you delete it.`);
  if (exported) {
    const until = exported.until && new Date(exported.until).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
    const copied = until ? `This demo may restart; everything until ${until} would survive that.` : "This demo may restart; nothing is copied to a safe place yet.";
    said.push(exported.late ? `${copied} The last copy did not succeed; it is tried again.` : copied);
  }
  return said.join(" ");
}

/** Asks whether research may have the conversation, or have it no longer; resolves with what to tell. */
export async function askForResearch(host, id) {
  const { at, terms } = await api.donation(id);
  const given = at && new Date(at).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  const sure = await question(host, {
    title: given ? "Take this conversation back from research?" : "Give this conversation to research?",
    text: given ? `You gave what was said until ${given}. Taken back, it is removed from everything that is read or published from now on.` : terms,
    confirm: given ? "Take it back" : "Give it to research",
  });
  if (!sure) return "";
  await (given ? api.takeBack(id) : api.donate(id));
  return given ? "It is taken back." : "Thank you. You can take it back here at any time.";
}
