/** Generates the calls of the fuzzer: valid calls, valid calls with faults, and random data. */
import fc from 'fast-check';
import type { Arbitrary } from 'fast-check';
import type { Oracle } from './fuzz-oracle.js';

export interface FuzzCall {
  user: string | null;
  path: string;
  method: string;
  headers: Record<string, string>;
  body: string | Uint8Array;
}

const ACTIONS = [
  'get_init_signature',
  'get_chunk_signature',
  'get_list_signature',
  'get_end_signature',
  'get_delete_signature',
  'get_head_signature',
  'get_all_signatures',
  'chunk_loaded',
  'chunks_loaded',
];

const EDGE_CASE_TEXTS = [
  '',
  ' ',
  '.',
  '..',
  '../../x',
  '..\\x',
  '/x',
  'a\r\nx-amz-acl: public-read',
  'a"b',
  "a'b*",
  '\u202etxt.exe',
  '\ud800',
  'a\u0000b',
  '$&{random}{name}',
  '%2e%2e/',
  'x?uploads&acl',
  '__proto__',
  'constructor',
  'é文🎬',
  'a'.repeat(1_100),
  '🎬'.repeat(600),
  'x.jpg',
  'x.jpg\u200b',
  'STANDARD',
  '\ufeff',
];
const EDGE_CASE_NUMBERS = [
  0,
  -0,
  -1,
  1,
  2,
  3,
  1.5,
  9_999,
  10_000,
  10_001,
  5 * 1024 ** 2,
  5 * 1024 ** 3,
  2 ** 53,
  1e308,
  -1e15,
];

