import { withTimeout } from '../util/abort.js';
import type { Action, Protocol, RefusalAnswer } from '../../protocol.js';
import { actionUrl } from '../util/action-url.js';
import { sleep } from '../util/timing.js';
import { NO_REASON, SignerFault, UploadError } from '../api/errors.js';
import type { SignerFaultKind } from '../api/errors.js';
import { watchPolicy } from './page-policy.js';
import { isTransient } from '../util/http-status.js';
import type { UploaderOptions } from '../api/types.js';
import type { Clock, SignerPort } from '../ports.js';

/** Timeout of a call; it is then retried. */
const SIGNER_TIMEOUT_MS = 30_000;
/** Time to wait for the browser to report a policy violation after a request has failed. */
const VIOLATION_DELAY_MS = 50;
const PROBE_TIMEOUT_MS = 5_000;
/**
 * Maximum bytes of the bodies of all requests with `keepalive` in flight. Browsers allow 64 KiB for the whole page.
 * @see https://fetch.spec.whatwg.org/#http-network-or-cache-fetch
 */
const MAX_KEEPALIVE_BYTES = 60_000;
const neverAborted = new AbortController().signal;

type SignerOptions = Pick<UploaderOptions, 'signer' | 'urls' | 'credentials' | 'headers' | 'sign'>;

/** Calls the signer over HTTP, or the page's `sign` function. The options are read again for each call. */
export class HttpSigner implements SignerPort {
  readonly #options: () => SignerOptions;
  readonly #clock: Clock;
  /** Consecutive calls without an answer. */
  #unansweredCalls = 0;
  #keepaliveBytes = 0;

  constructor(options: () => SignerOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
  }

  async call<A extends Action>(
    action: A,
    body: Protocol[A]['request'],
    signal?: AbortSignal,
  ): Promise<Protocol[A]['answer']> {
    signal?.throwIfAborted();
    const options = this.#options();
    const { sign } = options;
    if (sign) {
      const call = (): Promise<Protocol[A]['answer']> =>
        withTimeout(this.#clock, SIGNER_TIMEOUT_MS, signal, async () => sign(action, body));
      return callPage('sign', call, signal);
    }
    const url = actionUrl(action, options);
    if (!url) {
      throw new UploadError('no-signer', `No signer for ${action}: set the "signer" attribute to its URL.`);
    }
    return (await this.#post(url, action, body, options, signal)) as Protocol[A]['answer'];
  }

  async #post(
    url: string,
    action: Action,
    body: unknown,
    { headers, credentials }: SignerOptions,
    signal?: AbortSignal,
  ): Promise<unknown> {
    const text = JSON.stringify(body);
    const keepaliveBytes = this.#keepaliveBytesOf(action, text);
    const post = async (requestSignal: AbortSignal): Promise<readonly [Response, string]> => {
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          ...(typeof headers === 'function' ? await callPage('headers', headers) : headers),
          'Content-Type': 'application/json',
        },
        body: text,
        credentials,
        signal: requestSignal,
        // so that the browser delivers the notification even if the user leaves the page
        keepalive: keepaliveBytes > 0,
      });
      return [response, await response.text()];
    };
    const findViolation = watchPolicy(url);
    this.#keepaliveBytes += keepaliveBytes;
    try {
      const answer = await withTimeout(this.#clock, SIGNER_TIMEOUT_MS, signal, post);
      this.#unansweredCalls = 0;
      return readAnswer(...answer);
    } catch (cause) {
      signal?.throwIfAborted();
      if (cause instanceof SignerFault || cause instanceof UploadError) throw cause;
      // Chromium and Firefox report a violation after the fetch has failed
      await sleep(this.#clock, VIOLATION_DELAY_MS, signal ?? neverAborted);
      const violation = findViolation();
      // a single failure may be a lost connection, so only a repeated one is examined
      const kind = violation
        ? 'blocked'
        : ++this.#unansweredCalls > 1
          ? await this.#findFaultKind(url, credentials, signal)
          : null;
      const message =
        violation || (kind ? 'the browser cannot read what the signer answers' : 'no answer from the signer');
      throw new SignerFault(0, null, `${message} (${url})`, null, { cause, kind });
    } finally {
      this.#keepaliveBytes -= keepaliveBytes;
    }
  }

  /** Returns the bytes of a notification that may be sent with `keepalive`; 0 for every other body. */
  #keepaliveBytesOf(action: Action, text: string): number {
    if (action !== 'chunk_loaded' && action !== 'chunks_loaded') return 0;
    const bytes = new TextEncoder().encode(text).length;
    return this.#keepaliveBytes + bytes <= MAX_KEEPALIVE_BYTES ? bytes : 0;
  }

  /**
   * Checks, without CORS, whether the signer can be reached: CORS may hide its answers, or it may redirect to a login page
   * on another origin.
   */
  async #findFaultKind(
    url: string,
    credentials?: RequestCredentials,
    signal?: AbortSignal,
  ): Promise<SignerFaultKind | null> {
    const head = (requestSignal: AbortSignal): Promise<Response> =>
      fetch(url, { method: 'HEAD', mode: 'no-cors', credentials, signal: requestSignal });
    const type = await withTimeout(this.#clock, PROBE_TIMEOUT_MS, signal, head).then(
      (answer) => answer.type,
      () => null,
    );
    if (type !== 'opaque') return null;
    const page = globalThis.location;
    // an opaque answer of the page's own origin was redirected to another origin
    return page && new URL(url, page.href).origin === page.origin ? 'sign-in' : 'unreadable';
  }
}

/** Calls a function of the page. @throws SignerFault that names the function */
async function callPage<T>(name: string, call: () => T | Promise<T>, signal?: AbortSignal): Promise<T> {
  try {
    return await call();
  } catch (error) {
    signal?.throwIfAborted();
    if (error instanceof UploadError || error instanceof SignerFault) throw error;
    throw new SignerFault(0, null, `the page's ${name} function failed: ${String(error)}`, null, { cause: error });
  }
}

function readAnswer({ status, ok, headers, url, redirected }: Response, text: string): unknown {
  const fault = (code: string | null, message: string, kind: SignerFaultKind | null = null): SignerFault =>
    new SignerFault(status, code, message, headers.get('Retry-After'), { kind });
  if (status === 204) return null;
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    const isWebPage = redirected ? !isTransient(status) : ok && /html/i.test(headers.get('Content-Type') ?? '');
    if (isWebPage) throw fault(null, `the signer at ${url} answered with a web page (${status})`, 'sign-in');
    throw fault(null, `the signer at ${url} answered ${status}, and no JSON`);
  }
  if (ok) return answer;
  const refusal = (answer as Partial<RefusalAnswer> | null)?.error;
  throw fault(String(refusal?.code ?? ''), String(refusal?.message || NO_REASON));
}
