import { expect } from '@open-wc/testing';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import { SignerFault } from '../../../src/engine/api/errors.js';
import type { UploaderOptions } from '../../../src/engine/index.js';
import type { MemoryJournal, MemoryFileStore } from '../harness.js';
import { fileOf, hashOf, Harness } from '../harness.js';

const PART = MIN_PART_SIZE;
const NAME = 'a.bin';

const names = (harness: Harness): string[] => harness.uploader.uploads.map(({ name }) => name);
const records = (harness: Harness) => [...(harness.journal as MemoryJournal).records.values()];
const kept = (harness: Harness): number => (harness.fileStore as MemoryFileStore).kept.size;
/** Creates a harness without a scope, as on a page that sets none. */
const pageWithoutScope = (options: UploaderOptions = {}): Harness =>
  new Harness({ scope: '', signer: `https://signer.test/${Math.random()}`, ...options });

describe('an unfinished upload belongs to the control that started it', () => {
  it('is listed in the control with the same recovery key, and in no other', async () => {
    const contract = new Harness({ recoveryKey: 'contract' });
    const file = fileOf(3 * PART);
    await contract.interrupt(file, 1);
    contract.uploader.dispose();
    const photo = contract.otherTab({ recoveryKey: 'photo' });
    await photo.uploader.ready;
    expect(names(photo)).to.be.empty;
    await photo.upload(file);
    expect(contract.store.count('create'), 'the same file in another control is another upload').to.equal(2);
    const again = contract.otherTab({ recoveryKey: 'contract' });
    await again.uploader.ready;
    expect(names(again)).to.deep.equal([NAME]);
    await again.upload(file);
    expect(again.of(NAME)).to.include({ status: 'complete', recovered: true });
    expect(contract.store.count('create')).to.equal(2);
  });

  it('does not wait for the same file in another control of the page', async () => {
    const contract = new Harness({ recoveryKey: 'contract' });
    contract.store.hold('part');
    const file = fileOf(3 * PART);
    await contract.uploader.add([file]);
    await contract.until(() => contract.store.count('part') > 0);
    const photo = contract.otherTab({ recoveryKey: 'photo' });
    await photo.uploader.add([file]);
    await photo.until(() => photo.of(NAME).status === 'uploading');
    expect(contract.store.count('create')).to.equal(2);
    for (const { uploader } of [contract, photo]) uploader.dispose();
  });

  it('is not listed in a control that no longer accepts such files', async () => {
    const before = new Harness();
    await before.interrupt(fileOf(3 * PART), 1);
    const harness = before.reload({ rules: { accept: 'image/*' } });
    await harness.uploader.ready;
    expect(names(harness)).to.be.empty;
    expect(records(harness), 'it is there for the control as it was').to.have.length(1);
  });

  it('resumes only when its file is chosen again if an earlier release has recorded no control', async () => {
    const before = new Harness();
    const file = fileOf(3 * PART);
    await before.interrupt(file, 1);
    delete records(before)[0]!.recoveryKey;
    const harness = before.reload({ recoveryKey: 'contract' });
    await harness.uploader.ready;
    expect(names(harness)).to.be.empty;
    await harness.upload(file);
    expect(harness.of(NAME)).to.include({ status: 'complete', recovered: true });
    expect(harness.store.count('create')).to.equal(1);
  });
});

