/** The composition root: creates the manager with the browser's own ports. `Uploader` loads it lazily. */
import { systemClock, systemTimers } from './browser/system-clock.js';
import { BrowserPage } from './browser/page-environment.js';
import { IndexedDbJournal } from './browser/indexed-db-journal.js';
import { localKeyValueStore } from './browser/local-storage.js';
import { Settings } from './api/options.js';
import type { ResolvedOptions } from './api/options.js';
import { LazyFileStore } from './browser/lazy-file-store.js';
import { HttpSigner } from './browser/http-signer.js';
import { broadcast, webLocks } from './browser/cross-tab.js';
import { ScreenWakeLock } from './browser/wake-lock.js';
import { XhrTransport } from './browser/xhr-transport.js';
import { UploadManager } from './manager.js';
import type { Emit } from './ports.js';
import type { ManagerPorts } from './shared-services.js';
import { ModuleLoader } from './util/module-loader.js';

/** The deferred code, for all uploaders of the page. */
const deferredCode = new ModuleLoader(async () => {
  const code = await import('./deferred-code.js');
  systemTimers.useWorker(code.TimerWorker);
  return code;
}, systemClock);

/** Creates the manager. @param ports replace those of the browser */
export function createManager(
  options: Readonly<ResolvedOptions>,
  ports: Partial<ManagerPorts>,
  emit: Emit,
): UploadManager {
  const settings = new Settings(options);
  const { clock = systemClock } = ports;
  const { fileStore = new LazyFileStore(clock) } = ports;
  return new UploadManager(
    settings,
    {
      clock,
      fileStore,
      page: new BrowserPage(clock),
      wakeLock: new ScreenWakeLock(),
      journal: new IndexedDbJournal(clock, (id) => void fileStore.remove(id)),
      keyValueStore: localKeyValueStore,
      signer: new HttpSigner(() => settings.options, clock),
      tabChannel: broadcast,
      tabLock: webLocks,
      transport: new XhrTransport(clock),
      loadHasher: () => import('./integrity/upload-checksums.js').then(({ createHasher }) => createHasher(systemClock)),
      deferredCode,
      ...ports,
    },
    emit,
  );
}
