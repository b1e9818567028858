import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createMemoryTracker, sweep } from '../../../src/signer/index.js';
import type { SignerOptions, Tracker } from '../../../src/signer/index.js';
import { CREDENTIALS, DAY_MS } from '../caller.js';
import { callsFor, replay, startAttackHarness } from './attack-harness.js';
import type { AttackHarness } from './attack-harness.js';

/**
 * How far the tracker's clock is ahead once an upload has begun, so that a resumption during the sweep is later than the
 * sweep's limit. The sweep runs at real time, because the bucket checks the time of its signatures.
 */
const RESUMED_LATER_MS = 9 * DAY_MS;

/** The report of a sweep that has not tried to abort anything. */
const NOTHING_ABORTED = { aborted: 0, gone: 0, failed: [], hasMore: false };

describe('a sweep and an owner who resumes the upload', () => {
  let harness: AttackHarness;
  let tracker: Required<Tracker>;
  let bucketUrl = '';
  let skewMs = 0;
  before(async () => {
    tracker = createMemoryTracker({ now: () => Date.now() + skewMs });
    harness = await startAttackHarness({ tracker });
  });
  after(async () => {
    assert.deepEqual(harness.faults, []);
    await harness.stop();
  });

  const startUpload = async (filename: string) => {
    skewMs = 0;
    const ada = harness.signIn('ada');
    const begun = await ada.begin({ filename, fingerprint: filename });
    await ada.call('chunk_loaded', { ...begun, chunks: [], state: 'started' });
    const list = JSON.parse((await ada.call('get_list_signature', begun)).text) as { method: string; url: string };
    bucketUrl = new URL(list.url).origin;
    skewMs = RESUMED_LATER_MS;
    return { ada, begun, isStored: async () => (await replay(list)).status === 200 };
  };

  /** Sweeps every upload that was noted before. @param between runs after the sweep has listed uploads, and before it aborts one */
  const sweepWith = async (between: () => Promise<unknown>, options: Partial<SignerOptions> = {}) => {
    const stale: Tracker['stale'] = async (...query) => {
      const listed = await tracker.stale(...query);
      await between();
      return listed;
    };
    return sweep(
      {
        bucket: 'films',
        endpoint: bucketUrl,
        credentials: CREDENTIALS,
        allowAnonymous: true,
        tracker: { ...tracker, stale },
        // a second later, because no upload is older than the sweep's limit within the same millisecond
        now: () => Date.now() + 1_000,
        ...options,
      },
      { days: 1e-9 },
    );
  };

  it('do not abort the upload if the owner calls init for it', async () => {
    const { ada, begun, isStored } = await startUpload('by-init');
    const file = { filename: 'by-init', fingerprint: 'by-init' };
    const resumed: (string | undefined)[] = [];
    const report = await sweepWith(async () => resumed.push((await ada.init(file)).upload_id));
    assert.deepEqual(resumed, [begun.upload_id]);
    assert.deepEqual(report, NOTHING_ABORTED);
    assert.ok(await isStored());
  });

  it('do not abort the upload if the owner resumes it by its grant', async () => {
    for (const action of ['get_list_signature', 'get_all_signatures', 'get_init_signature'] as const) {
      const { ada, begun, isStored } = await startUpload(action);
      const resume = (): Promise<unknown> => {
        if (action === 'get_init_signature') return ada.init({ ...begun, filename: action });
        const [, body] = callsFor(begun).find(([name]) => name === action)!;
        return ada.call(action, body);
      };
      const report = await sweepWith(resume);
      assert.deepEqual(report, NOTHING_ABORTED, action);
      assert.ok(await isStored(), action);
      await ada.call('chunk_loaded', { ...begun, chunks: [], state: 'aborted' });
    }
  });

  it('do not offer the upload during its abort, and offer it again if the abort has failed', async () => {
    const { ada, isStored } = await startUpload('offered');
    const file = { filename: 'offered', fingerprint: 'offered' };
    const offered: (string | undefined)[] = [];
    const report = await sweepWith(async () => undefined, {
      async fetch() {
        offered.push((await ada.init(file)).upload_id);
        return new Response(null, { status: 503 });
      },
    });
    assert.ok(report.failed.length > 0);
    assert.deepEqual(new Set(offered), new Set([undefined]));
    assert.ok(await isStored());
    assert.notEqual((await ada.init(file)).upload_id, undefined);
  });
});
