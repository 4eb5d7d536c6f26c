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
import { Outbox } from "./outbox.js";
import { Panel } from "./panel.js";
import { Follower } from "./scroll.js";
import { Transcript } from "./transcript.js";
import { welcome } from "./welcome.js";

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
    this.panel = new Panel({ notice, keeping: this.keeping.element, rest: this.main, on: { open: (id) => this.#go(id) } });
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

  #headerEvents() {
    return {
      pace: (pace) => this.#act({ do: "pace", pace }),
      rename: (title) => this.#try(async () => this.#titled((await api.rename(this.id, title)).title)),
      remove: () => this.#try(() => this.#remove()),
      research: () => this.#try(async () => this.header.tell(await askForResearch(this.root, this.id))),
    };
  }

  #outboxEvents() {
    return {
      changed: () => this.#showUnsent(),
      begun: (id) => this.#begun(id),
      waiting: () => this.#connected(false),
      refused: ({ conversation, text }, refusal) => {
        if (conversation !== this.id) return;
        if (refusal.status === 404) return this.#gone();
        this.composer.fill(text);
        draft.set(this.id, text);
        this.composer.complain(refusal.message);
      },
    };
  }

  // Where the page is

  #go(id) {
    window.history.pushState(null, "", placed(id));
    this.#follow(id);
  }

  #follow(id) {
    this.hangUp();
    this.id = id;
    this.title = "";
    this.talk = emptyTalk();
    this.ready = !id;
    this.connected = true;
    this.transcript.clear();
    say(this.sorry, "");
    this.composer.fill(draft.get(id));
    this.#showUnsent();
    this.#show();
    if (id) this.#listen();
    else this.follower.toStart();
    this.#list();
    if (window.matchMedia("(pointer: fine)").matches) this.composer.focus();
  }

  #begin(text) {
    this.composer.fill(text);
    draft.set(this.id, text);
    this.composer.focus();
  }

  /** The first message was accepted: the page has an address now. */
  #begun(id) {
    if (this.id) return;
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
    if (event.type === "utterance") this.#announce(event);
    this.follower.grew();
    this.#show();
  }

  /** A finished utterance is read out once; the words before it were not. */
  #announce({ agent, text }) {
    this.announcer.replaceChildren(h("p", {}, `${this.persona(agent).name}: ${text}`));
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
    this.composer.show(talk, { begun, connected: this.connected });
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

  /** Does something now; answers whether it was done. What failed is said, not repeated behind one's back. */
  async #try(deed) {
    try {
      this.composer.complain("");
      await deed();
      return true;
    } catch (refusal) {
      if (refusal.status === 404) this.#gone();
      else this.composer.complain(refusal.message);
      return false;
    }
  }

  async #remove() {
    const id = this.id;
    this.hangUp();
    await api.remove(id);
    this.outbox.forget(id);
    draft.set(id, "");
    this.#go("");
    this.header.tell("The conversation is deleted.");
  }

  #escape(event) {
    if (event.key !== "Escape" || event.defaultPrevented || !this.talk.busy) return;
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
