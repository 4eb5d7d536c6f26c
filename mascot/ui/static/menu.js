// A button that opens a short list, and the two questions the page ever asks.

import { freshId, h } from "./dom.js";

/** A disclosure: the list closes with Escape, a click elsewhere, or a choice. */
export function menu(button, children) {
  const list = h("div", { class: "menu", id: freshId("menu"), popover: "auto" }, children);
  button.setAttribute("popovertarget", list.id);
  button.setAttribute("aria-expanded", "false");
  list.addEventListener("toggle", (event) => {
    const open = event.newState === "open";
    button.setAttribute("aria-expanded", String(open));
    if (open) place(list, button);
  });
  list.addEventListener("click", (event) => event.target.closest("button, a") && list.hidePopover());
  return list;
}

function place(list, button) {
  const { bottom, right } = button.getBoundingClientRect();
  list.style.top = `${bottom + 4}px`;
  list.style.right = `${Math.max(8, document.documentElement.clientWidth - right)}px`;
}

/** Takes back a question that was not answered: what it asked about is no longer shown. */
export function dismiss(host) {
  for (const dialog of host.querySelectorAll("dialog[open]")) dialog.close();
}

/** Asks something in a dialog; resolves with what `value()` gives, or null when it is dismissed. */
export function question(host, { title, text = "", confirm, danger = false, field = null, value = () => true }) {
  return new Promise((resolve) => {
    let answer = null;
    const heading = h("h2", { id: freshId("question") }, title);
    const dialog = h(
      "dialog",
      { class: "question", "aria-labelledby": heading.id, onclose: () => (dialog.remove(), resolve(answer)) },
      h(
        "form",
        { method: "dialog", onsubmit: () => (answer = value()) },
        heading,
        text && h("p", {}, text),
        field,
        h(
          "div",
          { class: "buttons" },
          h("button", { type: "button", class: "quiet", onclick: () => dialog.close() }, confirm ? "Cancel" : "Close"),
          confirm && h("button", { class: danger ? "danger" : "primary" }, confirm),
        ),
      ),
    );
    host.append(dialog);
    dialog.showModal();
    field?.querySelector("input")?.select();
  });
}
