import { expect } from '@open-wc/testing';
import { MIB, MIN_PART_SIZE } from '../../../src/limits.js';
import type { Clock } from '../../../src/engine/ports.js';
import { deny } from '../fake-signer.js';
import { answerOf, refuse, silence } from '../fake-store.js';
import type { HandClock } from '../fake-clock.js';
import { fileOf, hashOf, Stand } from '../harness.js';

const PART = MIN_PART_SIZE;
const DAY = 86_400_000;
const NAME = 'a.bin';
const KEY = `files/${NAME}`;

const isStored = async (stand: Stand, file: File): Promise<boolean> =>
  (await hashOf(stand.store.objects.get(KEY)?.body)) === (await hashOf(file));

const inside200 =
  (code: string, headers = {}) =>
  async () =>
    answerOf(200, `<?xml version="1.0"?><Error><Code>${code}</Code></Error>`, headers);

describe('what S3 says', () => {
  it('of being busy holds for all that fly to it, as long as Retry-After says, and is shown', async () => {
    const stand = new Stand();
    stand.store.next('part 2', refuse(503, 'SlowDown', { 'Retry-After': '60' }));
    const file = fileOf(8 * PART);
    await stand.uploader.add([file]);
    await stand.until(() => stand.of(NAME).waitingFor === 'store');
    const { length } = stand.store.seen;
    expect(stand.of(NAME).retryAt! - stand.clock.now()).to.be.within(58_000, 60_000);
    await stand.clock.advance(58_000);
    expect(stand.store.seen, 'requests while it is busy').to.have.length(length);
    await stand.finished();
    expect(await isStored(stand, file)).to.be.true;
  });

  it('of being busy is not waited for when the user says retry', async () => {
    const stand = new Stand();
    stand.store.next('part', refuse(503, 'SlowDown', { 'Retry-After': '3000' }));
    await stand.uploader.add([fileOf(4 * PART)]);
    await stand.until(() => stand.of(NAME).waitingFor === 'store');
    const before = stand.clock.now();
    stand.uploader.retry();
    await stand.finished();
    expect(stand.clock.now() - before).to.be.below(60_000);
  });

  it('within a 200 means what it means elsewhere', async () => {
    const stand = new Stand();
    stand.store.next(
      'complete',
      inside200('SlowDown', { 'Retry-After': '9' }),
      inside200('ServiceUnavailable'),
      inside200('InternalError'),
    );
    const before = stand.clock.now();
    const file = fileOf(2 * PART);
    await stand.upload(file);
    expect(await isStored(stand, file)).to.be.true;
    expect(stand.clock.now() - before).to.be.at.least(9_000);
  });

  it('of single parts is mended: a digest that did not match, a clock that did not, a part too small', async () => {
    const stand = new Stand({ concurrency: 1 });
    stand.store.next('part 1', refuse(400, 'BadDigest'), refuse(403, 'RequestTimeTooSkewed'));
    stand.store.next('complete', async (request, proceed) => {
      const [upload] = [...stand.store.uploads.values()];
      upload!.parts.set(1, { body: new Blob(['short']), etag: 'short' });
      return refuse(400, 'EntityTooSmall')(request, proceed);
    });
    const file = fileOf(3 * PART);
    await stand.upload(file);
    expect(await isStored(stand, file)).to.be.true;
    expect(stand.store.sentParts.sort()).to.deep.equal([1, 1, 1, 1, 2, 3]);
  });

  it('of keys that were just changed is waited for with a word, where it knew the ones before', async () => {
    const stand = new Stand({ concurrency: 1 });
    stand.store.next(
      'part 2',
      ...Array.from({ length: 12 }, (_, n) => refuse(403, n % 2 ? 'InvalidAccessKeyId' : 'SignatureDoesNotMatch')),
    );
    const file = fileOf(3 * PART);
    await stand.upload(file);
    expect(await isStored(stand, file)).to.be.true;
    expect(stand.all('mule-error').map(({ error }) => error.code)).to.deep.equal(['signature-rejected']);
    const urls = stand.store.seen.filter(({ partNumber }) => partNumber === 2).map(({ request }) => request.url);
    expect(new Set(urls), 'a new signature each time').to.have.property('size', urls.length);
  });

  it('in a list that has duplicates and wrong sizes, is paged one by one and cut short, is read right', async () => {
    const stand = new Stand({ concurrency: 2 });
    const file = fileOf(5 * PART);
    await stand.interrupt(file, 4);
    stand.store.pageSize = 1;
    [...stand.store.uploads.values()][0]!.parts.set(3, { body: new Blob(['short']), etag: 'short' });
    const next = stand.reload();
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

  it('without an ETag after Complete is asked of HEAD, which may stay silent', async () => {
    for (const isSilent of [false, true]) {
      const stand = new Stand();
      if (isSilent) stand.store.always('head', silence);
      stand.store.next('complete', async (_request, proceed) => {
        const { text } = await proceed();
        return answerOf(200, text.replace(/<ETag>.*<\/ETag>/, '<ETag></ETag>'));
      });
      await stand.upload(fileOf(2 * PART));
      expect(stand.of(NAME)).to.include({ status: 'complete', etag: isSilent ? null : 'whole-2' });
    }
  });
});

describe('a line that is cut before any part gets through', () => {
  for (const size of [7 * MIB, 40 * MIB]) {
    it(`gets ${size / MIB} MiB through in the smallest parts, one at a time`, async () => {
      const stand = new Stand();
      stand.signer.partSize = stand.signer.wholeUpTo = 8 * MIB;
      let most = 0;
      const cut = async (request: { body?: unknown }, proceed: () => Promise<never>): Promise<never> =>
        (request.body as Blob).size > PART
          ? (silence(request as never, proceed) as Promise<never>)
          : (most++, proceed());
      stand.store.always('part', cut as never);
      stand.store.always('put', cut as never);
      const file = fileOf(size);
      await stand.upload(file);
      expect(await isStored(stand, file)).to.be.true;
      expect(most).to.equal(Math.ceil(size / PART));
      expect(stand.signer.bodies('get_init_signature').at(-1)!.files[0]).to.include({ part_size: PART, force: true });
      expect(stand.all('mule-retry').some(({ reason }) => reason.includes('beginning afresh'))).to.be.true;
      await stand.until(() => stand.store.uploads.size === 0);
    });
  }

  it('does not begin afresh once a part is stored, whatever the browser heard of it', async () => {
    const stand = new Stand({ concurrency: 1 });
    stand.signer.partSize = stand.signer.wholeUpTo = 8 * MIB;
    stand.store.next('part 1', async (request, proceed) => {
      await proceed();
      return silence(request, proceed);
    });
    stand.store.next('part 1', ...Array.from({ length: 9 }, () => silence));
    const file = fileOf(20 * MIB);
    await stand.upload(file);
    expect(await isStored(stand, file)).to.be.true;
    expect(stand.store.count('create')).to.equal(1);
  });
});

describe('a browser whose clock is wrong', () => {
  /** Another's clock, by so much ahead. */
  const skewed = (clock: HandClock, ahead: number): Clock => ({
    now: () => clock.now() + ahead,
    monotonic: () => clock.monotonic(),
    random: () => clock.random(),
    setTimer: (callback, delay) => clock.setTimer(callback, delay),
  });

  it('uploads as ever: life and waits are reckoned by the servers’ clocks', async () => {
    for (const ahead of [DAY, -DAY]) {
      const first = new Stand();
      const stand = new Stand({ concurrency: 1 }, { clock: skewed(first.clock, ahead) }, first);
      stand.signer.life = 60_000;
      const times: number[] = [];
      stand.store.next('part 2', async (request, proceed) => {
        times.push(stand.clock.now());
        const date = new Date(stand.clock.now() + 120_000).toUTCString();
        return refuse(503, '', { 'Retry-After': date })(request, proceed);
      });
      stand.store.next('part 2', async (_request, proceed) => {
        times.push(stand.clock.now());
        return proceed();
      });
      const file = fileOf(3 * PART);
      await stand.upload(file);
      expect(await isStored(stand, file)).to.be.true;
      expect(
        stand.all('mule-retry').map(({ reason }) => reason),
        'nothing had expired',
      ).to.deep.equal(['the store answered 503']);
      expect(times[1]! - times[0]!).to.be.within(119_000, 130_000);
    }
  });
});

describe('a signer that changes its mind', () => {
  it('on the part size when a grant is renewed, makes the upload begin afresh, with the right bytes', async () => {
    const stand = new Stand({ concurrency: 1 });
    stand.signer.next('get_all_signatures', (proceed) => proceed(), deny(403, 'grant-expired'));
    stand.store.next('part 2', async (request, proceed) => {
      stand.signer.partSize = 6 * MIB;
      return refuse(403, 'AccessDenied', {}, 'Request has expired')(request, proceed);
    });
    const file = fileOf(3 * PART);
    await stand.upload(file);
    expect(await isStored(stand, file)).to.be.true;
    expect(stand.of(NAME).parts.size).to.equal(6 * MIB);
    await stand.until(() => stand.store.uploads.size === 0, 'the end of the first on the store');
  });

  it('on the part size before the upload exists on the store, is followed', async () => {
    const stand = new Stand();
    stand.store.next('create', async (request, proceed) => {
      stand.signer.partSize = 6 * MIB;
      return refuse(403, 'AccessDenied', {}, 'Request has expired')(request, proceed);
    });
    const file = fileOf(3 * PART);
    await stand.upload(file);
    expect(await isStored(stand, file)).to.be.true;
    expect(stand.of(NAME).parts.size).to.equal(6 * MIB);
  });
});

describe('a pause after all is stored', () => {
  it('sends nothing again, and ends with the last notice and its receipt', async () => {
    const stand = new Stand();
    stand.signer.actions = stand.signer.actions.filter((action) => action !== 'get_head_signature');
    const held: (() => void)[] = [];
    stand.signer.next('chunk_loaded', (proceed) => new Promise((resolve) => held.push(() => resolve(proceed()))));
    await stand.uploader.add([fileOf(2 * PART)]);
    await stand.until(() => held.length > 0);
    expect(stand.signer.calls.at(-1)!.body).to.include({ state: 'complete' });
    const { length } = stand.store.seen;
    stand.uploader.pause();
    held[0]!();
    await stand.settle();
    await stand.uploader.resume();
    await stand.finished();
    expect(stand.of(NAME)).to.include({ status: 'complete', etag: 'whole-2', receipt: `receipt of ${KEY}` });
    expect(stand.store.seen).to.have.length(length);
  });
});

/** A file that the disk changes: as WebKit has it, which reads on, or as the others, which do not. */
class DiskFile extends File {
  content: Blob;
  isReadable = true;

  constructor(content: File) {
    super([content], content.name, { lastModified: content.lastModified });
    this.content = content;
  }

  override slice(start?: number, end?: number): Blob {
    const blob = this.content.slice(start, end);
    if (this.isReadable) return blob;
    blob.arrayBuffer = () => Promise.reject(new DOMException('it has changed', 'NotReadableError'));
    return blob;
  }
}

describe('a file that changes underneath', () => {
  /** An upload whose file changes while its second part flies. */
  async function change(file: DiskFile, content: File, isReadable: boolean): Promise<Stand> {
    const stand = new Stand({ concurrency: 1 });
    stand.store.next('part 2', async (request, proceed) => {
      file.content = content;
      file.isReadable = isReadable;
      return isReadable ? proceed() : silence(request, proceed);
    });
    await stand.upload(file);
    expect(stand.of(NAME).status).to.equal('failed');
    expect(stand.of(NAME).error!.code).to.equal('file-changed');
    expect(stand.store.objects).to.be.empty;
    return stand;
  }

  it('is never completed, and what it has become is sent afresh by retry where it can be read', async () => {
    const changed = fileOf(3 * PART);
    const stand = await change(new DiskFile(fileOf(3 * PART)), changed, true);
    stand.uploader.retry();
    await stand.finished();
    expect(await isStored(stand, changed)).to.be.true;
    expect(stand.store.count('create')).to.equal(2);
    await stand.until(() => stand.store.uploads.size === 0, 'the end of the first on the store');
  });

  it('is sent afresh in its row when it is chosen again, in whatever way', async () => {
    for (const choose of [
      (stand: Stand, file: File) => stand.uploader.add([file]),
      (stand: Stand, file: File) => stand.uploader.resume(stand.of(NAME).id, file),
    ]) {
      const changed = fileOf(2 * PART + 5, NAME, 2_000);
      const stand = await change(new DiskFile(fileOf(3 * PART)), changed, false);
      const { id } = stand.of(NAME);
      await choose(stand, changed);
      await stand.finished();
      expect(stand.uploader.uploads.map((upload) => [upload.id, upload.status, upload.size])).to.deep.equal([
        [id, 'complete', changed.size],
      ]);
      expect(await isStored(stand, changed)).to.be.true;
      await stand.until(() => stand.store.uploads.size === 0, 'the end of the first on the store');
    }
  });

  it('and is what it was again goes on where it stopped', async () => {
    const content = fileOf(3 * PART);
    const file = new DiskFile(content);
    const stand = await change(file, content, false);
    stand.uploader.retry();
    await stand.finished();
    expect(stand.of(NAME).error, 'it cannot be read yet').to.include({ code: 'file-changed' });
    file.isReadable = true;
    stand.uploader.retry();
    await stand.finished();
    expect(await isStored(stand, content)).to.be.true;
    expect([stand.store.count('create'), stand.store.sentParts.filter((part) => part === 1).length]).to.deep.equal([
      1, 1,
    ]);
  });

  it('is told after the one PUT of a whole file, too', async () => {
    const size = MIN_PART_SIZE + 1;
    const file = new DiskFile(fileOf(size));
    const stand = new Stand({ partSize: 2 * size });
    stand.store.next('put', async (_request, proceed) => {
      file.content = fileOf(size);
      return proceed();
    });
    await stand.upload(file);
    expect(stand.of(NAME).error).to.include({ code: 'file-changed' });
    stand.uploader.retry();
    await stand.finished();
    expect(await hashOf(stand.store.objects.get(KEY)?.body)).to.equal(await hashOf(file.content));
  });

  it('is told so as well where nothing was read beforehand, and the browser will not read it any more', async () => {
    const file = new DiskFile(fileOf(300_000));
    const stand = new Stand();
    stand.store.next('put', async (_request, proceed) => {
      file.isReadable = false;
      return proceed();
    });
    await stand.upload(file);
    expect(stand.of(NAME).error).to.include({ code: 'file-changed' });
    file.isReadable = true;
    stand.uploader.retry();
    await stand.finished();
    expect(stand.of(NAME).status).to.equal('complete');
  });

  it('is no matter where all of a small file had been read by then', async () => {
    const content = fileOf(1_000);
    const file = new DiskFile(content);
    const stand = new Stand();
    stand.store.next('put', async (_request, proceed) => {
      file.content = fileOf(1_000);
      return proceed();
    });
    await stand.upload(file);
    expect(stand.of(NAME).status).to.equal('complete');
    expect(await hashOf(stand.store.objects.get(KEY)?.body)).to.equal(await hashOf(content));
  });
});
