import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChecksumAlgorithm } from '../src/protocol.js';
import { startBucket } from './bucket/index.js';
import type { Credentials, RunningBucket } from './bucket/index.js';
import { startFaultProxy } from './faults/index.js';
import { Switches } from './switches.js';

const DEMO_BUCKET = 'demo';
const CHECKSUMS: readonly ChecksumAlgorithm[] = ['crc64nvme', 'crc32c', 'crc32', 'sha256'];

/** The bucket that the demo's signer signs for. */
export interface DemoStore {
  /** Origin of the store; defaults to Amazon S3 in the region. */
  endpoint?: string | undefined;
  bucket: string;
  region: string;
  credentials: Credentials;
  /** Checksums that the store verifies; needed if the signer cannot derive them from the endpoint. */
  checksums?: readonly ChecksumAlgorithm[];
  /** Whether the store rejects unsigned `x-amz-*` headers; needed if the signer cannot derive it from the endpoint. */
  refusesUnsignedHeaders?: boolean;
  /** The store's clock, in epoch milliseconds, if it differs from that of this machine. */
  now?: () => number;
}

/**
 * Reads the store from environment variables.
 * @returns null if S3_BUCKET and S3_ENDPOINT are unset: the demo then starts its own bucket
 * @throws Error that names the missing variables
 */
export function storeFromEnvironment(environment: NodeJS.ProcessEnv): DemoStore | null {
  const { S3_ENDPOINT: endpoint, S3_BUCKET: bucket, AWS_REGION: region } = environment;
  const {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_SESSION_TOKEN: sessionToken,
  } = environment;
  if (!endpoint && !bucket) return null;
  if (bucket && region && accessKeyId && secretAccessKey) {
    return {
      endpoint: endpoint || undefined,
      bucket,
      region,
      credentials: { accessKeyId, secretAccessKey, sessionToken: sessionToken || undefined },
    };
  }
  const requiredVariables = {
    S3_BUCKET: bucket,
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  };
  const missing = Object.entries(requiredVariables)
    .filter(([, value]) => !value)
    .map(([name]) => name);
  throw new Error(`To upload to your bucket, also set ${missing.join(', ')}.`);
}

/**
 * Loads credentials, or creates and stores them. The signer derives the secret of its grants from them: with new ones,
 * unfinished uploads could not resume after a restart of the demo.
 */
async function loadCredentials(directory: string): Promise<Credentials> {
  const path = join(directory, 'credentials.json');
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Credentials;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const credentials = { accessKeyId: 'MULEDEMO', secretAccessKey: randomBytes(20).toString('hex') };
  await mkdir(directory, { recursive: true });
  await writeFile(path, JSON.stringify(credentials), { mode: 0o600 });
  return credentials;
}

/** The demo's own bucket, behind a proxy that injects faults. */
export interface OwnStore {
  store: DemoStore;
  switches: Switches;
  close(): Promise<void>;
}

/** Starts the demo's own bucket, with its data in `directory`, and the proxy. */
export async function startOwnStore(directory: string): Promise<OwnStore> {
  const credentials = await loadCredentials(directory);
  const region = 'us-east-1';
  let clockOffsetMs = 0;
  const now = (): number => Date.now() + clockOffsetMs;
  const start = (port: number): Promise<RunningBucket> =>
    startBucket({ dir: directory, buckets: [DEMO_BUCKET], credentials, region, port, now });
  let running: RunningBucket | null = await start(0);
  const { port, url } = running;
  const proxy = await startFaultProxy(url);
  const switches = new Switches(proxy, {
    async stop() {
      await running?.close();
      running = null;
    },
    async start() {
      running ??= await start(port);
    },
    advanceClock(byMs) {
      clockOffsetMs += byMs;
    },
  });
  return {
    store: {
      endpoint: proxy.url,
      bucket: DEMO_BUCKET,
      region,
      credentials,
      now,
      checksums: CHECKSUMS,
      refusesUnsignedHeaders: true,
    },
    switches,
    async close() {
      await proxy.close();
      await running?.close();
    },
  };
}
