// What the page itself says, in the language of the study. Another language is another `words.XX.json`.

import { pause } from "./server.js";

let words = {};

/** Loads a language; English where there is no file for it. */
export async function learn(language) {
  const asked = (language || "en").split("-")[0].toLowerCase();
  const found = await file(asked);
  words = found ?? (await file("en")) ?? words;
  document.documentElement.lang = found ? asked : "en";
}

/** The words of a language, asked for until the server answers: without them no button has a name. */
async function file(code) {
  for (let wait = 500; ; wait = Math.min(wait * 2, 5000)) {
    try {
      const response = await fetch(new URL(`words.${code}.json`, import.meta.url), { signal: AbortSignal.timeout(20_000) });
      if (response.ok) return await response.json();
      if (response.status === 404) return null;
    } catch {
      // Nobody answered, or the line broke off in the middle.
    }
    await pause(wait);
  }
}

/** A sentence of the page: `t("progress", { done: 4, total: 18 })`. */
export const t = (key, filled = {}) =>
  (words[key] ?? "").replaceAll(/\{(\w+)\}/g, (_, name) => String(filled[name] ?? ""));
