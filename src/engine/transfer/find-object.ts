import type { SignedRequests } from './signed-requests.js';
import { UploadError } from '../api/errors.js';
import { hex } from '../util/bytes.js';
import { verifyObject, loadDigests } from '../integrity/object-verifier.js';
import { RestartRequired } from '../network/retry-loop.js';
import type { RetryLoop } from '../network/retry-loop.js';
import { signedUploadOf } from '../model/session.js';
import type { Session } from '../model/session.js';
import type { SignatureCache } from '../signing/signature-cache.js';
import type { NamedPart } from '../s3/xml.js';
import type { StoredObject } from '../s3/client.js';
import type { TransferHost } from './transfer-host.js';
import type { Integrity, UploadSnapshot } from '../api/types.js';

/** Refusals, or tries without an answer while the store was there, after which HEAD tells nothing. */
const MAX_REFUSALS = 2;
const MAX_UNANSWERED = 3;
/** Tries of a Complete that is sent only to hear what it says. */
const MAX_REPEATS = 3;

/** What was found under the key. `unknown`: nobody could tell. */
export type Finding =
  | { readonly etag: string; readonly integrity: Integrity; readonly checksum: Checksum | null }
  | 'absent'
  | 'other'
  | 'unknown';

type Checksum = NonNullable<UploadSnapshot['checksum']>;

/** The file's own checksums, which may have to be computed first. */
export interface OwnChecksums {
  /** Of the whole; null where none was agreed on, or none can be had. */
  whole(session: Session, signal: AbortSignal): Promise<Checksum | null>;
  /** For Complete. */
  parts(session: Session, etags: Iterable<string>, signal: AbortSignal): Promise<NamedPart[]>;
}

/** What became of an upload that the store knows no more, or whose key is taken: the answer may have been lost. */
export class ObjectFinder {
  readonly #host: TransferHost;
  readonly #retrier: RetryLoop;
  readonly #carrier: SignedRequests;
  readonly #signatures: SignatureCache;
  readonly #own: OwnChecksums;

  constructor(
    host: TransferHost,
    retrier: RetryLoop,
    carrier: SignedRequests,
    signatures: SignatureCache,
    own: OwnChecksums,
  ) {
    this.#host = host;
    this.#retrier = retrier;
    this.#carrier = carrier;
    this.#signatures = signatures;
    this.#own = own;
  }

  /**
   * Looks for the upload's own object.
   * @param mayBeOurs whether this upload can have made it at all: what asks for all to be put together was sent
   */
  async find(session: Session, mayBeOurs: boolean, signal: AbortSignal): Promise<Finding> {
    const object = await this.head(session, signal);
    if (object === 'absent') return object;
    if (object === 'unknown') return mayBeOurs ? this.#completeAgain(session, signal) : object;
    const { table, ownKey, uploadId, checksum: agreed } = session;
    const checksum = agreed && object.checksums[agreed.algorithm] ? await this.#own.whole(session, signal) : null;
    const expected = {
      plan: table.plan,
      isMultipart: uploadId !== null,
      checksum,
      etags: [...table.etags()],
      file: this.#host.file,
      isKeyOwn: ownKey && mayBeOurs,
    };
    const integrity = await verifyObject(object, expected, signal);
    return integrity ? { etag: object.etag, integrity, checksum: integrity === 'checksum' ? checksum : null } : 'other';
  }

  /**
   * Asks for the object's facts. A 403 may stand for "absent" where the credentials may not list the bucket: a second
   * one, to a fresh signature, means that nobody knows.
   */
  async head(session: Session, signal: AbortSignal): Promise<StoredObject | 'absent' | 'unknown'> {
    if (!this.#signatures.supports('head', signedUploadOf(session))) return 'unknown';
    try {
      return await this.#retrier.retry('head', null, signal, async (trial) => {
        if (trial.refusals >= MAX_REFUSALS || trial.unanswered >= MAX_UNANSWERED) return 'unknown';
        return this.#carrier.sendS3Request('head', session, trial, signal, (signature, patience) =>
          this.#host.store.headObject(signature, patience),
        );
      });
    } catch (error) {
      if (error instanceof UploadError) return error.status === 404 ? 'absent' : 'unknown';
      if (error instanceof RestartRequired) return 'unknown';
      throw error;
    }
  }

  /** Sends Complete once more: a store that has done as asked says so again, or that the upload is gone. */
  async #completeAgain(session: Session, signal: AbortSignal): Promise<Finding> {
    const etags = session.uploadId ? await this.#etagsOf(session, signal) : null;
    if (!etags) return 'unknown';
    try {
      const parts = await this.#own.parts(session, etags, signal);
      const { etag } = await this.#retrier.retry('complete', null, signal, (trial) => {
        if (trial.count > MAX_REPEATS) throw new RestartRequired('gone', 'the store does not say what became of it');
        return this.#carrier.sendS3Request('end', session, trial, signal, (signature, patience) =>
          this.#host.store.completeMultipartUpload(signature, parts, patience),
        );
      });
      const checksum = session.whole ? await this.#own.whole(session, signal) : null;
      return { etag, checksum, integrity: checksum ? 'checksum' : (session.checks?.evidence ?? 'unverified') };
    } catch (error) {
      if (error instanceof UploadError || error instanceof RestartRequired) return 'unknown';
      throw error;
    }
  }

  /** ETags of all parts: those the store told, or else the MD5s of the file's. */
  async #etagsOf({ table }: Session, signal: AbortSignal): Promise<string[] | null> {
    if (table.hasEveryEtag) return [...table.etags()];
    const digests = this.#host.file && (await loadDigests());
    if (!digests) return null;
    try {
      return (await digests.md5OfParts(this.#host.file, table.plan, signal)).map(hex);
    } catch {
      signal.throwIfAborted();
      return null;
    }
  }
}
