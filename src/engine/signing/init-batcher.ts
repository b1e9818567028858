import { MIB } from '../../limits.js';
import type { ChecksumAlgorithm, InitAnswer, InitFile, InitRequest } from '../../protocol.js';
import type { ChecksumService } from '../integrity/checksum-service.js';
import type { UploadRecord } from '../model/upload-record.js';
import type { Scheduler } from '../network/scheduler.js';
import type { ServerHealth } from '../network/server-health.js';
import type { ThroughputEstimator } from '../network/throughput.js';
import { invalidAnswer, SignerFault } from '../api/errors.js';
import type { ResolvedOptions, Settings } from '../api/options.js';
import { isTransient } from '../util/http-status.js';
import { momentOf } from '../model/signature.js';
import type { InitReply } from './init-answer.js';
import type { Clock, SignerPort } from '../ports.js';

/** Files in one call, until the signer names another limit, and the maximum. */
const DEFAULT_MAX_FILES = 100;
const MAX_FILES = 500;
/** Files in the very first call: every upload waits for it, and each file has to be read before it. */
const FIRST_FILES = 20;
/** Approximate bytes of the files in one call: its signatures must not expire before they are used. */
const MAX_BYTES = 512 * MIB;
/** With fewer unused responses than this, the next files are requested. */
const LOW_WATERMARK = 40;
/** With so few, they are requested however few they are. */
const FEW_ANSWERS = 8;
/** Files that are prepared at a time. */
const MAX_PREPARING = 20;

/** HTTP statuses that do not depend on the files. */
const FILE_INDEPENDENT_STATUSES = new Set([401, 408, 429]);
/** Failed calls for several files after which each file gets its own call. */
const MAX_SHARED_FAILURES = 2;

/** The uploads that need an init call soon. */
export interface InitQueue {
  /** In the order in which they start. */
  upcoming(): Iterable<UploadRecord>;
  /** Pending calls of `add`: more files will follow. */
  readonly adding: number;
  /** Number of uploads that are running or queued. */
  readonly unfinished: number;
}

/** Prepares uploads for init. */
export interface InitGate {
  /** @returns false, or a rejected promise, if the page blocks the upload */
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

/** By the upload's ID. */
type Replies = ReadonlyMap<string, InitReply>;

/** Calls init: for many small files at once, before they start. */
export class InitBatcher {
  readonly #services: InitServices;
  readonly #queue: InitQueue;
  readonly #gate: InitGate;
  readonly #onAnswer: (answer: InitAnswer) => void;
  /** Answers for uploads that have not started, and calls under way. */
  readonly #answers = new Map<UploadRecord, Promise<InitReply>>();
  /** Uploads whose own call is under way: no other call includes them. */
  readonly #asking = new Set<UploadRecord>();
  /** Failed calls for several files by upload: another file of the call may be the cause. */
  readonly #failures = new Map<UploadRecord, number>();
  #limit = DEFAULT_MAX_FILES;
  /** Files in the largest call that the signer has not rejected as too large. */
  #maxAccepted = MAX_FILES;
  #isCallingAhead = false;

  /** @param onAnswer called for each answer, unless all of its uploads have left the page with their owner */
  constructor(services: InitServices, queue: InitQueue, gate: InitGate, onAnswer: (answer: InitAnswer) => void) {
    this.#services = services;
    this.#queue = queue;
    this.#gate = gate;
    this.#onAnswer = onAnswer;
  }

