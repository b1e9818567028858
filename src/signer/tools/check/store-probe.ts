/** Sends the check's requests to the store, collects its findings, and aborts the multipart uploads that it created. */
import { textIn } from '../../../xml.js';
import type { Settings } from '../../options/settings.js';
import { abortMultipartUpload, withCopyGuard } from '../../s3/operations.js';
import { createPresigner } from '../../s3/presign.js';
import type { StoreOperation } from '../../s3/presign.js';
import { hex, randomBytes } from '../../util/bytes.js';
import { readText } from '../store-response.js';
import { prefixOf } from './store-advice.js';

export interface StoreFinding {
  /** The requirement that was tried. */
  rule: string;
  /** Null if the store meets the requirement. */
  fault: string | null;
  /** Uploads work in spite of the fault. */
  isWarning?: boolean;
  /** Text to paste into the store's configuration, or a command to run. */
  advice?: string;
}

/** The store's response to one request of the check. */
export interface StoreReply {
  status: number;
  ok: boolean;
  /** S3's error code, or an empty string. */
  code: string;
  text: string;
  headers: Headers;
}

export interface ProbeRequest {
  body?: BodyInit;
  /** Headers sent in addition to the signed ones. */
  unsignedHeaders?: Readonly<Record<string, string>>;
  /** By default the address of the bucket. */
  store?: Settings['store'];
}

export const REQUEST_TIMEOUT_MS = 15_000;
const MAX_ABORT_ATTEMPTS = 4;
const ABORT_RETRY_DELAY_MS = 1_000;

/** Describes a failed request without its URL, which contains a signature. */
export const describeNetworkError = (error: unknown): string =>
  (error as { cause?: { code?: string } }).cause?.code ?? (error as Error).name;

export class StoreProbe {
  readonly findings: StoreFinding[] = [];
  readonly settings: Settings;
  /** The name of the check's object; no such object exists. */
  readonly name = `mule-upload-check-${hex(randomBytes(8))}`;
  /** `name` below the policy's prefix. */
  readonly key: string;
  /** Keys of the unfinished multipart uploads, by upload ID. */
  readonly #uploads = new Map<string, string>();

  constructor(settings: Settings) {
    this.settings = settings;
    this.key = prefixOf(settings.policy) + this.name;
  }

  /** The ACL header that the signer signs for this store. */
  get aclHeaders(): Record<string, string> {
    const { defaultAcl } = this.settings.policy;
    return defaultAcl === null ? {} : { 'x-amz-acl': defaultAcl };
  }

  report(rule: string, fault: string | null, details: Pick<StoreFinding, 'isWarning' | 'advice'> = {}): void {
    this.findings.push({ rule, fault, ...(fault === null ? {} : details) });
  }

  /** Runs one step of the check. Reports a network error as a finding, so that the next step still runs. */
  async attempt(rule: string, step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      this.report(rule, `the store did not answer (${describeNetworkError(error)})`);
    }
  }

  /** Sends an operation signed as the signer would sign it. */
  async sendAsSigner(operation: StoreOperation, request?: ProbeRequest): Promise<StoreReply> {
    return this.send(this.settings.refusesUnsignedHeaders ? operation : withCopyGuard(operation), request);
  }

  /** Signs an operation as it is, and sends it. */
  async send(
    operation: StoreOperation,
    { body, unsignedHeaders = {}, store = this.settings.store }: ProbeRequest = {},
  ): Promise<StoreReply> {
    const { credentials, now, fetch: sendRequest, region } = this.settings;
    const terms = { credentials: await credentials(), now: now(), lifetimeS: 60 };
    const { method, url, headers } = await createPresigner(store, region)(operation, terms);
    const response = await sendRequest(url, {
      method,
      headers: { ...headers, ...unsignedHeaders },
      ...(body === undefined ? {} : { body }),
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      redirect: 'manual',
    });
    const text = await readText(response);
    const uploadId = operation.query?.['uploads'] === '' ? textIn(text, 'UploadId') : '';
    if (uploadId) this.#uploads.set(uploadId, operation.key);
    return {
      status: response.status,
      ok: response.ok,
      code: textIn(text, 'Code'),
      text,
      headers: response.headers,
    };
  }

  async abort(key: string, uploadId: string): Promise<StoreReply> {
    const reply = await this.sendAsSigner(abortMultipartUpload(key, uploadId));
    if (reply.ok || reply.status === 404) this.#uploads.delete(uploadId);
    return reply;
  }

  /** Aborts the unfinished multipart uploads of one key. */
  async abortAllOf(key: string): Promise<void> {
    for (const [uploadId, uploadKey] of this.#uploads) if (uploadKey === key) await this.abort(key, uploadId);
  }

  /** Aborts the uploads that an interrupted check has left, and reports those that cannot be aborted. */
  async abortRemaining(): Promise<void> {
    for (const [uploadId, key] of this.#uploads) {
      for (let attempt = 0; attempt < MAX_ABORT_ATTEMPTS && this.#uploads.has(uploadId); attempt += 1) {
        if (attempt > 0) await new Promise((resolve) => setTimeout(resolve, ABORT_RETRY_DELAY_MS));
        await this.abort(key, uploadId).catch(() => null);
      }
      if (!this.#uploads.has(uploadId)) continue;
      const names = `--bucket ${this.settings.bucket} --key ${key} --upload-id ${uploadId}`;
      const advice = `once the store answers again, run:\naws s3api abort-multipart-upload ${names}`;
      this.report('the check removes its uploads', `the multipart upload of ${key} could not be aborted`, { advice });
    }
  }
}
