// Copying, and whether it was done: nobody shall paste something else into the recruiter's form.

import { h } from "./dom.js";

/** Copies a text; whether that worked. */
export async function copied(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return byHand(text); // a page that came without https has no clipboard, and some browsers refuse theirs
  }
}

function byHand(text) {
  const held = document.activeElement;
  const box = h("textarea", { class: "sr", "aria-hidden": "true", tabindex: -1 }, text);
  document.querySelector(".room").append(box);
  box.select();
  const done = document.execCommand("copy");
  box.remove();
  held?.focus();
  return done;
}
