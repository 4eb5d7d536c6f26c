// The researcher's page: how the study stands, asked for every few seconds, and the figures, at a press.

import { h, say } from "./dom.js";
import * as figures from "./figures.js";
import { call, pause, Refusal, STUDY } from "./server.js";

const PAUSE = 5000;
const UNREACHED = "The server cannot be reached just now; this page asks again by itself.";
const STATES = { open: "open", paused: "paused: nobody goes on until it is resumed", closed: "closed: nobody new can begin" };
/** What is fetched, and the sections it becomes. */
const WANTED = {
  strengths: (found) => Object.entries(found).map(([criterion, each]) => figures.strengths(STUDY, criterion, each)),
  agreement: (found) => [figures.agreement(STUDY, found)],
  positions: (found) => [figures.positions(STUDY, found)],
  blinding: (found) => [figures.blinding(STUDY, found)],
  quality: (found) => [figures.quality(STUDY, found)],
};

const TITLES = { strengths: "Strengths", agreement: "Agreement", positions: "Positions", blinding: "Is it blind?", quality: "Raters" };

class Desk {
  constructor(root) {
    this.root = root;
    this.token = token();
    this.notice = h("p", { class: "notice", role: "status", hidden: true });
    this.troubles = { status: "", deed: "" };
    this.computing = h("span", { class: "saved", role: "status" });
    this.title = h("h1", { tabindex: -1 });
    this.state = h("p", { class: "state", role: "status" });
    this.switches = h("p", { class: "deeds" });
    this.now = h("div", { class: "now" });
    this.found = Object.fromEntries(Object.keys(WANTED).map((name) => [name, h("div", { class: "found" })]));
    this.exports = h("ul", { class: "exports" });
  }

  async start() {
    this.root.classList.add("ready", "desk");
    this.root.replaceChildren(
      h(
        "main",
        { class: "sheet", tabindex: -1 },
        this.notice,
        h("header", {}, h("div", {}, this.title, this.state), this.switches),
        this.now,
        h("div", { class: "again" }, h("p", { class: "aside" }, "What follows is computed when it is asked for."), h("button", { type: "button", class: "quiet", onclick: () => this.figures() }, "Compute again"), this.computing),
        ...Object.values(this.found),
        h("section", { class: "figure" }, h("h2", {}, "Export"), h("p", { class: "aside" }, "Without withdrawn answers; a zip with data, card and licence."), this.exports),
      ),
    );
    window.addEventListener("hashchange", () => location.reload()); // another token, pasted over a wrong one
    for (let wait = 500; !(await this.status()); wait = Math.min(wait * 2, PAUSE)) {
      if (!this.passing) return;
      await pause(wait);
    }
    setInterval(() => document.hidden || this.status(), PAUSE);
    await this.figures();
  }

