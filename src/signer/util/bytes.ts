/** Text and bytes by Web standards alone, so that the signer runs in any runtime. */

export type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export const utf8 = (text: string): Bytes => encoder.encode(text);

/** Writes bytes as lower-case hexadecimal, two digits a byte. */
export function hex(bytes: Bytes): string {
  let text = '';
  for (const byte of bytes) text += HEX[byte]!;
  return text;
}

/** Writes bytes as padded base64 (RFC 4648, section 4). */
export const toBase64 = (bytes: Bytes): string => btoa(String.fromCharCode(...bytes));

/** Writes bytes as unpadded base64url (RFC 4648, section 5). */
export function toBase64Url(bytes: Bytes): string {
  return toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

/** Reads unpadded base64url (RFC 4648, section 5); null where the text is none, or not the one way to write its bytes. */
export function fromBase64Url(text: string): Bytes | null {
  if (!/^[\w-]*$/.test(text)) return null;
  try {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(binary, (char) => char.charCodeAt(0));
    return toBase64Url(bytes) === text ? bytes : null;
  } catch {
    return null;
  }
}

/** Percent-encodes (RFC 3986) all but unreserved characters; halves of surrogate pairs, which are no text, become U+FFFD. */
export function percentEncode(text: string): string {
  // most of what is signed has nothing to encode, and this tells so at a tenth of the cost
  if (/^[\w.~-]*$/.test(text)) return text;
  return encodeURIComponent(text.replace(/\p{Cs}/gu, '\uFFFD')).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Gives bytes from the runtime's cryptographic generator. */
export const randomBytes = (count: number): Bytes => crypto.getRandomValues(new Uint8Array(count));
