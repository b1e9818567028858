/** Starts the servers of one run: a signer, a fault proxy in front of it, and a fault proxy in front of the store. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startFaultProxy } from '../../demo/faults/index.js';
import type { FaultProxy } from '../../demo/faults/index.js';
import { createSigner } from '../../src/signer/index.js';
import { toNodeHandler } from '../../src/signer/node.js';
import { BUCKET } from '../e2e/harness.js';
import type { StoreAccess } from '../servers/s3-client.js';
import type { Scenario } from './scenario.js';

/** The proxies of one run. */
export interface ScenarioServers {
  readonly store: FaultProxy;
  readonly signer: FaultProxy;
  stop(): Promise<void>;
}

type Handler = (request: Request) => Promise<Response>;

/** Returns a handler whose answer to `get_init_signature` does not offer these actions. */
function withoutActions(handler: Handler, omittedActions: readonly string[]): Handler {
  return async (request) => {
    const response = await handler(request);
    if (request.method !== 'POST' || !request.url.endsWith('/get_init_signature') || !response.ok) return response;
    const answer = (await response.json()) as { actions: string[] };
    const actions = answer.actions.filter((action) => !omittedActions.includes(action));
    return Response.json({ ...answer, actions }, { headers: response.headers });
  };
}

/** Starts the servers of one run; runs share the store. */
export async function startServers(store: StoreAccess, scenario: Scenario): Promise<ScenarioServers> {
  const { seed = 1, connectionPerRequest = false, omittedActions = [], signerOptions } = scenario;
  const storeProxy = await startFaultProxy(store.url, {
    rules: typeof scenario.store === 'function' ? scenario.store() : (scenario.store ?? []),
    rate: scenario.rate ?? Infinity,
    connectionPerRequest,
    seed,
  });
  const options = signerOptions?.() ?? {};
  const sign = createSigner({
    bucket: BUCKET,
    endpoint: storeProxy.url,
    region: store.region,
    credentials: { accessKeyId: store.accessKeyId, secretAccessKey: store.secretAccessKey },
    origins: ['*'],
    onError: () => undefined,
    ...(!options.authorize && { allowAnonymous: true as const }),
    ...options,
  });
  const server = createServer(toNodeHandler(withoutActions(sign, omittedActions)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const signerProxy = await startFaultProxy(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, {
    rules: scenario.signer ?? [],
    connectionPerRequest,
    seed: seed + 1,
  });
  return {
    store: storeProxy,
    signer: signerProxy,
    async stop() {
      await signerProxy.close();
      await storeProxy.close();
      server.closeAllConnections();
      server.close();
    },
  };
}
