import { expect } from '@open-wc/testing';
import { MIB, MIN_PART_SIZE } from '../../../src/limits.js';
import type { Clock } from '../../../src/engine/ports.js';
import { deny } from '../fake-signer.js';
import { answerOf, refuse, silence } from '../fake-store.js';
import type { FakeClock } from '../fake-clock.js';
import { fileOf, hashOf, Harness } from '../harness.js';

const PART = MIN_PART_SIZE;
const DAY = 86_400_000;
const NAME = 'a.bin';
const KEY = `files/${NAME}`;

const isStored = async (harness: Harness, file: File): Promise<boolean> =>
  (await hashOf(harness.store.objects.get(KEY)?.body)) === (await hashOf(file));

const inside200 =
  (code: string, headers = {}) =>
  async () =>
    answerOf(200, `<?xml version="1.0"?><Error><Code>${code}</Code></Error>`, headers);

describe('a response of S3', () => {
  it('that it is busy delays all requests to it, as long as Retry-After says, and is shown', async () => {
    const harness = new Harness();
    harness.store.next('part 2', refuse(503, 'SlowDown', { 'Retry-After': '60' }));
    const file = fileOf(8 * PART);
    await harness.uploader.add([file]);
    await harness.until(() => harness.of(NAME).waitingFor === 'store');
    const { length } = harness.store.seen;
    expect(harness.of(NAME).retryAt! - harness.clock.now()).to.be.within(58_000, 60_000);
    await harness.clock.advance(58_000);
    expect(harness.store.seen, 'requests while it is busy').to.have.length(length);
    await harness.finished();
    expect(await isStored(harness, file)).to.be.true;
  });

  it('that it is busy does not delay a retry by the user', async () => {
    const harness = new Harness();
    harness.store.next('part', refuse(503, 'SlowDown', { 'Retry-After': '3000' }));
    await harness.uploader.add([fileOf(4 * PART)]);
    await harness.until(() => harness.of(NAME).waitingFor === 'store');
    const before = harness.clock.now();
    harness.uploader.retry();
    await harness.finished();
    expect(harness.clock.now() - before).to.be.below(60_000);
  });

  it('with an error in a 200 has the same effect as with an error status', async () => {
    const harness = new Harness();
    harness.store.next(
      'complete',
      inside200('SlowDown', { 'Retry-After': '9' }),
      inside200('ServiceUnavailable'),
      inside200('InternalError'),
    );
    const before = harness.clock.now();
    const file = fileOf(2 * PART);
    await harness.upload(file);
    expect(await isStored(harness, file)).to.be.true;
    expect(harness.clock.now() - before).to.be.at.least(9_000);
  });

  it('about single parts is handled: a wrong digest, a wrong clock, a part that is too small', async () => {
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

  it('to changed keys causes a wait with a reason, if earlier keys were accepted', async () => {
    const harness = new Harness({ concurrency: 1 });
    harness.store.next(
      'part 2',
      ...Array.from({ length: 12 }, (_, n) => refuse(403, n % 2 ? 'InvalidAccessKeyId' : 'SignatureDoesNotMatch')),
    );
    const file = fileOf(3 * PART);
    await harness.upload(file);
    expect(await isStored(harness, file)).to.be.true;
    expect(harness.all('mule-error').map(({ error }) => error.code)).to.deep.equal(['signature-rejected']);
    const urls = harness.store.seen.filter(({ partNumber }) => partNumber === 2).map(({ request }) => request.url);
    expect(new Set(urls), 'a new signature each time').to.have.property('size', urls.length);
  });

  it('to ListParts is read correctly: duplicates, wrong sizes, one part per page, truncated', async () => {
    const harness = new Harness({ concurrency: 2 });
    const file = fileOf(5 * PART);
    await harness.interrupt(file, 4);
    harness.store.pageSize = 1;
    [...harness.store.uploads.values()][0]!.parts.set(3, { body: new Blob(['short']), etag: 'short' });
    const next = harness.reload();
    next.store.next('list', async (_request, proceed) => {
      const whole = await proceed();
      const [part] = /<Part>.*?<\/Part>/.exec(whole.text)!;
      return { ...whole, text: whole.text.replace(part, part + part) };
    });
    next.store.next('list', async (_request, proceed) => {
      const whole = await proceed();
      return { ...whole, text: whole.text.slice(0, 40) };
    });
    const sent = next.store.sentParts.length;
    await next.upload(file);
    expect(next.store.sentParts.slice(sent).sort()).to.deep.equal([3, 5]);
    expect(await isStored(next, file)).to.be.true;
  });

  it('to Complete without an ETag causes a HEAD, which may fail', async () => {
    for (const isSilent of [false, true]) {
      const harness = new Harness();
      if (isSilent) harness.store.always('head', silence);
      harness.store.next('complete', async (_request, proceed) => {
        const { text } = await proceed();
        return answerOf(200, text.replace(/<ETag>.*<\/ETag>/, '<ETag></ETag>'));
      });
      await harness.upload(fileOf(2 * PART));
      expect(harness.of(NAME)).to.include({ status: 'complete', etag: isSilent ? null : 'whole-2' });
    }
  });
});

describe('a connection that fails before any part is stored', () => {
  for (const size of [7 * MIB, 40 * MIB]) {
    it(`sends ${size / MIB} MiB in the smallest parts, one at a time`, async () => {
      const harness = new Harness();
      harness.signer.partSize = harness.signer.wholeUpTo = 8 * MIB;
      let most = 0;
      const cut = async (request: { body?: unknown }, proceed: () => Promise<never>): Promise<never> =>
        (request.body as Blob).size > PART
          ? (silence(request as never, proceed) as Promise<never>)
          : (most++, proceed());
      harness.store.always('part', cut as never);
      harness.store.always('put', cut as never);
      const file = fileOf(size);
      await harness.upload(file);
      expect(await isStored(harness, file)).to.be.true;
      expect(most).to.equal(Math.ceil(size / PART));
      expect(harness.signer.bodies('get_init_signature').at(-1)!.files[0]).to.include({ part_size: PART, force: true });
      expect(harness.all('mule-retry').some(({ reason }) => reason.includes('restarting'))).to.be.true;
      await harness.until(() => harness.store.uploads.size === 0);
    });
  }

  it('does not restart once a part is stored, even if its response was lost', async () => {
    const harness = new Harness({ concurrency: 1 });
    harness.signer.partSize = harness.signer.wholeUpTo = 8 * MIB;
    harness.store.next('part 1', async (request, proceed) => {
      await proceed();
      return silence(request, proceed);
    });
    harness.store.next('part 1', ...Array.from({ length: 9 }, () => silence));
    const file = fileOf(20 * MIB);
    await harness.upload(file);
    expect(await isStored(harness, file)).to.be.true;
    expect(harness.store.count('create')).to.equal(1);
  });
});

describe('a browser whose clock is wrong', () => {
  /** Creates a clock that is ahead of another one. */
  const skewed = (clock: FakeClock, ahead: number): Clock => ({
    now: () => clock.now() + ahead,
    monotonic: () => clock.monotonic(),
    random: () => clock.random(),
    setTimer: (callback, delay) => clock.setTimer(callback, delay),
  });

  it('uploads as usual: lifetimes and waits follow the servers’ clocks', async () => {
    for (const ahead of [DAY, -DAY]) {
      const first = new Harness();
      const harness = new Harness({ concurrency: 1 }, { clock: skewed(first.clock, ahead) }, first);
      harness.signer.life = 60_000;
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
        harness.all('mule-retry').map(({ reason }) => reason),
        'nothing had expired',
      ).to.deep.equal(['the store answered 503']);
      expect(times[1]! - times[0]!).to.be.within(119_000, 130_000);
    }
  });
});

describe('a signer that changes the part size', () => {
  it('at the renewal of a grant restarts the upload, with the right bytes', async () => {
    const harness = new Harness({ concurrency: 1 });
    harness.signer.next('get_all_signatures', (proceed) => proceed(), deny(403, 'grant-expired'));
    harness.store.next('part 2', async (request, proceed) => {
      harness.signer.partSize = 6 * MIB;
      return refuse(403, 'AccessDenied', {}, 'Request has expired')(request, proceed);
    });
    const file = fileOf(3 * PART);
    await harness.upload(file);
    expect(await isStored(harness, file)).to.be.true;
    expect(harness.of(NAME).parts.size).to.equal(6 * MIB);
    await harness.until(() => harness.store.uploads.size === 0, 'the end of the first on the store');
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
    expect(harness.of(NAME).parts.size).to.equal(6 * MIB);
  });
});

describe('a pause after the object is stored', () => {
  it('sends nothing again, and ends with the last notification and its receipt', async () => {
    const harness = new Harness();
    harness.signer.actions = harness.signer.actions.filter((action) => action !== 'get_head_signature');
    const held: (() => void)[] = [];
    harness.signer.next('chunk_loaded', (proceed) => new Promise((resolve) => held.push(() => resolve(proceed()))));
    await harness.uploader.add([fileOf(2 * PART)]);
    await harness.until(() => held.length > 0);
    expect(harness.signer.calls.at(-1)!.body).to.include({ state: 'complete' });
    const { length } = harness.store.seen;
    harness.uploader.pause();
    held[0]!();
    await harness.settle();
    await harness.uploader.resume();
    await harness.finished();
    expect(harness.of(NAME)).to.include({ status: 'complete', etag: 'whole-2', receipt: `receipt of ${KEY}` });
    expect(harness.store.seen).to.have.length(length);
  });
});

/** A file that changes on disk: it stays readable, as in WebKit, or becomes unreadable, as in other engines. */
class DiskFile extends File {
  content: Blob;
  isReadable = true;

  constructor(content: File) {
    super([content], content.name, { lastModified: content.lastModified });
    this.content = content;
  }

  override arrayBuffer(): Promise<ArrayBuffer> {
    return this.slice().arrayBuffer();
  }

  override slice(start?: number, end?: number): Blob {
    const blob = this.content.slice(start, end);
    if (this.isReadable) return blob;
    blob.arrayBuffer = () => Promise.reject(new DOMException('it has changed', 'NotReadableError'));
    return blob;
  }
}

describe('a file that changes during its upload', () => {
  /** Uploads a file that changes while its second part is in flight. */
  async function change(file: DiskFile, content: File, isReadable: boolean): Promise<Harness> {
    const harness = new Harness({ concurrency: 1 });
    harness.store.next('part 2', async (request, proceed) => {
      file.content = content;
      file.isReadable = isReadable;
      return isReadable ? proceed() : silence(request, proceed);
    });
    await harness.upload(file);
    expect(harness.of(NAME).status).to.equal('failed');
    expect(harness.of(NAME).error!.code).to.equal('file-changed');
    expect(harness.store.objects).to.be.empty;
    return harness;
  }

  it('is never completed, and retry() sends its new version from the start if it can be read', async () => {
    const changed = fileOf(3 * PART);
    const harness = await change(new DiskFile(fileOf(3 * PART)), changed, true);
    harness.uploader.retry();
    await harness.finished();
    expect(await isStored(harness, changed)).to.be.true;
    expect(harness.store.count('create')).to.equal(2);
    await harness.until(() => harness.store.uploads.size === 0, 'the end of the first on the store');
  });

  it('is sent from the start in the same row when it is chosen again, by add() or resume()', async () => {
    for (const choose of [
      (harness: Harness, file: File) => harness.uploader.add([file]),
      (harness: Harness, file: File) => harness.uploader.resume(harness.of(NAME).id, file),
    ]) {
      const changed = fileOf(2 * PART + 5, NAME, 2_000);
      const harness = await change(new DiskFile(fileOf(3 * PART)), changed, false);
      const { id } = harness.of(NAME);
      await choose(harness, changed);
      await harness.finished();
      expect(harness.uploader.uploads.map((upload) => [upload.id, upload.status, upload.size])).to.deep.equal([
        [id, 'complete', changed.size],
      ]);
      expect(await isStored(harness, changed)).to.be.true;
      await harness.until(() => harness.store.uploads.size === 0, 'the end of the first on the store');
    }
  });

  it('and is then restored continues where it stopped', async () => {
    const content = fileOf(3 * PART);
    const file = new DiskFile(content);
    const harness = await change(file, content, false);
    harness.uploader.retry();
    await harness.finished();
    expect(harness.of(NAME).error, 'it cannot be read yet').to.include({ code: 'file-changed' });
    file.isReadable = true;
    harness.uploader.retry();
    await harness.finished();
    expect(await isStored(harness, content)).to.be.true;
    expect([harness.store.count('create'), harness.store.sentParts.filter((part) => part === 1).length]).to.deep.equal([
      1, 1,
    ]);
  });

  it('is reported after a single PUT, too', async () => {
    const size = MIN_PART_SIZE + 1;
    const file = new DiskFile(fileOf(size));
    const harness = new Harness({ partSize: 2 * size });
    harness.store.next('put', async (_request, proceed) => {
      file.content = fileOf(size);
      return proceed();
    });
    await harness.upload(file);
    expect(harness.of(NAME).error).to.include({ code: 'file-changed' });
    harness.uploader.retry();
    await harness.finished();
    expect(await hashOf(harness.store.objects.get(KEY)?.body)).to.equal(await hashOf(file.content));
  });

  it('is reported even if nothing was read before, and the browser can no longer read it', async () => {
    const file = new DiskFile(fileOf(300_000));
    const harness = new Harness();
    harness.store.next('put', async (_request, proceed) => {
      file.isReadable = false;
      await harness.clock.advance(1_000);
      return proceed();
    });
    await harness.upload(file);
    expect(harness.of(NAME).error).to.include({ code: 'file-changed' });
    file.isReadable = true;
    harness.uploader.retry();
    await harness.finished();
    expect(harness.of(NAME).status).to.equal('complete');
  });

  it('has no effect if a small file was completely read before', async () => {
    const content = fileOf(1_000);
    const file = new DiskFile(content);
    const harness = new Harness();
    harness.store.next('put', async (_request, proceed) => {
      file.content = fileOf(1_000);
      return proceed();
    });
    await harness.upload(file);
    expect(harness.of(NAME).status).to.equal('complete');
    expect(await hashOf(harness.store.objects.get(KEY)?.body)).to.equal(await hashOf(content));
  });
});
