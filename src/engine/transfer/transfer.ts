import { MIN_PART_SIZE } from '../../limits.js';
import { ObjectFinder } from './find-object.js';
import type { Finding } from './find-object.js';
import { unlessAborted } from '../util/abort.js';
import { SignedRequests } from './signed-requests.js';
import { isBadDigest, integrityError } from '../integrity/digest-refusals.js';
import { discard } from './abort-upload.js';
import { StoreFault, UploadError } from '../api/errors.js';
import type { UploadChecksums } from '../integrity/upload-checksums.js';
import { SessionOpener } from './open-session.js';
import type { TrackerNotifier } from '../signing/tracker-notifier.js';
import { PartSender } from './send-parts.js';
import { RestartRequired } from '../network/retry-loop.js';
import type { RetryLoop, Attempt } from '../network/retry-loop.js';
import type { NamedPart, PartList } from '../s3/xml.js';
import type { StoredPart } from '../model/stored-part.js';
import { signedUploadOf } from '../model/session.js';
import type { Session } from '../model/session.js';
import type { SignatureCache } from '../signing/signature-cache.js';
import type { RequestTimeouts } from '../s3/client.js';
import { verifiedParts } from '../integrity/object-verifier.js';
import type { TransferHost } from './transfer-host.js';
import type { Integrity, UploadSnapshot } from '../api/types.js';
import { ObjectChecksum } from './object-checksum.js';
import { SingleRequestSender } from './send-single-request.js';

/** After so many failures of Complete the store is asked whether it still knows the upload. */
const TRIES_UNTIL_LOOK = 3;
/** After so many cuts of the line with no part stored anywhere, smaller parts are tried. */
const MOST_CUTS = 8;
/** Times that the store may turn out to hold other bytes of one part, or of the whole, than were sent. */
const MOST_WRONG = 4;

/** What is known of the object in the end. */
export interface Outcome {
  /** Empty where the store tells none. */
  readonly etag: string;
  readonly checksum: UploadSnapshot['checksum'];
  readonly integrity: Integrity;
}

/** The way of one upload's bytes: each step asks the store, by the signer's leave, until it has succeeded. */
export class Transfer {
  readonly #host: TransferHost;
  readonly #retrier: RetryLoop;
  readonly #signatures: SignatureCache;
  readonly #carrier: SignedRequests;
  readonly #lease: SessionOpener;
  readonly #sender: PartSender;
  readonly #aftermath: ObjectFinder;
  readonly #checks: ObjectChecksum;
  readonly #wholeSender: SingleRequestSender;
  /** Whether a Complete, or a whole file, was sent. */
  #hasSentAll = false;
  /** Whether the answer to that was lost, or told nothing of what was done. */
  #isInDoubt = false;
  /** Parts that the line dropped while none was stored. */
  #cuts = 0;
  #hasTriedSmaller = false;
  /** How often the store held other bytes than were sent: of parts by number, of the whole under 0. */
  readonly #wrong = new Map<number, number>();
  #verdict: UploadError | null = null;

  constructor(host: TransferHost, retrier: RetryLoop) {
    this.#host = host;
    this.#retrier = retrier;
    this.#signatures = host.makeSignatures();
    this.#carrier = new SignedRequests(host, this.#signatures, retrier);
    this.#lease = new SessionOpener(host, retrier, this.#carrier);
    this.#sender = new PartSender(host, retrier, this.#signatures, this.#carrier);
    this.#checks = new ObjectChecksum(host, retrier);
    this.#wholeSender = new SingleRequestSender(host, retrier, this.#carrier, this.#lease, this.#checks);
    this.#aftermath = new ObjectFinder(host, retrier, this.#carrier, this.#signatures, this.#checks);
  }

  get session(): Session | null {
    return this.#lease.session;
  }

  get notices(): TrackerNotifier | null {
    return this.#lease.notices;
  }

  /** The object's URL without its signature. */
  get location(): string | null {
    return this.#carrier.locationOf(this.session?.key ?? '');
  }

  /** Goes on with what is known already. */
  adopt(session: Session | null): void {
    this.#lease.adopt(session);
  }

  /** Counts what was in flight as unknown: it may have landed all the same. */
  invalidateParts(): void {
    if (this.session?.uploadId) this.session.needsList = true;
  }

  /** Makes more parts fly where there is room. */
  fillLanes(): void {
    this.#sender.fillLanes();
  }

