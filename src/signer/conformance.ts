/**
 * Holds a signer in any language to the protocol: calls it as the element does, sends real bytes to its bucket, and
 * tries what has to be refused. What it finds wrong it says in words for the author of that backend.
 */
import { partSizeOf } from '../limits.js';
import type { Action, AllAnswer, ChunkLoadedAnswer, InitFile, Signed, SignedRequest } from '../protocol.js';
import { childText, readXml, textIn } from '../xml.js';
import { ConformanceCaller, ensure, Fault, shorten } from './conformance-caller.js';
import type { Granted } from './conformance-caller.js';
import { childrenIn } from './store-answer.js';

export interface ConformanceOptions {
  /** Base URL of the signer; each action is `{url}/{action}`. */
  url: string;
  /** Sent with every call to the signer, such as `Authorization`. */
  headers?: Readonly<Record<string, string>>;
  /** The same for somebody else; without it, nobody tries whether people are kept apart. */
  otherHeaders?: Readonly<Record<string, string>>;
  /** Of the files that it uploads; the signer's policy has to take it. */
  contentType?: string;
  fetch?: typeof fetch;
}

export interface Verdict {
  /** What was tried, as a rule of the protocol. */
  rule: string;
  /** Null where the signer keeps the rule. */
  fault: string | null;
}

/** Bytes: two parts and a byte, or more where parts are smaller. */
const BIG = 2 * 8 * 1024 ** 2 + 1;

/** Runs a signer through the protocol, against the bucket that it signs for. It leaves two small objects behind. */
export async function checkConformance(options: ConformanceOptions): Promise<Verdict[]> {
  const run = new Run(options);
  await run.all();
  return run.verdicts;
}

class Run {
  readonly verdicts: Verdict[] = [];
  readonly #fetch: typeof fetch;
  /** Of the big file: new, so that no tracker goes on with an earlier run's. */
  readonly #name = `conformance-${crypto.randomUUID()}.bin`;
  readonly #caller: ConformanceCaller;
  readonly #other: ConformanceCaller | null;
  #actions: readonly Action[] = [];
  /** A file that was sent in one request. */
  #stored: Granted | null = null;
  #big: (Granted & { upload_id: string; size: number; part_size: number }) | null = null;

  constructor({ url, headers, otherHeaders, contentType, fetch: send }: ConformanceOptions) {
    this.#fetch = send ?? ((...request) => fetch(...request));
    const common = { url, contentType, fetch: this.#fetch };
    this.#caller = new ConformanceCaller({ ...common, headers });
    this.#other = otherHeaders ? new ConformanceCaller({ ...common, headers: otherHeaders }) : null;
  }

  async all(): Promise<void> {
    await this.#rule('takes JSON alone: any other content type is 415', () => this.#takesJsonAlone());
    await this.#rule('a body that is no JSON is a 4xx with {"error": {"code", "message"}}', () =>
      this.#refusesGarbage(),
    );
    await this.#rule('init signs a small file, and the store takes it', () => this.#small());
    await this.#rule('init begins a file of several parts, and says their size', () => this.#begin());
    if (this.#big) {
      await this.#rule('a part is signed, with its exact length', () => this.#parts());
      await this.#rule('another length, part or upload is refused', () => this.#wrongParts());
      await this.#rule('a grant is bound to its key', () => this.#wrongKey());
      const other = this.#other;
      if (other) await this.#rule('a grant is bound to its principal', () => this.#wrongPerson(other));
      await this.#rule('the list of parts is signed, page by page', () => this.#list());
      await this.#rule('renewal signs again for the same key', () => this.#renew());
      if (other)
        await this.#rule('nobody is told of an upload of somebody else', () => this.#tellsTheOwnerAlone(other));
      await this.#rule('the end is signed, and completes the object', () => this.#complete());
      await this.#rule('notices are taken where they are offered', () => this.#notice());
    }
    await this.#rule('a receipt is for what is stored, and for nothing else', () => this.#receipts());
    await this.#rule('deleting is signed where it is offered, and aborts', () => this.#abort());
    await this.#rule('files are refused one by one', () => this.#refusesOne());
  }

