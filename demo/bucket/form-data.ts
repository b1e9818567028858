import { S3Error } from './errors.js';

/** Bytes; more than any field of a POST policy needs. */
const MAX_HEADER = 8 * 1024;

/** One part of a multipart/form-data body. Read its body to the end before requesting the next part. */
export interface FormPart {
  /** Lower case. */
  name: string;
  filename: string | null;
  body: AsyncGenerator<Buffer>;
}

const malformed = (): S3Error =>
  new S3Error('MalformedPOSTRequest', 'The body of your POST request is not well-formed multipart/form-data.');

/** Reads a stream up to delimiters, buffering at most a delimiter's length. */
class DelimitedReader {
  readonly #source: AsyncIterator<Buffer>;
  // RFC 2046 begins a delimiter with a line break; the first one in a body may lack it.
  #rest: Buffer = Buffer.from('\r\n');

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  async *until(delimiter: Buffer): AsyncGenerator<Buffer> {
    for (let at = this.#rest.indexOf(delimiter); ; at = this.#rest.indexOf(delimiter)) {
      if (at >= 0) {
        const last = this.#rest.subarray(0, at);
        this.#rest = this.#rest.subarray(at + delimiter.length);
        if (last.length > 0) yield last;
        return;
      }
      const free = Math.max(this.#rest.length - delimiter.length + 1, 0);
      const safe = this.#rest.subarray(0, free);
      this.#rest = this.#rest.subarray(free);
      if (safe.length > 0) yield safe;
      await this.#pull();
    }
  }

  /** Reads a short text up to a delimiter. */
  async text(delimiter: Buffer): Promise<string> {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of this.until(delimiter)) {
      size += chunk.length;
      if (size > MAX_HEADER) throw malformed();
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
  }

  async startsWith(text: string): Promise<boolean> {
    while (this.#rest.length < text.length) await this.#pull();
    return this.#rest.toString('latin1', 0, text.length) === text;
  }

  async #pull(): Promise<void> {
    const next = await this.#source.next();
    if (next.done) throw malformed();
    this.#rest = this.#rest.length === 0 ? next.value : Buffer.concat([this.#rest, next.value]);
  }
}

function readDisposition(header: string): Pick<FormPart, 'name' | 'filename'> {
  const line = header.split('\r\n').find((text) => /^content-disposition:/i.test(text)) ?? '';
  const parameter = (name: string): string | null => new RegExp(`;\\s*${name}="([^"]*)"`, 'i').exec(line)?.[1] ?? null;
  const name = parameter('name');
  if (name === null) throw malformed();
  return { name: name.toLowerCase(), filename: parameter('filename') };
}

/**
 * Splits a multipart/form-data body into its parts as they arrive.
 * @throws S3Error MalformedPOSTRequest
 * @see https://www.rfc-editor.org/rfc/rfc7578
 */
export async function* readFormParts(source: AsyncIterable<Buffer>, contentType: string): AsyncGenerator<FormPart> {
  const boundary = /^multipart\/form-data;.*?boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType);
  if (!boundary) throw malformed();
  const delimiter = Buffer.from(`\r\n--${boundary[1] ?? boundary[2]}`);
  const reader = new DelimitedReader(source);
  await reader.text(delimiter);
  while (!(await reader.startsWith('--'))) {
    const header = await reader.text(Buffer.from('\r\n\r\n'));
    yield { ...readDisposition(header), body: reader.until(delimiter) };
  }
}

/** Reads a part's body as a short text. */
export async function readField(part: FormPart): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of part.body) {
    size += chunk.length;
    // S3's own limit for everything before the file.
    if (size > 20_000)
      throw new S3Error('MalformedPOSTRequest', 'POST requires all form fields to be smaller than 20,000 bytes.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
