import type { Phase } from '../api/errors.js';
import type { assertUnchanged } from '../files/assert-unchanged.js';
import { isIdentifiedByTime, isReadWhole } from '../files/fingerprint.js';
import type { Session } from '../model/session.js';
import type { StoredResult, UploadRecord } from '../model/upload-record.js';
import type { Step, UploadObserver } from '../model/upload-report.js';
import { loadDeferredCode } from '../network/load-deferred-code.js';
import { RestartRequired } from '../network/restart-required.js';
import type { RetryLoop, RetryLoopCode } from '../network/retry-loop.js';
import type { ModuleLoader } from '../util/module-loader.js';
import type { abortFormerSession, abortUpload } from './abort-upload.js';
import type { complete } from './complete.js';
import type { ConnectionLosses } from './connection-losses.js';
import { TransferContext } from './context.js';
import { CreationOutcome } from './creation-outcome.js';
import type { listAndVerifyParts, refreshParts } from './list-parts.js';
import { objectChecksumOf } from './object-checksum.js';
import { SessionOpener } from './open-session.js';
import type { renewGrant } from './renew-grant.js';
import type { reportCompletion } from './report-completion.js';
import type { RestartResolver } from './restart.js';
import { PartSender } from './send-parts.js';
import { SingleRequestSender } from './send-single-request.js';
import type { Services } from './services.js';
import { StoredPartChecks } from './verify-parts.js';

/** The deferred code of a transfer: Complete, and the steps after a failure. */
export interface TransferCode extends RetryLoopCode {
  readonly abortFormerSession: typeof abortFormerSession;
  readonly abortUpload: typeof abortUpload;
  readonly assertUnchanged: typeof assertUnchanged;
  readonly complete: typeof complete;
  readonly ConnectionLosses: typeof ConnectionLosses;
  readonly listAndVerifyParts: typeof listAndVerifyParts;
  readonly refreshParts: typeof refreshParts;
  readonly reportCompletion: typeof reportCompletion;
  readonly renewGrant: typeof renewGrant;
  readonly RestartResolver: typeof RestartResolver;
}

/** The dependencies of a transfer. */
export interface TransferServices extends Services {
  readonly deferredCode: ModuleLoader<TransferCode>;
}

/** Maximum duration of a single request after which the file is not checked for changes. */
const MAX_UNCHECKED_REQUEST_MS = 1_000;

/** Uploads one file to S3: `run()` is the whole protocol. Every step is signed, and retried until it succeeds. */
export class Transfer {
  readonly #context: TransferContext;
  readonly #opener: SessionOpener;
  readonly #deferredCode: ModuleLoader<TransferCode>;
  readonly #outcome = new CreationOutcome();
  readonly #partSender: PartSender;
  readonly #storedParts: StoredPartChecks;
  readonly #singleRequestSender: SingleRequestSender;
  /** Null until the first connection is lost. */
  #losses: ConnectionLosses | null = null;
  /** Null until the first restart. */
  #restarts: RestartResolver | null = null;
  /** The file that a single request has sent; null after a failure, because the object may differ from the file. */
  #sentFile: File | null = null;
  #step: Step = 'starting';

