/** The real engine with a fake transport and a signer in the page. */
import { fixture, html } from '@open-wc/testing';
import '../../src/index.js';
import type { MuleUploadElement } from '../../src/index.js';
import { TransportFault, Uploader } from '../../src/engine/index.js';
import type {
  Journal,
  JournalRecord,
  KeptFile,
  FileStore,
  SignFunction,
  StoreResponse,
  Transport,
  UploaderOptions,
} from '../../src/engine/index.js';
import type { InitAnswerFile } from '../../src/protocol.js';

// as on a page that has been open for a moment: rows are rendered as soon as uploads are listed
await import('../../src/element/controllers/list-controller.js');

export type Answer = 'store' | 'hold' | 'refuse' | 'busy' | 'silent';

const REFUSED = '<Error><Code>AccessDenied</Code><Message>No</Message></Error>';
const BUSY = '<Error><Code>SlowDown</Code><Message>Later</Message></Error>';

/** A fake transport; `answer` sets the response to all later requests, and to those that are held. */
export class FakeStore implements Transport {
  #answer: Answer = 'store';
  #released: (() => void)[] = [];
  requests = 0;

  set answer(answer: Answer) {
    this.#answer = answer;
    for (const release of this.#released.splice(0)) release();
  }

  async send({ signal, url, method, onProgress, body }: Parameters<Transport['send']>[0]): Promise<StoreResponse> {
    this.requests += 1;
    if (body instanceof Blob) onProgress?.(Math.floor(body.size / 2));
    else if (body instanceof Uint8Array) onProgress?.(Math.floor(body.length / 2));
    while (this.#answer === 'hold') {
      await new Promise<void>((resolve, reject) => {
        this.#released.push(resolve);
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      });
    }
    if (this.#answer === 'silent') throw new TransportFault('network', 'no answer', method, url);
    if (this.#answer === 'refuse') return respond(403, REFUSED);
    return this.#answer === 'busy' ? respond(503, BUSY, { 'retry-after': '12' }) : respond(200, '', { etag: '"abc"' });
  }

  probe(): Promise<boolean> {
    return Promise.resolve(this.#answer !== 'silent');
  }
}

const respond = (status: number, text: string, headers: Record<string, string> = {}): StoreResponse => ({
  status,
  text,
  header: (name) => headers[name.toLowerCase()] ?? null,
});

/** Signs one PUT for each file, with the key `keys/<name>`. */
export const sign = ((action, body) => {
  if (action !== 'get_init_signature') throw new Error(`no ${action} here`);
  const files = (body as { files: { id: string; filename: string }[] }).files.map(
    ({ id, filename }): InitAnswerFile => {
      const key = `keys/${filename}`;
      return { id, key, put: { method: 'PUT', url: `https://store.test/${key}`, expires: Date.now() + 900_000 } };
    },
  );
  return { time: Date.now(), actions: [], files };
}) as SignFunction;

export class MemoryJournal implements Journal {
  constructor(private records: JournalRecord[]) {}
  load(): Promise<JournalRecord[]> {
    return Promise.resolve([...this.records]);
  }
  save(record: JournalRecord): Promise<void> {
    this.records.push(record);
    return Promise.resolve();
  }
  remove(id: string): Promise<void> {
    this.records = this.records.filter((record) => record.id !== id);
    return Promise.resolve();
  }
  wipe(): Promise<void> {
    this.records = [];
    return Promise.resolve();
  }
}

/** Returns a file store with these files, by ID of the upload. */
const memoryFileStore = (kept: Record<string, KeptFile>): FileStore => ({
  save: () => Promise.resolve(false),
  find: (id) => Promise.resolve(kept[id] ?? null),
  remove: () => Promise.resolve(),
  wipe: () => Promise.resolve(),
});

export interface Harness {
  element: MuleUploadElement;
  store: FakeStore;
  uploader: Uploader;
}

/** Returns a new scope: test pages of one browser run in parallel, and would wait for each other's tab. */
export const newScope = (): string => crypto.randomUUID();

/** Renders an element whose uploads go to a fake store. */
export async function harness(
  markup = html`<mule-upload name="file" multiple></mule-upload>`,
  options: UploaderOptions = {},
  records: JournalRecord[] = [],
  kept: Record<string, KeptFile> = {},
): Promise<Harness> {
  const root = await fixture<HTMLElement>(markup);
  const element =
    root instanceof HTMLElement && root.matches('mule-upload') ? root : root.querySelector('mule-upload')!;
  const store = new FakeStore();
  const uploader = new Uploader(
    { sign, checksum: 'none', scope: newScope(), ...options },
    { transport: store, journal: new MemoryJournal(records), fileStore: memoryFileStore(kept) },
  );
  element.uploader = uploader;
  await uploader.ready;
  await rendered(element);
  return { element, store, uploader };
}

/** A signer that never answers: uploads stay unfinished. */
const silentSigner = (): Promise<never> => new Promise(() => {});

/** Appends an element that is configured before it is connected, as frameworks do. */
export function place(
  root: Node,
  properties: Partial<MuleUploadElement> = {},
  attributes: Record<string, string> = {},
): MuleUploadElement {
  const element = document.createElement('mule-upload');
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  Object.assign(element, { multiple: true, noLeaveWarning: true, sign: silentSigner, ...properties });
  root.appendChild(element);
  return element;
}

/** Returns the record of an unfinished upload of an earlier page load. */
export const unfinished = (name: string, id = name): JournalRecord => ({
  version: 2,
  principal: null,
  visit: null,
  id,
  scope: 'page',
  fingerprint: `print of ${name}`,
  name,
  size: 20e6,
  type: '',
  lastModified: 0,
  relativePath: '',
  key: `keys/${name}`,
  uploadId: 'u',
  partSize: 8 * 1024 ** 2,
  grant: null,
  objectKey: '',
  tracked: false,
  actions: [],
  aborting: false,
  createdAt: Date.now(),
});

export const fileOf = (name: string, content = 'content of '): File =>
  new File([content + name], name, { lastModified: 1 });

/** Waits until a condition is true. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** Waits until the current uploads are rendered. */
export async function rendered(element: MuleUploadElement): Promise<void> {
  await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  await element.updateComplete;
}

/** Waits for an event. */
export const nextEvent = <E extends Event>(element: EventTarget, type: string): Promise<E> =>
  new Promise((resolve) => element.addEventListener(type, (event) => resolve(event as E), { once: true }));

export const shadowQuery = <E extends Element = HTMLElement>(element: Element, selector: string): E | null =>
  element.shadowRoot!.querySelector<E>(selector);
