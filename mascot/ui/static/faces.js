// A face: the persona's drawn glyph, or its one or two letters, on its own colour.

import { h, s } from "./dom.js";

const RAYS = [0, 45, 90, 135, 180, 225, 270, 315];

const GLYPHS = {
  anchor: () => [
    s("circle", { cx: 12, cy: 5.6, r: 2.1 }),
    s("path", { d: "M12 7.7V20M8.2 11h7.6M4.6 13.4c.5 4 3.4 6.6 7.4 6.6s6.9-2.6 7.4-6.6" }),
    s("path", { d: "M3.2 15.2l1.4-1.9 2 1.3M20.8 15.2l-1.4-1.9-2 1.3" }),
  ],
  spark: () => [
    s("path", { d: "M12 3c.6 4.9 2.6 7.4 8 8.4-5.4 1-7.4 3.5-8 8.4-.6-4.9-2.6-7.4-8-8.4 5.4-1 7.4-3.5 8-8.4z" }),
    s("path", { d: "M19 3.2v3.6M17.2 5h3.6" }),
  ],
  sun: () => [
    s("circle", { cx: 12, cy: 12, r: 4 }),
    ...RAYS.map((turn) => s("path", { d: "M12 4.8V2.6", transform: `rotate(${turn} 12 12)` })),
  ],
  compass: () => [
    s("circle", { cx: 12, cy: 12, r: 9 }),
    s("path", { d: "M15.8 8.2l-2.3 5.3-5.3 2.3 2.3-5.3z" }),
  ],
};

/** The face of a persona, in its colour; decorative, its name always stands beside it. */
export function face(persona) {
  const draw = GLYPHS[persona.face];
  const drawing = draw
    ? s("svg", { viewBox: "0 0 24 24" }, draw())
    : h("span", { class: "letters" }, [...persona.face].slice(0, 2).join(""));
  return voiced(h("span", { class: "face", "aria-hidden": "true" }, drawing), persona);
}

/** Gives an element the persona's colour, for light and for dark ground. */
export function voiced(element, persona) {
  element.classList.add("voice");
  element.style.setProperty("--light", persona.colour.light);
  element.style.setProperty("--dark", persona.colour.dark);
  return element;
}

/** A persona that is no longer among the cards, in neutral. */
export function stranger(id) {
  return { id, name: id, role: "", face: [...id][0].toUpperCase(), colour: { light: "#5d564e", dark: "#b5ada3" } };
}
