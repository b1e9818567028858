import { DEFAULT_PART_SIZE } from '../../limits.js';
import { hasSameLayout } from '../model/session.js';
import { RestartRequired } from '../network/restart-required.js';
import { readInit } from '../signing/init-answer.js';
import type { FirstRequest } from '../signing/init-answer.js';
import { isFresh } from '../model/signature.js';
import type { Signature } from '../model/signature.js';
import { unlessAborted } from '../util/abort.js';
import type { TransferContext } from './context.js';
import { sendSigned, timeoutsOf } from './signed-requests.js';

/** Opens the session of an upload: asks the signer where to send the file, and creates the multipart upload. */
export class SessionOpener {
  readonly #context: TransferContext;
  #firstRequest: FirstRequest | null = null;
  /** The pending CreateMultipartUpload. Its answer is recorded even if the upload is paused or aborted meanwhile. */
  #creation: Promise<void> | null = null;

  constructor(context: TransferContext) {
    this.#context = context;
  }

  get firstRequest(): FirstRequest | null {
    return this.#firstRequest;
  }

  /** Forgets the first request; the next `open()` asks the signer for another one. */
  reset(): void {
    this.#firstRequest = null;
  }

  /** Resolves when no CreateMultipartUpload is pending. */
  async awaitCreation(): Promise<void> {
    await this.#creation?.catch(() => {});
  }

  /** @returns whether to send the file in a single request or in parts */
  async open(signal: AbortSignal): Promise<'single-request' | 'parts'> {
    await this.awaitCreation();
    if (!this.#context.record.session) await this.#init(signal);
    if (this.#firstRequest?.kind === 'create' && !this.#context.session.uploadId) await this.#create(signal);
    return this.#isSingleRequest ? 'single-request' : 'parts';
  }

  /** Returns the signature of the first request. If it has expired, requests another one for the same key. */
  async signature(): Promise<Signature> {
    const { services, record, session } = this.#context;
    const firstRequest = this.#firstRequest as FirstRequest & { signature: Signature };
    if (!this.#context.isFirstRequestRejected && isFresh(firstRequest.signature, services.clock))
      return firstRequest.signature;
    const answer = readInit(await services.inits.ask(record), record.facts.size);
    const newRequest = answer.firstRequest;
    if (
      newRequest.kind !== firstRequest.kind
      || !('signature' in newRequest)
      || !hasSameLayout(answer.session, session)
    )
      throw new RestartRequired('restart', 'the signer now asks for another kind of request');
    // an answer to a stopped run must not replace what the current run or another session uses
    if (this.#firstRequest === firstRequest) {
      session.grant = answer.session.grant;
      this.#firstRequest = newRequest;
      this.#context.isFirstRequestRejected = false;
    }
    return newRequest.signature;
  }

  get #isSingleRequest(): boolean {
    return this.#firstRequest?.kind === 'put' || this.#firstRequest?.kind === 'post';
  }

  async #init(signal: AbortSignal): Promise<void> {
    const context = this.#context;
    const { services, record, retries } = context;
    const { size } = record.facts;
    await retries.retry('init', null, signal, async () => {
      const reply = await services.inits.ask(record);
      const { session, firstRequest } = readInit(reply, size);
      // an upload that the signer has begun is kept, so that it can be resumed or aborted
      if (firstRequest.kind !== 'known' || record.hasFormerOwner) signal.throwIfAborted();
      // the answer to another run came first, or this upload continues that of another tab
      if (record.session) return;
      context.setSession(session);
      this.#firstRequest = firstRequest;
      context.isFirstRequestRejected = false;
      // if parts have checksums, their signatures must include these, so the first window cannot be used
      if (firstRequest.kind === 'known' && firstRequest.firstWindow && !session.checksum)
        context.signatures.addWindow(firstRequest.firstWindow, reply.requestedAt);
      // a request that takes seconds is listed after a reload, although nothing of it is stored
      const isLong = this.#isSingleRequest && size > DEFAULT_PART_SIZE;
      if (session.uploadId || isLong) context.report({ type: 'session-changed' });
    });
    signal.throwIfAborted();
    retries.recordSuccess();
    record.wantsFreshStart = false;
    record.recovered ||= context.session.inherited;
    context.report({ type: 'session-opened' });
  }

  async #create(signal: AbortSignal): Promise<void> {
    const context = this.#context;
    const { services, session, retries } = context;
    const { lifetime, s3 } = services;
    await retries.retry('create', null, signal, ({ stalls }) => {
      // the request is not aborted with the upload, because its answer is needed to resume or abort the multipart upload
      this.#creation ??= sendSigned(
        context,
        0,
        lifetime,
        async () => ({ signature: await this.signature() }),
        ({ signature }) => s3.createMultipartUpload(signature, timeoutsOf(context, stalls, lifetime)),
      )
        .then((uploadId) => {
          session.uploadId = uploadId;
          if (session !== context.record.session) return;
          context.setSession(session);
          context.report({ type: 'session-changed' });
        })
        .finally(() => {
          this.#creation = null;
        });
      return unlessAborted(signal, this.#creation);
    });
    retries.recordSuccess();
    if (session.tracked) context.notifier?.started();
  }
}