  dropSignatures(partNumber: number | null): void {
    if (partNumber !== null && this.session?.uploadId) this.#signatures.forgetPart(partNumber);
    else {
      this.#signatures.clear();
      this.#lease.invalidateFirstRequest();
    }
  }

  /** Has an outdated grant renewed; once for all who wait for it. */
  renewGrant(signal: AbortSignal): Promise<void> {
    return this.#lease.renewGrant(signal);
  }

  /**
   * Gets to know where to, and begins the multipart upload where one is needed.
   * @returns how the bytes are to be sent
   */
  async open(signal: AbortSignal): Promise<'whole' | 'parts'> {
    const way = await this.#lease.open(signal);
    const session = this.session!;
    session.checks ??= await this.#openChecks(session, way === 'parts', signal);
    session.checks?.begin(signal);
    return way;
  }

  /** Sends a file that needs no multipart upload. */
  async sendWhole(signal: AbortSignal): Promise<Outcome> {
    const session = this.session!;
    const sent = await this.#wholeSender.send(session, signal, (sending) => this.#sendAll(sending));
    await this.#checksSettled(session, signal);
    // under its key it stays: nobody has leave to overwrite it
    if (!session.table.isStored(1)) throw new RestartRequired('restart', 'the store holds other bytes than the file');
    return { ...sent, integrity: session.checks?.evidence ?? 'unverified' };
  }

  /** Sends the parts that the store does not have. */
  async sendParts(signal: AbortSignal): Promise<void> {
    const session = this.session!;
    if (session.needsList) await this.#listVerifiedParts(session, signal);
    do {
      await this.#sender.send(session, this.notices, signal);
      await this.#checksSettled(session, signal);
    } while (!session.table.isComplete);
  }

