import { expect } from '@open-wc/testing';
import { SignerFault, StoreFault, TransportFault, UploadError } from '../../../src/engine/api/errors.js';
import type { Phase } from '../../../src/engine/api/errors.js';
import { backoff, classifyFailure, parseRetryAfter } from '../../../src/engine/network/classify-failure.js';

const store = (status: number, code = '', message = ''): StoreFault => new StoreFault(status, code, message);
const kindOf = (failure: unknown, phase: Phase = 'part'): string => classifyFailure(failure, phase).kind;

describe('the backoff', () => {
  it('has a ceiling of half a second that doubles up to 30 s', () => {
    const ceilings = [1, 2, 3, 4, 5, 6, 7, 8, 100, 10_000].map((level) => backoff(level, 1));
    expect(ceilings).to.deep.equal([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000, 30_000]);
  });

  it('has full jitter: anything from 0 to the ceiling', () => {
    for (const random of [0, 0.001, 0.25, 0.5, 0.999]) {
      for (let level = 1; level < 20; level++) {
        expect(backoff(level, random)).to.be.closeTo(random * Math.min(30_000, 500 * 2 ** (level - 1)), 0.5);
      }
    }
  });
});

describe('Retry-After', () => {
  const now = Date.UTC(2026, 0, 1, 12);

  it('is read as seconds', () => {
    expect(parseRetryAfter('7', now)).to.equal(7_000);
    expect(parseRetryAfter(' 0 ', now)).to.equal(0);
  });

  it('is read as a date, past ones as now', () => {
    expect(parseRetryAfter('Thu, 01 Jan 2026 12:01:30 GMT', now)).to.equal(90_000);
    expect(parseRetryAfter('Thu, 01 Jan 2026 11:00:00 GMT', now)).to.equal(0);
  });

  it('is believed for an hour at most', () => {
    expect(parseRetryAfter('86400', now)).to.equal(3_600_000);
    expect(parseRetryAfter('Fri, 01 Jan 2027 12:00:00 GMT', now)).to.equal(3_600_000);
  });

  it('says nothing when it is missing or unreadable', () => {
    for (const header of [null, '', 'soon']) expect(parseRetryAfter(header, now)).to.equal(null);
  });
});

