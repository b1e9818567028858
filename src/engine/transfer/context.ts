import type { UploadChecksums } from '../integrity/upload-checksums.js';
import { referenceOf } from '../model/session.js';
import type { Session } from '../model/session.js';
import type { UploadRecord } from '../model/upload-record.js';
import type { UploadObserver, UploadReport } from '../model/upload-report.js';
import { RetryLoop } from '../network/retry-loop.js';
import { SignatureCache } from '../signing/signature-cache.js';
import type { SignedUpload } from '../model/signature.js';
import { areNotificationsBatched } from '../signing/notifications.js';
import { TrackerNotifier } from '../signing/tracker-notifier.js';
import type { Services } from './services.js';

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
  /** Whether the first request needs another signature. */
  isFirstRequestRejected = false;
  /** Whether the grant has to be renewed before the next signature. */
  isGrantExpired = false;
  /** The renewal under way: all requests that need one wait for the same. */
  grantRenewal: Promise<void> | null = null;
  readonly #observer: UploadObserver;
  #url: string | null = null;

  constructor(services: Services, record: UploadRecord, observer: UploadObserver) {
    this.services = services;
    this.record = record;
    this.#observer = observer;
    this.retries = new RetryLoop(services, record, this);
    const { signer, clock, health } = services;
    this.signatures = new SignatureCache(signer, clock, () => health.signer.answered(record.id));
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
    // a POST policy's URL is the bucket's
    return url.endsWith('/') ? url + (this.record.session?.key ?? '') : url;
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
      this.checks = null;
      this.isGrantExpired = false;
    }
    this.record.session = session;
    this.notifier = session && this.#createNotifier(session);
    if (!session) this.#url = null;
  }

  /** Handles what concerns signatures, and passes on the rest. */
  report(report: UploadReport): void {
    if (report.type === 'grant-expired') this.isGrantExpired = true;
    else if (report.type !== 'signatures-rejected') this.#observer.report(report);
    else if (report.partNumber !== null && this.record.session?.uploadId) this.signatures.forgetPart(report.partNumber);
    else {
      this.signatures.clear();
      this.isFirstRequestRejected = true;
    }
  }

  /** Returns the facts that the signer needs for a signature; created for each use, since the grant may be renewed. */
  signedUpload(session = this.session, checks = this.checks): SignedUpload {
    const { table, actions, completeChecksum } = session;
    return {
      reference: referenceOf(session),
      actions,
      size: table.plan.size,
      partSize: table.plan.partSize,
      sizeOf: (partNumber) => table.sizeOf(partNumber),
      values: checks?.values ?? null,
      whole: completeChecksum,
    };
  }

  #createNotifier(session: Session): TrackerNotifier | null {
    const { settings, notifications } = this.services;
    const { actions, uploadId, tracked } = session;
    const { chunk_loaded: url } = settings.options.urls;
    const isWanted = (uploadId !== null || tracked) && actions.includes('chunk_loaded') && url !== '';
    const batchSender = areNotificationsBatched(actions, settings.options) ? notifications : null;
    return isWanted ? new TrackerNotifier(this.services, () => referenceOf(session), batchSender) : null;
  }
}
