import { hex } from './bytes.js';

/** Returns a new ID: 128 random bits in hexadecimal. `crypto.randomUUID()` is missing on plain `http:` pages. */
export const newId = (): string => hex(crypto.getRandomValues(new Uint8Array(16)));
