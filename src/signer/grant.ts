/** Sealed grants: what init allowed, handed to the browser so that the signer itself remembers nothing. */
import type { ChecksumAlgorithm } from '../protocol.js';
import { isChecksumAlgorithm } from './checksums.js';
import { SignerRefusal } from './refusal.js';
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
 * Makes a sealer. The first secret seals, all of them open: put a new one in front to rotate.
 * @param secrets one or more texts
 * @param bucket a grant opens only where it is the same
 */
export function createSealer(secrets: readonly string[], bucket: string): Sealer {
  const { seal, open } = createSeal(secrets, `mule-upload grant 1\n${bucket}`);
  return {
    seal: (grant) => seal(pack(grant)),
    async open(sealed) {
      const opened = await open(sealed);
      if (opened.state === 'sealed') return unpack(opened.value as Packed);
      if (opened.state === 'forged')
        throw new SignerRefusal(403, 'grant-invalid', 'The grant is not one that this signer gave.');
      throw new SignerRefusal(403, 'grant-expired', 'The grant was sealed with a key that is no longer in use.');
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
  ...(grant.checksum ? [grant.checksum] : []),
  ...grant.marks,
];

function unpack([key, size, partSize, principal, begun, issued, ...rest]: Packed): Grant {
  const [first, ...others] = rest;
  const common = { key, size, partSize, principal, begun, issued };
  return isChecksumAlgorithm(first)
    ? { ...common, checksum: first, marks: others }
    : { ...common, checksum: null, marks: rest };
}
