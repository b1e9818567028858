import { unlessAborted } from './abort.js';
import { StoreFault, UploadError } from './errors.js';
import type { Notices } from './notices.js';
import { PartSender } from './part-sender.js';
import { Detour } from './retrier.js';
import type { Retrier, Trial } from './retrier.js';
import type { StoredPart } from './s3.js';
import { readInit, signedUploadOf } from './session.js';
import type { Opening, Session } from './session.js';
import { isFresh } from './signatures.js';
import type { Once, Signature, Signatures } from './signatures.js';
import type { Patience, StoredObject } from './store-client.js';
import type { Upload, UploadHost } from './upload.js';

/** After so many failures of Complete the store is asked whether it still knows the upload. */
const TRIES_UNTIL_LOOK = 3;

/** The way of one upload's bytes: each step asks the store, by the signer's leave, until it has succeeded. */
export class Transfer {
  readonly #host: UploadHost;
  readonly #upload: Upload;
  readonly #retrier: Retrier;
  readonly #signatures: Signatures;
  readonly #sender: PartSender;
  #session: Session | null = null;
  #opening: Opening | null = null;
  #isOpeningOld = false;
  #notices: Notices | null = null;
  #location: string | null = null;
  /** A create whose answer is not lost when the upload is paused or aborted meanwhile. */
  #creating: Promise<void> | null = null;
  #renewing: Promise<void> | null = null;
  /** Whether a Complete, or a whole file, was sent. */
  #hasSentAll = false;
  /** Whether the answer to that was lost, or told nothing of what was done. */
  #isInDoubt = false;

  constructor(host: UploadHost, upload: Upload, retrier: Retrier) {
    this.#host = host;
    this.#upload = upload;
    this.#retrier = retrier;
    this.#signatures = host.makeSignatures();
    this.#sender = new PartSender(host, upload, retrier, this.#signatures, this);
  }

  get session(): Session | null {
    return this.#session;
  }

  get notices(): Notices | null {
    return this.#notices;
  }

  /** The object's URL without its signature. */
  get location(): string | null {
    return this.#location;
  }

  /** Goes on with what is known already. */
  adopt(session: Session | null): void {
    this.#session = session;
    this.#notices = session && this.#host.makeNotices(session);
  }

  /** Forgets key and upload id: the next run begins afresh. */
  reset(): void {
    this.adopt(null);
    this.#opening = null;
    this.#hasSentAll = this.#isInDoubt = false;
    this.#signatures.drop();
  }

