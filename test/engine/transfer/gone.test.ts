import { expect } from '@open-wc/testing';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import { answerOf, loseAnswer, refuse, silence } from '../fake-store.js';
import type { Behaviour } from '../fake-store.js';
import { fileOf, hashOf, Stand } from '../harness.js';

const PART = MIN_PART_SIZE;
const NAME = 'a.bin';
const KEY = `files/${NAME}`;
const gone = refuse(404, 'NoSuchUpload');

const isStored = async (stand: Stand, file: File): Promise<boolean> =>
  (await hashOf(stand.store.objects.get(KEY)?.body)) === (await hashOf(file));

/** A store whose ETags are MD5s, and a signer whose keys anybody may be given. */
function strictStand(): Stand {
  const stand = new Stand();
  stand.store.hasMd5 = true;
  stand.signer.ownKeys = false;
  return stand;
}

/** An object of another's, of the same size and number of parts. */
async function putOlder(stand: Stand, size: number): Promise<void> {
  const other = new Stand({}, {}, stand);
  await other.upload(fileOf(size));
  other.uploader.dispose();
  stand.store.seen.length = 0;
}

/** An upload whose page goes before the answer to Complete comes; `isMade` tells whether the object was made. */
async function leaveInComplete(stand: Stand, file: File, isMade: boolean): Promise<Stand> {
  stand.store.next('complete', async ({ signal }, proceed) => {
    if (isMade) await proceed();
    else stand.store.uploads.clear();
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
  });
  await stand.uploader.add([file]);
  await stand.until(() => stand.store.count('complete') === 1);
  await stand.settle();
  const next = stand.reload();
  next.store.seen.length = 0;
  return next;
}

describe('an upload that the store knows no more', () => {
  it('is looked for in the bucket first, and begun afresh with a word where it is absent', async () => {
    const stand = strictStand();
    stand.store.next('part 2', async (_request, proceed) => {
      stand.store.uploads.clear();
      return proceed();
    });
    const file = fileOf(3 * PART);
    await stand.upload(file);
    expect(await isStored(stand, file)).to.be.true;
    const order = stand.store.seen
      .map(({ operation }) => operation)
      .filter((one) => one === 'head' || one === 'create');
    expect(order).to.deep.equal(['create', 'head', 'create']);
    expect(stand.all('mule-retry').map(({ reason }) => reason)).to.include(
      'the store answered 404 NoSuchUpload: beginning afresh',
    );
  });

  it('is done where the answer to Complete was lost and the object has the ETag of its parts', async () => {
    const stand = strictStand();
    stand.store.next('complete', loseAnswer);
    const file = fileOf(3 * PART);
    await stand.upload(file);
    expect(stand.of(NAME).status).to.equal('complete');
    expect([stand.store.count('create'), stand.store.count('part')]).to.deep.equal([1, 3]);
    expect(stand.of(NAME).etag).to.equal(stand.store.objects.get(KEY)!.etag);
  });

  it('is not done because an older object of the same shape stands under a fixed key', async () => {
    for (const hasMd5 of [true, false]) {
      const stand = strictStand();
      stand.store.hasMd5 = hasMd5;
      await putOlder(stand, 3 * PART);
      stand.store.next('complete', async (_request, proceed) => {
        stand.store.uploads.clear();
        return proceed();
      });
      const file = fileOf(3 * PART);
      await stand.upload(file);
      expect(await isStored(stand, file), `MD5s: ${hasMd5}`).to.be.true;
      expect(stand.store.count('create')).to.equal(2);
    }
  });

  it('is known again in the next visit by the MD5s of the file, and not by its size alone', async () => {
    for (const isMade of [true, false]) {
      const stand = strictStand();
      if (!isMade) await putOlder(stand, 2 * PART + 1);
      const file = fileOf(2 * PART + 1);
      const next = await leaveInComplete(stand, file, isMade);
      await next.upload(file);
      expect(next.of(NAME).status).to.equal('complete');
      expect(await isStored(next, file), `made: ${isMade}`).to.be.true;
      expect(next.store.count('part'), `made: ${isMade}`).to.equal(isMade ? 0 : 3);
    }
  });

  it('is known again without MD5s only where the key is its own', async () => {
    for (const ownKeys of [true, false]) {
      const stand = strictStand();
      stand.store.hasMd5 = false;
      stand.signer.ownKeys = ownKeys;
      const file = fileOf(2 * PART + 1);
      const next = await leaveInComplete(stand, file, true);
      await next.upload(file);
      expect(await isStored(next, file)).to.be.true;
      expect(next.store.count('part'), `own keys: ${ownKeys}`).to.equal(ownKeys ? 0 : 3);
    }
  });

  it('gets its Complete once more where HEAD tells nothing, and is done where that says so', async () => {
    const says = '<CompleteMultipartUploadResult><ETag>"done"</ETag></CompleteMultipartUploadResult>';
    for (const head of [refuse(403), silence]) {
      const stand = strictStand();
      stand.store.always('head', head);
      stand.store.next('complete', loseAnswer, gone, async () => answerOf(200, says));
      const file = fileOf(2 * PART);
      await stand.upload(file);
      expect(stand.of(NAME)).to.include({ status: 'complete', etag: 'done' });
      expect(stand.store.count('part')).to.equal(2);
    }
  });

  it('is begun afresh where neither HEAD nor Complete tells, nor a signer that signs no HEAD', async () => {
    for (const set of [
      (stand: Stand) => stand.store.always('head', refuse(403)),
      (stand: Stand) => stand.store.always('head', silence),
      (stand: Stand) => (stand.signer.actions = []),
    ]) {
      const stand = strictStand();
      set(stand);
      stand.store.next('complete', loseAnswer);
      const file = fileOf(2 * PART);
      await stand.upload(file);
      expect(stand.of(NAME).status, String(set)).to.equal('complete');
      expect(await isStored(stand, file)).to.be.true;
      expect(stand.store.count('create')).to.equal(2);
    }
  });
});

