import { expect } from '@open-wc/testing';
import { SignerFault, StoreFault, TransportFault, UploadError } from '../../../src/engine/api/errors.js';
import type { Phase } from '../../../src/engine/api/errors.js';
import { classifyFailure } from '../../../src/engine/network/classify-failure.js';

const store = (status: number, code = '', message = ''): StoreFault => new StoreFault(status, code, message);
const kindOf = (failure: unknown, phase: Phase = 'part'): string => classifyFailure(failure, phase).kind;

describe('the action for a response of the store', () => {
  it('is a retry for every transient fault', () => {
    for (const status of [408, 425, 429, 500, 502, 503, 504, 599]) expect(kindOf(store(status))).to.equal('retry');
    for (const code of ['InternalError', 'RequestTimeout', 'IncompleteBody', 'BadDigest', 'OperationAborted'])
      expect(kindOf(store(400, code)), code).to.equal('retry');
    expect(kindOf(store(409)), 'a conflict on a part').to.equal('retry');
  });

  it('is the same for a 200 with an Error document as for an error status, and a retry if the text cannot be parsed', () => {
    expect(kindOf(store(200, 'InternalError'), 'complete')).to.equal('retry');
    expect(kindOf(store(200, 'NoSuchUpload'), 'complete')).to.equal('gone');
    expect(kindOf(store(200), 'complete')).to.equal('retry');
  });

  it('distinguishes a busy store from a broken one', () => {
    for (const fault of [store(503), store(429), store(503, 'SlowDown'), store(200, 'SlowDown')])
      expect(classifyFailure(fault, 'part')).to.include({ kind: 'retry', isBusy: true });
    expect(classifyFailure(store(500), 'part')).to.include({ kind: 'retry', isBusy: false });
  });

  it('is a new signature for any 403; an expired signature does not count as rejected', () => {
    expect(classifyFailure(store(403, 'SignatureDoesNotMatch'), 'part')).to.include({
      kind: 'resign',
      isExpired: false,
    });
    expect(classifyFailure(store(403), 'head')).to.include({ kind: 'resign', isExpired: false });
    expect(classifyFailure(store(403, 'AccessDenied', 'Request has expired'), 'part')).to.include({ isExpired: true });
    for (const code of ['ExpiredToken', 'RequestTimeTooSkewed', 'RequestExpired'])
      expect(classifyFailure(store(400, code), 'part'), code).to.include({ kind: 'resign', isExpired: true });
  });

  it('is that the upload is gone for any 404, except for create and head', () => {
    for (const phase of ['part', 'list', 'complete', 'abort'] as const)
      expect(kindOf(store(404, 'NoSuchKey'), phase), phase).to.equal('gone');
    expect(kindOf(store(404), 'head')).to.equal('final');
    expect(kindOf(store(404), 'create')).to.equal('final');
    expect(kindOf(store(404, 'NoSuchBucket')), 'waiting does not create a bucket').to.equal('final');
  });

  it('is to check the existing object for a 412', () => {
    expect(kindOf(store(412, 'PreconditionFailed'))).to.equal('exists');
    expect(kindOf(store(412), 'complete')).to.equal('exists');
  });

  it('is a restart for a conflict of Complete', () => {
    expect(kindOf(store(409, 'ConditionalRequestConflict'), 'complete')).to.equal('restart');
  });

  it('is to list the parts if Complete rejects one', () => {
    for (const code of ['InvalidPart', 'InvalidPartOrder', 'EntityTooSmall'])
      expect(kindOf(store(400, code), 'complete')).to.equal('relist');
  });

  it('is final for errors that a retry cannot fix', () => {
    expect(classifyFailure(store(400, 'EntityTooLarge', 'too much'), 'part')).to.deep.include({
      kind: 'final',
      code: 'too-large',
    });
    for (const fault of [store(400, 'InvalidArgument'), store(405), store(501), store(301)])
      expect(classifyFailure(fault, 'part')).to.deep.include({ kind: 'final', code: 'store-refused' });
  });
});

describe('the action for a response of the signer', () => {
  const signer = (status: number, code: string | null): SignerFault => new SignerFault(status, code, 'why');

  it('is to wait for a sign-in on 401, and on 403 unauthorized', () => {
    expect(kindOf(signer(401, null))).to.equal('unauthorized');
    expect(kindOf(signer(401, 'whatever'))).to.equal('unauthorized');
    expect(kindOf(signer(403, 'unauthorized'))).to.equal('unauthorized');
  });

  it('is to renew the grant on 403 grant-expired', () => {
    expect(kindOf(signer(403, 'grant-expired'))).to.equal('renew');
  });

  it('is a retry without a response, without JSON, and for transient statuses', () => {
    for (const fault of [signer(0, null), signer(404, null), signer(200, null), signer(403, null)])
      expect(kindOf(fault)).to.equal('retry');
    for (const status of [408, 425, 429, 500, 503]) expect(kindOf(signer(status, 'x'))).to.equal('retry');
  });

  it('is final for every other refusal, with its message', () => {
    const action = classifyFailure(signer(403, 'too-large'), 'init');
    expect(action).to.include({ kind: 'final', code: 'signer-refused', status: 403 });
    expect(action.kind === 'final' && action.message).to.contain('why');
  });
});

describe('the action for other failures', () => {
  it('is a retry if there was no response, and says whether the request stalled', () => {
    expect(classifyFailure(new TransportFault('network', 'cut', 'PUT', 'https://s'), 'part')).to.include({
      kind: 'retry',
      isStalled: false,
    });
    expect(classifyFailure(new TransportFault('stalled', 'still', 'PUT', 'https://s'), 'part')).to.include({
      isStalled: true,
    });
  });

  it('keeps the code and message of an UploadError', () => {
    expect(classifyFailure(new UploadError('file-changed', 'changed'), 'part')).to.deep.equal({
      kind: 'final',
      code: 'file-changed',
      status: 0,
      message: 'changed',
    });
  });

  it('rethrows any other error', () => {
    expect(() => classifyFailure(new TypeError('a bug'), 'part')).to.throw(TypeError, 'a bug');
  });
});
