/**
 * The CRCs of S3, and how an object's CRC is computed from those of its parts without reading them again.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
 */
import { fromBase64, toBase64 } from '../util/bytes.js';
import type { CrcKind } from './crc-kernel.js';

export type CrcAlgorithm = keyof typeof CRCS;

/** @see https://reveng.sourceforge.io/crc-catalogue/all.htm under CRC-64/NVME, CRC-32/ISCSI, CRC-32/ISO-HDLC */
export const CRCS = {
  crc64nvme: { width: 64, high: 0x9a6c9329, low: 0xac4bc9b5 },
  crc32c: { width: 32, high: 0, low: 0x82f63b78 },
  crc32: { width: 32, high: 0, low: 0xedb88320 },
} as const satisfies Record<string, CrcKind>;

/** A checksum of a part, and the part's size. */
export interface SizedCrc {
  /** Base64 of the big-endian value, as in S3's headers. */
  readonly value: string;
  /** Bytes. */
  readonly size: number;
}

/**
 * The upper and lower 32 bits of a polynomial over GF(2) whose degree is lower than that of the CRC's polynomial. Its bits
 * are reflected: the highest bit is x^0.
 */
type Polynomial = readonly [high: number, low: number];

/** Multiplies two polynomials modulo the CRC's polynomial. */
function multiply({ width, high, low }: CrcKind, [aHigh, aLow]: Polynomial, b: Polynomial): Polynomial {
  let [bHigh, bLow] = b;
  let productHigh = 0;
  let productLow = 0;
  for (let bit = width - 1; bit >= 0; bit--) {
    if (((bit < 32 ? aLow >>> bit : aHigh >>> (bit - 32)) & 1) !== 0) {
      productHigh ^= bHigh;
      productLow ^= bLow;
    }
    const isOdd = bLow & 1;
    bLow = (bLow >>> 1) | (bHigh << 31);
    bHigh >>>= 1;
    if (isOdd) {
      bHigh ^= high;
      bLow ^= low;
    }
  }
  return [productHigh, productLow];
}

/** Returns x to the power of 8 × `bytes`. Multiplying a CRC by it has the effect of appending that many zero bytes. */
function zeroBytesFactor(kind: CrcKind, bytes: number): Polynomial {
  const one = (2 ** 31) | 0;
  let factor: Polynomial = kind.width === 64 ? [one, 0] : [0, one];
  let power: Polynomial = kind.width === 64 ? [1 << 23, 0] : [0, 1 << 23];
  // no bit operations, because `bytes` may exceed 32 bits
  for (let remaining = bytes; remaining > 0; remaining = Math.floor(remaining / 2)) {
    if (remaining % 2) factor = multiply(kind, factor, power);
    power = multiply(kind, power, power);
  }
  return factor;
}

/**
 * Computes the CRC of concatenated parts from their CRCs. 10,000 parts of the same size take milliseconds.
 * @returns base64; without parts, the CRC of zero bytes
 * @throws TypeError for a value whose length is not that of the algorithm
 * @see https://stackoverflow.com/a/23126768 for the arithmetic
 */
export function combineCrcs(algorithm: CrcAlgorithm, parts: Iterable<SizedCrc>): string {
  const kind: CrcKind = CRCS[algorithm];
  const view = new DataView(new ArrayBuffer(kind.width / 8));
  const factorsBySize = new Map<number, Polynomial>();
  let high = 0;
  let low = 0;
  for (const { value, size } of parts) {
    let factor = factorsBySize.get(size);
    if (!factor) factorsBySize.set(size, (factor = zeroBytesFactor(kind, size)));
    [high, low] = multiply(kind, factor, [high, low]);
    const part = new DataView(fromBase64(value).buffer);
    if (part.byteLength !== view.byteLength) throw new TypeError(`"${value}" is not a ${algorithm} value`);
    low ^= part.getInt32(part.byteLength - 4);
    if (kind.width === 64) high ^= part.getInt32(0);
  }
  view.setInt32(view.byteLength - 4, low);
  if (kind.width === 64) view.setInt32(0, high);
  return toBase64(new Uint8Array(view.buffer));
}
