import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createMemoryTracker } from '../../../src/signer/index.js';
import { callsFor, startAttackHarness } from './attack-harness.js';
import type { AttackHarness } from './attack-harness.js';

const seen: object[] = [];
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
          seen.push(file);
          // as a careless policy function does
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
  const isClean = () => {
    assert.equal(({} as { polluted?: number }).polluted, undefined);
    assert.equal((() => {}).prototype, undefined);
  };

  it('is not caused by params, even if a policy function merges them', async () => {
    const body = `{"files":[{"id":"a","filename":"f","filesize":1,"params":{"deep":[${POISON}],"fine":1,${POISON.slice(1)}}]}`;
    assert.equal((await post('get_init_signature', body)).status, 200);
    isClean();
    assert.equal(settings['fine'], 1);
    assert.deepEqual((seen[0] as { params: unknown }).params, { deep: [{}], fine: 1 });
  });

  it('sets no inherited field, and no inherited field is read', async () => {
    for (const body of [
      POISON,
      `{"files":[${POISON}]}`,
      `{"__proto__":{"files":[{"id":"a","filename":"f","filesize":1}]}}`,
    ])
      assert.equal((await post('get_init_signature', body)).status, 400, body);
    const begun = await harness.signIn('mallory').begin();
    for (const [action, right] of callsFor(begun)) {
      const { key, ...rest } = right as { key: string };
      const body = `{"__proto__":${JSON.stringify({ key })},${JSON.stringify(rest).slice(1)}`;
      assert.equal((await post(action, body)).status, 400, action);
    }
    isClean();
  });

  it('makes no inherited name an action, state or placeholder', async () => {
    for (const action of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'])
      assert.equal((await post(action, '{}')).status, 404);
    const begun = await harness.signIn('mallory').begin();
    for (const state of ['__proto__', 'constructor', 'length', ['started']])
      assert.equal((await harness.signIn('mallory').call('chunk_loaded', { ...begun, chunks: [], state })).status, 400);
  });
});
