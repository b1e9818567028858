/**
 * The CRCs that S3 knows, and how those of parts become the whole object's without reading anything again.
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

/** A CRC of so many bytes. */
export interface SizedCrc {
  /** Base64 of the big-endian value, as S3's headers have it. */
  readonly value: string;
  /** Bytes. */
  readonly size: number;
}

/** A polynomial over GF(2) below the CRC's own, bits reflected: x^0 is the highest bit. Upper 32 bits, lower 32 bits. */
type Polynomial = readonly [high: number, low: number];

/** Multiplies modulo the CRC's polynomial. */
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

/** x to the power of eight times so many bytes: multiplied with a CRC, what those bytes would shift it by. */
function shiftOf(kind: CrcKind, bytes: number): Polynomial {
  const top = (2 ** 31) | 0;
  let shift: Polynomial = kind.width === 64 ? [top, 0] : [0, top];
  let power: Polynomial = kind.width === 64 ? [1 << 23, 0] : [0, 1 << 23];
  // sizes outgrow 32 bits
  for (let left = bytes; left > 0; left = Math.floor(left / 2)) {
    if (left % 2) shift = multiply(kind, shift, power);
    power = multiply(kind, power, power);
  }
  return shift;
}

/**
 * Gives the CRC of parts one after another. Ten thousand parts of one size cost milliseconds.
 * @returns base64; for no parts at all that of no bytes
 * @see https://stackoverflow.com/a/23126768 for why a CRC of a whole is that of its parts, shifted
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
    if (part.byteLength !== view.byteLength) throw new TypeError(`"${value}" is no ${algorithm}`);
    low ^= part.getInt32(part.byteLength - 4);
    if (kind.width === 64) high ^= part.getInt32(0);
  }
  view.setInt32(view.byteLength - 4, low);
  if (kind.width === 64) view.setInt32(0, high);
  return toBase64(new Uint8Array(view.buffer));
}
