// The way out, at every step: people to talk to, and no questions.

import { freshId, h } from "./dom.js";
import { t } from "./words.js";

/** Somewhere to turn to, as large links. */
export function helpList(help) {
  return h(
    "ul",
    { class: "help" },
    help.map(({ name, phone, text, url }) =>
      h(
        "li",
        {},
        h("b", {}, name),
        h(
          "span",
          { class: "ways" },
          phone && h("a", { class: "quiet", href: `tel:${phone.replaceAll(/[^\d+]/g, "")}` }, t("call", { phone })),
          text && h("span", {}, text),
          url.startsWith("https://") && h("a", { href: url, target: "_blank", rel: "noreferrer" }, t("website"), h("span", { class: "sr" }, ` ${name}`)),
        ),
      ),
    ),
  );
}

/** The dialog behind "I want to stop"; `leave(reason)` ends the study for this person. */
export function exitDialog(step, leave) {
  const title = freshId("exit");
  const dialog = h("dialog", { class: "exit", "aria-labelledby": title });
  const gone = (reason) => () => {
    dialog.close();
    leave(reason);
  };
  const stay = h("button", { type: "button", class: "primary", onclick: () => dialog.close() }, t("stop-go-on"));
  dialog.append(
    h("h2", { id: title }, t("stop-title")),
    h("p", {}, t("stop-text")),
    h(
      "div",
      { class: "deeds" },
      stay,
      h("button", { type: "button", class: "quiet", onclick: gone("other") }, t("stop-other")),
      h("button", { type: "button", class: "quiet", onclick: gone("distress") }, t("stop-distress")),
    ),
    ...(step.help.length ? [h("p", {}, t("stop-help")), helpList(step.help)] : []),
    h("p", { class: "aside" }, t("contact", { contact: step.contact })),
  );
  const open = () => {
    dialog.showModal();
    stay.focus();
  };
  return { element: dialog, open };
}
