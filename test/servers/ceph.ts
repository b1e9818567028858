import { randomBytes, randomUUID } from 'node:crypto';
import { access, constants, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cephConfiguration } from './ceph-configuration.js';
import { Daemon, freePort, run } from './processes.js';
import type { StoreAccess } from './s3-client.js';

const PROGRAMS = ['ceph-mon', 'ceph-osd', 'radosgw', 'radosgw-admin', 'monmaptool', 'ceph'];
const PACKAGES = 'radosgw ceph-mon ceph-osd ceph-common';
const PATH = `/usr/sbin:/usr/bin:/sbin:/bin:${process.env.PATH ?? ''}`;

export interface CephOptions {
  /** Size of the disk in bytes. */
  capacity?: number;
  /** Folder with Ceph's programs, searched before PATH. */
  programs?: string;
  /** Additional settings of the configuration's global section. */
  settings?: Readonly<Record<string, string>>;
}

/** A running Ceph cluster with its S3 gateway. */
export interface Ceph extends StoreAccess {
  /** Stops the gateway by that signal and starts it again on the same port, with its data. */
  restartGateway(signal?: NodeJS.Signals): Promise<void>;
  /** Creates a user without access to any bucket; a bucket policy can grant it. @returns the user's ARN and keys */
  createUser(id: string): Promise<{ arn: string; accessKeyId: string; secretAccessKey: string }>;
  /** Kills the cluster's processes and removes its data. */
  stop(): Promise<void>;
}

async function isInstalled(program: string, searchPath: string): Promise<boolean> {
  const checks = searchPath.split(':').map((directory) => access(join(directory, program), constants.X_OK));
  return (await Promise.allSettled(checks)).some(({ status }) => status === 'fulfilled');
}

/** Returns which of Ceph's programs are missing on this machine. */
export async function missingCephPrograms(folders = PATH): Promise<string[]> {
  const installed = await Promise.all(PROGRAMS.map((program) => isInstalled(program, folders)));
  return PROGRAMS.filter((_, index) => !installed[index]);
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** Ceph's daemons with their data in one directory; each is started after those that it needs. */
class Cluster {
  readonly #directory: string;
  readonly #environment: NodeJS.ProcessEnv;
  readonly #daemons: Daemon[] = [];
  #gateway: Daemon | null = null;
  #gatewayPort = 0;

  constructor(directory: string, folders: string) {
    this.#directory = directory;
    this.#environment = { ...process.env, PATH: folders, CEPH_CONF: join(directory, 'ceph.conf') };
  }

  async start(
    capacity: number,
    settings: Readonly<Record<string, string>>,
    { accessKeyId, secretAccessKey }: { accessKeyId: string; secretAccessKey: string },
  ): Promise<string> {
    const clusterId = randomUUID();
    const monitorPort = await freePort();
    this.#gatewayPort = await freePort();
    for (const name of ['mon', 'osd', 'rgw', 'run']) await mkdir(join(this.#directory, name));
    const ports = { monitorPort, gatewayPort: this.#gatewayPort };
    const layout = { directory: this.#directory, clusterId, ...ports, capacity, settings };
    await writeFile(join(this.#directory, 'ceph.conf'), cephConfiguration(layout));
    await this.#startMonitor(clusterId, monitorPort);
    await this.#startDisk();
    await this.createUser('test', { accessKeyId, secretAccessKey });
    await this.#startGateway();
    return `http://127.0.0.1:${this.#gatewayPort}`;
  }

  async createUser(id: string, keys: { accessKeyId: string; secretAccessKey: string }): Promise<void> {
    const names = [`--uid=${id}`, `--display-name=${id}`];
    const secrets = [`--access-key=${keys.accessKeyId}`, `--secret-key=${keys.secretAccessKey}`];
    await this.#run('radosgw-admin', 'user', 'create', ...names, ...secrets);
  }

  async restartGateway(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    await this.#gateway?.stop(signal);
    await this.#startGateway();
  }

  async stop(): Promise<void> {
    await this.#gateway?.stop('SIGKILL');
    for (const daemon of this.#daemons.toReversed()) await daemon.stop('SIGKILL');
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #startMonitor(clusterId: string, port: number): Promise<void> {
    const map = join(this.#directory, 'monmap');
    await this.#run('monmaptool', '--create', '--fsid', clusterId, '--addv', 'a', `[v2:127.0.0.1:${port}]`, map);
    await this.#run('ceph-mon', '--mkfs', '-i', 'a', '--monmap', map);
    const monitor = this.#daemon('ceph-mon', '-i', 'a', '-f');
    this.#daemons.push(monitor);
    await monitor.ready('ceph-mon', () => isListening(port));
  }

  async #startDisk(): Promise<void> {
    const uuid = randomUUID();
    await this.#run('ceph', '--connect-timeout', '20', 'osd', 'new', uuid);
    await this.#run('ceph-osd', '-i', '0', '--mkfs', '--osd-uuid', uuid);
    const disk = this.#daemon('ceph-osd', '-i', '0', '-f');
    this.#daemons.push(disk);
    // the monitor may list the disk as up before it is; the daemon's own socket reports its real state
    const socket = join(this.#directory, 'run', 'osd.0.asok');
    await disk.ready('ceph-osd', async () =>
      (await this.#run('ceph', '--admin-daemon', socket, 'status')).includes('"active"'),
    );
  }

  async #startGateway(): Promise<void> {
    const gateway = this.#daemon('radosgw', '-n', 'client.rgw', '-f');
    this.#gateway = gateway;
    await gateway.ready('radosgw', async () => (await fetch(`http://127.0.0.1:${this.#gatewayPort}/`)).ok);
  }

  #daemon(program: string, ...parameters: string[]): Daemon {
    return new Daemon(program, parameters, { env: this.#environment });
  }

  #run(program: string, ...parameters: string[]): Promise<string> {
    return run(program, parameters, { env: this.#environment, timeout: 60_000 });
  }
}

/**
 * Starts a new Ceph cluster, in 5 to 9 seconds: one monitor, one disk, one S3 gateway.
 * @throws Error that names the Debian packages if programs are missing
 */
export async function startCeph({
  capacity = 8 * 1024 ** 3,
  programs,
  settings = {},
}: CephOptions = {}): Promise<Ceph> {
  const folders = programs === undefined ? PATH : `${programs}:${PATH}`;
  const missing = await missingCephPrograms(folders);
  if (missing.length > 0)
    throw new Error(`Ceph is not installed (no ${missing.join(', ')}). On Debian: apt-get install ${PACKAGES}`);
  const directory = await mkdtemp(join(tmpdir(), 'mule-ceph-'));
  const cluster = new Cluster(directory, folders);
  const credentials = { accessKeyId: 'testaccess', secretAccessKey: randomBytes(20).toString('hex') };
  try {
    const url = await cluster.start(capacity, settings, credentials);
    return {
      url,
      ...credentials,
      region: 'us-east-1',
      restartGateway: (signal) => cluster.restartGateway(signal),
      async createUser(id) {
        const keys = { accessKeyId: `access${id}`, secretAccessKey: randomBytes(20).toString('hex') };
        await cluster.createUser(id, keys);
        return { arn: `arn:aws:iam:::user/${id}`, ...keys };
      },
      stop: () => cluster.stop(),
    };
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}
