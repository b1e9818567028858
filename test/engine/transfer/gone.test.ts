import { expect } from '@open-wc/testing';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import { responseOf, loseResponse, refuse, dropConnection } from '../fake-store.js';
import { fileOf, hashOf, Harness } from '../harness.js';

const PART = MIN_PART_SIZE;
const NAME = 'a.bin';
const KEY = `files/${NAME}`;
const noSuchUpload = refuse(404, 'NoSuchUpload');

const isStored = async (harness: Harness, file: File): Promise<boolean> =>
  (await hashOf(harness.store.objects.get(KEY)?.body)) === (await hashOf(file));

/** Creates a harness whose store has MD5s as ETags, and whose signer may grant a key to several uploads. */
function sharedKeyHarness(): Harness {
  const harness = new Harness();
  harness.store.hasMd5Etags = true;
  harness.signer.grantsKeysOnce = false;
  return harness;
}

/** Stores another object under the same key, of the same size and number of parts. */
async function storeOlderObject(harness: Harness, size: number): Promise<void> {
  const other = new Harness({}, {}, harness);
  await other.upload(fileOf(size));
  other.uploader.dispose();
  harness.store.requests.length = 0;
}

/** Reloads the page before the response to Complete arrives. @param isCreated whether S3 has created the object */
async function reloadDuringComplete(harness: Harness, file: File, isCreated: boolean): Promise<Harness> {
  harness.store.next('complete', async ({ signal }, proceed) => {
    if (isCreated) await proceed();
    else harness.store.uploads.clear();
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
  });
  await harness.uploader.add([file]);
  await harness.until(() => harness.store.count('complete') === 1);
  await harness.settle();
  const next = harness.reload();
  next.store.requests.length = 0;
  return next;
}

describe('an upload that the store no longer has', () => {
  it('checks first whether the object exists, and restarts with a reason if it does not', async () => {
    const harness = sharedKeyHarness();
    harness.store.next('part 2', async (_request, proceed) => {
      harness.store.uploads.clear();
      return proceed();
    });
    const file = fileOf(3 * PART);
    await harness.upload(file);
    expect(await isStored(harness, file)).to.be.true;
    const order = harness.store.requests
      .map(({ operation }) => operation)
      .filter((one) => one === 'head' || one === 'create');
    expect(order).to.deep.equal(['create', 'head', 'create']);
    expect(harness.detailsOf('mule-retry').map(({ reason }) => reason)).to.include(
      'the store answered 404 NoSuchUpload: restarting',
    );
  });

  it('is complete if the response to Complete was lost and the object has the ETag of its parts', async () => {
    const harness = sharedKeyHarness();
    harness.store.next('complete', loseResponse);
    const file = fileOf(3 * PART);
    await harness.upload(file);
    expect(harness.uploadOf(NAME).status).to.equal('complete');
    expect([harness.store.count('create'), harness.store.count('part')]).to.deep.equal([1, 3]);
    expect(harness.uploadOf(NAME).etag).to.equal(harness.store.objects.get(KEY)!.etag);
  });

  it('is not complete if the object under its key is an older one, even of the same size and number of parts', async () => {
    for (const hasMd5Etags of [true, false]) {
      const harness = sharedKeyHarness();
      harness.store.hasMd5Etags = hasMd5Etags;
      await storeOlderObject(harness, 3 * PART);
      harness.store.next('complete', async (_request, proceed) => {
        harness.store.uploads.clear();
        return proceed();
      });
      const file = fileOf(3 * PART);
      await harness.upload(file);
      expect(await isStored(harness, file), `MD5s: ${hasMd5Etags}`).to.be.true;
      expect(harness.store.count('create')).to.equal(2);
    }
  });

  it('is recognised as complete in the next page load by the MD5s of the file, and not only by its size', async () => {
    for (const isCreated of [true, false]) {
      const harness = sharedKeyHarness();
      if (!isCreated) await storeOlderObject(harness, 2 * PART + 1);
      const file = fileOf(2 * PART + 1);
      const next = await reloadDuringComplete(harness, file, isCreated);
      await next.upload(file);
      expect(next.uploadOf(NAME).status).to.equal('complete');
      expect(await isStored(next, file), `created: ${isCreated}`).to.be.true;
      expect(next.store.count('part'), `created: ${isCreated}`).to.equal(isCreated ? 0 : 3);
    }
  });

  it('is recognised as complete without MD5s only if no other upload can have the key', async () => {
    for (const isKeyGrantedOnce of [true, false]) {
      const harness = sharedKeyHarness();
      harness.store.hasMd5Etags = false;
      harness.signer.grantsKeysOnce = isKeyGrantedOnce;
      const file = fileOf(2 * PART + 1);
      const next = await reloadDuringComplete(harness, file, true);
      await next.upload(file);
      expect(await isStored(next, file)).to.be.true;
      expect(next.store.count('part'), `key granted once: ${isKeyGrantedOnce}`).to.equal(isKeyGrantedOnce ? 0 : 3);
    }
  });

  it('repeats Complete if HEAD fails, and is complete if Complete succeeds', async () => {
    const completion = '<CompleteMultipartUploadResult><ETag>"done"</ETag></CompleteMultipartUploadResult>';
    for (const head of [refuse(403), dropConnection]) {
      const harness = sharedKeyHarness();
      harness.store.always('head', head);
      harness.store.next('complete', loseResponse, noSuchUpload, async () => responseOf(200, completion));
      const file = fileOf(2 * PART);
      await harness.upload(file);
      expect(harness.uploadOf(NAME)).to.include({ status: 'complete', etag: 'done' });
      expect(harness.store.count('part')).to.equal(2);
    }
  });

  it('restarts if HEAD and Complete both fail, or if the signer signs no HEAD', async () => {
    for (const prepare of [
      (harness: Harness) => harness.store.always('head', refuse(403)),
      (harness: Harness) => harness.store.always('head', dropConnection),
      (harness: Harness) => (harness.signer.actions = []),
    ]) {
      const harness = sharedKeyHarness();
      prepare(harness);
      harness.store.next('complete', loseResponse);
      const file = fileOf(2 * PART);
      await harness.upload(file);
      expect(harness.uploadOf(NAME).status, String(prepare)).to.equal('complete');
      expect(await isStored(harness, file)).to.be.true;
      expect(harness.store.count('create')).to.equal(2);
    }
  });
});

