import { expect } from '@open-wc/testing';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import { SignerFault } from '../../../src/engine/api/errors.js';
import type { UploaderOptions } from '../../../src/engine/index.js';
import type { MemoryJournal } from '../harness.js';
import { fileOf, Harness } from '../harness.js';

const PART = MIN_PART_SIZE;
const NAME = 'a.bin';

const listedNames = (harness: Harness): string[] => harness.uploader.uploads.map(({ name }) => name);
const recordsOf = (harness: Harness) => [...(harness.journal as MemoryJournal).records.values()];
/** Creates a harness without a scope, as on a page that sets none. */
const pageWithoutScope = (options: UploaderOptions = {}): Harness =>
  new Harness({ scope: '', signer: `https://signer.test/${Math.random()}`, ...options });

describe('an uploader whose element was removed', () => {
  it('starts no upload until it is attached again, even with autostart', async () => {
    const harness = new Harness({ autostart: false });
    await harness.uploader.add([fileOf(10, 'early')]);
    const paused = harness.uploader.detach();
    expect(paused).to.be.empty;
    harness.uploader.configure({ autostart: true });
    await harness.uploader.add([fileOf(10, 'late')]);
    await harness.settle();
    for (const name of ['early', 'late']) expect(harness.uploadOf(name).status).to.equal('queued');
    // removes no upload from the queue
    harness.uploader.configure({ autostart: false });
    harness.uploader.attach(paused);
    await harness.finished();
    for (const name of ['early', 'late']) expect(harness.uploadOf(name).status).to.equal('complete');
  });

  it('empties its list and sends nothing if another user has signed in when it is attached again', async () => {
    for (const principal of ['bert', null, 'refused'] as const) {
      const harness = pageWithoutScope();
      harness.signer.principal = 'anna';
      await harness.upload(fileOf(10, 'done'));
      await harness.interrupt(fileOf(3 * PART), 1);
      harness.uploader.resume();
      const paused = harness.uploader.detach();
      const sent = harness.store.count('part');
      const refusal = (): never => {
        throw new SignerFault(401, 'unauthorized', 'sign in');
      };
      if (principal === 'refused') harness.signer.always('get_init_signature', refusal);
      else harness.signer.principal = principal;
      expect(await harness.uploader.attach(paused), String(principal)).to.equal(false);
      await harness.settle();
      expect(listedNames(harness)).to.be.empty;
      expect(harness.store.count('part')).to.equal(sent);
      expect(harness.detailsOf('mule-owner-change').map(({ uploads }) => uploads.length)).to.deep.equal([2]);
      expect(recordsOf(harness), 'the record of the first user').to.have.length(1);
      harness.uploader.dispose();
    }
  });

  it('asks who is signed in for a file with the type and extension of the upload, because a signer may refuse others', async () => {
    const harness = pageWithoutScope();
    harness.signer.principal = 'anna';
    await harness.interrupt(fileOf(3 * PART), 1);
    const paused = harness.uploader.uploads.map(({ id }) => id);
    harness.uploader.detach();
    harness.signer.always('get_init_signature', (proceed) => {
      const [file] = harness.signer.bodies('get_init_signature').at(-1)!.files;
      const isValid = file!.content_type && file!.filename.endsWith('.bin') && file!.last_modified > 0;
      if (!isValid) throw new SignerFault(400, 'invalid-file', 'not allowed');
      return proceed();
    });
    expect(await harness.uploader.attach(paused)).to.equal(true);
    await harness.finished();
    expect(harness.uploadOf(NAME).status).to.equal('complete');
  });

  it('resumes once the signer names the same user, even if it does not answer at first', async () => {
    const harness = pageWithoutScope();
    harness.signer.principal = 'anna';
    await harness.interrupt(fileOf(3 * PART), 1);
    void harness.uploader.resume();
    const paused = harness.uploader.detach();
    harness.signer.next('get_init_signature', () => {
      throw new SignerFault(0, null, 'no answer');
    });
    const isSameUser = harness.uploader.attach(paused);
    expect(isSameUser).to.be.instanceOf(Promise);
    await harness.finished();
    expect(await isSameUser).to.equal(true);
    expect(harness.uploadOf(NAME).status).to.equal('complete');
  });

  it('does not resume if it is detached again before the signer has answered', async () => {
    const harness = pageWithoutScope();
    harness.signer.principal = 'anna';
    await harness.interrupt(fileOf(3 * PART), 1);
    void harness.uploader.resume();
    const paused = harness.uploader.detach();
    const first = harness.uploader.attach(paused);
    harness.uploader.detach();
    expect(await first).to.equal(false);
    await harness.settle();
    expect(harness.uploadOf(NAME).status).to.equal('paused');
    harness.uploader.dispose();
  });

  it('resumes the uploads that it paused at the first detach if it is detached again before the signer has answered', async () => {
    const harness = pageWithoutScope();
    harness.signer.principal = 'anna';
    await harness.interrupt(fileOf(3 * PART), 1);
    void harness.uploader.resume();
    const paused = harness.uploader.detach();
    void harness.uploader.attach(paused);
    const pausedAgain = harness.uploader.detach();
    expect(pausedAgain).to.deep.equal(paused);
    void harness.uploader.attach(pausedAgain);
    // another element attaches the same uploader while the first still waits
    void harness.uploader.attach([]);
    await harness.finished();
    expect(harness.uploadOf(NAME).status).to.equal('complete');
  });

  it('sends nothing if it is disposed before the signer has answered', async () => {
    const harness = pageWithoutScope();
    harness.signer.principal = 'anna';
    await harness.interrupt(fileOf(3 * PART), 1);
    void harness.uploader.resume();
    const paused = harness.uploader.detach();
    const sent = harness.store.requests.length;
    const attached = harness.uploader.attach(paused);
    harness.uploader.dispose();
    await attached;
    await harness.settle();
    expect([harness.uploadOf(NAME).status, harness.store.requests.length]).to.deep.equal(['paused', sent]);
  });

  it('stays detached while the code of the engine is loaded', async () => {
    const harness = new Harness();
    harness.uploader.detach();
    await harness.uploader.add([fileOf(10, 'late')]);
    await harness.settle();
    expect(harness.uploadOf('late').status).to.equal('queued');
    harness.uploader.attach([]);
    await harness.until(() => harness.uploadOf('late').status === 'complete');
  });

  it('lets another tab resume its uploads, and resumes them itself when it is attached again', async () => {
    const harness = new Harness();
    const file = fileOf(4 * PART);
    harness.store.next('part 1', (_request, proceed) => proceed());
    const release = harness.store.hold('part');
    await harness.uploader.add([file]);
    await harness.until(() => harness.uploadOf(NAME).parts.done === 1);
    const paused = harness.uploader.detach();
    expect(paused).to.have.length(1);
    await harness.settle();
    release();
    const other = harness.otherTab();
    await other.uploader.ready;
    expect(listedNames(other)).to.deep.equal([NAME]);
    other.uploader.dispose();
    harness.uploader.attach(paused);
    await harness.finished();
    expect(harness.uploadOf(NAME).status).to.equal('complete');
    expect(harness.store.sentParts.filter((part) => part === 1)).to.have.length(1);
  });
});