  constructor(services: TransferServices, record: UploadRecord, observer: UploadObserver) {
    const context = new TransferContext(services, record, observer, (expired) =>
      // loaded, because it has handled the signer's answer
      services.deferredCode.loaded!.renewGrant(expired),
    );
    this.#context = context;
    this.#deferredCode = services.deferredCode;
    this.#opener = new SessionOpener(context);
    // called by the code that handles failures
    const onConnectionLost = (): RestartRequired | null =>
      (this.#losses ??= new this.#deferredCode.loaded!.ConnectionLosses(context)).record();
    this.#partSender = new PartSender(context, onConnectionLost);
    this.#storedParts = new StoredPartChecks(context, this.#partSender);
    this.#singleRequestSender = new SingleRequestSender(context, this.#opener, this.#outcome, onConnectionLost);
  }

  /** Runs until the object is stored, and continues after every failure that is not final. @throws UploadError */
  async run(signal: AbortSignal): Promise<StoredResult> {
    this.#context.retries.forgetFailures();
    for (let restart: RestartRequired | null = null; ;) {
      try {
        const found = restart && (await this.#resolve(restart, signal));
        return found ?? (await this.#transferOnce(signal));
      } catch (error) {
        if (!(error instanceof RestartRequired)) {
          if (!signal.aborted) this.#sentFile = null;
          throw error;
        }
        restart = error;
      }
    }
  }

  async #resolve(restart: RestartRequired, signal: AbortSignal): Promise<StoredResult | null> {
    const code = await this.#waitForCode(signal);
    this.#restarts ??= new code.RestartResolver(this.#context, this.#outcome, (abortsFormer) =>
      this.#startOver(code, abortsFormer),
    );
    return this.#restarts.resolve(restart, this.#phase, signal);
  }

  /** Runs every step from the first to the last, except steps that an earlier run has completed. */
  async #transferOnce(signal: AbortSignal): Promise<StoredResult> {
    this.setStep('starting');
    const sendMode = await this.#opener.open(signal);
    await this.#storedParts.open(sendMode === 'parts', signal);
    this.setStep('uploading');
    if (sendMode === 'single-request') return this.#sendSingleRequest(signal);
    await this.#sendParts(signal);
    this.setStep('finishing');
    await this.#checkFileUnchanged(signal);
    const { complete } = await this.#waitForCode(signal);
    return complete(this.#context, this.#storedParts, this.#outcome, signal);
  }

  /** Sends the file in a single request, unless an earlier run has sent it and was stopped after the response. */
  async #sendSingleRequest(signal: AbortSignal): Promise<StoredResult> {
    const { session, checks, services, record } = this.#context;
    const { clock } = services;
    const { table } = session;
    const { file } = record;
    const isSent = table.isStored(1) && this.#sentFile === file;
    // the file may have changed since the earlier run
    const startedAt = isSent ? -Infinity : clock.monotonic();
    if (!isSent) await this.#singleRequestSender.send(signal);
    this.#sentFile = file;
    await this.#storedParts.settled(signal);
    // a restart with another key, because the signature does not allow overwriting the object
    if (!table.isStored(1)) throw new RestartRequired('restart', 'the store holds other bytes than the file');
    if (!this.#isSentFromOneVersion(clock.monotonic() - startedAt)) await this.#checkFileUnchanged(signal);
    const [etag = ''] = table.etags();
    const integrity = checks?.evidence ?? 'unverified';
    return {
      etag,
      integrity,
      checksum: integrity === 'checksum' ? await objectChecksumOf(this.#context, signal) : null,
    };
  }

  async #sendParts(signal: AbortSignal): Promise<void> {
    const { session } = this.#context;
    if (session.needsList) {
      const { listAndVerifyParts } = await this.#waitForCode(signal);
      await listAndVerifyParts(this.#context, signal);
    }
    do {
      await this.#partSender.send(signal);
      await this.#storedParts.settled(signal);
    } while (!session.table.isComplete);
  }

  /**
   * Whether all bytes sent belong to one version of the file: it was read fast, by a browser that compares its modification
   * time when it opens it; or it was read as a whole before.
   */
  #isSentFromOneVersion(durationMs: number): boolean {
    const { file } = this.#context.record;
    return isIdentifiedByTime(file!) ? durationMs < MAX_UNCHECKED_REQUEST_MS : isReadWhole(file!);
  }

  async #checkFileUnchanged(signal: AbortSignal): Promise<void> {
    const { file, facts, fingerprint } = this.#context.record;
    const code = await this.#waitForCode(signal);
    if (fingerprint) await code.assertUnchanged(file!, facts.name, fingerprint);
  }

  /** Shows the step in the upload's status. */
  setStep(step: Step): void {
    this.#step = step;
    this.#context.report({ type: 'step', step });
  }

