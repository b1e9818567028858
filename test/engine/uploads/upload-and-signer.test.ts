import { expect } from '@open-wc/testing';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import { deny } from '../fake-signer.js';
import { refuse } from '../fake-store.js';
import { fileOf, Stand } from '../harness.js';

const PART = MIN_PART_SIZE;
const NAME = 'a.bin';

/** One upload of some parts, whose outcome is looked at. */
async function outcome(stand: Stand, parts = 3): Promise<Stand> {
  await stand.upload(fileOf(parts * PART));
  return stand;
}

describe('an upload through what the signer says', () => {
  it('waits for the page when nobody is signed in, and goes on after new headers', async () => {
    for (const action of ['get_init_signature', 'get_all_signatures'] as const) {
      const stand = new Stand();
      stand.signer.always(action, deny(401, null));
      await stand.uploader.add([fileOf(2 * PART)]);
      await stand.until(() => stand.of(NAME).waitingFor === 'authorization');
      expect(stand.all('mule-error').map(({ error }) => [error.code, error.retryable])).to.deep.equal([
        ['unauthorized', true],
      ]);
      await stand.clock.advance(3_600_000);
      const calls = stand.signer.count(action);
      expect(calls, 'it does not knock on its own').to.be.at.most(2);
      stand.signer.always(action, null);
      stand.uploader.configure({ headers: { Authorization: 'Bearer new' } });
      await stand.finished();
      expect(stand.of(NAME)).to.include({ status: 'complete', error: null });
    }
  });

  it('says that it waits once the other parts are done, where a single part waits for the page', async () => {
    const stand = new Stand();
    stand.signer.actions = [];
    stand.signer.next('get_chunk_signature', deny(401, null));
    await stand.uploader.add([fileOf(3 * PART)]);
    await stand.until(() => stand.of(NAME).parts.done === 2);
    await stand.until(() => stand.of(NAME).status === 'waiting', 'the wait of the part that is left');
    expect(stand.of(NAME).waitingFor).to.equal('authorization');
    stand.uploader.retry();
    await stand.finished();
    expect(stand.of(NAME).status).to.equal('complete');
  });

  it('says what may be wrong when the signer has never given a good answer, once, and keeps trying', async () => {
    const stand = new Stand();
    stand.signer.next('get_init_signature', ...Array.from({ length: 6 }, () => deny(404, null)));
    await stand.upload(fileOf(10));
    const errors = stand.all('mule-error').map(({ error }) => error);
    expect(errors, 'said once').to.have.length(1);
    expect(errors[0]).to.include({ code: 'signer-refused', retryable: true, status: 404 });
    expect(errors[0]!.message).to.contain(NAME).and.to.contain('origin');
    expect(stand.of(NAME)).to.include({ status: 'complete', error: null });
  });

  it('says nothing of the kind when a signer that has answered is gone for a while', async () => {
    const stand = new Stand();
    stand.signer.next('get_all_signatures', ...Array.from({ length: 8 }, () => deny(503, null)));
    await outcome(stand);
    expect(stand.all('mule-error')).to.deep.equal([]);
    expect(stand.of(NAME).status).to.equal('complete');
  });

  it('goes on after retry() too', async () => {
    const stand = new Stand();
    stand.signer.next('get_init_signature', deny(403, 'unauthorized'));
    await stand.uploader.add([fileOf(10)]);
    await stand.until(() => stand.of(NAME).waitingFor === 'authorization');
    stand.uploader.retry();
    await stand.finished();
    expect(stand.of(NAME).status).to.equal('complete');
  });

  it('renews an outdated grant and keeps what is stored', async () => {
    const stand = new Stand({ concurrency: 1 });
    stand.signer.next('get_all_signatures', (proceed) => proceed(), deny(403, 'grant-expired'));
    stand.store.next('part', (_request, proceed) => proceed(), refuse(403, 'AccessDenied', {}, 'Request has expired'));
    await outcome(stand);
    expect(stand.of(NAME).status).to.equal('complete');
    expect(stand.signer.bodies('get_init_signature')[1]!.files[0]).to.include({
      grant: `grant-${NAME}`,
      key: `files/${NAME}`,
      upload_id: 'upload-1',
    });
    expect(stand.signer.bodies('get_all_signatures').at(-1)!.grant).to.equal(`grant-${NAME}+`);
    expect(stand.store.count('create')).to.equal(1);
  });

  it('renews a grant through faults of the signer, however many', async () => {
    const stand = new Stand();
    stand.signer.next('get_all_signatures', deny(403, 'grant-expired'));
    stand.signer.next('get_init_signature', (proceed) => proceed(), deny(503, null), deny(0, null), deny(500, null));
    await outcome(stand);
    expect(stand.of(NAME).status).to.equal('complete');
    expect(stand.store.count('create')).to.equal(1);
  });

  it('begins afresh where the grant cannot be renewed any more', async () => {
    const stand = new Stand();
    stand.signer.next('get_all_signatures', deny(403, 'grant-expired'));
    stand.signer.next('get_init_signature', (proceed) => proceed(), deny(403, 'grant-expired'));
    await outcome(stand);
    expect(stand.of(NAME).status).to.equal('complete');
    expect(stand.store.count('create')).to.equal(2);
  });

  it('keeps trying through its silence, and honours its Retry-After', async () => {
    const stand = new Stand();
    const before = stand.clock.now();
    stand.signer.next('get_init_signature', deny(0, null), deny(502, null), deny(503, null, '100'));
    await stand.upload(fileOf(10));
    expect(stand.of(NAME).status).to.equal('complete');
    expect(stand.clock.now() - before).to.be.at.least(100_000);
    expect(stand.all('mule-retry').map(({ phase }) => phase)).to.deep.equal(['init', 'init', 'init']);
  });

  it('ends with its refusal, in its own words', async () => {
    const stand = new Stand();
    stand.signer.next('get_init_signature', deny(422, 'no-films'));
    await stand.upload(fileOf(10));
    expect(stand.of(NAME).error).to.include({ code: 'signer-refused', status: 422, phase: 'init' });
    expect(stand.of(NAME).error!.message).to.contain('no-films');
  });

  it('says that an answer makes no sense rather than trying for ever', async () => {
    for (const [answer, code] of [
      [{ time: 0 }, 'invalid-response'],
      [{ time: 0, files: [] }, 'invalid-response'],
      [null, 'invalid-response'],
    ] as const) {
      const stand = new Stand();
      stand.signer.next('get_init_signature', () => answer as never);
      await stand.upload(fileOf(10));
      expect(stand.of(NAME).error, JSON.stringify(answer)).to.include({ code, phase: 'init' });
    }
  });
});
