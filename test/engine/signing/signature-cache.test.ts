import { expect } from '@open-wc/testing';
import { SignerFault, UploadError } from '../../../src/engine/api/errors.js';
import { SignatureCache } from '../../../src/engine/signing/signature-cache.js';
import { isFresh, momentOf, readSignature } from '../../../src/engine/model/signature.js';
import type { SignedUpload } from '../../../src/engine/model/signature.js';
import { ALL_ACTIONS, deny, FakeSigner } from '../fake-signer.js';
import { FakeClock, nextTurn } from '../fake-clock.js';

const OBJECT_URL = 'https://store.test/a';
const { signal } = new AbortController();

describe('the lifetime of a signature', () => {
  const lifetimeOf = (expires: number | undefined, url = OBJECT_URL, time = 0): number =>
    readSignature({ method: 'PUT', url, expires }, { time }, { wall: 5, monotonic: 5 }).lifetime;

  it('ends 30 s before it expires, or at three quarters of a shorter one', () => {
    expect(lifetimeOf(900_000)).to.equal(870_000);
    expect(lifetimeOf(120_000)).to.equal(90_000);
    expect(lifetimeOf(60_000)).to.equal(45_000);
    expect(lifetimeOf(4_000)).to.equal(3_000);
  });

  it('is computed by the signer’s clock, not by the browser’s', () => {
    const years = 20 * 365 * 86_400_000;
    expect(lifetimeOf(years + 900_000, OBJECT_URL, years)).to.equal(870_000);
  });

  it('is read from the URL if the response has no expiry', () => {
    const url = `${OBJECT_URL}?X-Amz-Date=20260101T000000Z&X-Amz-Expires=600`;
    expect(lifetimeOf(undefined, url, Date.UTC(2026, 0, 1))).to.equal(570_000);
    expect(lifetimeOf(undefined), 'no expiry').to.equal(Infinity);
  });

  it('is measured by the clock on which more time has passed, wall or monotonic', async () => {
    const clock = new FakeClock();
    const signature = readSignature({ method: 'PUT', url: OBJECT_URL, expires: 100_000 }, { time: 0 }, momentOf(clock));
    expect(isFresh(signature, clock)).to.be.true;
    await clock.advance(74_999);
    expect(isFresh(signature, clock)).to.be.true;
    clock.sleepFor(1);
    expect(isFresh(signature, clock)).to.be.false;
    clock.sleepFor(-3_600_000);
    await clock.advance(1);
    expect(isFresh(signature, clock), 'the wall clock was set back').to.be.false;
  });

  it('must not have ended when the response arrives', () => {
    expect(() => lifetimeOf(0)).to.throw(SignerFault, 'expired already');
  });
});

describe('a signed request in a response', () => {
  it('is a PUT if the response is only a URL', () => {
    expect(readSignature(OBJECT_URL, {}, { wall: 0, monotonic: 0 })).to.include({ method: 'PUT', url: OBJECT_URL });
  });

  it('is invalid without a method or a URL', () => {
    for (const signed of [undefined, {}, { method: 'PUT' }, { url: OBJECT_URL }]) {
      expect(() => readSignature(signed as never, {}, { wall: 0, monotonic: 0 }))
        .to.throw(UploadError)
        .with.property('code', 'invalid-response');
    }
  });
});

/** Creates an upload with this number of parts, none of them stored. */
function setUp(count: number, actions = ALL_ACTIONS) {
  const clock = new FakeClock();
  const signer = new FakeSigner(clock);
  const missing = new Set(Array.from({ length: count }, (_, index) => index + 1));
  const upload: SignedUpload = {
    reference: { key: 'k', upload_id: 'u' },
    actions,
    size: count * 10,
    partSize: 10,
    sizeOf: () => 10,
    values: null,
    objectChecksum: null,
  };
  const signatures = new SignatureCache(signer, clock);
  const part = (number: number) => signatures.signPart(number, upload, () => missing, signal);
  return { clock, signer, missing, upload, signatures, part };
}