  /** Counts what was in flight as unknown: it may have landed all the same. */
  doubt(): void {
    if (this.#session?.uploadId) this.#session.needsList = true;
  }

  /** Makes more parts fly where there is room. */
  pump(): void {
    this.#sender.pump();
  }

  dropSignatures(partNumber: number | null): void {
    if (partNumber !== null && this.#session?.uploadId) this.#signatures.used(partNumber);
    else {
      this.#signatures.drop();
      this.#isOpeningOld = true;
    }
  }

  /**
   * Gets to know where to, and begins the multipart upload where one is needed.
   * @returns how the bytes are to be sent
   */
  async open(signal: AbortSignal): Promise<'whole' | 'parts'> {
    await this.#creating?.catch(() => {});
    if (!this.#session) await this.#init(signal);
    if (this.#opening?.kind === 'create' && !this.#session!.uploadId) await this.#create(signal);
    return this.#opening?.kind === 'put' || this.#opening?.kind === 'post' ? 'whole' : 'parts';
  }

  /** Sends a file that needs no multipart upload. @returns the ETag; empty where the store tells none */
  async sendWhole(signal: AbortSignal): Promise<string> {
    const session = this.#session!;
    session.table.takeNext();
    const etag = await this.#retrier.insist('part', 1, signal, async (trial) => {
      try {
        return await this.fly(
          this.#upload.facts.size,
          signal,
          () => this.#renewed(),
          (signature) =>
            this.#sendAll(
              this.#host.store.put(signature, this.#wholeBody(session), this.patience(trial, signal), (loaded) => {
                session.table.sent(1, loaded);
                this.#host.changed(this.#upload);
              }),
            ),
        );
      } catch (error) {
        session.table.sent(1, 0);
        throw error;
      }
    });
    session.table.stored(1, etag);
    this.#retrier.progressed();
    this.#host.scheduler.succeeded();
    return etag;
  }

  /** Sends the parts that the store does not have. */
  async sendParts(signal: AbortSignal): Promise<void> {
    const session = this.#session!;
    if (session.needsList) await this.#list(session, signal);
    await this.#sender.send(session, this.#notices, signal);
  }

  /** Makes the parts an object. @returns its ETag; empty where the store tells none */
  async complete(signal: AbortSignal): Promise<string> {
    const session = this.#session!;
    // Where CORS hides the ETags the store's own list has them.
    if (!session.table.hasEveryEtag) await this.#list(session, signal);
    if (!session.table.isComplete) throw new Detour('relist', 'the store lists fewer parts than it confirmed');
    const etag = await this.#retrier.insist('complete', null, signal, async (trial) => {
      // Ceph answers 500 for an upload that is gone; ListParts tells.
      if (trial.attempt % TRIES_UNTIL_LOOK === 0) await this.#list(session, signal);
      return this.#fly('end', trial, signal, (signature, patience) =>
        this.#sendAll(this.#host.store.complete(signature, session.table.etags(), patience)),
      );
    });
    return etag || ((await this.#head(session, signal))?.etag ?? '');
  }

  /**
   * Looks whether the object stands in the bucket already: the answer that said so may have been lost.
   * @param sign what the store said: the multipart upload is gone, or an object exists
   * @returns its ETag where it is this upload's own, by size and by the number of parts that a multipart ETag ends
   * with; null where it is not, or cannot be told
   */
  async findObject(sign: 'gone' | 'exists', signal: AbortSignal): Promise<string | null> {
    const session = this.#session;
    // An older object may have just the same size: a plain "it exists" to the first try is not of our making.
    const isOurs = sign === 'exists' ? this.#isInDoubt : this.#hasSentAll || this.#upload.recovered;
    if (!session || !isOurs) return null;
    const object = await this.#head(session, signal);
    const { size, count } = session.table.plan;
    if (object?.size !== size) return null;
    return !session.uploadId || !object.etag || object.etag.endsWith(`-${count}`) ? object.etag : null;
  }

  /** Aborts the multipart upload on the store, so that no part is left to be paid for. */
  async abort(signal: AbortSignal): Promise<void> {
    await this.#creating?.catch(() => {});
    const session = this.#session;
    if (!session?.uploadId || !this.#signatures.offers('delete', signedUploadOf(session))) return;
    await this.#host.remember(this.#upload);
    // A part that was in flight may land after the first abort: S3 says to look, and to abort again.
    for (let isEmpty = false; !isEmpty;) {
      try {
        await this.#retrier.insist('abort', null, signal, (trial) =>
          this.#fly('delete', trial, signal, (signature, patience) => this.#host.store.abort(signature, patience)),
        );
        await this.#list(session, signal);
        isEmpty = session.table.done === 0;
      } catch (error) {
        // gone, as it should be, or not ours to look at
        if (!(error instanceof Detour || error instanceof UploadError)) throw error;
        isEmpty = true;
      }
    }
    this.#notices?.aborted();
  }

  /** Has an outdated grant renewed; once for all who wait for it. */
  async renewGrant(signal: AbortSignal): Promise<void> {
    this.#renewing ??= this.#host
      .init(this.#upload)
      .then((reply) => {
        const { session } = readInit(reply, this.#upload.facts.size);
        const known = this.#session!;
        if (
          session.key !== known.key
          || session.uploadId !== known.uploadId
          || session.table.plan.partSize !== known.table.plan.partSize
        ) {
          throw new Detour('restart', 'the signer does not renew this upload');
        }
        known.grant = session.grant;
        void this.#host.remember(this.#upload);
      })
      .finally(() => {
        this.#renewing = null;
      });
    await unlessAborted(signal, this.#renewing);
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

  /** Takes a signature, then a lane, and sends; a signature that grew old while waiting for the lane is left. */
  async fly<T>(
    bytes: number,
    signal: AbortSignal,
    sign: () => Promise<Signature>,
    send: (signature: Signature) => Promise<T>,
  ): Promise<T> {
    const { scheduler, clock } = this.#host;
    for (;;) {
      const signature = await sign();
      const release = await scheduler.lane(this.#upload.id, bytes, signal);
      try {
        signal.throwIfAborted();
        if (!isFresh(signature, clock)) continue;
        this.#location ??= locationOf(signature.url, this.#session?.key ?? '');
        return await send(signature);
      } finally {
        release();
      }
    }
  }

  /** The same for a request without a file's bytes that the signer signs by itself. */
  #fly<T>(
    what: Once,
    trial: Trial,
    signal: AbortSignal,
    send: (signature: Signature, patience: Patience) => Promise<T>,
    marker?: number,
  ): Promise<T> {
    return this.fly(
      0,
      signal,
      () => this.#signatures.once(what, signedUploadOf(this.#session!), signal, marker),
      (signature) => send(signature, this.patience(trial, signal)),
    );
  }

  /** How patient to be with a try. */
  patience({ stalls }: Trial, signal: AbortSignal): Patience {
    return { signal, stalls, stallTimeout: this.#host.options.stallTimeout * 1_000 };
  }

  async #init(signal: AbortSignal): Promise<void> {
    await this.#retrier.insist('init', null, signal, async () => {
      const reply = await this.#host.init(this.#upload);
      signal.throwIfAborted();
      const { session, opening } = readInit(reply, this.#upload.facts.size);
      this.adopt(session);
      this.#opening = opening;
      this.#isOpeningOld = false;
    });
    this.#retrier.progressed();
    this.#upload.opened(this.#opening!.kind === 'known');
    if (this.#session!.uploadId) void this.#host.remember(this.#upload);
  }

  async #create(signal: AbortSignal): Promise<void> {
    const session = this.#session!;
    const { lifetime } = this.#host;
    await this.#retrier.insist('create', null, signal, (trial) => {
      // The store may act on a request whose answer nobody waits for any more: the answer is kept, whatever happens.
      this.#creating ??= this.fly(
        0,
        lifetime,
        () => this.#renewed(),
        (signature) => this.#host.store.create(signature, this.patience(trial, lifetime)),
      )
        .then((uploadId) => {
          session.uploadId = uploadId;
          this.adopt(session);
          void this.#host.remember(this.#upload);
        })
        .finally(() => {
          this.#creating = null;
        });
      return unlessAborted(signal, this.#creating);
    });
    this.#retrier.progressed();
    if (session.tracked) this.#notices?.started();
  }

  async #list(session: Session, signal: AbortSignal): Promise<void> {
    const parts = new Map<number, StoredPart>();
    for (let marker: number | undefined, isLast = false; !isLast;) {
      const page = await this.#retrier.insist('list', null, signal, (trial) =>
        this.#fly(
          'list',
          trial,
          signal,
          (signature, patience) => this.#host.store.listPage(signature, patience),
          marker,
        ),
      );
      for (const part of page.parts) parts.set(part.partNumber, part);
      isLast = page.next === null || page.next <= (marker ?? 0);
      marker = page.next ?? undefined;
    }
    session.table.replaceStored(parts.values());
    session.needsList = false;
    this.#retrier.progressed();
    this.#host.changed(this.#upload);
  }

  /** Asks for the object's facts; null where it is absent, unknown (403), or the signer does not sign that. */
  async #head(session: Session, signal: AbortSignal): Promise<StoredObject | null> {
    if (!this.#signatures.offers('head', signedUploadOf(session))) return null;
    try {
      return await this.#retrier.insist('head', null, signal, (trial) =>
        this.#fly('head', trial, signal, (signature, patience) => this.#host.store.head(signature, patience)),
      );
    } catch (error) {
      if (error instanceof UploadError || error instanceof Detour) return null;
      throw error;
    }
  }

  /** The opening's signature, asked for again, for the same key, when it has grown old. */
  async #renewed(): Promise<Signature> {
    const opening = this.#opening as Opening & { signature: Signature };
    if (!this.#isOpeningOld && isFresh(opening.signature, this.#host.clock)) return opening.signature;
    const { session, opening: next } = readInit(await this.#host.init(this.#upload), this.#upload.facts.size);
    if (next.kind !== opening.kind || !('signature' in next))
      throw new Detour('restart', 'the signer wants it done in another way');
    if (session.key !== this.#session!.key) throw new Detour('restart', 'the signer chose another key');
    this.#session!.grant = session.grant;
    this.#opening = next;
    this.#isOpeningOld = false;
    return next.signature;
  }

  /** An untyped Blob, or the fields of a POST policy with the file last. */
  #wholeBody({ key }: Session): Blob | FormData {
    const file = this.#upload.file!.slice();
    if (this.#opening?.kind !== 'post') return file;
    const form = new FormData();
    for (const [name, value] of Object.entries({ ...this.#opening.fields, key })) form.append(name, value);
    form.append('file', file);
    return form;
  }
}

function locationOf(url: string, key: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}${pathname.endsWith('/') ? key : ''}`;
}
