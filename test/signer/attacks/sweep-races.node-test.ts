import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createMemoryTracker, sweep } from '../../../src/signer/index.js';
import type { SignerOptions, Tracker } from '../../../src/signer/index.js';
import { CREDENTIALS, DAY_MS } from '../caller.js';
import { callsFor, replay, startAttackHarness } from './attack-harness.js';
import type { AttackHarness } from './attack-harness.js';

/** Time after which every sweep counts an upload as abandoned. */
const ABANDONED_AFTER_MS = 9 * DAY_MS;

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
    skewMs = ABANDONED_AFTER_MS;
    return { ada, begun, isStored: async () => (await replay(list)).status === 200 };
  };

  /** Sweeps nine days later. @param between runs after the sweep has listed uploads, and before it aborts one */
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
        fetch: (url, init) => fetch(url, init),
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
    assert.equal(report.aborted, 0);
    assert.ok(await isStored());
  });

  it('do not abort the upload if the owner resumes it by its grant', async () => {
    for (const action of ['get_list_signature', 'get_all_signatures', 'get_init_signature'] as const) {
      const { ada, begun, isStored } = await startUpload(action);
      const [, body] = callsFor(begun).find(([name]) => name === action) ?? [];
      const resume = body ? () => ada.call(action, body) : () => ada.init({ ...begun, filename: action });
      const report = await sweepWith(resume);
      assert.equal(report.aborted, 0, action);
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
