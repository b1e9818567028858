/** A hash or checksum that is computed incrementally. */
export interface Hash {
  update(bytes: Uint8Array): void;
  /** Big-endian, as in S3's checksums. */
  digest(): Uint8Array<ArrayBuffer>;
}

/** A reflected CRC whose register is inverted at the start and at the end. */
export interface CrcKind {
  /** Bits of the register. */
  readonly width: 32 | 64;
  /** Upper and lower 32 bits of the reflected polynomial; `high` is 0 for a width of 32. */
  readonly high: number;
  readonly low: number;
}

export interface CrcKernel {
  /** `script` (JavaScript) if the page's policy lacks `wasm-unsafe-eval`. */
  readonly code: 'wasm' | 'script';
  create(kind: CrcKind): Hash;
}

/**
 * Creates CRCs. WebAssembly processes 16 bytes at a time by 16 tables ("slicing by 16"), JavaScript 8 bytes by the first 8
 * of them. Each routine serves both widths: a register of 32 bits is one of 64 bits whose upper half stays 0.
 *
 * The worker runs the source text of this function, so it must not refer to anything outside itself except the language's
 * built-ins.
 * @param mayUseWasm false: uses JavaScript even if the page allows WebAssembly
 */
export function createCrcKernel(mayUseWasm = true): CrcKernel {
  const SLICES = 16;
  /** Bytes of one table: 256 entries of 64 bits. */
  const TABLE_BYTES = 2_048;
  /** Addresses of the register and of the input in WebAssembly memory. */
  const REGISTER_ADDRESS = SLICES * TABLE_BYTES;
  const INPUT_ADDRESS = 65_536;
  /** Bytes of input: few enough to stay in the processor's cache between copying and use. */
  const INPUT_BYTES = 262_144;

  /** `tables[k][n]`: the effect of byte n on the register after k more bytes; low word first. */
  function fillTables(tables: Int32Array, { high, low }: CrcKind): void {
    for (let at = 0; at < SLICES * 512; at += 2) {
      let lower = at / 2;
      let upper = 0;
      if (at >= 512) {
        const previousLow = tables[at - 512]!;
        const entry = (previousLow & 255) * 2;
        lower = ((previousLow >>> 8) | (tables[at - 511]! << 24)) ^ tables[entry]!;
        upper = (tables[at - 511]! >>> 8) ^ tables[entry + 1]!;
      } else {
        for (let bit = 0; bit < 8; bit++) {
          const isOdd = lower & 1;
          lower = (lower >>> 1) | (upper << 31);
          upper >>>= 1;
          if (isOdd) {
            lower ^= low;
            upper ^= high;
          }
        }
      }
      tables[at] = lower;
      tables[at + 1] = upper;
    }
  }

  /**
   * Returns the binary of a module that exports its memory as `m` and the routine as `f(start, end)`.
   * @see https://webassembly.github.io/spec/core/binary/index.html
   */
  function assemble(): Uint8Array<ArrayBuffer> {
    const unsigned = (value: number): number[] =>
      value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >>> 7)];
    const signed = (value: number): number[] => (value < 64 ? [value] : [(value & 127) | 128, ...signed(value >>> 7)]);
    const sized = (bytes: number[]): number[] => [...unsigned(bytes.length), ...bytes];
    const section = (id: number, ...bytes: number[]): number[] => [id, ...sized(bytes)];
    const get = (local: number): number[] => [0x20, local];
    const set = (local: number): number[] => [0x21, local];
    const number = (value: number): number[] => [0x41, ...signed(value)];
    const load64 = (offset: number): number[] => [0x29, 3, ...unsigned(offset)];
    const and = 0x71;
    const xor64 = 0x85;
    // locals: first byte's address, the address after the last one, the register, four words of 32 bits
    const [at, end, register, words] = [0, 1, 2, 3];

    /** Repeats a body while at least `bytes` bytes are left, and then advances the address by `bytes`. */
    const repeatWhileLeft = (bytes: number, body: number[]): number[] => [
      // block, loop
      ...[0x02, 0x40, 0x03, 0x40],
      // leave the block (br_if) if at + bytes > end
      ...[...get(at), ...number(bytes), 0x6a, ...get(end), 0x4b, 0x0d, 1],
      ...body,
      // at = at + bytes
      ...[...get(at), ...number(bytes), 0x6a, ...set(at)],
      // repeat the loop (br); end, end
      ...[0x0c, 0, 0x0b, 0x0b],
    ];
    /** Loads the table entry of one of the 16 bytes, and combines it with the entries before it by exclusive or. */
    const applyTable = (position: number): number[] => {
      const shift = (position % 4) * 8 - 3;
      // shl or shr_u: the byte's value times the 8 bytes of an entry
      const scaledByte = shift < 0 ? [...number(-shift), 0x74] : [...number(shift), 0x76];
      const entry = [...get(words + (position >> 2)), ...scaledByte, ...number(2_040), and];
      return [...entry, ...load64((SLICES - 1 - position) * TABLE_BYTES), ...(position ? [xor64] : [])];
    };
    /** Splits a value of 64 bits into two words (wrap_i64; shr_u by 32 and wrap_i64). */
    const splitIntoWords = (word: number): number[] => [
      ...set(register),
      ...[...get(register), 0xa7, ...set(words + word)],
      ...[...get(register), 0x42, 32, 0x88, 0xa7, ...set(words + word + 1)],
    ];
    const updateSixteenBytes = [
      ...[...get(at), ...load64(0), ...get(register), xor64, ...splitIntoWords(0)],
      ...[...get(at), ...load64(8), ...splitIntoWords(2)],
      ...Array.from({ length: SLICES }, (_, position) => applyTable(position)).flat(),
      ...set(register),
    ];
    // register = tables[0][(register ^ byte) & 255] ^ (register >>> 8)
    const updateByte = [
      ...[...get(register), 0xa7, ...get(at), 0x2d, 0, 0, 0x73, ...number(3), 0x74, ...number(2_040), and],
      ...[...load64(0), ...get(register), 0x42, 8, 0x88, xor64, ...set(register)],
    ];
    const body = [
      // two groups of locals: one i64, four i32
      ...[2, 1, 0x7e, 4, 0x7f],
      ...[...number(0), ...load64(REGISTER_ADDRESS), ...set(register)],
      ...repeatWhileLeft(16, updateSixteenBytes),
      ...repeatWhileLeft(1, updateByte),
      ...[...number(0), ...get(register), 0x37, 3, ...unsigned(REGISTER_ADDRESS), 0x0b],
    ];
    return new Uint8Array([
      ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      ...section(1, 1, 0x60, 2, 0x7f, 0x7f, 0),
      ...section(3, 1, 0),
      ...section(5, 1, 0, (INPUT_ADDRESS + INPUT_BYTES) / 65_536),
      ...section(7, 2, 1, 0x6d, 2, 0, 1, 0x66, 0, 0),
      ...section(10, 1, ...sized(body)),
    ]);
  }

  /** Updates a register with bytes; the register's low word comes first. */
  type Step = (register: Int32Array, bytes: Uint8Array) => void;

  function wasmStep(module: WebAssembly.Module, kind: CrcKind): Step {
    const { m, f } = new WebAssembly.Instance(module).exports as {
      m: WebAssembly.Memory;
      f: (at: number, end: number) => void;
    };
    const input = new Uint8Array(m.buffer, INPUT_ADDRESS);
    const wasmRegister = new Int32Array(m.buffer, REGISTER_ADDRESS, 2);
    fillTables(new Int32Array(m.buffer, 0, REGISTER_ADDRESS / 4), kind);
    return (register, bytes) => {
      wasmRegister.set(register);
      for (let start = 0; start < bytes.length; start += INPUT_BYTES) {
        const slice = bytes.subarray(start, start + INPUT_BYTES);
        input.set(slice);
        f(INPUT_ADDRESS, INPUT_ADDRESS + slice.length);
      }
      register.set(wasmRegister);
    };
  }

  function scriptStep(kind: CrcKind): Step {
    const tables = new Int32Array(REGISTER_ADDRESS / 4);
    fillTables(tables, kind);
    const lows = tables.filter((_, index) => !(index & 1));
    const highs = tables.filter((_, index) => index & 1);
    return (register, bytes) => {
      let [low, high] = register as unknown as [number, number];
      let at = 0;
      const updateByte = (): void => {
        const entry = (low ^ bytes[at++]!) & 255;
        low = ((low >>> 8) | (high << 24)) ^ lows[entry]!;
        high = (high >>> 8) ^ highs[entry]!;
      };
      // a typed array of words must begin at a multiple of four bytes
      while (at < bytes.length && (bytes.byteOffset + at) & 3) updateByte();
      const wordCount = ((bytes.length - at) >> 3) * 2;
      const words = new Int32Array(bytes.buffer, wordCount ? bytes.byteOffset + at : 0, wordCount);
      for (let word = 0; word < wordCount; word += 2) {
        const a = low ^ words[word]!;
        const b = high ^ words[word + 1]!;
        const i0 = 1_792 + (a & 255);
        const i1 = 1_536 + ((a >>> 8) & 255);
        const i2 = 1_280 + ((a >>> 16) & 255);
        const i3 = 1_024 + (a >>> 24);
        const i4 = 768 + (b & 255);
        const i5 = 512 + ((b >>> 8) & 255);
        const i6 = 256 + ((b >>> 16) & 255);
        const i7 = b >>> 24;
        low = lows[i0]! ^ lows[i1]! ^ lows[i2]! ^ lows[i3]! ^ lows[i4]! ^ lows[i5]! ^ lows[i6]! ^ lows[i7]!;
        if (kind.width === 64)
          high = highs[i0]! ^ highs[i1]! ^ highs[i2]! ^ highs[i3]! ^ highs[i4]! ^ highs[i5]! ^ highs[i6]! ^ highs[i7]!;
      }
      at += wordCount * 4;
      while (at < bytes.length) updateByte();
      register[0] = low;
      register[1] = high;
    };
  }

  function compile(): WebAssembly.Module | null {
    try {
      const module = mayUseWasm ? new WebAssembly.Module(assemble()) : null;
      // WebKit compiles a module whose instantiation the page's policy forbids
      if (module) void new WebAssembly.Instance(module);
      return module;
    } catch {
      return null;
    }
  }

  const module = compile();
  const steps = new Map<number, Step>();

  function stepOf(kind: CrcKind): Step {
    const existing = steps.get(kind.low);
    if (existing) return existing;
    const step = module ? wasmStep(module, kind) : scriptStep(kind);
    steps.set(kind.low, step);
    return step;
  }

  return {
    code: module ? 'wasm' : 'script',
    create(kind) {
      const step = stepOf(kind);
      const register = new Int32Array([-1, kind.width === 64 ? -1 : 0]);
      return {
        update: (bytes) => step(register, bytes),
        digest() {
          const view = new DataView(new ArrayBuffer(kind.width / 8));
          view.setInt32(view.byteLength - 4, ~register[0]!);
          if (kind.width === 64) view.setInt32(0, ~register[1]!);
          return new Uint8Array(view.buffer);
        },
      };
    },
  };
}
