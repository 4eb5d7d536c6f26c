// When the recogniser has fired: the page speaks in its own voice, and the composer waits.

import * as api from "./api.js";
import { freshId, h } from "./dom.js";
import { preference } from "./keep.js";

/** `on.acknowledge()` when the person wishes to go on. */
export class CrisisCard {
  constructor(on) {
    this.kind = "";
    this.heading = h("h2", { id: freshId("crisis"), tabindex: -1 });
    this.words = h("div", { class: "crisis-words" });
    this.lines = h("ul", { class: "lines" });
    this.country = h("select", { id: freshId("country"), onchange: () => this.#chosen() });
    this.element = h(
      "section",
      { class: "crisis", "aria-labelledby": this.heading.id, hidden: true },
      this.heading,
      this.words,
      this.lines,
      h("p", { class: "country" }, h("label", { for: this.country.id }, "Numbers for "), this.country),
      h("button", { type: "button", class: "quiet", onclick: () => on.acknowledge() }, "I have read this and want to go on"),
    );
  }

  /** Shows the message for a kind, or hides it for null. */
  async show(kind) {
    const appears = kind !== null && this.element.hidden;
    this.element.hidden = kind === null;
    if (!appears) return;
    this.kind = kind;
    await this.#fill(preference.get("country") ?? region());
    this.heading.focus();
  }

  #chosen() {
    preference.set("country", this.country.value);
    return this.#fill(this.country.value);
  }

  /** Nobody waits for a slow server here: what is true everywhere stands until the numbers come. */
  async #fill(country) {
    const asked = api.crisis(this.kind, country).catch(() => WITHOUT_SERVER);
    const first = await Promise.race([asked, new Promise((resolve) => setTimeout(resolve, 1500, WITHOUT_SERVER))]);
    this.#write(first);
    if (first === WITHOUT_SERVER) asked.then((message) => this.#write(message));
  }

  #write(message) {
    this.heading.textContent = message.title;
    this.words.textContent = message.text;
    this.lines.replaceChildren(...message.lines.map(line));
    this.country.parentElement.hidden = message.countries.length === 0;
    this.country.replaceChildren(
      ...message.countries.map(({ code, name }) =>
        h("option", { value: code, selected: code === message.country }, name),
      ),
    );
  }
}

const WITHOUT_SERVER = {
  title: "Please talk to a person now",
  text: "The numbers could not be loaded. If you or someone else is in danger now, call your local emergency number: 112 in Europe and on most mobile phones, 911 in North America.",
  lines: [],
  countries: [],
};

function line({ name, address, shown, note }) {
  return h(
    "li",
    {},
    h("a", { href: safe(address), rel: "noreferrer", target: address.startsWith("http") ? "_blank" : null }, h("b", {}, shown), h("span", {}, name)),
    note && h("p", {}, note),
  );
}

/** Only what can be called, written to, or read. */
const safe = (address) => (/^(tel:|sms:|https:)/.test(address) ? address : null);

/** The visitor's country, as far as the browser's language tells. */
function region() {
  try {
    return new Intl.Locale(navigator.language).maximize().region ?? "";
  } catch {
    return "";
  }
}
