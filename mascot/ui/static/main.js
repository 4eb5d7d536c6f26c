// The page's first module: dresses the element that Gradio gives it and lets the studio in.

import * as api from "./api.js";
import { h } from "./dom.js";
import { Studio } from "./studio.js";

const SHEETS = ["tokens", "base", "shell", "panel", "menu", "talk", "composer"];

/** Called once by the Gradio component with its element. */
export async function mount(root) {
  const [table] = await Promise.all([arrival(root), ...SHEETS.map(dress)]);
  root.classList.add("ready");
  fit(root);
  new Studio(root, table).start();
}

function dress(sheet) {
  return new Promise((resolve) => {
    const link = h("link", { rel: "stylesheet", href: new URL(`${sheet}.css`, import.meta.url).href, onload: resolve, onerror: resolve });
    document.head.append(link);
  });
}

/** The table, asked for until the server answers. */
async function arrival(root) {
  for (let wait = 500; ; wait = Math.min(wait * 2, 8000)) {
    try {
      return await api.table();
    } catch (refusal) {
      if (!refusal.passing) throw refusal;
      root.textContent = "Connecting…";
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
}

/** A phone's keyboard covers the page instead of shrinking it: keep the composer above it. */
function fit(root) {
  const screen = window.visualViewport;
  screen?.addEventListener("resize", () => {
    const covered = screen.scale === 1 && screen.height < window.innerHeight - 80;
    root.style.blockSize = covered ? `${screen.height}px` : "";
  });
}