describe('a conditional write that finds something there', () => {
  const exists = refuse(412, 'PreconditionFailed');

  it('is done where that is what it sent itself', async () => {
    for (const [size, operation] of [
      [1_000, 'put'],
      [2 * PART, 'complete'],
    ] as const) {
      const stand = strictStand();
      stand.store.next(operation, loseAnswer, exists);
      const file = fileOf(size);
      await stand.upload(file);
      expect(stand.of(NAME).status, operation).to.equal('complete');
      expect(stand.store.count(operation)).to.equal(2);
    }
  });

  it('fails with key-exists where that is another object, though an answer was lost', async () => {
    for (const [size, operation] of [
      [1_000, 'put'],
      [2 * PART, 'complete'],
    ] as const) {
      const stand = strictStand();
      await putOlder(stand, size);
      stand.store.next(operation, silence, exists);
      await stand.upload(fileOf(size));
      expect(stand.of(NAME).error, operation).to.include({ code: 'key-exists', status: 412 });
    }
  });

  it('is sent again where what stood there is gone meanwhile', async () => {
    const stand = strictStand();
    stand.store.next('put', exists);
    const file = fileOf(1_000);
    await stand.upload(file);
    expect(await isStored(stand, file)).to.be.true;
  });

  it('that meets a conflict is a PUT sent again, or a multipart upload begun afresh whose first is aborted', async () => {
    const conflict = refuse(409, 'ConditionalRequestConflict');
    const small = strictStand();
    small.store.next('put', conflict, conflict);
    await small.upload(fileOf(1_000));
    expect([small.of(NAME).status, small.store.count('put')]).to.deep.equal(['complete', 3]);
    const large = strictStand();
    large.store.next('complete', conflict);
    const file = fileOf(2 * PART);
    await large.upload(file);
    expect(await isStored(large, file)).to.be.true;
    await large.until(() => large.store.count('abort') === 1);
    expect(large.store.uploads).to.be.empty;
  });

  it('is looked for before it is begun afresh where the conflict may be with itself', async () => {
    const stand = strictStand();
    stand.store.next('complete', loseAnswer, refuse(409, 'ConditionalRequestConflict') satisfies Behaviour);
    await stand.upload(fileOf(2 * PART));
    expect([stand.of(NAME).status, stand.store.count('create')]).to.deep.equal(['complete', 1]);
  });
});
