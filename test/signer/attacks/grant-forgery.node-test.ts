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

  const refused = async (reference: { key: string; grant: string; upload_id: string }, grant: unknown) => {
    for (const [action, body] of callsFor(reference)) {
      const answer = await harness.signIn('mallory').call(action, { ...body, grant });
      assert.ok([400, 403].includes(answer.status), `${action}: ${answer.status}`);
      assert.ok(!answer.text.includes('X-Amz-Signature'), `${action} ${String(grant)}`);
    }
  };

  it('fails for a grant with any one character changed, removed or inserted', async () => {
    const begun = await harness.signIn('mallory').begin();
    const { grant } = begun;
    const head = async (forged: string) =>
      (await harness.signIn('mallory').call('get_head_signature', { key: begun.key, grant: forged })).status;
    assert.equal(await head(grant), 200);
    for (let at = 0; at < grant.length; at += 1) {
      const other = grant[at] === 'A' ? 'B' : 'A';
      for (const forged of [
        grant.slice(0, at) + other + grant.slice(at + 1),
        grant.slice(0, at) + grant.slice(at + 1),
        grant.slice(0, at) + other + grant.slice(at),
      ])
        assert.equal(await head(forged), 403, `${at}`);
    }
  });

  it('fails for the attacker’s own payload with an old seal, none, or one by a guessed key', async () => {
    const begun = await harness.signIn('mallory').begin();
    const [id, payload, seal] = begun.grant.split('.') as [string, string, string];
    const opened = JSON.parse(Buffer.from(payload, 'base64url').toString()) as unknown[];
    opened[1] = 'private/accounts.csv';
    const forged = Buffer.from(JSON.stringify(opened)).toString('base64url');
    const reference = { ...begun, key: 'private/accounts.csv' };
    for (const key of ['', 'secret', 'wJalrXUtnFEMI', id]) {
      const guessed = createHmac('sha256', key).update(`mule-upload grant 2\n${id}.${forged}`).digest('base64url');
      await refused(reference, `${id}.${forged}.${guessed}`);
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
      await refused(reference, grant);
  });

  it('fails for a grant of another bucket, store, region or name, another secret, or one rotated away', async () => {
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
    const audience = { name: '', storeName: harness.store, region: 'us-east-1', bucket: 'films' };
    const good = await createSealer([secret], audience).seal(grant);
    assert.equal((await harness.signIn('mallory').call('get_head_signature', { key, grant: good })).status, 200);
    for (const change of [{ bucket: 'other' }, { storeName: 'amazon' }, { region: 'eu-west-1' }, { name: 'avatars' }])
      await refused(begun, await createSealer([secret], { ...audience, ...change }).seal(grant));
    await refused(begun, await createSealer(['another-secret-0123456789'], audience).seal(grant));
  });
});
