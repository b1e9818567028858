/**
 * Fills new profiles of Firefox from a template: a profile with which Firefox has run once. With a copy of it, Firefox starts
 * with little more than half the processor time.
 */
import { cp, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { ROOT } from '../../scripts/run.js';

const CACHE = path.join(ROOT, '.cache');
/** Files by which a running Firefox locks its profile. */
const LOCK_FILES = ['lock', '.parentlock'];

/**
 * Copies the template into an empty profile; leaves a profile that has been used unchanged.
 * @param version of the browser; each version has its own template
 * @param startOnce starts and ends a browser with an empty profile; called only if the version has no template yet
 */
export async function fillProfile(
  profile: string,
  version: string,
  startOnce: (profile: string) => Promise<void>,
): Promise<void> {
  if ((await readdir(profile)).length > 0) return;
  const template = path.join(CACHE, `profile-${version.replace(/[^\w.]+/g, '-')}`);
  if (!(await exists(template))) await createTemplate(template, startOnce);
  await cp(template, profile, { recursive: true });
}

/** Creates the template. If several processes create it at the same time, the first one that finishes is kept. */
async function createTemplate(template: string, startOnce: (profile: string) => Promise<void>): Promise<void> {
  await mkdir(CACHE, { recursive: true });
  const folder = await mkdtemp(`${template}-`);
  try {
    await startOnce(folder);
    for (const lockFile of LOCK_FILES) await rm(path.join(folder, lockFile), { force: true });
    await rename(folder, template);
  } catch (error) {
    if (!(await exists(template))) throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const exists = (folder: string): Promise<boolean> =>
  readdir(folder).then(
    () => true,
    () => false,
  );
