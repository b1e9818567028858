import type { Action, Protocol, RefusalAnswer } from '../protocol.js';
import { SignerFault, UploadError } from './errors.js';
import type { SignerPort, UploaderOptions } from './types.js';

/** Milliseconds; a signer that is silent for longer is asked again. */
const SIGNER_TIMEOUT = 30_000;

type SignerOptions = Pick<UploaderOptions, 'signer' | 'urls' | 'credentials' | 'headers' | 'sign'>;

/** Gives the URL of an action: its own, else below the base; null where the page set neither. */
export function actionUrl(action: Action, { signer, urls }: SignerOptions): string | null {
  const own = urls?.[action];
  if (own !== undefined) return own || null;
  return signer ? `${signer.replace(/\/+$/, '')}/${action}` : null;
}

/** Calls the page's signer over HTTP, or its `sign` function; options are read anew at each call. */
export class HttpSigner implements SignerPort {
  readonly #options: () => SignerOptions;

  constructor(options: () => SignerOptions) {
    this.#options = options;
  }

  async call<A extends Action>(action: A, body: Protocol[A]['request'], signal?: AbortSignal): Promise<Protocol[A]['answer']> {
    signal?.throwIfAborted();
    const options = this.#options();
    if (options.sign) return this.#callFunction(options.sign, action, body);
    const url = actionUrl(action, options);
    if (!url) {
      throw new UploadError('no-signer', `No signer for ${action}: set the "signer" attribute to the URL of your signing backend.`);
    }
    const response = await this.#fetch(url, action, body, options, signal);
    return (await this.#read(response)) as Protocol[A]['answer'];
  }

  async #callFunction<A extends Action>(sign: NonNullable<SignerOptions['sign']>, action: A, body: Protocol[A]['request']): Promise<Protocol[A]['answer']> {
    try {
      return await sign(action, body);
    } catch (error) {
      if (error instanceof UploadError || error instanceof SignerFault) throw error;
      throw new SignerFault(0, null, `the page's sign function failed: ${String(error)}`, null, { cause: error });
    }
  }

  async #fetch(url: string, action: Action, body: unknown, options: SignerOptions, signal?: AbortSignal): Promise<Response> {
    const controller = new AbortController();
    const onAbort = (): void => controller.abort(signal!.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    const timer = setTimeout(() => controller.abort(), SIGNER_TIMEOUT);
    try {
      const headers = typeof options.headers === 'function' ? await options.headers() : options.headers;
      const response = await fetch(url, {
        method: 'POST',
        headers: { ...headers, 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
        credentials: options.credentials ?? 'same-origin',
        signal: controller.signal,
        // so that a notice outlives the page that sent it
        keepalive: action === 'chunk_loaded',
      });
      // read within the time limit: a body can hang as well as a header
      return new Response(response.status === 204 ? null : await response.text(), response);
    } catch (error) {
      signal?.throwIfAborted();
      throw new SignerFault(0, null, `no answer from the signer at ${url}`, null, { cause: error });
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
    }
  }

  async #read(response: Response): Promise<unknown> {
    if (response.status === 204) return null;
    let answer: unknown;
    try {
      answer = await response.json();
    } catch (error) {
      throw new SignerFault(response.status, null, 'the signer answered something that is not JSON', response.headers.get('Retry-After'), { cause: error });
    }
    if (response.ok) return answer;
    const refusal = (answer as Partial<RefusalAnswer> | null)?.error;
    throw new SignerFault(
      response.status,
      String(refusal?.code ?? ''),
      String(refusal?.message ?? 'it gave no reason'),
      response.headers.get('Retry-After'),
    );
  }
}
