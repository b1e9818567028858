import { MIB } from '../../limits.js';
import type { InitAnswer, InitRequest } from '../../protocol.js';
import type { ChecksumService } from '../integrity/checksum-service.js';
import type { UploadRecord } from '../model/upload-record.js';
import type { Scheduler } from '../network/scheduler.js';
import type { ServerHealth } from '../network/server-health.js';
import type { ThroughputEstimator } from '../network/throughput.js';
import { invalidAnswer, SignerFault } from '../api/errors.js';
import type { Settings } from '../api/options.js';
import { isTransient } from '../util/http-status.js';
import { momentOf } from '../model/signature.js';
import type { InitReply } from './init-answer.js';
import { initFileOf } from './init-request.js';
import type { Clock, SignerPort } from '../ports.js';

/** Maximum number of files in one call, until the signer names another. */
const DEFAULT_MAX_FILES = 100;
/** Maximum number of files in one call, also if the signer allows more. */
const MAX_FILES = 500;
/** Maximum number of files in the first call: every upload waits for it, and each file has to be read before it. */
const FIRST_CALL_FILES = 20;
/** Approximate maximum of the bytes of the files in one call: its signatures must not expire before the files are sent. */
const MAX_CALL_BYTES = 512 * MIB;
/** With this many unused answers or fewer, the next call is made ahead of time. While files are added, it waits for as many. */
const LOW_WATERMARK = 40;
/** With this many unused answers or fewer, that call does not wait for more files. */
const FEW_ANSWERS = 8;
/** Maximum number of files that are prepared at the same time. */
const MAX_PREPARING = 20;

/** HTTP statuses that do not depend on the files in the call. */
const FILE_INDEPENDENT_STATUSES = new Set([401, 408, 429]);
/** Failed calls for several files after which each file gets its own call. */
const MAX_SHARED_FAILURES = 2;

/** The uploads that need an init call soon. */
export interface InitQueue {
  /** Returns the uploads that have just started, then the queued small files. */
  upcoming(): Iterable<UploadRecord>;
  /** Number of pending calls of `add`: more files will follow. */
  readonly addCalls: number;
  /** Number of uploads that are running or queued. */
  readonly activeCount: number;
}

/** Prepares uploads for init: identifies the file, and asks the page. */
export interface InitGate {
  /** @returns false, or a rejected promise, if the page blocks the upload or the file cannot be read */
  prepare(upload: UploadRecord): Promise<boolean>;
}

/** The dependencies of the batcher. */
export interface InitServices {
  readonly signer: SignerPort;
  readonly clock: Clock;
  readonly settings: Settings;
  readonly health: ServerHealth;
  readonly checksums: ChecksumService;
  readonly throughput: ThroughputEstimator;
  readonly scheduler: Scheduler;
  readonly lifetime: AbortSignal;
}

/**
 * The answers of one call, by the ID of the upload; null for an upload that could not be prepared, and was left out. An
 * error is that of the repeated call with this upload, after the signer has rejected the first call as too large.
 */
type Replies = ReadonlyMap<string, InitReply | Error | null>;

/** Calls init. Files share a call up to `MAX_CALL_BYTES`; most calls are made before their files start. */
export class InitBatcher {
  readonly #services: InitServices;
  readonly #queue: InitQueue;
  readonly #gate: InitGate;
  readonly #onAnswer: (answer: InitAnswer) => void;
  /** Answers that no upload has used yet; pending while their call is under way. */
  readonly #answers = new Map<UploadRecord, Promise<InitReply | null>>();
  /** Uploads that have started a call which is under way: no other call includes them. */
  readonly #callers = new Set<UploadRecord>();
  /** Number of failed calls that each upload shared with others: another file of the call may be the cause. */
  readonly #sharedFailures = new Map<UploadRecord, number>();
  #maxFilesPerCall = DEFAULT_MAX_FILES;
  /** Half the files of the last call that the signer has rejected as too large. */
  #maxAfterRejection = MAX_FILES;
  #isCallingAhead = false;

  /** @param onAnswer called for each answer, unless all its uploads belong to a former user */
  constructor(services: InitServices, queue: InitQueue, gate: InitGate, onAnswer: (answer: InitAnswer) => void) {
    this.#services = services;
    this.#queue = queue;
    this.#gate = gate;
    this.#onAnswer = onAnswer;
  }

