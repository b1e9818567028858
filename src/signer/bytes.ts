/** Text, bytes and keyed hashes by Web standards alone, so that the signer runs in any runtime with WebCrypto. */

type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();
const HMAC_SHA256 = { name: 'HMAC', hash: 'SHA-256' };
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export const utf8 = (text: string): Bytes => encoder.encode(text);

/** Writes bytes as lower-case hexadecimal, two digits a byte. */
export function hex(bytes: Bytes): string {
  let text = '';
  for (const byte of bytes) text += HEX[byte]!;
  return text;
}

/** Writes bytes as unpadded base64url (RFC 4648, section 5). */
export function toBase64Url(bytes: Bytes): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '');
}

/** Reads unpadded base64url (RFC 4648, section 5); null where the text is none. */
export function fromBase64Url(text: string): Bytes | null {
  if (!/^[\w-]*$/.test(text)) return null;
  try {
    return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0));
  } catch {
    return null;
  }
}

/** Makes an HMAC-SHA-256 key (RFC 2104) from one byte or more. */
export const importHmacKey = (secret: Bytes): Promise<CryptoKey> =>
  crypto.subtle.importKey('raw', secret, HMAC_SHA256, false, ['sign', 'verify']);

/** Gives the 32 bytes of HMAC-SHA-256 (RFC 2104) over a text. */
export async function hmac(key: CryptoKey, text: string): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.sign('HMAC', key, encoder.encode(text)));
}

/** Gives the 32 bytes of SHA-256 over a text. */
export async function sha256(text: string): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', encoder.encode(text)));
}

/** Gives a short mark of a text: 128 bits of its SHA-256 in 22 characters. */
export async function markOf(text: string): Promise<string> {
  return toBase64Url((await sha256(text)).slice(0, 16));
}

/** Gives bytes from the runtime's cryptographic generator. */
export const randomBytes = (count: number): Bytes => crypto.getRandomValues(new Uint8Array(count));
