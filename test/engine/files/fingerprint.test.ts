import { expect } from '@open-wc/testing';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import { fingerprint, isIdentifiedByTime } from '../../../src/engine/files/fingerprint.js';

const KIB = 1024;

/** A file of zeroes with some bytes set. */
function file(size: number, bytes: Record<number, number> = {}, name = 'a.bin', lastModified = 1): File {
  const content = new Uint8Array(size);
  for (const [at, value] of Object.entries(bytes)) content[Number(at)] = value;
  return new File([content], name, { lastModified });
}

/** The same bytes without name and time, so that no browser can recognise the file by them. */
const blob = (size: number, bytes: Record<number, number> = {}): Blob => new Blob([file(size, bytes)]);

const isDesktopChromium = 'showOpenFilePicker' in window;

describe('the fingerprint', () => {
  it('does not depend on name and modification time of a file that may be sent in parts', async () => {
    const size = MIN_PART_SIZE + 1;
    const print = await fingerprint(file(size));
    expect(await fingerprint(file(size))).to.equal(print);
    expect(await fingerprint(file(size, {}, 'renamed.bin'))).to.equal(print);
    expect(await fingerprint(file(size, {}, 'a.bin', 2))).to.equal(print);
    expect(print).to.match(/^[\da-f]{64}$/);
  });

  it('is computed from name, size and modification time of a single-part file in desktop Chromium, without reading it', async () => {
    const small = file(1_000);
    let reads = 0;
    small.arrayBuffer = small.slice = () => {
      reads++;
      throw new Error('read');
    };
    expect(isIdentifiedByTime(small)).to.equal(isDesktopChromium);
    expect(isIdentifiedByTime(file(MIN_PART_SIZE + 1)), 'a file that may be sent in parts').to.be.false;
    if (!isDesktopChromium) return;
    const print = await fingerprint(small);
    expect(await fingerprint(file(1_000))).to.equal(print);
    const picked = Object.defineProperty(file(1_000), 'webkitRelativePath', { value: 'folder/a.bin' });
    expect(await fingerprint(picked), 'a stored file loses its path, so the path does not count').to.equal(print);
    for (const other of [file(1_001), file(1_000, {}, 'b.bin'), file(1_000, {}, 'a.bin', 2)])
      expect(await fingerprint(other)).not.to.equal(print);
    expect(reads).to.equal(0);
  });

  it('differs with size and content', async () => {
    const prints = await Promise.all(
      [blob(1_000), blob(1_001), blob(1_000, { 500: 1 }), blob(0), blob(1)].map((one) => fingerprint(one)),
    );
    expect(new Set(prints)).to.have.property('size', prints.length);
  });

  it('reads samples of the start, the middle and the end of a large file', async () => {
    const size = 1_000 * KIB;
    const plain = await fingerprint(blob(size));
    for (const at of [0, size / 2, size - 1])
      expect(await fingerprint(blob(size, { [at]: 1 })), `${at}`).not.to.equal(plain);
  });

  it('reads every byte of a file that is not larger than three samples', async () => {
    const size = 192 * KIB;
    const plain = await fingerprint(blob(size));
    for (const at of [0, 65 * KIB, 100 * KIB, size - 1])
      expect(await fingerprint(blob(size, { [at]: 1 })), `${at}`).not.to.equal(plain);
  });
});
