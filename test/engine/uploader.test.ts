import { expect } from '@open-wc/testing';
import { MIB, MIN_PART_SIZE } from '../../src/limits.js';
import { Uploader } from '../../src/engine/index.js';
import { refuse } from './fake-store.js';
import { fileOf, hashOf, MemoryJournal, Harness } from './harness.js';

const PART = MIN_PART_SIZE;

describe('an uploader', () => {
  it('stores files of every size in the bucket, byte for byte', async () => {
    const harness = new Harness();
    const sizes = [0, 1, PART - 1, PART, PART + 1, 2 * PART, 2 * PART + 3];
    const files = sizes.map((size) => fileOf(size, `${size}.bin`));
    await harness.upload(...files);
    for (const file of files) {
      expect(harness.uploadOf(file.name)).to.include({ status: 'complete', loaded: file.size, ratio: 1 });
      expect(await hashOf(harness.store.objects.get(`files/${file.name}`)?.body)).to.equal(await hashOf(file));
    }
    expect(harness.store.uploads, 'unfinished multipart uploads left behind').to.be.empty;
  });

  it('sends a body without a type, so that only signed headers set it', async () => {
    const harness = new Harness();
    await harness.upload(new File(['text'], 'a.txt', { type: 'text/plain' }), fileOf(PART + 1));
    for (const { request } of harness.store.requests.filter(
      ({ operation }) => operation === 'put' || operation === 'part',
    ))
      expect((request.body as Blob).type).to.equal('');
  });

  it('completes with key, ETag, location without signature, and the signer’s receipt', async () => {
    const harness = new Harness();
    harness.signer.hasTracker = true;
    await harness.upload(fileOf(2 * PART));
    const [complete] = harness.detailsOf('mule-complete');
    expect(complete).to.include({
      key: 'files/a.bin',
      etag: 'whole-2',
      location: 'https://store.test/bucket/files/a.bin',
      size: 2 * PART,
      receipt: 'receipt of files/a.bin',
    });
    expect(harness.uploader.status).to.equal('complete');
  });

  it('fires events in order, each once', async () => {
    const harness = new Harness();
    await harness.upload(fileOf(PART + 1));
    expect(harness.statuses('a.bin')).to.deep.equal(['starting', 'uploading', 'finishing', 'complete']);
    const types = harness.fired
      .map(({ type }) => type)
      .filter((type) => type !== 'mule-status' && type !== 'mule-progress');
    expect(types).to.deep.equal(['mule-add', 'mule-start', 'mule-part', 'mule-part', 'mule-complete', 'mule-finish']);
    expect(harness.detailsOf('mule-finish')[0]!.completed.map(({ name }) => name)).to.deep.equal(['a.bin']);
  });

  it('never reports progress that decreases or exceeds the size', async () => {
    const harness = new Harness({ concurrency: 2 });
    for (let part = 0; part < 3; part++) {
      harness.store.next('part', async (request, proceed) => {
        for (const loaded of [PART / 2, PART * 2, 10, PART]) {
          request.onProgress?.(loaded);
          await harness.clock.advance(150);
        }
        return part === 1 ? refuse(500)(request, proceed) : proceed();
      });
    }
    await harness.upload(fileOf(3 * PART));
    const loaded = harness.detailsOf('mule-progress').map((detail) => detail.loaded);
    expect(loaded).to.have.length.above(3);
    expect(loaded).to.deep.equal([...loaded].sort((a, b) => a - b));
    expect(loaded.at(-1)).to.equal(3 * PART);
    expect(harness.uploader.progress).to.include({ loaded: 3 * PART, total: 3 * PART, ratio: 1 });
  });

  it('reports progress at most ten times a second, and always reports the last bytes', async () => {
    const harness = new Harness();
    const times: number[] = [];
    harness.uploader.addEventListener('mule-progress', () => times.push(harness.clock.monotonic()));
    harness.store.next('part', async (request, proceed) => {
      for (let step = 0; step < 100; step++) {
        request.onProgress?.(step * 1_000);
        await harness.clock.advance(10);
      }
      return proceed();
    });
    await harness.upload(fileOf(PART + 1));
    expect(harness.detailsOf('mule-progress').at(-1)!.loaded).to.equal(PART + 1);
    expect(times.length).to.be.at.least(5);
    const gaps = times.slice(1, -1).map((time, index) => time - times[index]!);
    for (const gap of gaps) expect(gap).to.be.at.least(100);
  });

  it('sends a form with a POST policy if the signer returns one, with the file as the last field', async () => {
    const harness = new Harness();
    harness.signer.singleRequest = 'post';
    const file = fileOf(1_000);
    await harness.upload(file);
    expect(harness.uploadOf('a.bin').status).to.equal('complete');
    const form = harness.store.requests[0]!.request.body as FormData;
    expect([...form.keys()]).to.deep.equal(['policy', 'key', 'file']);
    expect(await hashOf(harness.store.objects.get('files/a.bin')?.body)).to.equal(await hashOf(file));
    expect(harness.uploadOf('a.bin').location).to.equal('https://store.test/bucket/files/a.bin');
  });

  it('saves one journal record per upload and removes it, for any number of parts', async () => {
    for (const size of [2 * PART, 12 * PART]) {
      const journal = new MemoryJournal();
      await new Harness({}, { journal }).upload(fileOf(size));
      expect([journal.saves, journal.removals, journal.records.size]).to.deep.equal([1, 1, 0]);
    }
  });

  it('keeps files queued until start() if autostart is off', async () => {
    const harness = new Harness({ autostart: false });
    await harness.uploader.add([fileOf(10, 'a.bin'), fileOf(10, 'b.bin')]);
    await harness.settle();
    expect(harness.signer.calls).to.be.empty;
    harness.uploader.start(harness.uploadOf('b.bin').id);
    await harness.until(() => harness.uploadOf('b.bin').status === 'complete');
    expect(harness.uploadOf('a.bin').status).to.equal('queued');
    harness.uploader.start();
    await harness.finished();
  });

  it('starts files with start() or resume() before the engine has listed them', async () => {
    const harness = new Harness({ autostart: false });
    const { uploader } = harness;
    const adding = uploader.add([fileOf(10, 'a.bin'), fileOf(10, 'b.bin'), fileOf(10, 'c.bin')]);
    uploader.start(harness.uploadOf('a.bin').id);
    uploader.pause(harness.uploadOf('b.bin').id);
    await uploader.resume(harness.uploadOf('b.bin').id);
    await adding;
    await harness.until(() => ['a.bin', 'b.bin'].every((name) => harness.uploadOf(name).status === 'complete'));
    expect(harness.uploadOf('c.bin').status).to.equal('queued');
  });

  it('limits the bytes per second of all uploads together', async () => {
    const harness = new Harness({ bandwidthLimit: MIB });
    const before = harness.clock.now();
    await harness.upload(fileOf(2 * PART, 'a.bin'), fileOf(2 * PART, 'b.bin'));
    // 20 MiB at 1 MiB/s take 20 s, except for the bytes of the last request, which starts before they are counted
    expect(harness.clock.now() - before).to.be.at.least(15_000);
  });

  it('returns frozen snapshots, and the same object while nothing changes', async () => {
    const harness = new Harness({ autostart: false });
    await harness.uploader.add([fileOf(10)]);
    const [snapshot] = harness.uploader.uploads;
    expect(Object.isFrozen(snapshot)).to.be.true;
    expect(harness.uploader.uploads[0]).to.equal(snapshot);
  });

  it('resolves finished() at once with nothing to do, and rejects it when disposed', async () => {
    const harness = new Harness({ autostart: false });
    expect(await harness.uploader.finished()).to.deep.equal([]);
    await harness.uploader.add([fileOf(10)]);
    const outcome = harness.uploader.finished().catch((error: DOMException) => error.name);
    harness.uploader.dispose();
    expect(await outcome).to.equal('AbortError');
    expect(await harness.uploader.finished().catch((error: DOMException) => error.name)).to.equal('AbortError');
  });

  it('waits in finished() for files that are still being added', async () => {
    const harness = new Harness();
    void harness.uploader.add([fileOf(10, 'a.bin'), fileOf(PART + 1, 'b.bin')]);
    await harness.finished();
    expect(harness.uploader.uploads.map(({ status }) => status)).to.deep.equal(['complete', 'complete']);
  });

  it('keeps finished() pending while an upload is paused', async () => {
    const harness = new Harness();
    const release = harness.store.hold('part');
    await harness.uploader.add([fileOf(2 * PART)]);
    await harness.until(() => harness.store.count('part') > 0);
    let isFinished = false;
    void harness.uploader.finished().then(() => (isFinished = true));
    harness.uploader.pause();
    await harness.settle();
    expect(isFinished).to.be.false;
    release();
    await harness.uploader.resume();
    await harness.until(() => isFinished);
  });

  it('clears ended uploads from the list, and no others', async () => {
    const harness = new Harness();
    harness.signer.next('get_init_signature', (proceed) => proceed());
    await harness.upload(fileOf(10, 'a.bin'), fileOf(10, 'b.bin'));
    harness.uploader.configure({ autostart: false });
    await harness.uploader.add([fileOf(10, 'c.bin')]);
    harness.uploader.dismiss(harness.uploadOf('a.bin').id);
    harness.uploader.dismiss(harness.uploadOf('c.bin').id);
    harness.uploader.dismiss('unknown-id');
    expect(harness.uploader.uploads.map(({ name }) => name)).to.deep.equal(['b.bin', 'c.bin']);
    harness.uploader.clear();
    expect(harness.uploader.uploads.map(({ name }) => name)).to.deep.equal(['c.bin']);
  });

  it('asks for confirmation before the page is left, only while an upload runs and leaveWarning is on', async () => {
    const harness = new Harness();
    const isAsked = (): boolean => {
      const event = new Event('beforeunload', { cancelable: true });
      harness.environment.handlers?.leave(event);
      return event.defaultPrevented;
    };
    const release = harness.store.hold('put');
    await harness.uploader.add([fileOf(10)]);
    await harness.until(() => harness.store.count('put') === 1);
    expect(isAsked()).to.be.true;
    harness.uploader.configure({ leaveWarning: false });
    expect(isAsked()).to.be.false;
    release();
    await harness.finished();
    expect(harness.environment.handlers, 'page handlers after the uploads have ended').to.equal(null);
  });

  it('throws for an upload ID that is not listed', () => {
    expect(() => new Harness().uploader.pause('unknown-id')).to.throw(TypeError, 'unknown-id');
  });

  it('throws at once for an invalid option', () => {
    expect(() => new Uploader({ concurrency: -1 })).to.throw(TypeError, '"concurrency"');
    expect(() => new Harness().uploader.configure({ partSize: 1 })).to.throw(TypeError, '"partSize"');
  });

  it('fails with a message that names the signer if none is set', async () => {
    const uploader = new Uploader({ recover: 'off' });
    await uploader.add([fileOf(10)]);
    await uploader.finished();
    expect(uploader.uploads[0]).to.include({ status: 'failed' });
    expect(uploader.uploads[0]!.error).to.include({ code: 'no-signer', retryable: false });
    uploader.dispose();
  });
});
