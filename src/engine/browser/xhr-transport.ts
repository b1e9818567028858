import { MAX_XML_LENGTH } from '../../xml.js';
import { abortable, withTimeout } from '../util/abort.js';
import { TransportFault } from '../api/errors.js';
import { watchPolicy } from './page-policy.js';
import { MIN_MEASURED_BYTES, RequestPace } from './request-pace.js';
import { originOf } from '../util/origin.js';
import { StallDetector } from './stall-detector.js';
import type { Clock, StoreRequest, StoreResponse, Transport } from '../ports.js';

const PROBE_TIMEOUT_MS = 5_000;
/** Maximum bytes of a body without progress listeners, which would cause a CORS preflight. */
const MAX_UNOBSERVED_BYTES = 64 * 1024;
/** Number of answers of one origin after which its protocol is no longer looked up. */
const MAX_PROTOCOL_LOOKUPS = 8;

/**
 * Reads all exposed headers at once, because Chromium logs an error if a single header is read that CORS does not expose.
 * @returns values by lower-case name
 */
function readHeaders(xhr: XMLHttpRequest): Map<string, string> {
  const lines = xhr.getAllResponseHeaders().matchAll(/^(.+?):(.*)$/gm);
  return new Map([...lines].map(([, name, value]) => [name!.toLowerCase(), value!.trim()]));
}

/** Returns the size of a body in bytes; for a form, the size of its file. */
function sizeOf(body: StoreRequest['body'] | FormDataEntryValue | null): number {
  if (body instanceof FormData) return sizeOf(body.get('file'));
  return body instanceof Blob ? body.size : (body?.length ?? 0);
}

/** Paces by origin, shared by all uploaders of the page. */
const paces = new Map<string, RequestPace>();

function paceOf(url: string): RequestPace {
  const origin = originOf(url);
  const pace = paces.get(origin) ?? new RequestPace();
  paces.set(origin, pace);
  return pace;
}

/**
 * Sends requests by XMLHttpRequest, the only API that reports upload progress in every browser.
 * @see https://xhr.spec.whatwg.org/
 */
export class XhrTransport implements Transport {
  readonly #clock: Clock;
  readonly #detectors = new Set<StallDetector>();
  /** The protocol of each origin that has answered; `name` is undefined until resource timing reports it. */
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
      const fail = (kind: TransportFault['kind'], what: string): void =>
        reject(new TransportFault(kind, what, method, url));
      const clock = this.#clock;
      const pace = paceOf(url);
      const size = sizeOf(body);
      const startedAt = clock.monotonic();
      const findViolation = watchPolicy(url);
      /** Aborts a pending `isLost()`. */
      let lifetime: AbortController | null = null;
      /** When the last byte was sent; null until then. A body that is too small to be measured counts as sent at once. */
      let bodySentAt = body && size < MIN_MEASURED_BYTES ? startedAt : null;
      let firstProgress: { loaded: number; time: number } | null = null;
      /** Milliseconds per byte since the first progress event. */
      let ownMsPerByte = 0;
      /** Whether `isLost()` was called and has not answered, or has failed: the next stall then drops the request. */
      let isUnanswered = false;
      const xhr = new XMLHttpRequest();
      xhr.open(method, url);
      for (const [name, value] of Object.entries(headers)) xhr.setRequestHeader(name, value);

      const drop = (idleMs: number): void => {
        if (body && bodySentAt === null && !firstProgress) pace.recordSilentDrop();
        fail('stalled', `nothing moved for ${Math.round(idleMs / 1_000)} s`);
        xhr.abort();
      };
      const detector = new StallDetector(clock, body ? stallTimeout : answerTimeout, (idleMs) => {
        const elapsedMs = clock.monotonic() - startedAt;
        const mayBeSending = bodySentAt === null && !firstProgress && pace.isProgressHidden;
        // nothing shows when such a request really began
        const expectedMs = pace.expectedDuration(size, ownMsPerByte) + (mayBeSending ? stallTimeout : 0);
        /** Milliseconds until the request is dropped without calling `isLost()`. */
        const remainingMs = (bodySentAt === null ? expectedMs : bodySentAt - startedAt) + answerTimeout - elapsedMs;
        if (!body || detector.hasSlept || isUnanswered || remainingMs <= 0 || (bodySentAt === null && !mayBeSending))
          return drop(idleMs);
        detector.extend(remainingMs);
        if (!isLost) return;
        isUnanswered = true;
        const { signal: ended } = (lifetime = new AbortController());
        isLost(elapsedMs >= expectedMs, ended).then(
          (isGone) => {
            isUnanswered = false;
            if (ended.aborted) return;
            if (isGone) drop(clock.monotonic() - startedAt - elapsedMs + idleMs);
            else detector.extend(stallTimeout);
          },
          // stays unanswered
          () => {},
        );
      });
      this.#detectors.add(detector);
      const end = (): void => {
        lifetime?.abort();
        detector.stop();
        this.#detectors.delete(detector);
      };

      // Listeners on `upload` cause a CORS preflight, so a small body has none. Requests to a store that has not answered
      // yet always have them: without a preflight, it would store a file although its CORS rule hides the answer.
      if (body && (size > MAX_UNOBSERVED_BYTES || !this.#protocols.has(originOf(url)))) {
        xhr.upload.onprogress = ({ loaded, total }) => {
          const time = clock.monotonic();
          pace.recordProgress();
          firstProgress ??= { loaded, time };
          ownMsPerByte = (time - firstProgress.time) / (loaded - firstProgress.loaded) || 0;
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
        fail('network', 'the answer is too long');
        xhr.abort();
      };
      // Safari aborts requests by itself, which counts as a network failure
      xhr.onerror = xhr.onabort = () => {
        const violation = findViolation();
        fail(violation ? 'blocked' : 'network', violation || 'the connection failed');
      };
      xhr.onload = () => {
        end();
        if (body) pace.recordAnswer(size, clock.monotonic() - startedAt, firstProgress !== null);
        let headersByName: Map<string, string> | null = null;
        resolve({
          status: xhr.status,
          text: xhr.responseText,
          header: (name) => (headersByName ??= readHeaders(xhr)).get(name.toLowerCase()) ?? null,
          protocol: this.#protocolOf(url),
        });
      };
      xhr.onloadend = end;
      xhr.send(body ?? null);
      return () => xhr.abort();
    });
  }

  /** Reads the protocol from resource timing, which hides it if the store sends no `Timing-Allow-Origin`. */
  #protocolOf(url: string): string | undefined {
    const origin = originOf(url);
    const protocol = this.#protocols.get(origin) ?? { name: undefined, lookups: 0 };
    this.#protocols.set(origin, protocol);
    if (protocol.name !== undefined || protocol.lookups++ >= MAX_PROTOCOL_LOOKUPS) return protocol.name;
    const entry = performance.getEntriesByName(url, 'resource').at(-1) as PerformanceResourceTiming | undefined;
    return (protocol.name = entry?.nextHopProtocol || undefined);
  }

  onWakeFromSleep(): void {
    for (const detector of this.#detectors) detector.onWakeFromSleep();
  }

  /** Sends HEAD without CORS, so that an answer of any status counts. */
  async probe(url: string, signal: AbortSignal): Promise<boolean> {
    const head = (requestSignal: AbortSignal): Promise<Response> =>
      fetch(url, { method: 'HEAD', mode: 'no-cors', cache: 'no-store', credentials: 'omit', signal: requestSignal });
    return withTimeout(this.#clock, PROBE_TIMEOUT_MS, signal, head).then(
      () => true,
      () => false,
    );
  }
}
