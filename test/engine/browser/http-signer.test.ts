import { expect } from '@open-wc/testing';
import { systemClock } from '../../../src/engine/util/timing.js';
import { SignerFault, UploadError } from '../../../src/engine/api/errors.js';
import { actionUrl, HttpSigner } from '../../../src/engine/browser/http-signer.js';
import type { UploaderOptions } from '../../../src/engine/api/types.js';

const HERE = new URL('.', import.meta.url).href;
const call = (options: UploaderOptions, signal?: AbortSignal): Promise<unknown> =>
  new HttpSigner(() => options, systemClock).call('get_head_signature', { key: 'k' }, signal);
const failureOf = (options: UploaderOptions, signal?: AbortSignal): Promise<unknown> =>
  call(options, signal).then(
    () => 'no failure',
    (error: unknown) => error,
  );

describe('the URL of an action', () => {
  it('lies below the base, with or without a slash at its end', () => {
    for (const signer of ['/sign', '/sign/', '/sign//'])
      expect(actionUrl('chunk_loaded', { signer })).to.equal('/sign/chunk_loaded');
  });

  it('is its own where the page gave one, and none where that is empty', () => {
    const options = { signer: '/sign', urls: { chunk_loaded: '', get_init_signature: '/other' } };
    expect(actionUrl('chunk_loaded', options)).to.equal(null);
    expect(actionUrl('get_init_signature', options)).to.equal('/other');
    expect(actionUrl('get_end_signature', options)).to.equal('/sign/get_end_signature');
    expect(actionUrl('get_end_signature', {})).to.equal(null);
  });
});

describe('a call over HTTP', () => {
  it('is a fault that passes where nothing answers, or what answers is no signer', async () => {
    expect(await failureOf({ signer: 'http://127.0.0.1:65533/' }))
      .to.be.instanceOf(SignerFault)
      .and.include({
        status: 0,
        code: null,
      });
    expect(await failureOf({ signer: HERE }))
      .to.be.instanceOf(SignerFault)
      .and.include({ status: 404, code: null });
  });

  it('is a word to the page where it set no signer', async () => {
    expect(await failureOf({}))
      .to.be.instanceOf(UploadError)
      .and.include({ code: 'no-signer' });
  });

  it('is a fault that passes where the page’s headers cannot be had', async () => {
    const headers = (): Promise<never> => Promise.reject(new Error('no token yet'));
    expect(await failureOf({ signer: HERE, headers }))
      .to.be.instanceOf(SignerFault)
      .and.include({ status: 0 });
  });

  it('ends with its signal, for the signal’s own reason', async () => {
    const reason = new Error('paused');
    const controller = new AbortController();
    const during = failureOf({ signer: HERE }, controller.signal);
    controller.abort(reason);
    expect(await during).to.equal(reason);
    expect(await failureOf({ signer: HERE }, AbortSignal.abort(reason))).to.equal(reason);
  });
});

describe('a call to the page’s own function', () => {
  it('gets action and body, and gives the answer', async () => {
    const answer = { time: 0, method: 'HEAD', url: 'https://store.test/k' };
    const calls: unknown[] = [];
    const sign: UploaderOptions['sign'] = (action, body) => {
      calls.push([action, body]);
      return answer;
    };
    expect(await call({ sign, signer: '/never' })).to.equal(answer);
    expect(calls).to.deep.equal([['get_head_signature', { key: 'k' }]]);
  });

  it('passes refusals on, and takes anything else that is thrown for a fault that passes', async () => {
    const thrown = async (error: Error): Promise<unknown> => failureOf({ sign: () => Promise.reject(error) });
    const refusal = new SignerFault(403, 'grant-expired', 'old');
    const verdict = new UploadError('signer-refused', 'no');
    expect(await thrown(refusal)).to.equal(refusal);
    expect(await thrown(verdict)).to.equal(verdict);
    expect(await thrown(new TypeError('oops')))
      .to.be.instanceOf(SignerFault)
      .and.include({ status: 0, code: null });
  });
});
