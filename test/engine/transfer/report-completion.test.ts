import { expect } from '@open-wc/testing';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import type { ChunkLoadedRequest } from '../../../src/protocol.js';
import { deny } from '../fake-signer.js';
import { fileOf, Harness } from '../harness.js';

const PART = MIN_PART_SIZE;
const NAME = 'a.bin';
const RECEIPT = `receipt of files/${NAME}`;

/** Creates a harness whose signer wants notifications. */
function harnessWithTracker(): Harness {
  const harness = new Harness();
  harness.signer.hasTracker = true;
  return harness;
}

/** Returns the notifications that an upload is complete which were sent alone. */
const completionsOf = ({ signer }: Harness): ChunkLoadedRequest[] =>
  signer.bodies('chunk_loaded').filter(({ state }) => state === 'complete');

describe('the last notification of an upload', () => {
  for (const [what, size] of [
    ['multipart upload', 2 * PART],
    ['single request', 10],
  ] as const) {
    it(`is sent again with a renewed grant if the grant has expired, and returns the receipt (${what})`, async () => {
      const harness = harnessWithTracker();
      harness.signer.always('chunk_loaded', (proceed) => {
        const { state, grant } = harness.signer.bodies('chunk_loaded').at(-1)!;
        return state === 'complete' && grant === `grant-${NAME}` ? deny(403, 'grant-expired')(proceed) : proceed();
      });
      await harness.upload(fileOf(size));
      expect(completionsOf(harness).map(({ grant }) => grant)).to.deep.equal([`grant-${NAME}`, `grant-${NAME}+`]);
      const [, ...renewals] = harness.signer.bodies('get_init_signature').flatMap(({ files }) => files);
      expect(renewals.map(({ grant, key }) => [grant, key])).to.deep.equal([[`grant-${NAME}`, `files/${NAME}`]]);
      expect(harness.detailsOf('mule-complete').map(({ receipt }) => receipt)).to.deep.equal([RECEIPT]);
      expect(harness.uploadOf(NAME)).to.include({ status: 'complete', error: null, receipt: RECEIPT });
    });

    it(`never fails the upload, which is then complete without a receipt (${what})`, async () => {
      const harness = harnessWithTracker();
      for (const action of ['chunk_loaded', 'chunks_loaded'] as const) harness.signer.always(action, deny(500, null));
      await harness.upload(fileOf(size));
      expect(harness.uploadOf(NAME)).to.include({ status: 'complete', error: null, receipt: null });
      expect(harness.detailsOf('mule-error')).to.be.empty;
      expect(harness.store.objects.has(`files/${NAME}`)).to.be.true;
      expect(completionsOf(harness)).to.have.length(5);
    });
  }

  it('is sent again if the renewal fails at first, and returns the receipt', async () => {
    const harness = harnessWithTracker();
    harness.signer.always('chunk_loaded', (proceed) => {
      const { state, grant } = harness.signer.bodies('chunk_loaded').at(-1)!;
      return state === 'complete' && grant === `grant-${NAME}` ? deny(403, 'grant-expired')(proceed) : proceed();
    });
    harness.signer.next('get_init_signature', (proceed) => proceed(), deny(503, null));
    await harness.upload(fileOf(10));
    expect(harness.uploadOf(NAME)).to.include({ status: 'complete', error: null, receipt: RECEIPT });
    expect(harness.signer.count('get_init_signature')).to.equal(3);
  });

  it('never fails the upload if the grant has expired and is not renewed', async () => {
    const harness = harnessWithTracker();
    harness.signer.always('chunk_loaded', deny(403, 'grant-expired'));
    harness.signer.next('get_init_signature', (proceed) => proceed(), deny(403, 'grant-expired'));
    await harness.upload(fileOf(10));
    expect(harness.uploadOf(NAME)).to.include({ status: 'complete', error: null, receipt: null });
    expect(harness.signer.count('get_init_signature')).to.equal(2);
  });

  it('contains the parts that are not reported yet, and returns the receipt', async () => {
    const harness = harnessWithTracker();
    let release!: () => void;
    const released = new Promise<void>((resolve) => (release = resolve));
    harness.store.next('part 3', (_request, proceed) => released.then(proceed));
    await harness.uploader.add([fileOf(3 * PART)]);
    const reported = (): number[] => harness.signer.bodies('chunk_loaded').flatMap(({ chunks }) => chunks);
    await harness.until(() => reported().length === 2, 'the notification of two parts');
    release();
    await harness.untilStill(() => harness.uploadOf(NAME).status === 'complete');
    expect(reported().slice(0, 2)).to.have.members([1, 2]);
    expect(completionsOf(harness).map(({ chunks }) => chunks)).to.deep.equal([[3]]);
    expect(harness.uploadOf(NAME).receipt).to.equal(RECEIPT);
  });

  it('is sent in a batch twice at most if the signer fails, and then alone', async () => {
    const harness = harnessWithTracker();
    harness.signer.always('chunks_loaded', deny(500, null));
    const names = ['a.bin', 'b.bin'];
    const release = harness.store.hold('put');
    await harness.uploader.add(names.map((name) => fileOf(10, name)));
    await harness.until(() => harness.store.count('put') === 2);
    release();
    // once both uploads have ended, their notifications wait no longer
    await harness.untilStill(() => harness.signer.count('chunks_loaded') === 1);
    await harness.finished();
    const keys = names.map((name) => `files/${name}`);
    expect(
      harness.signer.bodies('chunks_loaded').map(({ uploads }) => uploads.map(({ key }) => key).sort()),
    ).to.deep.equal([keys, keys]);
    expect(
      completionsOf(harness)
        .map(({ key }) => key)
        .sort(),
    ).to.deep.equal(keys);
    expect(names.map((name) => harness.uploadOf(name).receipt)).to.deep.equal(keys.map((key) => `receipt of ${key}`));
  });
});
