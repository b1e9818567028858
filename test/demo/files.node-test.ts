import assert from 'node:assert/strict';
import { mkdtemp, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { moveDurably } from '../../demo/bucket/files.js';
import type { Disk } from '../../demo/bucket/files.js';

const failure = (code: string): Error => Object.assign(new Error(`${code}: played`), { code });

describe('the bucket on a disk that behaves as on Windows', () => {
  let directory = '';
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'mule-files-test-'));
  });
  after(() => rm(directory, { recursive: true, force: true }));

  /** Moves a file over another, on a real disk with faults. @returns the target's content */
  async function move(spoiled: Partial<Disk>): Promise<string> {
    const [from, to] = [join(directory, 'from'), join(directory, 'to')];
    await writeFile(from, 'new');
    await writeFile(to, 'old');
    await moveDurably(from, to, { open, rename, ...spoiled });
    return readFile(to, 'utf8');
  }

  for (const code of ['EPERM', 'EISDIR', 'EACCES', 'EINVAL'])
    it(`stores if a directory cannot be flushed: ${code}`, async () => {
      const closed: string[] = [];
      const handle = {
        sync: () => Promise.reject(failure(code)),
        close: () => Promise.resolve(void closed.push('closed')),
      };
      assert.equal(await move({ open: () => Promise.resolve(handle) }), 'new');
      assert.deepEqual(closed, ['closed']);
      assert.equal(await move({ open: () => Promise.reject(failure(code)) }), 'new');
    });

  it('fails if a disk cannot flush a directory', async () => {
    await assert.rejects(move({ open: () => Promise.reject(failure('EIO')) }), { code: 'EIO' });
  });

  for (const code of ['EPERM', 'EACCES', 'EBUSY'])
    it(`renames over a file once its reader closes it: ${code}`, async () => {
      let tries = 0;
      const busy: Disk['rename'] = (from, to) => (++tries < 4 ? Promise.reject(failure(code)) : rename(from, to));
      assert.equal(await move({ rename: busy }), 'new');
      assert.equal(tries, 4);
    });

  it('fails for a name that stays in use, and at once for any other error', async () => {
    let tries = 0;
    const fail = (code: string) => (): Promise<never> => {
      tries++;
      return Promise.reject(failure(code));
    };
    await assert.rejects(move({ rename: fail('EBUSY') }), { code: 'EBUSY' });
    assert.ok(tries > 1);
    tries = 0;
    await assert.rejects(move({ rename: fail('ENOSPC') }), { code: 'ENOSPC' });
    assert.equal(tries, 1);
  });
});
