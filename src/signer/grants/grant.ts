/** Sealed grants: what init allowed, handed to the browser so that the signer itself remembers nothing. */
import type { ChecksumAlgorithm } from '../../protocol.js';
import { isChecksumAlgorithm } from '../s3/checksums.js';
import { shortHash } from '../util/hashes.js';
import { SignerRefusal } from '../util/refusal.js';
import { createSeal } from './seal.js';

/** What a grant binds a call to. Bytes, epoch milliseconds. */
export interface Grant {
  key: string;
  size: number;
  partSize: number;
  /** Agreed on at init; null: none. */
  checksum: ChecksumAlgorithm | null;
  /** The mark of the principal, not its name; null for an anonymous upload. */
  principal: string | null;
  /** When the upload was first granted; kept over renewals. */
  begun: number;
  issued: number;
  /**
   * The mark of all by which the policy judged the file: whatever makes a new object is signed again for no other. Empty
   * for a grant that lets an upload go on which was begun elsewhere: it makes no new object.
   */
  claims: string;
  /** What the tracker recognises the file by; empty where nothing tracks it. */
  marks: readonly string[];
}

export interface Sealer {
  seal(grant: Grant): Promise<string>;
  /**
   * Opens what `seal` gave.
   * @throws SignerRefusal 403 `grant-invalid` for what was never sealed with these secrets; `grant-expired` for a key
   *   rotated away, an earlier release, or another audience: the browser then has the upload begun afresh
   */
  open(sealed: string): Promise<Grant>;
}

/** By what signers that share a secret are told apart. */
export interface Audience {
  /** The signer's own name; the empty text where it has none. */
  name: string;
  /** Which store, as `storeNameOf` names it. */
  storeName: string;
  region: string;
  bucket: string;
}

/**
 * Makes a sealer. The first secret seals, all of them open: put a new one in front to rotate. Grants of release 0.1.0
 * knew no audience and count as expired.
 * @param secrets one or more texts
 * @param audience a grant opens only where it is the same
 */
export function createSealer(secrets: readonly string[], audience: Audience): Sealer {
  const { name, storeName, region, bucket } = audience;
  const { seal, open } = createSeal(secrets, 'mule-upload grant 2', [`mule-upload grant 1\n${bucket}`]);
  const mark = Promise.resolve(shortHash(JSON.stringify([name, storeName, region, bucket])));
  const expired = (why: string) => new SignerRefusal(403, 'grant-expired', `The grant ${why}; init gives a new one.`);
  return {
    seal: async (grant) => seal([await mark, ...pack(grant)]),
    async open(sealed) {
      const opened = await open(sealed);
      if (opened.state === 'forged')
        throw new SignerRefusal(403, 'grant-invalid', 'The grant is not one that this signer gave.');
      if (opened.state === 'retired') throw expired('was sealed with a key, or by a release, that is no longer in use');
      const [of, ...packed] = opened.value as [string, ...Packed];
      if (of !== (await mark)) throw expired('is one of another signer, or of this one under another name or address');
      return unpack(packed);
    },
  };
}

type Packed = [
  key: string,
  size: number,
  partSize: number,
  principal: string | null,
  begun: number,
  issued: number,
  claims: string,
  ...string[],
];

/** The checksum stands before the marks, where there is one: no mark is the name of an algorithm. */
const pack = (grant: Grant): Packed => [
  grant.key,
  grant.size,
  grant.partSize,
  grant.principal,
  grant.begun,
  grant.issued,
  grant.claims,
  ...(grant.checksum ? [grant.checksum] : []),
  ...grant.marks,
];

function unpack([key, size, partSize, principal, begun, issued, claims, ...rest]: Packed): Grant {
  const [first, ...others] = rest;
  const common = { key, size, partSize, principal, begun, issued, claims };
  return isChecksumAlgorithm(first)
    ? { ...common, checksum: first, marks: others }
    : { ...common, checksum: null, marks: rest };
}