describe('a signer that returns no principal, on a page without a scope', () => {
  it('stores no file, lists nothing and sends nothing by itself', async () => {
    const before = pageWithoutScope();
    before.signer.principal = undefined;
    before.store.hold('put');
    await before.uploader.add([fileOf(100, 'payslip.pdf')]);
    await before.until(() => before.store.count('put') === 1);
    await before.clock.advance(5_000);
    await before.settle();
    expect(kept(before)).to.equal(0);
    const { signer, scope } = before.uploader.options;
    const harness = before.reload({ signer, scope });
    await harness.uploader.ready;
    await harness.settle();
    expect(names(harness)).to.be.empty;
    expect(harness.store.objects.size).to.equal(0);
    harness.uploader.dispose();
  });

  it('resumes an upload when its file is chosen again', async () => {
    const before = pageWithoutScope();
    before.signer.principal = undefined;
    const file = fileOf(4 * PART);
    await before.interrupt(file, 2);
    const { signer, scope } = before.uploader.options;
    const harness = before.reload({ signer, scope });
    await harness.uploader.ready;
    expect(names(harness)).to.be.empty;
    expect(harness.all('mule-recover')).to.be.empty;
    const sent = harness.store.sentParts.length;
    await harness.upload(file);
    expect(harness.all('mule-add').map(({ upload }) => upload.recovered)).to.deep.equal([true]);
    expect(harness.of(NAME)).to.include({ status: 'complete', recovered: true });
    expect(harness.store.sentParts.slice(sent).sort()).to.deep.equal([3, 4]);
    expect(harness.store.count('create')).to.equal(1);
    expect(await hashOf(harness.store.objects.get(`files/${NAME}`)?.body)).to.equal(await hashOf(file));
    expect(records(harness)).to.be.empty;
  });

  it('asks who is signed in without an upload for a file that the signer does not know yet', async () => {
    const before = pageWithoutScope({ concurrency: 1 });
    const { signer, store } = before;
    signer.principal = 'anna';
    signer.startUpload = (key) => {
      store.uploads.set(key, { key, parts: new Map() });
      return key;
    };
    store.hold('part');
    const handled = [fileOf(2 * PART), fileOf(2 * PART, 'queued.bin')].map((file) => {
      const handle = { ...{ kind: 'file', name: file.name }, getFile: () => Promise.resolve(file) } as never;
      return { file, handle };
    });
    await before.uploader.add(handled);
    await before.until(() => kept(before) === 2);
    await before.settle();
    const [first] = records(before).filter(({ key }) => key !== null);
    await before.journal.remove(first!.id);
    const asked = signer.calls.length;
    const { signer: url, scope } = before.uploader.options;
    const harness = before.reload({ signer: url, scope });
    await harness.uploader.ready;
    expect(signer.calls[asked]!.body).to.nested.include({ 'files[0].id': 'who' });
    expect([...store.uploads.keys()].filter((key) => key.includes('who'))).to.be.empty;
    harness.uploader.dispose();
  });

  it('still rejects files that the control rejects', async () => {
    const before = pageWithoutScope();
    before.signer.principal = undefined;
    const file = fileOf(3 * PART);
    await before.interrupt(file, 1);
    const { signer, scope } = before.uploader.options;
    const harness = before.reload({ signer, scope });
    await harness.uploader.add([file], { accept: 'image/*' });
    expect(harness.all('mule-reject').map(({ code }) => code)).to.deep.equal(['type']);
  });

  it('leaves the owner unknown if the page load ends before the signer has answered', async () => {
    const first = pageWithoutScope();
    first.store.hold('put');
    await first.uploader.add([fileOf(100)]);
    await first.until(() => kept(first) === 1 && records(first).length === 1);
    const { signer, scope } = first.uploader.options;
    first.signer.always('get_init_signature', () => new Promise(() => {}));
    const second = first.reload({ signer, scope });
    await second.until(() => names(second).length === 1);
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
      const before = pageWithoutScope(options);
      before.signer.principal = principal;
      before.store.hold('put');
      await before.uploader.add([fileOf(100)]);
      await before.until(() => kept(before) === 1 && records(before).length === 1);
      const { signer, scope } = before.uploader.options;
      const harness = before.reload({ signer, scope });
      await harness.until(() => harness.uploader.uploads[0]?.status === 'uploading');
      harness.uploader.dispose();
    }
  });
});

