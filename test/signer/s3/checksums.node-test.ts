import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AllAnswer, ChecksumAlgorithm, SignedRequest } from '../../../src/protocol.js';
import { createMemoryTracker } from '../../../src/signer/tracker/memory-tracker.js';
import { createCaller, DAY_MS, fileOf, queryOf } from '../caller.js';
import type { Caller } from '../caller.js';

const PART = 8 * 1024 ** 2;
const SIZE = 100e6;
const ALL: readonly ChecksumAlgorithm[] = ['crc64nvme', 'crc32c', 'crc32', 'sha256'];
/** Checksums of "123456789". */
const VALUES: Readonly<Record<ChecksumAlgorithm, string>> = {
  crc64nvme: 'rosUhgp5mIg=',
  crc32c: '4waSgw==',
  crc32: 'y/Q5Jg==',
  sha256: 'FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=',
};

const callerOfSignerWith = (...checksums: ChecksumAlgorithm[]): Caller => createCaller({ checksums });
const signedHeaders = (url: string): string[] => queryOf(url)['X-Amz-SignedHeaders']!.split(';');

async function startUpload(caller: Caller, ...checksums: ChecksumAlgorithm[]) {
  const file = await caller.init({ checksums });
  return { file, reference: { key: file.key, grant: file.grant, upload_id: 'u' } };
}

describe('the granted checksum', () => {
  it("is the first of the browser's algorithms that the store supports", async () => {
    const caller = callerOfSignerWith('crc32', 'crc32c', 'sha256');
    const choice = async (...checksums: ChecksumAlgorithm[]) => (await caller.init({ checksums })).checksum;
    assert.deepEqual(await choice(...ALL), { algorithm: 'crc32c', type: 'FULL_OBJECT' });
    assert.deepEqual(await choice('sha256', 'crc32'), { algorithm: 'sha256', type: 'COMPOSITE' });
    assert.equal(await choice('crc64nvme'), undefined);
    assert.equal(await choice(), undefined);
  });

  it('may be any algorithm at Amazon and none at another store, unless the option checksums is set', async () => {
    const checksumAt = async (endpoint: string | undefined) =>
      (await createCaller({ endpoint }).init({ checksums: [...ALL] })).checksum;
    const crc64 = { algorithm: 'crc64nvme', type: 'FULL_OBJECT' };
    assert.deepEqual(await checksumAt(undefined), crc64);
    assert.deepEqual(await checksumAt('https://s3.dualstack.eu-west-1.amazonaws.com'), crc64);
    assert.deepEqual(await checksumAt('https://s3.cn-north-1.amazonaws.com.cn'), crc64);
    assert.equal(await checksumAt('https://store.example'), undefined);
    assert.equal(await checksumAt('https://amazonaws.com.example'), undefined);
    assert.equal(
      (await createCaller({ endpoint: undefined, checksums: [] }).init({ checksums: [...ALL] })).checksum,
      undefined,
    );
  });

  it('is chosen among the algorithms that the signer knows, if the browser lists unknown ones too', async () => {
    const caller = callerOfSignerWith('crc32');
    const [file] = (
      await caller.call('get_init_signature', {
        files: [
          {
            ...fileOf(),
            checksums: ['xxhash128', 'crc32'] as never,
            checksum: { algorithm: 'xxhash128' as never, value: 'x' },
          },
        ],
      })
    ).files;
    assert.deepEqual('checksum' in file! && file.checksum, { algorithm: 'crc32', type: 'FULL_OBJECT' });
  });

  it('stays the same when the grant is renewed, even if the browser offers other algorithms then', async () => {
    const caller = callerOfSignerWith('crc32c', 'crc64nvme');
    const { file } = await startUpload(caller, 'crc32c');
    caller.now += 8 * DAY_MS;
    const renewed = await caller.init({ key: file.key, grant: file.grant, upload_id: 'u', checksums: ['crc64nvme'] });
    assert.deepEqual(renewed.checksum, { algorithm: 'crc32c', type: 'FULL_OBJECT' });
  });

  it('is that of the tracked upload if the browser supports it; if not, the upload restarts', async () => {
    const caller = createCaller({ checksums: ['crc32c', 'crc32'], tracker: createMemoryTracker() });
    const { reference } = await startUpload(caller, 'crc32c');
    await caller.call('chunk_loaded', { ...reference, chunks: [1], state: 'started' });
    const found = await caller.init({ checksums: ['crc32', 'crc32c'] });
    assert.equal(found.upload_id, 'u');
    assert.deepEqual(found.checksum, { algorithm: 'crc32c', type: 'FULL_OBJECT' });
    const other = await caller.init({ checksums: ['crc32'] });
    assert.equal(other.upload_id, undefined);
    assert.deepEqual(other.checksum, { algorithm: 'crc32', type: 'FULL_OBJECT' });
  });
});

