/**
 * The checksums that clients send and request.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
 */
import { createHash } from 'node:crypto';
import { createCrcKernel } from '../../src/engine/hashing/crc-kernel.js';
import type { Hash } from '../../src/engine/hashing/crc-kernel.js';
import { combineCrcs, CRCS } from '../../src/engine/hashing/crc.js';
import type { ChecksumAlgorithm } from '../../src/protocol.js';
import { S3Error } from './errors.js';
import { element } from './xml.js';

export type ChecksumType = 'FULL_OBJECT' | 'COMPOSITE';

export interface Checksum {
  algorithm: ChecksumAlgorithm;
  /** Base64. */
  value: string;
}

/** The checksum that CreateMultipartUpload specifies for the parts. */
export interface ChecksumPlan {
  algorithm: ChecksumAlgorithm;
  type: ChecksumType;
}

/** The checksum of a stored object; the value of a composite one ends in `-` and the number of parts. */
export type ObjectChecksum = Checksum & ChecksumPlan;

/** The length of each checksum. */
const CHECKSUM_BYTES: Readonly<Record<ChecksumAlgorithm, number>> = { crc64nvme: 8, crc32c: 4, crc32: 4, sha256: 32 };
const PREFIX = 'x-amz-checksum-';
/** Suffixes of headers with that prefix that are no checksums. */
const OTHER_SUFFIXES = ['algorithm', 'type', 'mode'];

const isAlgorithm = (name: string): name is ChecksumAlgorithm => Object.hasOwn(CHECKSUM_BYTES, name);
const notImplemented = (header: string): S3Error =>
  new S3Error('NotImplemented', 'A header you provided implies functionality that is not implemented', {
    Header: header,
  });

/** Returns the error for a request with another algorithm than the upload's. */
export const algorithmMismatch = (expected: string, actual: string): S3Error =>
  new S3Error(
    'InvalidRequest',
    `Checksum Type mismatch occurred, expected checksum Type: ${expected}, actual checksum Type: ${actual}`,
  );

/**
 * Reads the checksum that a client sends in headers, or in the fields of a form; null if there is none.
 * @throws S3Error for several checksums, for one with a wrong length, and for an unknown algorithm
 */
export function readChecksum(headers: ReadonlyMap<string, string>): Checksum | null {
  const names = [...headers.keys()].filter(
    (name) => name.startsWith(PREFIX) && !OTHER_SUFFIXES.includes(name.slice(PREFIX.length)),
  );
  const trailer = headers.get('x-amz-trailer');
  if (trailer !== undefined) throw notImplemented('x-amz-trailer');
  const [name] = names;
  if (name === undefined) return null;
  if (names.length > 1)
    throw new S3Error(
      'InvalidRequest',
      'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
    );
  const algorithm = name.slice(PREFIX.length);
  if (!isAlgorithm(algorithm)) throw notImplemented(name);
  const value = headers.get(name)!;
  const namedAlgorithm = headers.get('x-amz-sdk-checksum-algorithm')?.toLowerCase() ?? algorithm;
  if (namedAlgorithm !== algorithm)
    throw new S3Error('InvalidRequest', 'Value for x-amz-sdk-checksum-algorithm header is invalid.');
  const bytes = Buffer.from(value.replace(/-\d+$/, ''), 'base64');
  if (bytes.length === CHECKSUM_BYTES[algorithm]) return { algorithm, value };
  throw new S3Error('InvalidRequest', `Value for ${name} header is invalid.`);
}

/** @throws S3Error for an unknown checksum type */
export function readType(headers: ReadonlyMap<string, string>): ChecksumType | null {
  const type = headers.get(`${PREFIX}type`);
  if (type === undefined || type === 'FULL_OBJECT' || type === 'COMPOSITE') return type ?? null;
  throw new S3Error('InvalidRequest', `Value for ${PREFIX}type header is invalid.`);
}

/**
 * Reads the checksum settings of CreateMultipartUpload.
 * @throws S3Error for an invalid combination: CRC64NVME is never composite, SHA-256 always is
 */
export function readPlan(headers: ReadonlyMap<string, string>): ChecksumPlan | null {
  const name = headers.get(`${PREFIX}algorithm`)?.toLowerCase();
  const type = readType(headers);
  if (name === undefined) {
    if (type === null) return null;
    throw new S3Error(
      'InvalidRequest',
      'The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.',
    );
  }
  if (!isAlgorithm(name)) throw notImplemented(`${PREFIX}algorithm`);
  const requiredType = name === 'crc64nvme' ? 'FULL_OBJECT' : name === 'sha256' ? 'COMPOSITE' : null;
  if (type !== null && requiredType !== null && type !== requiredType)
    throw new S3Error(
      'InvalidRequest',
      `The ${type} checksum type cannot be used with the ${name} checksum algorithm.`,
    );
  return { algorithm: name, type: type ?? requiredType ?? 'COMPOSITE' };
}

/** @throws S3Error if Complete specifies another checksum type than CreateMultipartUpload */
export function assertSameType(type: ChecksumType | null, plan: ChecksumPlan | null): void {
  if (type === null || type === plan?.type) return;
  throw new S3Error(
    'InvalidRequest',
    `The upload was created using the ${plan?.type ?? 'null'} checksum mode. The complete request must use the same checksum mode.`,
  );
}

const kernel = createCrcKernel();

/** Creates a hash that computes a checksum of bytes as they arrive. */
export function createChecksum(algorithm: ChecksumAlgorithm): Hash {
  if (algorithm !== 'sha256') return kernel.create(CRCS[algorithm]);
  const hash = createHash('sha256');
  return { update: (bytes) => void hash.update(bytes), digest: () => new Uint8Array(hash.digest()) };
}

export const toBase64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');

/** @throws S3Error BadDigest if the declared value is not the computed one */
export function assertChecksum(declared: Checksum | null, computed: string): void {
  if (declared === null || declared.value === computed) return;
  const name = declared.algorithm.toUpperCase();
  throw new S3Error('BadDigest', `The ${name} you specified did not match the calculated checksum.`);
}

/** Returns the checksum of a multipart object, computed from the checksums of its parts. */
export function checksumOfParts(
  { algorithm, type }: ChecksumPlan,
  parts: readonly { value: string; size: number }[],
): ObjectChecksum {
  if (type === 'FULL_OBJECT' && algorithm !== 'sha256')
    return { algorithm, type, value: combineCrcs(algorithm, parts) };
  const hash = createChecksum(algorithm);
  for (const { value } of parts) hash.update(Buffer.from(value, 'base64'));
  return { algorithm, type, value: `${toBase64(hash.digest())}-${parts.length}` };
}

/** Returns the headers for a checksum. */
export const checksumHeaders = (
  checksum: (Checksum & { type?: ChecksumType }) | null | undefined,
): Record<string, string> =>
  checksum
    ? {
        [PREFIX + checksum.algorithm]: checksum.value,
        ...(checksum.type && { [`${PREFIX}type`]: checksum.type }),
      }
    : {};

export const checksumElementName = (algorithm: ChecksumAlgorithm): string => `Checksum${algorithm.toUpperCase()}`;

/** Writes a checksum as an XML element; nothing if there is none. */
export const checksumElements = (checksum: Checksum | null | undefined): string[] =>
  checksum ? [element(checksumElementName(checksum.algorithm), checksum.value)] : [];

/** Each algorithm with the name of its element in the part list of Complete. */
export const CHECKSUM_ELEMENTS = (Object.keys(CHECKSUM_BYTES) as ChecksumAlgorithm[]).map(
  (algorithm) => [algorithm, checksumElementName(algorithm)] as const,
);
