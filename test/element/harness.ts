/** Renders elements that use the real engine, a fake store and a sign function in the page. */
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

// loaded before the tests, so that rows are rendered as soon as uploads are listed
await import('../../src/element/controllers/list-controller.js');

/** What the fake store does with each request. */
export type Behaviour = 'store' | 'hold' | 'refuse' | 'busy' | 'silent';

const REFUSED = '<Error><Code>AccessDenied</Code><Message>No</Message></Error>';
const BUSY = '<Error><Code>SlowDown</Code><Message>Later</Message></Error>';

/** A fake transport; `behaviour` applies to all later requests, and to those that it holds. */
export class FakeStore implements Transport {
  #behaviour: Behaviour = 'store';
  #heldRequests: (() => void)[] = [];
  requestCount = 0;

  set behaviour(behaviour: Behaviour) {
    this.#behaviour = behaviour;
    for (const release of this.#heldRequests.splice(0)) release();
  }

  async send({ signal, url, method, onProgress, body }: Parameters<Transport['send']>[0]): Promise<StoreResponse> {
    this.requestCount += 1;
    if (body instanceof Blob) onProgress?.(Math.floor(body.size / 2));
    else if (body instanceof Uint8Array) onProgress?.(Math.floor(body.length / 2));
    while (this.#behaviour === 'hold') {
      await new Promise<void>((resolve, reject) => {
        this.#heldRequests.push(resolve);
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      });
    }
    if (this.#behaviour === 'silent') throw new TransportFault('network', 'no answer', method, url);
    if (this.#behaviour === 'refuse') return respond(403, REFUSED);
    return this.#behaviour === 'busy'
      ? respond(503, BUSY, { 'retry-after': '12' })
      : respond(200, '', { etag: '"abc"' });
  }

  probe(): Promise<boolean> {
    return Promise.resolve(this.#behaviour !== 'silent');
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

/** A journal in memory. */
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

/** Creates a file store in memory. @param keptFiles files or handles, by the ID of their upload */
const createFileStore = (keptFiles: Record<string, KeptFile>): FileStore => ({
  save: () => Promise.resolve(false),
  find: (id) => Promise.resolve(keptFiles[id] ?? null),
  remove: () => Promise.resolve(),
  wipe: () => Promise.resolve(),
});

export interface Harness {
  element: MuleUploadElement;
  store: FakeStore;
  uploader: Uploader;
}

/** Returns a scope that no other test uses: test pages of one browser run in parallel, and count as tabs of one site. */
export const newScope = (): string => crypto.randomUUID();

/** Renders an element whose uploads go to a fake store. */
export async function createHarness(
  markup = html`<mule-upload name="file" multiple></mule-upload>`,
  options: UploaderOptions = {},
  records: JournalRecord[] = [],
  keptFiles: Record<string, KeptFile> = {},
): Promise<Harness> {
  const root = await fixture<HTMLElement>(markup);
  const element =
    root instanceof HTMLElement && root.matches('mule-upload') ? root : root.querySelector('mule-upload')!;
  const store = new FakeStore();
  const uploader = new Uploader(
    // the test runner could not leave a page that asks about unfinished uploads
    { sign, checksum: 'none', scope: newScope(), leaveWarning: false, ...options },
    { transport: store, journal: new MemoryJournal(records), fileStore: createFileStore(keptFiles) },
  );
  element.uploader = uploader;
  await uploader.ready;
  await untilRendered(element);
  return { element, store, uploader };
}

/** A signer that never answers: uploads stay unfinished. */
const silentSigner = (): Promise<never> => new Promise(() => {});

/** Appends an element that it has configured before, as frameworks do. Its signer never answers. */
export function appendElement(
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

/** Returns the journal record of an upload that an earlier page load has not finished. */
export const unfinishedRecord = (name: string, id = name): JournalRecord => ({
  version: 2,
  principal: null,
  visit: null,
  id,
  scope: 'page',
  fingerprint: `fingerprint of ${name}`,
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

export const fileOf = (name: string, contentBeforeName = 'content of '): File =>
  new File([contentBeforeName + name], name, { lastModified: 1 });

/** Waits until a condition is true. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}

/** Waits until the current uploads are rendered. */
export async function untilRendered(element: MuleUploadElement): Promise<void> {
  await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  await element.updateComplete;
}

/** Resolves with the next event of a type. */
export const nextEvent = <E extends Event>(element: EventTarget, type: string): Promise<E> =>
  new Promise((resolve) => element.addEventListener(type, (event) => resolve(event as E), { once: true }));

export const shadowQuery = <E extends Element = HTMLElement>(element: Element, selector: string): E | null =>
  element.shadowRoot!.querySelector<E>(selector);
