import { expect } from '@open-wc/testing';
import { MIB, MIN_PART_SIZE } from '../../../src/limits.js';
import type { Clock } from '../../../src/engine/ports.js';
import { deny } from '../fake-signer.js';
import { responseOf, refuse, dropConnection } from '../fake-store.js';
import type { FakeClock } from '../fake-clock.js';
import { fileOf, hashOf, Harness } from '../harness.js';

const PART = MIN_PART_SIZE;
const DAY_MS = 86_400_000;
const NAME = 'a.bin';
const KEY = `files/${NAME}`;

const isStored = async (harness: Harness, file: File): Promise<boolean> =>
  (await hashOf(harness.store.objects.get(KEY)?.body)) === (await hashOf(file));

/** Responds with status 200 and an Error document, as Complete may. */
const errorIn200 =
  (code: string, headers = {}) =>
  async () =>
    responseOf(200, `<?xml version="1.0"?><Error><Code>${code}</Code></Error>`, headers);

describe('a response of S3', () => {
  it('that it is busy delays all requests to it by Retry-After, and the upload shows the wait', async () => {
    const harness = new Harness();
    harness.store.next('part 2', refuse(503, 'SlowDown', { 'Retry-After': '60' }));
    const file = fileOf(8 * PART);
    await harness.uploader.add([file]);
    await harness.until(() => harness.uploadOf(NAME).waitingFor === 'store');
    const { length } = harness.store.requests;
    expect(harness.uploadOf(NAME).retryAt! - harness.clock.now()).to.be.within(58_000, 60_000);
    await harness.clock.advance(58_000);
    expect(harness.store.requests, 'requests while it is busy').to.have.length(length);
    await harness.finished();
    expect(await isStored(harness, file)).to.be.true;
  });

  it('that it is busy does not delay a retry by the user', async () => {
    const harness = new Harness();
    harness.store.next('part', refuse(503, 'SlowDown', { 'Retry-After': '3000' }));
    await harness.uploader.add([fileOf(4 * PART)]);
    await harness.until(() => harness.uploadOf(NAME).waitingFor === 'store');
    const before = harness.clock.now();
    harness.uploader.retry();
    await harness.finished();
    expect(harness.clock.now() - before).to.be.below(60_000);
  });

  it('with an error in a 200 has the same effect as with an error status', async () => {
    const harness = new Harness();
    harness.store.next(
      'complete',
      errorIn200('SlowDown', { 'Retry-After': '9' }),
      errorIn200('ServiceUnavailable'),
      errorIn200('InternalError'),
    );
    const before = harness.clock.now();
    const file = fileOf(2 * PART);
    await harness.upload(file);
    expect(await isStored(harness, file)).to.be.true;
    expect(harness.clock.now() - before).to.be.at.least(9_000);
  });

  it('that rejects a part causes a retry: a wrong digest, a wrong clock, a part that is too small', async () => {
    const harness = new Harness({ concurrency: 1 });
    harness.store.next('part 1', refuse(400, 'BadDigest'), refuse(403, 'RequestTimeTooSkewed'));
    harness.store.next('complete', async (request, proceed) => {
      const [upload] = [...harness.store.uploads.values()];
      upload!.parts.set(1, { body: new Blob(['short']), etag: 'short' });
      return refuse(400, 'EntityTooSmall')(request, proceed);
    });
    const file = fileOf(3 * PART);
    await harness.upload(file);
    expect(await isStored(harness, file)).to.be.true;
    expect(harness.store.sentParts.sort()).to.deep.equal([1, 1, 1, 1, 2, 3]);
  });

  it('that rejects new access keys causes one error and further retries, if earlier keys were accepted', async () => {
    const harness = new Harness({ concurrency: 1 });
    harness.store.next(
      'part 2',
      ...Array.from({ length: 12 }, (_, index) =>
        refuse(403, index % 2 ? 'InvalidAccessKeyId' : 'SignatureDoesNotMatch'),
      ),
    );
    const file = fileOf(3 * PART);
    await harness.upload(file);
    expect(await isStored(harness, file)).to.be.true;
    expect(harness.detailsOf('mule-error').map(({ error }) => error.code)).to.deep.equal(['signature-rejected']);
    const urls = harness.store.requests.filter(({ partNumber }) => partNumber === 2).map(({ request }) => request.url);
    expect(new Set(urls), 'a new signature each time').to.have.property('size', urls.length);
  });

  it('to ListParts may have duplicates, wrong sizes or one part per page, or be truncated', async () => {
    const harness = new Harness({ concurrency: 2 });
    const file = fileOf(5 * PART);
    await harness.interrupt(file, 4);
    harness.store.pageSize = 1;
    [...harness.store.uploads.values()][0]!.parts.set(3, { body: new Blob(['short']), etag: 'short' });
    const next = harness.reload();
    next.store.next('list', async (_request, proceed) => {
      const response = await proceed();
      const [part] = /<Part>.*?<\/Part>/.exec(response.text)!;
      return { ...response, text: response.text.replace(part, part + part) };
    });
    next.store.next('list', async (_request, proceed) => {
      const response = await proceed();
      return { ...response, text: response.text.slice(0, 40) };
    });
    const sent = next.store.sentParts.length;
    await next.upload(file);
    expect(next.store.sentParts.slice(sent).sort()).to.deep.equal([3, 5]);
    expect(await isStored(next, file)).to.be.true;
  });

  it('to Complete without an ETag causes a HEAD, which may fail', async () => {
    for (const isSilent of [false, true]) {
      const harness = new Harness();
      if (isSilent) harness.store.always('head', dropConnection);
      harness.store.next('complete', async (_request, proceed) => {
        const { text } = await proceed();
        return responseOf(200, text.replace(/<ETag>.*<\/ETag>/, '<ETag></ETag>'));
      });
      await harness.upload(fileOf(2 * PART));
      expect(harness.uploadOf(NAME)).to.include({ status: 'complete', etag: isSilent ? null : 'whole-2' });
    }
  });
});

