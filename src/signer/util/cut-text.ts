import { utf8 } from './bytes.js';

/** Cuts a text after so many UTF-16 units at most, never within a character. */
export const cutText = (text: string, maxUnits: number): string =>
  text.length <= maxUnits ? text : text.slice(0, maxUnits).replace(/[\uD800-\uDBFF]$/, '');

/** Cuts a text to so many bytes, by whole characters. @param bytesOf what one character takes */
export function cutToBytes(
  text: string,
  maxBytes: number,
  bytesOf = (character: string): number => utf8(character).length,
): string {
  let room = maxBytes;
  let end = 0;
  for (const character of text) {
    room -= bytesOf(character);
    if (room < 0) break;
    end += character.length;
  }
  return text.slice(0, end);
}
