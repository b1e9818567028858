import { concat, hex } from '../util/bytes.js';
import { isReadWhole } from '../files/fingerprint.js';

/** The body of a request that sends a whole file. */
export interface RequestBody {
  body: Blob | FormData | Uint8Array<ArrayBuffer>;
  headers?: Record<string, string>;
}

/**
 * Creates the body of a single request for a file: its bytes, or the fields of a POST policy with the file last.
 * @param fields null for a PUT
 * @param headers signed headers of a PUT
 * @param readSmallFile returns the bytes of a small file, from the cache if it has them
 */
export async function requestBodyOf(
  file: File,
  fields: Readonly<Record<string, string>> | null,
  headers: Readonly<Record<string, string>>,
  readSmallFile: (file: File) => Promise<Uint8Array<ArrayBuffer>>,
): Promise<RequestBody> {
  if (isReadWhole(file)) {
    const bytes = await readSmallFile(file);
    return fields ? formOf(fields, bytes) : { body: bytes };
  }
  // the body must have no type, so that only a signed header sets the content type; a slice has none, but each slice of a
  // file costs Chromium's main process 9 ms
  if (!fields) return { body: hasContentType(headers) || !file.type ? file : file.slice() };
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  // no slice is needed, because S3 ignores the type of a form's part
  form.append('file', file, 'blob');
  return { body: form };
}

const hasContentType = (headers: Readonly<Record<string, string>>): boolean =>
  Object.keys(headers).some((name) => name.toLowerCase() === 'content-type');

/**
 * Creates the body that FormData would send, from bytes in memory. FormData would need a Blob for each file, which slows
 * down thousands of small files.
 * @see https://www.rfc-editor.org/rfc/rfc7578
 */
function formOf(fields: Readonly<Record<string, string>>, bytes: Uint8Array): RequestBody {
  const boundary = `mule-${hex(crypto.getRandomValues(new Uint8Array(16)))}`;
  const open = (name: string): string => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"`;
  const texts = Object.entries(fields).map(([name, value]) => `${open(name)}\r\n\r\n${value}\r\n`);
  const head = `${texts.join('')}${open('file')}; filename="blob"\r\nContent-Type: application/octet-stream\r\n\r\n`;
  const encoder = new TextEncoder();
  return {
    body: concat([encoder.encode(head), bytes, encoder.encode(`\r\n--${boundary}--\r\n`)]),
    headers: { 'Content-Type': `multipart/form-data; boundary=${boundary}` },
  };
}
