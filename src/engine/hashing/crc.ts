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
 * A polynomial over GF(2) of a lower degree than the CRC's. Its bits are reflected, so that x^0 is the highest bit; upper
 * and lower 32 bits.
 */
type Polynomial = readonly [high: number, low: number];

/** Multiplies two polynomials modulo the CRC's. */
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

/** Returns x to the power of 8 × bytes. Multiplying a CRC by it has the effect of that many zero bytes. */
function shiftOf(kind: CrcKind, bytes: number): Polynomial {
  const top = (2 ** 31) | 0;
  let shift: Polynomial = kind.width === 64 ? [top, 0] : [0, top];
  let power: Polynomial = kind.width === 64 ? [1 << 23, 0] : [0, 1 << 23];
  // not by bit operations, because sizes exceed 32 bits
  for (let left = bytes; left > 0; left = Math.floor(left / 2)) {
    if (left % 2) shift = multiply(kind, shift, power);
    power = multiply(kind, power, power);
  }
  return shift;
}

/**
 * Computes the CRC of concatenated parts. 10,000 parts of one size take milliseconds.
 * @returns base64; without parts, the CRC of no bytes
 * @throws TypeError for a value of another length
 * @see https://stackoverflow.com/a/23126768 for the arithmetic
 */
export function combineCrcs(algorithm: CrcAlgorithm, parts: Iterable<SizedCrc>): string {
  const kind: CrcKind = CRCS[algorithm];
  const view = new DataView(new ArrayBuffer(kind.width / 8));
  const shifts = new Map<number, Polynomial>();
  let high = 0;
  let low = 0;
  for (const { value, size } of parts) {
    let shift = shifts.get(size);
    if (!shift) shifts.set(size, (shift = shiftOf(kind, size)));
    [high, low] = multiply(kind, shift, [high, low]);
    const part = new DataView(fromBase64(value).buffer);
    if (part.byteLength !== view.byteLength) throw new TypeError(`"${value}" is not a ${algorithm} value`);
    low ^= part.getInt32(part.byteLength - 4);
    if (kind.width === 64) high ^= part.getInt32(0);
  }
  view.setInt32(view.byteLength - 4, low);
  if (kind.width === 64) view.setInt32(0, high);
  return toBase64(new Uint8Array(view.buffer));
}
