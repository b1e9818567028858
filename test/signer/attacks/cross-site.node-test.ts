import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { fileOf } from '../caller.js';
import { read, startAttackHarness } from './attack-harness.js';
import type { AttackHarness } from './attack-harness.js';

describe('a cross-site form post', () => {
  let harness: AttackHarness;
  before(async () => {
    harness = await startAttackHarness();
  });
  after(async () => {
    assert.deepEqual(harness.faults, []);
    await harness.stop();
  });

  const body = JSON.stringify({ files: [fileOf()] });
  const post = async (url: string, headers: Record<string, string>, method = 'POST') =>
    read(
      await fetch(`${url}/get_init_signature`, {
        method,
        headers: { 'x-user': 'ada', ...headers },
        ...(method === 'POST' ? { body } : {}),
      }),
    );

  it('is refused, because forms and beacons cannot send JSON without a preflight', async () => {
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'multipart/form-data; boundary=x',
      'text/plain;application/json',
      '',
    ])
      assert.equal((await post(harness.url, type ? { 'content-type': type } : {})).status, 415, type);
    assert.equal((await post(harness.url, {}, 'GET')).status, 405);
  });

  it('fails its preflight if its origin is not listed', async () => {
    const strict = await startAttackHarness({ origins: ['https://page.example'] });
    for (const { url } of [harness, strict]) {
      for (const origin of [
        'https://evil.example',
        'null',
        'https://page.example.evil.example',
        'http://page.example',
        'https://page.example:444',
      ]) {
        const preflight = await fetch(`${url}/get_init_signature`, {
          method: 'OPTIONS',
          headers: {
            origin,
            'access-control-request-method': 'POST',
            'access-control-request-headers': 'content-type',
          },
        });
        assert.equal(preflight.headers.get('access-control-allow-origin'), null, origin);
        assert.equal(preflight.headers.get('access-control-allow-credentials'), null, origin);
      }
    }
    await strict.stop();
  });

  it('is refused by its Origin and Sec-Fetch-Site headers', async () => {
    const json = { 'content-type': 'application/json' };
    const strict = await startAttackHarness({ origins: ['https://page.example'] });
    for (const origin of ['https://evil.example', 'null', 'https://page.example.evil.example', 'file://']) {
      const answer = await post(strict.url, { ...json, origin });
      assert.deepEqual([answer.status, answer.code], [403, 'origin-refused'], origin);
      assert.equal(answer.headers.get('access-control-allow-origin'), null);
    }
    assert.equal((await post(strict.url, { ...json, origin: 'https://page.example' })).status, 200);
    const { host } = new URL(strict.url);
    const statusOnSameHost = async (headers: object) => (await post(strict.url, { ...json, ...headers })).status;
    assert.equal(await statusOnSameHost({ origin: `https://${host}`, 'sec-fetch-site': 'same-origin' }), 200);
    // a page without TLS on the same host, which anyone on the network can change
    assert.equal(await statusOnSameHost({ origin: `http://${host}`, 'sec-fetch-site': 'cross-site' }), 403);
    await strict.stop();
    const statusBySite = async (site: string) => (await post(harness.url, { ...json, 'sec-fetch-site': site })).status;
    assert.deepEqual(await Promise.all(['cross-site', 'same-site', 'same-origin'].map(statusBySite)), [403, 403, 200]);
  });
});
