import { expect } from '@open-wc/testing';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import { SignerFault } from '../../../src/engine/api/errors.js';
import type { UploaderOptions } from '../../../src/engine/index.js';
import type { MemoryJournal, MemoryShelf } from '../harness.js';
import { fileOf, hashOf, Stand } from '../harness.js';

const PART = MIN_PART_SIZE;
const NAME = 'a.bin';

const names = (stand: Stand): string[] => stand.uploader.uploads.map(({ name }) => name);
const records = (stand: Stand) => [...(stand.journal as MemoryJournal).records.values()];
const kept = (stand: Stand): number => (stand.shelf as MemoryShelf).kept.size;
/** An uploader without a scope of its own, as of a page that sets none. */
const pageWithoutScope = (options: UploaderOptions = {}): Stand =>
  new Stand({ scope: '', signer: `https://signer.test/${Math.random()}`, ...options });

describe('an unfinished upload belongs to the control that began it', () => {
  it('comes back in the control of the same recovery key, and in no other', async () => {
    const contract = new Stand({ recoveryKey: 'contract' });
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
    const contract = new Stand({ recoveryKey: 'contract' });
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

  it('is not listed in a control that takes no such files any more', async () => {
    const before = new Stand();
    await before.interrupt(fileOf(3 * PART), 1);
    const stand = before.reload({ rules: { accept: 'image/*' } });
    await stand.uploader.ready;
    expect(names(stand)).to.be.empty;
    expect(records(stand), 'it is there for the control as it was').to.have.length(1);
  });

  it('resumes only by its file where an earlier release has recorded it, and no control', async () => {
    const before = new Stand();
    const file = fileOf(3 * PART);
    await before.interrupt(file, 1);
    delete records(before)[0]!.recoveryKey;
    const stand = before.reload({ recoveryKey: 'contract' });
    await stand.uploader.ready;
    expect(names(stand)).to.be.empty;
    await stand.upload(file);
    expect(stand.of(NAME)).to.include({ status: 'complete', recovered: true });
    expect(stand.store.count('create')).to.equal(1);
  });
});

describe('a signer that says nothing of a principal, on a page without a scope', () => {
  it('has no file kept, and nothing listed or sent by itself', async () => {
    const before = pageWithoutScope();
    before.signer.principal = undefined;
    before.store.hold('put');
    await before.uploader.add([fileOf(100, 'payslip.pdf')]);
    await before.until(() => before.store.count('put') === 1);
    await before.clock.advance(5_000);
    await before.settle();
    expect(kept(before)).to.equal(0);
    const { signer, scope } = before.uploader.options;
    const stand = before.reload({ signer, scope });
    await stand.uploader.ready;
    await stand.settle();
    expect(names(stand)).to.be.empty;
    expect(stand.store.objects.size).to.equal(0);
    stand.uploader.dispose();
  });

  it('resumes an upload when its file is chosen again', async () => {
    const before = pageWithoutScope();
    before.signer.principal = undefined;
    const file = fileOf(4 * PART);
    await before.interrupt(file, 2);
    const { signer, scope } = before.uploader.options;
    const stand = before.reload({ signer, scope });
    await stand.uploader.ready;
    expect(names(stand)).to.be.empty;
    expect(stand.all('mule-recover')).to.be.empty;
    const sent = stand.store.sentParts.length;
    await stand.upload(file);
    expect(stand.all('mule-add').map(({ upload }) => upload.recovered)).to.deep.equal([true]);
    expect(stand.of(NAME)).to.include({ status: 'complete', recovered: true });
    expect(stand.store.sentParts.slice(sent).sort()).to.deep.equal([3, 4]);
    expect(stand.store.count('create')).to.equal(1);
    expect(await hashOf(stand.store.objects.get(`files/${NAME}`)?.body)).to.equal(await hashOf(file));
    expect(records(stand)).to.be.empty;
  });

  it('still refuses what the control refuses', async () => {
    const before = pageWithoutScope();
    before.signer.principal = undefined;
    const file = fileOf(3 * PART);
    await before.interrupt(file, 1);
    const { signer, scope } = before.uploader.options;
    const stand = before.reload({ signer, scope });
    await stand.uploader.add([file], { accept: 'image/*' });
    expect(stand.all('mule-reject').map(({ code }) => code)).to.deep.equal(['type']);
  });

  it('is still known to be nobody’s where a visit ends before the signer has answered', async () => {
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

  it('resumes by itself where the page sets a scope, or the signer says that nobody signs in', async () => {
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
      const stand = before.reload({ signer, scope });
      await stand.until(() => stand.uploader.uploads[0]?.status === 'uploading');
      stand.uploader.dispose();
    }
  });
});

describe('the user changes without a reload', () => {
  /** Files of anna’s: one stored, one under way, many in the queue. */
  async function busy(options: UploaderOptions = {}): Promise<{ stand: Stand; release: () => void }> {
    const stand = new Stand({ concurrency: 1, ...options });
    stand.signer.principal = 'anna';
    await stand.upload(fileOf(10, 'done'));
    const holds = [stand.store.hold('part'), stand.store.hold('put')];
    await stand.uploader.add([fileOf(3 * PART, 'large')]);
    await stand.until(() => stand.of('large').status === 'uploading');
    await stand.uploader.add(Array.from({ length: 30 }, (_, index) => fileOf(10, `small ${index}`)));
    return { stand, release: () => holds.forEach((letGo) => letGo()) };
  }

  const wayOut: Record<string, (stand: Stand) => unknown> = {
    'forget()': (stand) => stand.uploader.forget(),
    'a new scope': (stand) => stand.uploader.configure({ scope: 'bert', headers: { authorization: 'bert' } }),
  };
  for (const [name, act] of Object.entries(wayOut)) {
    it(`ends all that is the former user's by ${name}`, async () => {
      const { stand, release } = await busy();
      const objects = stand.store.objects.size;
      const calls = stand.signer.bodies('get_init_signature').length;
      await act(stand);
      stand.signer.principal = 'bert';
      release();
      expect(names(stand)).to.be.empty;
      expect(stand.uploader.progress.total).to.equal(0);
      expect(stand.all('mule-owner-change').map(({ uploads }) => uploads.length)).to.deep.equal([32]);
      await stand.upload(fileOf(10, 'of bert'));
      await stand.clock.advance(60_000);
      await stand.settle();
      expect(names(stand)).to.deep.equal(['of bert']);
      expect(stand.store.objects.size, 'nothing of anna is stored after her').to.equal(objects + 1);
      const asked = stand.signer.bodies('get_init_signature').slice(calls);
      expect(asked.flatMap(({ files }) => files.map(({ filename }) => filename))).to.deep.equal(['of bert']);
    });
  }

  it('ends it when the signer names somebody else, and says so', async () => {
    const { stand, release } = await busy();
    const objects = stand.store.objects.size;
    stand.signer.principal = 'bert';
    await stand.uploader.add([fileOf(3 * PART, 'late')]);
    // its turn comes, and the signer is asked for it
    stand.uploader.configure({ concurrency: 4 });
    stand.uploader.start();
    await stand.until(() => stand.all('mule-owner-change').length > 0);
    await stand.settle();
    expect(names(stand)).to.be.empty;
    expect(stand.all('mule-reject').every(({ code }) => code === 'user-changed')).to.equal(true);
    expect(stand.all('mule-reject').length).to.be.at.least(30);
    release();
    await stand.clock.advance(60_000);
    await stand.settle();
    expect(stand.store.objects.size).to.equal(objects);
  });

  it('keeps what is unfinished for its owner, who finds it again', async () => {
    const { stand } = await busy({ scope: `anna ${Math.random()}` });
    const { scope } = stand.uploader.options;
    await stand.until(() => records(stand).some(({ name, uploadId }) => name === 'large' && uploadId !== null));
    stand.uploader.configure({ scope: 'bert' });
    await stand.settle();
    expect(names(stand)).to.be.empty;
    expect(records(stand).every((record) => record.scope === scope)).to.equal(true);
    stand.uploader.configure({ scope });
    await stand.until(() => names(stand).includes('large'));
    stand.uploader.dispose();
  });

  it('writes nothing more of a forgotten upload, also when its multipart upload is created late', async () => {
    const stand = new Stand();
    let create!: () => void;
    stand.store.next('create', async (_request, proceed) => {
      await new Promise<void>((resolve) => (create = resolve));
      return proceed();
    });
    await stand.uploader.add([fileOf(3 * PART)]);
    await stand.until(() => create !== undefined);
    await stand.uploader.forget();
    create();
    await stand.settle();
    await stand.clock.advance(5_000);
    await stand.settle();
    expect([records(stand).length, kept(stand)]).to.deep.equal([0, 0]);
  });

  it('forgets in every uploader of the page, and in each scope that was used', async () => {
    const { stand } = await busy({ recoveryKey: 'one' });
    const other = stand.otherTab({ recoveryKey: 'two' });
    other.store.hold('put');
    await other.uploader.add([fileOf(10, 'other')]);
    await other.until(() => other.of('other').status === 'uploading');
    await stand.until(() => records(stand).length > 0);
    stand.uploader.configure({ scope: '' });
    await stand.uploader.forget();
    expect([names(other), names(stand), records(stand), kept(stand)]).to.deep.equal([[], [], [], 0]);
  });

  it('does not take a late answer for the former user as one for the next', async () => {
    const stand = new Stand({ scope: 'anna' });
    let answer!: () => void;
    stand.signer.next('get_init_signature', async (proceed) => {
      await new Promise<void>((resolve) => (answer = resolve));
      return proceed();
    });
    stand.signer.principal = 'anna';
    await stand.uploader.add([fileOf(10, 'of anna')]);
    await stand.until(() => answer !== undefined);
    await stand.uploader.forget();
    stand.uploader.configure({ scope: 'bert' });
    const late = stand.signer.principal;
    answer();
    await stand.settle();
    expect(late).to.equal('anna');
    stand.signer.principal = 'bert';
    await stand.upload(fileOf(10, 'of bert'));
    expect(stand.uploader.uploads.map(({ name, status }) => `${name} ${status}`)).to.deep.equal(['of bert complete']);
    expect(stand.all('mule-reject')).to.be.empty;
  });

  it('does not take files that are still being read when the user changes', async () => {
    const stand = new Stand({ scope: 'anna' });
    await stand.upload(fileOf(10, 'first'));
    const adding = stand.uploader.add(Array.from({ length: 20 }, (_, index) => fileOf(10, `late ${index}`)));
    stand.uploader.configure({ scope: 'bert' });
    expect(await adding).to.be.empty;
    expect(names(stand)).to.be.empty;
    expect(stand.all('mule-reject').map(({ code }) => code)).to.deep.equal(Array(20).fill('user-changed'));
  });
});

describe('an uploader whose element is gone', () => {
  it('begins nothing, and leaves held files held when it is attached again', async () => {
    const stand = new Stand({ autostart: false });
    await stand.uploader.add([fileOf(10, 'held')]);
    const paused = stand.uploader.detach();
    expect(paused).to.be.empty;
    stand.uploader.configure({ autostart: true });
    await stand.uploader.add([fileOf(10, 'late')]);
    await stand.settle();
    expect(stand.of('late').status).to.equal('queued');
    stand.uploader.configure({ autostart: false });
    stand.uploader.attach(paused);
    await stand.until(() => stand.of('late').status === 'complete');
  });

  it('shows and sends nothing more where another user is signed in when it is attached again', async () => {
    for (const principal of ['bert', null, 'refused'] as const) {
      const stand = pageWithoutScope();
      stand.signer.principal = 'anna';
      await stand.upload(fileOf(10, 'done'));
      await stand.interrupt(fileOf(3 * PART), 1);
      stand.uploader.resume();
      const paused = stand.uploader.detach();
      const sent = stand.store.count('part');
      const refusal = (): never => {
        throw new SignerFault(401, 'unauthorized', 'sign in');
      };
      if (principal === 'refused') stand.signer.always('get_init_signature', refusal);
      else stand.signer.principal = principal;
      expect(await stand.uploader.attach(paused), String(principal)).to.equal(false);
      await stand.settle();
      expect(names(stand)).to.be.empty;
      expect(stand.store.count('part')).to.equal(sent);
      expect(stand.all('mule-owner-change').map(({ uploads }) => uploads.length)).to.deep.equal([2]);
      expect(records(stand), 'kept for the first user').to.have.length(1);
      stand.uploader.dispose();
    }
  });

  it('resumes once the signer names the same user, also where it cannot be asked at first', async () => {
    const stand = pageWithoutScope();
    stand.signer.principal = 'anna';
    await stand.interrupt(fileOf(3 * PART), 1);
    void stand.uploader.resume();
    const paused = stand.uploader.detach();
    stand.signer.next('get_init_signature', () => {
      throw new SignerFault(0, null, 'no answer');
    });
    const isSameUser = stand.uploader.attach(paused);
    expect(isSameUser).to.be.instanceOf(Promise);
    await stand.finished();
    expect(await isSameUser).to.equal(true);
    expect(stand.of(NAME).status).to.equal('complete');
  });

  it('leaves what is detached again before the signer has answered', async () => {
    const stand = pageWithoutScope();
    stand.signer.principal = 'anna';
    await stand.interrupt(fileOf(3 * PART), 1);
    void stand.uploader.resume();
    const paused = stand.uploader.detach();
    const first = stand.uploader.attach(paused);
    stand.uploader.detach();
    expect(await first).to.equal(false);
    await stand.settle();
    expect(stand.of(NAME).status).to.equal('paused');
    stand.uploader.dispose();
  });

  it('is detached also where its code comes only afterwards', async () => {
    const stand = new Stand();
    stand.uploader.detach();
    await stand.uploader.add([fileOf(10, 'late')]);
    await stand.settle();
    expect(stand.of('late').status).to.equal('queued');
    stand.uploader.attach([]);
    await stand.until(() => stand.of('late').status === 'complete');
  });

  it('lets another tab resume its uploads, and resumes them itself when it is attached again', async () => {
    const stand = new Stand();
    const file = fileOf(4 * PART);
    stand.store.next('part 1', (_request, proceed) => proceed());
    const release = stand.store.hold('part');
    await stand.uploader.add([file]);
    await stand.until(() => stand.of(NAME).parts.done === 1);
    const paused = stand.uploader.detach();
    expect(paused).to.have.length(1);
    await stand.settle();
    release();
    const other = stand.otherTab();
    await other.uploader.ready;
    expect(names(other)).to.deep.equal([NAME]);
    other.uploader.dispose();
    stand.uploader.attach(paused);
    await stand.finished();
    expect(stand.of(NAME).status).to.equal('complete');
    expect(stand.store.sentParts.filter((part) => part === 1)).to.have.length(1);
  });
});