  /**
   * Returns the signer's answer for one file; calls it once.
   * @throws SignerFault, UploadError
   */
  async ask(upload: UploadRecord): Promise<InitReply> {
    const known = this.#answers.get(upload);
    if (known) {
      try {
        const reply = await known;
        this.#callAhead();
        return reply;
      } catch (error) {
        if (!this.#mayBeOtherFile(upload, error)) throw error;
      } finally {
        this.#answers.delete(upload);
      }
    }
    if (!(await this.#gate.prepare(upload))) throw new DOMException('The page held the upload back', 'AbortError');
    // meanwhile the call of another upload may include this one
    if (this.#answers.has(upload)) return this.ask(upload);
    const companions = upload.session || this.#isAlone(upload) ? [] : this.#companions(upload);
    const replies = this.#call([upload, ...companions]);
    this.#addAnswers(companions, replies);
    this.#asking.add(upload);
    void replies.catch(() => {}).finally(() => this.#asking.delete(upload));
    try {
      const reply = replyTo(upload, await replies);
      this.#callAhead();
      return reply;
    } catch (error) {
      if (companions.length && this.#mayBeOtherFile(upload, error)) return this.ask(upload);
      throw error;
    }
  }

  /** Whether a refusal of a call for several files may be due to another file. */
  #mayBeOtherFile(upload: UploadRecord, error: unknown): boolean {
    return this.#isAlone(upload) && error instanceof SignerFault && !!error.code && !isTransient(error.status);
  }

  /** Calls init for the next files before the unused answers run out. */
  #callAhead(): void {
    if (this.#isCallingAhead || this.#answers.size > LOW_WATERMARK) return;
    const batch = this.#companions(null);
    if (!batch.length) return;
    // while files are still being added, the next call waits for more of them
    if (this.#queue.adding && batch.length < LOW_WATERMARK && this.#answers.size > FEW_ANSWERS) return;
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
      // each upload handles the failure by its own call
      reply.catch(() => this.#answers.delete(upload));
    }
  }

  /** Discards the answer for an upload that has ended. */
  cancel(upload: UploadRecord): void {
    this.#answers.delete(upload);
    this.#failures.delete(upload);
  }

  /** Whether an upload gets its own call. */
  #isAlone(upload: UploadRecord): boolean {
    return (this.#failures.get(upload) ?? 0) >= MAX_SHARED_FAILURES;
  }

  /** Returns the uploads that are included in an upload's call, or the next ones if there is no such upload. */
  #companions(upload: UploadRecord | null): UploadRecord[] {
    const companions: UploadRecord[] = [];
    const most = this.#services.health.hasSignerAnswer ? this.#limit : Math.min(FIRST_FILES, this.#limit);
    let bytes = upload?.facts.size ?? 0;
    for (const other of this.#queue.upcoming()) {
      if (companions.length + Number(upload !== null) >= most || bytes > MAX_BYTES) break;
      const isAsking = other === upload || this.#asking.has(other) || this.#answers.has(other) || this.#isAlone(other);
      // uploads that have started call init themselves
      if (isAsking || other.session || (!upload && other.status !== 'queued')) continue;
      companions.push(other);
      bytes += other.facts.size;
    }
    return companions;
  }

  /** Returns the part size to request; undefined for the default. */
  #partSizeFor({ facts }: UploadRecord, isRead: boolean): number | undefined {
    const { throughput, settings, scheduler } = this.#services;
    const sharers = Math.min(this.#queue.unfinished, scheduler.slots);
    return throughput.partSizeFor(facts.size, {
      limit: settings.options.bandwidthLimit,
      mustPrecompute: isRead,
      concurrentFiles: sharers,
    });
  }

  async #call(batch: UploadRecord[]): Promise<Replies> {
    const { signer, clock, settings, health, checksums: checksumService, lifetime } = this.#services;
    const offers = checksumService.offers();
    const ready: UploadRecord[] = [];
    // preparing all at once would block the page
    for (let at = 0; at < batch.length; at += MAX_PREPARING) {
      const few = batch.slice(at, at + MAX_PREPARING);
      const areReady = await Promise.all(few.map((upload) => this.#gate.prepare(upload).catch(() => false)));
      ready.push(...few.filter((upload, index) => areReady[index] && !upload.isReleased));
    }
    if (!ready.length) return new Map();
    const checksums = await offers;
    await checksumService.precompute(ready, checksums, lifetime);
    const files = ready
      .filter(({ isReleased }) => !isReleased)
      .map((upload) =>
        initFileOf(upload, settings.options, checksums, this.#partSizeFor(upload, checksums.length > 0)),
      );
    if (!files.length) return new Map();
    const asked = momentOf(clock);
    try {
      const answer = await signer.call('get_init_signature', { files } satisfies InitRequest);
      if (!Array.isArray(answer?.files)) throw invalidAnswer('to get_init_signature has no list of files');
      health.signerAnswered(answer.time, asked.wall);
      for (const upload of ready) {
        this.#failures.delete(upload);
        health.signer.recordAnswer(upload.id);
      }
      // an answer for files of a former user does not name the current one
      if (ready.some(({ isReleased }) => !isReleased)) this.#onAnswer(answer);
      checksumService.recordAnswer(answer);
      if (answer.limits?.files && answer.limits.files >= 1)
        this.#limit = Math.min(answer.limits.files, MAX_FILES, this.#maxAccepted);
      return new Map(answer.files.map((file) => [file.id, { file, answer, asked }]));
    } catch (error) {
      if (!(error instanceof SignerFault) || batch.length === 1) throw error;
      if (error.status !== 413) {
        const { status } = error;
        if (!status || FILE_INDEPENDENT_STATUSES.has(status)) throw error;
        // a refusal will not change, a failure may
        const more = isTransient(status) ? 1 : MAX_SHARED_FAILURES;
        for (const upload of batch) this.#failures.set(upload, (this.#failures.get(upload) ?? 0) + more);
        throw error;
      }
      this.#maxAccepted = this.#limit = Math.ceil(batch.length / 2);
      const { length } = batch;
      return new Map([
        ...(await this.#call(batch.slice(0, Math.ceil(length / 2)))),
        ...(await this.#call(batch.slice(Math.ceil(length / 2)))),
      ]);
    }
  }
}

function replyTo(upload: UploadRecord, replies: Replies): InitReply {
  const reply = replies.get(upload.id);
  if (!reply) throw invalidAnswer(`to get_init_signature leaves out “${upload.facts.name}”`);
  return reply;
}

function initFileOf(
  upload: UploadRecord,
  { partSize, contentType, acl, params }: Readonly<ResolvedOptions>,
  checksums: ChecksumAlgorithm[],
  bestPartSize: number | undefined,
): InitFile {
  const { facts, session, fingerprint, objectKey, wantsFreshStart, requestedPartSize: partSizeWish, checksum } = upload;
  const isPlain = params === undefined || (typeof params === 'object' && params !== null && !Array.isArray(params));
  const allParams = isPlain ? { ...params, ...upload.params } : params;
  return {
    id: facts.id,
    filename: facts.name,
    filesize: facts.size,
    last_modified: facts.lastModified,
    content_type: contentType || facts.type || 'application/octet-stream',
    // JSON leaves undefined out
    relative_path: facts.relativePath || undefined,
    fingerprint: fingerprint ?? undefined,
    part_size: partSizeWish ?? (partSize === 'auto' ? bestPartSize : partSize),
    checksums: checksums.length ? checksums : undefined,
    checksum: checksum ?? undefined,
    object_key: objectKey || undefined,
    acl: acl || undefined,
    params: isPlain && !Object.keys(allParams as object).length ? undefined : allParams,
    force: wantsFreshStart || undefined,
    ...(session?.grant !== undefined && {
      grant: session.grant,
      key: session.key,
      upload_id: session.uploadId ?? undefined,
    }),
  };
}
