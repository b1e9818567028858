/** What an uploader fetches once it is made: its working parts, with the browser's own ports. */
import { systemClock } from './clock.js';
import { BrowserEnvironment } from './environment.js';
import { IndexedDbJournal } from './journal.js';
import { localNotebook } from './notebook.js';
import type { ResolvedOptions } from './options.js';
import { LazyShelf } from './shelf.js';
import { HttpSigner } from './signer.js';
import { broadcast } from './tab-channel.js';
import { webLocks } from './tab-lock.js';
import { BrowserTransport } from './transport.js';
import type { Ports } from './types.js';
import { UploaderCore } from './uploader-core.js';
import type { Tell } from './uploader-core.js';

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
      loadChecksums: async () => (await import('./file-checks.js')).openKit(systemClock),
      ...ports,
    };
  };
  return new UploaderCore(options, makePorts, tell);
}
