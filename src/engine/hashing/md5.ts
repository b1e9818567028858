/** Shifts of the four rounds. */
const SHIFTS = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21];
const SINES = Int32Array.from({ length: 64 }, (_, index) => Math.floor(Math.abs(Math.sin(index + 1)) * 2 ** 32));
const BLOCK = 64;

/**
 * MD5, which WebCrypto leaves out. No guard against anybody: it reckons what S3 reckons, to know an object again.
 * @see https://www.rfc-editor.org/rfc/rfc1321
 */
export class Md5 {
  readonly #state = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476);
  readonly #words = new Int32Array(16);
  /** Bytes that do not fill a block yet. */
  readonly #rest = new Uint8Array(BLOCK);
  #length = 0;

  update(bytes: Uint8Array): this {
    const filled = this.#length % BLOCK;
    this.#length += bytes.length;
    let start = 0;
    if (filled) {
      start = Math.min(BLOCK - filled, bytes.length);
      this.#rest.set(bytes.subarray(0, start), filled);
      if (filled + start < BLOCK) return this;
      this.#blocks(this.#rest, 0, BLOCK);
    }
    const end = start + Math.floor((bytes.length - start) / BLOCK) * BLOCK;
    this.#blocks(bytes, start, end);
    this.#rest.set(bytes.subarray(end));
    return this;
  }

  /** @returns 16 bytes; nothing can be added afterwards */
  digest(): Uint8Array {
    const bits = this.#length * 8;
    const padding = new Uint8Array(BLOCK - ((this.#length + 8) % BLOCK) + 8);
    padding[0] = 0x80;
    const view = new DataView(padding.buffer);
    view.setUint32(padding.length - 8, bits % 2 ** 32, true);
    view.setUint32(padding.length - 4, Math.floor(bits / 2 ** 32), true);
    this.update(padding);
    const digest = new DataView(new ArrayBuffer(16));
    this.#state.forEach((word, index) => digest.setInt32(index * 4, word, true));
    return new Uint8Array(digest.buffer);
  }

  #blocks(bytes: Uint8Array, start: number, end: number): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const words = this.#words;
    for (let at = start; at < end; at += BLOCK) {
      for (let index = 0; index < 16; index++) words[index] = view.getInt32(at + index * 4, true);
      this.#mix(words);
    }
  }

  #mix(words: Int32Array): void {
    const state = this.#state;
    let a = state[0]!;
    let b = state[1]!;
    let c = state[2]!;
    let d = state[3]!;
    for (let step = 0; step < 64; step++) {
      const round = step >> 4;
      let mixed: number;
      let word: number;
      if (round === 0) {
        mixed = d ^ (b & (c ^ d));
        word = step;
      } else if (round === 1) {
        mixed = c ^ (d & (b ^ c));
        word = (5 * step + 1) & 15;
      } else if (round === 2) {
        mixed = b ^ c ^ d;
        word = (3 * step + 5) & 15;
      } else {
        mixed = c ^ (b | ~d);
        word = (7 * step) & 15;
      }
      const sum = (a + mixed + SINES[step]! + words[word]!) | 0;
      const shift = SHIFTS[round * 4 + (step & 3)]!;
      a = d;
      d = c;
      c = b;
      b = (b + ((sum << shift) | (sum >>> (32 - shift)))) | 0;
    }
    state[0] = (state[0]! + a) | 0;
    state[1] = (state[1]! + b) | 0;
    state[2] = (state[2]! + c) | 0;
    state[3] = (state[3]! + d) | 0;
  }
}
