import { expect } from '@open-wc/testing';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import { dropConnection } from '../fake-store.js';
import { fileOf, Harness } from '../harness.js';

describe('finished()', () => {
  it('also waits for files that a listener of mule-finish adds', async () => {
    const harness = new Harness();
    const release = harness.store.hold('put');
    await harness.uploader.add([fileOf(10, 'first.bin')]);
    const finished = harness.uploader.finished();
    harness.uploader.addEventListener('mule-finish', () => void harness.uploader.add([fileOf(20, 'second.bin')]), {
      once: true,
    });
    await harness.until(() => harness.store.count('put') > 0);
    release();
    await harness.finished();
    expect((await finished).map(({ name, status }) => [name, status])).to.deep.equal([
      ['first.bin', 'complete'],
      ['second.bin', 'complete'],
    ]);
  });

  it('returns the uploads that a listener of mule-finish removes from the list', async () => {
    const harness = new Harness();
    harness.uploader.addEventListener('mule-finish', () => harness.uploader.clear());
    await harness.uploader.add([fileOf(10, 'a.bin'), fileOf(20, 'b.bin')]);
    let names: string[] = [];
    void harness.uploader.finished().then((uploads) => (names = uploads.map(({ name }) => name)));
    await harness.until(() => names.length > 0);
    expect(names).to.deep.equal(['a.bin', 'b.bin']);
    expect(harness.uploader.uploads).to.deep.equal([]);
  });

  it('resolves, and every event is dispatched, although a listener of mule-status removes each upload at its end', async () => {
    const harness = new Harness();
    harness.uploader.addEventListener('mule-status', ({ detail }) => {
      if (detail.upload.status === 'complete' || detail.upload.status === 'aborted')
        harness.uploader.dismiss(detail.upload.id);
    });
    const release = harness.store.hold('put');
    await harness.uploader.add([fileOf(10, 'a.bin'), fileOf(20, 'b.bin')]);
    await harness.until(() => harness.store.count('put') === 2);
    harness.uploader.abort(harness.uploadOf('b.bin').id);
    release();
    await harness.finished();
    expect(harness.uploader.uploads).to.deep.equal([]);
    expect(harness.detailsOf('mule-complete').map(({ upload }) => upload.name)).to.deep.equal(['a.bin']);
    expect(harness.detailsOf('mule-abort').map(({ upload }) => upload.name)).to.deep.equal(['b.bin']);
    expect(harness.detailsOf('mule-finish')).to.have.length(1);
  });

  it('is rejected by dispose(), and afterwards', async () => {
    const harness = new Harness();
    harness.store.hold('put');
    await harness.uploader.add([fileOf(10)]);
    const outcome = harness.uploader.finished().catch((error: Error) => `${error.name}: ${error.message}`);
    harness.uploader.dispose();
    expect(await outcome).to.equal('AbortError: The uploader was disposed of');
    const later = harness.uploader.finished().catch((error: Error) => error.name);
    expect(await later).to.equal('AbortError');
  });
});

describe('mule-finish', () => {
  it('is not fired again, nor is mule-error, if the store does not let the page abort an upload that has ended', async () => {
    const harness = new Harness();
    harness.store.hold('part');
    await harness.uploader.add([fileOf(3 * MIN_PART_SIZE)]);
    await harness.until(() => harness.store.count('part') > 0);
    harness.store.always('abort', dropConnection);
    harness.uploader.abort();
    await harness.until(() => harness.store.count('abort') === 6);
    expect(harness.detailsOf('mule-finish')).to.have.length(1);
    expect(harness.detailsOf('mule-error')).to.be.empty;
    expect(harness.uploadOf('a.bin').error).to.equal(null);
    harness.uploader.dispose();
  });
});

describe('a disposed uploader', () => {
  it('listens to no event of the page, whatever is called', async () => {
    const harness = new Harness();
    harness.store.hold('part');
    await harness.uploader.add([fileOf(3 * MIN_PART_SIZE, 'a.bin'), fileOf(3 * MIN_PART_SIZE, 'b.bin')]);
    await harness.until(() => harness.store.count('part') > 0);
    harness.uploader.dispose();
    harness.uploader.configure({ keepAwake: true });
    harness.uploader.pause(harness.uploader.uploads[0]!.id);
    expect(harness.environment.handlers).to.equal(null);
  });
});
