// The server, as functions. Addresses are relative to the page's own, so any proxy path works.

const STATIC = new URL("./", import.meta.url);
export const STUDY = decodeURIComponent(
  new URL(document.baseURI).pathname.slice(new URL("../", STATIC).pathname.length).split("/")[0],
);
const BASE = new URL(`../${encodeURIComponent(STUDY)}/`, STATIC);

/** An answer that is not a success; `status` 0 means that nobody answered. */
export class Refusal extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }

  /** Whether the same request may succeed later. */
  get passing() {
    return this.status === 0 || this.status >= 500 || this.status === 429;
  }
}

/** One request; `headers` say who asks. A participant's page sends no cookie, the desk its sign-in. */
export async function call(method, path, body, headers = {}, credentials = "omit") {
  let response;
  try {
    response = await fetch(new URL(path, BASE), {
      method,
      headers: { ...headers, ...(body && { "Content-Type": "application/json" }) },
      body: body && JSON.stringify(body),
      credentials,
      cache: "no-store",
      signal: AbortSignal.timeout(20_000),
    });
  } catch {
    throw new Refusal("", 0);
  }
  const answer = await response.json().catch(() => null);
  if (!response.ok || answer === null) {
    throw new Refusal(answer?.error ?? "", response.ok ? 502 : response.status);
  }
  return answer;
}

/** Calls again until somebody answers; `on.waiting()` after each failure. */
export async function untilAnswered(ask, on) {
  for (let wait = 500; ; wait = Math.min(wait * 2, 5000)) {
    try {
      return await ask();
    } catch (refusal) {
      if (!(refusal instanceof Refusal) || !refusal.passing) throw refusal;
      on.waiting();
      await pause(wait);
    }
  }
}

/** Some milliseconds; over at once when the connection is back. */
export const pause = (milliseconds) =>
  new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      window.removeEventListener("online", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    window.addEventListener("online", done);
  });

/** An idempotency key: 128 random bits in hex. */
export function freshKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
