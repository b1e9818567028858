/** What the owner's log gets to hear of each call: no key, file name, grant, signature or secret. */
import type { Action, InitAnswer } from '../../protocol.js';
import { callSafely } from '../options.js';
import type { Settings } from '../options.js';

export interface AccessEntry {
  /** Epoch milliseconds, when the call came. */
  time: number;
  /** Milliseconds that it took. */
  duration: number;
  /** Null: the URL named no action. */
  action: Action | null;
  method: string;
  status: number;
  /** Of a refusal; null where there was none. */
  code: string | null;
  /** The codes of the files that init refused one by one. */
  refused: readonly string[];
  /** As `authorize` gave it; null: nobody, or not asked yet. */
  principal: string | null;
  /** Of the page; null outside of browsers. */
  origin: string | null;
}

/** What is known of one call as it goes on. */
export interface Note {
  action: Action | null;
  principal: string | null;
  /** Says it to the log. */
  end(status: number, code: string | null, body?: unknown): void;
}

/** Begins to note a call; a log that throws is the owner's affair, not the caller's. */
export function beginNote(request: Request, { log, onError, now }: Settings): Note {
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
      const refused = ((body as Partial<InitAnswer> | null | undefined)?.files ?? []).flatMap((file) =>
        'error' in file ? [file.error.code] : [],
      );
      const entry = { time, duration, action, method: request.method, status, code, refused, principal, origin };
      callSafely(log, entry, onError);
    },
  };
}
