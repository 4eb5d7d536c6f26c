// The conversations of this browser: beside the talk on wide screens, a drawer on narrow ones.

import { h, icon } from "./dom.js";

const WIDE = window.matchMedia("(min-width: 1100px)");

/** `on.open(id)` with "" for a new one; `rest` is what becomes inert while the drawer is open. */
export class Panel {
  constructor({ notice, keeping, on, rest }) {
    this.on = on;
    this.rest = rest;
    this.list = h("ul", { class: "conversations" });
    this.empty = h("p", { class: "quiet-text" }, "What you talk about here appears in this list, in this browser only.");
    this.closer = h(
      "button",
      { type: "button", class: "tool drawer-only", "aria-label": "Close the list", onclick: () => this.close() },
      icon("close"),
    );
    this.element = h(
      "nav",
      { class: "panel", id: "mascot-panel", "aria-label": "Your conversations" },
      h("div", { class: "panel-top" }, h("p", { class: "wordmark" }, "MASCOT Studio"), this.closer),
      h("a", { class: "new", href: "?", onclick: (event) => this.#go(event, "") }, icon("plus"), "New conversation"),
      this.list,
      this.empty,
      h("div", { class: "panel-foot" }, h("a", { href: "personas" }, "Personas: see, try, make your own"), h("p", { class: "notice" }, notice), keeping),
    );
    this.veil = h("div", { class: "veil", hidden: true, onclick: () => this.close() });
    this.opener = h(
      "button",
      { type: "button", class: "tool drawer-only", "aria-controls": "mascot-panel", "aria-expanded": "false", onclick: () => this.open() },
      icon("list"),
      h("span", { class: "sr" }, "Your conversations"),
    );
    this.element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !this.isOpen) return;
      event.stopPropagation();
      this.close();
    });
    WIDE.addEventListener("change", () => this.close(false));
    this.close(false);
  }

  get isOpen() {
    return !this.veil.hidden;
  }

  open() {
    this.#set(true);
    this.closer.focus();
  }

  close(refocus = true) {
    this.#set(false);
    if (refocus && !WIDE.matches) this.opener.focus();
  }

  #set(open) {
    this.element.classList.toggle("open", open);
    this.element.inert = !open && !WIDE.matches;
    this.veil.hidden = !open;
    this.rest.inert = open;
    this.opener.setAttribute("aria-expanded", String(open));
  }

  /** Shows the list, newest first; `current` is the one that is open. */
  show(conversations, current) {
    this.empty.hidden = conversations.length > 0;
    this.list.replaceChildren(
      ...conversations.map(({ id, title, updated_at }) =>
        h(
          "li",
          {},
          h(
            "a",
            {
              href: `?${new URLSearchParams({ c: id })}`,
              "aria-current": id === current && "page",
              onclick: (event) => this.#go(event, id),
            },
            h("span", { class: "title" }, title || "New conversation"),
            h("time", { datetime: updated_at }, ago(updated_at)),
          ),
        ),
      ),
    );
  }

  #go(event, id) {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return; // a tab of its own
    event.preventDefault();
    const drawer = this.isOpen;
    this.close(false);
    this.on.open(id, drawer);
  }
}

const STEPS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

function ago(at) {
  const seconds = (Date.now() - new Date(at)) / 1000;
  if (seconds > 7 * 86_400) return new Date(at).toLocaleDateString([], { day: "numeric", month: "short", year: "numeric" });
  const [unit, size] = STEPS.find(([, length]) => seconds >= length) ?? [];
  if (!unit) return "just now";
  return new Intl.RelativeTimeFormat("en", { numeric: "auto" }).format(-Math.floor(seconds / size), unit);
}
