import type { InitFile, InitRequest } from '../protocol.js';
import { invalidAnswer, SignerFault } from './errors.js';
import type { ResolvedOptions } from './options.js';
import { momentOf } from './signatures.js';
import type { InitReply } from './session.js';
import type { Clock, SignerPort } from './types.js';
import type { Upload } from './upload.js';

/** Files in one call, until the signer names another limit. */
const MOST_FILES = 100;

export interface InitDeskHost {
  readonly signer: SignerPort;
  readonly clock: Clock;
  readonly options: Readonly<ResolvedOptions>;
  /** Uploads that will need an init soon, in the order they will. */
  upcoming(): Iterable<Upload>;
  /** Makes an upload ready to be asked for; rejects, or says false, where the page holds it back. */
  prepare(upload: Upload): Promise<boolean>;
}

/** Asks for init signatures: those of many small files in one call, ahead of their turn. */
export class InitDesk {
  readonly #host: InitDeskHost;
  /** Answers that wait for their upload's turn, or are on their way. */
  readonly #ahead = new Map<Upload, Promise<InitReply>>();
  #limit = MOST_FILES;
  #hasAnswer = false;

  constructor(host: InitDeskHost) {
    this.#host = host;
  }

  /** Whether the signer has given any good answer so far. */
  get hasAnswer(): boolean {
    return this.#hasAnswer;
  }

  /**
   * Gets what the signer says to one file; tried once.
   * @throws SignerFault, UploadError
   */
  async ask(upload: Upload): Promise<InitReply> {
    const known = this.#ahead.get(upload);
    if (known) {
      try {
        return await known;
      } finally {
        this.#ahead.delete(upload);
      }
    }
    if (!(await this.#host.prepare(upload))) throw new DOMException('The page held the upload back', 'AbortError');
    // meanwhile another's call may have taken this one along
    if (this.#ahead.has(upload)) return this.ask(upload);
    const batch = [upload, ...this.#companions(upload)];
    const replies = this.#call(batch);
    for (const other of batch.slice(1)) {
      const reply = replies.then((all) => replyTo(other, all));
      this.#ahead.set(other, reply);
      // its own upload meets the failure by asking again
      reply.catch(() => this.#ahead.delete(other));
    }
    return replyTo(upload, await replies);
  }

  /** Forgets the answer for an upload that is not going to want it. */
  cancel(upload: Upload): void {
    this.#ahead.delete(upload);
  }

  #companions(upload: Upload): Upload[] {
    const companions: Upload[] = [];
    if (upload.session) return companions;
    for (const other of this.#host.upcoming()) {
      if (companions.length >= this.#limit - 1) break;
      if (other !== upload && !other.session && !this.#ahead.has(other)) companions.push(other);
    }
    return companions;
  }

  async #call(batch: Upload[]): Promise<InitReply[]> {
    const { signer, clock, options } = this.#host;
    const ready = await Promise.all(batch.map((upload) => this.#host.prepare(upload).catch(() => false)));
    const files = batch.filter((_, index) => ready[index]).map((upload) => initFileOf(upload, options));
    if (!files.length) return [];
    const asked = momentOf(clock);
    try {
      const answer = await signer.call('get_init_signature', { files } satisfies InitRequest);
      if (!Array.isArray(answer?.files)) throw invalidAnswer('to get_init_signature has no list of files');
      this.#hasAnswer = true;
      if (answer.limits?.files && answer.limits.files >= 1) this.#limit = Math.min(answer.limits.files, this.#limit);
      return answer.files.map((file) => ({ file, answer, asked }));
    } catch (error) {
      if (!(error instanceof SignerFault) || error.status !== 413 || batch.length === 1) throw error;
      this.#limit = Math.ceil(batch.length / 2);
      const { length } = batch;
      return [
        ...(await this.#call(batch.slice(0, Math.ceil(length / 2)))),
        ...(await this.#call(batch.slice(Math.ceil(length / 2)))),
      ];
    }
  }
}

function replyTo(upload: Upload, replies: InitReply[]): InitReply {
  const reply = replies.find(({ file }) => file.id === upload.id);
  if (!reply) throw invalidAnswer(`to get_init_signature leaves out “${upload.facts.name}”`);
  return reply;
}

function initFileOf(upload: Upload, { partSize, contentType, acl, params }: Readonly<ResolvedOptions>): InitFile {
  const { facts, session, fingerprint, objectKey, wantsFresh } = upload;
  const isPlain = params === undefined || (typeof params === 'object' && params !== null && !Array.isArray(params));
  const allParams = isPlain ? { ...params, ...upload.params } : params;
  return {
    id: facts.id,
    filename: facts.name,
    filesize: facts.size,
    last_modified: facts.lastModified,
    content_type: contentType || facts.type || 'application/octet-stream',
    // what is undefined does not travel
    relative_path: facts.relativePath || undefined,
    fingerprint: fingerprint ?? undefined,
    part_size: partSize === 'auto' ? undefined : partSize,
    object_key: objectKey || undefined,
    acl: acl || undefined,
    params: isPlain && !Object.keys(allParams as object).length ? undefined : allParams,
    force: wantsFresh || undefined,
    ...(session?.grant !== undefined && {
      grant: session.grant,
      key: session.key,
      upload_id: session.uploadId ?? undefined,
    }),
  };
}
