import { abortable, limited } from './abort.js';
import { TransportFault } from './errors.js';
import { StallWatch } from './stall-watch.js';
import type { Clock, StoreRequest, StoreResponse, Transport } from './types.js';

const PROBE_TIMEOUT = 5_000;
/** Answers of one store after which it is not asked any more how it is spoken to. */
const MOST_LOOKS = 8;

/**
 * All exposed headers at once: asking XHR for one that CORS does not expose writes an error on Chromium's console.
 */
function readHeaders(xhr: XMLHttpRequest): Headers {
  const lines = xhr.getAllResponseHeaders().matchAll(/^(.+?):(.*)$/gm);
  return new Headers([...lines].map(([, name, value]): [string, string] => [name!, value!]));
}

/**
 * The browser's own way to the store: XMLHttpRequest, the only one that tells upload progress in every engine.
 * @see https://xhr.spec.whatwg.org/
 */
export class BrowserTransport implements Transport {
  readonly #clock: Clock;
  readonly #watches = new Set<StallWatch>();
  /** By origin, once it is known; null while there is hope left. */
  readonly #protocols = new Map<string, { name: string | undefined; looks: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  send({
    method,
    url,
    headers = {},
    body,
    signal,
    stallTimeout,
    answerTimeout,
    onProgress,
  }: StoreRequest): Promise<StoreResponse> {
    return abortable(signal, (resolve, reject) => {
      const fault = (kind: TransportFault['kind'], what: string): void =>
        reject(new TransportFault(kind, what, method, url));
      const xhr = new XMLHttpRequest();
      xhr.open(method, url);
      for (const [name, value] of Object.entries(headers)) xhr.setRequestHeader(name, value);

      const watch = new StallWatch(this.#clock, body ? stallTimeout : answerTimeout, (stillFor) => {
        fault('stalled', `nothing moved for ${Math.round(stillFor / 1_000)} s`);
        xhr.abort();
      });
      this.#watches.add(watch);

      // Listeners on `upload` cost a preflight: only a body is worth one.
      if (body) {
        xhr.upload.onprogress = ({ loaded }) => {
          watch.moved();
          onProgress?.(loaded);
        };
        xhr.upload.onload = () => watch.allow(answerTimeout);
      }
      xhr.onprogress = () => watch.moved();
      // Safari aborts requests that nobody asked it to abort: the line's fault, as far as we are concerned.
      xhr.onerror = xhr.onabort = () => fault('network', 'the connection failed');
      xhr.onload = () => {
        const received = readHeaders(xhr);
        resolve({
          status: xhr.status,
          text: xhr.responseText,
          header: (name) => received.get(name),
          protocol: this.#protocolOf(url),
        });
      };
      xhr.onloadend = () => {
        watch.stop();
        this.#watches.delete(watch);
      };
      xhr.send(body ?? null);
      return () => xhr.abort();
    });
  }

  /** As resource timing has it, which stores that send no `Timing-Allow-Origin` keep to themselves. */
  #protocolOf(url: string): string | undefined {
    const { origin } = new URL(url);
    const known = this.#protocols.get(origin) ?? { name: undefined, looks: 0 };
    this.#protocols.set(origin, known);
    if (known.name !== undefined || known.looks++ >= MOST_LOOKS) return known.name;
    const entry = performance.getEntriesByName(url, 'resource').at(-1) as PerformanceResourceTiming | undefined;
    return (known.name = entry?.nextHopProtocol || undefined);
  }

  hurry(): void {
    for (const watch of this.#watches) watch.hurry();
  }

  /** Asks without CORS, so that any answer at all counts. */
  async probe(url: string, signal: AbortSignal): Promise<boolean> {
    const ask = (ending: AbortSignal): Promise<Response> =>
      fetch(url, { method: 'HEAD', mode: 'no-cors', cache: 'no-store', credentials: 'omit', signal: ending });
    return limited(this.#clock, PROBE_TIMEOUT, signal, ask).then(
      () => true,
      () => false,
    );
  }
}
