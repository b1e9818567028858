import { MAX_XML_LENGTH } from '../../xml.js';
import { abortable, withTimeout } from '../util/abort.js';
import { TransportFault } from '../api/errors.js';
import { watchPolicy } from './page-policy.js';
import { MIN_MEASURED_BYTES, RequestPace } from './request-pace.js';
import { originOf } from '../util/origin.js';
import { StallDetector } from './stall-detector.js';
import type { Clock, StoreRequest, StoreResponse, Transport } from '../ports.js';

const PROBE_TIMEOUT_MS = 5_000;
/** Bytes of the largest body of which no progress is reported: it counts as sent at once. */
const MAX_SILENT_BYTES = 64 * 1024;
/** Answers of one origin after which its protocol is not looked up any more. */
const MAX_PROTOCOL_LOOKUPS = 8;

/**
 * Reads all exposed headers at once: asking XHR for one that CORS does not expose logs an error in Chromium.
 * @returns values by lower-case name
 */
function readHeaders(xhr: XMLHttpRequest): Map<string, string> {
  const lines = xhr.getAllResponseHeaders().matchAll(/^(.+?):(.*)$/gm);
  return new Map([...lines].map(([, name, value]) => [name!.toLowerCase(), value!.trim()]));
}

/** Returns the bytes of a body; of a form, those of its file. */
function sizeOf(body: StoreRequest['body'] | FormDataEntryValue | null): number {
  if (body instanceof FormData) return sizeOf(body.get('file'));
  return body instanceof Blob ? body.size : (body?.length ?? 0);
}

/** By origin, shared by all uploaders of the page. */
const paces = new Map<string, RequestPace>();

function paceOf(url: string): RequestPace {
  const origin = originOf(url);
  const known = paces.get(origin) ?? new RequestPace();
  paces.set(origin, known);
  return known;
}

/**
 * Sends requests by XMLHttpRequest, the only API that reports upload progress in every browser.
 * @see https://xhr.spec.whatwg.org/
 */
export class XhrTransport implements Transport {
  readonly #clock: Clock;
  readonly #detectors = new Set<StallDetector>();
  /** Protocols by origin, from the first answer that the page could read; `name` is undefined until one was found. */
  readonly #protocols = new Map<string, { name: string | undefined; lookups: number }>();

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
      const pace = paceOf(url);
      const size = sizeOf(body);
      const startedAt = clock.monotonic();
      const violationSince = watchPolicy(url);
      /** Ends the inquiry of `isLost`. */
      let lifetime: AbortController | null = null;
      /** When the last byte was sent; a small body counts as sent at once. */
      let bodySentAt = body && size < MIN_MEASURED_BYTES ? startedAt : null;
      let firstProgress: { loaded: number; time: number } | null = null;
      /** Milliseconds per byte since the first progress event. */
      let ownPace = 0;
      let isChecking = false;
      const xhr = new XMLHttpRequest();
      xhr.open(method, url);
      for (const [name, value] of Object.entries(headers)) xhr.setRequestHeader(name, value);

      const drop = (idleMs: number): void => {
        if (body && bodySentAt === null && !firstProgress) pace.recordSilentDrop();
        fault('stalled', `nothing moved for ${Math.round(idleMs / 1_000)} s`);
        xhr.abort();
      };
      const detector = new StallDetector(clock, body ? stallTimeout : answerTimeout, (idleMs) => {
        const elapsed = clock.monotonic() - startedAt;
        const isHidden = bodySentAt === null && !firstProgress && pace.isProgressHidden;
        const due = pace.expectedDuration(size, ownPace) + (isHidden ? stallTimeout : 0);
        /** Milliseconds until it is dropped without asking `isLost`. */
        const left = (bodySentAt === null ? due : bodySentAt - startedAt) + answerTimeout - elapsed;
        if (!body || detector.hasSlept || isChecking || left <= 0 || (bodySentAt === null && !isHidden))
          return drop(idleMs);
        detector.extend(left);
        if (!isLost) return;
        isChecking = true;
        const { signal: ended } = (lifetime = new AbortController());
        isLost(elapsed >= due, ended).then(
          (isGone) => {
            isChecking = false;
            if (ended.aborted) return;
            if (isGone) drop(clock.monotonic() - startedAt - elapsed + idleMs);
            else detector.extend(stallTimeout);
          },
          () => {},
        );
      });
      this.#detectors.add(detector);
      const end = (): void => {
        lifetime?.abort();
        detector.stop();
        this.#detectors.delete(detector);
      };

      // listeners on `upload` cost a CORS preflight, and events: only a larger body is worth them, or a store that has not
      // answered yet, since without a preflight it would store a file although its CORS rule hides the answer
      if (body && (size > MAX_SILENT_BYTES || !this.#protocols.has(originOf(url)))) {
        xhr.upload.onprogress = ({ loaded, total }) => {
          const time = clock.monotonic();
          pace.recordProgress();
          firstProgress ??= { loaded, time };
          ownPace = (time - firstProgress.time) / (loaded - firstProgress.loaded) || 0;
          // Firefox fires the upload's `load` only when the answer arrives
          if (loaded >= total) bodySentAt ??= time;
          detector.recordProgress();
          onProgress?.(loaded);
        };
        xhr.upload.onload = () => {
          bodySentAt ??= clock.monotonic();
          detector.recordProgress();
        };
      }
      xhr.onprogress = ({ loaded }) => {
        if (loaded <= MAX_XML_LENGTH) return detector.recordProgress();
        fault('network', 'the answer is too long');
        xhr.abort();
      };
      // Safari aborts requests by itself, which counts as a network failure
      xhr.onerror = xhr.onabort = () => {
        const violation = violationSince();
        fault(violation ? 'blocked' : 'network', violation || 'the connection failed');
      };
      xhr.onload = () => {
        end();
        if (body) pace.recordAnswer(size, clock.monotonic() - startedAt, firstProgress !== null);
        let received: Map<string, string> | null = null;
        resolve({
          status: xhr.status,
          text: xhr.responseText,
          header: (name) => (received ??= readHeaders(xhr)).get(name.toLowerCase()) ?? null,
          protocol: this.#protocolOf(url),
        });
      };
      xhr.onloadend = end;
      xhr.send(body ?? null);
      return () => xhr.abort();
    });
  }

  /** Reads the protocol from resource timing, which is empty if the store sends no `Timing-Allow-Origin`. */
  #protocolOf(url: string): string | undefined {
    const origin = originOf(url);
    const known = this.#protocols.get(origin) ?? { name: undefined, lookups: 0 };
    this.#protocols.set(origin, known);
    if (known.name !== undefined || known.lookups++ >= MAX_PROTOCOL_LOOKUPS) return known.name;
    const entry = performance.getEntriesByName(url, 'resource').at(-1) as PerformanceResourceTiming | undefined;
    return (known.name = entry?.nextHopProtocol || undefined);
  }

  onWakeFromSleep(): void {
    for (const detector of this.#detectors) detector.onWakeFromSleep();
  }

  /** Sends HEAD without CORS, so that any answer counts. */
  async probe(url: string, signal: AbortSignal): Promise<boolean> {
    const head = (ending: AbortSignal): Promise<Response> =>
      fetch(url, { method: 'HEAD', mode: 'no-cors', cache: 'no-store', credentials: 'omit', signal: ending });
    return withTimeout(this.#clock, PROBE_TIMEOUT_MS, signal, head).then(
      () => true,
      () => false,
    );
  }
}
