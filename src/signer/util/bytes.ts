/** Encodes and decodes text and bytes with Web standards only, so that the signer runs in any runtime. */

export type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export const utf8 = (text: string): Bytes => encoder.encode(text);

/** Encodes bytes as lower-case hexadecimal. */
export function hex(bytes: Bytes): string {
  let text = '';
  for (const byte of bytes) text += HEX[byte]!;
  return text;
}

/** Encodes bytes as padded base64 (RFC 4648, section 4). */
export const toBase64 = (bytes: Bytes): string => btoa(String.fromCharCode(...bytes));

/** Encodes bytes as unpadded base64url (RFC 4648, section 5). */
export function toBase64Url(bytes: Bytes): string {
  return toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

/**
 * Decodes unpadded base64url (RFC 4648, section 5).
 * @returns null for invalid text, and for any text other than the canonical encoding of its bytes
 */
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

/** Percent-encodes all but unreserved characters (RFC 3986). Lone surrogates become U+FFFD. */
export function percentEncode(text: string): string {
  // most signed texts need no encoding, and this test takes a tenth of the time of encoding
  if (/^[\w.~-]*$/.test(text)) return text;
  return encodeURIComponent(text.replace(/\p{Cs}/gu, '\uFFFD')).replace(
    /[!'()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Returns bytes from the runtime's cryptographic random number generator. */
export const randomBytes = (count: number): Bytes => crypto.getRandomValues(new Uint8Array(count));
