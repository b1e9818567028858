import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createSqlTracker } from '../../../src/signer/node.js';
import type { SqlTracker } from '../../../src/signer/node.js';
import { MAX_UPLOADS_PER_KEY } from '../../../src/signer/tracker/tracker.js';
import { startPostgres } from '../../servers/postgres.js';
import type { Postgres } from '../../servers/postgres.js';
import { run } from '../../servers/processes.js';
import { testTracker, uploadOf } from './tracker-suite.js';

const NOTE_PROCESS = fileURLToPath(new URL('note-process.ts', import.meta.url));
const TRACKER_PROCESS = fileURLToPath(new URL('tracker-process.ts', import.meta.url));
const PROCESSES = 4;

let folder: string;
let postgres: Postgres;
let databaseCount = 0;

const DATABASES = {
  SQLite: async () => `sqlite:${path.join(folder, `tracker-${(databaseCount += 1)}.db`)}`,
  PostgreSQL: () => postgres.createDatabase(`tracker_${(databaseCount += 1)}`),
};

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'mule-tracker-'));
  postgres = await startPostgres();
});
after(async () => {
  await postgres.stop();
  await rm(folder, { recursive: true });
});

for (const [name, newDatabase] of Object.entries(DATABASES)) {
  describe(`tracker in ${name}`, () => {
    const openTrackers = new Set<SqlTracker>();
    const connect = async (url: string, now?: () => number) => {
      const tracker = await createSqlTracker({ url, now });
      openTrackers.add(tracker);
      return tracker;
    };
    after(async () => {
      for (const tracker of openTrackers) await tracker.close();
    });

    testTracker(async (now) => connect(await newDatabase(), now));

    it('keeps its data after it is closed, and creates its tables only once', async () => {
      const url = await newDatabase();
      const first = await connect(url);
      await first.note(uploadOf(), [1, 2]);
      openTrackers.delete(first);
      await first.close();
      assert.deepEqual((await (await connect(url)).find('p', ['m']))?.chunks, [1, 2]);
    });

    it('has the same data in many connections', async () => {
      const url = await newDatabase();
      const [one, other] = [await connect(url), await connect(url)];
      await one.note(uploadOf(), [1]);
      await other.note(uploadOf(), [2]);
      assert.deepEqual((await one.find('p', ['m']))?.chunks, [1, 2]);
      await other.forget('p', 'u');
      assert.equal(await one.find('p', ['m']), null);
    });

    it('records all of 200 notifications that arrive at the same time', async () => {
      const tracker = await connect(await newDatabase());
      const chunks = Array.from({ length: 200 }, (_, index) => index + 1);
      await Promise.all(chunks.map((chunk) => tracker.note(uploadOf(), [chunk])));
      assert.deepEqual((await tracker.find('p', ['m']))?.chunks, chunks);
    });

    it(`records all notifications of ${PROCESSES} processes that start at the same time on a new database`, async () => {
      const url = await newDatabase();
      const last = 120;
      const starts = Array.from({ length: PROCESSES }, (_, index) => String(index + 1));
      const parameters = (first: string) => [
        '--import',
        'tsx',
        NOTE_PROCESS,
        url,
        first,
        String(PROCESSES),
        String(last),
      ];
      await Promise.all(starts.map((first) => run(process.execPath, parameters(first))));
      const found = await (await connect(url)).find('p', ['m']);
      assert.deepEqual(
        found?.chunks,
        Array.from({ length: last }, (_, index) => index + 1),
      );
    });

    describe('three processes on one database', () => {
      const race = async (url: string, task: string): Promise<string[]> => {
        const parameters = (self: number) => ['--import', 'tsx', TRACKER_PROCESS, url, task, String(self)];
        const outputs = await Promise.all([0, 1, 2].map((self) => run(process.execPath, parameters(self))));
        return outputs.flatMap((output) => JSON.parse(output) as string[]);
      };
      const uploads = Array.from({ length: 40 }, (_, index) =>
        uploadOf({ uploadId: `u${index}`, key: `k${index}`, marks: [`m${index}`] }),
      );

      it('claim each abandoned upload only once, and no upload that its owner has resumed', async () => {
        const url = await newDatabase();
        const tracker = await connect(url, () => 1_000);
        for (const upload of uploads) await tracker.note(upload, []);
        const claimed = await race(url, 'sweep');
        assert.equal(new Set(claimed).size, claimed.length, 'no upload is claimed twice');
        for (const { uploadId, marks } of uploads) {
          const found = await tracker.find('p', marks);
          // an upload that no process has claimed is still found, so that its owner can resume it
          assert.equal(found === null, claimed.includes(uploadId), uploadId);
          if (found && claimed.length < uploads.length) assert.deepEqual(found.chunks, [1]);
        }
        assert.ok(claimed.length >= uploads.length / 2);
      });

      it('never list an ended upload again, for any order of notifications', async () => {
        const url = await newDatabase();
        await race(url, 'end');
        const tracker = await connect(url, () => 5_000);
        for (const { marks } of uploads) assert.equal(await tracker.find('p', marks), null);
        assert.deepEqual(await tracker.stale('b', 6_000, 1_000), []);
      });

      it('keep few rows of one key, for any number of invented upload IDs, and all rows of other principals', async () => {
        const url = await newDatabase();
        const tracker = await connect(url, () => 1_000);
        await tracker.note(uploadOf({ principal: 'victim', uploadId: 'v' }), [1]);
        await race(url, 'flood');
        // each notification removes the rows above the limit that exist before it
        await tracker.note(uploadOf({ uploadId: 'one more' }), [1]);
        const kept = (await tracker.stale('b', 6_000, 1_000)).filter(({ principal }) => principal === 'p');
        assert.ok(kept.length <= MAX_UPLOADS_PER_KEY, `${kept.length} rows`);
        assert.deepEqual((await tracker.find('victim', ['m']))?.chunks, [1]);
      });
    });
  });
}

describe('SQL tracker', () => {
  it('works again after PostgreSQL was killed and restarted', async () => {
    const tracker = await createSqlTracker({ url: await postgres.createDatabase('killed') });
    await tracker.note(uploadOf(), [1]);
    await postgres.restart('SIGKILL');
    // the tracker detects each lost connection only when it uses it
    const retryUntilConnected = async <T>(ask: () => Promise<T>, tries = 50): Promise<T> =>
      ask().catch(async (error: unknown) => {
        if (tries === 0) throw error;
        await new Promise((resolve) => setTimeout(resolve, 100));
        return retryUntilConnected(ask, tries - 1);
      });
    await retryUntilConnected(() => tracker.note(uploadOf(), [2]));
    assert.deepEqual((await retryUntilConnected(() => tracker.find('p', ['m'])))?.chunks, [1, 2]);
    await tracker.close();
  });

  it('throws for an invalid URL with a message that says how it must start, and that does not contain it', async () => {
    for (const url of ['mysql://user:hush@host/db', '', 'sqlite:']) {
      await assert.rejects(createSqlTracker({ url }), (error: Error) => {
        assert.match(error.message, /must start with postgres:\/\/ or sqlite:/);
        return !error.message.includes('hush');
      });
    }
  });
});
