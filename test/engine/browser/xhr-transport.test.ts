import { expect } from '@open-wc/testing';
import { TransportFault } from '../../../src/engine/api/errors.js';
import { systemClock } from '../../../src/engine/browser/system-clock.js';
import { XhrTransport } from '../../../src/engine/browser/xhr-transport.js';
import type { StoreRequest, StoreResponse } from '../../../src/engine/ports.js';
import { fileOf } from '../harness.js';

const transport = new XhrTransport(systemClock);
/** A port on which nothing listens. */
const CLOSED = 'http://127.0.0.1:65533/';
/** The URL of this file, on the test runner's server. */
const HERE = import.meta.url;

const send = (request: Partial<StoreRequest>): Promise<StoreResponse> =>
  transport.send({
    method: 'GET',
    url: HERE,
    signal: new AbortController().signal,
    stallTimeout: 30_000,
    answerTimeout: 30_000,
    ...request,
  });
const failureOf = (request: Partial<StoreRequest>): Promise<unknown> =>
  send(request).then(
    () => 'no failure',
    (error: unknown) => error,
  );

describe('a request to the store', () => {
  it('returns status, text, and headers by names in any case', async () => {
    const response = await send({});
    expect(response.status).to.equal(200);
    expect(response.text).to.contain('a request to the store');
    expect(response.header('CONTENT-TYPE')).to.contain('javascript');
    expect(response.header('X-Nowhere')).to.equal(null);
  });

  it('returns a response with an error status, and does not reject', async () => {
    expect((await send({ url: new URL('/nowhere.bin', HERE).href })).status).to.equal(404);
  });

  it('reports upload progress', async () => {
    const body = fileOf(4 * 1_048_576);
    const reported: number[] = [];
    await send({
      method: 'PUT',
      url: new URL('/nowhere.bin', HERE).href,
      body,
      onProgress: (sent) => reported.push(sent),
    })
      // the server may close the connection without reading the body
      .catch((error: unknown) => expect(error).to.be.instanceOf(TransportFault));
    expect(reported).not.to.be.empty;
    expect(Math.max(...reported)).to.be.at.most(body.size);
  });

  it('rejects a response that is longer than any response of S3', async () => {
    // a file of 9 MB
    const failure = await failureOf({ url: new URL('/node_modules/typescript/lib/typescript.js', HERE).href });
    expect(failure).to.be.instanceOf(TransportFault).and.to.include({ kind: 'network' });
    expect((failure as TransportFault).message).to.contain('too long');
  });

  it('sends an empty body', async () => {
    expect(
      (await send({ method: 'PUT', url: new URL('/nowhere.bin', HERE).href, body: new Blob([]) })).status,
    ).to.equal(404);
  });

  it('fails with a network fault if nothing answers', async () => {
    const failure = await failureOf({ url: CLOSED });
    expect(failure).to.be.instanceOf(TransportFault).and.to.include({ kind: 'network', method: 'GET', url: CLOSED });
  });

  it('fails with a stalled fault if no response arrives in time', async () => {
    expect(await failureOf({ answerTimeout: 0 }))
      .to.be.instanceOf(TransportFault)
      .and.to.include({ kind: 'stalled' });
  });

  it('is aborted by its signal, and rejects with the signal’s reason', async () => {
    const reason = new Error('paused');
    const controller = new AbortController();
    const before = failureOf({ signal: AbortSignal.abort(reason) });
    const during = failureOf({ signal: controller.signal });
    controller.abort(reason);
    expect([await before, await during]).to.deep.equal([reason, reason]);
  });

  it('sends the signed headers', async () => {
    const response = await send({ headers: { Range: 'bytes=0-3', Accept: 'text/plain' } });
    expect(response.status).to.be.oneOf([200, 206]);
  });
});

describe('the probe', () => {
  const { signal } = new AbortController();

  it('is true for any response', async () => {
    expect(await transport.probe(HERE, signal)).to.be.true;
    expect(await transport.probe(new URL('/nowhere', HERE).href, signal)).to.be.true;
  });

  it('is false if nothing answers, and when aborted', async () => {
    expect(await transport.probe(CLOSED, signal)).to.be.false;
    const controller = new AbortController();
    const stopped = transport.probe(HERE, controller.signal);
    controller.abort();
    expect(await stopped).to.be.false;
  });
});
