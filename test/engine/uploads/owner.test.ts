import { expect } from '@open-wc/testing';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import type { UploaderOptions } from '../../../src/engine/index.js';
import type { MemoryJournal, MemoryFileStore } from '../harness.js';
import { fileOf, hashOf, Harness } from '../harness.js';

const PART = MIN_PART_SIZE;
const NAME = 'a.bin';

const listedNames = (harness: Harness): string[] => harness.uploader.uploads.map(({ name }) => name);
const recordsOf = (harness: Harness) => [...(harness.journal as MemoryJournal).records.values()];
const keptFileCount = (harness: Harness): number => (harness.fileStore as MemoryFileStore).kept.size;
/** Creates a harness without a scope, as on a page that sets none. */
const pageWithoutScope = (options: UploaderOptions = {}): Harness =>
  new Harness({ scope: '', signer: `https://signer.test/${Math.random()}`, ...options });

describe('an unfinished upload of a control', () => {
  it('is listed in controls with the same recovery key, and in no other', async () => {
    const contract = new Harness({ recoveryKey: 'contract' });
    const file = fileOf(3 * PART);
    await contract.interrupt(file, 1);
    contract.uploader.dispose();
    const photo = contract.otherTab({ recoveryKey: 'photo' });
    await photo.uploader.ready;
    expect(listedNames(photo)).to.be.empty;
    await photo.upload(file);
    expect(contract.store.count('create'), 'the same file in another control is another upload').to.equal(2);
    const again = contract.otherTab({ recoveryKey: 'contract' });
    await again.uploader.ready;
    expect(listedNames(again)).to.deep.equal([NAME]);
    await again.upload(file);
    expect(again.uploadOf(NAME)).to.include({ status: 'complete', recovered: true });
    expect(contract.store.count('create')).to.equal(2);
  });

  it('does not wait for an upload of the same file in another control', async () => {
    const contract = new Harness({ recoveryKey: 'contract' });
    contract.store.hold('part');
    const file = fileOf(3 * PART);
    await contract.uploader.add([file]);
    await contract.until(() => contract.store.count('part') > 0);
    const photo = contract.otherTab({ recoveryKey: 'photo' });
    await photo.uploader.add([file]);
    await photo.until(() => photo.uploadOf(NAME).status === 'uploading');
    expect(contract.store.count('create')).to.equal(2);
    for (const { uploader } of [contract, photo]) uploader.dispose();
  });

  it('is not listed in a control that no longer accepts such files', async () => {
    const earlier = new Harness();
    await earlier.interrupt(fileOf(3 * PART), 1);
    const harness = earlier.reload({ rules: { accept: 'image/*' } });
    await harness.uploader.ready;
    expect(listedNames(harness)).to.be.empty;
    expect(recordsOf(harness), 'the record for a control that accepts the file').to.have.length(1);
  });

  it('resumes only when its file is chosen again if its record names no control, as those of earlier releases', async () => {
    const earlier = new Harness();
    const file = fileOf(3 * PART);
    await earlier.interrupt(file, 1);
    delete recordsOf(earlier)[0]!.recoveryKey;
    const harness = earlier.reload({ recoveryKey: 'contract' });
    await harness.uploader.ready;
    expect(listedNames(harness)).to.be.empty;
    await harness.upload(file);
    expect(harness.uploadOf(NAME)).to.include({ status: 'complete', recovered: true });
    expect(harness.store.count('create')).to.equal(1);
  });
});

