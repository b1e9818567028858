import { DEFAULT_PART_SIZE } from '../../limits.js';
import { withChildController } from '../util/abort.js';
import type { SignedRequests } from './signed-requests.js';
import { DigestRefusals } from '../integrity/digest-refusals.js';
import { StoreFault, TransportFault } from '../api/errors.js';
import type { SessionOpener } from './open-session.js';
import { MAX_SINGLE_REQUEST_MS } from '../network/throughput.js';
import { RestartRequired } from '../network/retry-loop.js';
import type { RetryLoop, Attempt } from '../network/retry-loop.js';
import type { Session } from '../model/session.js';
import type { Signature } from '../model/signature.js';
import { isVerified } from '../s3/client.js';
import type { TransferHost } from './transfer-host.js';
import type { UploadSnapshot } from '../api/types.js';
import { requestBodyOf } from './single-request-body.js';
import type { RequestBody } from './single-request-body.js';
import type { ObjectChecksum } from './object-checksum.js';

/** What became of a whole file. */
export interface SentObject {
  readonly etag: string;
  /** By which the store was made to verify it; null where it was not. */
  readonly checksum: UploadSnapshot['checksum'];
}

/** Sends a file by one request: a small one, or one that a steady line carries in seconds. */
export class SingleRequestSender {
  readonly #host: TransferHost;
  readonly #retrier: RetryLoop;
  readonly #carrier: SignedRequests;
  readonly #lease: SessionOpener;
  readonly #checks: ObjectChecksum;
  /** Whether a request with all of the file has failed. */
  #hasFailed = false;
  /** Whether parts were called for, which the signer may not have granted. */
  #hasGivenUp = false;

  constructor(
    host: TransferHost,
    retrier: RetryLoop,
    carrier: SignedRequests,
    lease: SessionOpener,
    checks: ObjectChecksum,
  ) {
    this.#host = host;
    this.#retrier = retrier;
    this.#carrier = carrier;
    this.#lease = lease;
    this.#checks = checks;
  }

  /**
   * Sends it until it is stored.
   * @param sendAll notes what becomes of the request that makes the object
   * @throws Detour `smaller` where the line is not what it was taken for
   */
  async send(
    session: Session,
    signal: AbortSignal,
    sendAll: <T>(sending: Promise<T>) => Promise<T>,
  ): Promise<SentObject> {
    const { table, checks } = session;
    const { size } = this.#host;
    let wasVerified = false;
    let hasAsked = false;
    const refusals = new DigestRefusals(this.#host.name, () => {
      checks?.values?.forget(1);
      this.#host.checksum = null;
      hasAsked = false;
    });
    table.startNext();
    const etag = await this.#retrier.retry('part', 1, signal, async (trial) => {
      if (this.#hasFailed && !this.#hasGivenUp) throw this.#goInParts('all at once did not get through');
      let whole: RequestBody;
      try {
        const checksum = await this.#checks.whole(session, signal);
        const isPosted = this.#lease.opening?.kind === 'post';
        if (checksum && !isPosted && !hasAsked && !this.#isSignedWith(checksum)) {
          // init has to be told the value by the algorithm that it chose
          hasAsked = true;
          this.#host.checksum = checksum;
          this.#lease.invalidateFirstRequest();
        }
        return await this.#carrier.sendSigned(
          size,
          signal,
          async () => {
            const signature = await this.#lease.signature();
            // read before there is a lane to be held up
            whole = await this.#wholeBody(session, signature, checksum);
            return signature;
          },
          (signature) => {
            wasVerified = checksum !== null && (isPosted || isVerified(signature));
            const signed = whole.headers
              ? { ...signature, headers: { ...signature.headers, ...whole.headers } }
              : signature;
            return sendAll(this.#put(session, signed, whole, trial, signal));
          },
        );
      } catch (error) {
        table.recordProgress(1, 0);
        refusals.record(error);
        const isLost = error instanceof TransportFault || (error instanceof StoreFault && error.status >= 500);
        if (isLost && this.#isForTheLine) {
          this.#hasFailed = true;
          this.#host.line.recordFailure();
        }
        throw error;
      }
    });
    table.markStored(1, etag);
    this.#retrier.progressed();
    this.#host.scheduler.recordSuccess();
    checks?.sent(1, etag, wasVerified);
    return { etag, checksum: wasVerified ? await this.#checks.whole(session, signal) : null };
  }

  /** Whether it would have gone in parts, had the line not been known to carry it in seconds. */
  get #isForTheLine(): boolean {
    const { options, size } = this.#host;
    return options.partSize === 'auto' && size > DEFAULT_PART_SIZE && !this.#hasGivenUp;
  }

  /** One request was for the line's sake only: parts lose less. */
  #goInParts(reason: string): RestartRequired {
    this.#hasGivenUp = true;
    return new RestartRequired('smaller', reason);
  }

  #put(
    { table }: Session,
    signature: Signature,
    { body }: RequestBody,
    trial: Attempt,
    signal: AbortSignal,
  ): Promise<string> {
    const { store, clock, line, scheduler, size } = this.#host;
    const begun = clock.monotonic();
    const isAlone = (): boolean => scheduler.inFlight === 1;
    const wasAlone = isAlone();
    /** What was sent when it should have been done: buffers take in the first bytes at any speed. */
    let late: { time: number; loaded: number } | null = null;
    return withChildController(signal, async (own) => {
      const etag = await store.uploadBody(signature, body, this.#carrier.patience(trial, own.signal), (loaded) => {
        table.recordProgress(1, loaded);
        this.#host.changed();
        const time = clock.monotonic() - begun;
        if (time < MAX_SINGLE_REQUEST_MS || !this.#isForTheLine) return;
        late ??= { time, loaded };
        // of the line, which other requests may share
        const pace = (scheduler.inFlight * (loaded - late.loaded)) / (time - late.time);
        if (time - late.time < MAX_SINGLE_REQUEST_MS || size - loaded <= pace * MAX_SINGLE_REQUEST_MS) return;
        line.recordFailure();
        own.abort(this.#goInParts('the line has become too slow to send all at once'));
      });
      if (wasAlone && isAlone()) line.recordSingleRequest(size, clock.monotonic() - begun);
      return etag;
    });
  }

  /** Whether the opening's signature is of that very checksum. */
  #isSignedWith({ algorithm, value }: NonNullable<UploadSnapshot['checksum']>): boolean {
    const { opening } = this.#lease;
    const { headers = {} } = opening && 'signature' in opening ? opening.signature : {};
    return headers[`x-amz-checksum-${algorithm}`] === value;
  }

  /** An untyped Blob, or the fields of a POST policy with the file last. */
  async #wholeBody(
    { key }: Session,
    { method, url }: Signature,
    checksum: UploadSnapshot['checksum'],
  ): Promise<RequestBody> {
    const { file, smallFiles } = this.#host;
    const { opening } = this.#lease;
    const sum = checksum && { [`x-amz-checksum-${checksum.algorithm}`]: checksum.value };
    const fields = opening?.kind === 'post' ? { ...opening.fields, key, ...sum } : null;
    try {
      return await requestBodyOf(file!, fields, (small) => smallFiles.take(small));
    } catch {
      // met like a request that could not be sent: a look at the file tells the rest
      throw new TransportFault('network', 'the file could not be read', method, url);
    }
  }
}
