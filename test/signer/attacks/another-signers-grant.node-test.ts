/** Signers that share a bucket and a secret do not accept each other's grants. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Action } from '../../../src/protocol.js';
import { createMemoryTracker } from '../../../src/signer/index.js';
import type { SignerOptions } from '../../../src/signer/index.js';
import { createCaller, DAY_MS } from '../caller.js';
import type { Caller } from '../caller.js';
import { PART } from './attack-harness.js';

const SECRET = 'a secret of sixteen';
const createFilmsCaller = (options: Partial<SignerOptions> = {}): Caller =>
  createCaller({ secret: SECRET, name: 'films', ...options });

const startUpload = async (caller: Caller, file = {}) => {
  const { key, grant, part_size } = await caller.init(file);
  return { key, grant, part_size, upload_id: 'u' };
};

const calls = ({ part_size, ...reference }: Awaited<ReturnType<typeof startUpload>>): [Action, object][] => [
  ['get_chunk_signature', { ...reference, chunk: 1, size: part_size }],
  ['get_list_signature', reference],
  ['get_end_signature', { ...reference, size: 100e6 }],
  ['get_delete_signature', reference],
  ['get_head_signature', reference],
  ['get_all_signatures', { ...reference, size: 100e6, part_size, chunks: [1] }],
];

describe("another signer's grant", () => {
  const others: Record<string, Partial<SignerOptions>> = {
    'another name': { name: 'avatars', policy: { maxSize: 200e6, accept: 'video/*', partSize: PART } },
    'no name': { name: undefined },
    'another region': { region: 'eu-west-1' },
    'another store': { endpoint: 'http://127.0.0.1:9001' },
    'Amazon as its store': { endpoint: undefined },
    'another bucket': { bucket: 'other' },
  };
  for (const [difference, options] of Object.entries(others)) {
    it(`is accepted by no action of a signer with ${difference}, and not renewed there`, async () => {
      const granted = await startUpload(createFilmsCaller());
      const other = createFilmsCaller(options);
      for (const [action, body] of calls(granted))
        assert.equal(await other.refusal(action, body), '403 grant-expired', action);
      const { key, grant } = granted;
      assert.equal((await other.init({ key, grant, upload_id: 'u' })).error?.code, 'grant-expired');
      const ofOther = await startUpload(other);
      for (const [action, body] of calls(ofOther))
        assert.equal(await createFilmsCaller().refusal(action, body), '403 grant-expired');
    });
  }

  it('is not renewed by the tracker that both signers share, also for a file without a fingerprint', async () => {
    for (const fingerprint of ['f', undefined]) {
      for (const [difference, options] of Object.entries(others)) {
        const tracker = createMemoryTracker();
        const owner = createFilmsCaller({ tracker });
        const { key, grant, upload_id } = await startUpload(owner, { fingerprint });
        await owner.call('chunk_loaded', { key, grant, upload_id, chunks: [1], state: 'started' });
        const other = await createFilmsCaller({ ...options, tracker }).init({ fingerprint });
        assert.equal(other.upload_id, undefined, difference);
        assert.notEqual(other.key, key, difference);
        assert.equal((await createFilmsCaller({ tracker }).init({ fingerprint })).upload_id, upload_id);
      }
    }
  });

  it('is accepted by a signer whose store has the same address in another notation', async () => {
    for (const [one, other] of [
      [{ endpoint: 'http://127.0.0.1:9000' }, { endpoint: 'http://127.0.0.1:9000/' }],
      [{ endpoint: undefined }, { endpoint: 'https://s3.us-east-1.amazonaws.com' }],
      [{ endpoint: undefined }, { endpoint: undefined, dualStack: true }],
      [{ pathStyle: true }, { pathStyle: false }],
    ]) {
      const granted = await startUpload(createFilmsCaller(one));
      for (const [action, body] of calls(granted))
        assert.ok((await createFilmsCaller(other).post(action, body)).ok, action);
    }
  });
});

describe('the lifetime of a grant', () => {
  it('is limited from its issue and from the start of its upload, by the options of the signer that checks it', async () => {
    const longLived = createFilmsCaller({ grantLife: 1_000 * 86_400, renewalTime: 1_000 * 86_400 });
    const { key, grant } = await longLived.init();
    const withDefaults = createFilmsCaller();
    withDefaults.now = longLived.now = longLived.now + 20 * DAY_MS;
    const renewed = await longLived.init({ key, grant, upload_id: 'u' });
    withDefaults.now = longLived.now = longLived.now + 18 * DAY_MS;
    assert.ok((await longLived.post('get_head_signature', { key, grant: renewed.grant })).ok);
    assert.equal(await withDefaults.refusal('get_head_signature', { key, grant: renewed.grant }), '403 grant-expired');
    const shorter = createFilmsCaller({ grantLife: 30 * 86_400, renewalTime: 5 * 86_400 });
    shorter.now = withDefaults.now;
    assert.equal(await shorter.refusal('get_head_signature', { key, grant: renewed.grant }), '403 grant-expired');
  });

  it('must not start in the future, except within the tolerated difference of clocks', async () => {
    const ahead = createFilmsCaller();
    ahead.now += 10 * 60_000;
    const close = await ahead.init();
    assert.ok((await createFilmsCaller().post('get_head_signature', { key: close.key, grant: close.grant })).ok);
    ahead.now += DAY_MS;
    const { key, grant } = await ahead.init();
    assert.equal(await createFilmsCaller().refusal('get_head_signature', { key, grant }), '403 grant-expired');
    assert.equal((await createFilmsCaller().init({ key, grant })).error?.code, 'grant-expired');
  });

  it('is set in whole seconds, up to 10 years', () => {
    for (const options of [{ grantLife: 7 * DAY_MS }, { renewalTime: 30 * DAY_MS }, { renewalTime: Infinity }])
      assert.throws(
        () => createFilmsCaller(options),
        /^OptionError: option (grantLife|renewalTime): \S+ is not whole seconds/,
      );
  });
});
