import { expect } from '@open-wc/testing';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import { flipBit, refuse } from '../fake-store.js';
import { fileOf, hashOf, Harness } from '../harness.js';

const NAME = 'a.bin';
/** Not hashed as a whole, so that the engine reads the file again after its request, in every browser. */
const SIZE = MIN_PART_SIZE + 1;

/** A file whose reads take long while `isSlow` is set, and which a test can change on disk. */
class SlowFile extends File {
  content: Blob;
  isSlow = false;
  /** Number of reads that do not end until `release()`. */
  waitingReads = 0;
  release!: () => void;
  readonly #released = new Promise<void>((resolve) => (this.release = resolve));

  constructor(content: File) {
    super([content], content.name, { lastModified: content.lastModified });
    this.content = content;
  }

  override slice(start?: number, end?: number): Blob {
    const blob = this.content.slice(start, end);
    if (!this.isSlow) return blob;
    blob.arrayBuffer = async () => {
      this.waitingReads++;
      await this.#released;
      return new Response(blob).arrayBuffer();
    };
    return blob;
  }
}

const isStored = async (harness: Harness, file: Blob): Promise<boolean> =>
  (await hashOf(harness.store.objects.get(harness.uploadOf(NAME).key!)?.body)) === (await hashOf(file));

/** Stops an upload whose single request has succeeded, while the engine checks whether the file has changed. */
async function stopAfterRequest(harness: Harness, stop: () => void, operation: 'put' | 'post' = 'put') {
  const file = new SlowFile(fileOf(SIZE));
  harness.signer.singleRequest = operation;
  harness.store.always(operation, async (request, proceed) => {
    if (operation === 'put') request.body = file.content;
    const response = await proceed();
    file.isSlow = harness.store.count(operation) === 1;
    return response;
  });
  await harness.uploader.add([file]);
  await harness.until(() => file.waitingReads > 0, 'the check of the file');
  expect(harness.store.objects.size).to.equal(1);
  stop();
  await harness.settle();
  file.isSlow = false;
  return file;
}

/** Creates an uploader that sends the file in one request. */
const createHarness = (): Harness => new Harness({ partSize: 2 * SIZE });

describe('an upload that is stopped after its single request has succeeded', () => {
  for (const operation of ['put', 'post'] as const)
    it(`sends no second ${operation.toUpperCase()} after pause() and resume()`, async () => {
      const harness = createHarness();
      const file = await stopAfterRequest(harness, () => harness.uploader.pause(), operation);
      expect(harness.uploadOf(NAME).status).to.equal('paused');
      const { length } = harness.store.requests;
      await harness.uploader.resume();
      await harness.finished();
      expect(harness.store.requests).to.have.length(length);
      const { key, etag, status } = harness.uploadOf(NAME);
      expect({ etag, status }).to.deep.equal({ etag: harness.store.objects.get(key!)!.etag, status: 'complete' });
      expect(await isStored(harness, file)).to.be.true;
    });

  it('sends no second PUT after the page was hidden and is shown again', async () => {
    const harness = createHarness();
    await stopAfterRequest(harness, () => harness.environment.handlers!.hide());
    harness.environment.handlers!.show();
    await harness.finished();
    expect(harness.store.count('put')).to.equal(1);
    expect(harness.uploadOf(NAME)).to.include({ status: 'complete', etag: 'whole' });
  });

  it('has the checksum that the store has verified', async () => {
    const harness = createHarness();
    harness.signer.checksums = ['crc64nvme'];
    await stopAfterRequest(harness, () => harness.uploader.pause());
    await harness.uploader.resume();
    await harness.finished();
    expect(harness.store.count('put')).to.equal(1);
    const { checksum, integrity, key } = harness.uploadOf(NAME);
    expect(integrity).to.equal('checksum');
    expect(checksum).to.deep.equal(harness.store.objects.get(key!)!.checksum);
  });

  it('fails if its file has changed meanwhile, and retry() sends the changed file', async () => {
    const harness = createHarness();
    const file = await stopAfterRequest(harness, () => harness.uploader.pause());
    file.content = fileOf(SIZE);
    await harness.uploader.resume();
    await harness.finished();
    expect(harness.uploadOf(NAME).error).to.include({ code: 'file-changed' });
    harness.uploader.retry();
    await harness.finished();
    expect(harness.uploadOf(NAME)).to.include({ status: 'complete', error: null });
    expect(await isStored(harness, file.content)).to.be.true;
  });

  it('sends the file that resume() is given, because it may differ from the one that was sent', async () => {
    const harness = createHarness();
    const { content } = await stopAfterRequest(harness, () => harness.uploader.pause());
    await harness.uploader.resume(harness.uploadOf(NAME).id, new File([content], NAME, { lastModified: 1_000 }));
    await harness.finished();
    expect(harness.store.count('put')).to.equal(2);
    expect(harness.uploadOf(NAME).status).to.equal('complete');
  });
});

describe('an upload that has failed after its single request has succeeded', () => {
  it('sends the file again after retry() if it was changed during the request, and is as before now', async () => {
    const harness = createHarness();
    const content = fileOf(SIZE);
    const file = new SlowFile(content);
    harness.store.next('put', async (request, proceed) => {
      file.content = request.body = fileOf(SIZE);
      return proceed();
    });
    await harness.upload(file);
    expect(harness.uploadOf(NAME).error).to.include({ code: 'file-changed' });
    expect(await isStored(harness, content)).to.be.false;
    file.content = content;
    harness.uploader.retry();
    await harness.finished();
    expect(harness.uploadOf(NAME).status).to.equal('complete');
    expect(await isStored(harness, content)).to.be.true;
  });

  it('sends the file again after retry() if the network has altered it repeatedly', async () => {
    const harness = createHarness();
    harness.store.hasMd5Etags = true;
    await harness.upload(fileOf(1_000, 'b.bin'));
    harness.store.always('put', flipBit);
    const file = fileOf(SIZE);
    await harness.upload(file);
    expect(harness.uploadOf(NAME).error).to.include({ code: 'integrity' });
    harness.store.always('put', null);
    harness.uploader.retry();
    await harness.finished();
    expect(harness.uploadOf(NAME)).to.include({ status: 'complete', integrity: 'etag' });
    expect(await isStored(harness, file)).to.be.true;
  });

  it('does not accept the object with the altered bytes if the store does not overwrite it', async () => {
    const harness = createHarness();
    harness.store.hasMd5Etags = true;
    await harness.upload(fileOf(1_000, 'b.bin'));
    harness.store.always('put', flipBit);
    await harness.upload(fileOf(SIZE));
    expect(harness.uploadOf(NAME).error).to.include({ code: 'integrity' });
    harness.store.always('put', refuse(412, 'PreconditionFailed'));
    harness.uploader.retry();
    await harness.finished();
    expect(harness.uploadOf(NAME).error).to.include({ code: 'key-exists', status: 412 });
  });
});
