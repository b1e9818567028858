import { expect } from '@open-wc/testing';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import type { MemoryJournal, MemoryFileStore } from '../harness.js';
import { fileOf, Harness } from '../harness.js';

const PART = MIN_PART_SIZE;
const NAME = 'a.bin';

describe('unfinished uploads of another user', () => {
  const signInAs = (harness: Harness, principal: string | null): void => {
    harness.signer.principal = principal;
  };

  it('are neither listed nor sent, and are listed again for their owner', async () => {
    const earlier = new Harness();
    signInAs(earlier, 'anna');
    await earlier.interrupt(fileOf(3 * PART), 1);
    await earlier.uploader.add([fileOf(100, 'small')]);
    earlier.uploader.pause();
    // a record is written after its file
    await earlier.until(() => (earlier.journal as MemoryJournal).records.size === 2);
    expect((earlier.fileStore as MemoryFileStore).kept.size).to.equal(1);
    signInAs(earlier, 'bert');
    const harness = earlier.reload();
    await harness.uploader.ready;
    await harness.settle();
    expect(harness.uploader.uploads).to.be.empty;
    expect(harness.detailsOf('mule-recover')).to.be.empty;
    const asked = harness.signer.bodies('get_init_signature').at(-1)!;
    expect(JSON.stringify(asked)).not.to.contain('"filename":"a.bin"').and.not.to.contain('small');
    signInAs(harness, null);
    const signedOut = harness.reload();
    await signedOut.uploader.ready;
    expect(signedOut.uploader.uploads, 'signed out').to.be.empty;
    signInAs(signedOut, 'anna');
    const ofAnna = signedOut.reload();
    await ofAnna.until(() => ofAnna.uploader.uploads.length === 2);
    expect(ofAnna.uploadOf(NAME)).to.include({ status: 'needs-file' });
    await ofAnna.until(() => ofAnna.uploadOf('small').status === 'complete');
  });

  it('stay stored if the signer names another user after their page was closed', async () => {
    const harness = new Harness();
    const { signer, journal } = harness;
    signInAs(harness, 'anna');
    await harness.upload(fileOf(10, 'first'));
    let answer!: () => void;
    const mayAnswer = new Promise<void>((resolve) => (answer = resolve));
    signer.next('get_init_signature', (proceed) => mayAnswer.then(proceed));
    await harness.uploader.add([fileOf(100, 'small')]);
    harness.uploader.pause();
    const { records } = journal as MemoryJournal;
    await harness.until(() => records.size === 1);
    harness.uploader.dispose();
    signInAs(harness, 'bert');
    answer();
    await harness.settle();
    expect([...records.values()].map(({ name }) => name)).to.deep.equal(['small']);
  });

  it('are removed from the list when the signer names another user', async () => {
    const earlier = new Harness();
    signInAs(earlier, 'anna');
    const file = fileOf(3 * PART);
    await earlier.interrupt(file, 1);
    const harness = earlier.reload();
    await harness.uploader.ready;
    expect(harness.uploader.uploads).to.have.length(1);
    signInAs(harness, 'bert');
    // the engine cannot know which of the two users has chosen this file
    await harness.uploader.add([fileOf(10, 'new')]);
    await harness.until(() => harness.detailsOf('mule-reject').length === 1);
    expect(harness.detailsOf('mule-reject')[0]).to.include({ code: 'user-changed' });
    expect(harness.detailsOf('mule-owner-change')[0]!.uploads.map(({ name }) => name)).to.have.members([NAME, 'new']);
    expect(harness.store.objects.size, 'no file is stored for the other user').to.equal(0);
    await harness.upload(fileOf(10, 'new'));
    expect(harness.uploader.uploads.map(({ name }) => name)).to.deep.equal(['new']);
    const records = [...(harness.journal as MemoryJournal).records.values()];
    expect(
      records.map(({ name }) => name),
      'the record of anna',
    ).to.deep.equal([NAME]);
  });

  it('are not listed until the signer has named the user, and new files do not wait for that', async () => {
    const earlier = new Harness();
    signInAs(earlier, 'anna');
    await earlier.interrupt(fileOf(3 * PART), 1);
    earlier.signer.next('get_init_signature', () => new Promise(() => {}));
    const harness = earlier.reload();
    let isReady = false;
    void harness.uploader.ready.then(() => (isReady = true));
    await harness.settle();
    await harness.clock.advance(3_000);
    await harness.until(() => isReady);
    expect(harness.uploader.uploads).to.be.empty;
    await harness.uploader.add([fileOf(10, 'new')]);
    await harness.until(() => harness.uploadOf('new').status === 'complete');
    // the response for the new file names the user
    await harness.until(() => harness.uploader.uploads.some(({ name }) => name === NAME));
    expect(harness.uploadOf(NAME).status).to.equal('needs-file');
  });
});
