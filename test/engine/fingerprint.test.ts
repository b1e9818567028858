import { expect } from '@open-wc/testing';
import { fingerprint } from '../../src/engine/fingerprint.js';

const KIB = 1024;

/** A file of zeroes with some bytes set. */
function file(size: number, bytes: Record<number, number> = {}, name = 'a.bin', lastModified = 1): File {
  const content = new Uint8Array(size);
  for (const [at, value] of Object.entries(bytes)) content[Number(at)] = value;
  return new File([content], name, { lastModified });
}

describe('what a file is recognised by', () => {
  it('is the same for the same bytes, whatever their name and time: copying and touching change those', async () => {
    const print = await fingerprint(file(1_000));
    expect(await fingerprint(file(1_000))).to.equal(print);
    expect(await fingerprint(file(1_000, {}, 'renamed.bin'))).to.equal(print);
    expect(await fingerprint(file(1_000, {}, 'a.bin', 2))).to.equal(print);
    expect(print).to.match(/^[\da-f]{64}$/);
  });

  it('differs with size and content', async () => {
    const prints = await Promise.all(
      [file(1_000), file(1_001), file(1_000, { 500: 1 }), file(0), file(1)].map((one) => fingerprint(one)),
    );
    expect(new Set(prints)).to.have.property('size', prints.length);
  });

  it('samples head, middle and tail of large files', async () => {
    const size = 1_000 * KIB;
    const plain = await fingerprint(file(size));
    for (const at of [0, size / 2, size - 1])
      expect(await fingerprint(file(size, { [at]: 1 })), `${at}`).not.to.equal(plain);
  });

  it('reads every byte of files up to three samples', async () => {
    const size = 192 * KIB;
    const plain = await fingerprint(file(size));
    for (const at of [0, 65 * KIB, 100 * KIB, size - 1])
      expect(await fingerprint(file(size, { [at]: 1 })), `${at}`).not.to.equal(plain);
  });
});
