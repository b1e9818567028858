import { explainReadError } from '../files/assert-unchanged.js';
import type { OwnChecksums } from './find-object.js';
import type { RetryLoop } from '../network/retry-loop.js';
import type { NamedPart } from '../s3/xml.js';
import type { Session } from '../model/session.js';
import type { TransferHost } from './transfer-host.js';
import type { UploadSnapshot } from '../api/types.js';

type Checksum = NonNullable<UploadSnapshot['checksum']>;

/** Waits for what reads an upload's file, as stubbornly as for the store. */
export class ObjectChecksum implements OwnChecksums {
  readonly #host: TransferHost;
  readonly #retrier: RetryLoop;

  constructor(host: TransferHost, retrier: RetryLoop) {
    this.#host = host;
    this.#retrier = retrier;
  }

  /** Waits until every stored part is compared that has to be. */
  async settled({ checks }: Session, signal: AbortSignal): Promise<void> {
    if (checks) await this.#read(signal, () => checks.settled());
  }

  /** Gives the whole file's checksum, and has the end signed with it where that takes one. */
  async whole(session: Session, signal: AbortSignal): Promise<Checksum | null> {
    return (await this.#all(session, signal))?.checksum ?? null;
  }

  /** Names parts for Complete: with their own checksums where those make the whole object's. */
  async parts(session: Session, etags: Iterable<string>, signal: AbortSignal): Promise<NamedPart[]> {
    const all = await this.#all(session, signal);
    if (!all || session.checksum?.type !== 'COMPOSITE') return [...etags].map((etag) => ({ etag }));
    const { algorithm } = all.checksum;
    return [...etags].map((etag, index) => ({ etag, checksum: { algorithm, value: all.parts[index]! } }));
  }

  async #all(session: Session, signal: AbortSignal): Promise<{ checksum: Checksum; parts: string[] } | null> {
    const { checks } = session;
    const whole = checks && (await this.#read(signal, () => checks.whole(signal)));
    if (!whole) return null;
    const { algorithm, value, parts } = whole;
    if (session.checksum!.type === 'FULL_OBJECT') session.whole = value;
    return { checksum: { algorithm, value }, parts };
  }

  #read<T>(signal: AbortSignal, read: () => Promise<T>): Promise<T> {
    const { file, name } = this.#host;
    return this.#retrier.retry('part', null, signal, () => explainReadError(file!, name, signal, read()));
  }
}