  /** Who signed in needs no token. */
  get #who() {
    return this.token ? { Authorization: `Bearer ${this.token}` } : {};
  }

  #ask = (method, path) => call(method, `desk/${path}`, undefined, this.#who, "same-origin");

  /** Asks how the study stands; whether the server said. */
  async status() {
    const said = await this.#do(() => this.#ask("GET", "status"), "status");
    if (said) this.#tell("status", "");
    return said;
  }

  /** What a deed met stays to be read until the next one. */
  async #do(ask, what = "deed") {
    if (what === "deed") this.#tell(what, "");
    try {
      this.#show(await ask());
      return true;
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      this.passing = refusal.passing;
      this.#tell(what, refusal.message || (what === "status" ? UNREACHED : "The server could not be reached; please try again."));
      return false;
    }
  }

  #tell(what, text) {
    this.troubles[what] = text;
    const told = Object.values(this.troubles).filter(Boolean).join(" ");
    say(this.notice, told);
    this.notice.hidden = !told;
  }

  #show(status) {
    const text = JSON.stringify(status);
    if (text === this.shown) return; // nothing has changed: whoever reads or tabs here is left alone
    this.shown = text;
    document.title = `${status.title} · desk`;
    say(this.title, status.title);
    say(this.state, `The study is ${STATES[status.state]}.`);
    renew(this.switches, ...this.#switches(status.state));
    renew(
      this.now,
      figures.people(status),
      figures.quotas(status),
      figures.stages(status),
      figures.times(status),
      figures.held(status, (assignment) => this.#do(() => this.#ask("POST", `release/${assignment}`))),
    );
    this.exports.replaceChildren(...status.formats.map((format) => h("li", {}, h("button", { type: "button", class: "quiet", onclick: () => this.#download(format) }, format))));
  }

  #switches(state) {
    const press = (name, text, style = "quiet") => h("button", { type: "button", class: style, onclick: () => this.#do(() => this.#ask("POST", name)) }, text);
    const close = h("button", { type: "button", class: "quiet danger", onclick: () => window.confirm("Close the study? Nobody new can begin; those who began can finish.") && this.#do(() => this.#ask("POST", "close")) }, "Close");
    if (state === "closed") return [press("resume", "Open again")];
    return [state === "paused" ? press("resume", "Resume", "primary") : press("pause", "Pause"), close];
  }

  /** Every figure, one after another: they cost the server's time. */
  async figures() {
    if (this.computing.textContent) return;
    say(this.computing, "computing …");
    for (const [name, build] of Object.entries(WANTED)) {
      const place = this.found[name];
      try {
        place.replaceChildren(...build(await this.#ask("GET", name)));
      } catch (refusal) {
        if (!(refusal instanceof Refusal)) throw refusal;
        const why = refusal.message || "The server could not be reached.";
        place.replaceChildren(h("section", { class: "figure" }, h("h2", {}, TITLES[name]), h("p", { class: "aside" }, why)));
      }
    }
    say(this.computing, "");
  }

  async #download(format) {
    this.#tell("deed", "");
    const address = new URL(`desk/export/${format}`, `${location.origin}${location.pathname.replace(/desk\/?$/, "")}`);
    try {
      const response = await fetch(address, { headers: this.#who });
      if (!response.ok) return this.#tell("deed", (await response.json().catch(() => null))?.error ?? "This could not be exported.");
      const url = URL.createObjectURL(await response.blob());
      h("a", { href: url, download: `${STUDY}-${format}.zip` }).click();
      setTimeout(() => URL.revokeObjectURL(url), 60_000);
    } catch {
      this.#tell("deed", "The export did not arrive; please try again.");
    }
  }
}

/** New contents in their place; whoever is at one of its buttons, or has moved one of its tables, stays there. */
function renew(place, ...contents) {
  const at = [...place.querySelectorAll(REACHED)];
  const held = at.indexOf(document.activeElement);
  const name = held >= 0 && nameOf(at[held]);
  const moved = new Map([...place.querySelectorAll(".scroller")].map((table) => [nameOf(table), table.scrollLeft]));
  place.replaceChildren(...contents);
  for (const table of place.querySelectorAll(".scroller")) table.scrollLeft = moved.get(nameOf(table)) ?? 0;
  if (held < 0) return;
  const now = [...place.querySelectorAll(REACHED)];
  (now.find((one) => nameOf(one) === name) ?? now[Math.min(held, now.length - 1)])?.focus({ preventScroll: true });
}

const REACHED = "button, [tabindex]";
const nameOf = (element) => element.getAttribute("aria-label") ?? element.textContent;

/** The token stands behind the `#` once, and is then kept for this tab and taken out of the address. */
function token() {
  const given = location.hash.slice(1);
  const name = `desk.${STUDY}`;
  if (given) {
    sessionStorage.setItem(name, given);
    history.replaceState(null, "", location.pathname);
  }
  return given || (sessionStorage.getItem(name) ?? "");
}

new Desk(document.querySelector(".room")).start();
