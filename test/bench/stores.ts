/** Stores that the benchmark sends to, each in its own process. */
import path from 'node:path';
import { startCeph } from '../servers/ceph.js';
import { startEmbeddedBucket } from '../servers/embedded-bucket.js';
import { Daemon } from '../servers/processes.js';
import { S3Client } from '../servers/s3-client.js';
import type { StoreAccess } from '../servers/s3-client.js';
import type { Scenario } from './scenarios.js';
import type { Seen } from './sink.js';
import { BUCKET } from './stage.js';

export type StoreName = 'sink' | 'bucket' | 'ceph';

export interface BenchStore extends StoreAccess {
  /** Sets the conditions, and resets the counts; only the sink supports both. */
  prepare(scenario: Scenario, seed: number): Promise<void>;
  /** The counts since then; null if the store does not count. */
  seen(): Promise<Seen | null>;
  stop(): Promise<void>;
}

const uncounted = { prepare: () => Promise.resolve(), seen: () => Promise.resolve(null) };

/**
 * Starts a store with an empty bucket.
 * @param options.tls HTTP/2 over TLS, by the sink only; the browser has to accept any certificate
 */
export async function startBenchStore(name: StoreName, { tls = false } = {}): Promise<BenchStore> {
  if (name === 'bucket') return { ...(await startEmbeddedBucket({ buckets: [BUCKET] })), ...uncounted };
  if (name === 'ceph') {
    const ceph = await startCeph();
    const s3 = new S3Client(ceph);
    await s3.createBucket(BUCKET);
    await s3.allowEveryOrigin(BUCKET);
    return { ...ceph, stop: () => ceph.stop(), ...uncounted };
  }
  const daemon = new Daemon(process.execPath, [
    '--import',
    'tsx',
    path.join(import.meta.dirname, 'sink.ts'),
    ...(tls ? ['--tls'] : []),
  ]);
  await daemon.ready('the sink', async () => daemon.log.includes('"url"'));
  const { url, control } = JSON.parse(daemon.log) as { url: string; control: string };
  return {
    url,
    region: 'us-east-1',
    accessKeyId: 'bench-access',
    secretAccessKey: 'bench-secret-0123456789',
    prepare: async ({ conditions, files, size, signer }, seed) => {
      const body = JSON.stringify({
        ...conditions,
        seed,
        expected: files * size,
        headSize: signer === 'tracked' ? size : null,
      });
      await fetch(control, { method: 'POST', body });
    },
    seen: async () => (await (await fetch(control)).json()) as Seen,
    stop: () => daemon.stop(),
  };
}