  /** Makes the parts an object. */
  async complete(signal: AbortSignal): Promise<Outcome> {
    const session = this.session!;
    // Where CORS hides the ETags the store's own list has them.
    if (!session.table.hasEveryEtag) await this.#listVerifiedParts(session, signal);
    await this.#checksSettled(session, signal);
    if (!session.table.isComplete) throw new RestartRequired('relist', 'the store lists fewer parts than it confirmed');
    const checksum = await this.#checks.whole(session, signal);
    const { etag, checksums } = await this.#retrier.retry('complete', null, signal, async (trial) => {
      // Ceph answers 500 for an upload that is gone; ListParts tells.
      if (trial.count % TRIES_UNTIL_LOOK === 0) {
        await this.#listVerifiedParts(session, signal);
        if (!session.table.hasEveryEtag)
          throw new RestartRequired('relist', 'the store lists fewer parts than it confirmed');
      }
      const parts = await this.#checks.parts(session, session.table.etags(), signal);
      try {
        return await this.#sendEnd(session, parts, trial, signal);
      } catch (error) {
        throw isBadDigest(error) ? await this.#wayAround(session, signal) : error;
      }
    });
    const told = checksum && checksums[checksum.algorithm];
    if (told && told.replace(/-\d+$/, '') !== checksum.value.replace(/-\d+$/, ''))
      throw this.#wholeIsWrong('the store has made another object of the parts');
    const integrity = session.whole === null ? (session.checks?.evidence ?? 'unverified') : 'checksum';
    const outcome = { etag, checksum, integrity };
    if (etag) return outcome;
    const object = await this.#aftermath.head(session, signal);
    return { ...outcome, etag: typeof object === 'object' ? object.etag : '' };
  }

  /** Whether the store may have made the object unheard. */
  get isInDoubt(): boolean {
    return this.#isInDoubt;
  }

  /**
   * Looks whether the object stands in the bucket already: the answer that said so may have been lost.
   * @param sign what the store said: the multipart upload is gone, or an object exists
   */
  async findObject(sign: 'gone' | 'exists', signal: AbortSignal): Promise<Finding> {
    const { session } = this;
    if (!session) return 'unknown';
    // A plain "it exists" to the first try is not of our making.
    const mayBeOurs =
      session.inherited || this.#host.wasShared || (sign === 'exists' ? this.#isInDoubt : this.#hasSentAll);
    return this.#aftermath.find(session, mayBeOurs, signal);
  }

  /** Asks the store whether any part is stored. */
  async hasAnything(signal: AbortSignal): Promise<boolean> {
    const { session } = this;
    if (!session?.uploadId) return false;
    await this.#list(session, signal);
    return session.table.done > 0;
  }

  /** Forgets key and upload id: the next run begins afresh. @param discards whether the store holds parts still */
  startOver(discards: boolean): void {
    const { session } = this;
    if (discards && session?.uploadId) void discard(this.#host, session);
    this.adopt(null);
    this.#carrier.reset();
    this.#hasSentAll = this.#isInDoubt = false;
    this.#cuts = 0;
    this.#signatures.clear();
  }

  /**
   * Takes in that the line dropped a part. While none is stored: fewer at a time get further each.
   * @throws Detour where only smaller parts can get through
   */
  lineCut(): void {
    const { session } = this;
    this.#host.line.recordFailure();
    if (!session || session.table.done > 0) return;
    this.#host.scheduler.recordCongestion();
    const { size, partSize } = session.table.plan;
    if (++this.#cuts < MOST_CUTS || this.#hasTriedSmaller || Math.min(size, partSize) <= MIN_PART_SIZE) return;
    this.#hasTriedSmaller = true;
    throw new RestartRequired('smaller', `the line was cut ${this.#cuts} times before a single part was stored`);
  }

  /**
   * Asks the store, once, which parts it has, for show: going on asks again.
   * @param isWanted whether nothing has begun meanwhile that knows better
   */
  async refreshParts(isWanted: () => boolean, signal: AbortSignal): Promise<void> {
    const { session } = this;
    if (!session?.uploadId) return;
    const parts = await this.#pages(session, signal, (page) => page({ stalls: 0 }));
    if (isWanted() && session === this.session) session.table.replaceStored(parts.values());
  }

  /** Aborts the multipart upload on the store, so that no part is left to be paid for. */
  async abort(signal: AbortSignal): Promise<void> {
    await this.#lease.settled();
    const session = this.session;
    if (!session?.uploadId || !this.#signatures.supports('delete', signedUploadOf(session))) return;
    await this.#host.remember();
    // A part that was in flight may land after the first abort: S3 says to look, and to abort again.
    for (let isEmpty = false; !isEmpty;) {
      try {
        await this.#retrier.retry('abort', null, signal, (trial) =>
          this.#carrier.sendS3Request('delete', session, trial, signal, (signature, patience) =>
            this.#host.store.abortMultipartUpload(signature, patience),
          ),
        );
        await this.#list(session, signal);
        isEmpty = session.table.done === 0;
      } catch (error) {
        // gone, as it should be, or not ours to look at
        if (!(error instanceof RestartRequired || error instanceof UploadError)) throw error;
        isEmpty = true;
      }
    }
    this.notices?.aborted();
  }

  // ---- Checks ----

  async #openChecks(session: Session, isMultipart: boolean, signal: AbortSignal): Promise<UploadChecksums | null> {
    const { checksumDesk, scheduler } = this.#host;
    const { table, checksum: agreed } = session;
    checksumDesk.agreed(agreed?.algorithm);
    if (!agreed && !checksumDesk.isWanted) return null;
    const kit = await unlessAborted(signal, checksumDesk.loadHasher());
    // the store takes no part of it without
    if (!kit && agreed?.type === 'COMPOSITE') throw new RestartRequired('restart', 'its checksums cannot be computed');
    const host = this.#host;
    const origin = (): string => new URL(this.location ?? 'about:blank').origin;
    const checksHost = {
      ...{ table, agreed, isMultipart },
      get file() {
        return host.file!;
      },
      get lanes() {
        return scheduler.lanes;
      },
      get etags() {
        return checksumDesk.etagFormatOf(origin());
      },
      differs: (partNumber: number) => this.#partIsWrong(session, partNumber),
    };
    return kit && kit.checksOf(checksHost, signal);
  }

  /** Waits for what is compared in the background. @throws UploadError `integrity` */
  async #checksSettled(session: Session, signal: AbortSignal): Promise<void> {
    await this.#checks.settled(session, signal);
    const verdict = this.#verdict;
    if (!verdict) return;
    // whoever tries again has a new chance
    this.#verdict = null;
    this.#wrong.clear();
    throw verdict;
  }

  /** Has a part sent again of which the store holds other bytes. */
  #partIsWrong(session: Session, partNumber: number): void {
    if (session !== this.session) return;
    const times = this.#countWrong(partNumber);
    if (times > MOST_WRONG) {
      this.#verdict ??= integrityError(
        this.#host.name,
        `the store holds other bytes of part ${partNumber}, time and again`,
      );
      return;
    }
    session.table.markLost(partNumber);
    const reason = 'the store holds other bytes of it than the file';
    this.#host.announce({ phase: 'part', partNumber, attempt: times, delay: 0, reason });
    this.#sender.fillLanes();
  }

  #countWrong(what: number): number {
    const times = (this.#wrong.get(what) ?? 0) + 1;
    this.#wrong.set(what, times);
    return times;
  }

  /** The store would make another object: finds the part that is to blame, or begins afresh. */
  async #wayAround(session: Session, signal: AbortSignal): Promise<Error> {
    session.checks?.invalidate();
    await this.#listVerifiedParts(session, signal);
    await this.#checksSettled(session, signal);
    return session.table.isComplete
      ? this.#wholeIsWrong('the store holds other bytes than it has confirmed')
      : new RestartRequired('relist', 'the store holds other bytes of a part');
  }

  #wholeIsWrong(reason: string): Error {
    if (this.#countWrong(0) <= MOST_WRONG) return new RestartRequired('restart', reason);
    this.#wrong.clear();
    return integrityError(this.#host.name, reason);
  }

  #sendEnd(session: Session, parts: readonly NamedPart[], trial: Attempt, signal: AbortSignal) {
    return this.#carrier.sendS3Request('end', session, trial, signal, (signature, patience) => {
      // the store may take minutes, and must not be asked to complete twice at a time
      const isLost: RequestTimeouts['isLost'] = (url, _isOverdue, ended) =>
        this.#retrier.isLost(url, false, ended, () => this.#isGone(session, ended));
      return this.#sendAll(this.#host.store.completeMultipartUpload(signature, parts, { ...patience, isLost }));
    });
  }

  /** Asks once, in no lane, whether the multipart upload is gone: it was completed then, and the answer was lost. */
  async #isGone(session: Session, signal: AbortSignal): Promise<boolean> {
    try {
      const signature = await this.#signatures.signRequest('list', signedUploadOf(session), signal);
      await this.#host.store.listParts(signature, this.#carrier.patience({ stalls: 0 }, signal));
      return false;
    } catch (error) {
      return error instanceof StoreFault && error.status === 404;
    }
  }

  /** Notes what becomes of the request that makes the object. */
  async #sendAll<T>(sending: Promise<T>): Promise<T> {
    this.#hasSentAll = true;
    try {
      return await sending;
    } catch (error) {
      // what the store refused outright does not stand in the bucket
      this.#isInDoubt ||= !(error instanceof StoreFault && error.status >= 400 && error.status < 500);
      throw error;
    }
  }

  /** Lists the parts to go on with: those of a file that may have changed since have to be shown to be its own. */
  async #listVerifiedParts(session: Session, signal: AbortSignal): Promise<void> {
    const { file, isTouched } = this.#host;
    session.checks?.listed(await this.#list(session, signal, isTouched ? file : null));
  }

  /** @param judge the file that parts have to be shown to be of; null: the store's word will do */
  async #list(session: Session, signal: AbortSignal, judge: File | null = null): Promise<StoredPart[]> {
    const { table, checks } = session;
    const pages = await this.#pages(session, signal, (page) => this.#retrier.retry('list', null, signal, page));
    const isOwn = checks && ((part: StoredPart) => checks.isOwn(part));
    const parts = [...pages.values()];
    const listed = judge ? await verifiedParts(parts, table, judge, signal, isOwn) : parts;
    table.replaceStored(listed, judge !== null);
    session.needsList = false;
    this.#retrier.progressed();
    this.#host.changed();
    return listed;
  }

  /** @param ask gets one page, as stubbornly as is wanted */
  async #pages(
    session: Session,
    signal: AbortSignal,
    ask: (page: (trial: Pick<Attempt, 'stalls'>) => Promise<PartList>) => Promise<PartList>,
  ): Promise<Map<number, StoredPart>> {
    const parts = new Map<number, StoredPart>();
    for (let marker: number | undefined, isLast = false; !isLast;) {
      const page = await ask((trial) =>
        this.#carrier.sendS3Request(
          'list',
          session,
          trial,
          signal,
          (signature, patience) => this.#host.store.listParts(signature, patience),
          marker,
        ),
      );
      for (const part of page.parts) parts.set(part.partNumber, part);
      isLast = page.next === null || page.next <= (marker ?? 0);
      marker = page.next ?? undefined;
    }
    return parts;
  }
}
