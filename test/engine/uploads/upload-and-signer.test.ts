import { expect } from '@open-wc/testing';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import type { InitAnswer } from '../../../src/protocol.js';
import { deny } from '../fake-signer.js';
import { refuse } from '../fake-store.js';
import { fileOf, Harness } from '../harness.js';

const PART = MIN_PART_SIZE;
const NAME = 'a.bin';

/** Uploads a file of several parts. */
async function outcome(harness: Harness, parts = 3): Promise<Harness> {
  await harness.upload(fileOf(parts * PART));
  return harness;
}

describe('an upload and the signer’s responses', () => {
  it('waits if nobody is signed in, and continues after new headers', async () => {
    for (const action of ['get_init_signature', 'get_all_signatures'] as const) {
      const harness = new Harness();
      harness.signer.always(action, deny(401, null));
      await harness.uploader.add([fileOf(2 * PART)]);
      await harness.until(() => harness.of(NAME).waitingFor === 'authorization');
      expect(harness.all('mule-error').map(({ error }) => [error.code, error.retryable])).to.deep.equal([
        ['unauthorized', true],
      ]);
      await harness.clock.advance(3_600_000);
      const calls = harness.signer.count(action);
      expect(calls, 'it does not knock on its own').to.be.at.most(2);
      harness.signer.always(action, null);
      harness.uploader.configure({ headers: { Authorization: 'Bearer new' } });
      await harness.finished();
      expect(harness.of(NAME)).to.include({ status: 'complete', error: null });
    }
  });

  it('shows that it waits for a sign-in once only that part is left', async () => {
    const harness = new Harness();
    harness.signer.actions = [];
    harness.signer.next('get_chunk_signature', deny(401, null));
    await harness.uploader.add([fileOf(3 * PART)]);
    await harness.until(() => harness.of(NAME).parts.done === 2);
    await harness.until(() => harness.of(NAME).status === 'waiting', 'the wait of the part that is left');
    expect(harness.of(NAME).waitingFor).to.equal('authorization');
    harness.uploader.retry();
    await harness.finished();
    expect(harness.of(NAME).status).to.equal('complete');
  });

  it('reports once what may be wrong if the signer has never answered correctly, and keeps retrying', async () => {
    const harness = new Harness();
    harness.signer.next('get_init_signature', ...Array.from({ length: 6 }, () => deny(404, null)));
    await harness.upload(fileOf(10));
    const errors = harness.all('mule-error').map(({ error }) => error);
    expect(errors, 'said once').to.have.length(1);
    expect(errors[0]).to.include({ code: 'signer-refused', retryable: true, status: 404 });
    expect(errors[0]!.message).to.contain(NAME).and.to.contain('origin');
    expect(harness.of(NAME)).to.include({ status: 'complete', error: null });
  });

  it('reports nothing if a signer that has answered is unreachable for a while', async () => {
    const harness = new Harness();
    harness.signer.next('get_all_signatures', ...Array.from({ length: 8 }, () => deny(503, null)));
    await outcome(harness);
    expect(harness.all('mule-error')).to.deep.equal([]);
    expect(harness.of(NAME).status).to.equal('complete');
  });

  it('continues after retry(), too', async () => {
    const harness = new Harness();
    harness.signer.next('get_init_signature', deny(403, 'unauthorized'));
    await harness.uploader.add([fileOf(10)]);
    await harness.until(() => harness.of(NAME).waitingFor === 'authorization');
    harness.uploader.retry();
    await harness.finished();
    expect(harness.of(NAME).status).to.equal('complete');
  });

  it('renews an expired grant and keeps the stored parts', async () => {
    const harness = new Harness({ concurrency: 1 });
    harness.signer.next('get_all_signatures', (proceed) => proceed(), deny(403, 'grant-expired'));
    harness.store.next(
      'part',
      (_request, proceed) => proceed(),
      refuse(403, 'AccessDenied', {}, 'Request has expired'),
    );
    await outcome(harness);
    expect(harness.of(NAME).status).to.equal('complete');
    expect(harness.signer.bodies('get_init_signature')[1]!.files[0]).to.include({
      grant: `grant-${NAME}`,
      key: `files/${NAME}`,
      upload_id: 'upload-1',
    });
    expect(harness.signer.bodies('get_all_signatures').at(-1)!.grant).to.equal(`grant-${NAME}+`);
    expect(harness.store.count('create')).to.equal(1);
  });

  it('renews a grant through faults of the signer, however many', async () => {
    const harness = new Harness();
    harness.signer.next('get_all_signatures', deny(403, 'grant-expired'));
    harness.signer.next('get_init_signature', (proceed) => proceed(), deny(503, null), deny(0, null), deny(500, null));
    await outcome(harness);
    expect(harness.of(NAME).status).to.equal('complete');
    expect(harness.store.count('create')).to.equal(1);
  });

  it('does not count an expired grant among the retries of a part', async () => {
    const harness = new Harness({ maxRetries: 1 });
    harness.signer.next('get_all_signatures', deny(403, 'grant-expired'));
    harness.signer.next('get_init_signature', (proceed) => proceed(), deny(503, null));
    await outcome(harness);
    expect(harness.of(NAME)).to.include({ status: 'complete', error: null });
  });

  it('waits longer and longer, and reports it, if its times are no numbers', async () => {
    for (const action of ['get_init_signature', 'get_all_signatures'] as const) {
      const harness = new Harness();
      harness.signer.always(
        action,
        (proceed) => ({ ...proceed(), time: '2026-01-01T00:00:00Z' as never }) as InitAnswer,
      );
      await harness.uploader.add([fileOf(2 * PART)]);
      await harness.settle();
      expect(harness.signer.count(action)).to.be.at.most(2);
      await harness.until(() => harness.all('mule-error').length > 0);
      expect(harness.all('mule-error')[0]!.error).to.include({ code: 'signer-refused', retryable: true });
      harness.signer.always(action, null);
      await harness.finished();
      expect(harness.of(NAME).status).to.equal('complete');
    }
  });

  it('restarts if the grant can no longer be renewed', async () => {
    const harness = new Harness();
    harness.signer.next('get_all_signatures', deny(403, 'grant-expired'));
    harness.signer.next('get_init_signature', (proceed) => proceed(), deny(403, 'grant-expired'));
    await outcome(harness);
    expect(harness.of(NAME).status).to.equal('complete');
    expect(harness.store.count('create')).to.equal(2);
  });

  it('keeps retrying while it is silent, and respects its Retry-After', async () => {
    const harness = new Harness();
    const before = harness.clock.now();
    harness.signer.next('get_init_signature', deny(0, null), deny(502, null), deny(503, null, '100'));
    await harness.upload(fileOf(10));
    expect(harness.of(NAME).status).to.equal('complete');
    expect(harness.clock.now() - before).to.be.at.least(100_000);
    expect(harness.all('mule-retry').map(({ phase }) => phase)).to.deep.equal(['init', 'init', 'init']);
  });

  it('fails with its refusal, with its message', async () => {
    const harness = new Harness();
    harness.signer.next('get_init_signature', deny(422, 'no-films'));
    await harness.upload(fileOf(10));
    expect(harness.of(NAME).error).to.include({ code: 'signer-refused', status: 422, phase: 'init' });
    expect(harness.of(NAME).error!.message).to.contain('no-films');
  });

  it('fails for an invalid response instead of retrying without limit', async () => {
    for (const [answer, code] of [
      [{ time: 0 }, 'invalid-response'],
      [{ time: 0, files: [] }, 'invalid-response'],
      [null, 'invalid-response'],
    ] as const) {
      const harness = new Harness();
      harness.signer.next('get_init_signature', () => answer as never);
      await harness.upload(fileOf(10));
      expect(harness.of(NAME).error, JSON.stringify(answer)).to.include({ code, phase: 'init' });
    }
  });
});
