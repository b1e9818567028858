import { expect } from '@open-wc/testing';
import { systemClock } from '../../../src/engine/browser/system-clock.js';
import { SignerFault, UploadError } from '../../../src/engine/api/errors.js';
import { HttpSigner } from '../../../src/engine/browser/http-signer.js';
import type { UploaderOptions } from '../../../src/engine/api/types.js';
import type { Action } from '../../../src/protocol.js';
import { FakeClock } from '../fake-clock.js';

const HERE = new URL('.', import.meta.url).href;
const call = (options: UploaderOptions, signal?: AbortSignal): Promise<unknown> =>
  new HttpSigner(() => options, systemClock).call('get_head_signature', { key: 'k' }, signal);
const failureOf = (options: UploaderOptions, signal?: AbortSignal): Promise<unknown> =>
  call(options, signal).then(
    () => 'no failure',
    (error: unknown) => error,
  );

describe('a call of the sign function', () => {
  const neverSettles = (): Promise<never> => new Promise(() => {});

  it('is a transient fault if the function does not settle', async () => {
    const clock = new FakeClock();
    const signer = new HttpSigner(() => ({ sign: neverSettles }), clock);
    const failure = signer.call('get_head_signature', { key: 'k' }).catch((error: unknown) => error);
    await clock.advance(30_000);
    expect(await failure)
      .to.be.instanceOf(SignerFault)
      .and.include({ status: 0 });
  });

  it('ends when its signal aborts', async () => {
    const controller = new AbortController();
    const failure = failureOf({ sign: neverSettles }, controller.signal);
    controller.abort(new TypeError('over'));
    expect(String(await failure)).to.equal('TypeError: over');
  });
});

describe('a call over HTTP', () => {
  it('is a transient fault if nothing answers, or something that is not a signer', async () => {
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

  it('is a final error if the page set no signer', async () => {
    expect(await failureOf({}))
      .to.be.instanceOf(UploadError)
      .and.include({ code: 'no-signer' });
  });

  it('is a transient fault if the headers function rejects', async () => {
    const headers = (): Promise<never> => Promise.reject(new Error('no token yet'));
    expect(await failureOf({ signer: HERE, headers }))
      .to.be.instanceOf(SignerFault)
      .and.include({ status: 0 });
  });

  it('names the headers function of the page if it fails, and does not examine the signer', async () => {
    const { fetch } = window;
    const requests: string[] = [];
    window.fetch = (_url, init) => {
      requests.push(init!.method!);
      return Promise.resolve(new Response());
    };
    try {
      const failures = [
        () => Promise.reject(new Error('no token yet')),
        () => Promise.reject(new TypeError('offline')),
      ];
      for (const headers of failures) {
        const signer = new HttpSigner(() => ({ signer: HERE, headers }), systemClock);
        // after two failures in a row, the signer would be examined
        for (let calls = 0; calls < 3; calls++) {
          const fault = await signer.call('get_head_signature', { key: 'k' }).catch((error: unknown) => error);
          expect(fault).to.be.instanceOf(SignerFault).and.include({ status: 0, code: null, kind: null });
          expect((fault as SignerFault).message).to.contain("the page's headers function failed");
        }
      }
      expect(requests).to.deep.equal([]);
    } finally {
      window.fetch = fetch;
    }
  });

  it('is aborted by its signal, and rejects with the signal’s reason', async () => {
    const reason = new Error('paused');
    const controller = new AbortController();
    const during = failureOf({ signer: HERE }, controller.signal);
    controller.abort(reason);
    expect(await during).to.equal(reason);
    expect(await failureOf({ signer: HERE }, AbortSignal.abort(reason))).to.equal(reason);
  });
});

describe('a notification', () => {
  const notificationsOf = (count: number, grantLength: number) => ({
    uploads: Array.from({ length: count }, (_, index) => ({
      key: `${index}`,
      upload_id: '',
      grant: 'g'.repeat(grantLength),
      chunks: [],
    })),
  });

  /** Calls with several bodies at once, and returns which requests used `keepalive`. */
  async function usesKeepalive(action: Action, bodies: readonly object[]): Promise<boolean[]> {
    const { fetch } = window;
    const keepalive: boolean[] = [];
    window.fetch = (_url, init) => {
      keepalive.push(init!.keepalive!);
      return Promise.resolve(Response.json({}));
    };
    try {
      const signer = new HttpSigner(() => ({ signer: HERE }), systemClock);
      for (let round = 0; round < 2; round++)
        await Promise.all(bodies.map((body) => signer.call(action, body as never)));
      return keepalive;
    } finally {
      window.fetch = fetch;
    }
  }

  it('uses keepalive, so that it is delivered when the page is left, for 64 KiB at the same time', async () => {
    expect(await usesKeepalive('get_head_signature', [{ key: 'k' }])).to.deep.equal([false, false]);
    expect(await usesKeepalive('chunk_loaded', notificationsOf(1, 400).uploads)).to.deep.equal([true, true]);
    const pattern = [true, false, true];
    const bodies = [notificationsOf(100, 400), notificationsOf(100, 400), notificationsOf(20, 100)];
    expect(await usesKeepalive('chunks_loaded', bodies)).to.deep.equal([...pattern, ...pattern]);
  });
});

describe('a call to the page’s sign function', () => {
  it('receives action and body, and returns the answer', async () => {
    const answer = { time: 0, method: 'HEAD', url: 'https://store.test/k' };
    const calls: unknown[] = [];
    const sign: UploaderOptions['sign'] = (action, body) => {
      calls.push([action, body]);
      return answer;
    };
    expect(await call({ sign, signer: '/never' })).to.equal(answer);
    expect(calls).to.deep.equal([['get_head_signature', { key: 'k' }]]);
  });

  it('rejects with the refusal that it throws; any other error is a transient fault', async () => {
    const thrown = async (error: Error): Promise<unknown> => failureOf({ sign: () => Promise.reject(error) });
    const refusal = new SignerFault(403, 'grant-expired', 'old');
    const finalError = new UploadError('signer-refused', 'no');
    expect(await thrown(refusal)).to.equal(refusal);
    expect(await thrown(finalError)).to.equal(finalError);
    expect(await thrown(new TypeError('oops')))
      .to.be.instanceOf(SignerFault)
      .and.include({ status: 0, code: null });
  });
});