describe('signed checksums', () => {
  it('are named in Create, with their type', async () => {
    for (const [algorithm, type] of [
      ['crc64nvme', 'FULL_OBJECT'],
      ['sha256', 'COMPOSITE'],
    ] as const) {
      const { init } = await callerOfSignerWith(algorithm).init({ checksums: [algorithm] });
      assert.deepEqual(init!.headers, {
        'content-type': 'video/mp4',
        'x-amz-checksum-algorithm': algorithm.toUpperCase(),
        'x-amz-checksum-type': type,
      });
      assert.deepEqual(signedHeaders(init!.url), [
        'content-type',
        'host',
        'x-amz-checksum-algorithm',
        'x-amz-checksum-type',
      ]);
    }
  });

  for (const algorithm of ALL) {
    it(`are a header of each part, in single and in joint calls: ${algorithm}`, async () => {
      const caller = callerOfSignerWith(...ALL);
      const { reference } = await startUpload(caller, algorithm);
      const value = VALUES[algorithm];
      const single = await caller.call('get_chunk_signature', { ...reference, chunk: 2, size: PART, checksum: value });
      assert.deepEqual(single.headers, {
        'x-amz-sdk-checksum-algorithm': algorithm.toUpperCase(),
        [`x-amz-checksum-${algorithm}`]: value,
      });
      assert.deepEqual(signedHeaders(single.url), [
        'content-length',
        'host',
        `x-amz-checksum-${algorithm}`,
        'x-amz-sdk-checksum-algorithm',
      ]);
      const all: AllAnswer = await caller.call('get_all_signatures', {
        ...reference,
        size: SIZE,
        part_size: PART,
        chunks: [1, 2, 3],
        checksums: { 2: value, 3: value, 99: 'of a part that is not requested' },
      });
      assert.equal(typeof all.chunks['1'], 'string', 'a part without a value has no header');
      const { url, headers } = all.chunks['2'] as SignedRequest;
      assert.deepEqual({ url, headers }, { url: single.url, headers: single.headers });
      assert.notEqual((all.chunks['3'] as SignedRequest).url, url);
    });
  }

  it('are the checksum of the object in Complete, with its type and the size', async () => {
    const caller = callerOfSignerWith('crc64nvme', 'sha256');
    const { reference } = await startUpload(caller, 'crc64nvme');
    const end = await caller.call('get_end_signature', { ...reference, size: SIZE, checksum: VALUES.crc64nvme });
    assert.deepEqual(end.headers, {
      'x-amz-checksum-type': 'FULL_OBJECT',
      'x-amz-checksum-crc64nvme': VALUES.crc64nvme,
      'x-amz-mp-object-size': String(SIZE),
    });
    const composite = await startUpload(caller, 'sha256');
    const { headers } = await caller.call('get_end_signature', { ...composite.reference, size: SIZE });
    assert.deepEqual(headers, { 'x-amz-checksum-type': 'COMPOSITE', 'x-amz-mp-object-size': String(SIZE) });
  });

  it('are a header of a single PUT if init gets the value', async () => {
    const caller = callerOfSignerWith('crc32c', 'sha256');
    const small = { filesize: 9, checksums: [...ALL] };
    const put = await caller.init({ ...small, checksum: { algorithm: 'crc32c', value: VALUES.crc32c } });
    assert.equal(put.put!.headers!['x-amz-checksum-crc32c'], VALUES.crc32c);
    assert.ok(signedHeaders(put.put!.url).includes('x-amz-checksum-crc32c'));
    assert.deepEqual(put.checksum, { algorithm: 'crc32c', type: 'FULL_OBJECT' });
    // for a value of another algorithm, the answer names the store's algorithm, and the browser can call init again
    const other = await caller.init({ ...small, checksum: { algorithm: 'crc64nvme', value: VALUES.crc64nvme } });
    assert.deepEqual(other.put!.headers, { 'content-type': 'video/mp4' });
    assert.deepEqual(other.checksum, { algorithm: 'crc32c', type: 'FULL_OBJECT' });
    const again = await caller.init({
      ...small,
      key: other.key,
      grant: other.grant,
      checksum: { algorithm: 'crc32c', value: VALUES.crc32c },
    });
    assert.equal(again.put!.headers!['x-amz-checksum-crc32c'], VALUES.crc32c);
  });

  it('may be a field of a form: its POST policy allows that field', async () => {
    const caller = createCaller({ checksums: ['crc32c'], policy: { posts: true } });
    const files = [fileOf({ id: 'with', filesize: 9, checksums: ['crc32c'] }), fileOf({ id: 'without', filesize: 9 })];
    const answer = await caller.call('get_init_signature', { files });
    const conditionsOf = (index: number): string => {
      const file = answer.files[index] as { post: string };
      return Buffer.from(answer.posts![file.post]!.fields['policy']!, 'base64').toString();
    };
    assert.ok(conditionsOf(0).includes('["starts-with","$x-amz-checksum-crc32c",""]'));
    assert.ok(!conditionsOf(1).includes('checksum'));
    assert.deepEqual((answer.files[0] as { checksum?: unknown }).checksum, {
      algorithm: 'crc32c',
      type: 'FULL_OBJECT',
    });
  });

  it('are absent in all requests if signer and browser have no common algorithm', async () => {
    const caller = callerOfSignerWith();
    const { file, reference } = await startUpload(caller, ...ALL);
    assert.equal(file.checksum, undefined);
    assert.deepEqual(file.init!.headers, { 'content-type': 'video/mp4' });
    assert.equal((await caller.call('get_end_signature', { ...reference, size: SIZE })).headers, undefined);
    assert.equal(
      (await caller.init({ filesize: 9, checksum: { algorithm: 'crc32', value: VALUES.crc32 } })).checksum,
      undefined,
    );
  });
});

