/** Sealed grants: the browser holds what `get_init_signature` allowed, so that the signer stays stateless. */
import type { ChecksumAlgorithm } from '../../protocol.js';
import { isChecksumAlgorithm } from '../s3/checksums.js';
import { shortHash } from '../util/hashes.js';
import { SignerRefusal } from '../util/refusal.js';
import { createSeal } from './seal.js';

/** The content of a grant. Sizes in bytes, times in epoch milliseconds. */
export interface Grant {
  key: string;
  size: number;
  partSize: number;
  /** The checksum algorithm chosen at init; null for none. */
  checksum: ChecksumAlgorithm | null;
  /** Hash of the principal; null for an anonymous upload. */
  principal: string | null;
  /** When the upload was first granted; renewals keep it. */
  begun: number;
  /** When this grant was issued; each renewal updates it. */
  issued: number;
  /**
   * Hash of `filename`, `content_type`, `relative_path`, `acl`, `params` and `object_key`, from which the policy decided. A
   * renewed grant may create an object only for a file with the same hash. Empty for a grant that resumes an upload begun
   * elsewhere, because it creates no object.
   */
  claims: string;
  /** Hashes by which the tracker recognises the file; empty if it is not tracked. */
  marks: readonly string[];
}

export interface Sealer {
  seal(grant: Grant): Promise<string>;
  /**
   * Opens a sealed grant.
   * @throws SignerRefusal 403 `grant-invalid` for a forged grant; `grant-expired` for a retired secret, an earlier
   *   release or another audience: the browser then restarts the upload
   */
  open(sealed: string): Promise<Grant>;
}

/** Identifies a signer among those that share a secret. */
export interface Audience {
  /** The option `name`; empty by default. */
  name: string;
  /** The value of `storeIdentity`. */
  storeId: string;
  region: string;
  bucket: string;
}

/**
 * Creates a sealer. The first secret seals, all of them open; to rotate, put a new one in front. Grants of release 0.1.0
 * have no audience and count as expired.
 * @param audience a grant opens only for the audience that it was sealed for
 */
export function createSealer(secrets: readonly string[], audience: Audience): Sealer {
  const { name, storeId, region, bucket } = audience;
  const { seal, open } = createSeal(secrets, 'mule-upload grant 2', [`mule-upload grant 1\n${bucket}`]);
  const audienceHash = Promise.resolve(shortHash(JSON.stringify([name, storeId, region, bucket])));
  const expiredRefusal = (reason: string) =>
    new SignerRefusal(403, 'grant-expired', `The grant ${reason}; call get_init_signature for a new one.`);
  return {
    seal: async (grant) => seal([await audienceHash, ...pack(grant)]),
    async open(sealed) {
      const opened = await open(sealed);
      if (opened.state === 'forged')
        throw new SignerRefusal(403, 'grant-invalid', 'The grant was not issued by this signer.');
      if (opened.state === 'retired')
        throw expiredRefusal('was sealed with a secret, or by a release, that is no longer in use');
      const [issuerHash, ...packed] = opened.value as [string, ...Packed];
      if (issuerHash !== (await audienceHash))
        throw expiredRefusal('was issued by another signer, or by this one under another name or address');
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

/** The checksum, if any, comes before the marks; no mark equals the name of an algorithm. */
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
