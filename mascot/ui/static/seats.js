// The faces above the message box: a click asks, the small button beside it mutes.

import { h, icon } from "./dom.js";
import { face, voiced } from "./faces.js";

/** The row of seats; `on.ask(id)` and `on.mute(id, muted)`. */
export class Seats {
  constructor(personas, on) {
    this.seats = personas.map((persona) => seat(persona, on));
    this.element = h(
      "ul",
      { class: "seats", "aria-label": "At the table: ask someone to speak, or mute them" },
      this.seats.map(({ element }) => element),
    );
  }

  /** Shows who speaks, who is muted, and who sits in this conversation at all. */
  show(talk) {
    for (const { persona, element, ask, mute } of this.seats) {
      const muted = talk.muted.has(persona.id);
      element.hidden = talk.cast.length > 0 && !talk.cast.includes(persona.id);
      element.classList.toggle("muted", muted);
      element.classList.toggle("speaking", talk.current?.agent === persona.id);
      mute.setAttribute("aria-pressed", String(muted));
      mute.title = muted ? `Let ${persona.name} speak again` : `Mute ${persona.name}`;
      mute.replaceChildren(icon(muted ? "muted" : "voice"), h("span", { class: "sr" }, `Mute ${persona.name}`));
    }
  }
}

function seat(persona, on) {
  const ask = h(
    "button",
    { type: "button", class: "ask", title: `Ask ${persona.name} to speak`, onclick: () => on.ask(persona.id) },
    face(persona),
    h("span", { class: "sr" }, "Ask "),
    h("span", { class: "name" }, persona.name),
  );
  const mute = h("button", { type: "button", class: "mute", "aria-pressed": "false" });
  mute.addEventListener("click", () => on.mute(persona.id, mute.getAttribute("aria-pressed") !== "true"));
  return { persona, ask, mute, element: voiced(h("li", { class: "seat" }, ask, mute), persona) };
}
