import type { UploadChecksums } from '../integrity/upload-checksums.js';
import { referenceOf } from '../model/session.js';
import type { Session } from '../model/session.js';
import type { UploadRecord } from '../model/upload-record.js';
import type { UploadObserver, UploadReport } from '../model/upload-report.js';
import { RetryLoop } from '../network/retry-loop.js';
import { SignatureCache } from '../signing/signature-cache.js';
import type { SignedUpload } from '../model/signature.js';
import { TrackerNotifier } from '../signing/tracker-notifier.js';
import { unlessAborted } from '../util/abort.js';
import type { Services } from './services.js';

/** Asks the signer for another grant of the open session. */
type RenewGrant = (context: TransferContext) => Promise<void>;

/** The objects that the steps of one upload's transfer share: its record, signatures, checks and retries. */
export class TransferContext implements UploadObserver {
  readonly services: Services;
  readonly record: UploadRecord;
  readonly retries: RetryLoop;
  readonly signatures: SignatureCache;
  /** Null if the signer's tracker wants no notifications. */
  notifier: TrackerNotifier | null = null;
  /** Null until the session is open, and if nothing is to be verified. */
  checks: UploadChecksums | null = null;
  /** Whether the store has rejected the signature of the first request, so that it needs another one. */
  isFirstRequestRejected = false;
  /** Whether the grant has to be renewed before the next signature. */
  isGrantExpired = false;
  readonly #observer: UploadObserver;
  readonly #renewGrant: RenewGrant;
  /** The pending renewal, for which all requests wait; null if there is none. */
  #grantRenewal: Promise<void> | null = null;
  #url: string | null = null;

  /** @param renewGrant called once the signer has rejected the grant as expired */
  constructor(services: Services, record: UploadRecord, observer: UploadObserver, renewGrant: RenewGrant) {
    this.services = services;
    this.record = record;
    this.#observer = observer;
    this.#renewGrant = renewGrant;
    this.retries = new RetryLoop(services, record, this);
    const { signer, clock, health } = services;
    this.signatures = new SignatureCache(signer, clock, () => health.signer.recordAnswer(record.id));
    if (record.session) this.setSession(record.session);
  }

  /** The open session. @throws TypeError before there is one: a defect of this package */
  get session(): Session {
    const { session } = this.record;
    if (!session) throw new TypeError('there is no session yet');
    return session;
  }

  /** The object's URL without its signature; null before the first request. */
  get location(): string | null {
    const url = this.#url?.split('?', 1)[0];
    if (!url) return null;
    // the URL of a POST policy is that of the bucket
    return url.endsWith('/') ? url + encodeURIComponent(this.record.session?.key ?? '').replaceAll('%2F', '/') : url;
  }

  /** Whether the store has a multipart upload that the signer lets this page abort. */
  get canAbort(): boolean {
    return Boolean(this.record.session?.uploadId) && this.signatures.supports('delete', this.signedUpload());
  }

  /** Records the URL of the first request. */
  setLocation(url: string): void {
    this.#url ??= new URL(url).href;
  }

  /** Opens a session, or closes it with null: the next run then asks the signer for another one. */
  setSession(session: Session | null): void {
    if (session !== this.record.session) {
      this.#url = null;
      this.checks = null;
      this.isGrantExpired = false;
    }
    this.record.session = session;
    this.notifier = session && this.#createNotifier(session);
  }

  /** Renews the grant if the signer has rejected it as expired. @throws Error as `renewGrant` does */
  async renewExpiredGrant(signal: AbortSignal): Promise<void> {
    if (!this.isGrantExpired) return;
    this.#grantRenewal ??= this.#renewGrant(this).finally(() => {
      this.#grantRenewal = null;
    });
    await unlessAborted(signal, this.#grantRenewal);
  }

  /** Handles reports about signatures, and passes all others on to the observer. */
  report(report: UploadReport): void {
    if (report.type === 'grant-expired') this.isGrantExpired = true;
    else if (report.type !== 'signatures-rejected') this.#observer.report(report);
    else if (report.partNumber !== null && this.record.session?.uploadId) this.signatures.forgetPart(report.partNumber);
    else {
      this.signatures.clear();
      this.isFirstRequestRejected = true;
    }
  }

  /** Returns the data that signature requests contain. Created for each call, because the grant may be renewed. */
  signedUpload(session = this.session, checks = this.checks): SignedUpload {
    const { table, actions, completeChecksum } = session;
    return {
      reference: referenceOf(session),
      actions,
      size: table.plan.size,
      partSize: table.plan.partSize,
      sizeOf: (partNumber) => table.sizeOf(partNumber),
      values: checks?.values ?? null,
      objectChecksum: completeChecksum,
    };
  }

  #createNotifier(session: Session): TrackerNotifier | null {
    const { settings } = this.services;
    const { actions, uploadId, tracked } = session;
    const { chunk_loaded: url } = settings.options.urls;
    const isWanted = (uploadId !== null || tracked) && actions.includes('chunk_loaded') && url !== '';
    return isWanted ? new TrackerNotifier(this.services, () => referenceOf(session)) : null;
  }
}
