import { expect } from '@open-wc/testing';
import { MIN_PART_SIZE } from '../../../src/limits.js';
import type { InitAnswer } from '../../../src/protocol.js';
import { deny } from '../fake-signer.js';
import { refuse } from '../fake-store.js';
import { fileOf, Harness } from '../harness.js';

const PART = MIN_PART_SIZE;
const NAME = 'a.bin';

/** Uploads a file of three parts. */
const uploadParts = (harness: Harness): Promise<void> => harness.upload(fileOf(3 * PART));

describe('an upload and the signer’s responses', () => {
  it('waits while nobody is signed in, and continues when the page sets new headers', async () => {
    for (const action of ['get_init_signature', 'get_all_signatures'] as const) {
      const harness = new Harness();
      harness.signer.always(action, deny(401, null));
      await harness.uploader.add([fileOf(2 * PART)]);
      await harness.until(() => harness.uploadOf(NAME).waitingFor === 'authorization');
      expect(harness.detailsOf('mule-error').map(({ error }) => [error.code, error.retryable])).to.deep.equal([
        ['unauthorized', true],
      ]);
      await harness.clock.advance(3_600_000);
      const calls = harness.signer.count(action);
      expect(calls, 'calls while nobody is signed in').to.be.at.most(2);
      harness.signer.always(action, null);
      harness.uploader.configure({ headers: { Authorization: 'Bearer new' } });
      await harness.finished();
      expect(harness.uploadOf(NAME)).to.include({ status: 'complete', error: null });
    }
  });

  it('shows the wait for a sign-in when only the part that waits for it is left', async () => {
    const harness = new Harness();
    harness.signer.actions = [];
    harness.signer.next('get_chunk_signature', deny(401, null));
    await harness.uploader.add([fileOf(3 * PART)]);
    await harness.until(() => harness.uploadOf(NAME).parts.done === 2);
    await harness.until(() => harness.uploadOf(NAME).status === 'waiting', 'the wait of the last part');
    expect(harness.uploadOf(NAME).waitingFor).to.equal('authorization');
    harness.uploader.retry();
    await harness.finished();
    expect(harness.uploadOf(NAME).status).to.equal('complete');
  });

  it('fires one error with possible causes if the signer has never answered correctly, and keeps retrying', async () => {
    const harness = new Harness();
    harness.signer.next('get_init_signature', ...Array.from({ length: 6 }, () => deny(404, null)));
    await harness.upload(fileOf(10));
    const errors = harness.detailsOf('mule-error').map(({ error }) => error);
    expect(errors, 'one error').to.have.length(1);
    expect(errors[0]).to.include({ code: 'signer-refused', retryable: true, status: 404 });
    expect(errors[0]!.message).to.contain(NAME).and.to.contain('origin');
    expect(harness.uploadOf(NAME)).to.include({ status: 'complete', error: null });
  });

  it('fires no error if a signer that has answered before does not answer eight times', async () => {
    const harness = new Harness();
    harness.signer.next('get_all_signatures', ...Array.from({ length: 8 }, () => deny(503, null)));
    await uploadParts(harness);
    expect(harness.detailsOf('mule-error')).to.deep.equal([]);
    expect(harness.uploadOf(NAME).status).to.equal('complete');
  });

  it('stops waiting for a sign-in after retry()', async () => {
    const harness = new Harness();
    harness.signer.next('get_init_signature', deny(403, 'unauthorized'));
    await harness.uploader.add([fileOf(10)]);
    await harness.until(() => harness.uploadOf(NAME).waitingFor === 'authorization');
    harness.uploader.retry();
    await harness.finished();
    expect(harness.uploadOf(NAME).status).to.equal('complete');
  });

  it('renews an expired grant and keeps the stored parts', async () => {
    const harness = new Harness({ concurrency: 1 });
    harness.signer.next('get_all_signatures', (proceed) => proceed(), deny(403, 'grant-expired'));
    harness.store.next(
      'part',
      (_request, proceed) => proceed(),
      refuse(403, 'AccessDenied', {}, 'Request has expired'),
    );
    await uploadParts(harness);
    expect(harness.uploadOf(NAME).status).to.equal('complete');
    expect(harness.signer.bodies('get_init_signature')[1]!.files[0]).to.include({
      grant: `grant-${NAME}`,
      key: `files/${NAME}`,
      upload_id: 'upload-1',
    });
    expect(harness.signer.bodies('get_all_signatures').at(-1)!.grant).to.equal(`grant-${NAME}+`);
    expect(harness.store.count('create')).to.equal(1);
  });

  it('retries the renewal of a grant after faults of the signer', async () => {
    const harness = new Harness();
    harness.signer.next('get_all_signatures', deny(403, 'grant-expired'));
    harness.signer.next('get_init_signature', (proceed) => proceed(), deny(503, null), deny(0, null), deny(500, null));
    await uploadParts(harness);
    expect(harness.uploadOf(NAME).status).to.equal('complete');
    expect(harness.store.count('create')).to.equal(1);
  });

  it('does not count an expired grant among the retries of a part', async () => {
    const harness = new Harness({ maxRetries: 1 });
    harness.signer.next('get_all_signatures', deny(403, 'grant-expired'));
    harness.signer.next('get_init_signature', (proceed) => proceed(), deny(503, null));
    await uploadParts(harness);
    expect(harness.uploadOf(NAME)).to.include({ status: 'complete', error: null });
  });

  it('retries with a backoff and fires mule-error if the times in its answers are not numbers', async () => {
    for (const action of ['get_init_signature', 'get_all_signatures'] as const) {
      const harness = new Harness();
      harness.signer.always(
        action,
        (proceed) => ({ ...proceed(), time: '2026-01-01T00:00:00Z' as never }) as InitAnswer,
      );
      await harness.uploader.add([fileOf(2 * PART)]);
      await harness.settle();
      expect(harness.signer.count(action)).to.be.at.most(2);
      await harness.until(() => harness.detailsOf('mule-error').length > 0);
      expect(harness.detailsOf('mule-error')[0]!.error).to.include({ code: 'signer-refused', retryable: true });
      harness.signer.always(action, null);
      await harness.finished();
      expect(harness.uploadOf(NAME).status).to.equal('complete');
    }
  });

  it('restarts if the grant can no longer be renewed', async () => {
    const harness = new Harness();
    harness.signer.next('get_all_signatures', deny(403, 'grant-expired'));
    harness.signer.next('get_init_signature', (proceed) => proceed(), deny(403, 'grant-expired'));
    await uploadParts(harness);
    expect(harness.uploadOf(NAME).status).to.equal('complete');
    expect(harness.store.count('create')).to.equal(2);
  });

  it('retries calls that the signer does not answer, and waits as long as its Retry-After says', async () => {
    const harness = new Harness();
    const before = harness.clock.now();
    harness.signer.next('get_init_signature', deny(0, null), deny(502, null), deny(503, null, '100'));
    await harness.upload(fileOf(10));
    expect(harness.uploadOf(NAME).status).to.equal('complete');
    expect(harness.clock.now() - before).to.be.at.least(100_000);
    expect(harness.detailsOf('mule-retry').map(({ phase }) => phase)).to.deep.equal(['init', 'init', 'init']);
  });

  it('fails with the code and the message of a refusal', async () => {
    const harness = new Harness();
    harness.signer.next('get_init_signature', deny(422, 'no-films'));
    await harness.upload(fileOf(10));
    expect(harness.uploadOf(NAME).error).to.include({ code: 'signer-refused', status: 422, phase: 'init' });
    expect(harness.uploadOf(NAME).error!.message).to.contain('no-films');
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
      expect(harness.uploadOf(NAME).error, JSON.stringify(answer)).to.include({ code, phase: 'init' });
    }
  });
});
