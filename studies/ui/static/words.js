// What the page itself says, in the language of the study. Another language is another `words.XX.json`.

let words = {};

/** Loads a language; English where there is no file for it. */
export async function learn(language) {
  const asked = (language || "en").slice(0, 2).toLowerCase();
  const found = await file(asked);
  words = found ?? (await file("en")) ?? words;
  document.documentElement.lang = found ? asked : "en";
}

async function file(code) {
  try {
    const response = await fetch(new URL(`words.${code}.json`, import.meta.url));
    return response.ok ? await response.json() : null;
  } catch {
    return null;
  }
}

/** A sentence of the page: `t("progress", { done: 4, total: 18 })`. */
export const t = (key, filled = {}) =>
  (words[key] ?? "").replaceAll(/\{(\w+)\}/g, (_, name) => String(filled[name] ?? ""));
