// Drafts, with the files that they came from: IndexedDB, because a picture does not fit localStorage.
// Where a browser keeps nothing (inside another site's frame), they last as long as the page is open.

let opened = null;

function open() {
  opened ??= new Promise((resolve) => {
    try {
      const request = indexedDB.open("mascot.personas", 1);
      request.onupgradeneeded = () => request.result.createObjectStore("drafts", { keyPath: "key" });
      request.onsuccess = () => resolve(request.result);
      request.onerror = request.onblocked = () => resolve(null);
    } catch {
      resolve(null);
    }
  });
  return opened;
}

/** What a deed with the store gives; undefined where there is none, or it failed. */
async function within(mode, deed) {
  const database = await open();
  if (!database) return undefined;
  return new Promise((resolve) => {
    const work = database.transaction("drafts", mode);
    const request = deed(work.objectStore("drafts"));
    work.oncomplete = () => resolve(request.result);
    work.onabort = work.onerror = () => resolve(undefined);
  });
}

/** All drafts, the one that was changed last first. */
export async function all() {
  const found = (await within("readonly", (store) => store.getAll())) ?? [];
  return found.sort((one, other) => other.changed - one.changed);
}

/** Keeps a draft; whether that worked. */
export async function keep(draft) {
  draft.changed = Date.now();
  return (await within("readwrite", (store) => store.put(draft))) !== undefined;
}

export const remove = (draft) => within("readwrite", (store) => store.delete(draft.key));
