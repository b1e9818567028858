/** Seals JSON values with HMAC-SHA-256 (RFC 2104), so that a browser can hold but not change them. Not encrypted. */
import { fromBase64Url, toBase64Url, utf8 } from '../util/bytes.js';
import { hmacKey, type HmacKey } from '../util/hashes.js';

/**
 * The result of opening a sealed text. `retired`: sealed with a secret that is no longer in use, or by an earlier
 * release. `forged`: everything else that cannot be verified.
 */
export type OpenResult = { state: 'sealed'; value: unknown } | { state: 'forged' } | { state: 'retired' };

export interface Seal {
  /** Returns `{key ID}.{payload}.{seal}`; payload and seal are base64url. */
  seal(value: unknown): Promise<string>;
  open(sealed: string): Promise<OpenResult>;
}

interface SealingKey {
  id: string;
  key: HmacKey;
}

/**
 * Creates a seal. The first secret seals, all of them open.
 * @param context is authenticated with the value: a sealed text opens only in the same context
 * @param retiredContexts contexts of earlier releases; texts that were sealed in them are `retired`
 */
export function createSeal(secrets: readonly string[], context: string, retiredContexts: readonly string[] = []): Seal {
  const keys = Promise.all(secrets.map(importSealingKey));
  const signedText = (id: string, payload: string, textContext = context) => `${textContext}\n${id}.${payload}`;

  return {
    async seal(value) {
      const [{ id, key }] = (await keys) as [SealingKey];
      const payload = toBase64Url(utf8(JSON.stringify(value)));
      return `${id}.${payload}.${toBase64Url(await key.sign(signedText(id, payload)))}`;
    },

    async open(sealed) {
      const [id = '', payload = '', seal = '', ...rest] = sealed.split('.');
      const bytes = fromBase64Url(payload);
      const signature = fromBase64Url(seal);
      if (!/^[\w-]{8}$/.test(id) || !bytes || signature?.length !== 32 || rest.length > 0) return { state: 'forged' };
      const sealingKey = (await keys).find((candidate) => candidate.id === id);
      if (!sealingKey) return { state: 'retired' };
      if (!(await sealingKey.key.verify(signature, signedText(id, payload)))) {
        for (const retiredContext of retiredContexts)
          if (await sealingKey.key.verify(signature, signedText(id, payload, retiredContext)))
            return { state: 'retired' };
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
