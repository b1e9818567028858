import type { KeyValueStore } from '../ports.js';

/**
 * Short notes in localStorage, read without waiting. What it loses in a crash, or refuses, is no loss: nothing but
 * hints is written here.
 */
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
      // a private window, a worker, or no room
    }
  },
};
