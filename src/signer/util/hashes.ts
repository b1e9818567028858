/**
 * Keyed and plain SHA-256. Node, Bun and Deno have them without a promise and a hop between threads for each: for texts
 * as short as these that is most of the cost. Elsewhere WebCrypto does the same.
 */
import { toBase64Url, utf8, type Bytes } from './bytes.js';

type MaybePromise<T> = T | Promise<T>;

/** A key of HMAC-SHA-256 (RFC 2104). */
export interface HmacKey {
  /** Gives the 32 bytes over a text. */
  sign(text: string): MaybePromise<Bytes>;
  /** Compares in time that does not tell where they differ. */
  verify(signature: Bytes, text: string): MaybePromise<boolean>;
}

export interface Hashes {
  /** Gives the 32 bytes of SHA-256 over a text. */
  sha256(text: string): MaybePromise<Bytes>;
  /** Makes a key of one byte or more. */
  hmacKey(secret: Bytes): MaybePromise<HmacKey>;
}

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

/** Null where the runtime has no such module. @see https://nodejs.org/api/process.html#processgetbuiltinmoduleid */
export function nodeHashes(): Hashes | null {
  // not imported: the signer is to load where there is no such module
  const node = globalThis.process?.getBuiltinModule?.('node:crypto');
  if (!node) return null;
  return {
    sha256: (text) => node.createHash('sha256').update(text).digest(),
    hmacKey(secret) {
      const sign = (text: string): Bytes => node.createHmac('sha256', secret).update(text).digest();
      return { sign, verify: (signature, text) => node.timingSafeEqual(sign(text), signature) };
    },
  };
}

export const { sha256, hmacKey }: Hashes = nodeHashes() ?? webHashes;

/** Gives a short mark of a text: 128 bits of its SHA-256 in 22 characters. */
export async function shortHash(text: string): Promise<string> {
  return toBase64Url((await sha256(text)).slice(0, 16));
}
