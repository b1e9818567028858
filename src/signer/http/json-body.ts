import { parseJson } from '../util/json.js';
import { SignerRefusal } from '../util/refusal.js';

/** The limit for a request's body. */
export const MAX_BODY_BYTES = 1_048_576;
/** Chunks in which a body may arrive. Each costs memory and time, even if it has a single byte or none. */
export const MAX_BODY_CHUNKS = 16_384;

/**
 * Reads a JSON body, and stops as soon as it exceeds `MAX_BODY_BYTES`, `MAX_BODY_CHUNKS` or the timeout.
 * @param timeoutMs for the whole body
 * @throws SignerRefusal 413 for a body that is too long or has too many chunks, 408 for one that is too slow, 400 for
 *   invalid JSON
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-15.5.9 on 408
 */
export async function readJson(request: Request, timeoutMs: number): Promise<unknown> {
  if (Number(request.headers.get('content-length') ?? 0) > MAX_BODY_BYTES) throw tooLong();
  const reader = request.body?.getReader();
  if (!reader) return parseJson('');
  let isTooSlow = false;
  // not awaited: the promise may never settle for a body that does not arrive
  const stopReading = (): void => void reader.cancel().catch(() => undefined);
  // a race of each chunk with one promise of the timeout would keep all chunks in memory
  const timer = setTimeout(() => {
    isTooSlow = true;
    // ends the pending read
    stopReading();
  }, timeoutMs);
  try {
    const text = await readText(reader);
    if (isTooSlow) throw tooSlow(timeoutMs);
    return parseJson(text);
  } catch (error) {
    stopReading();
    if (isTooSlow) throw tooSlow(timeoutMs);
    if (error instanceof SignerRefusal) throw error;
    throw new SignerRefusal(400, 'invalid-json', 'The body is not valid JSON in UTF-8.');
  } finally {
    clearTimeout(timer);
  }
}

/** @throws SignerRefusal 413, or what the decoder or the body throws */
async function readText(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let text = '';
  let length = 0;
  for (let chunks = 0; ; chunks += 1) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    length += value.byteLength;
    if (length > MAX_BODY_BYTES) throw tooLong();
    if (chunks >= MAX_BODY_CHUNKS) throw tooManyChunks();
    text += decoder.decode(value, { stream: true });
  }
}

const tooLong = () => new SignerRefusal(413, 'body-too-large', `The body may have at most ${MAX_BODY_BYTES} bytes.`);
const tooManyChunks = () =>
  new SignerRefusal(
    413,
    'body-too-large',
    `The body arrived in more than ${MAX_BODY_CHUNKS} chunks; send larger ones.`,
  );
const tooSlow = (timeoutMs: number) =>
  new SignerRefusal(
    408,
    'body-timeout',
    `The body did not arrive within ${Math.ceil(timeoutMs / 1_000)} seconds; send it again.`,
  );
