import { expect } from '@open-wc/testing';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import { refuse } from '../fake-store.js';
import { fileOf, hashOf, Harness } from '../harness.js';

const NAME = 'a.bin';
const KEY = `files/${NAME}`;
/** Not hashed as a whole, so that the engine reads the file again after its request, in every browser. */
const SIZE = MIN_PART_SIZE + 1;

/** A file whose reads take long while `isSlow` is set. */
class SlowFile extends File {
  isSlow = false;
  /** Number of reads that do not end until `release()`. */
  waitingReads = 0;
  release!: () => void;
  readonly #released = new Promise<void>((resolve) => (this.release = resolve));

  override slice(start?: number, end?: number): Blob {
    const blob = super.slice(start, end);
    if (!this.isSlow) return blob;
    blob.arrayBuffer = async () => {
      this.waitingReads++;
      await this.#released;
      return new Response(blob).arrayBuffer();
    };
    return blob;
  }
}

/** Pauses an upload whose PUT has succeeded, while the engine checks whether the file has changed. */
async function pauseAfterPut(): Promise<{ harness: Harness; file: File }> {
  const file = new SlowFile([fileOf(SIZE)], NAME, { lastModified: 1_000 });
  const harness = new Harness({ partSize: 2 * SIZE });
  // a store that respects If-None-Match, with ETags that are no MD5s
  harness.store.always('put', async (request, proceed) => {
    if (harness.store.objects.has(KEY)) return refuse(412, 'PreconditionFailed')(request, proceed);
    const response = await proceed();
    file.isSlow = true;
    return response;
  });
  await harness.uploader.add([file]);
  await harness.until(() => file.waitingReads > 0, 'the check of the file');
  expect(harness.store.objects.has(KEY)).to.be.true;
  harness.uploader.pause();
  expect(harness.uploadOf(NAME).status).to.equal('paused');
  file.isSlow = false;
  return { harness, file };
}

describe('an upload that is paused after its PUT has succeeded', () => {
  it('is complete after resume(), although the store does not overwrite its object', async () => {
    const { harness, file } = await pauseAfterPut();
    await harness.uploader.resume();
    await harness.finished();
    expect(harness.store.count('put')).to.equal(2);
    expect(harness.uploadOf(NAME)).to.include({ status: 'complete', error: null, etag: 'whole' });
    expect(await hashOf(harness.store.objects.get(KEY)?.body)).to.equal(await hashOf(file));
  });

  it('is complete after resume() although the store does not answer HEAD', async () => {
    const { harness, file } = await pauseAfterPut();
    harness.store.always('head', refuse(403, 'AccessDenied'));
    await harness.uploader.resume();
    await harness.finished();
    expect(harness.uploadOf(NAME)).to.include({ status: 'complete', error: null });
    expect(await hashOf(harness.store.objects.get(KEY)?.body)).to.equal(await hashOf(file));
  });

  it('fails with key-exists if its object was replaced by one of another size meanwhile', async () => {
    const { harness } = await pauseAfterPut();
    harness.store.objects.set(KEY, { body: fileOf(SIZE + 1), etag: 'other' });
    await harness.uploader.resume();
    await harness.finished();
    expect(harness.uploadOf(NAME).error).to.include({ code: 'key-exists', status: 412 });
  });
});
