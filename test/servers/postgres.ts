/** A PostgreSQL server for tests with its own folder and port; independent of one that the machine already runs. */
import { chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { requireTool } from '../../scripts/machine.js';
import { Daemon, freePort, run } from './processes.js';

export interface Postgres {
  /** URL of an empty database. */
  readonly url: string;
  /** Creates another empty database. @returns its URL */
  createDatabase(name: string): Promise<string>;
  /** Stops the server by that signal and starts it again with its data. */
  restart(signal?: NodeJS.Signals): Promise<void>;
  /** Stops the server and removes its data. */
  stop(): Promise<void>;
}

/** PostgreSQL does not run as root; Debian's package creates this user. */
const SERVER_USER = 'postgres';

async function idsOf(user: string): Promise<{ uid: number; gid: number }> {
  const [uid, gid] = await Promise.all(['-u', '-g'].map(async (flag) => Number(await run('id', [flag, user]))));
  return { uid: uid!, gid: gid! };
}

/** @throws Error that names the package if it is not installed, or with its last output if it does not start */
export async function startPostgres(): Promise<Postgres> {
  const bin = path.dirname(requireTool('postgres').path);
  const owner = process.getuid?.() === 0 ? await idsOf(SERVER_USER) : undefined;
  const folder = await mkdtemp(path.join(tmpdir(), 'mule-postgres-'));
  if (owner) await chown(folder, owner.uid, owner.gid);
  const data = path.join(folder, 'data');
  const port = await freePort();
  const options = { cwd: folder, env: { PATH: process.env.PATH, LC_ALL: 'C.UTF-8' }, ...owner };
  await run(path.join(bin, 'initdb'), ['-D', data, '-U', 'mule', '-A', 'trust', '-E', 'UTF8', '--no-sync'], options);

  const start = async (): Promise<Daemon> => {
    const settings = [`listen_addresses=127.0.0.1`, `port=${port}`, `unix_socket_directories=${folder}`];
    const parameters = ['-D', data, ...settings.flatMap((setting) => ['-c', setting])];
    const daemon = new Daemon(path.join(bin, 'postgres'), parameters, options);
    const readyCheck = ['-h', '127.0.0.1', '-p', String(port), '-q'];
    await daemon.ready('PostgreSQL', async () => run(path.join(bin, 'pg_isready'), readyCheck).then(() => true));
    return daemon;
  };
  let daemon = await start();
  const urlOf = (name: string) => `postgres://mule@127.0.0.1:${port}/${name}`;
  return {
    url: urlOf('postgres'),
    async createDatabase(name) {
      await run(path.join(bin, 'createdb'), ['-h', '127.0.0.1', '-p', String(port), '-U', 'mule', name]);
      return urlOf(name);
    },
    async restart(signal = 'SIGINT') {
      await daemon.stop(signal);
      daemon = await start();
    },
    async stop() {
      // on SIGINT, PostgreSQL does not wait for clients to disconnect
      await daemon.stop('SIGINT');
      await rm(folder, { recursive: true, force: true, maxRetries: 20 });
    },
  };
}
