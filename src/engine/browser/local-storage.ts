import type { KeyValueStore } from '../ports.js';

/** Stores short texts in localStorage. Failures are ignored, because every text is only a hint. */
export const localKeyValueStore: KeyValueStore = {
  read(name) {
    try {
      return localStorage.getItem(name);
    } catch {
      return null;
    }
  },
  write(name, text) {
    try {
      if (text === null) localStorage.removeItem(name);
      else localStorage.setItem(name, text);
    } catch {
      // storage is blocked, missing (in a worker) or full
    }
  },
};