describe('a connection that fails before any part is stored', () => {
  for (const size of [7 * MIB, 40 * MIB]) {
    it(`sends ${size / MIB} MiB in the smallest parts, one at a time`, async () => {
      const harness = new Harness();
      harness.signer.partSize = harness.signer.maxSingleRequestBytes = 8 * MIB;
      let acceptedCount = 0;
      const dropLargeBodies = async (request: { body?: unknown }, proceed: () => Promise<never>): Promise<never> =>
        (request.body as Blob).size > PART
          ? (dropConnection(request as never, proceed) as Promise<never>)
          : (acceptedCount++, proceed());
      harness.store.always('part', dropLargeBodies as never);
      harness.store.always('put', dropLargeBodies as never);
      const file = fileOf(size);
      await harness.upload(file);
      expect(await isStored(harness, file)).to.be.true;
      expect(acceptedCount).to.equal(Math.ceil(size / PART));
      expect(harness.signer.bodies('get_init_signature').at(-1)!.files[0]).to.include({ part_size: PART, force: true });
      expect(harness.detailsOf('mule-retry').some(({ reason }) => reason.includes('restarting'))).to.be.true;
      await harness.until(() => harness.store.uploads.size === 0);
    });
  }

  it('does not restart once a part is stored, even if its response was lost', async () => {
    const harness = new Harness({ concurrency: 1 });
    harness.signer.partSize = harness.signer.maxSingleRequestBytes = 8 * MIB;
    harness.store.next('part 1', async (request, proceed) => {
      await proceed();
      return dropConnection(request, proceed);
    });
    harness.store.next('part 1', ...Array.from({ length: 9 }, () => dropConnection));
    const file = fileOf(20 * MIB);
    await harness.upload(file);
    expect(await isStored(harness, file)).to.be.true;
    expect(harness.store.count('create')).to.equal(1);
  });
});

