/** Sealed grants: what init allowed, handed to the browser so that the signer itself remembers nothing. */
import { fromBase64Url, hmac, importHmacKey, toBase64Url, utf8 } from './bytes.js';
import { SignerRefusal } from './refusal.js';

/** What a grant binds a call to. Bytes, epoch milliseconds. */
export interface Grant {
  key: string;
  size: number;
  partSize: number;
  /** The mark of the principal, not its name; null for an anonymous upload. */
  principal: string | null;
  /** When the upload was first granted; kept over renewals. */
  begun: number;
  issued: number;
  /** What the tracker recognises the file by; empty where nothing tracks it. */
  marks: readonly string[];
}

export interface Sealer {
  seal(grant: Grant): Promise<string>;
  /**
   * Opens what `seal` gave.
   * @throws SignerRefusal 403 `grant-invalid` for what was never sealed here, `grant-expired` for a key rotated away
   */
  open(sealed: string): Promise<Grant>;
}

/**
 * Makes a sealer by HMAC-SHA-256 (RFC 2104). The first secret seals, all of them open: put a new one in front to rotate.
 * @param secrets one or more texts
 * @param context what else the seal covers, such as the bucket: a grant opens only where it is the same
 */
export function createSealer(secrets: readonly string[], context: string): Sealer {
  const keys = Promise.all(secrets.map(importSealingKey));
  const covered = (id: string, payload: string) => `mule-upload grant 1\n${context}\n${id}.${payload}`;

  return {
    async seal(grant) {
      const [{ id, key }] = (await keys) as [SealingKey];
      const payload = toBase64Url(utf8(JSON.stringify(pack(grant))));
      return `${id}.${payload}.${toBase64Url(await hmac(key, covered(id, payload)))}`;
    },

    async open(sealed) {
      const [id = '', payload = '', seal = '', ...rest] = sealed.split('.');
      const bytes = fromBase64Url(payload);
      const signature = fromBase64Url(seal);
      if (!/^[\w-]{8}$/.test(id) || !bytes || signature?.length !== 32 || rest.length > 0) throw invalid();
      const known = (await keys).find((candidate) => candidate.id === id);
      if (!known)
        throw new SignerRefusal(403, 'grant-expired', 'The grant was sealed with a key that is no longer in use.');
      // verify() compares in constant time, which === would not.
      if (!(await crypto.subtle.verify('HMAC', known.key, signature, utf8(covered(id, payload))))) throw invalid();
      return unpack(JSON.parse(new TextDecoder().decode(bytes)) as Packed);
    },
  };
}

interface SealingKey {
  id: string;
  key: CryptoKey;
}

type Packed = [
  key: string,
  size: number,
  partSize: number,
  principal: string | null,
  begun: number,
  issued: number,
  ...string[],
];

const pack = (grant: Grant): Packed => [
  grant.key,
  grant.size,
  grant.partSize,
  grant.principal,
  grant.begun,
  grant.issued,
  ...grant.marks,
];

const unpack = ([key, size, partSize, principal, begun, issued, ...marks]: Packed): Grant => ({
  key,
  size,
  partSize,
  principal,
  begun,
  issued,
  marks,
});

const invalid = () => new SignerRefusal(403, 'grant-invalid', 'The grant is not one that this signer gave.');

async function importSealingKey(secret: string): Promise<SealingKey> {
  const key = await importHmacKey(utf8(secret));
  return { key, id: toBase64Url((await hmac(key, 'mule-upload grant key id')).slice(0, 6)) };
}
