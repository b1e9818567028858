/** Parts of two grants for one key can be sent to one multipart upload; its object must not exceed the policy's `maxSize`. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { AllAnswer } from '../../../src/protocol.js';
import { partSizeFor } from '../../../src/signer/policy/policy.js';
import { resolvePolicy } from '../../../src/signer/policy/policy-options.js';
import type { Policy } from '../../../src/signer/policy/policy.js';
import { choosePartSize, GIB, MAX_OBJECT_SIZE, MIB, partSizeOf } from '../../../src/limits.js';
import { createCaller, fileOf } from '../caller.js';
import { replay, startAttackHarness } from './attack-harness.js';
import type { AttackHarness, AttackCaller } from './attack-harness.js';

const LIMIT = 20 * MIB;

/** Traits of a store that ignores conditions, and acts on headers that are not signed. */
const LAX_STORE_TRAITS = { supportsIfNoneMatch: false, refusesUnsignedHeaders: false };

describe('parts signed under two grants of one key', () => {
  let harness: AttackHarness;
  before(async () => {
    harness = await startAttackHarness({ policy: { partSize: undefined, objectKeys: 'shared/', maxSize: LIMIT } });
  });
  after(async () => {
    assert.deepEqual(harness.faults, []);
    await harness.stop();
  });

  const signAll = async (user: AttackCaller, body: { size: number; part_size: number } & object, chunks: number[]) =>
    JSON.parse((await user.call('get_all_signatures', { ...body, chunks })).text) as AllAnswer;

  it('store no more than maxSize together, for any requested part sizes', async () => {
    const mallory = harness.signIn('mallory');
    const request = { object_key: 'film.mp4', filesize: LIMIT };
    const small = await mallory.init({ ...request, part_size: 5 * MIB });
    const large = await mallory.init({ ...request, part_size: 10 * MIB });
    assert.equal(small.key, large.key);
    const { text } = await replay(small.init!);
    const upload_id = /<UploadId>([^<]+)/.exec(text)![1]!;

    const partsOf = (granted: typeof small) => Math.ceil(LIMIT / granted.part_size);
    const stored = new Map<number, { size: number; etag: string }>();
    let end: AllAnswer['end'] | undefined;
    for (const granted of [small, large]) {
      const chunks = Array.from({ length: partsOf(granted) }, (_, index) => index + 1);
      const reference = {
        key: granted.key,
        grant: granted.grant,
        upload_id,
        size: LIMIT,
        part_size: granted.part_size,
      };
      const all = await signAll(mallory, reference, chunks);
      end = all.end;
      for (const chunk of chunks) {
        const size = partSizeOf(chunk, LIMIT, granted.part_size);
        const { status, headers } = await replay(all.chunks[chunk]!, new Uint8Array(size));
        assert.equal(status, 200);
        if ((stored.get(chunk)?.size ?? 0) <= size) stored.set(chunk, { size, etag: headers.get('etag')! });
      }
    }
    const parts = [...stored].map(
      ([number, { etag }]) => `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag></Part>`,
    );
    await replay(end!, new Blob([`<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`]));
    const head = await mallory.call('get_head_signature', { key: small.key, grant: small.grant });
    const { headers } = await replay(JSON.parse(head.text) as { method: string; url: string });
    assert.ok(Number(headers.get('content-length')) <= LIMIT, `${headers.get('content-length')} bytes are stored`);
  });

  it('keep the part size of the first grant after a renewal', async () => {
    const mallory = harness.signIn('mallory');
    const request = { object_key: 'other.mp4', filesize: LIMIT };
    const first = await mallory.init({ ...request, part_size: 5 * MIB });
    const renewed = await mallory.init({
      ...request,
      part_size: 10 * MIB,
      key: first.key,
      grant: first.grant,
      upload_id: 'u',
    });
    assert.equal(renewed.part_size, first.part_size);
  });

  it('are never longer than the part with the same number of a file of maxSize, for any size', () => {
    const sizes = (maxSize: number) => [
      0,
      1,
      5 * MIB,
      maxSize / 3,
      maxSize / 2,
      maxSize * 0.98,
      maxSize * 0.999,
      maxSize,
    ];
    for (const maxSize of [3, LIMIT, 70 * GIB, 71 * GIB, 100 * GIB, 1e12, 5e12, 40e12]) {
      for (const partSize of [undefined, 5 * MIB, 64 * MIB]) {
        const policy = resolvePolicy({ maxSize, partSize, key: () => 'k' }, LAX_STORE_TRAITS);
        const storeVerifiesSize = false;
        const chosenPartSize = (filesize: number) =>
          partSizeFor(policy, fileOf({ filesize, part_size: 7 * MIB }), storeVerifiesSize);
        const partSizeAtLimit = chosenPartSize(maxSize);
        for (const size of sizes(maxSize)
          .map(Math.floor)
          .filter((one) => one <= maxSize)) {
          const parts = Math.max(Math.ceil(size / chosenPartSize(size)), 1);
          assert.ok(parts <= 10_000);
          for (const number of [1, 2, parts - 1, parts].filter((one) => one >= 1 && one <= parts)) {
            const bytes = partSizeOf(number, size, chosenPartSize(size));
            assert.ok(
              bytes <= partSizeOf(number, maxSize, partSizeAtLimit),
              `part ${number} of ${size} under ${maxSize}`,
            );
          }
        }
      }
    }
  });

  it('have the requested part size if parts cannot be mixed, or the store verifies the total', () => {
    const partSizeWith = (policy: Policy, storeVerifiesSize = false) =>
      partSizeFor(
        resolvePolicy(policy, LAX_STORE_TRAITS),
        fileOf({ filesize: GIB, part_size: 64 * MIB }),
        storeVerifiesSize,
      );
    const key = () => 'k';
    assert.equal(partSizeWith({ maxSize: 2 * GIB }), 64 * MIB, 'random keys');
    assert.equal(partSizeWith({ key }), 64 * MIB, 'no limit');
    assert.equal(partSizeWith({ key, maxSize: MAX_OBJECT_SIZE }), 64 * MIB, "S3's own limit");
    assert.equal(partSizeWith({ key, maxSize: 2 * GIB }, true), 64 * MIB, 'the store verifies the size');
    assert.equal(partSizeWith({ key, maxSize: 2 * GIB }), choosePartSize(GIB));
  });

  it('may have any requested size at Amazon, because Complete is signed with the size of the object, which Amazon verifies', async () => {
    const caller = createCaller({ endpoint: undefined, policy: { objectKeys: '', maxSize: LIMIT } });
    const { part_size, key, grant } = await caller.init({ object_key: 'x', filesize: LIMIT, part_size: 6 * MIB });
    assert.equal(part_size, 6 * MIB);
    const end = await caller.call('get_end_signature', { key, grant, upload_id: 'u', size: LIMIT });
    assert.equal(end.headers?.['x-amz-mp-object-size'], String(LIMIT));
  });
});
