import { expect } from '@open-wc/testing';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import { dropConnection } from '../fake-store.js';
import { fileOf, hashOf, Harness } from '../harness.js';

const PART = MIN_PART_SIZE;
const NAME = 'a.bin';

/** Returns a copy of the file with one other byte in its second part, where the fingerprint reads no sample. */
function edited(file: File): File {
  const at = PART + 1_000;
  return new File([file.slice(0, at), 'X', file.slice(at + 1)], file.name, { lastModified: file.lastModified + 5_000 });
}

/** Stores four of six parts, and resumes in the next page load. @returns the numbers of the parts that are sent then */
async function resumeWith(laterFile: File, file: File, hasMd5Etags: boolean): Promise<number[]> {
  const harness = new Harness({ concurrency: 2 });
  harness.store.hasMd5Etags = hasMd5Etags;
  await harness.interrupt(file, 4);
  const next = harness.reload();
  await next.uploader.ready;
  const sentBefore = next.store.sentParts.length;
  await next.upload(laterFile);
  expect(next.uploadOf(NAME).status).to.equal('complete');
  expect(next.uploader.uploads, 'the same upload').to.have.length(1);
  expect(await hashOf(next.store.objects.get(`files/${NAME}`)?.body)).to.equal(await hashOf(laterFile));
  return next.store.sentParts.slice(sentBefore).sort();
}

describe('an upload whose file has another modification time than at the start', () => {
  it('resends the stored parts that no longer match the file', async () => {
    const file = fileOf(6 * PART, NAME);
    expect(await resumeWith(edited(file), file, true)).to.deep.equal([2, 5, 6]);
  });

  it('resends no stored part if the bytes are the same', async () => {
    const file = fileOf(6 * PART, NAME);
    const copy = new File([file], NAME, { lastModified: file.lastModified + 86_400_000 });
    expect(await resumeWith(copy, file, true)).to.deep.equal([5, 6]);
  });

  it('resends all parts to a store whose ETags are not MD5s', async () => {
    const file = fileOf(6 * PART, NAME);
    expect(await resumeWith(edited(file), file, false)).to.deep.equal([1, 2, 3, 4, 5, 6]);
  });

  it('resends all parts to such a store too if it restarts with smaller parts on a bad connection', async () => {
    const file = fileOf(6 * PART, NAME);
    const laterFile = edited(file);
    const harness = new Harness();
    harness.signer.partSize = 2 * PART;
    await harness.interrupt(file, 2);
    const next = harness.reload();
    await next.uploader.ready;
    const createdBefore = next.store.count('create');
    next.store.next('part', ...Array.from({ length: 20 }, () => dropConnection));
    await next.upload(laterFile);
    expect(next.uploadOf(NAME).status).to.equal('complete');
    expect(await hashOf(next.store.objects.get(`files/${NAME}`)?.body)).to.equal(await hashOf(laterFile));
    expect(next.store.count('create'), 'multipart uploads with smaller parts').to.equal(createdBefore + 1);
    await next.until(() => next.store.uploads.size === 0, 'the abort of the former multipart upload');
  });
});
