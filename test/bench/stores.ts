/** Stores that the benchmark sends to, each in its own process. */
import path from 'node:path';
import { startCeph } from '../servers/ceph.js';
import { startEmbeddedBucket } from '../servers/embedded-bucket.js';
import { Daemon } from '../servers/processes.js';
import { S3Client } from '../servers/s3-client.js';
import type { StoreAccess } from '../servers/s3-client.js';
import type { Scenario } from './scenarios.js';
import type { RequestCounts } from './sink.js';
import { BUCKET } from './page-server.js';

export type StoreName = 'sink' | 'bucket' | 'ceph';

export interface BenchStore extends StoreAccess {
  /** Sets the conditions of the next run, and resets the counts; does nothing in stores other than the sink. */
  prepare(scenario: Scenario, seed: number): Promise<void>;
  /** Returns the counts since `prepare()`; null from stores other than the sink, which do not count. */
  counts(): Promise<RequestCounts | null>;
  stop(): Promise<void>;
}

const withoutCounts = { prepare: () => Promise.resolve(), counts: () => Promise.resolve(null) };

/**
 * Starts a store with an empty bucket.
 * @param options.tls HTTP/2 over TLS, by the sink only; the browser has to accept any certificate
 */
export async function startBenchStore(name: StoreName, { tls = false } = {}): Promise<BenchStore> {
  if (name === 'bucket') return { ...(await startEmbeddedBucket({ buckets: [BUCKET] })), ...withoutCounts };
  if (name === 'ceph') {
    const ceph = await startCeph();
    const s3 = new S3Client(ceph);
    await s3.createBucket(BUCKET);
    await s3.allowEveryOrigin(BUCKET);
    return { ...ceph, stop: () => ceph.stop(), ...withoutCounts };
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
    counts: async () => (await (await fetch(control)).json()) as RequestCounts,
    stop: () => daemon.stop(),
  };
}