  /**
   * Returns the signer's answer for one file; calls init unless a call for other files has included it.
   * @throws SignerFault, UploadError
   */
  async ask(upload: UploadRecord): Promise<InitReply> {
    const earlierCall = this.#answers.get(upload);
    if (earlierCall) {
      try {
        const reply = await earlierCall;
        if (reply) {
          this.#callAhead();
          return reply;
        }
      } catch (error) {
        if (!this.#canOtherFileBeCause(upload, error)) throw error;
      } finally {
        this.#answers.delete(upload);
      }
    }
    if (!(await this.#gate.prepare(upload))) throw heldBack();
    // meanwhile another upload may have included this one in its call
    if (this.#answers.has(upload)) return this.ask(upload);
    const companions = upload.session || this.#mustCallAlone(upload) ? [] : this.#companions(upload);
    const replies = this.#call([upload, ...companions]);
    this.#addAnswers(companions, replies);
    this.#callers.add(upload);
    void replies.catch(() => {}).finally(() => this.#callers.delete(upload));
    try {
      const reply = replyTo(upload, await replies);
      if (!reply) throw heldBack();
      this.#callAhead();
      return reply;
    } catch (error) {
      if (companions.length && this.#canOtherFileBeCause(upload, error)) return this.ask(upload);
      throw error;
    }
  }

  /** Whether a refusal of a call for several files may be due to another file. `#call` has counted the failure. */
  #canOtherFileBeCause(upload: UploadRecord, error: unknown): boolean {
    return this.#mustCallAlone(upload) && error instanceof SignerFault && !!error.code && !isTransient(error.status);
  }

  /** Calls init for the next files before the unused answers run out. */
  #callAhead(): void {
    if (this.#isCallingAhead || this.#answers.size > LOW_WATERMARK) return;
    const batch = this.#companions(null);
    if (!batch.length) return;
    // while files are still being added, the next call waits for more of them
    if (this.#queue.addCalls && batch.length < LOW_WATERMARK && this.#answers.size > FEW_ANSWERS) return;
    this.#isCallingAhead = true;
    const replies = this.#call(batch);
    this.#addAnswers(batch, replies);
    void replies
      .catch(() => {})
      .finally(() => {
        this.#isCallingAhead = false;
      });
  }

  #addAnswers(uploads: readonly UploadRecord[], replies: Promise<Replies>): void {
    for (const upload of uploads) {
      const reply = replies.then((all) => replyTo(upload, all));
      this.#answers.set(upload, reply);
      // an upload that waits for the answer receives the error; the others call init when they start
      reply.catch(() => this.#answers.delete(upload));
    }
  }

  /** Discards the answer for an upload that has ended. */
  cancel(upload: UploadRecord): void {
    this.#answers.delete(upload);
    this.#sharedFailures.delete(upload);
  }

  /** Whether an upload must not share a call. */
  #mustCallAlone(upload: UploadRecord): boolean {
    return (this.#sharedFailures.get(upload) ?? 0) >= MAX_SHARED_FAILURES;
  }

  /** Returns the uploads that share the call of an upload; with null, those of a call ahead of time. */
  #companions(upload: UploadRecord | null): UploadRecord[] {
    const companions: UploadRecord[] = [];
    const maxFiles = this.#services.health.hasSignerAnswer
      ? this.#maxFilesPerCall
      : Math.min(FIRST_CALL_FILES, this.#maxFilesPerCall);
    let bytes = upload?.facts.size ?? 0;
    for (const other of this.#queue.upcoming()) {
      if (companions.length + Number(upload !== null) >= maxFiles || bytes > MAX_CALL_BYTES) break;
      const isExcluded =
        other === upload || this.#callers.has(other) || this.#answers.has(other) || this.#mustCallAlone(other);
      // an upload with a session calls init itself; a call ahead of time leaves out all uploads that have started
      if (isExcluded || other.session || (!upload && other.status !== 'queued')) continue;
      companions.push(other);
      bytes += other.facts.size;
    }
    return companions;
  }

  /** Returns the part size to request; undefined for the default. */
  #partSizeFor({ facts }: UploadRecord, hasChecksums: boolean): number | undefined {
    const { throughput, settings, scheduler } = this.#services;
    const concurrentFiles = Math.min(this.#queue.activeCount, scheduler.slots);
    return throughput.partSizeFor(facts.size, {
      limit: settings.options.bandwidthLimit,
      mustPrecompute: hasChecksums,
      concurrentFiles,
    });
  }

  async #call(batch: UploadRecord[]): Promise<Replies> {
    const { signer, clock, settings, health, checksums: checksumService, lifetime } = this.#services;
    const offers = checksumService.offers();
    const ready: UploadRecord[] = [];
    // in groups: preparing all files at once would block the page
    for (let start = 0; start < batch.length; start += MAX_PREPARING) {
      const group = batch.slice(start, start + MAX_PREPARING);
      const areReady = await Promise.all(group.map((upload) => this.#gate.prepare(upload).catch(() => false)));
      ready.push(...group.filter((upload, index) => areReady[index] && !upload.hasFormerOwner));
    }
    const leftOut = batch.filter((upload) => !ready.includes(upload)).map(({ id }) => [id, null] as const);
    if (!ready.length) return new Map(leftOut);
    const checksums = await offers;
    await checksumService.precompute(ready, checksums, lifetime);
    const files = ready
      .filter(({ hasFormerOwner }) => !hasFormerOwner)
      .map((upload) =>
        initFileOf(upload, settings.options, checksums, this.#partSizeFor(upload, checksums.length > 0)),
      );
    if (!files.length) return new Map(leftOut);
    const requestedAt = momentOf(clock);
    try {
      const answer = await signer.call('get_init_signature', { files } satisfies InitRequest);
      if (!Array.isArray(answer?.files)) throw invalidAnswer('to get_init_signature has no list of files');
      health.signerAnswered(answer.time, requestedAt.wall);
      for (const upload of ready) {
        this.#sharedFailures.delete(upload);
        health.signer.recordAnswer(upload.id);
      }
      // an answer for files of a former user does not name the current user
      if (ready.some(({ hasFormerOwner }) => !hasFormerOwner)) this.#onAnswer(answer);
      checksumService.recordAnswer(answer);
      if (answer.limits?.files && answer.limits.files >= 1)
        this.#maxFilesPerCall = Math.min(answer.limits.files, MAX_FILES, this.#maxAfterRejection);
      return new Map([...leftOut, ...answer.files.map((file) => [file.id, { file, answer, requestedAt }] as const)]);
    } catch (error) {
      if (!(error instanceof SignerFault) || batch.length === 1) throw error;
      if (error.status !== 413) {
        const { status } = error;
        if (!status || FILE_INDEPENDENT_STATUSES.has(status)) throw error;
        // a retry may cure a failure, but not a refusal
        const failures = isTransient(status) ? 1 : MAX_SHARED_FAILURES;
        for (const upload of batch)
          this.#sharedFailures.set(upload, (this.#sharedFailures.get(upload) ?? 0) + failures);
        throw error;
      }
      const half = Math.ceil(batch.length / 2);
      const replies = [...(await this.#callHalf(batch.slice(0, half))), ...(await this.#callHalf(batch.slice(half)))];
      // if a file alone is too large for a call, the number of files is not the cause
      if (!replies.some(([, reply]) => reply instanceof Error)) this.#maxAfterRejection = this.#maxFilesPerCall = half;
      return new Map(replies);
    }
  }

  /** Calls init for half of the files of a call that was too large. A failure is that of this half alone. */
  #callHalf(half: UploadRecord[]): Promise<Replies> {
    return this.#call(half).catch((error: Error) => new Map(half.map(({ id }) => [id, error])));
  }
}

const heldBack = (): DOMException => new DOMException('The page held the upload back', 'AbortError');

/** Returns the answer for an upload; null if the call left it out. @throws the error of the call */
function replyTo(upload: UploadRecord, replies: Replies): InitReply | null {
  const reply = replies.get(upload.id);
  if (reply === undefined) throw invalidAnswer(`to get_init_signature leaves out “${upload.facts.name}”`);
  if (reply instanceof Error) throw reply;
  return reply;
}
