/** A Firefox profile that has been started once: a copy of it starts with little more than half the processor time. */
import { cp, mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { ROOT } from '../../scripts/run.js';

const CACHE = path.join(ROOT, '.cache');
/** Lock files of a running Firefox. */
const MARKS = ['lock', '.parentlock'];

/**
 * Fills an empty profile; one that has been used is not changed.
 * @param version of the browser: another version starts from an empty profile
 * @param startOnce starts and ends a browser on an empty profile; called once per version
 */
export async function fillProfile(
  profile: string,
  version: string,
  startOnce: (profile: string) => Promise<void>,
): Promise<void> {
  if ((await readdir(profile)).length > 0) return;
  const model = path.join(CACHE, `profile-${version.replace(/[^\w.]+/g, '-')}`);
  if (!(await isThere(model))) await makeModel(model, startOnce);
  await cp(model, profile, { recursive: true });
}

/** Other processes may create it at the same time: the first one counts. */
async function makeModel(model: string, startOnce: (profile: string) => Promise<void>): Promise<void> {
  await mkdir(CACHE, { recursive: true });
  const folder = await mkdtemp(`${model}-`);
  try {
    await startOnce(folder);
    for (const mark of MARKS) await rm(path.join(folder, mark), { force: true });
    await rename(folder, model);
  } catch (error) {
    if (!(await isThere(model))) throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const isThere = (folder: string): Promise<boolean> =>
  readdir(folder).then(
    () => true,
    () => false,
  );
