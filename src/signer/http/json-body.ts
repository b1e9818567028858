import { parseJson } from '../util/json.js';
import { SignerRefusal } from '../util/refusal.js';

/** The limit for a request's body. */
export const MAX_BODY_BYTES = 1_048_576;

/**
 * Reads a JSON body, and stops as soon as it exceeds `MAX_BODY_BYTES` or the timeout.
 * @param timeoutMs for the whole body
 * @throws SignerRefusal 413 for a body that is too long, 408 for one that is too slow, 400 for invalid JSON
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-15.5.9 on 408
 */
export async function readJson(request: Request, timeoutMs: number): Promise<unknown> {
  const tooLong = () => new SignerRefusal(413, 'body-too-large', `The body may have at most ${MAX_BODY_BYTES} bytes.`);
  if (Number(request.headers.get('content-length') ?? 0) > MAX_BODY_BYTES) throw tooLong();
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const reader = request.body?.getReader();
  if (!reader) return parseJson('');
  const deadline = startDeadline(timeoutMs);
  let text = '';
  let length = 0;
  try {
    for (;;) {
      const { done, value } = await Promise.race([reader.read(), deadline.passed]);
      if (done) break;
      length += value.byteLength;
      if (length > MAX_BODY_BYTES) throw tooLong();
      text += decoder.decode(value, { stream: true });
    }
    text += decoder.decode();
  } catch (error) {
    // not awaited: the promise may never settle for a body that does not arrive
    reader.cancel().catch(() => undefined);
    if (error instanceof SignerRefusal) throw error;
    throw new SignerRefusal(400, 'invalid-json', 'The body is not valid JSON in UTF-8.');
  } finally {
    deadline.clear();
  }
  return parseJson(text);
}

/** @returns a promise that rejects after the timeout, and a function that clears the timer */
function startDeadline(timeoutMs: number): { passed: Promise<never>; clear: () => void } {
  let clear = (): void => undefined;
  const passed = new Promise<never>((_resolve, reject) => {
    const message = `The body did not arrive within ${Math.ceil(timeoutMs / 1_000)} seconds; send it again.`;
    const timer = setTimeout(() => reject(new SignerRefusal(408, 'body-timeout', message)), timeoutMs);
    clear = () => clearTimeout(timer);
  });
  // prevents an unhandled rejection while nothing awaits it
  passed.catch(() => undefined);
  return { passed, clear };
}
