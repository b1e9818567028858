import { expect } from '@open-wc/testing';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import type { InitAnswer, InitKnown } from '../../../src/protocol.js';
import { fileOf, hashOf, Harness } from '../harness.js';

const NAME = 'a.bin';
const KEY = `files/${NAME}`;

/** A harness whose signer creates multipart uploads itself. */
function harnessOf(options = {}): Harness {
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
  it('sends the first part after one call to the signer, without CreateMultipartUpload and a list', async () => {
    const harness = harnessOf();
    const file = fileOf(3 * MIN_PART_SIZE);
    await harness.upload(file);
    expect(harness.of(NAME)).to.include({ status: 'complete', recovered: false, uploadId: 'started 1' });
    expect(await isStored(harness, file)).to.be.true;
    for (const operation of ['create', 'list'] as const) expect(harness.store.count(operation), operation).to.equal(0);
    expect(
      harness.signer.calls.map(({ action }) => action).filter((action) => !action.startsWith('chunk')),
    ).to.deep.equal(['get_init_signature']);
  });

  it('requests further windows for the parts after the first ones', async () => {
    const harness = harnessOf({ concurrency: 4 });
    await harness.upload(fileOf(40 * MIN_PART_SIZE));
    expect(harness.of(NAME).status).to.equal('complete');
    const windows = harness.signer.bodies('get_all_signatures').map(({ chunks }) => chunks);
    expect(windows.flat()).to.include(17).and.to.include(40);
    expect(windows.flat()).not.to.include(1);
  });

  it('requests signatures with checksums as usual', async () => {
    const harness = harnessOf();
    harness.signer.checksums = ['crc32'];
    const file = fileOf(2 * MIN_PART_SIZE + 1);
    await harness.upload(file);
    expect(harness.of(NAME)).to.include({ status: 'complete', integrity: 'checksum' });
    expect(harness.store.count('create')).to.equal(0);
    expect(await isStored(harness, file)).to.be.true;
  });

  it('requests signatures if those of the answer are invalid', async () => {
    for (const all of [{}, { chunks: { 1: 7 } }, 'x', { chunks: { 1: 'no URL' } }]) {
      const harness = harnessOf();
      harness.signer.next('get_init_signature', (proceed) => {
        const answer = proceed() as InitAnswer;
        (answer.files[0] as InitKnown).all = all as never;
        return answer;
      });
      await harness.upload(fileOf(2 * MIN_PART_SIZE));
      expect(harness.of(NAME).status, JSON.stringify(all)).to.equal('complete');
    }
  });

  it('is listed and resumed after a reload if it was paused, or the page hidden, before the signer answered', async () => {
    for (const isHidden of [false, true]) {
      const harness = harnessOf();
      let answer = (): void => {};
      harness.signer.next(
        'get_init_signature',
        (proceed) => new Promise((resolve) => (answer = () => resolve(proceed()))),
      );
      const file = fileOf(2 * MIN_PART_SIZE);
      await harness.uploader.add([file]);
      await harness.until(() => harness.signer.calls.length > 0);
      if (isHidden) harness.environment.handlers!.hide();
      else harness.uploader.pause();
      answer();
      await harness.settle();
      const next = harness.reload();
      await next.uploader.ready;
      expect(next.of(NAME).recovered).to.be.true;
      await next.upload(file);
      expect(next.of(NAME)).to.include({ status: 'complete', uploadId: 'started 1' });
      expect([...next.store.uploads.keys()]).to.be.empty;
    }
  });

  it('is listed and resumed after a reload, as any other', async () => {
    const harness = harnessOf();
    const file = fileOf(4 * MIN_PART_SIZE);
    await harness.interrupt(file, 2);
    const next = harness.reload();
    await next.upload(file);
    expect(next.of(NAME)).to.include({ status: 'complete', recovered: true, uploadId: 'started 1' });
    expect(next.store.count('create')).to.equal(0);
  });
});