describe('what an answer of the store means', () => {
  it('is the same again, later, for every fault that passes', () => {
    for (const status of [408, 425, 429, 500, 502, 503, 504, 599]) expect(kindOf(store(status))).to.equal('again');
    for (const code of ['InternalError', 'RequestTimeout', 'IncompleteBody', 'BadDigest', 'OperationAborted'])
      expect(kindOf(store(400, code)), code).to.equal('again');
    expect(kindOf(store(409)), 'a conflict on a part').to.equal('again');
  });

  it('is a failure for a 200 with an Error in its body, or with something unreadable', () => {
    expect(kindOf(store(200, 'InternalError'), 'complete')).to.equal('again');
    expect(kindOf(store(200, 'NoSuchUpload'), 'complete')).to.equal('gone');
    expect(kindOf(store(200), 'complete')).to.equal('again');
  });

  it('tells a busy store from a broken one', () => {
    for (const fault of [store(503), store(429), store(503, 'SlowDown'), store(200, 'SlowDown')])
      expect(classifyFailure(fault, 'part')).to.include({ kind: 'again', busy: true });
    expect(classifyFailure(store(500), 'part')).to.include({ kind: 'again', busy: false });
  });

  it('asks for a new signature on any 403, without counting those that merely grew old', () => {
    expect(classifyFailure(store(403, 'SignatureDoesNotMatch'), 'part')).to.include({ kind: 'resign', passing: false });
    expect(classifyFailure(store(403), 'head')).to.include({ kind: 'resign', passing: false });
    expect(classifyFailure(store(403, 'AccessDenied', 'Request has expired'), 'part')).to.include({ passing: true });
    for (const code of ['ExpiredToken', 'RequestTimeTooSkewed', 'RequestExpired'])
      expect(classifyFailure(store(400, code), 'part'), code).to.include({ kind: 'resign', passing: true });
  });

  it('takes any 404 for a multipart upload that is gone, but for create and head', () => {
    for (const phase of ['part', 'list', 'complete', 'abort'] as const)
      expect(kindOf(store(404, 'NoSuchKey'), phase), phase).to.equal('gone');
    expect(kindOf(store(404), 'head')).to.equal('final');
    expect(kindOf(store(404), 'create')).to.equal('final');
    expect(kindOf(store(404, 'NoSuchBucket')), 'no bucket will come from waiting').to.equal('final');
  });

  it('looks whether a 412 is this very object', () => {
    expect(kindOf(store(412, 'PreconditionFailed'))).to.equal('exists');
    expect(kindOf(store(412), 'complete')).to.equal('exists');
  });

  it('begins afresh on a conflict of Complete', () => {
    expect(kindOf(store(409, 'ConditionalRequestConflict'), 'complete')).to.equal('restart');
  });

  it('looks at the list again when the parts are in doubt', () => {
    for (const code of ['InvalidPart', 'InvalidPartOrder', 'EntityTooSmall'])
      expect(kindOf(store(400, code), 'complete')).to.equal('relist');
  });

  it('is final for what no repetition mends', () => {
    expect(classifyFailure(store(400, 'EntityTooLarge', 'too much'), 'part')).to.deep.include({
      kind: 'final',
      code: 'too-large',
    });
    for (const fault of [store(400, 'InvalidArgument'), store(405), store(501), store(301)])
      expect(classifyFailure(fault, 'part')).to.deep.include({ kind: 'final', code: 'store-refused' });
  });
});

describe('what the signer’s answer means', () => {
  const signer = (status: number, code: string | null): SignerFault => new SignerFault(status, code, 'why');

  it('is to wait for the page on 401, and on 403 unauthorized', () => {
    expect(kindOf(signer(401, null))).to.equal('unauthorized');
    expect(kindOf(signer(401, 'whatever'))).to.equal('unauthorized');
    expect(kindOf(signer(403, 'unauthorized'))).to.equal('unauthorized');
  });

  it('is to renew on 403 grant-expired', () => {
    expect(kindOf(signer(403, 'grant-expired'))).to.equal('renew');
  });

  it('is to try again on silence, on what is not JSON, and on what passes', () => {
    for (const fault of [signer(0, null), signer(404, null), signer(200, null), signer(403, null)])
      expect(kindOf(fault)).to.equal('again');
    for (const status of [408, 425, 429, 500, 503]) expect(kindOf(signer(status, 'x'))).to.equal('again');
  });

  it('is final for every other refusal, in its own words', () => {
    const verdict = classifyFailure(signer(403, 'too-large'), 'init');
    expect(verdict).to.include({ kind: 'final', code: 'signer-refused', status: 403 });
    expect(verdict.kind === 'final' && verdict.message).to.contain('why');
  });
});

describe('what else can fail', () => {
  it('is tried again where no answer came, and told apart where nothing moved', () => {
    expect(classifyFailure(new TransportFault('network', 'cut', 'PUT', 'https://s'), 'part')).to.include({
      kind: 'again',
      stalled: false,
    });
    expect(classifyFailure(new TransportFault('stalled', 'still', 'PUT', 'https://s'), 'part')).to.include({
      stalled: true,
    });
  });

  it('keeps an error of ours as it is', () => {
    expect(classifyFailure(new UploadError('file-changed', 'changed'), 'part')).to.deep.equal({
      kind: 'final',
      code: 'file-changed',
      status: 0,
      message: 'changed',
    });
  });

  it('does not hide a fault in the code', () => {
    expect(() => classifyFailure(new TypeError('a bug'), 'part')).to.throw(TypeError, 'a bug');
  });
});
