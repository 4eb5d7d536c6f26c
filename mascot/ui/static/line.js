// The line to one conversation: events as they come, reconnecting by itself, missing nothing.

import * as api from "./api.js";

const PATIENCE = [500, 1000, 2000, 4000, 8000];
const HIDDEN_FOR = 60_000;

/**
 * Listens to a conversation. `on.entry(entry)`, `on.ready()`, `on.title(text)`, `on.waiting(place in
 * line, 0 for none, seconds or null)`, `on.gone()` and `on.connected(boolean)` are called as things happen; the function that comes back hangs up.
 */
export function listen(id, on) {
  let source = null;
  let seen = 0;
  let failures = 0;
  let closed = false;
  let timer = null;
  let leaving = null;

  function connect() {
    clearTimeout(timer);
    source?.close();
    source = new EventSource(api.eventsAddress(id, seen));
    source.onopen = () => {
      failures = 0;
      on.connected(true);
    };
    source.onmessage = (message) => {
      const entry = JSON.parse(message.data);
      if (entry.seq <= seen) return;
      seen = entry.seq;
      on.entry(entry);
    };
    source.addEventListener("ready", () => on.ready());
    source.addEventListener("title", (message) => on.title(JSON.parse(message.data).title));
    source.addEventListener("waiting", (message) => {
      const { place, seconds } = JSON.parse(message.data);
      on.waiting(place, seconds);
    });
    source.addEventListener("deleted", gone);
    source.onerror = failed;
  }

  function gone() {
    hangUp();
    on.gone();
  }

  // The browser reconnects by itself after a lost line, but gives up after any other answer (a proxy's
  // "bad gateway" while the server restarts): then ask what is wrong and try again, ever more slowly.
  function failed() {
    if (closed) return;
    on.connected(false);
    if (source.readyState !== EventSource.CLOSED) return;
    timer = setTimeout(probe, PATIENCE[Math.min(failures, PATIENCE.length - 1)]);
    failures += 1;
  }

  async function probe() {
    try {
      await api.show(id);
      if (!closed) connect();
    } catch (refusal) {
      if (closed) return;
      if (refusal.status === 404 || refusal.status === 400) gone();
      else failed();
    }
  }

  // A browser opens few lines to one server: a tab that nobody looks at gives its line back.
  function seenOrNot() {
    clearTimeout(leaving);
    if (document.hidden) leaving = setTimeout(() => source?.close(), HIDDEN_FOR);
    else if (source?.readyState === EventSource.CLOSED) connect();
  }

  const offline = () => on.connected(false);

  function hangUp() {
    closed = true;
    clearTimeout(timer);
    clearTimeout(leaving);
    source?.close();
    document.removeEventListener("visibilitychange", seenOrNot);
    window.removeEventListener("online", connect);
    window.removeEventListener("offline", offline);
  }

  document.addEventListener("visibilitychange", seenOrNot);
  window.addEventListener("online", connect);
  window.addEventListener("offline", offline);
  connect();
  return hangUp;
}