describe('checksums that are refused', () => {
  const INVALID_VALUES: readonly string[] = [
    '',
    'x',
    '=',
    VALUES.crc32,
    `${VALUES.crc64nvme}=`,
    'rosUhgp5mI==',
    'rosUhgp5_Ig=',
    'rosUhgp5mIg',
    ' osUhgp5mIg=',
    'rosUhgp5mIg=\n',
  ];

  it('are values that are not base64 of the right length, for one part, for several parts and for the object', async () => {
    const caller = callerOfSignerWith('crc64nvme');
    const { reference } = await startUpload(caller, 'crc64nvme');
    for (const checksum of INVALID_VALUES) {
      assert.equal(
        await caller.refusal('get_chunk_signature', { ...reference, chunk: 1, size: PART, checksum }),
        '400 invalid-checksum',
      );
      const window = { ...reference, size: SIZE, part_size: PART, chunks: [1], checksums: { 1: checksum } };
      assert.equal(await caller.refusal('get_all_signatures', window), '400 invalid-checksum');
      assert.equal(
        await caller.refusal('get_end_signature', { ...reference, size: SIZE, checksum }),
        '400 invalid-checksum',
      );
    }
    const long = 'A'.repeat(100);
    assert.equal(
      await caller.refusal('get_end_signature', { ...reference, size: SIZE, checksum: long }),
      '400 invalid-request',
    );
    for (const checksums of [[], 'x', { 1: 5 }]) {
      const window = { ...reference, size: SIZE, part_size: PART, chunks: [1], checksums };
      assert.equal(await caller.refusal('get_all_signatures', window), '400 invalid-request');
    }
  });

  it('are reported with the name of the invalid field and its valid form', async () => {
    const caller = callerOfSignerWith('crc32c');
    const { reference } = await startUpload(caller, 'crc32c');
    const window = { ...reference, size: SIZE, part_size: PART, chunks: [7], checksums: { 7: 'nonsense' } };
    const { error } = (await (await caller.post('get_all_signatures', window)).json()) as {
      error: { message: string };
    };
    assert.equal(error.message, 'checksums.7 must be base64 of the 4 bytes of a crc32c.');
  });

  it('are values without a common algorithm, and a SHA-256 of the object', async () => {
    const caller = callerOfSignerWith('sha256');
    const none = (await startUpload(caller)).reference;
    assert.equal(
      await caller.refusal('get_chunk_signature', { ...none, chunk: 1, size: PART, checksum: VALUES.crc32 }),
      '400 checksum-not-agreed',
    );
    const { reference } = await startUpload(caller, 'sha256');
    assert.equal(
      await caller.refusal('get_end_signature', { ...reference, size: SIZE, checksum: VALUES.sha256 }),
      '400 checksum-composite',
    );
  });

  it('cause a refusal of their file, and not of the other files', async () => {
    const checksum = { algorithm: 'crc32c' as const, value: 'nonsense' };
    const files = [
      fileOf({ id: 'bad', filesize: 9, checksums: ['crc32c'], checksum }),
      fileOf({ id: 'good', filesize: 9 }),
    ];
    const answer = await callerOfSignerWith('crc32c').call('get_init_signature', { files });
    assert.deepEqual(
      answer.files.map((file) => ('error' in file ? file.error.code : 'accepted')),
      ['invalid-checksum', 'accepted'],
    );
  });
});
