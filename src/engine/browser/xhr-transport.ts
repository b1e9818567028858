import { MAX_XML_LENGTH } from '../../xml.js';
import { abortable, withTimeout } from '../util/abort.js';
import { TransportFault } from '../api/errors.js';
import { watchPolicy } from './page-policy.js';
import { MIN_MEASURED_BYTES, RequestPace } from './request-pace.js';
import { StallDetector } from './stall-detector.js';
import type { Clock, StoreRequest, StoreResponse, Transport } from '../ports.js';

const PROBE_TIMEOUT_MS = 5_000;
/** Answers of one store after which it is not asked any more how it is spoken to. */
const MAX_PROTOCOL_LOOKUPS = 8;

/**
 * All exposed headers at once: asking XHR for one that CORS does not expose writes an error on Chromium's console.
 */
function readHeaders(xhr: XMLHttpRequest): Headers {
  const lines = xhr.getAllResponseHeaders().matchAll(/^(.+?):(.*)$/gm);
  return new Headers([...lines].map(([, name, value]): [string, string] => [name!, value!]));
}

/** Bytes of a body. */
function sizeOf(body: StoreRequest['body'] | FormDataEntryValue): number {
  if (body instanceof FormData) return [...body.values()].reduce((sum, value) => sum + sizeOf(value), 0);
  return body instanceof Blob ? body.size : (body?.length ?? 0);
}

/** By origin; what one uploader learns holds for all of the page. */
const paces = new Map<string, RequestPace>();

function paceOf({ origin }: URL): RequestPace {
  const known = paces.get(origin) ?? new RequestPace();
  paces.set(origin, known);
  return known;
}

/**
 * The browser's own way to the store: XMLHttpRequest, the only one that tells upload progress in every engine.
 * @see https://xhr.spec.whatwg.org/
 */
export class XhrTransport implements Transport {
  readonly #clock: Clock;
  readonly #watches = new Set<StallDetector>();
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
    isLost,
  }: StoreRequest): Promise<StoreResponse> {
    return abortable(signal, (resolve, reject) => {
      const fault = (kind: TransportFault['kind'], what: string): void =>
        reject(new TransportFault(kind, what, method, url));
      const clock = this.#clock;
      const pace = paceOf(new URL(url));
      const size = sizeOf(body);
      const begun = clock.monotonic();
      const policy = watchPolicy(url);
      const ending = new AbortController();
      /** When the last byte went up; what is small goes at once. */
      let upAt = body && size < MIN_MEASURED_BYTES ? begun : null;
      /** The first progress event, and milliseconds per byte since. */
      let first: { loaded: number; time: number } | null = null;
      let ownPace = 0;
      let isAsking = false;
      const xhr = new XMLHttpRequest();
      xhr.open(method, url);
      for (const [name, value] of Object.entries(headers)) xhr.setRequestHeader(name, value);

      const drop = (stillFor: number): void => {
        if (body && upAt === null && !first) pace.recordSilentDrop();
        fault('stalled', `nothing moved for ${Math.round(stillFor / 1_000)} s`);
        xhr.abort();
      };
      const watch = new StallDetector(clock, body ? stallTimeout : answerTimeout, (stillFor) => {
        const elapsed = clock.monotonic() - begun;
        const isHidden = upAt === null && !first && pace.isProgressHidden;
        const due = pace.expectedDuration(size, ownPace) + (isHidden ? stallTimeout : 0);
        /** Milliseconds until it is dropped whether or not the store can be asked. */
        const left = (upAt === null ? due : upAt - begun) + answerTimeout - elapsed;
        if (!body || watch.hasSlept || isAsking || left <= 0 || (upAt === null && !isHidden)) return drop(stillFor);
        watch.extend(left);
        if (!isLost) return;
        isAsking = true;
        isLost(elapsed >= due, ending.signal).then(
          (isGone) => {
            isAsking = false;
            if (ending.signal.aborted) return;
            if (isGone) drop(clock.monotonic() - begun - elapsed + stillFor);
            else watch.extend(stallTimeout);
          },
          () => {},
        );
      });
      this.#watches.add(watch);
      const end = (): void => {
        policy();
        ending.abort();
        watch.stop();
        this.#watches.delete(watch);
      };

      // Listeners on `upload` cost a preflight: only a body is worth one.
      if (body) {
        xhr.upload.onprogress = ({ loaded, total }) => {
          const time = clock.monotonic();
          pace.recordProgress();
          first ??= { loaded, time };
          ownPace = (time - first.time) / (loaded - first.loaded) || 0;
          // Firefox fires `load` of an upload only when the answer comes
          if (loaded >= total) upAt ??= time;
          watch.recordProgress();
          onProgress?.(loaded);
        };
        xhr.upload.onload = () => {
          upAt ??= clock.monotonic();
          watch.recordProgress();
        };
      }
      xhr.onprogress = ({ loaded }) => {
        if (loaded <= MAX_XML_LENGTH) return watch.recordProgress();
        fault('network', 'the answer is too long');
        xhr.abort();
      };
      // Safari aborts requests that nobody asked it to abort: the line's fault, as far as we are concerned.
      xhr.onerror = xhr.onabort = () => {
        const block = policy();
        fault(block ? 'blocked' : 'network', block || 'the connection failed');
      };
      xhr.onload = () => {
        end();
        if (body) pace.recordAnswer(size, clock.monotonic() - begun, first !== null);
        const received = readHeaders(xhr);
        resolve({
          status: xhr.status,
          text: xhr.responseText,
          header: (name) => received.get(name),
          protocol: this.#protocolOf(url),
        });
      };
      xhr.onloadend = end;
      xhr.send(body ?? null);
      return () => xhr.abort();
    });
  }

  /** As resource timing has it, which stores that send no `Timing-Allow-Origin` keep to themselves. */
  #protocolOf(url: string): string | undefined {
    const { origin } = new URL(url);
    const known = this.#protocols.get(origin) ?? { name: undefined, looks: 0 };
    this.#protocols.set(origin, known);
    if (known.name !== undefined || known.looks++ >= MAX_PROTOCOL_LOOKUPS) return known.name;
    const entry = performance.getEntriesByName(url, 'resource').at(-1) as PerformanceResourceTiming | undefined;
    return (known.name = entry?.nextHopProtocol || undefined);
  }

  onWakeFromSleep(): void {
    for (const watch of this.#watches) watch.onWakeFromSleep();
  }

  /** Asks without CORS, so that any answer at all counts. */
  async probe(url: string, signal: AbortSignal): Promise<boolean> {
    const ask = (ending: AbortSignal): Promise<Response> =>
      fetch(url, { method: 'HEAD', mode: 'no-cors', cache: 'no-store', credentials: 'omit', signal: ending });
    return withTimeout(this.#clock, PROBE_TIMEOUT_MS, signal, ask).then(
      () => true,
      () => false,
    );
  }
}
