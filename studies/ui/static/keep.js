// What this browser remembers of a study. Where storage is forbidden: for as long as the page is open.

const memory = new Map();

function storage() {
  try {
    return window.localStorage;
  } catch {
    return null;
  }
}

/** A drawer of a study's own; `names()` are those in it. */
export class Drawer {
  constructor(study) {
    this.prefix = `study.${study}.`;
  }

  get(name) {
    const key = this.prefix + name;
    try {
      return JSON.parse(storage()?.getItem(key) ?? memory.get(key) ?? "null");
    } catch {
      return null;
    }
  }

  set(name, value) {
    const key = this.prefix + name;
    const text = JSON.stringify(value);
    memory.set(key, text);
    try {
      storage()?.setItem(key, text);
    } catch {
      // Full or forbidden: kept in memory above.
    }
  }

  drop(name) {
    const key = this.prefix + name;
    memory.delete(key);
    try {
      storage()?.removeItem(key);
    } catch {
      // There was nothing to remove.
    }
  }

  /** `tell(name, value)` of everything that another tab puts in. */
  heard(tell) {
    window.addEventListener("storage", ({ key, newValue }) => {
      if (newValue && key?.startsWith(this.prefix)) tell(key.slice(this.prefix.length), JSON.parse(newValue));
    });
  }

  names() {
    const store = storage();
    const kept = store ? Array.from({ length: store.length }, (_, i) => store.key(i)) : [];
    const all = new Set([...kept, ...memory.keys()]);
    return [...all].filter((key) => key?.startsWith(this.prefix)).map((key) => key.slice(this.prefix.length));
  }
}
