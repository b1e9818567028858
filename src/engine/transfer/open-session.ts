import { DEFAULT_PART_SIZE } from '../../limits.js';
import { unlessAborted } from '../util/abort.js';
import type { SignedRequests } from './signed-requests.js';
import type { TrackerNotifier } from '../signing/tracker-notifier.js';
import { RestartRequired } from '../network/retry-loop.js';
import type { RetryLoop } from '../network/retry-loop.js';
import { readInit } from '../model/session.js';
import type { FirstRequest, Session } from '../model/session.js';
import { isFresh } from '../model/signature.js';
import type { Signature } from '../model/signature.js';
import type { TransferHost } from './transfer-host.js';

/** By whose leave an upload goes: key, grant and upload id; asked for, begun on the store, and renewed. */
export class SessionOpener {
  readonly #host: TransferHost;
  readonly #retrier: RetryLoop;
  readonly #carrier: SignedRequests;
  #session: Session | null = null;
  #notices: TrackerNotifier | null = null;
  #opening: FirstRequest | null = null;
  #isOpeningOld = false;
  /** A create whose answer is not lost when the upload is paused or aborted meanwhile. */
  #creating: Promise<void> | null = null;
  #renewing: Promise<void> | null = null;

  constructor(host: TransferHost, retrier: RetryLoop, carrier: SignedRequests) {
    this.#host = host;
    this.#retrier = retrier;
    this.#carrier = carrier;
  }

  get session(): Session | null {
    return this.#session;
  }

  get notices(): TrackerNotifier | null {
    return this.#notices;
  }

  get opening(): FirstRequest | null {
    return this.#opening;
  }

  /** Goes on with what is known already; null: the next run begins afresh. */
  adopt(session: Session | null): void {
    this.#session = session;
    this.#notices = session && this.#host.makeNotices(session);
    if (!session) this.#opening = null;
  }

  get #isWhole(): boolean {
    return this.#opening?.kind === 'put' || this.#opening?.kind === 'post';
  }

  /** Has the opening's signature asked for again before it is used. */
  invalidateFirstRequest(): void {
    this.#isOpeningOld = true;
  }

  /** Waits until no create is under way any more. */
  async settled(): Promise<void> {
    await this.#creating?.catch(() => {});
  }

  /**
   * Gets to know where to, and begins the multipart upload where one is needed.
   * @returns how the bytes are to be sent
   */
  async open(signal: AbortSignal): Promise<'whole' | 'parts'> {
    await this.settled();
    if (!this.#session) await this.#init(signal);
    if (this.#opening?.kind === 'create' && !this.#session!.uploadId) await this.#create(signal);
    return this.#isWhole ? 'whole' : 'parts';
  }

  /** The opening's signature, asked for again, for the same key, when it has grown old. */
  async signature(): Promise<Signature> {
    const opening = this.#opening as FirstRequest & { signature: Signature };
    if (!this.#isOpeningOld && isFresh(opening.signature, this.#host.clock)) return opening.signature;
    const { session, opening: next } = readInit(await this.#host.init(), this.#host.size);
    if (next.kind !== opening.kind || !('signature' in next) || !isSameWay(session, this.#session!))
      throw new RestartRequired('restart', 'the signer wants it done in another way');
    this.#session!.grant = session.grant;
    this.#opening = next;
    this.#isOpeningOld = false;
    return next.signature;
  }

  /** Has an outdated grant renewed; once for all who wait for it. */
  async renewGrant(signal: AbortSignal): Promise<void> {
    this.#renewing ??= this.#host
      .init()
      .then((reply) => {
        const { session } = readInit(reply, this.#host.size);
        const known = this.#session!;
        if (session.uploadId !== known.uploadId || !isSameWay(session, known))
          throw new RestartRequired('restart', 'the signer does not renew this upload');
        known.grant = session.grant;
        void this.#host.remember();
      })
      .finally(() => {
        this.#renewing = null;
      });
    await unlessAborted(signal, this.#renewing);
  }

  async #init(signal: AbortSignal): Promise<void> {
    await this.#retrier.retry('init', null, signal, async () => {
      const reply = await this.#host.init();
      signal.throwIfAborted();
      const { session, opening } = readInit(reply, this.#host.size);
      this.adopt(session);
      this.#opening = opening;
      this.#isOpeningOld = false;
    });
    this.#retrier.progressed();
    this.#host.opened(this.#opening!.kind === 'known');
    // what is on its way for seconds is listed after a reload, though nothing of it is stored
    const isLong = this.#isWhole && this.#host.size > DEFAULT_PART_SIZE;
    if (this.#session!.uploadId || isLong) void this.#host.remember();
  }

  async #create(signal: AbortSignal): Promise<void> {
    const session = this.#session!;
    const { lifetime, store } = this.#host;
    await this.#retrier.retry('create', null, signal, (trial) => {
      // The store may act on a request whose answer nobody waits for any more: the answer is kept, whatever happens.
      this.#creating ??= this.#carrier
        .sendSigned(
          0,
          lifetime,
          () => this.signature(),
          (signature) => store.createMultipartUpload(signature, this.#carrier.patience(trial, lifetime)),
        )
        .then((uploadId) => {
          session.uploadId = uploadId;
          this.adopt(session);
          void this.#host.remember();
        })
        .finally(() => {
          this.#creating = null;
        });
      return unlessAborted(signal, this.#creating);
    });
    this.#retrier.progressed();
    if (session.tracked) this.#notices?.started();
  }
}

/** Whether what was sent, or signed, under the one serves the other: a grant seals key and part size. */
const isSameWay = (one: Session, other: Session): boolean =>
  one.key === other.key && one.table.plan.partSize === other.table.plan.partSize;
