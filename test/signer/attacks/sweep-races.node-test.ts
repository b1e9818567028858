import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createMemoryTracker, sweep } from '../../../src/signer/index.js';
import type { SignerOptions, Tracker } from '../../../src/signer/index.js';
import { CREDENTIALS, DAY_MS } from '../caller.js';
import { callsFor, replay, startAttackHarness } from './attack-harness.js';
import type { AttackHarness } from './attack-harness.js';

/** Milliseconds: later than every sweep's limit. */
const LATER = 9 * DAY_MS;

describe('a sweep and an owner who resumes the upload', () => {
  let harness: AttackHarness;
  let tracker: Required<Tracker>;
  let bucketUrl = '';
  let skew = 0;
  before(async () => {
    tracker = createMemoryTracker({ now: () => Date.now() + skew });
    harness = await startAttackHarness({ tracker });
  });
  after(async () => {
    assert.deepEqual(harness.faults, []);
    await harness.stop();
  });

  const begin = async (filename: string) => {
    skew = 0;
    const ada = harness.signIn('ada');
    const begun = await ada.begin({ filename, fingerprint: filename });
    await ada.call('chunk_loaded', { ...begun, chunks: [], state: 'started' });
    const list = JSON.parse((await ada.call('get_list_signature', begun)).text) as { method: string; url: string };
    bucketUrl = new URL(list.url).origin;
    skew = LATER;
    return { ada, begun, isStored: async () => (await replay(list)).status === 200 };
  };

  /** Sweeps nine days later; `between` runs after the sweep has listed uploads, before it aborts one. */
  const sweepWith = async (between: () => Promise<unknown>, options: Partial<SignerOptions> = {}) => {
    const stale: Tracker['stale'] = async (...query) => {
      const listed = await tracker.stale(...query);
      await between();
      return listed;
    };
    return sweep(
      {
        ...{ bucket: 'films', endpoint: bucketUrl, credentials: CREDENTIALS, allowAnonymous: true },
        tracker: { ...tracker, stale },
        fetch: (url, init) => fetch(url, init),
        // a second later: within one millisecond nothing is older than the sweep's limit
        now: () => Date.now() + 1_000,
        ...options,
      },
      { days: 1e-9 },
    );
  };

  it('leave the upload to the owner who calls init for it', async () => {
    const { ada, begun, isStored } = await begin('by-init');
    const file = { filename: 'by-init', fingerprint: 'by-init' };
    const resumed: (string | undefined)[] = [];
    const report = await sweepWith(async () => resumed.push((await ada.init(file)).upload_id));
    assert.deepEqual(resumed, [begun.upload_id]);
    assert.equal(report.aborted, 0);
    assert.ok(await isStored());
  });

  it('keep the upload of an owner who resumes it by its grant', async () => {
    for (const action of ['get_list_signature', 'get_all_signatures', 'get_init_signature'] as const) {
      const { ada, begun, isStored } = await begin(action);
      const [, body] = callsFor(begun).find(([name]) => name === action) ?? [];
      const goOn = body ? () => ada.call(action, body) : () => ada.init({ ...begun, filename: action });
      const report = await sweepWith(goOn);
      assert.equal(report.aborted, 0, action);
      assert.ok(await isStored(), action);
      await ada.call('chunk_loaded', { ...begun, chunks: [], state: 'aborted' });
    }
  });

  it('do not return an upload during its abort, and return it again if the abort failed', async () => {
    const { ada, isStored } = await begin('offered');
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
