import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createHmac } from 'node:crypto';
import { createSealer } from '../../../src/signer/grants/grant.js';
import { callsFor, startAttackHarness } from './attack-harness.js';
import type { AttackHarness } from './attack-harness.js';

describe('grant forgery', () => {
  let harness: AttackHarness;
  before(async () => {
    harness = await startAttackHarness({ secret: 'sealing-secret-0123456789' });
  });
  after(async () => {
    assert.deepEqual(harness.faults, []);
    await harness.stop();
  });

  const expectRefused = async (reference: { key: string; grant: string; upload_id: string }, grant: unknown) => {
    for (const [action, body] of callsFor(reference)) {
      const answer = await harness.signIn('mallory').call(action, { ...body, grant });
      assert.ok([400, 403].includes(answer.status), `${action}: ${answer.status} for ${String(grant)}`);
      assert.ok(!answer.text.includes('X-Amz-Signature'), `${action} ${String(grant)}`);
    }
  };

  it('fails for a grant with any one character changed, removed or inserted', async () => {
    const begun = await harness.signIn('mallory').begin();
    const { grant } = begun;
    const statusOf = async (forged: string) =>
      (await harness.signIn('mallory').call('get_head_signature', { key: begun.key, grant: forged })).status;
    assert.equal(await statusOf(grant), 200);
    for (let index = 0; index < grant.length; index += 1) {
      const other = grant[index] === 'A' ? 'B' : 'A';
      for (const forged of [
        grant.slice(0, index) + other + grant.slice(index + 1),
        grant.slice(0, index) + grant.slice(index + 1),
        grant.slice(0, index) + other + grant.slice(index),
      ])
        assert.equal(await statusOf(forged), 403, `accepted ${forged}`);
    }
  });

  it('fails for a changed payload with the old seal, without a seal, or with the seal of a guessed key, and for other values', async () => {
    const begun = await harness.signIn('mallory').begin();
    const [id, payload, seal] = begun.grant.split('.') as [string, string, string];
    const values = JSON.parse(Buffer.from(payload, 'base64url').toString()) as unknown[];
    values[1] = 'private/accounts.csv';
    const forged = Buffer.from(JSON.stringify(values)).toString('base64url');
    const reference = { ...begun, key: 'private/accounts.csv' };
    for (const key of ['', 'secret', 'wJalrXUtnFEMI', id]) {
      const guessed = createHmac('sha256', key).update(`mule-upload grant 2\n${id}.${forged}`).digest('base64url');
      await expectRefused(reference, `${id}.${forged}.${guessed}`);
    }
    for (const grant of [
      `${id}.${forged}.${seal}`,
      `${id}.${forged}.`,
      `${id}.${forged}`,
      `.${forged}.${seal}`,
      'null',
      '{}',
      '..',
      '.'.repeat(8_000),
      [begun.grant],
      { grant: begun.grant },
      7,
      true,
    ])
      await expectRefused(reference, grant);
  });

  it('fails for a grant of another bucket, store, region, signer name or secret', async () => {
    const begun = await harness.signIn('mallory').begin();
    const payload = Buffer.from(begun.grant.split('.')[1]!, 'base64url').toString();
    const [, key, size, partSize, principal, started, issued, claims] = JSON.parse(payload) as [
      string,
      string,
      number,
      number,
      string,
      number,
      number,
      string,
    ];
    const grant = { key, size, partSize, principal, begun: started, issued, claims, checksum: null, marks: [] };
    const secret = 'sealing-secret-0123456789';
    const audience = { name: '', storeId: harness.store, region: 'us-east-1', bucket: 'films' };
    const valid = await createSealer([secret], audience).seal(grant);
    assert.equal((await harness.signIn('mallory').call('get_head_signature', { key, grant: valid })).status, 200);
    for (const change of [{ bucket: 'other' }, { storeId: 'amazon' }, { region: 'eu-west-1' }, { name: 'avatars' }])
      await expectRefused(begun, await createSealer([secret], { ...audience, ...change }).seal(grant));
    await expectRefused(begun, await createSealer(['another-secret-0123456789'], audience).seal(grant));
  });
});
