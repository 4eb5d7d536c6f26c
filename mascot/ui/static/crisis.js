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
      h("p", { class: "country" }, h("label", { for: this.country.id }, "Numbers for "), this.country),
      this.lines,
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
    this.asked = asked;
    const first = await Promise.race([asked, new Promise((resolve) => setTimeout(resolve, 1500, WITHOUT_SERVER))]);
    this.#write(first, asked);
    if (first === WITHOUT_SERVER) asked.then((message) => this.#write(message, asked));
  }

  /** Unless another country was asked for since: its numbers may be here already. */
  #write(message, asked) {
    if (asked !== this.asked) return;
    this.heading.textContent = message.title;
    this.words.textContent = message.text;
    this.lines.replaceChildren(...emergencies(message.emergency), ...message.lines.map(line));
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
  text: "If you or someone else is in danger, call your local emergency number: 112 in Europe and on most mobile phones, 911 in North America.",
  emergency: "112 or 911",
  lines: [],
  countries: [],
};

/** "112 or 999" as buttons to call. */
const emergencies = (numbers) =>
  (numbers.match(/\d+/g) ?? []).map((number) => h("li", { class: "urgent" }, call(number, "Emergency")));

function line({ name, phone, text, url, hours }) {
  const who = [name, hours].filter(Boolean).join(" · ");
  return h(
    "li",
    {},
    phone ? call(phone, who) : h("p", { class: "call" }, h("b", {}, text ?? name), text && h("span", {}, who)),
    h("p", { class: "ways" }, phone && text && h("span", {}, text), url && site(url, name)),
  );
}

const call = (phone, who) =>
  h("a", { class: "call", href: `tel:${phone.replaceAll(/[^\d+]/g, "")}` }, h("b", {}, `Call ${phone}`), h("span", {}, who));

/** A web page of theirs, and nothing else that an address could be. */
const site = (url, name) =>
  url.startsWith("https://") &&
  h("a", { href: url, target: "_blank", rel: "noreferrer" }, "Website", h("span", { class: "sr" }, ` of ${name}`));

/** The visitor's country, as far as the browser's language tells. */
function region() {
  try {
    return new Intl.Locale(navigator.language).maximize().region ?? "";
  } catch {
    return "";
  }
}
