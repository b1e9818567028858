import { expect } from '@open-wc/testing';
import { createCrcKernel } from '../../../src/engine/hashing/crc-kernel.js';
import type { CrcKind } from '../../../src/engine/hashing/crc-kernel.js';
import { combineCrcs, CRCS } from '../../../src/engine/hashing/crc.js';
import { toBase64 } from '../../../src/engine/util/bytes.js';
import type { CrcAlgorithm } from '../../../src/engine/hashing/crc.js';
import { hex } from '../../../src/engine/util/bytes.js';
import { seededRandom } from '../random.js';

const NAMES = Object.keys(CRCS) as CrcAlgorithm[];
/** CRCs of "123456789", from the catalogue of parametrised CRC algorithms. */
const CHECK_VALUES = { crc64nvme: 'ae8b14860a799888', crc32c: 'e3069283', crc32: 'cbf43926' };
const DIGITS = new TextEncoder().encode('123456789');

/** Computes a CRC by its definition, bit by bit, with BigInt. */
function bitwise({ width, high, low }: CrcKind, bytes: Uint8Array): string {
  const polynomial = (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
  const ones = (1n << BigInt(width)) - 1n;
  let register = ones;
  for (const byte of bytes) {
    register ^= BigInt(byte);
    for (let bit = 0; bit < 8; bit++) register = register & 1n ? (register >> 1n) ^ polynomial : register >> 1n;
  }
  return (register ^ ones).toString(16).padStart(width / 4, '0');
}

const KERNELS = { wasm: createCrcKernel(), script: createCrcKernel(false) };

describe('CRCs', () => {
  it('are computed by WebAssembly if the page allows it, and by script on request', () => {
    expect(KERNELS.wasm.code).to.equal('wasm');
    expect(KERNELS.script.code).to.equal('script');
  });

  for (const [code, kernel] of Object.entries(KERNELS)) {
    for (const name of NAMES) {
      const sum = (...chunks: Uint8Array[]): Uint8Array<ArrayBuffer> => {
        const hash = kernel.create(CRCS[name]);
        for (const chunk of chunks) hash.update(chunk);
        return hash.digest();
      };

      it(`have the published check value of ${name} by ${code}`, () => {
        expect(hex(sum(DIGITS))).to.equal(CHECK_VALUES[name]);
      });

      it(`are 0 for no bytes in ${name} by ${code}`, () => {
        expect([...sum()].every((byte) => byte === 0)).to.equal(true);
        expect([...sum(new Uint8Array())].every((byte) => byte === 0)).to.equal(true);
      });

      it(`agree with a bitwise computation, at any length and alignment, in ${name} by ${code}`, () => {
        const random = seededRandom(name.length);
        for (let length = 0; length < 200; length++) {
          const offset = random.below(9);
          const bytes = random.bytes(length + offset).subarray(offset);
          expect(hex(sum(bytes))).to.equal(bitwise(CRCS[name], bytes), `length ${length}, offset ${offset}`);
        }
      });

      it(`do not depend on how the bytes are split, in ${name} by ${code}`, () => {
        const random = seededRandom(7);
        const bytes = random.bytes(600_000);
        const whole = hex(sum(bytes));
        for (let round = 0; round < 5; round++) {
          const chunks: Uint8Array[] = [];
          for (let at = 0; at < bytes.length;) {
            const end = at + random.below(round < 2 ? 5_000 : 400_000);
            chunks.push(bytes.subarray(at, end));
            at = end;
          }
          expect(hex(sum(...chunks))).to.equal(whole);
        }
      });

      it(`are independent of others that are computed at the same time, in ${name} by ${code}`, () => {
        const hashes = NAMES.map((other) => kernel.create(CRCS[other]));
        for (const byte of DIGITS) for (const hash of hashes) hash.update(Uint8Array.of(byte));
        expect(hashes.map((hash) => hex(hash.digest()))).to.deep.equal(NAMES.map((other) => CHECK_VALUES[other]));
      });
    }
  }
});

describe('combineCrcs', () => {
  for (const name of NAMES) {
    const crcOf = (bytes: Uint8Array): string => {
      const hash = KERNELS.wasm.create(CRCS[name]);
      hash.update(bytes);
      return toBase64(hash.digest());
    };
    const partOf = (bytes: Uint8Array): { value: string; size: number } => ({
      value: crcOf(bytes),
      size: bytes.length,
    });

    it(`returns the ${name} of the object, however it is split`, () => {
      const random = seededRandom(11);
      for (let round = 0; round < 60; round++) {
        const bytes = random.bytes(random.below(5_000));
        const parts: { value: string; size: number }[] = [];
        for (let at = 0; at < bytes.length;) {
          const end = at + random.below(2_000);
          parts.push(partOf(bytes.subarray(at, end)));
          at = end;
        }
        expect(combineCrcs(name, parts)).to.equal(crcOf(bytes), `round ${round}, ${parts.length} parts`);
      }
    });

    it(`returns the ${name} of one part, of an empty part, and of none`, () => {
      const crcOfNothing = crcOf(new Uint8Array());
      expect(combineCrcs(name, [partOf(DIGITS)])).to.equal(crcOf(DIGITS));
      expect(combineCrcs(name, [partOf(DIGITS), partOf(new Uint8Array())])).to.equal(crcOf(DIGITS));
      expect(combineCrcs(name, [partOf(new Uint8Array())])).to.equal(crcOfNothing);
      expect(combineCrcs(name, [])).to.equal(crcOfNothing);
    });

    it(`computes the ${name} of 10,000 parts of 5 GiB, however they are grouped`, () => {
      const random = seededRandom(13);
      const parts = Array.from({ length: 10_000 }, () => ({
        value: toBase64(random.bytes(CRCS[name].width / 8)),
        size: 5 * 1024 ** 3 - random.below(3),
      }));
      const whole = combineCrcs(name, parts);
      for (const cut of [1, 3_333, 9_999]) {
        const combinedGroups = [parts.slice(0, cut), parts.slice(cut)].map((group) => ({
          value: combineCrcs(name, group),
          size: group.reduce((sum, { size }) => sum + size, 0),
        }));
        expect(combineCrcs(name, combinedGroups)).to.equal(whole);
      }
    });

    it(`throws for a value that is not a ${name}`, () => {
      expect(() => combineCrcs(name, [{ value: toBase64(new Uint8Array(5)), size: 1 }])).to.throw(TypeError, name);
    });
  }
});
