import { expect } from '@open-wc/testing';
import { unlessAborted } from '../../../src/engine/util/abort.js';
import { MIB } from '../../../src/limits.js';
import type { UploaderOptions } from '../../../src/engine/api/types.js';
import type { KeyValueStore } from '../../../src/engine/ports.js';
import { loseAnswer, refuse, silence, stall } from '../fake-store.js';
import type { Behaviour } from '../fake-store.js';
import { fileOf, hashOf, MemoryJournal, Harness } from '../harness.js';

const NAME = 'a.bin';
const SIZE = 20 * MIB;

/** Creates a harness that has measured this throughput before. @param speed MiB per second */
const harness = (options: UploaderOptions = {}, speed = 100): Harness => {
  const keyValueStore: KeyValueStore = { read: () => `${(speed / 4) * MIB} ${speed * MIB} 0`, write: () => {} };
  return new Harness({ checksum: 'none', partSize: 'auto', ...options }, { keyValueStore });
};

/** Uploads a file, and compares the stored object with it. */
async function upload(on: Harness, file = fileOf(SIZE)): Promise<void> {
  await on.upload(file);
  expect(on.of(NAME)).to.include({ status: 'complete', loaded: SIZE });
  expect(await hashOf(on.store.objects.get(`files/${NAME}`)?.body)).to.equal(await hashOf(file));
}

