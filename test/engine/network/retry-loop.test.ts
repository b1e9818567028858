import { expect } from '@open-wc/testing';
import { SignerFault, StoreFault, TransportFault, UploadError } from '../../../src/engine/api/errors.js';
import { engineDefaults, Settings } from '../../../src/engine/api/options.js';
import { UploadRecord } from '../../../src/engine/model/upload-record.js';
import type { UploadObserver } from '../../../src/engine/model/upload-report.js';
import { FailureHandler } from '../../../src/engine/network/failure-handler.js';
import { isRequestLost } from '../../../src/engine/network/lost-request.js';
import { ReachabilityByOrigin } from '../../../src/engine/network/reachability-by-origin.js';
import { RetryLoop } from '../../../src/engine/network/retry-loop.js';
import { RestartRequired } from '../../../src/engine/network/restart-required.js';
import { Scheduler } from '../../../src/engine/network/scheduler.js';
import { ServerHealth } from '../../../src/engine/network/server-health.js';
import { ModuleLoader } from '../../../src/engine/util/module-loader.js';
import { FakeStore } from '../fake-store.js';
import { FakeClock } from '../fake-clock.js';
import { deny } from '../fake-signer.js';
import { fileOf, Harness } from '../harness.js';

const OBJECT_URL = 'https://store.test/a';
const FILE_PROPERTIES = { id: '1', name: 'a.bin', size: 1, type: '', lastModified: 0, relativePath: '' };

/** Creates a file whose bytes are the result of `read`. */
const fileReadBy = (read: () => Promise<ArrayBuffer>): File => ({ slice: () => ({ arrayBuffer: read }) }) as never;
const readable = fileReadBy(() => Promise.resolve(new ArrayBuffer(1)));

function setUp({ hasAcceptedSignature = false, file = readable, maxRetries = Infinity } = {}) {
  const clock = new FakeClock();
  const store = new FakeStore(clock);
  const delays: number[] = [];
  const errors: UploadError[] = [];
  const controller = new AbortController();
  const settings = new Settings({ ...engineDefaults, maxRetries });
  const health = new ServerHealth(clock);
  health.signerAnswered(clock.now(), clock.now());
  if (hasAcceptedSignature) health.storeAnswered({ method: 'HEAD', url: 'https://other.test/' }, true);
  const record = new UploadRecord(FILE_PROPERTIES, { scope: '', recoveryKey: '' }, 0);
  record.file = file;
  const observer: UploadObserver = {
    report(report) {
      if (report.type === 'retry') delays.push(report.detail.delay);
      if (report.type === 'problem') errors.push(report.error);
    },
  };
  const { signal: lifetime } = new AbortController();
  const code = { FailureHandler, isRequestLost };
  const retries = new RetryLoop(
    {
      clock,
      settings,
      health,
      scheduler: new Scheduler(clock, () => settings.options),
      reachability: new ReachabilityByOrigin(store, clock, lifetime, () => {}),
      deferredCode: new ModuleLoader(() => Promise.resolve(code), clock),
    },
    record,
    observer,
  );
  /** Runs a step that fails with each of these errors in turn, and then succeeds. */
  const retry = (...failures: unknown[]): Promise<unknown> => {
    let calls = 0;
    const act = async (): Promise<number> => {
      if (++calls <= failures.length) throw failures[calls - 1];
      return calls;
    };
    return retries.retry('part', 1, controller.signal, act).catch((error: unknown) => error);
  };
  return { clock, store, retries, delays, errors, controller, retry };
}

const repeat = <T>(count: number, item: T): T[] => Array.from({ length: count }, () => item);
const serverError = new StoreFault(500, '', '');

