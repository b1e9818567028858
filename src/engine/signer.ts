import { limited } from './abort.js';
import type { Action, Protocol, RefusalAnswer } from '../protocol.js';
import { NO_REASON, SignerFault, UploadError } from './errors.js';
import type { Clock, SignerPort, UploaderOptions } from './types.js';

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
  readonly #clock: Clock;

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
    if (options.sign) return this.#callFunction(options.sign, action, body);
    const url = actionUrl(action, options);
    if (!url) {
      throw new UploadError('no-signer', `No signer for ${action}: set the "signer" attribute to its URL.`);
    }
    return (await this.#post(url, action, body, options, signal)) as Protocol[A]['answer'];
  }

  async #callFunction<A extends Action>(
    sign: NonNullable<SignerOptions['sign']>,
    action: A,
    body: Protocol[A]['request'],
  ): Promise<Protocol[A]['answer']> {
    try {
      return await sign(action, body);
    } catch (error) {
      if (error instanceof UploadError || error instanceof SignerFault) throw error;
      throw new SignerFault(0, null, `the page's sign function failed: ${String(error)}`, null, { cause: error });
    }
  }

  async #post(
    url: string,
    action: Action,
    body: unknown,
    { headers, credentials }: SignerOptions,
    signal?: AbortSignal,
  ): Promise<unknown> {
    const ask = async (ending: AbortSignal): Promise<readonly [Response, string]> => {
      const response = await fetch(url, {
        method: 'POST',
        headers: {
          ...(typeof headers === 'function' ? await headers() : headers),
          'Content-Type': 'application/json',
        },
        body: JSON.stringify(body),
        credentials,
        signal: ending,
        // so that a notice outlives the page that sent it
        keepalive: action === 'chunk_loaded',
      });
      return [response, await response.text()];
    };
    const answer = await limited(this.#clock, SIGNER_TIMEOUT, signal, ask).catch((cause: unknown) => {
      signal?.throwIfAborted();
      throw new SignerFault(0, null, `no answer from the signer at ${url}`, null, { cause });
    });
    return readAnswer(...answer);
  }
}

function readAnswer({ status, ok, headers, url }: Response, text: string): unknown {
  const fault = (code: string | null, message: string): SignerFault =>
    new SignerFault(status, code, message, headers.get('Retry-After'));
  if (status === 204) return null;
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    throw fault(null, `the signer at ${url} answered ${status}, and no JSON`);
  }
  if (ok) return answer;
  const refusal = (answer as Partial<RefusalAnswer> | null)?.error;
  throw fault(String(refusal?.code ?? ''), String(refusal?.message || NO_REASON));
}
