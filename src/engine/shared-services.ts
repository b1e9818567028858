import type { Settings } from './api/options.js';
import { SmallFileCache } from './files/small-file-cache.js';
import { ChecksumService } from './integrity/checksum-service.js';
import { CurrentUser } from './model/current-user.js';
import { ReachabilityByOrigin } from './network/reachability-by-origin.js';
import { Scheduler } from './network/scheduler.js';
import { ServerHealth } from './network/server-health.js';
import { ThroughputEstimator } from './network/throughput.js';
import type * as deferredCode from './deferred-code.js';
import type { Clock, Emit, Ports, SignerPort, StoreRequest, StoreResponse } from './ports.js';
import { JournalWriter } from './resume/journal-writer.js';
import { PagePresence } from './resume/page-presence.js';
import { S3Client } from './s3/client.js';
import { signerOrigin } from './util/action-url.js';
import type { ModuleLoader } from './util/module-loader.js';
import { newId } from './util/new-id.js';
import { originOf } from './util/origin.js';

/** The ports, and the loader of `deferred-code.ts`. */
export interface ManagerPorts extends Ports {
  deferredCode: ModuleLoader<typeof deferredCode>;
}

/** The objects that all uploads of one uploader share. */
export interface SharedServices {
  readonly clock: Clock;
  readonly signer: SignerPort;
  readonly settings: Settings;
  readonly lifetime: AbortSignal;
  readonly deferredCode: ModuleLoader<typeof deferredCode>;
  readonly scheduler: Scheduler;
  readonly health: ServerHealth;
  readonly user: CurrentUser;
  readonly presence: PagePresence;
  readonly reachability: ReachabilityByOrigin;
  readonly s3: S3Client;
  readonly throughput: ThroughputEstimator;
  readonly smallFiles: SmallFileCache;
  readonly checksums: ChecksumService;
  readonly journal: JournalWriter;
}

/** Creates the shared services. */
export function createServices(
  settings: Settings,
  ports: ManagerPorts,
  lifetime: AbortSignal,
  emit: Emit,
): SharedServices {
  const { clock, signer, transport, deferredCode } = ports;
  const scheduler = new Scheduler(clock, () => settings.options);
  const health = new ServerHealth(clock);
  const user = new CurrentUser();
  const presence = new PagePresence(ports.tabLock, newId());
  const reachability = new ReachabilityByOrigin(transport, clock, lifetime, (online) =>
    emit('mule-network', { online }),
  );
  const send = (request: StoreRequest): Promise<StoreResponse> => {
    const response = transport.send(request);
    // after the request, so that loading does not delay it
    void deferredCode.load();
    return response;
  };
  const s3 = new S3Client({ send }, (request, isSuccess, protocol) => {
    health.storeAnswered(request, isSuccess);
    reachability.answered(request.url);
    const isSignerOrigin = originOf(request.url) === signerOrigin(settings.options);
    scheduler.updateConnection({ protocol, isSignerOrigin });
  });
  return {
    clock,
    signer,
    settings,
    lifetime,
    deferredCode,
    scheduler,
    health,
    user,
    presence,
    reachability,
    s3,
    throughput: new ThroughputEstimator(
      ports.keyValueStore,
      () => settings.scope,
      () => clock.monotonic(),
    ),
    smallFiles: new SmallFileCache(clock),
    checksums: new ChecksumService(ports.loadHasher, settings, clock),
    journal: new JournalWriter(ports.journal, clock, settings, user, presence),
  };
}
