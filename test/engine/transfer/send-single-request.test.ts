import { expect } from '@open-wc/testing';
import { unlessAborted } from '../../../src/engine/util/abort.js';
import { MIB } from '../../../src/limits.js';
import type { UploaderOptions } from '../../../src/engine/api/types.js';
import type { KeyValueStore } from '../../../src/engine/ports.js';
import { loseResponse, refuse, dropConnection, stall } from '../fake-store.js';
import type { Behaviour } from '../fake-store.js';
import { fileOf, hashOf, MemoryJournal, Harness } from '../harness.js';

const NAME = 'a.bin';
const SIZE = 20 * MIB;

/** Creates a harness that has measured this throughput in an earlier page load. */
const createFastHarness = (options: UploaderOptions = {}, mibPerSecond = 100): Harness => {
  const keyValueStore: KeyValueStore = {
    read: () => `${(mibPerSecond / 4) * MIB} ${mibPerSecond * MIB} 0`,
    write: () => {},
  };
  return new Harness({ checksum: 'none', partSize: 'auto', ...options }, { keyValueStore });
};

/** Uploads a file, and compares the stored object with it. */
async function uploadAndCompare(harness: Harness, file = fileOf(SIZE)): Promise<void> {
  await harness.upload(file);
  expect(harness.uploadOf(NAME)).to.include({ status: 'complete', loaded: SIZE });
  expect(await hashOf(harness.store.objects.get(`files/${NAME}`)?.body)).to.equal(await hashOf(file));
}

