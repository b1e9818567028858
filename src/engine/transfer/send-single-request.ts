import { DEFAULT_PART_SIZE } from '../../limits.js';
import { StoreFault, TransportFault } from '../api/errors.js';
import { DigestRefusals } from '../integrity/digest-refusals.js';
import type { ObjectChecksum } from '../model/upload-record.js';
import { RestartRequired } from '../network/restart-required.js';
import type { Attempt, OnConnectionLost } from '../network/attempt.js';
import { MAX_SINGLE_REQUEST_MS } from '../network/throughput.js';
import { hasSignedChecksum } from '../s3/client.js';
import type { Signature } from '../model/signature.js';
import { withChildController } from '../util/abort.js';
import type { TransferContext } from './context.js';
import type { CreationOutcome } from './creation-outcome.js';
import { objectChecksumOf } from './object-checksum.js';
import type { SessionOpener } from './open-session.js';
import { sendSigned, timeoutsOf } from './signed-requests.js';
import type { PreparedRequest } from './signed-requests.js';
import { requestBodyOf } from './single-request-body.js';
import type { RequestBody } from './single-request-body.js';

/** Sends a file in a single request: a small file, or one that takes seconds on a fast and steady connection. */
export class SingleRequestSender {
  readonly #context: TransferContext;
  readonly #opener: SessionOpener;
  readonly #outcome: CreationOutcome;
  readonly #onConnectionLost: OnConnectionLost;
  /** Whether a single request for a large file has failed. */
  #hasFailed = false;
  /** Whether the signer was asked for parts; it may still answer with a single request. */
  #hasRequestedParts = false;

  constructor(
    context: TransferContext,
    opener: SessionOpener,
    outcome: CreationOutcome,
    onConnectionLost: OnConnectionLost,
  ) {
    this.#context = context;
    this.#opener = opener;
    this.#outcome = outcome;
    this.#onConnectionLost = onConnectionLost;
  }

  /**
   * Sends the file until it is stored.
   * @throws RestartRequired `smaller` if the connection is slower than it was
   */
  async send(signal: AbortSignal): Promise<void> {
    const context = this.#context;
    const { session, checks, record, retries, services } = context;
    const { table } = session;
    let wasVerified = false;
    let hasRequestedSignature = false;
    const refusals = new DigestRefusals(record.facts.name, () => {
      checks?.values?.forget(1);
      record.checksum = null;
      hasRequestedSignature = false;
    });
    const sendOnce = async (attempt: Attempt): Promise<string> => {
      if (this.#hasFailed && !this.#hasRequestedParts) throw this.#requestParts('a single request did not succeed');
      const checksum = await objectChecksumOf(context, signal);
      const isPost = this.#opener.firstRequest?.kind === 'post';
      if (checksum && !isPost && !hasRequestedSignature && !this.#isSignedWith(checksum)) {
        // init signs the value, by the algorithm that it chose
        hasRequestedSignature = true;
        record.checksum = checksum;
        context.isFirstRequestRejected = true;
      }
      const prepare = async (): Promise<PreparedRequest & { body: RequestBody }> => {
        const signature = await this.#opener.signature();
        // the file is read before the request occupies a slot
        return { signature, body: await this.#bodyOf(signature, checksum) };
      };
      return sendSigned(context, record.facts.size, signal, prepare, ({ signature, body }) => {
        wasVerified = checksum !== null && (isPost || hasSignedChecksum(signature));
        const headers = body.headers && { ...signature.headers, ...body.headers };
        return this.#outcome.watch(this.#put({ ...signature, ...(headers && { headers }) }, body, attempt, signal));
      });
    };
    table.startNext();
    const etag = await retries.retry(
      'part',
      1,
      signal,
      async (attempt) => {
        try {
          return await sendOnce(attempt);
        } catch (error) {
          table.recordProgress(1, 0);
          refusals.record(error);
          const isLost = error instanceof TransportFault || (error instanceof StoreFault && error.status >= 500);
          if (isLost && this.#couldBeParts) {
            this.#hasFailed = true;
            services.throughput.recordFailure();
          }
          throw error;
        }
      },
      this.#onConnectionLost,
    );
    table.markStored(1, etag);
    retries.recordSuccess();
    services.scheduler.recordSuccess();
    checks?.recordSent(1, etag, wasVerified);
  }

  /** Whether the file is sent in one request only because the connection was measured to be fast enough. */
  get #couldBeParts(): boolean {
    const { services, record } = this.#context;
    const { partSize } = services.settings.options;
    return partSize === 'auto' && record.facts.size > DEFAULT_PART_SIZE && !this.#hasRequestedParts;
  }

  /** Returns a restart in parts, because a failure on a slow or unsteady connection then loses less. */
  #requestParts(reason: string): RestartRequired {
    this.#hasRequestedParts = true;
    return new RestartRequired('smaller', reason);
  }

