import { expect } from '@open-wc/testing';
import { createBlockHashKernel } from '../../../src/engine/hashing/block-hash-kernel.js';
import type { BlockHashKernel } from '../../../src/engine/hashing/block-hash-kernel.js';
import { hex } from '../../../src/engine/util/bytes.js';
import { seededRandom } from '../random.js';

const kernel = createBlockHashKernel();

function digest(name: keyof BlockHashKernel, ...chunks: Uint8Array[]): string {
  const hash = kernel[name]();
  for (const chunk of chunks) hash.update(chunk);
  return hex(hash.digest());
}

const text = (characters: string): Uint8Array => new TextEncoder().encode(characters);

describe('MD5', () => {
  it('returns the values of RFC 1321', () => {
    const digests: Readonly<Record<string, string>> = {
      '': 'd41d8cd98f00b204e9800998ecf8427e',
      a: '0cc175b9c0f1b6a831c399e269772661',
      abc: '900150983cd24fb0d6963f7d28e17f72',
      'message digest': 'f96b697d7cb7938d525a2f31aaf161d0',
      abcdefghijklmnopqrstuvwxyz: 'c3fcd3d76192e4007dfb496cca67e13b',
      ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789: 'd174ab98d277d9f5a5611c2c9f419d9f',
      '12345678901234567890123456789012345678901234567890123456789012345678901234567890':
        '57edf4a22be3c955ac49da2e2107b67a',
    };
    for (const [characters, value] of Object.entries(digests)) expect(digest('md5', text(characters))).to.equal(value);
  });
});

describe('SHA-256', () => {
  it('returns the values of FIPS 180-4', () => {
    expect(digest('sha256')).to.equal('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(digest('sha256', text('abc'))).to.equal('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(digest('sha256', text('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq'))).to.equal(
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    );
  });

  it('agrees with WebCrypto at every length around the block size', async () => {
    const random = seededRandom(3);
    for (let length = 0; length < 260; length++) {
      const bytes = random.bytes(length);
      expect(digest('sha256', bytes)).to.equal(hex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))));
    }
  });
});

for (const name of ['md5', 'sha256'] as const) {
  it(`${name} does not depend on how the bytes are split`, () => {
    const random = seededRandom(5);
    const bytes = random.bytes(20_000);
    const expected = digest(name, bytes);
    for (let round = 0; round < 20; round++) {
      const chunks: Uint8Array[] = [];
      for (let at = 0; at < bytes.length;) {
        const end = at + random.below(round < 10 ? 150 : 9_000);
        chunks.push(bytes.subarray(at, end));
        at = end;
      }
      expect(digest(name, ...chunks)).to.equal(expected);
    }
  });
}