describe('a signer that returns no principal, on a page without a scope', () => {
  it('stores no file, lists nothing and sends nothing by itself', async () => {
    const earlier = pageWithoutScope();
    earlier.signer.principal = undefined;
    earlier.store.hold('put');
    await earlier.uploader.add([fileOf(100, 'payslip.pdf')]);
    await earlier.until(() => earlier.store.count('put') === 1);
    await earlier.clock.advance(5_000);
    await earlier.settle();
    expect(keptFileCount(earlier)).to.equal(0);
    const { signer, scope } = earlier.uploader.options;
    const harness = earlier.reload({ signer, scope });
    await harness.uploader.ready;
    await harness.settle();
    expect(listedNames(harness)).to.be.empty;
    expect(harness.store.objects.size).to.equal(0);
    harness.uploader.dispose();
  });

  it('resumes an upload when its file is chosen again', async () => {
    const earlier = pageWithoutScope();
    earlier.signer.principal = undefined;
    const file = fileOf(4 * PART);
    await earlier.interrupt(file, 2);
    const { signer, scope } = earlier.uploader.options;
    const harness = earlier.reload({ signer, scope });
    await harness.uploader.ready;
    expect(listedNames(harness)).to.be.empty;
    expect(harness.detailsOf('mule-recover')).to.be.empty;
    const sent = harness.store.sentParts.length;
    await harness.upload(file);
    expect(harness.detailsOf('mule-add').map(({ upload }) => upload.recovered)).to.deep.equal([true]);
    expect(harness.uploadOf(NAME)).to.include({ status: 'complete', recovered: true });
    expect(harness.store.sentParts.slice(sent).sort()).to.deep.equal([3, 4]);
    expect(harness.store.count('create')).to.equal(1);
    expect(await hashOf(harness.store.objects.get(`files/${NAME}`)?.body)).to.equal(await hashOf(file));
    expect(recordsOf(harness)).to.be.empty;
  });

  it('requests the user without creating an upload if the signer has not granted the recovered file', async () => {
    const earlier = pageWithoutScope({ concurrency: 1 });
    const { signer, store } = earlier;
    signer.principal = 'anna';
    signer.startUpload = (key) => {
      store.uploads.set(key, { key, parts: new Map() });
      return key;
    };
    store.hold('part');
    const filesWithHandles = [fileOf(2 * PART), fileOf(2 * PART, 'queued.bin')].map((file) => {
      const handle = { ...{ kind: 'file', name: file.name }, getFile: () => Promise.resolve(file) } as never;
      return { file, handle };
    });
    await earlier.uploader.add(filesWithHandles);
    await earlier.until(() => keptFileCount(earlier) === 2);
    await earlier.settle();
    const [first] = recordsOf(earlier).filter(({ key }) => key !== null);
    await earlier.journal.remove(first!.id);
    const callsBefore = signer.calls.length;
    const { signer: url, scope } = earlier.uploader.options;
    const harness = earlier.reload({ signer: url, scope });
    await harness.uploader.ready;
    expect(signer.calls[callsBefore]!.body).to.nested.include({ 'files[0].id': 'who' });
    expect([...store.uploads.keys()].filter((key) => key.includes('who'))).to.be.empty;
    harness.uploader.dispose();
  });

  it('still rejects files that the control rejects', async () => {
    const earlier = pageWithoutScope();
    earlier.signer.principal = undefined;
    const file = fileOf(3 * PART);
    await earlier.interrupt(file, 1);
    const { signer, scope } = earlier.uploader.options;
    const harness = earlier.reload({ signer, scope });
    await harness.uploader.add([file], { accept: 'image/*' });
    expect(harness.detailsOf('mule-reject').map(({ code }) => code)).to.deep.equal(['type']);
  });

  it('resumes by itself in a later page load if one ends before the signer has answered', async () => {
    const first = pageWithoutScope();
    first.store.hold('put');
    await first.uploader.add([fileOf(100)]);
    await first.until(() => keptFileCount(first) === 1 && recordsOf(first).length === 1);
    const { signer, scope } = first.uploader.options;
    first.signer.always('get_init_signature', () => new Promise(() => {}));
    const second = first.reload({ signer, scope });
    await second.until(() => listedNames(second).length === 1);
    await second.settle();
    second.signer.always('get_init_signature', null);
    const third = second.reload({ signer, scope });
    await third.until(() => third.uploader.uploads[0]?.status === 'uploading');
    third.uploader.dispose();
  });

  it('resumes by itself if the page sets a scope, or the signer returns null as the principal', async () => {
    for (const [options, principal] of [
      [{ scope: 'anna' }, undefined],
      [{}, null],
    ] as const) {
      const earlier = pageWithoutScope(options);
      earlier.signer.principal = principal;
      earlier.store.hold('put');
      await earlier.uploader.add([fileOf(100)]);
      await earlier.until(() => keptFileCount(earlier) === 1 && recordsOf(earlier).length === 1);
      const { signer, scope } = earlier.uploader.options;
      const harness = earlier.reload({ signer, scope });
      await harness.until(() => harness.uploader.uploads[0]?.status === 'uploading');
      harness.uploader.dispose();
    }
  });
});

