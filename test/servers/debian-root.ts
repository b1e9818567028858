/**
 * Downloads packages of another Debian release by apt, and unpacks them into a folder of the project. This needs no root,
 * and changes nothing on the machine. The programs have to be run by the loader in that folder.
 */
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { run } from './processes.js';

const CACHE = path.resolve(import.meta.dirname, '../../.cache');
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';
const TIMEOUT_MS = 20 * 60_000;

/** Returns the URL of the Debian archive that this machine's apt uses. */
async function findMirror(): Promise<string> {
  const text = await run('apt-get', ['indextargets', '--format', '$(RELEASE) $(REPO_URI)']);
  const lines = text.split('\n').map((line) => line.split(' '));
  return lines.find(([release, uri]) => uri && !release?.includes('-'))?.[1] ?? 'http://deb.debian.org/debian';
}

async function download(release: string, packages: readonly string[], apt: string): Promise<string[]> {
  for (const folder of ['lists/partial', 'cache/archives/partial', 'etc'])
    await mkdir(path.join(apt, folder), { recursive: true });
  await writeFile(path.join(apt, 'status'), '');
  const sources = path.join(apt, 'etc', 'sources.list');
  await writeFile(sources, `deb [signed-by=${KEYRING}] ${await findMirror()} ${release} main\n`);
  const settings = {
    'Dir::Etc::sourcelist': sources,
    'Dir::Etc::sourceparts': '-',
    'Dir::Etc::preferencesparts': '-',
    'Dir::State::lists': path.join(apt, 'lists'),
    'Dir::Cache': path.join(apt, 'cache'),
    'Dir::State::status': path.join(apt, 'status'),
    'Acquire::Languages': 'none',
    'APT::Install-Recommends': '0',
    'APT::Sandbox::User': '',
    'Debug::NoLocking': '1',
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  await run('apt-get', [...options, 'update'], { timeout: TIMEOUT_MS });
  await run('apt-get', [...options, '-y', '--download-only', 'install', 'base-files', ...packages], {
    timeout: TIMEOUT_MS,
  });
  const archives = path.join(apt, 'cache', 'archives');
  return (await readdir(archives)).filter((file) => file.endsWith('.deb')).map((file) => path.join(archives, file));
}

async function unpack(archive: string, root: string): Promise<void> {
  const excludes = ['doc', 'man', 'locale'].map((folder) => `--exclude=./usr/share/${folder}/*`);
  const tar = [
    'tar',
    '-C',
    root,
    '-x',
    '--keep-directory-symlink',
    '--no-same-owner',
    ...excludes,
    '--exclude=./dev/*',
  ];
  await run('sh', ['-c', 'dpkg-deb --fsys-tarfile "$0" | "$@"', archive, ...tar], { timeout: TIMEOUT_MS });
}

/**
 * Returns the folder with packages of a Debian release and their dependencies; downloads them if it is
 * missing, which takes a minute and a few hundred megabytes.
 * @throws Error that names what failed, if this is not Debian or its archive cannot be reached
 */
export async function debianRoot(name: string, release: string, packages: readonly string[]): Promise<string> {
  const root = path.join(CACHE, name);
  if (existsSync(root)) return root;
  const apt = `${root}.apt`;
  const unfinished = `${root}.unfinished`;
  try {
    await rm(unfinished, { recursive: true, force: true });
    const archives = await download(release, packages, apt);
    // the links are created first, because some packages contain real directories of these names
    for (const folder of ['bin', 'sbin', 'lib', 'lib64']) {
      await mkdir(path.join(unfinished, 'usr', folder), { recursive: true });
      await symlink(`usr/${folder}`, path.join(unfinished, folder));
    }
    for (const archive of archives) await unpack(archive, unfinished);
    await rename(unfinished, root);
  } catch (error) {
    throw new Error(
      `${packages.join(', ')} of Debian ${release} could not be downloaded and unpacked: ${(error as Error).message}`,
      {
        cause: error,
      },
    );
  } finally {
    await rm(apt, { recursive: true, force: true });
  }
  return root;
}
