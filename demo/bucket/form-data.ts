import { S3Error } from './errors.js';

/** More than the headers of any part need. */
const MAX_HEADER_BYTES = 8 * 1024;

/** One part of a multipart/form-data body. Read its body to the end before requesting the next part. */
export interface FormPart {
  /** Lower case. */
  name: string;
  filename: string | null;
  body: AsyncGenerator<Buffer>;
}

/** Maximum size of one field. S3 limits all fields before the file together to this. */
const MAX_FIELD_BYTES = 20_000;

const malformed = (): S3Error =>
  new S3Error('MalformedPOSTRequest', 'The body of your POST request is not well-formed multipart/form-data.');

/** Reads a stream up to delimiters, buffering at most a delimiter's length. */
class DelimitedReader {
  readonly #source: AsyncIterator<Buffer>;
  // In RFC 2046, a delimiter begins with a line break. The first delimiter of a body may lack it, so it is added here.
  #buffered: Buffer = Buffer.from('\r\n');

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Yields the bytes before the next delimiter, and skips the delimiter. */
  async *until(delimiter: Buffer): AsyncGenerator<Buffer> {
    for (let index = this.#buffered.indexOf(delimiter); ; index = this.#buffered.indexOf(delimiter)) {
      if (index >= 0) {
        const last = this.#buffered.subarray(0, index);
        this.#buffered = this.#buffered.subarray(index + delimiter.length);
        if (last.length > 0) yield last;
        return;
      }
      // the last bytes may be the beginning of a delimiter
      const safeLength = Math.max(this.#buffered.length - delimiter.length + 1, 0);
      const safe = this.#buffered.subarray(0, safeLength);
      this.#buffered = this.#buffered.subarray(safeLength);
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
      if (size > MAX_HEADER_BYTES) throw malformed();
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
  }

  async startsWith(text: string): Promise<boolean> {
    while (this.#buffered.length < text.length) await this.#pull();
    return this.#buffered.toString('latin1', 0, text.length) === text;
  }

  async #pull(): Promise<void> {
    const next = await this.#source.next();
    if (next.done) throw malformed();
    this.#buffered = this.#buffered.length === 0 ? next.value : Buffer.concat([this.#buffered, next.value]);
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
    if (size > MAX_FIELD_BYTES)
      throw new S3Error('MalformedPOSTRequest', 'POST requires all form fields to be smaller than 20,000 bytes.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