describe('a browser whose clock is wrong', () => {
  /** Creates a clock that is ahead of another one. */
  const skewed = (clock: FakeClock, aheadMs: number): Clock => ({
    now: () => clock.now() + aheadMs,
    monotonic: () => clock.monotonic(),
    random: () => clock.random(),
    setTimer: (callback, delay) => clock.setTimer(callback, delay),
  });

  it('uploads as usual: lifetimes and waits follow the servers’ clocks', async () => {
    for (const aheadMs of [DAY_MS, -DAY_MS]) {
      const first = new Harness();
      const harness = new Harness({ concurrency: 1 }, { clock: skewed(first.clock, aheadMs) }, first);
      harness.signer.lifetimeMs = 60_000;
      const times: number[] = [];
      harness.store.next('part 2', async (request, proceed) => {
        times.push(harness.clock.now());
        const date = new Date(harness.clock.now() + 120_000).toUTCString();
        return refuse(503, '', { 'Retry-After': date })(request, proceed);
      });
      harness.store.next('part 2', async (_request, proceed) => {
        times.push(harness.clock.now());
        return proceed();
      });
      const file = fileOf(3 * PART);
      await harness.upload(file);
      expect(await isStored(harness, file)).to.be.true;
      expect(
        harness.detailsOf('mule-retry').map(({ reason }) => reason),
        'no signature had expired',
      ).to.deep.equal(['the store answered 503']);
      expect(times[1]! - times[0]!).to.be.within(119_000, 130_000);
    }
  });
});

describe('a signer that changes the part size', () => {
  it('when it renews a grant restarts the upload, and the object has the bytes of the file', async () => {
    const harness = new Harness({ concurrency: 1 });
    harness.signer.next('get_all_signatures', (proceed) => proceed(), deny(403, 'grant-expired'));
    harness.store.next('part 2', async (request, proceed) => {
      harness.signer.partSize = 6 * MIB;
      return refuse(403, 'AccessDenied', {}, 'Request has expired')(request, proceed);
    });
    const file = fileOf(3 * PART);
    await harness.upload(file);
    expect(await isStored(harness, file)).to.be.true;
    expect(harness.uploadOf(NAME).parts.size).to.equal(6 * MIB);
    await harness.until(() => harness.store.uploads.size === 0, 'the abort of the first multipart upload');
  });

  it('before the multipart upload is created has no other effect', async () => {
    const harness = new Harness();
    harness.store.next('create', async (request, proceed) => {
      harness.signer.partSize = 6 * MIB;
      return refuse(403, 'AccessDenied', {}, 'Request has expired')(request, proceed);
    });
    const file = fileOf(3 * PART);
    await harness.upload(file);
    expect(await isStored(harness, file)).to.be.true;
    expect(harness.uploadOf(NAME).parts.size).to.equal(6 * MIB);
  });
});

describe('a pause after the object is stored', () => {
  it('sends nothing again, and ends with the last notification and its receipt', async () => {
    const harness = new Harness();
    harness.signer.actions = harness.signer.actions.filter((action) => action !== 'get_head_signature');
    const releases: (() => void)[] = [];
    harness.signer.next('chunk_loaded', (proceed) => new Promise((resolve) => releases.push(() => resolve(proceed()))));
    await harness.uploader.add([fileOf(2 * PART)]);
    await harness.until(() => releases.length > 0);
    expect(harness.signer.calls.at(-1)!.body).to.include({ state: 'complete' });
    const { length } = harness.store.requests;
    harness.uploader.pause();
    releases[0]!();
    await harness.settle();
    await harness.uploader.resume();
    await harness.finished();
    expect(harness.uploadOf(NAME)).to.include({ status: 'complete', etag: 'whole-2', receipt: `receipt of ${KEY}` });
    expect(harness.store.requests).to.have.length(length);
  });
});
