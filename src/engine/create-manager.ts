/** What an uploader fetches once it is made: its working parts, with the browser's own ports. */
import { systemClock } from './util/timing.js';
import { BrowserEnvironment } from './browser/page-environment.js';
import { IndexedDbJournal } from './browser/indexed-db-journal.js';
import { localNotebook } from './browser/local-storage.js';
import type { ResolvedOptions } from './api/options.js';
import { LazyShelf } from './browser/lazy-file-store.js';
import { HttpSigner } from './browser/http-signer.js';
import { broadcast } from './browser/tab-channel.js';
import { webLocks } from './browser/tab-lock.js';
import { BrowserTransport } from './browser/xhr-transport.js';
import type { Ports } from './ports.js';
import { UploaderCore } from './manager.js';
import type { Tell } from './manager.js';

/** @param ports stand in for the browser's own */
export function openCore(options: Readonly<ResolvedOptions>, ports: Partial<Ports>, tell: Tell): UploaderCore {
  const makePorts = (getOptions: () => Readonly<ResolvedOptions>): Ports => {
    const { clock = systemClock, shelf = new LazyShelf() } = ports;
    return {
      clock,
      environment: new BrowserEnvironment(clock),
      journal: new IndexedDbJournal((id) => void shelf.remove(id)),
      notebook: localNotebook,
      shelf,
      signer: new HttpSigner(getOptions, clock),
      tabChannel: broadcast,
      tabLock: webLocks,
      transport: new BrowserTransport(clock),
      loadChecksums: async () => (await import('./integrity/upload-checksums.js')).openKit(systemClock),
      ...ports,
    };
  };
  return new UploaderCore(options, makePorts, tell);
}
