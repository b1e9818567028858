import type { Hash } from './crc-kernel.js';

export interface BlockHashKernel {
  /** RFC 1321, for comparison with ETags. It detects accidental changes, not attacks. */
  md5(): Hash;
  /** FIPS 180-4, for pages without WebCrypto, and for parts too large to be in memory at once. */
  sha256(): Hash;
}

/**
 * Creates MD5 and SHA-256 functions in JavaScript.
 *
 * The worker runs the source text of this function, so it must not refer to anything outside itself except the language's
 * built-ins.
 */
export function createBlockHashKernel(): BlockHashKernel {
  const BLOCK_BYTES = 64;
  /** Adds the block at an offset to the state. */
  type Compress = (state: Int32Array, view: DataView, offset: number) => void;

  function create(initial: number[], isLittleEndian: boolean, compress: Compress): Hash {
    const state = new Int32Array(initial);
    // bytes that do not fill a block yet; at the end, also the padding
    const rest = new Uint8Array(2 * BLOCK_BYTES);
    const restView = new DataView(rest.buffer);
    let restSize = 0;
    let totalBytes = 0;
    return {
      update(bytes) {
        totalBytes += bytes.length;
        let offset = 0;
        if (restSize > 0) {
          offset = Math.min(BLOCK_BYTES - restSize, bytes.length);
          rest.set(bytes.subarray(0, offset), restSize);
          restSize += offset;
          if (restSize < BLOCK_BYTES) return;
          compress(state, restView, 0);
        }
        const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
        for (; offset + BLOCK_BYTES <= bytes.length; offset += BLOCK_BYTES) compress(state, view, offset);
        rest.set(bytes.subarray(offset));
        restSize = bytes.length - offset;
      },
      digest() {
        const end = restSize < BLOCK_BYTES - 8 ? BLOCK_BYTES : 2 * BLOCK_BYTES;
        rest.fill(0, restSize);
        rest[restSize] = 0x80;
        // the length in bits: its upper and lower 32 bits
        restView.setUint32(end - (isLittleEndian ? 4 : 8), Math.floor(totalBytes / 0x20000000), isLittleEndian);
        restView.setUint32(end - (isLittleEndian ? 8 : 4), (totalBytes * 8) % 0x100000000, isLittleEndian);
        for (let offset = 0; offset < end; offset += BLOCK_BYTES) compress(state, restView, offset);
        const view = new DataView(new ArrayBuffer(state.length * 4));
        state.forEach((word, index) => view.setInt32(index * 4, word, isLittleEndian));
        return new Uint8Array(view.buffer);
      },
    };
  }

  const md5Constants = Int32Array.from({ length: 64 }, (_, index) =>
    Math.floor(Math.abs(Math.sin(index + 1)) * 2 ** 32),
  );
  const md5Shifts = Int32Array.of(7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21);
  const words = new Int32Array(64);

  function compressMd5(state: Int32Array, view: DataView, offset: number): void {
    for (let index = 0; index < 16; index++) words[index] = view.getInt32(offset + index * 4, true);
    let a = state[0]!;
    let b = state[1]!;
    let c = state[2]!;
    let d = state[3]!;
    for (let round = 0; round < 16; round++) {
      const sum = (a + ((b & c) | (~b & d)) + md5Constants[round]! + words[round]!) | 0;
      const shift = md5Shifts[0 + (round & 3)]!;
      a = d;
      d = c;
      c = b;
      b = (b + ((sum << shift) | (sum >>> (32 - shift)))) | 0;
    }
    for (let round = 16; round < 32; round++) {
      const sum = (a + ((b & d) | (c & ~d)) + md5Constants[round]! + words[(5 * round + 1) & 15]!) | 0;
      const shift = md5Shifts[4 + (round & 3)]!;
      a = d;
      d = c;
      c = b;
      b = (b + ((sum << shift) | (sum >>> (32 - shift)))) | 0;
    }
    for (let round = 32; round < 48; round++) {
      const sum = (a + (b ^ c ^ d) + md5Constants[round]! + words[(3 * round + 5) & 15]!) | 0;
      const shift = md5Shifts[8 + (round & 3)]!;
      a = d;
      d = c;
      c = b;
      b = (b + ((sum << shift) | (sum >>> (32 - shift)))) | 0;
    }
    for (let round = 48; round < 64; round++) {
      const sum = (a + (c ^ (b | ~d)) + md5Constants[round]! + words[(7 * round) & 15]!) | 0;
      const shift = md5Shifts[12 + (round & 3)]!;
      a = d;
      d = c;
      c = b;
      b = (b + ((sum << shift) | (sum >>> (32 - shift)))) | 0;
    }
    state[0]! += a;
    state[1]! += b;
    state[2]! += c;
    state[3]! += d;
  }

  const primes: number[] = [];
  for (let candidate = 2; primes.length < 64; candidate++) {
    if (primes.every((prime) => candidate % prime)) primes.push(candidate);
  }
  const fractionBits = (root: number): number => Math.floor((root % 1) * 2 ** 32);
  const sha256Constants = Int32Array.from(primes, (prime) => fractionBits(Math.cbrt(prime)));
  const sha256InitialState = primes.slice(0, 8).map((prime) => fractionBits(Math.sqrt(prime)));

  function compressSha256(state: Int32Array, view: DataView, offset: number): void {
    for (let index = 0; index < 16; index++) words[index] = view.getInt32(offset + index * 4);
    for (let index = 16; index < 64; index++) {
      const x = words[index - 15]!;
      const y = words[index - 2]!;
      const small = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const large = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      words[index] = words[index - 16]! + small + words[index - 7]! + large;
    }
    let a = state[0]!;
    let b = state[1]!;
    let c = state[2]!;
    let d = state[3]!;
    let e = state[4]!;
    let f = state[5]!;
    let g = state[6]!;
    let h = state[7]!;
    for (let index = 0; index < 64; index++) {
      const sigmaE = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const first = (h + sigmaE + ((e & f) ^ (~e & g)) + sha256Constants[index]! + words[index]!) | 0;
      const sigmaA = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const second = (sigmaA + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + first) | 0;
      d = c;
      c = b;
      b = a;
      a = (first + second) | 0;
    }
    state[0]! += a;
    state[1]! += b;
    state[2]! += c;
    state[3]! += d;
    state[4]! += e;
    state[5]! += f;
    state[6]! += g;
    state[7]! += h;
  }

  return {
    md5: () => create([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476], true, compressMd5),
    sha256: () => create(sha256InitialState, false, compressSha256),
  };
}