describe('on a connection that is known to be fast and steady', () => {
  it('a file that takes a second is sent in one request', async () => {
    const harness = createFastHarness();
    await uploadAndCompare(harness);
    expect(harness.store.requests.map(({ operation }) => operation)).to.deep.equal(['put']);
  });

  it('a file that has a checksum is sent in one request, too', async () => {
    const harness = createFastHarness({ checksum: 'auto' });
    harness.signer.checksums = ['crc64nvme'];
    await uploadAndCompare(harness);
    expect(harness.store.requests.map(({ operation }) => operation)).to.deep.equal(['put']);
    expect(harness.uploadOf(NAME).integrity).to.equal('checksum');
  });

  it('files that are sent at the same time are sent in parts if together they take longer', async () => {
    for (const [mibPerSecond, puts, parts] of [
      [10, 2, 0],
      [4, 0, 8],
    ] as const) {
      const harness = createFastHarness({}, mibPerSecond);
      await harness.upload(fileOf(SIZE), fileOf(SIZE, 'b.bin'));
      expect([harness.store.count('put'), harness.store.count('part')], `at ${mibPerSecond} MiB/s`).to.deep.equal([
        puts,
        parts,
      ]);
    }
  });

  it('an upload whose request is slow because of other requests does not restart', async () => {
    const harness = createFastHarness();
    // either file may be sent first: the other one waits for its end
    const isOneComplete = (): boolean => harness.uploader.uploads.some(({ status }) => status === 'complete');
    harness.store.next('put', transferSlowly(harness, 0.75 * MIB), (request, proceed) =>
      harness.until(() => request.signal.aborted || isOneComplete()).then(proceed),
    );
    await harness.upload(fileOf(SIZE), fileOf(SIZE, 'b.bin'));
    expect([harness.store.count('put'), harness.store.count('create')]).to.deep.equal([2, 0]);
  });

  it('a file is sent in parts of the size that the page has set, if it has set one', async () => {
    const harness = createFastHarness({ partSize: 5 * MIB });
    await uploadAndCompare(harness);
    expect(harness.store.count('part')).to.equal(4);
  });

  const faults: readonly [what: string, fault: Behaviour][] = [
    ['fails', dropConnection],
    ['stalls halfway', stall],
    ['has reached a busy store', refuse(503, 'SlowDown', { 'Retry-After': '7' })],
  ];
  for (const [what, fault] of faults)
    it(`the file is sent in parts if the request ${what}`, async () => {
      const harness = createFastHarness();
      harness.store.next('put', fault);
      await uploadAndCompare(harness);
      expect([harness.store.count('put'), harness.store.count('create'), harness.store.count('part')]).to.deep.equal([
        1, 1, 3,
      ]);
      expect(harness.detailsOf('mule-retry').at(-1)).to.include({
        reason: 'a single request did not succeed: restarting',
      });
      await harness.upload(fileOf(SIZE, 'b.bin'));
      expect(harness.store.count('put'), 'the next file is sent in parts').to.equal(1);
      if (what.includes('busy')) expect(harness.clock.monotonic(), 'Retry-After').to.be.at.least(7_000);
    });

  it('a file whose response was lost is not sent again', async () => {
    const harness = createFastHarness();
    harness.store.next('put', loseResponse);
    await uploadAndCompare(harness);
    expect([harness.store.count('put'), harness.store.count('create')]).to.deep.equal([1, 0]);
  });

  /** Stores the file, and does not respond until the page is closed. */
  const neverRespond: Behaviour = async ({ signal }, proceed) => {
    await proceed();
    return unlessAborted(signal, new Promise<never>(() => {}));
  };

  /** Reloads the page during the request, and adds the file again. @param hasBegun whether to reload now */
  async function reloadDuring(harness: Harness, hasBegun: () => boolean): Promise<Harness> {
    const file = fileOf(SIZE);
    await harness.uploader.add([file]);
    await harness.until(() => hasBegun() && harness.journal instanceof MemoryJournal && harness.journal.saves === 1);
    const next = harness.reload({ checksum: 'none', partSize: 'auto' });
    await next.uploader.ready;
    expect(next.uploadOf(NAME)).to.include({ status: 'needs-file', recovered: true });
    await uploadAndCompare(next, file);
    expect(next.uploader.uploads).to.have.length(1);
    return next;
  }

  it('an upload is listed after a reload during its request, and its file is sent when it is chosen again', async () => {
    const harness = createFastHarness();
    harness.store.next('put', async ({ signal }) => unlessAborted(signal, new Promise<never>(() => {})));
    const next = await reloadDuring(harness, () => harness.store.count('put') === 1);
    expect(next.store.count('put')).to.equal(2);
  });

  it('an object that an earlier page load stored without a response is found if the store overwrites no object', async () => {
    const harness = createFastHarness();
    harness.store.next('put', neverRespond, refuse(412, 'PreconditionFailed'));
    const next = await reloadDuring(harness, () => harness.store.objects.size === 1);
    expect([next.store.count('put'), next.store.count('head')]).to.deep.equal([2, 1]);
  });

  /** Transfers the file at a constant speed. */
  const transferSlowly =
    (harness: Harness, bytesPerSecond: number): Behaviour =>
    async ({ onProgress, signal }, proceed) => {
      for (let sent = 0; sent < SIZE; sent += bytesPerSecond) {
        await harness.clock.advance(1_000);
        signal.throwIfAborted();
        onProgress?.(Math.min(sent + bytesPerSecond, SIZE));
      }
      return proceed();
    };

  it('the file is sent in parts if the connection has become slow after 16 s', async () => {
    const harness = createFastHarness();
    harness.store.next('put', transferSlowly(harness, 0.75 * MIB));
    await uploadAndCompare(harness);
    expect([harness.store.count('put'), harness.store.count('part')]).to.deep.equal([1, 3]);
    expect(harness.detailsOf('mule-retry').at(-1)).to.include({
      reason: 'the connection has become too slow for a single request: restarting',
    });
  });

  it('an upload whose request is nearly done after 16 s does not restart', async () => {
    const harness = createFastHarness();
    harness.store.next('put', transferSlowly(harness, MIB));
    await uploadAndCompare(harness);
    expect([harness.store.count('put'), harness.store.count('create')]).to.deep.equal([1, 0]);
  });

  it('a request that has sent all bytes has the usual time for its response', async () => {
    const harness = createFastHarness();
    harness.store.next('put', async ({ onProgress, signal }, proceed) => {
      for (const time of [9_000, 9_000, 9_000]) {
        await harness.clock.advance(time);
        signal.throwIfAborted();
        onProgress?.(SIZE);
      }
      return proceed();
    });
    await uploadAndCompare(harness);
    expect([harness.store.count('put'), harness.store.count('create')]).to.deep.equal([1, 0]);
  });

  it('a file is sent in one request again after each failure if the signer does not grant parts', async () => {
    const harness = createFastHarness();
    harness.signer.maxSingleRequestBytes = 100 * MIB;
    const { call } = harness.signer;
    // a signer whose policy ignores the requested part size
    harness.signer.call = (action, request, signal) => {
      const { files } = request as { files?: { part_size?: number }[] };
      for (const file of files ?? []) delete file.part_size;
      return call.call(harness.signer, action, request, signal);
    };
    harness.store.next('put', dropConnection, dropConnection, dropConnection);
    await uploadAndCompare(harness);
    expect([harness.store.count('put'), harness.store.count('create')]).to.deep.equal([4, 0]);
  });
});