describe('on a connection that is known to be fast and steady', () => {
  it('a file that takes a second is sent in one request', async () => {
    const on = harness();
    await upload(on);
    expect(on.store.seen.map(({ operation }) => operation)).to.deep.equal(['put']);
  });

  it('it is sent in one request with a checksum, too', async () => {
    const on = harness({ checksum: 'auto' });
    on.signer.checksums = ['crc64nvme'];
    await upload(on);
    expect(on.store.seen.map(({ operation }) => operation)).to.deep.equal(['put']);
    expect(on.of(NAME).integrity).to.equal('checksum');
  });

  it('files that share the connection are sent in parts if together they take longer', async () => {
    for (const [speed, puts, parts] of [
      [10, 2, 0],
      [4, 0, 8],
    ] as const) {
      const on = harness({}, speed);
      await on.upload(fileOf(SIZE), fileOf(SIZE, 'b.bin'));
      expect([on.store.count('put'), on.store.count('part')], `at ${speed} MiB/s`).to.deep.equal([puts, parts]);
    }
  });

  it('a request that is slow because of other requests does not restart', async () => {
    const on = harness();
    // either file may be sent first: the other one waits for its end
    const isOneComplete = (): boolean => on.uploader.uploads.some(({ status }) => status === 'complete');
    on.store.next('put', crawl(on, 0.75 * MIB), (request, proceed) =>
      on.until(() => request.signal.aborted || isOneComplete()).then(proceed),
    );
    await on.upload(fileOf(SIZE), fileOf(SIZE, 'b.bin'));
    expect([on.store.count('put'), on.store.count('create')]).to.deep.equal([2, 0]);
  });

  it('a part size that the page has set is used', async () => {
    const on = harness({ partSize: 5 * MIB });
    await upload(on);
    expect(on.store.count('part')).to.equal(4);
  });

  const faults: readonly [what: string, fault: Behaviour][] = [
    ['fails', silence],
    ['stalls halfway', stall],
    ['has reached a busy store', refuse(503, 'SlowDown', { 'Retry-After': '7' })],
  ];
  for (const [what, fault] of faults)
    it(`the file is sent in parts if the request ${what}`, async () => {
      const on = harness();
      on.store.next('put', fault);
      await upload(on);
      expect([on.store.count('put'), on.store.count('create'), on.store.count('part')]).to.deep.equal([1, 1, 3]);
      expect(on.all('mule-retry').at(-1)).to.include({ reason: 'a single request did not succeed: restarting' });
      await on.upload(fileOf(SIZE, 'b.bin'));
      expect(on.store.count('put'), 'of the next file').to.equal(1);
      if (what.includes('busy')) expect(on.clock.monotonic(), 'Retry-After').to.be.at.least(7_000);
    });

  it('a file whose response was lost is not sent again', async () => {
    const on = harness();
    on.store.next('put', loseAnswer);
    await upload(on);
    expect([on.store.count('put'), on.store.count('create')]).to.deep.equal([1, 0]);
  });

  /** Stores the file, and never responds. */
  const neverRespond: Behaviour = async ({ signal }, proceed) => {
    await proceed();
    return unlessAborted(signal, new Promise<never>(() => {}));
  };

  /** Reloads the page during the request, and chooses the file again. */
  async function reloadDuring(on: Harness, isTime: () => boolean): Promise<Harness> {
    const file = fileOf(SIZE);
    await on.uploader.add([file]);
    await on.until(() => isTime() && on.journal instanceof MemoryJournal && on.journal.saves === 1);
    const next = on.reload({ checksum: 'none', partSize: 'auto' });
    await next.uploader.ready;
    expect(next.of(NAME)).to.include({ status: 'needs-file', recovered: true });
    await upload(next, file);
    expect(next.uploader.uploads).to.have.length(1);
    return next;
  }

  it('after a reload during the request, the upload is listed, and the file is sent once it is chosen again', async () => {
    const on = harness();
    on.store.next('put', async ({ signal }) => unlessAborted(signal, new Promise<never>(() => {})));
    const next = await reloadDuring(on, () => on.store.count('put') === 1);
    expect(next.store.count('put')).to.equal(2);
  });

  it('an object that an earlier page load stored without a response is found, if nothing may be overwritten', async () => {
    const on = harness();
    on.store.next('put', neverRespond, refuse(412, 'PreconditionFailed'));
    const next = await reloadDuring(on, () => on.store.objects.size === 1);
    expect([next.store.count('put'), next.store.count('head')]).to.deep.equal([2, 1]);
  });

  /** Sends at a constant speed. @param pace bytes per second */
  const crawl =
    (on: Harness, pace: number): Behaviour =>
    async ({ onProgress, signal }, proceed) => {
      for (let sent = 0; sent < SIZE; sent += pace) {
        await on.clock.advance(1_000);
        signal.throwIfAborted();
        onProgress?.(Math.min(sent + pace, SIZE));
      }
      return proceed();
    };

  it('the file is sent in parts if the connection has become slow after 16 s', async () => {
    const on = harness();
    on.store.next('put', crawl(on, 0.75 * MIB));
    await upload(on);
    expect([on.store.count('put'), on.store.count('part')]).to.deep.equal([1, 3]);
    expect(on.all('mule-retry').at(-1)).to.include({
      reason: 'the connection has become too slow for a single request: restarting',
    });
  });

  it('a request that is nearly done by then does not restart', async () => {
    const on = harness();
    on.store.next('put', crawl(on, MIB));
    await upload(on);
    expect([on.store.count('put'), on.store.count('create')]).to.deep.equal([1, 0]);
  });

  it('a request whose bytes are all sent has the usual time for its response', async () => {
    const on = harness();
    on.store.next('put', async ({ onProgress, signal }, proceed) => {
      for (const time of [9_000, 9_000, 9_000]) {
        await on.clock.advance(time);
        signal.throwIfAborted();
        onProgress?.(SIZE);
      }
      return proceed();
    });
    await upload(on);
    expect([on.store.count('put'), on.store.count('create')]).to.deep.equal([1, 0]);
  });

  it('a signer that grants no parts has the file sent in one request, as often as needed', async () => {
    const on = harness();
    on.signer.wholeUpTo = 100 * MIB;
    const { call } = on.signer;
    // a policy with its own part size
    on.signer.call = (action, request, signal) => {
      const { files } = request as { files?: { part_size?: number }[] };
      for (const file of files ?? []) delete file.part_size;
      return call.call(on.signer, action, request, signal);
    };
    on.store.next('put', silence, silence, silence);
    await upload(on);
    expect([on.store.count('put'), on.store.count('create')]).to.deep.equal([4, 0]);
  });
});
