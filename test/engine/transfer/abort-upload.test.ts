import { expect } from '@open-wc/testing';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import { refuse, responseOf } from '../fake-store.js';
import { deny } from '../fake-signer.js';
import { fileOf, Harness, MemoryJournal } from '../harness.js';

const PART = MIN_PART_SIZE;
const NAME = 'a.bin';
const CONFLICT = '<Error><Code>ConditionalRequestConflict</Code><Message>again</Message></Error>';

const states = (harness: Harness) => harness.signer.bodies('chunk_loaded').map(({ state }) => state);

/** Restarts an upload by a conflict of Complete. The store holds the new parts until `release()`. */
async function restartUpload(prepare: (harness: Harness) => void): Promise<{ harness: Harness; release: () => void }> {
  const harness = new Harness();
  prepare(harness);
  let release = (): void => {};
  harness.store.next('complete', async () => {
    release = harness.store.hold('part');
    return responseOf(409, CONFLICT);
  });
  await harness.uploader.add([fileOf(3 * PART)]);
  await harness.until(() => harness.store.count('create') === 2 && harness.store.count('part') > 3);
  return { harness, release: () => release() };
}

describe('the first multipart upload of an upload that has restarted', () => {
  it('is aborted in the background', async () => {
    const { harness, release } = await restartUpload(() => {});
    release();
    await harness.finished();
    await harness.settle();
    expect(harness.uploadOf(NAME).status).to.equal('complete');
    expect(harness.store.count('abort')).to.be.at.least(1);
    expect(harness.store.uploads.size).to.equal(0);
  });

  it('is not reported to the tracker as aborted if the signer refuses to abort it', async () => {
    const { harness, release } = await restartUpload(({ signer }) => {
      signer.hasTracker = true;
      signer.always('get_delete_signature', deny(403, 'forbidden'));
    });
    release();
    await harness.finished();
    await harness.settle();
    expect(harness.store.uploads.size, 'the first one is not aborted').to.equal(1);
    expect(states(harness)).to.include('complete').and.not.include('aborted');
  });

  it('is aborted once the user has signed in again', async () => {
    const { harness } = await restartUpload(({ signer }) => signer.always('get_delete_signature', deny(401, null)));
    await harness.until(() => harness.signer.count('get_delete_signature') > 0);
    await harness.settle();
    harness.signer.always('get_delete_signature', null);
    harness.uploader.configure({ headers: { authorization: 'new' } });
    await harness.until(() => harness.store.uploads.size === 1);
    harness.uploader.dispose();
  });

  it('does not fail the upload if the signer cannot sign its abort', async () => {
    const FAILURES = 7;
    const { harness, release } = await restartUpload(({ signer }) => {
      // without get_all_signatures, Complete is signed in a separate call
      signer.actions = ['get_delete_signature'];
      signer.always('get_delete_signature', deny(500, null));
    });
    await harness.until(() => harness.signer.count('get_delete_signature') >= FAILURES);
    // another upload gets responses: a signer that fails for only one upload makes that upload fail
    await harness.uploader.add([fileOf(10, 'other.bin')]);
    await harness.until(() => harness.uploadOf('other.bin').status === 'complete');
    harness.signer.next('get_end_signature', deny(500, null));
    release();
    await harness.finished();
    expect(harness.uploadOf(NAME).status).to.equal('complete');
    harness.uploader.dispose();
  });
});

describe('an abort that the store does not carry out', () => {
  it('is tried again in the next page load after maxRetries attempts in this one', async () => {
    const journal = new MemoryJournal();
    const options = { maxRetries: 2 };
    const harness = new Harness(options, { journal });
    await harness.interrupt(fileOf(4 * PART), 2);
    harness.store.always('abort', refuse(503));
    harness.uploader.abort();
    await harness.until(() => harness.store.count('abort') === 3);
    await harness.settle();
    expect(harness.uploadOf(NAME)).to.include({ status: 'aborted', error: null });
    expect([...journal.records.values()].map(({ aborting }) => aborting)).to.deep.equal([true]);
    expect(harness.store.uploads.size).to.equal(1);
    harness.store.always('abort', null);
    const next = harness.reload(options);
    await next.uploader.ready;
    await next.until(() => next.store.uploads.size === 0 && journal.records.size === 0);
    expect(next.uploader.uploads, 'it is not listed').to.be.empty;
  });

  it('is tried again in the next page load if the signer fails for this upload alone', async () => {
    const journal = new MemoryJournal();
    const harness = new Harness({}, { journal });
    await harness.interrupt(fileOf(4 * PART), 2);
    // the signatures of the upload expire
    await harness.clock.advance(3_600_000);
    harness.signer.always('get_delete_signature', deny(500, null));
    harness.uploader.abort();
    await harness.until(() => harness.signer.count('get_delete_signature') >= 7);
    await harness.upload(fileOf(10, 'other.bin'));
    expect(harness.uploadOf('other.bin').status).to.equal('complete');
    do {
      await harness.until(() => harness.clock.nextDelay === null, 'the last attempt');
      await harness.settle();
      // an attempt that was under way may have planned another one
    } while (harness.clock.nextDelay !== null);
    expect([...journal.records.values()].map(({ aborting }) => aborting)).to.deep.equal([true]);
    harness.signer.always('get_delete_signature', null);
    const next = harness.reload();
    await next.until(() => next.store.uploads.size === 0 && journal.records.size === 0);
  });
});
