import { parseJson } from '../util/json.js';
import { SignerRefusal } from '../util/refusal.js';

/** Bytes of a request's body. */
export const MAX_BODY_BYTES = 1_048_576;

/**
 * Reads a JSON body of at most `MAX_BODY` bytes, and stops as soon as it passes that limit or the time is over.
 * @param timeout milliseconds that the whole body may take
 * @throws SignerRefusal 413 for one too long, 408 for one too slow, 400 for one that is no JSON
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-15.5.9 on 408
 */
export async function readJson(request: Request, timeout: number): Promise<unknown> {
  const tooLong = () => new SignerRefusal(413, 'body-too-large', `The body may have at most ${MAX_BODY_BYTES} bytes.`);
  if (Number(request.headers.get('content-length') ?? 0) > MAX_BODY_BYTES) throw tooLong();
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const reader = request.body?.getReader();
  if (!reader) return parseJson('');
  const deadline = startDeadline(timeout);
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
    // not awaited: the source of a body that does not arrive may never settle
    reader.cancel().catch(() => undefined);
    if (error instanceof SignerRefusal) throw error;
    throw new SignerRefusal(400, 'invalid-json', 'The body is no JSON text in UTF-8.');
  } finally {
    deadline.clear();
  }
  return parseJson(text);
}

/** Starts a timer. @returns a promise that rejects once the time is over, and what ends the timer */
function startDeadline(timeout: number): { passed: Promise<never>; clear: () => void } {
  let clear = (): void => undefined;
  const passed = new Promise<never>((_resolve, reject) => {
    const message = `The body did not arrive within ${Math.ceil(timeout / 1_000)} seconds; send it again.`;
    const timer = setTimeout(() => reject(new SignerRefusal(408, 'body-timeout', message)), timeout);
    clear = () => clearTimeout(timer);
  });
  // it may reject while nothing waits for it
  passed.catch(() => undefined);
  return { passed, clear };
}