describe('a change of user without a reload', () => {
  /** Adds files of the user anna: one is stored, one is uploading, 30 are queued. */
  async function startForAnna(options: UploaderOptions = {}): Promise<{ harness: Harness; release: () => void }> {
    const harness = new Harness({ concurrency: 1, ...options });
    harness.signer.principal = 'anna';
    await harness.upload(fileOf(10, 'done'));
    const holds = [harness.store.hold('part'), harness.store.hold('put')];
    await harness.uploader.add([fileOf(3 * PART, 'large')]);
    await harness.until(() => harness.uploadOf('large').status === 'uploading');
    await harness.uploader.add(Array.from({ length: 30 }, (_, index) => fileOf(10, `small ${index}`)));
    return { harness, release: () => holds.forEach((releaseHold) => releaseHold()) };
  }

  const signOuts: Record<string, (harness: Harness) => unknown> = {
    'forget()': (harness) => harness.uploader.forget(),
    'a new scope': (harness) => harness.uploader.configure({ scope: 'bert', headers: { authorization: 'bert' } }),
  };
  for (const [name, act] of Object.entries(signOuts)) {
    it(`ends the uploads of the former user on ${name}`, async () => {
      const { harness, release } = await startForAnna();
      const objects = harness.store.objects.size;
      const calls = harness.signer.bodies('get_init_signature').length;
      await act(harness);
      harness.signer.principal = 'bert';
      release();
      expect(listedNames(harness)).to.be.empty;
      expect(harness.uploader.progress.total).to.equal(0);
      expect(harness.detailsOf('mule-owner-change').map(({ uploads }) => uploads.length)).to.deep.equal([32]);
      await harness.upload(fileOf(10, 'of bert'));
      await harness.clock.advance(60_000);
      await harness.settle();
      expect(listedNames(harness)).to.deep.equal(['of bert']);
      expect(harness.store.objects.size, 'no file of anna is stored after the change').to.equal(objects + 1);
      const asked = harness.signer.bodies('get_init_signature').slice(calls);
      expect(asked.flatMap(({ files }) => files.map(({ filename }) => filename))).to.deep.equal(['of bert']);
    });
  }

  it('ends them when the signer names another user, and fires an event', async () => {
    const { harness, release } = await startForAnna();
    const objects = harness.store.objects.size;
    harness.signer.principal = 'bert';
    await harness.uploader.add([fileOf(3 * PART, 'late')]);
    // the next upload starts, and the signer is called for it
    harness.uploader.configure({ concurrency: 4 });
    harness.uploader.start();
    await harness.until(() => harness.detailsOf('mule-owner-change').length > 0);
    await harness.settle();
    expect(listedNames(harness)).to.be.empty;
    expect(harness.detailsOf('mule-reject').every(({ code }) => code === 'user-changed')).to.equal(true);
    expect(harness.detailsOf('mule-reject').length).to.be.at.least(30);
    release();
    await harness.clock.advance(60_000);
    await harness.settle();
    expect(harness.store.objects.size).to.equal(objects);
  });

  it('keeps unfinished uploads for their owner, who can resume them', async () => {
    const { harness } = await startForAnna({ scope: `anna ${Math.random()}` });
    const { scope } = harness.uploader.options;
    await harness.until(() => recordsOf(harness).some(({ name, uploadId }) => name === 'large' && uploadId !== null));
    harness.uploader.configure({ scope: 'bert' });
    await harness.settle();
    expect(listedNames(harness)).to.be.empty;
    expect(recordsOf(harness).every((record) => record.scope === scope)).to.equal(true);
    harness.uploader.configure({ scope });
    await harness.until(() => listedNames(harness).includes('large'));
    harness.uploader.dispose();
  });

  it('writes no record of a forgotten upload, even if its multipart upload is created late', async () => {
    const harness = new Harness();
    let create!: () => void;
    harness.store.next('create', async (_request, proceed) => {
      await new Promise<void>((resolve) => (create = resolve));
      return proceed();
    });
    await harness.uploader.add([fileOf(3 * PART)]);
    await harness.until(() => create !== undefined);
    await harness.uploader.forget();
    create();
    await harness.settle();
    await harness.clock.advance(5_000);
    await harness.settle();
    expect([recordsOf(harness).length, keptFileCount(harness)]).to.deep.equal([0, 0]);
  });

  it('forgets the uploads of every uploader on the page, in each scope that the page has used', async () => {
    const { harness } = await startForAnna({ recoveryKey: 'one' });
    const other = harness.otherTab({ recoveryKey: 'two' });
    other.store.hold('put');
    await other.uploader.add([fileOf(10, 'other')]);
    await other.until(() => other.uploadOf('other').status === 'uploading');
    await harness.until(() => recordsOf(harness).length > 0);
    harness.uploader.configure({ scope: '' });
    await harness.uploader.forget();
    expect([listedNames(other), listedNames(harness), recordsOf(harness), keptFileCount(harness)]).to.deep.equal([
      [],
      [],
      [],
      0,
    ]);
  });

  it('ignores a response that arrives late for the former user', async () => {
    const harness = new Harness({ scope: 'anna' });
    let answer!: () => void;
    harness.signer.next('get_init_signature', async (proceed) => {
      await new Promise<void>((resolve) => (answer = resolve));
      return proceed();
    });
    harness.signer.principal = 'anna';
    await harness.uploader.add([fileOf(10, 'of anna')]);
    await harness.until(() => answer !== undefined);
    await harness.uploader.forget();
    harness.uploader.configure({ scope: 'bert' });
    const late = harness.signer.principal;
    answer();
    await harness.settle();
    expect(late).to.equal('anna');
    harness.signer.principal = 'bert';
    await harness.upload(fileOf(10, 'of bert'));
    expect(harness.uploader.uploads.map(({ name, status }) => `${name} ${status}`)).to.deep.equal(['of bert complete']);
    expect(harness.detailsOf('mule-reject')).to.be.empty;
  });

  it('rejects files that are still being read when the user changes', async () => {
    const harness = new Harness({ scope: 'anna' });
    await harness.upload(fileOf(10, 'first'));
    const adding = harness.uploader.add(Array.from({ length: 20 }, (_, index) => fileOf(10, `late ${index}`)));
    harness.uploader.configure({ scope: 'bert' });
    expect(await adding).to.be.empty;
    expect(listedNames(harness)).to.be.empty;
    expect(harness.detailsOf('mule-reject').map(({ code }) => code)).to.deep.equal(Array(20).fill('user-changed'));
  });
});

describe('configure() with another scope', () => {
  it('may be called again by a listener of mule-owner-change', async () => {
    const harness = new Harness({ scope: 'anna' });
    await harness.upload(fileOf(10));
    let calls = 0;
    harness.uploader.addEventListener('mule-owner-change', () => {
      if (++calls < 10) harness.uploader.configure({ params: { for: 'bert' } });
    });
    harness.uploader.configure({ scope: 'bert' });
    expect(calls).to.equal(1);
    expect(harness.uploader.options).to.deep.include({ scope: 'bert', params: { for: 'bert' } });
    await harness.upload(fileOf(20, 'b.bin'));
    expect(harness.signer.bodies('get_init_signature').at(-1)!.files[0]!.params).to.deep.equal({ for: 'bert' });
  });
});
