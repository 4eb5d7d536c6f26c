// The server, as functions. Addresses are relative to this file, so any proxy path works.

import { owner } from "./keep.js";

const BASE = new URL("../", import.meta.url);
const PATIENCE = 30_000; // for an answer; a line that went dead without a word would hold back all that follows

/** An answer that is not a success; `status` 0 means that nobody answered. */
export class Refusal extends Error {
  constructor(message, status, ours = false) {
    super(message);
    this.status = status;
    this.ours = ours; // said by the studio itself, and not by a proxy before it
  }

  /** Whether the same request may succeed later. */
  get passing() {
    return this.status === 0 || this.status >= 500 || (this.status === 429 && !this.ours);
  }
}

async function call(method, path, body) {
  let response;
  try {
    response = await fetch(new URL(path, BASE), {
      method,
      headers: { "X-Mascot-Owner": owner(), ...(body && { "Content-Type": "application/json" }) },
      body: body && JSON.stringify(body),
      credentials: "omit",
      cache: "no-store",
      signal: AbortSignal.timeout(PATIENCE),
    });
  } catch {
    throw new Refusal("The server cannot be reached.", 0);
  }
  const answer = await response.json().catch(() => null);
  if (!response.ok || answer === null) {
    throw new Refusal(answer?.error ?? "The server could not answer.", response.ok ? 502 : response.status, Boolean(answer?.error));
  }
  return answer;
}

const at = (id, what = "") => `conversations/${encodeURIComponent(id)}${what}`;

export const table = () => call("GET", "table");
export const conversations = () => call("GET", "conversations");
export const open = () => call("POST", "conversations");
export const show = (id) => call("GET", at(id));
export const rename = (id, title) => call("PATCH", at(id), { title });
export const remove = (id) => call("DELETE", at(id));
export const act = (id, deed) => call("POST", at(id, "/act"), deed);
export const send = (id, { text, key, barge }) => call("POST", at(id, "/say"), { text, key, barge });
export const keeping = () => call("GET", "keeping");
export const donation = (id) => call("GET", at(id, "/donation"));
export const donate = (id) => call("PUT", at(id, "/donation"));
export const takeBack = (id) => call("DELETE", at(id, "/donation"));
export const crisis = (kind, country) =>
  call("GET", `crisis?${new URLSearchParams({ kind, ...(country && { country }) })}`);

/** Where an export (`json`, `md`) is fetched from. */
export const exportAddress = (id, format) => new URL(at(id, `/export.${format}`), BASE).href;

/** Where the events come from. */
export const eventsAddress = (id, after) => new URL(at(id, `/events?after=${after}`), BASE).href;
