import { DEFAULT_PART_SIZE } from '../../limits.js';
import { RestartRequired } from '../network/restart-required.js';
import { readInit } from '../signing/init-answer.js';
import type { FirstRequest } from '../signing/init-answer.js';
import { isFresh } from '../model/signature.js';
import type { Signature } from '../model/signature.js';
import { unlessAborted } from '../util/abort.js';
import type { TransferContext } from './context.js';
import { hasSameLayout } from './renew-grant.js';
import { sendSigned, timeoutsOf } from './signed-requests.js';

/** Opens the session of an upload: asks the signer where to send the file, and creates the multipart upload. */
export class SessionOpener {
  readonly #context: TransferContext;
  #firstRequest: FirstRequest | null = null;
  /** A CreateMultipartUpload under way: its answer is recorded even when the upload is paused or aborted meanwhile. */
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

  /** Resolves once no CreateMultipartUpload is under way. */
  async creationSettled(): Promise<void> {
    await this.#creation?.catch(() => {});
  }

  /** @returns how the file is to be sent */
  async open(signal: AbortSignal): Promise<'single-request' | 'parts'> {
    await this.creationSettled();
    if (!this.#context.record.session) await this.#init(signal);
    if (this.#firstRequest?.kind === 'create' && !this.#context.session.uploadId) await this.#create(signal);
    return this.#isSingleRequest ? 'single-request' : 'parts';
  }

  /** Returns the signature of the first request; asks for another one, of the same key, if it has expired. */
  async signature(): Promise<Signature> {
    const { services, record, session } = this.#context;
    const firstRequest = this.#firstRequest as FirstRequest & { signature: Signature };
    if (!this.#context.isFirstRequestRejected && isFresh(firstRequest.signature, services.clock))
      return firstRequest.signature;
    const answer = readInit(await services.inits.ask(record), record.facts.size);
    const next = answer.firstRequest;
    if (next.kind !== firstRequest.kind || !('signature' in next) || !hasSameLayout(answer.session, session))
      throw new RestartRequired('restart', 'the signer now asks for another kind of request');
    session.grant = answer.session.grant;
    this.#firstRequest = next;
    this.#context.isFirstRequestRejected = false;
    return next.signature;
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
      context.setSession(session);
      this.#firstRequest = firstRequest;
      context.isFirstRequestRejected = false;
      // signatures of parts with checksums contain these
      if (firstRequest.kind === 'known' && firstRequest.firstWindow && !session.checksum)
        context.signatures.addWindow(firstRequest.firstWindow, reply.requestedAt);
      // a request that takes seconds is listed after a reload, although nothing of it is stored
      const isLong = this.#isSingleRequest && size > DEFAULT_PART_SIZE;
      if (session.uploadId || isLong) context.report({ type: 'session-changed' });
      signal.throwIfAborted();
    });
    retries.progressed();
    record.wantsFreshStart = false;
    record.recovered ||= context.session.inherited;
    context.report({ type: 'session-opened' });
  }

  async #create(signal: AbortSignal): Promise<void> {
    const context = this.#context;
    const { services, session, retries } = context;
    const { lifetime, s3 } = services;
    await retries.retry('create', null, signal, ({ stalls }) => {
      // the store may create an upload whose request was aborted: its ID is kept, so that it can be resumed or aborted
      this.#creation ??= sendSigned(
        context,
        0,
        lifetime,
        async () => ({ signature: await this.signature() }),
        ({ signature }) => s3.createMultipartUpload(signature, timeoutsOf(context, stalls, lifetime)),
      )
        .then((uploadId) => {
          session.uploadId = uploadId;
          context.setSession(session);
          context.report({ type: 'session-changed' });
        })
        .finally(() => {
          this.#creation = null;
        });
      return unlessAborted(signal, this.#creation);
    });
    retries.progressed();
    if (session.tracked) context.notifier?.started();
  }
}