  async #rule(rule: string, check: () => Promise<void>): Promise<void> {
    let fault: string | null = null;
    try {
      await check();
    } catch (error) {
      fault = error instanceof Fault ? error.message : `it could not be tried: ${String(error)}`;
    }
    this.verdicts.push({ rule, fault });
  }

  // ---- Rules ----

  /** What names an upload in every later call. */
  get #reference() {
    const { key, grant, upload_id } = this.#big!;
    return { key, grant, upload_id };
  }

  async #takesJsonAlone(): Promise<void> {
    const body = JSON.stringify({ files: [this.#caller.file()] });
    for (const type of ['text/plain', 'application/x-www-form-urlencoded']) {
      const { status } = await this.#caller.post('get_init_signature', body, type);
      ensure(status === 415, `a body of type ${type} was answered with ${status}: forms of other sites can send it`);
    }
  }

  async #refusesGarbage(): Promise<void> {
    for (const body of ['{', '[]', 'null', '{"files": 7}', '{"files": [{}]}'])
      await this.#caller.refusal('get_init_signature', body, `the body ${body}`);
  }

  async #small(): Promise<void> {
    const { answer, files } = await this.#caller.init(this.#caller.file());
    const [file] = files as [Granted];
    ensure(!file.error, `the file was refused: ${file.error?.message}; name a type that the policy takes by --type`);
    this.#actions = answer.actions ?? [];
    ensure(typeof file.key === 'string' && file.key !== '', 'init has to name the key');
    if (file.init) return; // a signer may begin every file as a multipart upload
    if (file.post !== undefined) {
      const policy = answer.posts?.[file.post];
      ensure(policy, `post names “${file.post}”, which posts does not hold`);
      const form = new FormData();
      for (const [name, value] of Object.entries({ ...policy.fields, key: file.key })) form.append(name, value);
      form.append('file', new Blob(['abc']));
      await this.#caller.replay({ method: 'POST', url: policy.url }, 'the POST policy', form);
    } else await this.#caller.replay(file.put, 'put', 'abc');
    await this.#head(file, 3);
    this.#stored = file;
  }

  async #head({ key, grant }: Granted, size: number): Promise<void> {
    if (!this.#actions.includes('get_head_signature')) return;
    const { response } = await this.#caller.replay(
      await this.#caller.call<SignedRequest>('get_head_signature', { key, grant }),
      'HEAD',
    );
    const stored = response.headers.get('content-length');
    ensure(stored === String(size), `the object has ${stored} bytes, where ${size} were sent`);
  }

  async #begin(): Promise<void> {
    const size = BIG;
    const { files } = await this.#caller.init(this.#bigFile());
    const [file] = files as [Granted];
    ensure(!file.error, `a file of ${size} bytes was refused: ${file.error?.message}`);
    const { part_size } = file;
    ensure(
      Number.isInteger(part_size) && part_size! >= 5 * 1024 ** 2,
      `part_size has to be whole bytes, 5 MiB or more; it is ${part_size}`,
    );
    ensure(part_size! < size, `parts of ${part_size} bytes: configure 16 MiB or less for this check`);
    const { text } = await this.#caller.replay(file.init, 'init');
    const upload_id = textIn(text, 'UploadId');
    ensure(upload_id, `the store gave no UploadId; init has to sign CreateMultipartUpload: ${shorten(text)}`);
    this.#big = { ...file, upload_id, size, part_size: part_size! };
  }

  #bigFile(reference: object = {}): Partial<InitFile> {
    return this.#caller.file({
      id: 'big',
      filename: this.#name,
      filesize: BIG,
      part_size: 5 * 1024 ** 2,
      ...reference,
    });
  }

  #chunk(chunk: number): { chunk: number; size: number } {
    const { size, part_size } = this.#big!;
    return { chunk, size: partSizeOf(chunk, size, part_size) };
  }

  get #count(): number {
    return Math.ceil(this.#big!.size / this.#big!.part_size);
  }

  async #parts(): Promise<void> {
    const { size, part_size } = this.#big!;
    const chunks = Array.from({ length: this.#count }, (_, index) => index + 1);
    let signed: Record<string, Signed> = {};
    if (this.#actions.includes('get_all_signatures')) {
      const all = await this.#caller.call<AllAnswer>('get_all_signatures', {
        ...this.#reference,
        size,
        part_size,
        chunks,
      });
      for (const name of ['list', 'end', 'chunks'] as const)
        ensure(all[name], `get_all_signatures has to hold ${name}`);
      signed = all.chunks;
    }
    for (const number of chunks) {
      const chunk = this.#chunk(number);
      signed[number] ??= await this.#caller.call<SignedRequest>('get_chunk_signature', {
        ...this.#reference,
        ...chunk,
      });
      const { response } = await this.#caller.replay(signed[number], `part ${number}`, new Uint8Array(chunk.size));
      ensure(response.headers.get('etag'), `the store gave no ETag for part ${number}`);
    }
    const { url } = await this.#caller.call<SignedRequest>('get_chunk_signature', {
      ...this.#reference,
      ...this.#chunk(this.#count),
    });
    const longer = await this.#fetch(url, { method: 'PUT', body: new Uint8Array(this.#chunk(this.#count).size + 1) });
    await longer.arrayBuffer();
    ensure(
      !longer.ok,
      'the store took a part one byte too long: sign content-length, or a grant for one part serves for 5 GiB',
    );
  }

  async #wrongParts(): Promise<void> {
    const first = this.#chunk(1);
    for (const [what, change] of Object.entries({
      'a part one byte too long': { ...first, size: first.size + 1 },
      'a part that the file does not have': { ...first, chunk: this.#count + 1 },
      'part 0': { ...first, chunk: 0 },
      'part 10,001': { ...first, chunk: 10_001 },
      'a part number that is text': { ...first, chunk: '1' },
    }))
      await this.#caller.refusal('get_chunk_signature', { ...this.#reference, ...change }, what);
    const { size, part_size } = this.#big!;
    await this.#caller.refusal('get_end_signature', { ...this.#reference, size: size + 1 }, 'an end of another size');
    if (this.#actions.includes('get_all_signatures')) {
      const all = { ...this.#reference, size, part_size: part_size * 2, chunks: [1] };
      await this.#caller.refusal('get_all_signatures', all, 'parts of another size');
    }
  }

  async #wrongKey(): Promise<void> {
    const { grant, size } = this.#big!;
    const calls: [Action, object][] = [
      ['get_chunk_signature', this.#chunk(1)],
      ['get_list_signature', {}],
      ['get_end_signature', { size }],
      ...(['get_delete_signature', 'get_head_signature'] as const)
        .filter((action) => this.#actions.includes(action))
        .map((action): [Action, object] => [action, {}]),
    ];
    const other = grant?.at(-6) === 'A' ? 'B' : 'A';
    for (const [action, rest] of calls) {
      const right = { ...this.#reference, ...rest };
      await this.#caller.refusal(action, { ...right, key: 'private/accounts.csv' }, 'a key that was never granted');
      if (grant === undefined) continue;
      await this.#caller.refusal(action, { ...right, grant: undefined }, 'a call without its grant');
      await this.#caller.refusal(
        action,
        { ...right, grant: `${grant.slice(0, -6)}${other}${grant.slice(-5)}` },
        'a forged grant',
      );
    }
  }

  async #wrongPerson(other: ConformanceCaller): Promise<void> {
    const { size } = this.#big!;
    const calls: [Action, object][] = [
      ['get_chunk_signature', this.#chunk(1)],
      ['get_list_signature', {}],
      ['get_end_signature', { size }],
    ];
    for (const [action, rest] of calls)
      await other.refusal(action, { ...this.#reference, ...rest }, 'somebody else with this grant');
    const [file] = (await other.init(this.#bigFile(this.#reference))).files as [Granted];
    ensure(file.error, 'init renewed the grant for somebody else; it has to refuse that file');
  }

  async #tellsTheOwnerAlone(other: ConformanceCaller): Promise<void> {
    if (!this.#actions.includes('chunk_loaded')) return;
    const { status, text } = await this.#caller.post('chunk_loaded', {
      ...this.#reference,
      chunks: [1],
      state: 'started',
    });
    ensure(status === 204 || status === 200, `chunk_loaded answered ${status} to state started: ${shorten(text)}`);
    const { key, upload_id } = this.#big!;
    const [own] = (await this.#caller.init(this.#bigFile())).files as [Granted];
    ensure(
      own.upload_id === undefined || (own.upload_id === upload_id && own.key === key),
      'init names another upload for the file that is under way',
    );
    const [theirs] = (await other.init(this.#bigFile())).files as [Granted];
    ensure(
      theirs.upload_id === undefined && theirs.key !== key,
      'init told somebody else of this upload: look uploads up by principal as well as by file',
    );
  }

  async #list(): Promise<void> {
    const numbersAfter = async (marker?: number): Promise<number[]> => {
      const body = { ...this.#reference, ...(marker === undefined ? {} : { part_number_marker: marker }) };
      const { text } = await this.#caller.replay(
        await this.#caller.call<SignedRequest>('get_list_signature', body),
        'ListParts',
      );
      return childrenIn(text, 'Part').map((part) => Number(childText(part, 'PartNumber')));
    };
    const all = await numbersAfter();
    ensure(
      all.length === this.#count,
      `ListParts as signed lists ${all.length} parts, where ${this.#count} are stored`,
    );
    const rest = await numbersAfter(this.#count - 1);
    ensure(rest.length === 1, 'part_number_marker has to become part-number-marker of the signed URL');
  }

  async #renew(): Promise<void> {
    if (this.#big!.grant === undefined) return;
    const { files } = await this.#caller.init(this.#bigFile(this.#reference));
    const [file] = files as [Granted & { upload_id?: string }];
    ensure(!file.error, `its own grant was not renewed: ${file.error?.message}`);
    ensure(file.key === this.#big!.key, 'renewal has to keep the key');
    ensure(file.part_size === this.#big!.part_size, 'renewal has to keep part_size: stored parts have that size');
    ensure(file.upload_id === this.#big!.upload_id, 'renewal of an upload that exists answers with its upload_id');
  }

  async #complete(): Promise<void> {
    const { text } = await this.#caller.replay(
      await this.#caller.call<SignedRequest>('get_list_signature', this.#reference),
      'ListParts',
    );
    const parts = childrenIn(text, 'Part').map((part) => {
      const [number, etag] = [childText(part, 'PartNumber'), childText(part, 'ETag')];
      return `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag></Part>`;
    });
    const { size } = this.#big!;
    const end = await this.#caller.call<SignedRequest>('get_end_signature', { ...this.#reference, size });
    const body = new Blob([`<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`]);
    const completed = await this.#caller.replay(end, 'Complete', body);
    ensure(readXml(completed.text).root?.name !== 'Error', `the store did not complete: ${shorten(completed.text)}`);
    await this.#head(this.#big!, size);
  }

  async #notice(): Promise<void> {
    if (!this.#actions.includes('chunk_loaded')) return;
    for (const state of ['started', 'complete', 'complete']) {
      const { status, text } = await this.#caller.post('chunk_loaded', { ...this.#reference, chunks: [1], state });
      ensure(status === 204 || status === 200, `chunk_loaded answered ${status} to state ${state}: ${shorten(text)}`);
    }
  }

  async #receipts(): Promise<void> {
    if (!this.#actions.includes('chunk_loaded')) return;
    const report = async ({ key, grant }: Granted) => {
      const { json, status } = await this.#caller.post('chunk_loaded', {
        key,
        grant,
        upload_id: '',
        chunks: [],
        state: 'complete',
      });
      const { receipt } = (json ?? {}) as ChunkLoadedAnswer;
      ensure(receipt === undefined || (typeof receipt === 'string' && receipt !== ''), 'a receipt has to be a text');
      return { status, receipt };
    };
    const [never] = (await this.#caller.init(this.#caller.file({ id: 'never', filename: 'never.bin' }))).files as [
      Granted,
    ];
    const early = await report(never);
    ensure(
      early.receipt === undefined,
      'chunk_loaded gave a receipt for a file that nobody sent: HEAD the object first',
    );
    if (!this.#stored) return;
    const { status } = await report(this.#stored);
    ensure(
      status === 200 || status === 204,
      `chunk_loaded answered ${status} for a file of one request that is stored`,
    );
  }

  async #abort(): Promise<void> {
    if (!this.#actions.includes('get_delete_signature')) return;
    const { files } = await this.#caller.init(
      this.#caller.file({ id: 'gone', filesize: 40 * 1024 ** 2, filename: 'gone.bin' }),
    );
    const [{ key, grant, init }] = files as [Granted];
    const { text } = await this.#caller.replay(init, 'init');
    const upload_id = textIn(text, 'UploadId');
    await this.#caller.replay(
      await this.#caller.call<SignedRequest>('get_delete_signature', { key, grant, upload_id }),
      'Abort',
    );
  }

  async #refusesOne(): Promise<void> {
    const { files } = await this.#caller.init(this.#caller.file(), this.#caller.file({ id: 'huge', filesize: 60e12 }));
    const [small, huge] = files as [Granted, Granted];
    ensure(huge.error, 'a file of 60 TB was granted; no S3 holds it');
    ensure(!small.error, 'one file that is refused must not hold up the others of its call');
  }
}
