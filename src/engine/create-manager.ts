/** What an uploader fetches once it is made: its working parts, with the browser's own ports. */
import { systemClock } from './browser/system-clock.js';
import { BrowserPage } from './browser/page-environment.js';
import { IndexedDbJournal } from './browser/indexed-db-journal.js';
import { localKeyValueStore } from './browser/local-storage.js';
import type { ResolvedOptions } from './api/options.js';
import { LazyFileStore } from './browser/lazy-file-store.js';
import { HttpSigner } from './browser/http-signer.js';
import { broadcast, webLocks } from './browser/cross-tab.js';
import { XhrTransport } from './browser/xhr-transport.js';
import type { Ports } from './ports.js';
import { UploadManager } from './manager.js';
import type { Tell } from './manager.js';

/** @param ports stand in for the browser's own */
export function createManager(options: Readonly<ResolvedOptions>, ports: Partial<Ports>, tell: Tell): UploadManager {
  const makePorts = (getOptions: () => Readonly<ResolvedOptions>): Ports => {
    const { clock = systemClock, fileStore: shelf = new LazyFileStore(clock) } = ports;
    return {
      clock,
      page: new BrowserPage(clock),
      journal: new IndexedDbJournal(clock, (id) => void shelf.remove(id)),
      keyValueStore: localKeyValueStore,
      fileStore: shelf,
      signer: new HttpSigner(getOptions, clock),
      tabChannel: broadcast,
      tabLock: webLocks,
      transport: new XhrTransport(clock),
      loadHasher: async () => (await import('./integrity/upload-checksums.js')).openKit(systemClock),
      ...ports,
    };
  };
  return new UploadManager(options, makePorts, tell);
}
