/** The state that the rules of one run share: the users, and the uploads of earlier rules. */
import { partSizeOf } from '../../../limits.js';
import type { Action, InitFile } from '../../../protocol.js';
import { childText, textIn } from '../../../xml.js';
import { ConformanceCaller, ensure, Observations } from './conformance-caller.js';
import type { GrantedFile } from './conformance-caller.js';
import { childrenIn } from '../store-response.js';

export interface ConformanceOptions {
  /** Base URL of the signer; each action is `{url}/{action}`. */
  url: string;
  /** Sent with every call to the signer, such as `Authorization`. Without any, the signer must allow anonymous uploads. */
  headers?: Readonly<Record<string, string>>;
  /** The same for another user. Without it, the rules about two users are skipped. */
  otherHeaders?: Readonly<Record<string, string>>;
  /** The type of the uploaded files; the signer's policy must accept it. */
  contentType?: string;
  /** Bytes of the multipart upload, more than the signer's part size; 16 MiB and one byte by default. */
  multipartSize?: number;
  fetch?: typeof fetch;
}

/** One rule of the protocol. Later rules may use the uploads of earlier ones. */
export interface Rule {
  rule: string;
  /** @throws Fault if the signer violates the rule */
  check: (run: ConformanceRun) => Promise<void>;
  /** Whether it needs an unfinished multipart upload; false by default. */
  needsUpload?: boolean;
  /** Whether it needs a second user; false by default. */
  needsOther?: boolean;
}

/** An unfinished multipart upload. */
export type MultipartUpload = GrantedFile & { upload_id: string; size: number; part_size: number };

/** Bytes: two parts of 8 MiB and one byte. */
const DEFAULT_MULTIPART_SIZE = 2 * 8 * 1024 ** 2 + 1;

/** A key that no signer grants. */
export const UNGRANTED_KEY = 'private/accounts.csv';

export class ConformanceRun {
  readonly observations = new Observations();
  readonly fetch: typeof fetch;
  /** Bytes of the multipart upload. */
  readonly multipartSize: number;
  /** The user who uploads. */
  readonly caller: ConformanceCaller;
  /** A second user; null if the options have none. */
  readonly otherUser: ConformanceCaller | null;
  /** A caller without a session; null if the signer allows anonymous uploads. */
  readonly anonymous: ConformanceCaller | null;
  /** The optional actions that the answer of init lists. */
  actions: readonly Action[] = [];
  /** A file that was stored by a single request. */
  storedFile: GrantedFile | null = null;
  upload: MultipartUpload | null = null;
  /** The name of the multipart file; unique, so that no tracker finds an upload of an earlier run. */
  readonly #name = `conformance-${crypto.randomUUID()}.bin`;

  constructor(options: ConformanceOptions) {
    const { url, headers, otherHeaders, contentType, fetch: send } = options;
    this.multipartSize = options.multipartSize ?? DEFAULT_MULTIPART_SIZE;
    this.fetch = send ?? ((...request) => fetch(...request));
    const callerWith = (sent?: Readonly<Record<string, string>>) =>
      new ConformanceCaller({
        url,
        contentType,
        fetch: this.fetch,
        observations: this.observations,
        ...(sent && { headers: sent }),
      });
    this.caller = callerWith(headers);
    this.otherUser = otherHeaders ? callerWith(otherHeaders) : null;
    this.anonymous = headers && Object.keys(headers).length > 0 ? callerWith() : null;
  }

  offers(action: Action): boolean {
    return this.actions.includes(action);
  }

  /** The fields that every call about the multipart upload has. */
  get reference(): { key: string; grant: string | undefined; upload_id: string } {
    const { key, grant, upload_id } = this.upload!;
    return { key, grant, upload_id };
  }

  /** Returns the multipart file as a request to init describes it. */
  createMultipartFile(change: Partial<InitFile> = {}): Partial<InitFile> {
    return this.caller.createFile({
      id: 'big',
      filename: this.#name,
      filesize: this.multipartSize,
      part_size: 5 * 1024 ** 2,
      ...change,
    });
  }

  /** The number of parts of the multipart upload. */
  get partCount(): number {
    return Math.ceil(this.upload!.size / this.upload!.part_size);
  }

  /** Returns the number and the size of one part, as protocol fields. */
  partFields(chunk: number): { chunk: number; size: number } {
    const { size, part_size } = this.upload!;
    return { chunk, size: partSizeOf(chunk, size, part_size) };
  }

  /** Returns the fields that request a window of parts. */
  windowOf(chunks: readonly unknown[]): { size: number; part_size: number; chunks: readonly unknown[] } {
    const { size, part_size } = this.upload!;
    return { size, part_size, chunks };
  }

  /** Returns every action about an upload that the signer offers, with its fields in addition to `reference`. */
  referencingCalls(): [Action, object][] {
    const required: [Action, object][] = [
      ['get_chunk_signature', this.partFields(1)],
      ['get_list_signature', {}],
      ['get_end_signature', { size: this.upload!.size }],
    ];
    const optional: [Action, object][] = [
      ['get_delete_signature', {}],
      ['get_head_signature', {}],
      ['get_all_signatures', this.windowOf([1])],
      ['chunk_loaded', { chunks: [1], state: 'started' }],
      ['chunk_loaded', { chunks: [], state: 'aborted' }],
    ];
    return [...required, ...optional.filter(([action]) => this.offers(action))];
  }

  /** Checks the size of an object by HEAD, if the signer offers that action. */
  async expectStored({ key, grant }: GrantedFile, size: number): Promise<void> {
    if (!this.offers('get_head_signature')) return;
    const { response } = await this.caller.replay(await this.caller.call('get_head_signature', { key, grant }), 'HEAD');
    const stored = response.headers.get('content-length');
    ensure(stored === String(size), `the object has ${stored} bytes, but ${size} were sent`);
  }
}

export const uploadIdIn = (xml: string): string | undefined => textIn(xml, 'UploadId') || undefined;
export const partNumbersIn = (xml: string): number[] =>
  childrenIn(xml, 'Part').map((part) => Number(childText(part, 'PartNumber')));
