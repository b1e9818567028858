import { expect } from '@open-wc/testing';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import type { InitAnswer, InitKnown } from '../../../src/protocol.js';
import type { MemoryJournal } from '../harness.js';
import { fileOf, hashOf, Harness } from '../harness.js';

const NAME = 'a.bin';
const KEY = `files/${NAME}`;

/** Creates a harness whose signer creates multipart uploads itself. */
function harnessWithStartingSigner(options = {}): Harness {
  const harness = new Harness(options);
  let started = 0;
  harness.signer.startUpload = (key) => {
    const id = `started ${++started}`;
    harness.store.uploads.set(id, { key, parts: new Map() });
    return id;
  };
  return harness;
}

const isStored = async (harness: Harness, file: File): Promise<boolean> =>
  (await hashOf(harness.store.objects.get(KEY)?.body)) === (await hashOf(file));

describe('an upload that the signer has created', () => {
  it('sends the first part after one call to the signer, without CreateMultipartUpload and ListParts', async () => {
    const harness = harnessWithStartingSigner();
    const file = fileOf(3 * MIN_PART_SIZE);
    await harness.upload(file);
    expect(harness.uploadOf(NAME)).to.include({ status: 'complete', recovered: false, uploadId: 'started 1' });
    expect(await isStored(harness, file)).to.be.true;
    for (const operation of ['create', 'list'] as const) expect(harness.store.count(operation), operation).to.equal(0);
    expect(
      harness.signer.calls.map(({ action }) => action).filter((action) => !action.startsWith('chunk')),
    ).to.deep.equal(['get_init_signature']);
  });

  it('requests signatures only for the parts whose signatures the first answer does not contain', async () => {
    const harness = harnessWithStartingSigner({ concurrency: 4 });
    await harness.upload(fileOf(40 * MIN_PART_SIZE));
    expect(harness.uploadOf(NAME).status).to.equal('complete');
    const windows = harness.signer.bodies('get_all_signatures').map(({ chunks }) => chunks);
    expect(windows.flat()).to.include(17).and.to.include(40);
    expect(windows.flat()).not.to.include(1);
  });

  it('requests signatures with checksums in later calls', async () => {
    const harness = harnessWithStartingSigner();
    harness.signer.checksums = ['crc32'];
    const file = fileOf(2 * MIN_PART_SIZE + 1);
    await harness.upload(file);
    expect(harness.uploadOf(NAME)).to.include({ status: 'complete', integrity: 'checksum' });
    expect(harness.store.count('create')).to.equal(0);
    expect(await isStored(harness, file)).to.be.true;
  });

  it('requests signatures again if those of the first answer are invalid', async () => {
    for (const all of [{}, { chunks: { 1: 7 } }, 'x', { chunks: { 1: 'no URL' } }]) {
      const harness = harnessWithStartingSigner();
      harness.signer.next('get_init_signature', (proceed) => {
        const answer = proceed() as InitAnswer;
        (answer.files[0] as InitKnown).all = all as never;
        return answer;
      });
      await harness.upload(fileOf(2 * MIN_PART_SIZE));
      expect(harness.uploadOf(NAME).status, JSON.stringify(all)).to.equal('complete');
    }
  });

  it('is listed and resumed after a reload if the user paused it, or the page was hidden, before the signer answered', async () => {
    for (const isHidden of [false, true]) {
      const harness = harnessWithStartingSigner();
      let sendAnswer!: () => void;
      const mayAnswer = new Promise<void>((resolve) => (sendAnswer = resolve));
      harness.signer.next('get_init_signature', (proceed) => mayAnswer.then(proceed));
      const file = fileOf(2 * MIN_PART_SIZE);
      await harness.uploader.add([file]);
      await harness.until(() => harness.signer.calls.length > 0);
      if (isHidden) harness.environment.handlers!.hide();
      else harness.uploader.pause();
      sendAnswer();
      await harness.until(() => (harness.journal as MemoryJournal).records.size === 1);
      const next = harness.reload();
      await next.uploader.ready;
      expect(next.uploadOf(NAME).recovered).to.be.true;
      await next.upload(file);
      expect(next.uploadOf(NAME)).to.include({ status: 'complete', uploadId: 'started 1' });
      expect([...next.store.uploads.keys()]).to.be.empty;
    }
  });

  it('is listed and resumed after a reload', async () => {
    const harness = harnessWithStartingSigner();
    const file = fileOf(4 * MIN_PART_SIZE);
    await harness.interrupt(file, 2);
    const next = harness.reload();
    await next.upload(file);
    expect(next.uploadOf(NAME)).to.include({ status: 'complete', recovered: true, uploadId: 'started 1' });
    expect(next.store.count('create')).to.equal(0);
  });

  it('uses the multipart upload of the first answer if it was stopped and started again before that came', async () => {
    for (const comesFirst of ['second call', 'first call'])
      for (const isHidden of [false, true]) {
        const harness = harnessWithStartingSigner({ concurrency: 2 });
        const answers: (() => void)[] = [];
        const holdAnswer = (proceed: () => unknown): Promise<never> =>
          new Promise<void>((resolve) => answers.push(resolve)).then(() => proceed() as never);
        harness.signer.next('get_init_signature', holdAnswer, holdAnswer);
        const release = harness.store.hold('part');
        const file = fileOf(12 * MIN_PART_SIZE);
        await harness.uploader.add([file]);
        await harness.until(() => answers.length === 1);
        if (isHidden) {
          harness.environment.handlers!.hide();
          harness.environment.handlers!.show();
        } else {
          harness.uploader.pause();
          void harness.uploader.resume();
        }
        await harness.until(() => answers.length === 2);
        if (comesFirst === 'second call') answers.reverse();
        answers[0]!();
        // the current run waits for the second call
        if (comesFirst === 'first call') await harness.settle();
        else await harness.until(() => harness.store.count('part') > 0, 'a part in flight');
        answers[1]!();
        await harness.settle();
        release();
        await harness.finished();
        expect(harness.uploadOf(NAME)).to.include({ status: 'complete', uploadId: 'started 1' });
        expect(await isStored(harness, file), comesFirst).to.be.true;
        expect(new Set(harness.store.sentParts), 'each part once').to.have.property(
          'size',
          harness.store.sentParts.length,
        );
      }
  });
});
