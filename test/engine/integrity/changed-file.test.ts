import { expect } from '@open-wc/testing';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import { fileOf, hashOf, Harness } from '../harness.js';

const PART = MIN_PART_SIZE;
const NAME = 'a.bin';

/** Returns the file with one byte of its second part changed, where the fingerprint takes no sample. */
function edited(file: File): File {
  const at = PART + 1_000;
  return new File([file.slice(0, at), 'X', file.slice(at + 1)], file.name, { lastModified: file.lastModified + 5_000 });
}

/** Stores four of six parts, and continues in the next page load with that file. @returns the parts sent then */
async function goOn(file: File, later: File, hasMd5: boolean): Promise<{ next: Harness; sent: number[] }> {
  const harness = new Harness({ concurrency: 2 });
  harness.store.hasMd5 = hasMd5;
  await harness.interrupt(file, 4);
  const next = harness.reload();
  await next.uploader.ready;
  const before = next.store.sentParts.length;
  await next.upload(later);
  expect(next.of(NAME).status).to.equal('complete');
  expect(next.uploader.uploads, 'the same upload').to.have.length(1);
  expect(await hashOf(next.store.objects.get(`files/${NAME}`)?.body)).to.equal(await hashOf(later));
  return { next, sent: next.store.sentParts.slice(before).sort() };
}

describe('an upload whose file has another modification time than at the start', () => {
  it('resends the stored parts that no longer match the file', async () => {
    const file = fileOf(6 * PART, NAME);
    const { sent } = await goOn(file, edited(file), true);
    expect(sent).to.deep.equal([2, 5, 6]);
  });

  it('resends no stored part of a copy', async () => {
    const file = fileOf(6 * PART, NAME);
    const copy = new File([file], NAME, { lastModified: file.lastModified + 86_400_000 });
    const { sent } = await goOn(file, copy, true);
    expect(sent).to.deep.equal([5, 6]);
  });

  it('resends all parts to a store whose ETags are not MD5s', async () => {
    const file = fileOf(6 * PART, NAME);
    const { sent } = await goOn(file, edited(file), false);
    expect(sent).to.deep.equal([1, 2, 3, 4, 5, 6]);
  });
});
