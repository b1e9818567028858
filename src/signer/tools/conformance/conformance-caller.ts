/** How the conformance kit calls a signer and its store, and what it reports as a fault. */
import type { Action, InitAnswer, InitFile, RefusalAnswer, Signed } from '../../../protocol.js';
import { readText } from '../store-response.js';
import { parseUrl } from '../../util/url.js';

/** What is wrong with the signer, in words for its author. */
export class Fault extends Error {}

/** One file of init's answer, as far as the kit reads it. */
export type Granted = Record<'key' | 'grant', string> & {
  part_size?: number;
  init?: Signed;
  put?: Signed;
  post?: string;
  upload_id?: string;
  own_key?: boolean;
  error?: { code: string; message: string };
};

export interface Reply {
  status: number;
  text: string;
  json: unknown;
}

/** One call that the signer answered with 200. */
export interface AnsweredCall {
  action: Action;
  request: Readonly<Record<string, unknown>>;
  answer: Readonly<Record<string, unknown>>;
  /** Epoch milliseconds on the clock of this machine when the answer arrived. */
  receivedAt: number;
}

/** What all callers of one run saw, for the rules that hold for every answer. */
export class Observations {
  readonly calls: AnsweredCall[] = [];
  /** Milliseconds by which the store's clock is ahead of this machine's; 0 until the store has answered. */
  storeSkewMs = 0;

  /** Reads the store's clock from the `Date` header of an answer (RFC 9110, 6.6.1; whole seconds). */
  readStoreClock(response: Response): void {
    const date = Date.parse(response.headers.get('date') ?? '');
    if (!Number.isNaN(date)) this.storeSkewMs = date - Date.now();
  }
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
  observations: Observations;
}

/** How one call differs from an ordinary one. */
export interface CallVariation {
  method?: string;
  headers?: Readonly<Record<string, string>>;
}

/** One user of the signer. */
export class ConformanceCaller {
  readonly #options: CallerOptions;

  constructor(options: CallerOptions) {
    this.#options = options;
  }

  /** Sends a call and gives the answer, whatever its status. */
  async send(action: Action, body: unknown, { method = 'POST', headers }: CallVariation = {}): Promise<Response> {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return this.#options.fetch(`${this.#options.url.replace(/\/+$/, '')}/${action}`, {
      method,
      headers: { ...this.#options.headers, 'content-type': 'application/json', ...headers },
      ...(method === 'POST' && { body: text }),
    });
  }

  /** Calls and reads the answer, whatever its status. */
  async post(action: Action, body: unknown, variation?: CallVariation): Promise<Reply> {
    const response = await this.send(action, body, variation);
    const text = await readText(response);
    let json: unknown = null;
    try {
      json = JSON.parse(text);
    } catch {
      // the rules that need JSON report its absence
    }
    const isObserved = response.status === 200 && typeof body === 'object' && typeof json === 'object' && json !== null;
    if (isObserved) {
      this.#options.observations.calls.push({
        action,
        request: body as AnsweredCall['request'],
        answer: json as AnsweredCall['answer'],
        receivedAt: Date.now(),
      });
    }
    return { status: response.status, text, json };
  }

  /** Calls and expects success. */
  async call<T>(action: Action, body: unknown): Promise<T> {
    const { status, text, json } = await this.post(action, body);
    ensure(status === 200, `${action} answered ${status} to a right request: ${shorten(text)}`);
    ensure(typeof json === 'object' && json !== null, `${action} answered no JSON object: ${shorten(text)}`);
    return json as T;
  }

  /**
   * Calls and expects a refusal.
   * @param what completes the fault: "get_head_signature signed {what}"
   * @param statuses matches the statuses that are right
   * @returns the refusal's status and code
   */
  async refusal(
    action: Action,
    body: unknown,
    what: string,
    statuses = /^4/,
  ): Promise<{ status: number; code: string }> {
    const { status, text, json } = await this.post(action, body);
    ensure(!/x-amz-signature/i.test(text), `${action} signed ${what}; it has to refuse it (403)`);
    ensure(
      statuses.test(String(status)),
      `${action} answered ${status} to ${what}; it has to refuse it with a 4xx: ${shorten(text)}`,
    );
    const { error } = (json ?? {}) as Partial<RefusalAnswer>;
    ensure(
      typeof error?.code === 'string' && typeof error.message === 'string',
      `the ${status} of ${action} for ${what} has to be {"error": {"code": "…", "message": "…"}}; it is ${shorten(text)}`,
    );
    return { status, code: error.code };
  }

  /** Sends the store what was signed, as a browser does, and expects success. */
  async replay(
    signed: Signed | undefined,
    what: string,
    body?: BodyInit,
  ): Promise<{ response: Response; text: string }> {
    ensure(signed !== undefined, `the answer has no signed request for ${what}`);
    const { method, url, headers = {} } = requestOf(signed);
    ensure(typeof method === 'string' && parseUrl(url) !== null, `the signed request for ${what} needs method and url`);
    for (const name of Object.keys(headers))
      ensure(!/^(host|content-length)$/i.test(name), `headers of ${what} name ${name}, which no browser may set`);
    const response = await this.#options.fetch(url, { method, headers, body });
    this.#options.observations.readStoreClock(response);
    const text = await readText(response);
    ensure(response.ok, `the store answered ${response.status} to ${what} as it was signed: ${shorten(text)}`);
    return { response, text };
  }

  /** Sends the store something other than what was signed. @returns whether the store did it all the same */
  async isTakenByStore(
    signed: Signed,
    change: { body?: BodyInit; headers?: Readonly<Record<string, string>> },
  ): Promise<boolean> {
    const { method, url, headers } = requestOf(signed);
    const response = await this.#options.fetch(url, {
      method,
      headers: { ...headers, ...change.headers },
      body: change.body,
    });
    await response.arrayBuffer();
    return response.ok;
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

  /** Asks to upload files, and gives the answers in the order of the files. */
  async init(...files: Partial<InitFile>[]): Promise<{ answer: InitAnswer; files: Granted[] }> {
    const answer = await this.call<InitAnswer>('get_init_signature', { files });
    ensure(Array.isArray(answer.files), 'init has to answer with a list of files');
    for (const { id } of files)
      ensure(
        answer.files.some((file) => file.id === id),
        `init has to answer for every file by its id; “${id}” is missing`,
      );
    return { answer, files: files.map(({ id }) => answer.files.find((file) => file.id === id) as unknown as Granted) };
  }

  /** Asks to upload one file, and expects that the signer takes it. */
  async grant(file: Partial<InitFile>): Promise<Granted> {
    const [granted] = (await this.init(file)).files as [Granted];
    ensure(!granted.error, `“${file.filename}” was refused: ${granted.error?.message}`);
    return granted;
  }
}

/** Reads a bare URL as the PUT that it stands for. */
export const requestOf = (signed: Signed): { method: string; url: string; headers?: Record<string, string> } =>
  typeof signed === 'string' ? { method: 'PUT', url: signed } : signed;
