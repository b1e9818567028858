/** Starts Ceph 20 from Debian sid. Unlike the Ceph 16 of Debian 12, it verifies checksums. */
import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { startCeph } from './ceph.js';
import type { Ceph } from './ceph.js';
import { debianRoot } from './debian-root.js';

const PACKAGES = ['radosgw', 'ceph-mon', 'ceph-osd', 'ceph-common'];
const PROGRAMS = ['ceph-mon', 'ceph-osd', 'radosgw', 'radosgw-admin', 'monmaptool'];
const LIBRARIES = 'usr/lib/x86_64-linux-gnu';

/** Writes a wrapper for each of Ceph's programs that runs it with the loader and libraries of its own release. */
async function writeWrappers(root: string): Promise<string> {
  const folder = path.join(root, 'wrap');
  const libraries = path.join(root, LIBRARIES);
  const loader = path.join(libraries, 'ld-linux-x86-64.so.2');
  const libraryPath = `${libraries}:${path.join(libraries, 'ceph')}`;
  await mkdir(folder, { recursive: true });
  const write = async (name: string, ...lines: string[]): Promise<void> => {
    const file = path.join(folder, name);
    await writeFile(file, `#!/bin/sh\n${lines.join('\n')}\n`);
    await chmod(file, 0o755);
  };
  for (const name of PROGRAMS) {
    const program = path.join(root, 'usr/bin', name);
    await write(name, `exec '${loader}' --argv0 ${name} --library-path '${libraryPath}' '${program}' "$@"`);
  }
  const python = (await readdir(path.join(root, 'usr/bin'))).find((name) => /^python3\.\d+$/.test(name));
  if (!python) throw new Error(`${root} has no Python`);
  await write(
    'ceph',
    `export PYTHONHOME='${root}/usr' PYTHONPATH='${root}/usr/lib/python3/dist-packages'`,
    `exec '${loader}' --library-path '${libraryPath}' '${root}/usr/bin/${python}' '${root}/usr/bin/ceph' "$@"`,
  );
  return folder;
}

/**
 * Starts Ceph 20; the first time it is downloaded into `.cache`.
 * @throws Error naming the missing programs
 */
export async function startCeph20(): Promise<Ceph> {
  if (process.arch !== 'x64') throw new Error('Ceph 20 is fetched for 64-bit x86 only');
  const root = await debianRoot('ceph-20', 'sid', PACKAGES);
  const libraries = path.join(root, LIBRARIES);
  return startCeph({
    programs: await writeWrappers(root),
    settings: {
      osd_class_dir: path.join(libraries, 'rados-classes'),
      plugin_dir: path.join(libraries, 'ceph'),
      erasure_code_dir: path.join(libraries, 'ceph/erasure-code'),
    },
  });
}
