// The page as a whole: one conversation at a time, its events folded and shown, its deeds sent.

import * as api from "./api.js";
import { Composer } from "./composer.js";
import { CrisisCard } from "./crisis.js";
import { h, say } from "./dom.js";
import { stranger } from "./faces.js";
import { emptyTalk, fold } from "./fold.js";
import { Header } from "./header.js";
import { draft } from "./keep.js";
import { Keeping, askForResearch } from "./keeping.js";
import { listen } from "./line.js";
import { dismiss } from "./menu.js";
import { Outbox } from "./outbox.js";
import { Panel } from "./panel.js";
import { Follower } from "./scroll.js";
import { Transcript } from "./transcript.js";
import { welcome } from "./welcome.js";

const UNASKED = new Set(["restart", "failure"]); // why somebody is cut short without the person's doing
const FINE = window.matchMedia("(pointer: fine)");
const GONE = "This conversation is no longer here: it was deleted, or its link is not complete. You can begin a new one.";

export class Studio {
  constructor(root, table) {
    this.root = root;
    this.table = table;
    this.id = "";
    this.title = "";
    this.talk = emptyTalk();
    this.connected = true;
    this.hangUp = () => {};
    const known = new Map(table.personas.map((persona) => [persona.id, persona]));
    this.persona = (id) => known.get(id) ?? stranger(id);
    this.#build();
    this.#lay();
    document.addEventListener("keydown", (event) => this.#escape(event));
    window.addEventListener("popstate", () => this.#follow(address()));
  }

  /** Shows the conversation in the page's address. */
  start() {
    this.#follow(address());
    this.#list();
    this.outbox.flush();
    this.keeping.start(() => this.#show());
  }

  #build() {
    const { personas, limits, notice } = this.table;
    this.transcript = new Transcript(this.persona);
    this.announcer = h("div", { class: "sr", role: "status", "aria-live": "polite" });
    this.sorry = h("p", { class: "note", role: "status" });
    this.empty = welcome(this.table, (text) => this.#begin(text));
    this.main = h("div", { class: "talk", tabindex: -1 });
    this.keeping = new Keeping();
    this.panel = new Panel({ notice, keeping: this.keeping.element, rest: this.main, on: { open: (id, drawer) => this.#go(id, drawer) } });
    this.crisis = new CrisisCard({ acknowledge: () => this.#act({ do: "acknowledge" }) });
    this.outbox = new Outbox(this.#outboxEvents());
    this.header = new Header({ opener: this.panel.opener, host: this.root, on: this.#headerEvents() });
    this.composer = new Composer({
      personas,
      limit: limits.characters,
      name: (id) => this.persona(id).name,
      on: this.#composerEvents(),
    });
  }

  #lay() {
    this.follower = new Follower(this.main);
    const column = h("div", { class: "column" }, this.sorry, this.empty, this.transcript.element);
    const foot = h("div", { class: "foot" }, this.follower.button, this.crisis.element, this.composer.element);
    this.main.append(this.header.element, column, foot);
    const skip = h("a", { class: "skip", href: "#mascot-box", onclick: (event) => (event.preventDefault(), this.composer.focus()) }, "Skip to the message box");
    this.root.replaceChildren(skip, this.panel.element, this.panel.veil, this.main, this.announcer);
  }

  #composerEvents() {
    return {
      send: (text, barge) => this.#send(text, barge),
      draft: (text) => draft.set(this.id, text),
      stop: () => this.#stop(),
      enough: () => this.#act({ do: "enough" }),
      goOn: () => this.#act({ do: "go-on" }),
      ask: (agent) => this.#act({ do: "ask", agent }),
      mute: (agent, muted) => this.#act({ do: "mute", agent, muted }),
    };
  }

  /** What was refused comes back into the box of its conversation, before what was written there since. */
  #refused({ conversation, text }, refusal) {
    const here = conversation === this.id;
    if (refusal.status === 404) return here && this.#gone();
    draft.set(conversation, [text, draft.get(conversation)].filter(Boolean).join("\n"));
    if (!here) return;
    this.composer.fill(draft.get(conversation));
    this.composer.complain(refusal.message);
  }

  #headerEvents() {
    return {
      pace: (pace) => this.#act({ do: "pace", pace }),
      rename: (title) => this.#try(() => this.#rename(title)),
      remove: () => this.#try(() => this.#remove()),
      research: () => this.#try(async () => this.header.tell(await askForResearch(this.root, this.id))),
    };
  }

  #outboxEvents() {
    return {
      changed: () => this.#showUnsent(),
      begun: (id) => this.#begun(id),
      waiting: () => this.#show(),
      refused: (message, refusal) => this.#refused(message, refusal),
    };
  }

  // Where the page is

  #go(id, drawer = false) {
    window.history.pushState(null, "", placed(id));
    this.#follow(id);
    if (drawer && !FINE.matches) this.main.focus(); // the link that had the focus is out of reach
  }

  #follow(id) {
    this.hangUp();
    dismiss(this.root);
    this.id = id;
    this.title = "";
    this.talk = emptyTalk();
    this.ready = !id;
    this.connected = true;
    this.transcript.clear();
    this.announcer.replaceChildren();
    say(this.sorry, "");
    this.composer.fill(draft.get(id));
    this.#showUnsent();
    this.#show();
    if (id) this.#listen();
    else this.follower.toStart();
    this.#list();
    if (FINE.matches) this.composer.focus();
  }

  /** An example takes the place of another one, and stands behind words of one's own. */
  #begin(example) {
    const written = draft.get(this.id);
    const own = written.trim() && !this.table.situations.some(({ text }) => text === written);
    const text = own ? `${written}\n${example}` : example;
    this.composer.fill(text);
    draft.set(this.id, text);
    this.composer.focus();
  }

  /** The first message was accepted: the page has an address now. */
  #begun(id) {
    if (this.id) return;
    draft.set(id, draft.get("")); // what was begun since the first message was sent
    draft.set("", "");
    this.id = id;
    this.ready = true;
    window.history.replaceState(null, "", placed(id));
    this.#listen();
    this.#showUnsent();
    this.#show();
  }

  #listen() {
    this.follower.following = true;
    this.hangUp = listen(this.id, {
      entry: (entry) => this.#entry(entry),
      ready: () => this.#caughtUp(),
      title: (title) => this.#titled(title),
      waiting: (place, seconds) => this.#waiting(place, seconds),
      gone: () => this.#gone(),
      connected: (connected) => this.#connected(connected),
    });
  }

  #caughtUp() {
    const first = !this.ready;
    this.ready = true;
    if (first) this.follower.toEnd();
    this.#show();
  }