describe('a conditional write of an existing key', () => {
  const exists = refuse(412, 'PreconditionFailed');

  it('is complete if the existing object is its own', async () => {
    for (const [size, operation] of [
      [1_000, 'put'],
      [2 * PART, 'complete'],
    ] as const) {
      const harness = sharedKeyHarness();
      harness.store.next(operation, loseResponse, exists);
      const file = fileOf(size);
      await harness.upload(file);
      expect(harness.uploadOf(NAME).status, operation).to.equal('complete');
      expect(harness.store.count(operation)).to.equal(2);
    }
  });

  it('fails with key-exists if the existing object is another one, even after a request without a response', async () => {
    for (const [size, operation] of [
      [1_000, 'put'],
      [2 * PART, 'complete'],
    ] as const) {
      const harness = sharedKeyHarness();
      await storeOlderObject(harness, size);
      harness.store.next(operation, dropConnection, exists);
      await harness.upload(fileOf(size));
      expect(harness.uploadOf(NAME).error, operation).to.include({ code: 'key-exists', status: 412 });
    }
  });

  it('is sent again if the existing object has been deleted in the meantime', async () => {
    const harness = sharedKeyHarness();
    harness.store.next('put', exists);
    const file = fileOf(1_000);
    await harness.upload(file);
    expect(await isStored(harness, file)).to.be.true;
  });
});

describe('a conditional write at the same time as another one', () => {
  const conflict = refuse(409, 'ConditionalRequestConflict');

  it('is sent again if it is a PUT', async () => {
    const harness = sharedKeyHarness();
    harness.store.next('put', conflict, conflict);
    await harness.upload(fileOf(1_000));
    expect([harness.uploadOf(NAME).status, harness.store.count('put')]).to.deep.equal(['complete', 3]);
  });

  it('restarts the upload if it is Complete, and aborts the first multipart upload', async () => {
    const harness = sharedKeyHarness();
    harness.store.next('complete', conflict);
    const file = fileOf(2 * PART);
    await harness.upload(file);
    expect(await isStored(harness, file)).to.be.true;
    await harness.until(() => harness.store.count('abort') === 1);
    expect(harness.store.uploads).to.be.empty;
  });

  it('checks whether the object exists before it restarts, if it may have created the object itself', async () => {
    const harness = sharedKeyHarness();
    harness.store.next('complete', loseResponse, conflict);
    await harness.upload(fileOf(2 * PART));
    expect([harness.uploadOf(NAME).status, harness.store.count('create')]).to.deep.equal(['complete', 1]);
  });
});
