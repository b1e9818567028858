import { utf8 } from './bytes.js';

/** Shortens a text to a number of UTF-16 units, without splitting a character. */
export const cutText = (text: string, maxUnits: number): string =>
  text.length <= maxUnits ? text : text.slice(0, maxUnits).replace(/[\uD800-\uDBFF]$/, '');

/**
 * Shortens a text to a number of bytes, without splitting a character.
 * @param bytesOf returns the encoded length of one character
 */
export function cutToBytes(
  text: string,
  maxBytes: number,
  bytesOf = (character: string): number => utf8(character).length,
): string {
  let bytesLeft = maxBytes;
  let end = 0;
  for (const character of text) {
    bytesLeft -= bytesOf(character);
    if (bytesLeft < 0) break;
    end += character.length;
  }
  return text.slice(0, end);
}