describe('signatures of parts', () => {
  it('are requested 100 at a time, in one call for concurrent parts', async () => {
    const { signer, part } = setUp(250);
    await Promise.all([part(1), part(2), part(3), part(4)]);
    expect(signer.bodies('get_all_signatures').map(({ chunks }) => chunks.length)).to.deep.equal([100]);
  });

  it('are requested before the cached ones are used up', async () => {
    const { signer, missing, signatures, part } = setUp(250);
    for (let number = 1; number <= 250; number++) {
      const calls = signer.calls.length;
      await part(number);
      if (number > 1) expect(signer.calls.length - calls, `part ${number} had to wait`).to.be.at.most(1);
      missing.delete(number);
      signatures.forgetPart(number);
      await nextTurn();
      await nextTurn();
    }
    expect(signer.bodies('get_all_signatures').map(({ chunks }) => chunks.length)).to.deep.equal([100, 100, 50]);
  });

  it('are not used after they expire', async () => {
    const { clock, signer, part } = setUp(3);
    const first = await part(1);
    await clock.advance(signer.lifetimeMs - 30_001);
    expect((await part(1)).url).to.equal(first.url);
    await clock.advance(1);
    expect((await part(1)).url).not.to.equal(first.url);
  });

  it('are discarded by clear(), pending ones included', async () => {
    const { signer, signatures, part } = setUp(3);
    const first = part(1);
    signatures.clear();
    await first;
    expect(signer.count('get_all_signatures')).to.equal(2);
  });

  it('that are requested one at a time and arrive after clear() are not used again', async () => {
    const { signer, signatures, part } = setUp(3, []);
    signer.next('get_chunk_signature', (proceed) => {
      signatures.clear();
      return proceed();
    });
    const former = await part(1);
    expect((await part(1)).url).not.to.equal(former.url);
    expect(signer.count('get_chunk_signature')).to.equal(2);
  });

  it('are requested one at a time if the signer does not have get_all_signatures', async () => {
    const { signer, part } = setUp(3, []);
    await part(1);
    await part(1);
    await part(2);
    expect(signer.bodies('get_chunk_signature')).to.deep.equal([
      { key: 'k', upload_id: 'u', chunk: 1, size: 10 },
      { key: 'k', upload_id: 'u', chunk: 2, size: 10 },
    ]);
  });

  it('reject with the signer’s refusal, and are requested again', async () => {
    const { signer, part } = setUp(3);
    signer.next('get_all_signatures', deny(503, null));
    expect(await part(1).catch((error: SignerFault) => error.status)).to.equal(503);
    expect(await part(1)).to.include({ method: 'PUT' });
  });

  it('make the response invalid if they are missing in it', async () => {
    const { signer, part } = setUp(3);
    signer.next('get_all_signatures', () => ({ time: 0, chunks: {} }) as never);
    expect(await part(1).catch((error: UploadError) => error.code)).to.equal('invalid-response');
  });
});

describe('signatures of other requests', () => {
  it('come with the first window of parts', async () => {
    const { signer, signatures, upload, part } = setUp(3);
    await part(1);
    for (const request of ['list', 'end', 'delete', 'head'] as const)
      await signatures.signRequest(request, upload, signal);
    expect(signer.calls).to.have.length(1);
  });

  it('are requested one at a time before the first window', async () => {
    const { signer, signatures, upload } = setUp(3);
    const methods = [];
    for (const request of ['list', 'end', 'delete', 'head'] as const)
      methods.push((await signatures.signRequest(request, upload, signal)).method);
    expect(methods).to.deep.equal(['GET', 'POST', 'DELETE', 'HEAD']);
    expect(signer.calls).to.have.length(4);
  });

  it('are requested for each later page of a list', async () => {
    const { signer, signatures, upload } = setUp(3);
    await signatures.signRequest('list', upload, signal);
    await signatures.signRequest('list', upload, signal);
    await signatures.signRequest('list', upload, signal, 1_000);
    expect(signer.bodies('get_list_signature').map((body) => body.part_number_marker)).to.deep.equal([
      undefined,
      1_000,
    ]);
  });

  it('that arrive after clear() are not used again', async () => {
    const { signer, signatures, upload } = setUp(3);
    for (const request of ['list', 'end', 'delete', 'head'] as const) {
      const pending = signatures.signRequest(request, upload, signal);
      signatures.clear();
      const former = await pending;
      const current = await signatures.signRequest(request, upload, signal);
      expect(current.url, request).not.to.equal(former.url);
      expect((await signatures.signRequest(request, upload, signal)).url, 'the next one is cached').to.equal(
        current.url,
      );
      expect(signer.count(`get_${request}_signature`)).to.equal(2);
    }
  });

  it('are supported if the signer lists the action', () => {
    const { signatures, upload } = setUp(3, ['get_head_signature']);
    const offered = (['list', 'end', 'delete', 'head'] as const).map((request) => signatures.supports(request, upload));
    expect(offered).to.deep.equal([true, true, false, true]);
  });
});
