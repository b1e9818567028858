import assert from 'node:assert/strict';
import { mkdtemp, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { moveDurably } from '../../demo/bucket/files.js';
import type { Disk } from '../../demo/bucket/files.js';

const errorWithCode = (code: string): Error => Object.assign(new Error(`${code}: simulated`), { code });

describe('moving a file durably', () => {
  let directory = '';
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'mule-files-test-'));
  });
  after(() => rm(directory, { recursive: true, force: true }));

  /** Moves a file over another, with faults of the disk. @returns the target's content */
  async function move(faults: Partial<Disk>): Promise<string> {
    const [from, to] = [join(directory, 'from'), join(directory, 'to')];
    await writeFile(from, 'new');
    await writeFile(to, 'old');
    await moveDurably(from, to, { open, rename, ...faults });
    return readFile(to, 'utf8');
  }

  for (const code of ['EPERM', 'EISDIR', 'EACCES', 'EINVAL'])
    it(`succeeds where directories cannot be flushed, as on Windows: ${code}`, async () => {
      const closed: string[] = [];
      const handle = {
        sync: () => Promise.reject(errorWithCode(code)),
        close: () => Promise.resolve(void closed.push('closed')),
      };
      assert.equal(await move({ open: () => Promise.resolve(handle) }), 'new');
      assert.deepEqual(closed, ['closed']);
      assert.equal(await move({ open: () => Promise.reject(errorWithCode(code)) }), 'new');
    });

  it('fails if flushing the directory fails with an I/O error', async () => {
    await assert.rejects(move({ open: () => Promise.reject(errorWithCode('EIO')) }), { code: 'EIO' });
  });

  for (const code of ['EPERM', 'EACCES', 'EBUSY'])
    it(`retries while a reader has the target open, as on Windows: ${code}`, async () => {
      let attempts = 0;
      const busyAtFirst: Disk['rename'] = (from, to) =>
        ++attempts < 4 ? Promise.reject(errorWithCode(code)) : rename(from, to);
      assert.equal(await move({ rename: busyAtFirst }), 'new');
      assert.equal(attempts, 4);
    });

  it('fails if the target stays in use, and at once on any other error', async () => {
    let attempts = 0;
    const fail = (code: string) => (): Promise<never> => {
      attempts++;
      return Promise.reject(errorWithCode(code));
    };
    await assert.rejects(move({ rename: fail('EBUSY') }), { code: 'EBUSY' });
    assert.ok(attempts > 1);
    attempts = 0;
    await assert.rejects(move({ rename: fail('ENOSPC') }), { code: 'ENOSPC' });
    assert.equal(attempts, 1);
  });
});
