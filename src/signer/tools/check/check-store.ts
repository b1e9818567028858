/**
 * Tries what uploads need at the store, as a browser and with the signer's own credentials, and what those credentials
 * should not be able to do. Each fault comes with the text that its owner can paste. Leaves nothing behind.
 */
import { textIn } from '../../../xml.js';
import { hex, randomBytes } from '../../util/bytes.js';
import {
  abortMultipartUpload,
  createMultipartUpload,
  listParts,
  COPY_GUARD,
  ONLY_IF_NEW,
  uploadPart,
  withCopyGuard,
} from '../../s3/operations.js';
import { resolveOptions } from '../../options/settings.js';
import type { Settings } from '../../options/settings.js';
import type { SignerOptions } from '../../options/signer-options.js';
import { createPresigner } from '../../s3/presign.js';
import type { StoreOperation } from '../../s3/presign.js';
import { childrenIn, readText } from '../store-response.js';
import { corsRule, helpfulHeaders, leastPolicy, NEEDED_HEADER, prefixOf } from './store-advice.js';

export interface StoreFinding {
  /** What was tried. */
  rule: string;
  /** Null where all is well. */
  fault: string | null;
  /** Uploads work in spite of it. */
  isWarning?: boolean;
  /** What to paste where. */
  advice?: string;
}

interface Reply {
  status: number;
  ok: boolean;
  /** S3's error code, or an empty text. */
  code: string;
  text: string;
  headers: Headers;
}

const PATIENCE = 15_000;
/** How often an upload of the check is aborted at most, and the milliseconds between. */
const ABORT_TRIES = 4;
const ABORT_PAUSE = 1_000;
const UNSIGNED = 'the store refuses headers that nobody signed (x-amz-acl, x-amz-copy-source)';

/** Tells whether a refusal is of the request's signature. */
const isOfSignature = ({ code, text }: Reply): boolean => code === 'SignatureDoesNotMatch' || /not signed/i.test(text);

/** What can be said of a failed request without repeating its URL, which is signed. */
const reasonOf = (error: unknown): string =>
  (error as { cause?: { code?: string } }).cause?.code ?? (error as Error).name;
/** Milliseconds by which the store's clock may differ before it refuses signatures: 15 minutes at Amazon. */
const MAX_SKEW = 300_000;

/**
 * Checks the bucket, its CORS rule for each of `origins`, and the credentials. Takes the options of `createSigner`.
 * @throws OptionError for options that are none
 */
export async function checkStore(options: SignerOptions): Promise<StoreFinding[]> {
  const check = new Check(resolveOptions(options));
  await check.all();
  return check.findings;
}

