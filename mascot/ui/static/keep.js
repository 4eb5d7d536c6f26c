// What this browser remembers. Inside another site's frame storage may be forbidden: then it is kept
// for as long as the page is open.

const memory = new Map();

function area(name) {
  try {
    return window[name];
  } catch {
    return null;
  }
}

function read(store, key) {
  try {
    return store.getItem(key);
  } catch {
    return memory.get(key) ?? null;
  }
}

function write(store, key, value) {
  if (value === null || value === "") memory.delete(key);
  else memory.set(key, value);
  try {
    if (value === null || value === "") store.removeItem(key);
    else store.setItem(key, value);
  } catch {
    // Kept in memory above; there is nowhere else.
  }
}

/** The secret by which the server lists this browser's conversations: 128 random bits. */
export function owner() {
  const store = area("localStorage");
  let secret = read(store, "mascot.owner");
  if (!/^[0-9a-f]{32}$/.test(secret ?? "")) {
    secret = freshKey();
    write(store, "mascot.owner", secret);
  }
  return secret;
}

/** 128 random bits in hex: an owner's secret, or the key that makes a message the same message. */
export function freshKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** A lasting preference (how to cut in, which country). */
export const preference = {
  get: (name) => read(area("localStorage"), `mascot.${name}`),
  set: (name, value) => write(area("localStorage"), `mascot.${name}`, value),
};

// Drafts and unsent messages belong to the tab: they survive a reload, not the end of the visit.

/** The text not yet sent in a conversation ("" for one that has not begun). */
export const draft = {
  get: (conversation) => read(area("sessionStorage"), `mascot.draft.${conversation}`) ?? "",
  set: (conversation, text) => write(area("sessionStorage"), `mascot.draft.${conversation}`, text),
};

/** Messages that were sent but not yet received by the server. */
export const unsent = {
  get() {
    try {
      return JSON.parse(read(area("sessionStorage"), "mascot.unsent") ?? "[]");
    } catch {
      return [];
    }
  },
  set: (messages) =>
    write(area("sessionStorage"), "mascot.unsent", messages.length ? JSON.stringify(messages) : null),
};
