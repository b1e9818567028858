import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { crc32 } from 'node:zlib';
import { createBlockHashKernel } from '../../../src/engine/hashing/block-hash-kernel.js';
import { createCrcKernel } from '../../../src/engine/hashing/crc-kernel.js';
import { CRCS } from '../../../src/engine/hashing/crc.js';

const MIB = 1024 ** 2;

describe('the checksum code compared with Node’s', () => {
  it('agrees on MD5 and SHA-256 at every length up to five blocks', () => {
    const kernel = createBlockHashKernel();
    for (const name of ['md5', 'sha256'] as const) {
      for (let length = 0; length <= 320; length++) {
        const bytes = randomBytes(length);
        const hash = kernel[name]();
        hash.update(bytes);
        assert.equal(
          Buffer.from(hash.digest()).toString('hex'),
          createHash(name).update(bytes).digest('hex'),
          `${name} of ${length} bytes`,
        );
      }
    }
  });

  it('counts lengths of more than 2^32 bits', () => {
    const bytes = randomBytes(8 * MIB);
    const kernel = createBlockHashKernel();
    const hash = kernel.md5();
    const nodeHash = createHash('md5');
    for (let count = 0; count < 65; count++) {
      hash.update(bytes);
      nodeHash.update(bytes);
    }
    assert.equal(Buffer.from(hash.digest()).toString('hex'), nodeHash.digest('hex'));
  });

  it('agrees on CRC-32', () => {
    const bytes = randomBytes(3 * MIB + 5);
    for (const mayUseWasm of [true, false]) {
      const hash = createCrcKernel(mayUseWasm).create(CRCS.crc32);
      hash.update(bytes);
      assert.equal(Buffer.from(hash.digest()).readUInt32BE(), crc32(bytes));
    }
  });
});