describe('a change of user without a reload', () => {
  /** Adds anna’s files: one is stored, one is uploading, many are queued. */
  async function busy(options: UploaderOptions = {}): Promise<{ harness: Harness; release: () => void }> {
    const harness = new Harness({ concurrency: 1, ...options });
    harness.signer.principal = 'anna';
    await harness.upload(fileOf(10, 'done'));
    const holds = [harness.store.hold('part'), harness.store.hold('put')];
    await harness.uploader.add([fileOf(3 * PART, 'large')]);
    await harness.until(() => harness.of('large').status === 'uploading');
    await harness.uploader.add(Array.from({ length: 30 }, (_, index) => fileOf(10, `small ${index}`)));
    return { harness, release: () => holds.forEach((letGo) => letGo()) };
  }

  const wayOut: Record<string, (harness: Harness) => unknown> = {
    'forget()': (harness) => harness.uploader.forget(),
    'a new scope': (harness) => harness.uploader.configure({ scope: 'bert', headers: { authorization: 'bert' } }),
  };
  for (const [name, act] of Object.entries(wayOut)) {
    it(`ends the former user's uploads by ${name}`, async () => {
      const { harness, release } = await busy();
      const objects = harness.store.objects.size;
      const calls = harness.signer.bodies('get_init_signature').length;
      await act(harness);
      harness.signer.principal = 'bert';
      release();
      expect(names(harness)).to.be.empty;
      expect(harness.uploader.progress.total).to.equal(0);
      expect(harness.all('mule-owner-change').map(({ uploads }) => uploads.length)).to.deep.equal([32]);
      await harness.upload(fileOf(10, 'of bert'));
      await harness.clock.advance(60_000);
      await harness.settle();
      expect(names(harness)).to.deep.equal(['of bert']);
      expect(harness.store.objects.size, 'nothing of anna is stored after her').to.equal(objects + 1);
      const asked = harness.signer.bodies('get_init_signature').slice(calls);
      expect(asked.flatMap(({ files }) => files.map(({ filename }) => filename))).to.deep.equal(['of bert']);
    });
  }

  it('ends them when the signer names another user, and fires an event', async () => {
    const { harness, release } = await busy();
    const objects = harness.store.objects.size;
    harness.signer.principal = 'bert';
    await harness.uploader.add([fileOf(3 * PART, 'late')]);
    // the next upload starts, and the signer is called for it
    harness.uploader.configure({ concurrency: 4 });
    harness.uploader.start();
    await harness.until(() => harness.all('mule-owner-change').length > 0);
    await harness.settle();
    expect(names(harness)).to.be.empty;
    expect(harness.all('mule-reject').every(({ code }) => code === 'user-changed')).to.equal(true);
    expect(harness.all('mule-reject').length).to.be.at.least(30);
    release();
    await harness.clock.advance(60_000);
    await harness.settle();
    expect(harness.store.objects.size).to.equal(objects);
  });

  it('keeps unfinished uploads for their owner, who can resume them', async () => {
    const { harness } = await busy({ scope: `anna ${Math.random()}` });
    const { scope } = harness.uploader.options;
    await harness.until(() => records(harness).some(({ name, uploadId }) => name === 'large' && uploadId !== null));
    harness.uploader.configure({ scope: 'bert' });
    await harness.settle();
    expect(names(harness)).to.be.empty;
    expect(records(harness).every((record) => record.scope === scope)).to.equal(true);
    harness.uploader.configure({ scope });
    await harness.until(() => names(harness).includes('large'));
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
    expect([records(harness).length, kept(harness)]).to.deep.equal([0, 0]);
  });

  it('forgets uploads in every uploader of the page, and in each scope that was used', async () => {
    const { harness } = await busy({ recoveryKey: 'one' });
    const other = harness.otherTab({ recoveryKey: 'two' });
    other.store.hold('put');
    await other.uploader.add([fileOf(10, 'other')]);
    await other.until(() => other.of('other').status === 'uploading');
    await harness.until(() => records(harness).length > 0);
    harness.uploader.configure({ scope: '' });
    await harness.uploader.forget();
    expect([names(other), names(harness), records(harness), kept(harness)]).to.deep.equal([[], [], [], 0]);
  });

  it('ignores a late response to a call of the former user', async () => {
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
    expect(harness.all('mule-reject')).to.be.empty;
  });

  it('rejects files that are still being read when the user changes', async () => {
    const harness = new Harness({ scope: 'anna' });
    await harness.upload(fileOf(10, 'first'));
    const adding = harness.uploader.add(Array.from({ length: 20 }, (_, index) => fileOf(10, `late ${index}`)));
    harness.uploader.configure({ scope: 'bert' });
    expect(await adding).to.be.empty;
    expect(names(harness)).to.be.empty;
    expect(harness.all('mule-reject').map(({ code }) => code)).to.deep.equal(Array(20).fill('user-changed'));
  });
});

