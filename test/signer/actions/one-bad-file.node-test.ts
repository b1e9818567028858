/** If the policy fails for one file of a call, only that file is refused, and the other files are granted. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { InitAnswerFile, InitFile } from '../../../src/protocol.js';
import type { SignerOptions } from '../../../src/signer/index.js';
import { createMemoryTracker } from '../../../src/signer/index.js';
import { createCaller, fileOf } from '../caller.js';

const twentyFiles = (): Partial<InitFile>[] => [
  { filename: 'a.mp4' },
  { filename: 'bad.mp4' },
  { filename: 'c.mp4' },
  ...Array.from({ length: 17 }, (_, index) => ({ filename: `${index}.mp4` })),
];

/** Calls init for these files. @returns the answers, their codes, and the errors that `onError` received */
async function callInit(options: Partial<SignerOptions>, files: Partial<InitFile>[] = twentyFiles()) {
  const faults: unknown[] = [];
  const caller = createCaller({ ...options, onError: (error) => faults.push(error) });
  const body = { files: files.map((file, index) => ({ ...fileOf(file), id: String(index) })) };
  const response = await caller.post('get_init_signature', body);
  const text = await response.text();
  const answers = response.ok ? (JSON.parse(text) as { files: InitAnswerFile[] }).files : [];
  const codes = answers.map((answer) => ('error' in answer ? answer.error.code : 'granted'));
  return { status: response.status, text, answers, codes, faults };
}

const codesWithSecond = (code: string, count = 20) =>
  Array.from({ length: count }, (_, at) => (at === 1 ? code : 'granted'));
const isBad = ({ filename }: Readonly<InitFile>): boolean => filename === 'bad.mp4';
const fail = (): never => {
  throw new Error('hush: SELECT * FROM secrets at /srv/app');
};