  /** So many conversations are served before this one, which takes about so long. */
  #waiting(place, seconds) {
    this.talk.place = place;
    this.talk.wait = seconds;
    this.#show();
  }

  #connected(connected) {
    if (connected && !this.connected) this.outbox.flush();
    this.connected = connected;
    this.#show();
  }

  #gone() {
    this.outbox.forget(this.id);
    draft.set(this.id, "");
    window.history.replaceState(null, "", placed(""));
    this.#follow("");
    say(this.sorry, GONE);
  }

  // What happens

  #entry(entry) {
    for (const item of fold(this.talk, entry)) this.transcript.show(item);
    const { event } = entry;
    if (event.type === "user") this.outbox.arrived(event.key);
    if (!this.ready) return;
    this.#announce(event);
    this.follower.grew();
    this.#show();
  }

  /** What was said is read out once, when it is whole or nobody will finish it; so is what went wrong. */
  #announce({ type, reason, agent, text, line }) {
    const said = type === "utterance" || (type === "interrupted" && text && UNASKED.has(reason));
    if (said) this.announcer.replaceChildren(h("p", {}, `${this.persona(agent).name}: ${text}`));
    else if (line) this.announcer.append(h("p", {}, line));
  }

  #titled(title) {
    this.title = title;
    this.#show();
    this.#list();
  }

  #show() {
    const { talk } = this;
    const begun = Boolean(this.id) || this.outbox.of("").length > 0;
    this.empty.hidden = begun && (talk.items.length > 0 || !this.ready || this.outbox.of(this.id).length > 0);
    this.header.show(this.id, this.title, talk.pace, this.keeping.donations);
    this.composer.show(talk, { begun, seated: Boolean(this.id), connected: this.connected && !this.outbox.stuck });
    this.composer.element.hidden = talk.crisis !== null;
    const wasCrisis = !this.crisis.element.hidden;
    this.crisis.show(talk.crisis && talk.crisis.kind);
    if (wasCrisis && !talk.crisis) this.composer.focus();
  }

  #showUnsent() {
    this.transcript.showUnsent(this.outbox.of(this.id));
    this.follower.grew();
    this.#show();
  }

  async #list() {
    try {
      this.panel.show(await api.conversations(), this.id);
    } catch {
      // The list is a comfort; the next change asks for it again.
    }
  }

  // What the person does

  #send(text, barge) {
    draft.set(this.id, "");
    say(this.sorry, "");
    this.follower.following = true;
    this.outbox.add(this.id, { text, barge });
  }

  /** Silence comes at once; the server's word for it follows. */
  #stop() {
    const speaker = this.talk.current;
    if (speaker) speaker.stopped = true;
    this.#act({ do: "stop" }).then((done) => {
      if (done || !speaker) return;
      speaker.stopped = false;
      this.transcript.show(speaker);
    });
  }

  #act(deed) {
    return this.#try(() => api.act(this.id, deed));
  }

  /** Does something now; answers whether it was done. What failed is said, not repeated behind one's back,
   * and only while its conversation is still the open one. */
  async #try(deed) {
    const { id } = this;
    try {
      this.composer.complain("");
      await deed();
      return true;
    } catch (refusal) {
      if (id !== this.id) return false;
      if (refusal.status === 404) this.#gone();
      else this.composer.complain(refusal.message);
      return false;
    }
  }

  async #rename(wanted) {
    const { id } = this;
    const { title } = await api.rename(id, wanted);
    if (id === this.id) this.#titled(title);
  }

  async #remove() {
    const { id } = this;
    this.hangUp(); // what we delete ourselves is no news
    try {
      await api.remove(id);
    } catch (refusal) {
      if (id === this.id) this.#follow(id);
      throw refusal;
    }
    this.outbox.forget(id);
    draft.set(id, "");
    if (id !== this.id) return this.#list();
    this.#go("");
    this.header.tell("The conversation is deleted.");
  }

  #escape(event) {
    if (event.key !== "Escape" || event.isComposing || event.defaultPrevented || !this.talk.busy) return;
    if (document.querySelector("dialog[open], [popover]:popover-open")) return;
    this.#stop();
  }
}

const address = () => new URLSearchParams(window.location.search).get("c") ?? "";

/** The page's address with another conversation in it; whatever else it carries stays. */
function placed(id) {
  const url = new URL(window.location.href);
  if (id) url.searchParams.set("c", id);
  else url.searchParams.delete("c");
  return url;
}
