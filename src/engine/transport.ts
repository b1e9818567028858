import { TransportFault } from './errors.js';
import type { StoreRequest, StoreResponse, Transport } from './types.js';

const PROBE_TIMEOUT = 5_000;

/**
 * All exposed headers at once: asking XHR for one that CORS does not expose writes an error on Chromium's console.
 */
function readHeaders(xhr: XMLHttpRequest): Map<string, string> {
  const lines = xhr.getAllResponseHeaders().split('\r\n');
  return new Map(lines.filter(Boolean).map(line => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()];
  }));
}

/**
 * Sends by XMLHttpRequest: the only way that tells upload progress in every engine.
 * @see https://xhr.spec.whatwg.org/
 */
function send({ method, url, headers = {}, body, signal, stallTimeout, answerTimeout, onProgress }: StoreRequest): Promise<StoreResponse> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const xhr = new XMLHttpRequest();
    xhr.open(method, url);
    for (const [name, value] of Object.entries(headers)) xhr.setRequestHeader(name, value);

    // One timer, set again only when it fires: progress events just move the mark.
    let lastByte = performance.now();
    let patience = body ? stallTimeout : answerTimeout;
    let timer = setTimeout(watch, patience);
    function watch(): void {
      const left = patience - (performance.now() - lastByte);
      if (left > 0) {
        timer = setTimeout(watch, left);
        return;
      }
      end();
      xhr.abort();
      reject(new TransportFault('stalled', `nothing moved for ${Math.round(patience / 1_000)} s`, method, url));
    }
    const onAbort = (): void => {
      end();
      xhr.abort();
      reject(signal.reason as Error);
    };
    function end(): void {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      xhr.onload = xhr.onerror = xhr.onabort = xhr.onprogress = xhr.upload.onprogress = xhr.upload.onload = null;
    }
    const onFault = (): void => {
      end();
      reject(new TransportFault('network', 'the connection failed', method, url));
    };

    signal.addEventListener('abort', onAbort, { once: true });
    // Listeners on `upload` cost a preflight: only a body is worth one.
    if (body) {
      xhr.upload.onprogress = ({ loaded }) => {
        lastByte = performance.now();
        onProgress?.(loaded);
      };
      xhr.upload.onload = () => {
        lastByte = performance.now();
        patience = answerTimeout;
        clearTimeout(timer);
        timer = setTimeout(watch, patience);
      };
    }
    xhr.onprogress = () => { lastByte = performance.now(); };
    xhr.onerror = onFault;
    // Safari aborts requests that nobody asked it to abort: the line's fault, as far as we are concerned.
    xhr.onabort = onFault;
    xhr.onload = () => {
      end();
      const received = readHeaders(xhr);
      resolve({ status: xhr.status, text: xhr.responseText, header: name => received.get(name.toLowerCase()) ?? null });
    };
    xhr.send(body ?? null);
  });
}

/** Asks without CORS, so that any answer at all counts. */
async function probe(url: string, signal: AbortSignal): Promise<boolean> {
  const controller = new AbortController();
  const stop = (): void => controller.abort();
  const timer = setTimeout(stop, PROBE_TIMEOUT);
  signal.addEventListener('abort', stop, { once: true });
  try {
    await fetch(url, { method: 'HEAD', mode: 'no-cors', cache: 'no-store', credentials: 'omit', signal: controller.signal });
    return true;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}

/** The browser's own way to the store. */
export const browserTransport: Transport = { send, probe };
