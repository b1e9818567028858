/** Creates multipart uploads for the option `beginMultipart`. */
import { textIn } from '../../xml.js';
import type { Grant } from '../grants/grant.js';
import { abortMultipartUpload } from '../s3/operations.js';
import type { StoreOperation } from '../s3/presign.js';
import type { TrackedUpload, Tracker } from '../tracker/tracker.js';
import type { Call } from './call-context.js';

/** Maximum number of uploads that one call creates, all concurrently. The browser sends no more files at a time. */
const MAX_STARTED = 8;
/** Short, because the browser waits for the answer of init. */
const STORE_TIMEOUT_MS = 5_000;
const MAX_UPLOAD_ID_LENGTH = 2_048;

/** Creates multipart uploads for the first files of one init call. */
export class UploadStarter {
  readonly #call: Call;
  #started = 0;

  constructor(call: Call) {
    this.#call = call;
  }

  /**
   * Creates a multipart upload, and records it in the tracker: if the answer is lost, the next init call for the file
   * returns it, and a sweep finds it.
   * @returns the upload ID; null if the browser has to create the upload: the option is off, the caller is anonymous, the
   *   call has created `MAX_STARTED` uploads, or the store or the tracker fails
   */
  async start(grant: Grant, creation: StoreOperation): Promise<string | null> {
    const { beginMultipart, tracker, bucket, storeId: store, onError } = this.#call.settings;
    const { principal } = grant;
    if (!beginMultipart || !tracker || principal === null || this.#started >= MAX_STARTED) return null;
    this.#started += 1;
    try {
      const uploadId = await this.#create(creation);
      const { key, size, partSize, checksum, begun, marks } = grant;
      await this.#record(tracker, { principal, bucket, store, key, uploadId, size, partSize, checksum, begun, marks });
      return uploadId;
    } catch (error) {
      onError(error);
      return null;
    }
  }

  async #create(creation: StoreOperation): Promise<string> {
    const { status, text } = await this.#send(creation);
    const uploadId = status === 200 ? textIn(text, 'UploadId') : '';
    if (uploadId.length <= MAX_UPLOAD_ID_LENGTH && /^[!-~]+$/.test(uploadId)) return uploadId;
    throw new Error(`beginMultipart: the store answered ${status} ${textIn(text, 'Code')} to CreateMultipartUpload`);
  }

  /** Records an upload. Aborts it if the tracker fails, because no sweep would find it. */
  async #record(tracker: Tracker, upload: TrackedUpload): Promise<void> {
    try {
      await tracker.note(upload, []);
    } catch (error) {
      await this.#send(abortMultipartUpload(upload.key, upload.uploadId)).catch(this.#call.settings.onError);
      throw error;
    }
  }

  async #send(operation: StoreOperation): Promise<{ status: number; text: string }> {
    const { presign, terms, settings } = this.#call;
    const { method, url, headers = {} } = await presign(operation, terms);
    const response = await settings.fetch(url, { method, headers, signal: AbortSignal.timeout(STORE_TIMEOUT_MS) });
    return { status: response.status, text: await response.text() };
  }
}
