import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Daemon, freePort } from './processes.js';
import type { StoreAccess } from './s3-client.js';

const CLI = fileURLToPath(new URL('../../demo/bucket/cli.ts', import.meta.url));

/** The demo's S3 bucket, in its own process. */
export interface EmbeddedBucket extends StoreAccess {
  readonly pid: number;
  restart(signal?: NodeJS.Signals): Promise<void>;
  /** Ends the process and removes its data. */
  stop(): Promise<void>;
}

/**
 * Starts the demo's bucket in a temporary directory.
 * @throws Error with the process's last output if it does not start
 */
export async function startEmbeddedBucket({ buckets = ['demo'] } = {}): Promise<EmbeddedBucket> {
  const directory = await mkdtemp(join(tmpdir(), 'mule-bucket-'));
  const port = await freePort();
  const access = { accessKeyId: 'testaccess', secretAccessKey: randomBytes(20).toString('hex'), region: 'us-east-1' };
  const parameters = [
    '--import',
    'tsx',
    CLI,
    '--dir',
    directory,
    '--port',
    String(port),
    ...buckets.flatMap((name) => ['--bucket', name]),
  ];
  const env = {
    ...process.env,
    AWS_ACCESS_KEY_ID: access.accessKeyId,
    AWS_SECRET_ACCESS_KEY: access.secretAccessKey,
    AWS_REGION: access.region,
  };
  const start = async (): Promise<Daemon> => {
    const daemon = new Daemon(process.execPath, parameters, { env });
    await daemon.ready('the bucket', async () => daemon.log.includes('"url"'));
    return daemon;
  };
  let daemon = await start();
  return {
    ...access,
    url: `http://127.0.0.1:${port}`,
    get pid() {
      return daemon.pid!;
    },
    restart: async (signal) => {
      await daemon.stop(signal);
      daemon = await start();
    },
    stop: async () => {
      await daemon.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
