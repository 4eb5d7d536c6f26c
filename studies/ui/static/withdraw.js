// Where a participant takes everything back; the secret behind the # never reaches a server's log.

import { freshId, h } from "./dom.js";
import { call, freshKey, Refusal } from "./server.js";
import { learn, t } from "./words.js";

const root = document.querySelector(".room");
const key = freshKey();

async function start() {
  await learn(new URLSearchParams(location.search).get("lang") ?? navigator.language);
  document.title = t("withdraw-title");
  root.classList.add("ready");
  const secret = location.hash.slice(1);
  show(secret ? form(secret) : [h("p", {}, t("withdraw-unknown"))]);
}

const show = (inside) =>
  root.replaceChildren(h("main", { class: "alone words-of" }, h("h1", {}, t("withdraw-title")), inside));

function form(secret) {
  const erase = h("input", { type: "checkbox", id: freshId("erase") });
  const told = h("p", { class: "notice", role: "status", hidden: true });
  const button = h("button", { type: "button", class: "danger quiet" }, t("withdraw-do"));
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      const { text } = await call("POST", "withdraw", { secret, key, erase: erase.checked });
      show([h("p", { role: "status" }, text)]);
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      told.hidden = false;
      told.textContent = refusal.message || t("connecting");
      button.disabled = false;
    }
  });
  return [
    h("p", {}, t("withdraw-text")),
    h("label", { class: "option wide" }, erase, h("span", { class: "face-of" }, h("span", {}, t("withdraw-erase")))),
    h("p", { class: "deeds" }, button),
    told,
  ];
}

start();
