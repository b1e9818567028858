/** What the rules of one run share: who calls, and what has been uploaded so far. */
import { partSizeOf } from '../../../limits.js';
import type { Action, InitFile } from '../../../protocol.js';
import { childText, textIn } from '../../../xml.js';
import { ConformanceCaller, ensure, Observations } from './conformance-caller.js';
import type { Granted } from './conformance-caller.js';
import { childrenIn } from '../store-response.js';

export interface ConformanceOptions {
  /** Base URL of the signer; each action is `{url}/{action}`. */
  url: string;
  /** Sent with every call to the signer, such as `Authorization`; without any, the signer has to take anybody. */
  headers?: Readonly<Record<string, string>>;
  /** The same for another user; without it, whether users are kept apart is not tried. */
  otherHeaders?: Readonly<Record<string, string>>;
  /** Of the files that it uploads; the signer's policy has to take it. */
  contentType?: string;
  /** Bytes of the file that it sends in parts, more than the signer's part size; 16 MiB and a byte by default. */
  multipartSize?: number;
  fetch?: typeof fetch;
}

/** One rule of the protocol, and how it is tried. Later rules may use what earlier ones uploaded. */
export interface Rule {
  rule: string;
  /** @throws Fault where the signer breaks the rule */
  check: (run: ConformanceRun) => Promise<void>;
  /** Needs a multipart upload that has begun; false by default. */
  needsUpload?: boolean;
  /** Needs a second user; false by default. */
  needsOther?: boolean;
}

/** A multipart upload that has begun. */
export type BigUpload = Granted & { upload_id: string; size: number; part_size: number };

/** Bytes: two parts of 8 MiB and a byte, or more parts where they are smaller. */
const DEFAULT_MULTIPART_SIZE = 2 * 8 * 1024 ** 2 + 1;

/** A key that no signer has granted. */
export const FOREIGN_KEY = 'private/accounts.csv';

export class ConformanceRun {
  readonly observations = new Observations();
  readonly fetch: typeof fetch;
  /** Bytes of the file that is sent in parts. */
  readonly multipartSize: number;
  /** The user whose uploads they are. */
  readonly caller: ConformanceCaller;
  /** Another user. */
  readonly other: ConformanceCaller | null;
  /** Somebody who is not signed in; null where nobody is. */
  readonly nobody: ConformanceCaller | null;
  /** The optional actions that init offers. */
  actions: readonly Action[] = [];
  /** A file that was stored by one request. */
  stored: Granted | null = null;
  big: BigUpload | null = null;
  /** Of the big file: new, so that no tracker knows it from an earlier run. */
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
    this.other = otherHeaders ? callerWith(otherHeaders) : null;
    this.nobody = headers && Object.keys(headers).length > 0 ? callerWith() : null;
  }

  offers(action: Action): boolean {
    return this.actions.includes(action);
  }

  /** What every call about the multipart upload names. */
  get reference(): { key: string; grant: string; upload_id: string } {
    const { key, grant, upload_id } = this.big!;
    return { key, grant, upload_id };
  }

  /** Describes the file of the multipart upload. */
  bigFile(change: Partial<InitFile> = {}): Partial<InitFile> {
    return this.caller.file({
      id: 'big',
      filename: this.#name,
      filesize: this.multipartSize,
      part_size: 5 * 1024 ** 2,
      ...change,
    });
  }

  /** How many parts the multipart upload has. */
  get partCount(): number {
    return Math.ceil(this.big!.size / this.big!.part_size);
  }

  /** Names one part and its bytes. */
  chunk(chunk: number): { chunk: number; size: number } {
    const { size, part_size } = this.big!;
    return { chunk, size: partSizeOf(chunk, size, part_size) };
  }

  /** What asks for a window of parts. */
  window(chunks: readonly unknown[]): { size: number; part_size: number; chunks: readonly unknown[] } {
    const { size, part_size } = this.big!;
    return { size, part_size, chunks };
  }

  /** Every action about an upload that the signer offers, with what it needs besides `reference`. */
  referencingCalls(): [Action, object][] {
    const required: [Action, object][] = [
      ['get_chunk_signature', this.chunk(1)],
      ['get_list_signature', {}],
      ['get_end_signature', { size: this.big!.size }],
    ];
    const optional: [Action, object][] = [
      ['get_delete_signature', {}],
      ['get_head_signature', {}],
      ['get_all_signatures', this.window([1])],
      ['chunk_loaded', { chunks: [1], state: 'started' }],
      ['chunk_loaded', { chunks: [], state: 'aborted' }],
    ];
    return [...required, ...optional.filter(([action]) => this.offers(action))];
  }

  /** Checks by HEAD that an object has so many bytes, where the signer offers it. */
  async expectStored({ key, grant }: Granted, size: number): Promise<void> {
    if (!this.offers('get_head_signature')) return;
    const { response } = await this.caller.replay(await this.caller.call('get_head_signature', { key, grant }), 'HEAD');
    const stored = response.headers.get('content-length');
    ensure(stored === String(size), `the object has ${stored} bytes, where ${size} were sent`);
  }
}

export const uploadIdIn = (xml: string): string | undefined => textIn(xml, 'UploadId') || undefined;
export const partNumbersIn = (xml: string): number[] =>
  childrenIn(xml, 'Part').map((part) => Number(childText(part, 'PartNumber')));