describe('one invalid file of a call', () => {
  const functions: Record<string, SignerOptions['policy']> = {
    'a key function that throws': { key: (file) => (isBad(file) ? fail() : `k/${file.filename}`) },
    'a key function that rejects': { key: async (file) => (isBad(file) ? fail() : `k/${file.filename}`) },
    'a key function that throws no Error': {
      key: (file) => {
        if (isBad(file)) throw Object.create(null);
        return `k/${file.filename}`;
      },
    },
    'a key with more than 1,024 bytes of UTF-8': {
      key: (file) => (isBad(file) ? '文'.repeat(342) : `k/${file.filename}`),
    },
    'a key that is empty': { key: (file) => (isBad(file) ? '' : `k/${file.filename}`) },
    'a key that is not a string': { key: (file) => (isBad(file) ? (7 as unknown as string) : `k/${file.filename}`) },
    'tags that throw': { tags: (file) => (isBad(file) ? fail() : { a: 'b' }) },
    'more than 10 tags': {
      tags: (file) =>
        isBad(file) ? Object.fromEntries(Array.from({ length: 11 }, (_, at) => [`t${at}`, 'x'])) : { a: 'b' },
    },
    'metadata that throws': { metadata: (file) => (isBad(file) ? fail() : { a: 'b' }) },
    'metadata with a name that is not a valid header name': {
      metadata: (file) => ({ [isBad(file) ? 'a b' : 'a']: 'b' }),
    },
    'metadata that is not a string': {
      metadata: (file) => ({ a: (isBad(file) ? { toString: 7 } : 'b') as string }),
    },
  };
  for (const [fault, policy] of Object.entries(functions)) {
    it(`is the only one refused for ${fault}, and onError receives the reason once`, async () => {
      const { status, text, codes, faults, answers } = await callInit({ policy });
      assert.deepEqual([status, codes], [200, codesWithSecond('policy-failed')]);
      assert.equal(faults.length, 1);
      assert.match(String(faults[0]), /^PolicyError: policy\.(key|tags|metadata)(:| failed| must| returned)/);
      assert.doesNotMatch(text, /hush|SELECT|srv/);
      const { error } = answers[1] as { error: { message: string } };
      assert.match(error.message, /^“bad\.mp4” was refused: .+\.$/);
    });
  }

  it('reports the error that the function threw, with its stack, as the cause', async () => {
    const { faults } = await callInit({ policy: { key: fail } }, [{}]);
    assert.match((faults[0] as { cause: Error }).cause.stack!, /hush[^]*one-bad-file/);
  });

  it('is the only one refused for an invalid field', async () => {
    for (const bad of [
      { filesize: -1 },
      { filename: 7 as unknown as string },
      { last_modified: 1e300 },
      { content_type: 'x'.repeat(2_000) },
      { checksums: Array.from({ length: 30 }, () => 'crc32') as [] },
      { upload_id: 'ü' },
    ]) {
      const { status, codes } = await callInit({}, [{}, bad, {}]);
      assert.equal(status, 200, JSON.stringify(bad).slice(0, 80));
      assert.deepEqual(codes, codesWithSecond(bad.checksums ? 'too-many' : 'invalid-request', 3));
    }
    assert.equal((await callInit({}, [{ filesize: -1 }])).status, 400, 'a call without a valid file is refused');
  });

  it('is granted with a very long name and a very deep path', async () => {
    const policy = { key: (file: Readonly<InitFile>) => `inbox/${file.relative_path ?? file.filename}` };
    const deepPath = (end: string): Partial<InitFile> => ({ relative_path: `${'ordner-ü/'.repeat(900)}${end}` });
    const { codes, answers, faults } = await callInit({ policy }, [
      {},
      deepPath('a/film.mp4'),
      deepPath('b/film.mp4'),
      { relative_path: `${'🎬'.repeat(4_000)}.mp4` },
      { filename: `${'x'.repeat(9_000)}.mp4` },
    ]);
    assert.deepEqual(codes, Array(5).fill('granted'));
    assert.deepEqual(faults, []);
    const keys = answers.map((answer) => ('key' in answer ? answer.key : ''));
    assert.equal(new Set(keys).size, 5, 'two paths with the same beginning and end have two keys');
    for (const key of keys) {
      assert.ok(Buffer.byteLength(key) <= 1_024 && key.endsWith('.mp4') && !/\p{Cs}/u.test(key), key);
    }
  });

  it('is granted if metadata and tags are made of its very long name', async () => {
    const name = `${'🎬'.repeat(3_000)}.mp4`;
    const policy: SignerOptions['policy'] = {
      metadata: (file) => ({ name: file.filename, path: file.relative_path ?? '', owner: 'ada' }),
      tags: (file) => ({ name: file.filename }),
    };
    const { codes, answers } = await callInit({ policy }, [{}, { filename: name, relative_path: `f/${name}` }]);
    assert.deepEqual(codes, ['granted', 'granted']);
    const { headers } = (answers[1] as { init: { headers: Record<string, string> } }).init;
    assert.equal(headers['x-amz-meta-owner'], 'ada');
    const bytes = Object.entries(headers).filter(([header]) => header.startsWith('x-amz-meta-'));
    assert.ok(bytes.flat().join('').length <= 2_048);
    for (const value of Object.values(headers)) assert.doesNotMatch(decodeURIComponent(value), /\p{Cs}|\ufffd/u);
  });

  it('starts a new upload if the tracker fails for it; the call fails with 500 if the tracker fails for all files', async () => {
    const memoryTracker = createMemoryTracker();
    let queries = 0;
    const tracker = {
      ...memoryTracker,
      find: async (...query: Parameters<typeof memoryTracker.find>) => {
        if ((queries += 1) === 2) throw new Error('deadlock');
        return memoryTracker.find(...query);
      },
    };
    const { status, codes, faults } = await callInit({ tracker });
    assert.deepEqual([status, codes], [200, codesWithSecond('granted')]);
    assert.deepEqual(faults.map(String), ['Error: deadlock']);
    const down = await callInit({ tracker: { ...memoryTracker, find: () => Promise.reject(new Error('down')) } });
    assert.deepEqual([down.status, down.faults.map(String)], [500, ['Error: down']]);
  });

  it('does not end the call or the process if the hooks reject, too', async () => {
    const caller = createCaller({
      log: () => Promise.reject(new Error('log: disk full')),
      onError: () => Promise.reject(new Error('onError: disk full')),
      policy: { key: fail },
    });
    const { error: printError } = console;
    const lines: unknown[] = [];
    console.error = (...line: unknown[]) => lines.push(line.join(' '));
    try {
      assert.equal((await caller.init()).error?.code, 'policy-failed');
      await new Promise((resolve) => setImmediate(resolve));
    } finally {
      console.error = printError;
    }
    assert.equal(lines.length, 2);
    for (const line of lines) assert.match(String(line), /onError failed: Error: onError: disk full/);
  });
});
