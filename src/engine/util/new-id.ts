import { hex } from './bytes.js';

/** Makes an id: 128 random bits in hexadecimal; `randomUUID` is missing on plain `http:` pages. */
export const newId = (): string => hex(crypto.getRandomValues(new Uint8Array(16)));