  /** Returns the deferred code once it is loaded; until then the upload waits for the network. */
  async #waitForCode(signal: AbortSignal): Promise<TransferCode> {
    const { retries, record } = this.#context;
    const { loaded } = this.#deferredCode;
    if (loaded) return loaded;
    const loading = loadDeferredCode(this.#deferredCode, record, this.#context, signal);
    return retries.waits.add('network', null, loading);
  }

  get #phase(): Phase {
    return this.#step === 'finishing' ? 'complete' : 'part';
  }

  // ---- Called by the upload, at any time ----

  get retries(): RetryLoop {
    return this.#context.retries;
  }

  /** The object's URL without its signature; null before the first request. */
  get location(): string | null {
    return this.#context.location;
  }

  /** Sends the pending notifications to the tracker. */
  flushNotifier(): void {
    this.#context.notifier?.flush();
  }

  /** Reports to the tracker that the object is stored. @returns the signer's receipt, or null */
  async finish(signal: AbortSignal): Promise<string | null> {
    const { notifier } = this.#context;
    if (!notifier) return null;
    // a small file does not wait for the code that repeats a failed notification
    const answer = this.#deferredCode.loaded ? undefined : await notifier.complete().catch(() => undefined);
    if (answer !== undefined) return answer?.receipt ?? null;
    const { reportCompletion } = await this.#waitForCode(signal);
    return reportCompletion(this.#context, notifier, signal);
  }

  /** Uses another session: from the journal or from another tab; null closes the session. */
  adopt(session: Session | null): void {
    if (session === this.#context.record.session) return;
    this.#context.setSession(session);
    // signatures, the first request and its outcome belong to the former session
    this.#opener.reset();
    this.#context.signatures.clear();
    this.#outcome.reset();
    this.#losses?.reset();
  }

  /** Makes the next run list the parts, because aborted requests may have stored some. */
  invalidateParts(): void {
    const { session } = this.#context.record;
    if (session?.uploadId) session.needsList = true;
  }

  /** Starts parts while there are slots. */
  startParts(): void {
    this.#partSender.startParts();
  }

  /** Lists the stored parts once, for display. @see refreshParts */
  async refreshParts(isWanted: () => boolean, signal: AbortSignal): Promise<void> {
    const { refreshParts } = await this.#deferredCode.load();
    await refreshParts(this.#context, isWanted, signal);
  }

  /**
   * Closes the session; the next run begins another one.
   * @param abortsFormer whether its multipart upload is aborted
   */
  async startOver(signal: AbortSignal, abortsFormer = true): Promise<void> {
    const code = await this.#waitForCode(signal);
    this.#startOver(code, abortsFormer);
  }

  /** Waits for a pending CreateMultipartUpload, then closes the session, because another tab sends this upload. */
  async withdraw(signal: AbortSignal): Promise<void> {
    await this.#opener.awaitCreation();
    // a multipart upload that the signer knew is most likely the one that the other tab uses
    await this.startOver(signal, !this.#context.record.session?.inherited);
  }

  /** Closes the session. @param abortsFormer whether to abort its multipart upload */
  #startOver(code: TransferCode, abortsFormer: boolean): void {
    const { session } = this.#context.record;
    if (abortsFormer && session?.uploadId) code.abortFormerSession(this.#context, session);
    this.adopt(null);
  }

  /** Lets the store's list contradict its answers again, because the file was replaced. */
  resetRelists(): void {
    this.#restarts?.reset();
  }

  /**
   * Aborts the multipart upload on the store.
   * @param recordAbort records in the journal that it is being aborted; called before the first request
   */
  async abort(recordAbort: () => Promise<void>, signal: AbortSignal): Promise<void> {
    await this.#opener.awaitCreation();
    if (!this.#context.canAbort) return;
    await recordAbort();
    const { abortUpload } = await this.#deferredCode.load();
    await abortUpload(this.#context, signal);
  }
}
