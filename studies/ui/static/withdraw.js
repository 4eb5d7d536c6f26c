// Where a participant takes everything back; the secret behind the # never reaches a server's log.

import { freshId, h } from "./dom.js";
import { call, freshKey, Refusal, untilAnswered } from "./server.js";
import { learn, t } from "./words.js";

const root = document.querySelector(".room");
const key = freshKey();

async function start() {
  await learn(new URLSearchParams(location.search).get("lang") ?? navigator.language);
  document.title = t("withdraw-title");
  root.classList.add("ready");
  window.addEventListener("hashchange", ask); // the whole link, pasted over half of it, loads no new page
  ask();
}

function ask() {
  const secret = location.hash.slice(1);
  show(secret ? form(secret) : [h("p", {}, t("withdraw-unknown"))]);
}

const show = (inside) =>
  root.replaceChildren(h("main", { class: "alone words-of" }, h("h1", {}, t("withdraw-title")), inside));

function form(secret) {
  const erase = h("input", { type: "checkbox", id: freshId("erase") });
  const told = h("p", { class: "notice", role: "status", hidden: true });
  const button = h("button", { type: "button", class: "danger quiet" }, t("withdraw-do"));
  const tell = (words) => {
    told.hidden = false;
    told.textContent = words;
  };
  button.addEventListener("click", async () => {
    erase.disabled = button.disabled = true;
    const wanted = { secret, key, erase: erase.checked };
    try {
      const { text } = await untilAnswered(() => call("POST", "withdraw", wanted), { waiting: () => tell(t("connecting")) });
      show([h("p", { role: "status" }, text)]);
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      tell(refusal.message);
      erase.disabled = button.disabled = false;
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