describe('an uploader whose element was removed', () => {
  it('starts nothing, and keeps files held when it is attached again', async () => {
    const harness = new Harness({ autostart: false });
    await harness.uploader.add([fileOf(10, 'held')]);
    const paused = harness.uploader.detach();
    expect(paused).to.be.empty;
    harness.uploader.configure({ autostart: true });
    await harness.uploader.add([fileOf(10, 'late')]);
    await harness.settle();
    expect(harness.of('late').status).to.equal('queued');
    harness.uploader.configure({ autostart: false });
    harness.uploader.attach(paused);
    await harness.until(() => harness.of('late').status === 'complete');
  });

  it('shows and sends nothing more if another user has signed in when it is attached again', async () => {
    for (const principal of ['bert', null, 'refused'] as const) {
      const harness = pageWithoutScope();
      harness.signer.principal = 'anna';
      await harness.upload(fileOf(10, 'done'));
      await harness.interrupt(fileOf(3 * PART), 1);
      harness.uploader.resume();
      const paused = harness.uploader.detach();
      const sent = harness.store.count('part');
      const refusal = (): never => {
        throw new SignerFault(401, 'unauthorized', 'sign in');
      };
      if (principal === 'refused') harness.signer.always('get_init_signature', refusal);
      else harness.signer.principal = principal;
      expect(await harness.uploader.attach(paused), String(principal)).to.equal(false);
      await harness.settle();
      expect(names(harness)).to.be.empty;
      expect(harness.store.count('part')).to.equal(sent);
      expect(harness.all('mule-owner-change').map(({ uploads }) => uploads.length)).to.deep.equal([2]);
      expect(records(harness), 'kept for the first user').to.have.length(1);
      harness.uploader.dispose();
    }
  });

  it('resumes though the signer refuses files of no type, or of another type than the upload’s', async () => {
    const harness = pageWithoutScope();
    harness.signer.principal = 'anna';
    await harness.interrupt(fileOf(3 * PART), 1);
    const paused = harness.uploader.uploads.map(({ id }) => id);
    harness.uploader.detach();
    harness.signer.always('get_init_signature', (proceed) => {
      const [file] = harness.signer.bodies('get_init_signature').at(-1)!.files;
      const isValid = file!.content_type && file!.filename.endsWith('.bin') && file!.last_modified > 0;
      if (!isValid) throw new SignerFault(400, 'invalid-file', 'not allowed');
      return proceed();
    });
    expect(await harness.uploader.attach(paused)).to.equal(true);
    await harness.finished();
    expect(harness.of(NAME).status).to.equal('complete');
  });

  it('resumes once the signer names the same user, even if it does not answer at first', async () => {
    const harness = pageWithoutScope();
    harness.signer.principal = 'anna';
    await harness.interrupt(fileOf(3 * PART), 1);
    void harness.uploader.resume();
    const paused = harness.uploader.detach();
    harness.signer.next('get_init_signature', () => {
      throw new SignerFault(0, null, 'no answer');
    });
    const isSameUser = harness.uploader.attach(paused);
    expect(isSameUser).to.be.instanceOf(Promise);
    await harness.finished();
    expect(await isSameUser).to.equal(true);
    expect(harness.of(NAME).status).to.equal('complete');
  });

  it('does not resume if it is detached again before the signer has answered', async () => {
    const harness = pageWithoutScope();
    harness.signer.principal = 'anna';
    await harness.interrupt(fileOf(3 * PART), 1);
    void harness.uploader.resume();
    const paused = harness.uploader.detach();
    const first = harness.uploader.attach(paused);
    harness.uploader.detach();
    expect(await first).to.equal(false);
    await harness.settle();
    expect(harness.of(NAME).status).to.equal('paused');
    harness.uploader.dispose();
  });

  it('resumes what it has paused if it is detached again before the signer has answered', async () => {
    const harness = pageWithoutScope();
    harness.signer.principal = 'anna';
    await harness.interrupt(fileOf(3 * PART), 1);
    void harness.uploader.resume();
    const paused = harness.uploader.detach();
    void harness.uploader.attach(paused);
    const pausedAgain = harness.uploader.detach();
    expect(pausedAgain).to.deep.equal(paused);
    void harness.uploader.attach(pausedAgain);
    // as an element does that takes over from one that waits
    void harness.uploader.attach([]);
    await harness.finished();
    expect(harness.of(NAME).status).to.equal('complete');
  });

  it('sends nothing if it is disposed of before the signer has answered', async () => {
    const harness = pageWithoutScope();
    harness.signer.principal = 'anna';
    await harness.interrupt(fileOf(3 * PART), 1);
    void harness.uploader.resume();
    const paused = harness.uploader.detach();
    const sent = harness.store.seen.length;
    const attached = harness.uploader.attach(paused);
    harness.uploader.dispose();
    await attached;
    await harness.settle();
    expect([harness.of(NAME).status, harness.store.seen.length]).to.deep.equal(['paused', sent]);
  });

  it('stays detached if its code is loaded later', async () => {
    const harness = new Harness();
    harness.uploader.detach();
    await harness.uploader.add([fileOf(10, 'late')]);
    await harness.settle();
    expect(harness.of('late').status).to.equal('queued');
    harness.uploader.attach([]);
    await harness.until(() => harness.of('late').status === 'complete');
  });

  it('lets another tab resume its uploads, and resumes them itself when it is attached again', async () => {
    const harness = new Harness();
    const file = fileOf(4 * PART);
    harness.store.next('part 1', (_request, proceed) => proceed());
    const release = harness.store.hold('part');
    await harness.uploader.add([file]);
    await harness.until(() => harness.of(NAME).parts.done === 1);
    const paused = harness.uploader.detach();
    expect(paused).to.have.length(1);
    await harness.settle();
    release();
    const other = harness.otherTab();
    await other.uploader.ready;
    expect(names(other)).to.deep.equal([NAME]);
    other.uploader.dispose();
    harness.uploader.attach(paused);
    await harness.finished();
    expect(harness.of(NAME).status).to.equal('complete');
    expect(harness.store.sentParts.filter((part) => part === 1)).to.have.length(1);
  });
});
