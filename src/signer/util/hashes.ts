/**
 * SHA-256 and HMAC-SHA-256. Node, Bun and Deno compute them synchronously, which is several times faster for short
 * texts. Other runtimes use WebCrypto.
 */
import { toBase64Url, utf8, type Bytes } from './bytes.js';

type MaybePromise<T> = T | Promise<T>;

/** A key of HMAC-SHA-256 (RFC 2104). */
export interface HmacKey {
  /** Returns the 32 bytes of the MAC of a text. */
  sign(text: string): MaybePromise<Bytes>;
  /** Compares a MAC with that of a text, in constant time. @returns false also for a MAC of another length */
  verify(signature: Bytes, text: string): MaybePromise<boolean>;
}

export interface Hashes {
  /** Returns the 32 bytes of the hash of a text. */
  sha256(text: string): MaybePromise<Bytes>;
  /** Imports a key of one byte or more. */
  hmacKey(secret: Bytes): MaybePromise<HmacKey>;
}

const MAC_BYTES = 32;
const HMAC_SHA256 = { name: 'HMAC', hash: 'SHA-256' };

/** @see https://www.w3.org/TR/WebCryptoAPI/ */
export const webHashes: Hashes = {
  sha256: async (text) => new Uint8Array(await crypto.subtle.digest('SHA-256', utf8(text))),
  async hmacKey(secret) {
    const key = await crypto.subtle.importKey('raw', secret, HMAC_SHA256, false, ['sign', 'verify']);
    return {
      sign: async (text) => new Uint8Array(await crypto.subtle.sign('HMAC', key, utf8(text))),
      verify: (signature, text) => crypto.subtle.verify('HMAC', key, signature, utf8(text)),
    };
  },
};

/**
 * @returns null if the runtime has no `node:crypto`
 * @see https://nodejs.org/api/process.html#processgetbuiltinmoduleid
 */
export function nodeHashes(): Hashes | null {
  // an import would fail to load in runtimes without the module
  const node = globalThis.process?.getBuiltinModule?.('node:crypto');
  if (!node) return null;
  return {
    sha256: (text) => node.createHash('sha256').update(text).digest(),
    hmacKey(secret) {
      const sign = (text: string): Bytes => node.createHmac('sha256', secret).update(text).digest();
      return {
        sign,
        verify: (signature, text) => signature.length === MAC_BYTES && node.timingSafeEqual(sign(text), signature),
      };
    },
  };
}

export const { sha256, hmacKey }: Hashes = nodeHashes() ?? webHashes;

/** Returns the first 128 bits of a text's SHA-256, as 22 characters of base64url. */
export async function shortHash(text: string): Promise<string> {
  return toBase64Url((await sha256(text)).slice(0, 16));
}
