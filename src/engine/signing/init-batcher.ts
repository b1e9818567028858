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

/** Files in one call, until the signer names another limit, and at most. */
const MOST_FILES = 100;
const MOST_EVER = 500;
/** Files in the first call of all: it is what everything waits for, and each file has to be read first. */
const FIRST_FILES = 20;
/** Bytes that one call is for, about: its signatures must not grow old before their turn comes. */
const MOST_BYTES = 512 * MIB;
/** Answers in hand below which those for the files after them are asked for. */
const LOW = 40;
/** Files that are made ready at a time. */
const AT_ONCE = 20;

/** Statuses that say nothing about any one file. */
const OF_ALL_FILES = new Set([401, 408, 429]);
/** Calls for several files that may fail before each of them is asked for alone. */
const MAX_SHARED_FAILURES = 2;

/** The uploads that need an init call soon. */
export interface InitQueue {
  /** In the order in which they start. */
  upcoming(): Iterable<UploadRecord>;
  /** How many uploads are not over. */
  readonly unfinished: number;
}

/** Prepares uploads for init. */
export interface InitGate {
  /** @returns false, or a rejection, where the page holds the upload back */
  prepare(upload: UploadRecord): Promise<boolean>;
}

/** What the batcher works with. */
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

/** By the upload's id. */
type Replies = ReadonlyMap<string, InitReply>;

/** Asks for init signatures: those of many small files in one call, ahead of their turn. */
export class InitBatcher {
  readonly #services: InitServices;
  readonly #queue: InitQueue;
  readonly #gate: InitGate;
  readonly #onAnswer: (answer: InitAnswer) => void;
  /** Answers that wait for their upload's turn, or are on their way. */
  readonly #ahead = new Map<UploadRecord, Promise<InitReply>>();
  /** How many calls for several files failed that an upload was in: one of the others may be to blame. */
  readonly #failures = new Map<UploadRecord, number>();
  #limit = MOST_FILES;
  /** What the signer has found not too large. */
  #most = MOST_EVER;
  #isLookingAhead = false;

  /** @param onAnswer called for each answer, unless all of its uploads have left the page with their owner */
  constructor(services: InitServices, queue: InitQueue, gate: InitGate, onAnswer: (answer: InitAnswer) => void) {
    this.#services = services;
    this.#queue = queue;
    this.#gate = gate;
    this.#onAnswer = onAnswer;
  }

  /**
   * Gets what the signer says to one file; tried once.
   * @throws SignerFault, UploadError
   */
  async ask(upload: UploadRecord): Promise<InitReply> {
    const known = this.#ahead.get(upload);
    if (known) {
      try {
        const reply = await known;
        this.#lookAhead();
        return reply;
      } catch (error) {
        if (!this.#mayBlameOthers(upload, error)) throw error;
      } finally {
        this.#ahead.delete(upload);
      }
    }
    if (!(await this.#gate.prepare(upload))) throw new DOMException('The page held the upload back', 'AbortError');
    // meanwhile another's call may have taken this one along
    if (this.#ahead.has(upload)) return this.ask(upload);
    const companions = upload.session || this.#isAlone(upload) ? [] : this.#companions(upload);
    const replies = this.#call([upload, ...companions]);
    this.#expect(companions, replies);
    try {
      const reply = replyTo(upload, await replies);
      this.#lookAhead();
      return reply;
    } catch (error) {
      if (companions.length && this.#mayBlameOthers(upload, error)) return this.ask(upload);
      throw error;
    }
  }

  /** Whether a refusal was of a call for several, and so perhaps of another file. */
  #mayBlameOthers(upload: UploadRecord, error: unknown): boolean {
    return this.#isAlone(upload) && error instanceof SignerFault && !!error.code && !isTransient(error.status);
  }

  /** Asks for the next files before the answers in hand are used up. */
  #lookAhead(): void {
    if (this.#isLookingAhead || this.#ahead.size > LOW) return;
    const batch = this.#companions(null);
    if (!batch.length) return;
    this.#isLookingAhead = true;
    const replies = this.#call(batch);
    this.#expect(batch, replies);
    void replies
      .catch(() => {})
      .finally(() => {
        this.#isLookingAhead = false;
      });
  }

  #expect(uploads: readonly UploadRecord[], replies: Promise<Replies>): void {
    for (const upload of uploads) {
      const reply = replies.then((all) => replyTo(upload, all));
      this.#ahead.set(upload, reply);
      // its own upload meets the failure by asking again
      reply.catch(() => this.#ahead.delete(upload));
    }
  }

  /** Forgets the answer for an upload that is not going to want it. */
  cancel(upload: UploadRecord): void {
    this.#ahead.delete(upload);
    this.#failures.delete(upload);
  }

  /** Whether it is asked for in a call of its own. */
  #isAlone(upload: UploadRecord): boolean {
    return (this.#failures.get(upload) ?? 0) >= MAX_SHARED_FAILURES;
  }

  /** Those that go along with an upload, or are next where there is none. */
  #companions(upload: UploadRecord | null): UploadRecord[] {
    const companions: UploadRecord[] = [];
    const most = this.#services.health.hasSignerAnswer ? this.#limit : Math.min(FIRST_FILES, this.#limit);
    let bytes = upload?.facts.size ?? 0;
    for (const other of this.#queue.upcoming()) {
      if (companions.length + Number(upload !== null) >= most || bytes > MOST_BYTES) break;
      const isAsking = other === upload || this.#ahead.has(other) || this.#isAlone(other);
      // with none to go along with, those that have begun ask by themselves
      if (isAsking || other.session || (!upload && other.status !== 'queued')) continue;
      companions.push(other);
      bytes += other.facts.size;
    }
    return companions;
  }

  /** Returns the part size to request; undefined for the default. */
  #partSizeFor({ facts }: UploadRecord, isRead: boolean): number | undefined {
    const { throughput, settings, scheduler } = this.#services;
    const sharers = Math.min(this.#queue.unfinished, scheduler.lanes);
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
    // all at once they would hold up the page
    for (let at = 0; at < batch.length; at += AT_ONCE) {
      const few = batch.slice(at, at + AT_ONCE);
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
        health.signer.answered(upload.id);
      }
      // the answer to what a former user added says nothing of the present one
      if (ready.some(({ isReleased }) => !isReleased)) this.#onAnswer(answer);
      checksumService.learn(answer);
      if (answer.limits?.files && answer.limits.files >= 1)
        this.#limit = Math.min(answer.limits.files, MOST_EVER, this.#most);
      return new Map(answer.files.map((file) => [file.id, { file, answer, asked }]));
    } catch (error) {
      if (!(error instanceof SignerFault) || batch.length === 1) throw error;
      if (error.status !== 413) {
        const { status } = error;
        if (!status || OF_ALL_FILES.has(status)) throw error;
        // a refusal will not change, a fault may
        const more = isTransient(status) ? 1 : MAX_SHARED_FAILURES;
        for (const upload of batch) this.#failures.set(upload, (this.#failures.get(upload) ?? 0) + more);
        throw error;
      }
      this.#most = this.#limit = Math.ceil(batch.length / 2);
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
  const { facts, session, fingerprint, objectKey, wantsFreshStart, partSizeWish, checksum } = upload;
  const isPlain = params === undefined || (typeof params === 'object' && params !== null && !Array.isArray(params));
  const allParams = isPlain ? { ...params, ...upload.params } : params;
  return {
    id: facts.id,
    filename: facts.name,
    filesize: facts.size,
    last_modified: facts.lastModified,
    content_type: contentType || facts.type || 'application/octet-stream',
    // what is undefined does not travel
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
