import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createMemoryTracker } from '../../../src/signer/index.js';
import { callsFor, startAttackHarness } from './attack-harness.js';
import type { AttackHarness } from './attack-harness.js';

const filesOfKeyCalls: object[] = [];
/** Target into which the key function merges params. */
const settings: Record<string, unknown> = {};

function merge(target: Record<string, unknown>, source: unknown): void {
  for (const [name, value] of Object.entries(source ?? {})) {
    if (typeof value === 'object' && value !== null) merge((target[name] ??= {}) as Record<string, unknown>, value);
    else target[name] = value;
  }
}

describe('prototype pollution', () => {
  let harness: AttackHarness;
  before(async () => {
    harness = await startAttackHarness({
      tracker: createMemoryTracker(),
      policy: {
        key: (file) => {
          filesOfKeyCalls.push(file);
          // merges params into other objects, as a policy function might
          Object.assign({}, file.params);
          merge(settings, file.params);
          return crypto.randomUUID();
        },
      },
    });
  });
  after(async () => {
    assert.deepEqual(harness.faults, []);
    await harness.stop();
  });

  const POISON = '{"__proto__":{"polluted":1,"allowAnonymous":true},"constructor":{"prototype":{"polluted":1}}}';
  const post = (action: string, body: string) =>
    fetch(`${harness.url}/${action}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-user': 'mallory' },
      body,
    });
  const expectNoPollution = () => {
    assert.equal(({} as { polluted?: number }).polluted, undefined);
    assert.equal((() => {}).prototype, undefined);
  };

  it('is not caused by params, even if a policy function merges them', async () => {
    const body = `{"files":[{"id":"a","filename":"f","filesize":1,"params":{"deep":[${POISON}],"fine":1,${POISON.slice(1)}}]}`;
    assert.equal((await post('get_init_signature', body)).status, 200);
    expectNoPollution();
    assert.equal(settings['fine'], 1);
    assert.deepEqual((filesOfKeyCalls[0] as { params: unknown }).params, { deep: [{}], fine: 1 });
  });

  it('neither sets inherited fields nor makes the signer read them', async () => {
    for (const body of [
      POISON,
      `{"files":[${POISON}]}`,
      `{"__proto__":{"files":[{"id":"a","filename":"f","filesize":1}]}}`,
    ])
      assert.equal((await post('get_init_signature', body)).status, 400, body);
    const begun = await harness.signIn('mallory').begin();
    for (const [action, validBody] of callsFor(begun)) {
      const { key, ...rest } = validBody as { key: string };
      const body = `{"__proto__":${JSON.stringify({ key })},${JSON.stringify(rest).slice(1)}`;
      assert.equal((await post(action, body)).status, 400, action);
    }
    expectNoPollution();
  });

  it('is not possible by inherited names of actions and states', async () => {
    for (const action of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'])
      assert.equal((await post(action, '{}')).status, 404);
    const begun = await harness.signIn('mallory').begin();
    for (const state of ['__proto__', 'constructor', 'length', ['started']])
      assert.equal((await harness.signIn('mallory').call('chunk_loaded', { ...begun, chunks: [], state })).status, 400);
  });
});
