import { abortable } from './abort.js';
import { TransportFault } from './errors.js';
import type { StoreRequest, StoreResponse, Transport } from './types.js';

const PROBE_TIMEOUT = 5_000;

/**
 * All exposed headers at once: asking XHR for one that CORS does not expose writes an error on Chromium's console.
 */
function readHeaders(xhr: XMLHttpRequest): Headers {
  const lines = xhr.getAllResponseHeaders().matchAll(/^(.+?):(.*)$/gm);
  return new Headers([...lines].map(([, name, value]): [string, string] => [name!, value!]));
}

/**
 * Sends by XMLHttpRequest: the only way that tells upload progress in every engine.
 * @see https://xhr.spec.whatwg.org/
 */
function send({
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
    const xhr = new XMLHttpRequest();
    xhr.open(method, url);
    for (const [name, value] of Object.entries(headers)) xhr.setRequestHeader(name, value);

    let lastByte: number;
    let patience = body ? stallTimeout : answerTimeout;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const moved = (): void => {
      lastByte = performance.now();
    };
    // One timer, set again only when it fires: progress events just move the mark.
    const watch = (): void => {
      clearTimeout(timer);
      const left = patience - (performance.now() - lastByte);
      if (left > 0) {
        timer = setTimeout(watch, left);
        return;
      }
      reject(new TransportFault('stalled', `nothing moved for ${Math.round(patience / 1_000)} s`, method, url));
      xhr.abort();
    };
    moved();
    watch();

    // Listeners on `upload` cost a preflight: only a body is worth one.
    if (body) {
      xhr.upload.onprogress = ({ loaded }) => {
        moved();
        onProgress?.(loaded);
      };
      xhr.upload.onload = () => {
        moved();
        patience = answerTimeout;
        watch();
      };
    }
    xhr.onprogress = moved;
    // Safari aborts requests that nobody asked it to abort: the line's fault, as far as we are concerned.
    xhr.onerror = xhr.onabort = () => reject(new TransportFault('network', 'the connection failed', method, url));
    xhr.onload = () => {
      const received = readHeaders(xhr);
      resolve({ status: xhr.status, text: xhr.responseText, header: (name) => received.get(name) });
    };
    xhr.onloadend = () => clearTimeout(timer);
    xhr.send(body ?? null);
    return () => xhr.abort();
  });
}

/** Asks without CORS, so that any answer at all counts. */
async function probe(url: string, signal: AbortSignal): Promise<boolean> {
  try {
    await fetch(url, {
      method: 'HEAD',
      mode: 'no-cors',
      cache: 'no-store',
      credentials: 'omit',
      signal: AbortSignal.any([signal, AbortSignal.timeout(PROBE_TIMEOUT)]),
    });
    return true;
  } catch {
    return false;
  }
}

/** The browser's own way to the store. */
export const browserTransport: Transport = { send, probe };
