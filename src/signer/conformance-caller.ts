/** How the conformance kit calls a signer and its store, and what it takes for a fault. */
import type { Action, InitAnswer, InitFile, RefusalAnswer, Signed } from '../protocol.js';
import { readAnswer } from './store-answer.js';

/** What is wrong with the signer, in words for its author. */
export class Fault extends Error {}

/** One file of init's answer, as far as the kit goes by it. */
export type Granted = Record<'key' | 'grant', string> & {
  part_size?: number;
  init?: Signed;
  put?: Signed;
  post?: string;
  upload_id?: string;
  error?: { code: string; message: string };
};

export interface Reply {
  status: number;
  text: string;
  json: unknown;
}

export function ensure(condition: unknown, fault: string): asserts condition {
  if (!condition) throw new Fault(fault);
}

export const shorten = (text: string): string => (text.length > 300 ? `${text.slice(0, 300)}…` : text);

export interface CallerOptions {
  url: string;
  headers?: Readonly<Record<string, string>> | undefined;
  contentType?: string | undefined;
  fetch: typeof fetch;
}

/** Somebody who calls the signer. */
export class ConformanceCaller {
  readonly #options: CallerOptions;

  constructor(options: CallerOptions) {
    this.#options = options;
  }

  /** Calls, whatever comes of it. */
  async post(action: Action, body: unknown, type = 'application/json'): Promise<Reply> {
    const response = await this.#options.fetch(`${this.#options.url.replace(/\/+$/, '')}/${action}`, {
      method: 'POST',
      headers: { ...this.#options.headers, 'content-type': type },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    const text = await readAnswer(response);
    let json: unknown = null;
    try {
      json = JSON.parse(text);
    } catch {
      // whoever needs JSON says so
    }
    return { status: response.status, text, json };
  }

  /** Calls, and expects success. */
  async call<T>(action: Action, body: unknown): Promise<T> {
    const { status, text, json } = await this.post(action, body);
    ensure(status === 200, `${action} answered ${status} to a right request: ${shorten(text)}`);
    ensure(typeof json === 'object' && json !== null, `${action} answered no JSON object: ${shorten(text)}`);
    return json as T;
  }

  /** Calls, and expects a refusal. @param what for the fault */
  async refusal(action: Action, body: unknown, what: string, statuses = /^4/): Promise<void> {
    const { status, text, json } = await this.post(action, body);
    ensure(!text.includes('X-Amz-Signature'), `${action} signed ${what}; it has to refuse it (403)`);
    ensure(
      statuses.test(String(status)),
      `${action} answered ${status} to ${what}; it has to refuse it with a 4xx: ${shorten(text)}`,
    );
    const { error } = (json ?? {}) as Partial<RefusalAnswer>;
    ensure(
      typeof error?.code === 'string' && typeof error.message === 'string',
      `the ${status} of ${action} for ${what} has to be {"error": {"code": "…", "message": "…"}}; it is ${shorten(text)}`,
    );
  }

  /** Sends the store what was signed, as a browser does. */
  async replay(
    signed: Signed | undefined,
    what: string,
    body?: BodyInit,
  ): Promise<{ response: Response; text: string }> {
    ensure(signed !== undefined, `the answer has no signed request for ${what}`);
    const { method, url, headers = {} } = typeof signed === 'string' ? { method: 'PUT', url: signed } : signed;
    ensure(typeof method === 'string' && URL.canParse(url), `the signed request for ${what} needs method and url`);
    for (const name of Object.keys(headers))
      ensure(!/^(host|content-length)$/i.test(name), `headers of ${what} name ${name}, which no browser may set`);
    const response = await this.#options.fetch(url, { method, headers, body });
    const text = await readAnswer(response);
    ensure(response.ok, `the store answered ${response.status} to ${what} as it was signed: ${shorten(text)}`);
    return { response, text };
  }

  /** Describes a file that the policy takes. */
  file(file: Partial<InitFile> = {}): Partial<InitFile> {
    const { contentType = 'application/octet-stream' } = this.#options;
    return {
      id: 'a',
      filename: 'conformance.bin',
      filesize: 3,
      last_modified: 1_700_000_000_000,
      content_type: contentType,
      ...file,
    };
  }

  /** Asks for leave to upload, and gives the answers in the order of the files. */
  async init(...files: Partial<InitFile>[]): Promise<{ answer: InitAnswer; files: Granted[] }> {
    const answer = await this.call<InitAnswer>('get_init_signature', { files });
    ensure(Array.isArray(answer.files), 'init has to answer with a list of files');
    for (const { id } of files)
      ensure(
        answer.files.some((file) => file.id === id),
        `init has to answer for every file by its id; “${id}” is missing`,
      );
    const drift = Math.abs(answer.time - Date.now());
    ensure(
      drift < 86_400_000,
      `time has to be the signer's clock in milliseconds since 1970; it is ${String(answer.time)}`,
    );
    return { answer, files: files.map(({ id }) => answer.files.find((file) => file.id === id) as unknown as Granted) };
  }
}