  #put(signature: Signature, { body }: RequestBody, attempt: Attempt, signal: AbortSignal): Promise<string> {
    const context = this.#context;
    const { s3, clock, throughput, scheduler } = context.services;
    const { size } = context.record.facts;
    const { table } = context.session;
    const sentAt = clock.monotonic();
    const isAlone = (): boolean => scheduler.inFlight === 1;
    const wasAlone = isAlone();
    /**
     * Progress when all bytes should have been sent. Speed is measured from then on, because buffers accept the first bytes
     * at any speed.
     */
    let overdue: { time: number; loaded: number } | null = null;
    return withChildController(signal, async (controller) => {
      const onProgress = (loaded: number): void => {
        table.recordProgress(1, loaded);
        context.report({ type: 'progress' });
        const time = clock.monotonic() - sentAt;
        if (time < MAX_SINGLE_REQUEST_MS || !this.#couldBeParts) return;
        overdue ??= { time, loaded };
        // speed of the whole connection, which other requests may share
        const bytesPerMs = (scheduler.inFlight * (loaded - overdue.loaded)) / (time - overdue.time);
        const isMeasured = time - overdue.time >= MAX_SINGLE_REQUEST_MS;
        if (!isMeasured || size - loaded <= bytesPerMs * MAX_SINGLE_REQUEST_MS) return;
        throughput.recordFailure();
        controller.abort(this.#requestParts('the connection has become too slow for a single request'));
      };
      const etag = await s3.uploadBody(
        signature,
        body,
        timeoutsOf(context, attempt.stalls, controller.signal),
        onProgress,
      );
      if (wasAlone && isAlone()) throughput.recordSingleRequest(size, clock.monotonic() - sentAt);
      return etag;
    });
  }

  /** Whether the first request is signed with exactly that checksum. */
  #isSignedWith({ algorithm, value }: ObjectChecksum): boolean {
    const { firstRequest } = this.#opener;
    const { headers = {} } = firstRequest && 'signature' in firstRequest ? firstRequest.signature : {};
    return headers[`x-amz-checksum-${algorithm}`] === value;
  }

  /** Returns the body of the request: the file without a type, or a form with the fields of a POST policy. */
  async #bodyOf({ method, url, headers = {} }: Signature, checksum: ObjectChecksum | null): Promise<RequestBody> {
    const { session, record, services } = this.#context;
    const { firstRequest } = this.#opener;
    const header = checksum && { [`x-amz-checksum-${checksum.algorithm}`]: checksum.value };
    const fields = firstRequest?.kind === 'post' ? { ...firstRequest.fields, key: session.key, ...header } : null;
    try {
      return await requestBodyOf(record.file!, fields, headers, (file) => services.smallFiles.take(file));
    } catch {
      // reported as a lost connection: the failure handler then checks whether the file can be read
      throw new TransportFault('network', 'the file could not be read', method, url);
    }
  }
}