const garbage: Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(...EDGE_CASE_TEXTS),
  fc.constantFrom<unknown>(...EDGE_CASE_NUMBERS),
  fc.constantFrom<unknown>(null, true, false, [], {}, [[]], [null], { __proto__: 1 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.jsonValue({ maxDepth: 3 }),
);

/** Generates a valid value in 30 of 31 cases, so that calls with many fields are valid often enough. */
const mostly = <T>(valid: Arbitrary<T>, invalid: Arbitrary<unknown> = garbage): Arbitrary<unknown> =>
  fc.oneof({ weight: 30, arbitrary: valid }, { weight: 1, arbitrary: invalid });

/** Generates a text with one character changed, removed or doubled, or truncated at it. */
const corrupted = (text: string): Arbitrary<string> =>
  fc
    .tuple(
      fc.nat(Math.max(text.length - 1, 0)),
      fc.constantFrom('change', 'drop', 'double', 'cut'),
      fc.string({ minLength: 1, maxLength: 1 }),
    )
    .map(([index, change, replacement]) => {
      const [head, tail] = [text.slice(0, index), text.slice(index + 1)];
      return {
        change: head + replacement + tail,
        drop: head + tail,
        double: head + text[index] + text[index] + tail,
        cut: head,
      }[change];
    });

export function callsOf(oracle: Oracle): Arbitrary<FuzzCall> {
  const known = fc.constantFrom(...oracle.known);

  /** Key, grant and upload ID of one upload; in some cases one of them is of another upload, corrupted or random. */
  const reference: Arbitrary<Record<'key' | 'grant' | 'upload_id', unknown>> = fc
    .tuple(known, known, fc.nat(40))
    .chain(([upload, otherUpload, fault]): Arbitrary<Record<'key' | 'grant' | 'upload_id', unknown>> => {
      const valid = { key: upload.key, grant: upload.grant, upload_id: upload.uploadId };
      if (fault === 0) return fc.constant({ ...valid, grant: otherUpload.grant });
      if (fault === 1) return fc.constant({ ...valid, key: otherUpload.key });
      if (fault === 2) return corrupted(upload.grant).map((grant) => ({ ...valid, grant }));
      if (fault === 3) return corrupted(upload.key).map((key) => ({ ...valid, key }));
      if (fault === 4) return garbage.map((grant) => ({ ...valid, grant }));
      if (fault === 5) return garbage.map((key) => ({ ...valid, key }));
      if (fault === 6) return garbage.map((upload_id) => ({ ...valid, upload_id }));
      return fc.constant(valid);
    });

  const details = known.chain(({ size, partSize }) => {
    const parts = Math.max(Math.ceil(size / partSize), 1);
    const chunk = fc.integer({ min: 1, max: parts });
    return fc.record(
      {
        chunk: mostly(chunk),
        // the sizes of full parts and of the last part, as the element requests them
        size: mostly(fc.constantFrom(size, partSize, size - (parts - 1) * partSize)),
        part_size: mostly(fc.constant(partSize)),
        chunks: mostly(fc.array(mostly(chunk, fc.constantFrom(...EDGE_CASE_NUMBERS)), { maxLength: 12 })),
        checksum: mostly(fc.constant(undefined)),
        checksums: mostly(fc.constant(undefined)),
        part_number_marker: mostly(fc.nat(10_000)),
        state: mostly(fc.constantFrom('started', 'complete', 'aborted')),
      },
      { requiredKeys: ['chunk', 'size', 'part_size', 'chunks'] },
    );
  });

  const file = fc.record(
    {
      id: mostly(fc.uuid()),
      filename: mostly(
        fc.oneof(fc.constantFrom('film.mp4', 'x.jpg', ...EDGE_CASE_TEXTS), fc.string({ unit: 'binary' })),
      ),
      filesize: mostly(
        fc.constantFrom(0, 1, 5, 5 * 1024 ** 2 + 1, 12 * 1024 ** 2, 100e6, 1e9, 5e12, ...EDGE_CASE_NUMBERS),
      ),
      last_modified: mostly(fc.constantFrom(1, 2)),
      content_type: mostly(
        fc.constantFrom('', 'image/jpeg', 'video/mp4', 'text/plain; charset=utf-8', 'a/b\r\nx: y', 'x'),
      ),
      relative_path: mostly(fc.string()),
      fingerprint: mostly(fc.constantFrom('f1', 'f2')),
      part_size: mostly(fc.constantFrom(1, 5 * 1024 ** 2, 6 * 1024 ** 2, 5 * 1024 ** 3)),
      object_key: fc.oneof(fc.constantFrom(...EDGE_CASE_TEXTS, 'a/b.jpg', 'folder/'), fc.string({ unit: 'binary' })),
      acl: mostly(fc.constantFrom('public-read', 'private', 'public-read-write')),
      params: garbage,
      force: mostly(fc.boolean()),
      checksums: mostly(fc.constant(undefined)),
      checksum: mostly(fc.constant(undefined)),
    },
    { requiredKeys: ['id', 'filename', 'filesize', 'last_modified', 'content_type'] },
  );
  const renewed = fc.tuple(file, reference, known).map(([one, { key, grant, upload_id }, { size }]) => ({
    ...one,
    force: undefined,
    filesize: size,
    key,
    grant,
    ...(upload_id === 'none' ? {} : { upload_id }),
  }));
  const files = fc.array(fc.oneof({ weight: 3, arbitrary: file }, { weight: 1, arbitrary: renewed }), {
    minLength: 1,
    maxLength: 4,
  });
  const init = mostly(files).map((list) => ({ files: list }));

  const validCall = fc.constantFrom(...ACTIONS).chain((action) => {
    const one = fc.tuple(reference, details).map((two) => Object.assign({}, ...two) as object);
    const batch = mostly(fc.array(one, { minLength: 1, maxLength: 4 })).map((uploads) => ({ uploads }));
    const body = action === 'get_init_signature' ? init : action === 'chunks_loaded' ? batch : one;
    return fc.tuple(fc.constant(action), body);
  });
  const json: Arbitrary<[string, string | Uint8Array]> = validCall.map(([action, body]) => [
    action,
    JSON.stringify(body),
  ]);
  const anything: Arbitrary<[string, string | Uint8Array]> = fc.tuple(
    fc.oneof(fc.constantFrom(...ACTIONS), fc.webPath()),
    fc.oneof(
      fc.json(),
      fc.string({ unit: 'binary' }),
      fc.uint8Array({ maxLength: 200 }),
      validCall.chain(([, body]) => corrupted(JSON.stringify(body))),
      fc.constant('{"__proto__":{"files":[]},"files":[{"__proto__":{}}]}'),
    ),
  );
  return fc
    .record({
      actionAndBody: fc.oneof({ weight: 15, arbitrary: json }, { weight: 1, arbitrary: anything }),
      user: fc.oneof(
        { weight: 8, arbitrary: fc.constant<string | null>('ada') },
        { weight: 1, arbitrary: fc.constantFrom<string | null>('bob', null, 'x') },
      ),
      type: fc.oneof(
        { weight: 60, arbitrary: fc.constant('application/json') },
        { weight: 1, arbitrary: fc.constantFrom('text/plain', 'application/json; charset=x') },
      ),
      method: fc.oneof(
        { weight: 60, arbitrary: fc.constant('POST') },
        { weight: 1, arbitrary: fc.constantFrom('PUT', 'OPTIONS', 'DELETE') },
      ),
    })
    .map(({ actionAndBody: [action, body], user, type, method }) => ({
      user,
      path: `/sign/${action.replace(/^\/+/, '')}`,
      method,
      headers: { 'content-type': type },
      body,
    }));
}
