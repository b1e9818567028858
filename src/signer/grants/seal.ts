/** Values handed to strangers and taken back only as they were: JSON under HMAC-SHA-256 (RFC 2104), not encrypted. */
import { fromBase64Url, toBase64Url, utf8 } from '../util/bytes.js';
import { hmacKey, type HmacKey } from '../util/hashes.js';

/**
 * What came of opening a text: the value, or why there is none; `retired` is what a secret no longer in use, or an
 * earlier release, sealed.
 */
export type OpenResult = { state: 'sealed'; value: unknown } | { state: 'forged' } | { state: 'retired' };

export interface Seal {
  /** Gives `{key id}.{payload}.{seal}`, payload and seal in base64url. */
  seal(value: unknown): Promise<string>;
  open(sealed: string): Promise<OpenResult>;
}

interface SealingKey {
  id: string;
  key: HmacKey;
}

/**
 * Makes seals. The first secret seals, all of them open.
 * @param context what else the seal covers: a text opens only where it is the same
 * @param earlier contexts of earlier releases, whose texts count as `retired`
 */
export function createSeal(secrets: readonly string[], context: string, earlier: readonly string[] = []): Seal {
  const keys = Promise.all(secrets.map(importSealingKey));
  const covered = (id: string, payload: string, of = context) => `${of}\n${id}.${payload}`;

  return {
    async seal(value) {
      const [{ id, key }] = (await keys) as [SealingKey];
      const payload = toBase64Url(utf8(JSON.stringify(value)));
      return `${id}.${payload}.${toBase64Url(await key.sign(covered(id, payload)))}`;
    },

    async open(sealed) {
      const [id = '', payload = '', seal = '', ...rest] = sealed.split('.');
      const bytes = fromBase64Url(payload);
      const signature = fromBase64Url(seal);
      if (!/^[\w-]{8}$/.test(id) || !bytes || signature?.length !== 32 || rest.length > 0) return { state: 'forged' };
      const known = (await keys).find((candidate) => candidate.id === id);
      if (!known) return { state: 'retired' };
      if (!(await known.key.verify(signature, covered(id, payload)))) {
        for (const of of earlier)
          if (await known.key.verify(signature, covered(id, payload, of))) return { state: 'retired' };
        return { state: 'forged' };
      }
      return { state: 'sealed', value: JSON.parse(new TextDecoder().decode(bytes)) as unknown };
    },
  };
}

async function importSealingKey(secret: string): Promise<SealingKey> {
  const key = await hmacKey(utf8(secret));
  return { key, id: toBase64Url((await key.sign('mule-upload grant key id')).slice(0, 6)) };
}