describe('a step that fails', () => {
  it('is retried without limit, after a backoff that doubles up to 30 s', async () => {
    const { clock, delays, retry } = setUp();
    clock.randomValue = 1;
    const outcome = retry(...repeat(100, serverError));
    await clock.advance(3_600_000);
    expect(await outcome).to.equal(101);
    expect(delays.slice(0, 8)).to.deep.equal([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
    expect(delays.at(-1)).to.equal(30_000);
  });

  it('starts with a short backoff again after a success', async () => {
    const { clock, retries, delays, retry } = setUp();
    clock.randomValue = 1;
    const outcome = retry(...repeat(9, serverError));
    await clock.advance(40_000);
    retries.recordSuccess();
    await clock.advance(120_000);
    expect(await outcome).to.equal(10);
    expect(delays.slice(-2)).to.deep.equal([500, 1_000]);
  });

  it('is retried at once when the user asks for it, and not when only the network is back', async () => {
    const { clock, retries, retry } = setUp();
    clock.randomValue = 1;
    let isOver = false;
    const outcome = retry(...repeat(3, new StoreFault(503, '', '', '3000'))).finally(() => (isOver = true));
    for (let tries = 0; tries < 3; tries++) {
      await clock.advance(0);
      retries.retryNow(false);
      await clock.advance(0);
      expect(isOver).to.be.false;
      expect(retries.waits.first).to.include({ for: 'store' });
      retries.retryNow(true);
    }
    expect(await outcome).to.equal(4);
  });

  it('ends at once when its signal aborts, during any wait', async () => {
    for (const failure of [
      serverError,
      new StoreFault(503, '', '', '3600'),
      new SignerFault(401, null, ''),
      new SignerFault(503, null, ''),
      new TransportFault('network', 'cut', 'PUT', OBJECT_URL),
    ]) {
      const { clock, store, retries, controller, retry } = setUp();
      store.isUp = false;
      const outcome = retry(failure, failure);
      await clock.advance(0);
      expect(retries.waits.isBusy, String(failure)).to.be.false;
      controller.abort();
      expect(await outcome).to.have.property('name', 'AbortError');
      expect([retries.waits.isBusy, retries.waits.count, retries.waits.first]).to.deep.equal([false, 0, null]);
    }
  });

  it('ends with an UploadError if the failure is final', async () => {
    const { retry } = setUp();
    expect(await retry(new StoreFault(400, 'InvalidArgument', 'bad')))
      .to.be.instanceOf(UploadError)
      .and.include({
        code: 'store-refused',
        phase: 'part',
        status: 400,
      });
    expect(await retry(new StoreFault(404, 'NoSuchUpload', '')))
      .to.be.instanceOf(RestartRequired)
      .and.include({ kind: 'gone' });
  });

  it('reports once that all fresh signatures are rejected as expired, and keeps retrying', async () => {
    for (const failure of [
      new StoreFault(400, 'ExpiredToken', ''),
      new StoreFault(403, 'AccessDenied', 'Request has expired'),
    ]) {
      const { clock, errors, retry } = setUp();
      const outcome = retry(...repeat(9, failure));
      await clock.advance(600_000);
      expect(await outcome, failure.code).to.equal(10);
      expect(errors.map(({ code, status, retryable }) => [code, status, retryable])).to.deep.equal([
        ['signature-rejected', failure.status, true],
      ]);
      expect(errors[0]!.message).to.contain('clock').and.to.contain('a.bin');
    }
  });

  it('does not report one or two signatures that have expired', async () => {
    const { clock, errors, retry } = setUp();
    const outcome = retry(...repeat(2, new StoreFault(403, 'RequestExpired', '')));
    await clock.advance(600_000);
    expect(await outcome).to.equal(3);
    expect(errors).to.be.empty;
  });

  it('fails after maxRetries if signatures are rejected, as after every other failure', async () => {
    for (const failure of [
      serverError,
      new StoreFault(400, 'ExpiredToken', ''),
      new StoreFault(403, 'InvalidAccessKeyId', ''),
    ]) {
      const { clock, retry } = setUp({ hasAcceptedSignature: true, maxRetries: 4 });
      const outcome = retry(...repeat(9, failure));
      await clock.advance(600_000);
      expect(await outcome, failure.code).to.include({ code: 'too-many-retries', retryable: true });
    }
    const neverAccepted = setUp({ maxRetries: 2 });
    const outcome = neverAccepted.retry(...repeat(9, new StoreFault(403, 'InvalidAccessKeyId', '')));
    await neverAccepted.clock.advance(600_000);
    expect(await outcome).to.include({ code: 'signature-rejected' });
  });

  it('checks the file first if a part got no response', async () => {
    const changed = fileReadBy(() => Promise.reject(new DOMException('', 'NotReadableError')));
    const { retry } = setUp({ file: changed });
    expect(await retry(new TransportFault('network', 'cut', 'PUT', OBJECT_URL))).to.include({ code: 'file-changed' });
  });

  it('reports a blocked store once, until a request succeeds', async () => {
    const { clock, errors, retry } = setUp();
    const outcome = retry(...repeat(9, new TransportFault('network', 'cut', 'PUT', OBJECT_URL)));
    await clock.advance(600_000);
    expect(await outcome).to.equal(10);
    expect(errors.map(({ code }) => code)).to.deep.equal(['store-blocked']);
  });

  it('renews an expired grant as often as needed, and restarts if renewing does not help', async () => {
    const grantExpired = new SignerFault(403, 'grant-expired', '');
    const unknownKeys = new StoreFault(403, 'InvalidAccessKeyId', '');
    const { clock, retry } = setUp({ hasAcceptedSignature: true });
    const outcome = retry(grantExpired, unknownKeys, grantExpired, unknownKeys, grantExpired, unknownKeys);
    await clock.advance(600_000);
    expect(await outcome).to.equal(7);
    expect(await setUp().retry(grantExpired, grantExpired))
      .to.be.instanceOf(RestartRequired)
      .and.include({ kind: 'restart' });
  });

  it('reports unauthorized at the second login page of all steps, and keeps retrying', async () => {
    const { clock, retries, errors, retry } = setUp();
    const signInPage = (): SignerFault => new SignerFault(200, null, 'a web page', null, { kind: 'sign-in' });
    const first = retry(signInPage());
    await clock.advance(0);
    expect(errors).to.be.empty;
    const second = retry(signInPage(), signInPage());
    await clock.advance(0);
    expect(errors.map(({ code, retryable }) => [code, retryable])).to.deep.equal([['unauthorized', true]]);
    // as new headers do, which cause a retry at once
    retries.authorize();
    await clock.advance(60_000);
    expect([await first, await second]).to.deep.equal([2, 3]);
    expect(errors).to.have.length(1);
  });

  it('reports at the first failure that the page’s policy blocks it, and keeps retrying', async () => {
    const { clock, store, errors, retry } = setUp();
    const outcome = retry(...repeat(4, new TransportFault('blocked', 'connect-src blocks it', 'PUT', OBJECT_URL)));
    await clock.advance(0);
    expect(errors.map(({ code }) => code)).to.deep.equal(['store-blocked']);
    await clock.advance(60_000);
    expect(await outcome).to.equal(5);
    expect([errors.length, store.probes]).to.deep.equal([1, 0]);
  });

  it('drops a request without progress only if it is overdue and the store responds', async () => {
    const { clock, store, retries, controller } = setUp();
    const isLost = (isOverdue: boolean): Promise<boolean> =>
      retries.isLost({ url: OBJECT_URL, isOverdue, ended: controller.signal });
    expect(await isLost(true)).to.be.true;
    expect(await isLost(false)).to.be.false;
    store.isUp = false;
    let outcome: boolean | null = null;
    void isLost(true).then((isDropped) => (outcome = isDropped));
    await clock.advance(60_000);
    expect(retries.waits.first).to.include({ for: 'network' });
    store.isUp = true;
    await clock.advance(3_000);
    expect(outcome, 'bytes in flight may still arrive').to.equal(null);
    await clock.advance(10_000);
    expect(outcome).to.equal(true);
    expect(retries.waits.first).to.equal(null);
  });

  it('waits minutes for a slow store, and drops the request once the store has acted', async () => {
    const { clock, retries, controller } = setUp();
    let isCarriedOut = false;
    let isLost: boolean | null = null;
    void retries
      .isLost({ url: OBJECT_URL, isOverdue: false, ended: controller.signal, isCarriedOut: async () => isCarriedOut })
      .then((result) => (isLost = result));
    await clock.advance(300_000);
    expect(isLost).to.equal(null);
    expect(retries.waits.first).to.include({ for: 'store' });
    isCarriedOut = true;
    await clock.advance(30_000);
    expect(isLost).to.equal(true);
  });

  it('reports unauthorized once for many waiting steps, and resumes all of them together', async () => {
    const { clock, retries, errors, retry } = setUp();
    const outcomes = [1, 2, 3].map(() => retry(new SignerFault(401, null, '')));
    await clock.advance(3_600_000);
    expect(errors.map(({ code }) => code)).to.deep.equal(['unauthorized']);
    retries.authorize();
    expect(await Promise.all(outcomes)).to.deep.equal([2, 2, 2]);
  });
});

describe('an upload that is paused while nobody is signed in', () => {
  it('fires the same error again if nobody is signed in when it is resumed', async () => {
    const harness = new Harness();
    const { signer, uploader } = harness;
    const upload = () => harness.uploadOf('a.bin');
    /** Waits until the signer has refused this number of calls, and the upload waits for a sign-in. */
    const refused = (calls: number): Promise<void> =>
      harness.until(
        () => signer.count('get_init_signature') === calls && upload().waitingFor === 'authorization',
        `refusal ${calls}`,
      );
    signer.always('get_init_signature', deny(401, null));
    await uploader.add([fileOf(10)]);
    await refused(1);
    uploader.pause();
    expect(upload().status).to.equal('paused');
    await uploader.resume();
    await refused(2);
    expect(upload().error).to.include({ code: 'unauthorized', retryable: true });
    expect(harness.detailsOf('mule-error').map(({ error }) => error.code)).to.deep.equal([
      'unauthorized',
      'unauthorized',
    ]);
    signer.always('get_init_signature', null);
    uploader.configure({ headers: { authorization: 'new' } });
    await harness.finished();
    expect(upload()).to.include({ status: 'complete', error: null });
  });
});
