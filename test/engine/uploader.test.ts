import { expect } from '@open-wc/testing';
import { MIB, MIN_PART_SIZE } from '../../src/limits.js';
import { Uploader } from '../../src/engine/index.js';
import { refuse } from './fake-store.js';
import { fileOf, hashOf, MemoryJournal, Stand } from './harness.js';

const PART = MIN_PART_SIZE;

describe('an uploader', () => {
  it('brings files of every shape to the bucket, byte for byte', async () => {
    const stand = new Stand();
    const sizes = [0, 1, PART - 1, PART, PART + 1, 2 * PART, 2 * PART + 3];
    const files = sizes.map((size) => fileOf(size, `${size}.bin`));
    await stand.upload(...files);
    for (const file of files) {
      expect(stand.of(file.name)).to.include({ status: 'complete', loaded: file.size, ratio: 1 });
      expect(await hashOf(stand.store.objects.get(`files/${file.name}`)?.body)).to.equal(await hashOf(file));
    }
    expect(stand.store.uploads, 'unfinished multipart uploads left behind').to.be.empty;
  });

  it('sends an untyped body, so that only signed headers tell a type', async () => {
    const stand = new Stand();
    await stand.upload(new File(['text'], 'a.txt', { type: 'text/plain' }), fileOf(PART + 1));
    for (const { request } of stand.store.seen.filter(({ operation }) => operation === 'put' || operation === 'part'))
      expect((request.body as Blob).type).to.equal('');
  });

  it('completes with key, ETag, location without signature, and the signer’s receipt', async () => {
    const stand = new Stand();
    stand.signer.tracked = true;
    await stand.upload(fileOf(2 * PART));
    const [complete] = stand.all('mule-complete');
    expect(complete).to.include({
      key: 'files/a.bin',
      etag: 'whole-2',
      location: 'https://store.test/bucket/files/a.bin',
      size: 2 * PART,
      receipt: 'receipt of files/a.bin',
    });
    expect(stand.uploader.status).to.equal('complete');
  });

  it('tells its story in events: gates aside, each fact once and in order', async () => {
    const stand = new Stand();
    await stand.upload(fileOf(PART + 1));
    expect(stand.course('a.bin')).to.deep.equal(['starting', 'uploading', 'finishing', 'complete']);
    const facts = stand.told
      .map(({ type }) => type)
      .filter((type) => type !== 'mule-status' && type !== 'mule-progress');
    expect(facts).to.deep.equal(['mule-add', 'mule-start', 'mule-part', 'mule-part', 'mule-complete', 'mule-finish']);
    expect(stand.all('mule-finish')[0]!.completed.map(({ name }) => name)).to.deep.equal(['a.bin']);
  });

  it('never lets progress run backwards or past the size, whatever the line does', async () => {
    const stand = new Stand({ concurrency: 2 });
    for (let part = 0; part < 3; part++) {
      stand.store.next('part', async (request, proceed) => {
        for (const loaded of [PART / 2, PART * 2, 10, PART]) {
          request.onProgress?.(loaded);
          await stand.clock.advance(150);
        }
        return part === 1 ? refuse(500)(request, proceed) : proceed();
      });
    }
    await stand.upload(fileOf(3 * PART));
    const loaded = stand.all('mule-progress').map((detail) => detail.loaded);
    expect(loaded).to.have.length.above(3);
    expect(loaded).to.deep.equal([...loaded].sort((a, b) => a - b));
    expect(loaded.at(-1)).to.equal(3 * PART);
    expect(stand.uploader.progress).to.include({ loaded: 3 * PART, total: 3 * PART, ratio: 1 });
  });

  it('tells progress at most ten times a second, and the last one always', async () => {
    const stand = new Stand();
    const times: number[] = [];
    stand.uploader.addEventListener('mule-progress', () => times.push(stand.clock.monotonic()));
    stand.store.next('part', async (request, proceed) => {
      for (let step = 0; step < 100; step++) {
        request.onProgress?.(step * 1_000);
        await stand.clock.advance(10);
      }
      return proceed();
    });
    await stand.upload(fileOf(PART + 1));
    expect(stand.all('mule-progress').at(-1)!.loaded).to.equal(PART + 1);
    expect(times.length).to.be.at.least(5);
    const gaps = times.slice(1, -1).map((time, index) => time - times[index]!);
    for (const gap of gaps) expect(gap).to.be.at.least(100);
  });

  it('goes by a POST policy where the signer says so, the file as the last field', async () => {
    const stand = new Stand();
    stand.signer.whole = 'post';
    const file = fileOf(1_000);
    await stand.upload(file);
    expect(stand.of('a.bin').status).to.equal('complete');
    const form = stand.store.seen[0]!.request.body as FormData;
    expect([...form.keys()]).to.deep.equal(['policy', 'key', 'file']);
    expect(await hashOf(stand.store.objects.get('files/a.bin')?.body)).to.equal(await hashOf(file));
    expect(stand.of('a.bin').location).to.equal('https://store.test/bucket/files/a.bin');
  });

  it('writes the journal twice an upload, however many parts it has', async () => {
    for (const size of [2 * PART, 12 * PART]) {
      const journal = new MemoryJournal();
      await new Stand({}, { journal }).upload(fileOf(size));
      expect([journal.saves, journal.removals, journal.records.size]).to.deep.equal([1, 1, 0]);
    }
  });

  it('holds files until start() where autostart is off', async () => {
    const stand = new Stand({ autostart: false });
    await stand.uploader.add([fileOf(10, 'a.bin'), fileOf(10, 'b.bin')]);
    await stand.settle();
    expect(stand.signer.calls).to.be.empty;
    stand.uploader.start(stand.of('b.bin').id);
    await stand.until(() => stand.of('b.bin').status === 'complete');
    expect(stand.of('a.bin').status).to.equal('queued');
    stand.uploader.start();
    await stand.finished();
  });

  it('limits bytes per second over all uploads', async () => {
    const stand = new Stand({ bandwidthLimit: MIB });
    const before = stand.clock.now();
    await stand.upload(fileOf(2 * PART, 'a.bin'), fileOf(2 * PART, 'b.bin'));
    // the last request's own bytes are already on their way
    expect(stand.clock.now() - before).to.be.at.least(15_000);
  });

  it('gives snapshots that are frozen, and the same object while nothing changes', async () => {
    const stand = new Stand({ autostart: false });
    await stand.uploader.add([fileOf(10)]);
    const [snapshot] = stand.uploader.uploads;
    expect(Object.isFrozen(snapshot)).to.be.true;
    expect(stand.uploader.uploads[0]).to.equal(snapshot);
  });

  it('resolves finished() at once with nothing to do, and rejects it when disposed', async () => {
    const stand = new Stand({ autostart: false });
    expect(await stand.uploader.finished()).to.deep.equal([]);
    await stand.uploader.add([fileOf(10)]);
    const outcome = stand.uploader.finished().catch((error: DOMException) => error.name);
    stand.uploader.dispose();
    expect(await outcome).to.equal('AbortError');
    expect(await stand.uploader.finished().catch((error: DOMException) => error.name)).to.equal('AbortError');
  });

  it('counts files that are just being added as unfinished', async () => {
    const stand = new Stand();
    void stand.uploader.add([fileOf(10, 'a.bin'), fileOf(PART + 1, 'b.bin')]);
    await stand.finished();
    expect(stand.uploader.uploads.map(({ status }) => status)).to.deep.equal(['complete', 'complete']);
  });

  it('keeps finished() pending while an upload is paused', async () => {
    const stand = new Stand();
    const release = stand.store.hold('part');
    await stand.uploader.add([fileOf(2 * PART)]);
    await stand.until(() => stand.store.count('part') > 0);
    let isFinished = false;
    void stand.uploader.finished().then(() => (isFinished = true));
    stand.uploader.pause();
    await stand.settle();
    expect(isFinished).to.be.false;
    release();
    await stand.uploader.resume();
    await stand.until(() => isFinished);
  });

  it('takes what is over off the list, and nothing else', async () => {
    const stand = new Stand();
    stand.signer.next('get_init_signature', (proceed) => proceed());
    await stand.upload(fileOf(10, 'a.bin'), fileOf(10, 'b.bin'));
    stand.uploader.configure({ autostart: false });
    await stand.uploader.add([fileOf(10, 'c.bin')]);
    stand.uploader.dismiss(stand.of('a.bin').id);
    stand.uploader.dismiss(stand.of('c.bin').id);
    stand.uploader.dismiss('nobody');
    expect(stand.uploader.uploads.map(({ name }) => name)).to.deep.equal(['b.bin', 'c.bin']);
    stand.uploader.clear();
    expect(stand.uploader.uploads.map(({ name }) => name)).to.deep.equal(['c.bin']);
  });

  it('asks before the page is left, only while something runs, and not where the page wants no question', async () => {
    const stand = new Stand();
    const isAsked = (): boolean => {
      const event = new Event('beforeunload', { cancelable: true });
      stand.environment.handlers?.leave(event);
      return event.defaultPrevented;
    };
    const release = stand.store.hold('put');
    await stand.uploader.add([fileOf(10)]);
    await stand.until(() => stand.store.count('put') === 1);
    expect(isAsked()).to.be.true;
    stand.uploader.configure({ leaveWarning: false });
    expect(isAsked()).to.be.false;
    release();
    await stand.finished();
    expect(stand.environment.handlers, 'listens to nothing when idle').to.equal(null);
  });

  it('names the method’s mistake: an upload that is not there', () => {
    expect(() => new Stand().uploader.pause('nobody')).to.throw(TypeError, 'nobody');
  });

  it('says at once that an option makes no sense', () => {
    expect(() => new Uploader({ concurrency: -1 })).to.throw(TypeError, '"concurrency"');
    expect(() => new Stand().uploader.configure({ partSize: 1 })).to.throw(TypeError, '"partSize"');
  });

  it('fails with a word about the signer where there is none', async () => {
    const uploader = new Uploader({ recover: 'off' });
    await uploader.add([fileOf(10)]);
    await uploader.finished();
    expect(uploader.uploads[0]).to.include({ status: 'failed' });
    expect(uploader.uploads[0]!.error).to.include({ code: 'no-signer', retryable: false });
    uploader.dispose();
  });
});
