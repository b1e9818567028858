/** The access log: one entry for each call. It holds no key, file name, grant, signature or secret. */
import type { Action, ChunksLoadedAnswer, InitAnswer } from '../../protocol.js';
import { callSafely } from '../util/call-safely.js';

export interface AccessEntry {
  /** Epoch milliseconds at which the call arrived. */
  time: number;
  /** Milliseconds until the answer was ready. */
  duration: number;
  /** Null if the URL names no action. */
  action: Action | null;
  method: string;
  status: number;
  /** The error code of a refused call; null if the call succeeded. */
  code: string | null;
  /** The error codes of files that `get_init_signature`, or of uploads that `chunks_loaded`, refused one by one. */
  refused: readonly string[];
  /** What `authorize` returned, as a string; null for an anonymous call, and for one refused before `authorize` ran. */
  principal: string | null;
  /** Of the page; null outside of browsers. */
  origin: string | null;
}

/** Collects the fields of one call's log entry. */
export interface CallLog {
  action: Action | null;
  principal: string | null;
  /** Passes the finished entry to `log`. */
  end(status: number, code: string | null, body?: unknown): void;
}

export interface AccessLogOptions {
  log?: ((entry: AccessEntry) => void) | undefined;
  /** Receives what `log` throws, so that the caller still gets an answer. */
  onError: (error: unknown) => void;
  now: () => number;
}

/** Starts the log entry of one call. */
export function startCallLog(request: Request, { log, onError, now }: AccessLogOptions): CallLog {
  const time = now();
  const began = performance.now();
  return {
    action: null,
    principal: null,
    end(status, code, body) {
      if (!log) return;
      const { action, principal } = this;
      const origin = request.headers.get('origin');
      const duration = performance.now() - began;
      const { files = [], uploads = [] } = (body ?? {}) as Partial<InitAnswer & ChunksLoadedAnswer>;
      const refused = [...files, ...uploads].flatMap((one) => ('error' in one ? [one.error.code] : []));
      const entry = { time, duration, action, method: request.method, status, code, refused, principal, origin };
      callSafely(log, entry, onError);
    },
  };
}