class Check {
  readonly findings: StoreFinding[] = [];
  readonly #settings: Settings;
  readonly #name = `mule-upload-check-${hex(randomBytes(8))}`;
  readonly #key: string;
  /** Keys of the multipart uploads that are under way, by upload ID. */
  readonly #begun = new Map<string, string>();

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#key = prefixOf(settings.policy) + this.#name;
  }

  async all(): Promise<void> {
    try {
      const uploadId = await this.#begin();
      if (uploadId === null) return;
      const replies = await this.#sendParts(uploadId);
      await this.#try(UNSIGNED, () => this.#unsignedHeaders(uploadId));
      await this.#try('they may abort', () => this.#abort(this.#key, uploadId));
      await this.#try('pages may upload (CORS)', () => this.#cors(replies));
      await this.#try('the credentials may do no more', () => this.#powers());
    } finally {
      await this.#removeUploads();
    }
  }

  /** Takes a step; one that the store leaves unanswered is a fault of its own, and the next is taken. */
  async #try(rule: string, step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      this.#find(rule, `the store did not answer (${reasonOf(error)})`);
    }
  }

  /** Aborts what was begun here and not aborted yet. */
  async #removeUploads(): Promise<void> {
    for (const [uploadId, key] of this.#begun) {
      for (let tries = 0; tries < ABORT_TRIES && this.#begun.has(uploadId); tries += 1) {
        if (tries > 0) await new Promise((resolve) => setTimeout(resolve, ABORT_PAUSE));
        const reply = await this.#ask(abortMultipartUpload(key, uploadId)).catch(() => null);
        if (reply?.ok || reply?.status === 404) this.#begun.delete(uploadId);
      }
      if (!this.#begun.has(uploadId)) continue;
      const { bucket } = this.#settings;
      const names = `--bucket ${bucket} --key ${key} --upload-id ${uploadId}`;
      const advice = `once the store answers again:\naws s3api abort-multipart-upload ${names}`;
      this.#find('the check leaves nothing behind', `its multipart upload of ${key} could not be aborted`, { advice });
    }
  }

  #find(rule: string, fault: string | null, more: Pick<StoreFinding, 'isWarning' | 'advice'> = {}): void {
    this.findings.push({ rule, fault, ...(fault === null ? {} : more) });
  }

  /**
   * Sends what the signer would sign.
   * @param unsigned headers beside those that are signed
   */
  async #ask(
    operation: StoreOperation,
    body?: BodyInit,
    unsigned: Readonly<Record<string, string>> = {},
    store = this.#settings.store,
  ): Promise<Reply> {
    const { refusesUnsignedHeaders } = this.#settings;
    return this.#send(refusesUnsignedHeaders ? operation : withCopyGuard(operation), body, unsigned, store);
  }

  async #send(
    operation: StoreOperation,
    body?: BodyInit,
    unsigned: Readonly<Record<string, string>> = {},
    store = this.#settings.store,
  ): Promise<Reply> {
    const { credentials, now, fetch: send, region } = this.#settings;
    const terms = { credentials: await credentials(), now: now(), expires: 60 };
    const { method, url, headers } = await createPresigner(store, region)(operation, terms);
    const response = await send(url, {
      method,
      headers: { ...headers, ...unsigned },
      ...(body === undefined ? {} : { body }),
      signal: AbortSignal.timeout(PATIENCE),
      redirect: 'manual',
    });
    const text = await readText(response);
    const code = textIn(text, 'Code');
    const uploadId = operation.query?.['uploads'] === '' ? textIn(text, 'UploadId') : '';
    if (uploadId) this.#begun.set(uploadId, operation.key);
    return { status: response.status, ok: response.ok, code, text, headers: response.headers };
  }

  // ---- The bucket ----

  async #begin(): Promise<string | null> {
    const rule = 'the bucket is there, and the credentials may begin an upload';
    try {
      const reply = await this.#ask(createMultipartUpload(this.#key, this.#aclHeaders));
      const uploadId = textIn(reply.text, 'UploadId');
      if (reply.ok && uploadId) {
        this.#find(rule, null);
        this.#clock(reply);
        return uploadId;
      }
      this.#find(rule, this.#explain(reply), this.#adviceFor(reply));
    } catch (error) {
      this.#find(
        rule,
        `${this.#settings.store.origin} does not answer (${reasonOf(error)}): check endpoint and region`,
      );
    }
    return null;
  }

  #clock({ headers }: Reply): void {
    const drift = Date.parse(headers.get('date') ?? '') - this.#settings.now();
    if (!(Math.abs(drift) > MAX_SKEW)) return;
    const minutes = Math.round(Math.abs(drift) / 60_000);
    this.#find(
      'the clocks agree',
      `this machine's clock is ${minutes} minutes off the store's: signatures would end early`,
    );
  }

  #explain({ status, code, text, headers }: Reply): string {
    const { bucket, region } = this.#settings;
    const other = headers.get('x-amz-bucket-region') ?? textIn(text, 'Region');
    if (other && other !== region) return `the bucket is in the region ${other}, not ${region}`;
    switch (code) {
      case 'NoSuchBucket':
        return `there is no bucket ${bucket}`;
      case 'InvalidAccessKeyId':
        return 'the store does not know the access key id';
      case 'SignatureDoesNotMatch':
        return 'the secret access key does not belong to the access key id';
      case 'ExpiredToken':
      case 'InvalidToken':
        return 'the session token is not, or no longer, good';
      case 'RequestTimeTooSkewed':
        return "this machine's clock is wrong";
      case 'AccessDenied':
        return 'the credentials may not';
      case 'AccessControlListNotSupported':
      case 'NotImplemented':
        return `the store answered ${status} ${code}: it may take no x-amz-acl, which refusesUnsignedHeaders leaves out`;
      default:
        return `the store answered ${status} ${code}`.trim();
    }
  }

  #adviceFor({ code }: Reply): { advice?: string } {
    const { bucket, region } = this.#settings;
    if (code === 'NoSuchBucket') return { advice: `aws s3 mb s3://${bucket} --region ${region}` };
    return code === 'AccessDenied' ? { advice: leastPolicy(this.#settings) } : {};
  }

  /** @returns what the store answered to a part that looked as sent by each page */
  async #sendParts(uploadId: string): Promise<Map<string, Reply>> {
    const replies = new Map<string, Reply>();
    const act = (rule: string, operation: StoreOperation, body?: BodyInit): Promise<void> =>
      this.#try(rule, async () => {
        const reply = await this.#ask(operation, body);
        this.#find(rule, reply.ok ? null : this.#explain(reply), this.#adviceFor(reply));
      });
    for (const origin of this.#origins) {
      await this.#try(`pages of ${origin} may send a part`, async () => {
        replies.set(origin, await this.#ask(uploadPart(this.#key, uploadId, 1, 1), 'x', { origin }));
      });
    }
    await act('they may send a part', uploadPart(this.#key, uploadId, 1, 1), 'x');
    await act('they may list the parts', listParts(this.#key, uploadId));
    return replies;
  }

  async #abort(key: string, uploadId: string): Promise<void> {
    const reply = await this.#ask(abortMultipartUpload(key, uploadId));
    if (reply.ok) this.#begun.delete(uploadId);
    this.#find('they may abort', reply.ok ? null : this.#explain(reply), this.#adviceFor(reply));
  }

  /** What the signer signs at such a store, so that nobody else names an ACL. */
  get #aclHeaders(): Record<string, string> {
    const { defaultAcl } = this.#settings.policy;
    return defaultAcl === null ? {} : { 'x-amz-acl': defaultAcl };
  }

  // ---- Headers that nobody signed ----

  /**
   * Tries the two headers by which the holder of a signed request could do more than was signed: nothing is published,
   * since the upload is never completed, and nothing is copied, since the source does not exist.
   */
  async #unsignedHeaders(uploadId: string): Promise<void> {
    const key = `${this.#key}-acl`;
    const isBegun = (await this.#send(createMultipartUpload(key, {}), undefined, { 'x-amz-acl': 'public-read' })).ok;
    for (const [id, begun] of this.#begun) if (begun === key) await this.#dropQuietly(begun, id);
    const copy = { 'x-amz-copy-source': `/${this.#name}/none` };
    const part = uploadPart(this.#key, uploadId, 2, 1);
    const unsigned = await this.#send(part, 'x', copy);
    const signed = await this.#send({ ...part, headers: copy }, 'x');
    // where both get the same 403, the credentials were what was refused, not the header
    const isCopyRefused =
      unsigned.status === 403 && (isOfSignature(unsigned) || unsigned.code !== signed.code || !isBegun);
    const taken = [...(isBegun ? ['x-amz-acl'] : []), ...(isCopyRefused ? [] : ['x-amz-copy-source'])];
    if (taken.length === 0) return this.#find(UNSIGNED, null);
    const names = taken.join(' and ');
    if (this.#settings.refusesUnsignedHeaders) {
      const fault =
        `it takes ${names} that nobody signed: whoever holds a signed request can publish an object, or copy another's;`
        + ' leave refusesUnsignedHeaders out';
      return this.#find(UNSIGNED, fault);
    }
    const fault = `it takes ${names} that nobody signed; this signer signs against both, so uploads are safe from them`;
    const advice = 'a release of the store that refuses them, as Ceph 20 does, is safer still';
    this.#find(UNSIGNED, fault, { isWarning: true, advice });
  }

  async #dropQuietly(key: string, uploadId: string): Promise<void> {
    if ((await this.#ask(abortMultipartUpload(key, uploadId))).ok) this.#begun.delete(uploadId);
  }

  // ---- CORS ----

  get #origins(): string[] {
    const origins = [...(this.#settings.origins ?? [])];
    return origins.includes('*') ? ['https://any.example'] : origins;
  }

  async #cors(replies: ReadonlyMap<string, Reply>): Promise<void> {
    if (replies.size === 0) {
      const fault = 'no origin is named, so nobody can tell whether the bucket lets your pages in';
      this.#find('pages may upload (CORS)', fault, { isWarning: true });
    }
    const advice = corsRule(this.#settings, [...(this.#settings.origins ?? [])]);
    for (const [origin, reply] of replies) {
      const refused = await this.#refusedTo(origin);
      this.#find(`pages of ${origin} may do all that an upload does (CORS)`, refused, { advice });
      if (refused !== null) continue;
      const exposed = (reply.headers.get('access-control-expose-headers') ?? '').toLowerCase().split(/\s*,\s*/);
      const isReadable = exposed.includes(NEEDED_HEADER);
      this.#find(
        `they may read the ETag of a part`,
        isReadable ? null : 'ExposeHeaders lacks ETag: every part would fail, though the store has it',
        { advice },
      );
      const missing = helpfulHeaders(this.#settings).filter((name) => !exposed.includes(name));
      const fault = missing.length === 0 ? null : `ExposeHeaders lacks ${missing.join(', ')}`;
      this.#find('they may read what helps besides', fault, { isWarning: true, advice });
    }
  }

  /** Asks leave as a browser does. @returns what is refused, or null */
  async #refusedTo(origin: string): Promise<string | null> {
    const { store, fetch: send } = this.#settings;
    const refused: string[] = [];
    for (const [method, headers] of Object.entries(this.#preflights)) {
      const response = await send(`${store.origin}${store.basePath}${this.#key}`, {
        method: 'OPTIONS',
        headers: {
          origin,
          'access-control-request-method': method,
          ...(headers.length > 0 ? { 'access-control-request-headers': headers.join(',') } : {}),
        },
        signal: AbortSignal.timeout(PATIENCE),
      });
      await response.body?.cancel();
      const allowed = response.headers.get('access-control-allow-origin');
      if (!response.ok || (allowed !== origin && allowed !== '*'))
        refused.push(headers.length > 0 ? `${method} with ${headers.join(', ')}` : method);
    }
    return refused.length === 0 ? null : `the bucket's CORS rule refuses ${refused.join('; ')}`;
  }

  /** The methods of an upload, with the headers that a page sends along. */
  get #preflights(): Record<string, string[]> {
    const { checksums, policy, refusesUnsignedHeaders } = this.#settings;
    const acl = Object.keys(this.#aclHeaders);
    const guard = refusesUnsignedHeaders ? [] : Object.keys(COPY_GUARD);
    const condition = policy.overwrite ? [] : Object.keys(ONLY_IF_NEW);
    const sums = checksums.map((name) => `x-amz-checksum-${name}`);
    const algorithm = sums.length > 0 ? ['x-amz-sdk-checksum-algorithm'] : [];
    const whole = sums.length > 0 ? ['x-amz-checksum-algorithm', 'x-amz-checksum-type', 'x-amz-mp-object-size'] : [];
    return {
      PUT: ['content-type', ...condition, ...sums, ...algorithm, ...acl, ...guard],
      POST: ['content-type', ...condition, ...sums, ...whole, ...acl],
      GET: [],
      DELETE: [],
      HEAD: ['x-amz-checksum-mode'],
    };
  }

  // ---- What the credentials should not be able to do ----

  async #powers(): Promise<void> {
    const excess: string[] = [];
    const isLet = async (what: string, operation: StoreOperation): Promise<Reply> => {
      const reply = await this.#ask(operation);
      if (reply.ok) excess.push(what);
      return reply;
    };
    const ofBucket = (query: Record<string, string>): StoreOperation => ({ method: 'GET', key: '', query });
    await isLet('list the objects of the bucket', ofBucket({ 'list-type': '2', 'max-keys': '1' }));
    await isLet('read the policy of the bucket', ofBucket({ policy: '' }));
    await isLet('read the CORS rule of the bucket', ofBucket({ cors: '' }));
    // of an object that is not there, and only if it has that ETag: no version is left behind either
    await isLet('delete objects', { method: 'DELETE', key: this.#key, headers: { 'if-match': '"none"' } });
    // some stores let everybody list their own buckets, of which there are none
    const buckets = await this.#ask({ method: 'GET', key: '' }, undefined, {}, this.#service);
    if (childrenIn(buckets.text, 'Buckets').some(({ children }) => children.length))
      excess.push('list all buckets of the account');
    if (prefixOf(this.#settings.policy) !== '') {
      const key = this.#name;
      const begun = await isLet(`write outside of ${prefixOf(this.#settings.policy)}`, createMultipartUpload(key, {}));
      const uploadId = textIn(begun.text, 'UploadId');
      if (uploadId) await this.#dropQuietly(key, uploadId);
    }
    this.#find('the credentials may do no more', excess.length === 0 ? null : `they may ${excess.join(', ')}`, {
      isWarning: true,
      advice: leastPolicy(this.#settings),
    });
  }

  /** The address of the store itself, where buckets are listed. */
  get #service(): Settings['store'] {
    const { store, bucket } = this.#settings;
    const isVirtual = store.host.startsWith(`${bucket}.`) && !store.basePath.endsWith(`/${bucket}/`);
    const without = (text: string): string => (isVirtual ? text.replace(`${bucket}.`, '') : text);
    return { origin: without(store.origin), host: without(store.host), basePath: '/' };
  }
}
