/** Calls the signer and its store for the conformance rules, and reports faults. */
import type { Action, AllAnswer, InitAnswer, InitFile, RefusalAnswer, Signed } from '../../../protocol.js';
import { readText } from '../store-response.js';
import { parseUrl } from '../../util/url.js';

/** A violated rule; the message is for the author of the signer. */
export class Fault extends Error {}

/** One file of init's answer, with the fields that the rules read. */
export type GrantedFile = {
  key: string;
  /** A signer may issue no grants. */
  grant?: string | undefined;
  part_size?: number;
  init?: Signed;
  put?: Signed;
  post?: string;
  upload_id?: string;
  fresh?: true;
  all?: AllAnswer;
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

/** The answers that all callers of one run received, for the rules about every answer. */
export class Observations {
  readonly calls: AnsweredCall[] = [];
  /** How far the store's clock is ahead of this machine's; 0 until the store has answered. */
  storeSkewMs = 0;

  /** Reads the store's clock from the `Date` header of a response (RFC 9110, 6.6.1; whole seconds). */
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

/** Changes to an ordinary call. */
export interface CallVariation {
  method?: string;
  headers?: Readonly<Record<string, string>>;
}

/** Calls the signer as one user. */
export class ConformanceCaller {
  readonly #options: CallerOptions;

  constructor(options: CallerOptions) {
    this.#options = options;
  }

  /** Sends a call, and returns the response with any status. */
  async send(action: Action, body: unknown, { method = 'POST', headers }: CallVariation = {}): Promise<Response> {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return this.#options.fetch(`${this.#options.url.replace(/\/+$/, '')}/${action}`, {
      method,
      headers: { ...this.#options.headers, 'content-type': 'application/json', ...headers },
      ...(method === 'POST' && { body: text }),
    });
  }

  /** Sends a call, and reads the answer with any status. */
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

  /** Sends a call that must succeed. */
  async call<T>(action: Action, body: unknown): Promise<T> {
    const { status, text, json } = await this.post(action, body);
    ensure(status === 200, `${action} answered ${status} to a valid request: ${shorten(text)}`);
    ensure(
      typeof json === 'object' && json !== null,
      `${action} must answer with a JSON object; it answered ${shorten(text)}`,
    );
    return json as T;
  }

  /**
   * Sends a call that must be refused.
   * @param what completes the fault: "get_head_signature signed {what}"
   * @param statuses matches the allowed statuses
   * @returns the refusal's status and code
   */
  async expectRefusal(
    action: Action,
    body: unknown,
    what: string,
    statuses = /^4/,
  ): Promise<{ status: number; code: string }> {
    const { status, text, json } = await this.post(action, body);
    ensure(!/x-amz-signature/i.test(text), `${action} signed ${what}; it must refuse it (403)`);
    ensure(
      statuses.test(String(status)),
      `${action} answered ${status} to ${what}; it must refuse it with a 4xx: ${shorten(text)}`,
    );
    const { error } = (json ?? {}) as Partial<RefusalAnswer>;
    ensure(
      typeof error?.code === 'string' && typeof error.message === 'string',
      `the ${status} of ${action} for ${what} must be {"error": {"code": "…", "message": "…"}}; it is ${shorten(text)}`,
    );
    return { status, code: error.code };
  }

  /** Sends a signed request to the store as a browser does; it must succeed. */
  async replay(
    signed: Signed | undefined,
    what: string,
    body?: BodyInit,
  ): Promise<{ response: Response; text: string }> {
    ensure(signed !== undefined, `the answer has no signed request for ${what}`);
    const { method, url, headers = {} } = toRequest(signed);
    ensure(typeof method === 'string' && parseUrl(url) !== null, `the signed request for ${what} needs method and url`);
    for (const name of Object.keys(headers))
      ensure(
        !/^(host|content-length)$/i.test(name),
        `the headers of ${what} contain ${name}, which browsers cannot set`,
      );
    const response = await this.#options.fetch(url, { method, headers, body });
    this.#options.observations.readStoreClock(response);
    const text = await readText(response);
    ensure(response.ok, `the store answered ${response.status} to the signed request for ${what}: ${shorten(text)}`);
    return { response, text };
  }

  /** Sends a changed signed request to the store. @returns whether the store accepted it */
  async isAcceptedByStore(
    signed: Signed,
    change: { body?: BodyInit; headers?: Readonly<Record<string, string>> },
  ): Promise<boolean> {
    const { method, url, headers } = toRequest(signed);
    const response = await this.#options.fetch(url, {
      method,
      headers: { ...headers, ...change.headers },
      body: change.body,
    });
    await response.arrayBuffer();
    return response.ok;
  }

  /** Returns a file that the policy accepts, as a request to init describes it. */
  createFile(file: Partial<InitFile> = {}): Partial<InitFile> {
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

  /** Calls init, and returns its answers in the order of the files. */
  async init(...files: Partial<InitFile>[]): Promise<{ answer: InitAnswer; files: GrantedFile[] }> {
    const answer = await this.call<InitAnswer>('get_init_signature', { files });
    ensure(Array.isArray(answer.files), 'the answer of init must have a list of files');
    for (const { id } of files)
      ensure(
        answer.files.some((file) => file.id === id),
        `the answer of init must contain every file by its id; “${id}” is missing`,
      );
    return {
      answer,
      files: files.map(({ id }) => answer.files.find((file) => file.id === id) as unknown as GrantedFile),
    };
  }

  /** Calls init for one file, which must be granted. */
  async grant(file: Partial<InitFile>): Promise<GrantedFile> {
    const [granted] = (await this.init(file)).files as [GrantedFile];
    ensure(!granted.error, `“${file.filename}” was refused: ${granted.error?.message}`);
    return granted;
  }
}

/** Returns the request that a signed value stands for; a bare URL is a PUT. */
export const toRequest = (signed: Signed): { method: string; url: string; headers?: Record<string, string> } =>
  typeof signed === 'string' ? { method: 'PUT', url: signed } : signed;
