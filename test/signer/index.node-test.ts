import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMemoryTracker, createSigner } from '../../src/signer/index.js';
import { createCaller, CREDENTIALS, fileOf, NOW, queryOf } from './caller.js';
import type { Caller } from './caller.js';

const PAGE = 'https://page.example';
const ALL_ACTIONS = [
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

const preflightFrom = (origin: string, headers = 'content-type,x-csrf-token') =>
  new Request('https://signer.test/get_init_signature', {
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': headers },
  });

describe('createSigner', () => {
  it('accepts only POST, and refuses other methods with the name of the action', async () => {
    const signer = createSigner({ bucket: 'bucket', credentials: CREDENTIALS, allowAnonymous: true });
    for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) {
      for (const action of ALL_ACTIONS) {
        const response = await signer(new Request(`https://signer.test/sign/${action}`, { method }));
        assert.equal(response.status, 405);
        assert.equal(response.headers.get('allow'), 'POST, OPTIONS');
        assert.deepEqual(await response.json(), {
          error: { code: 'method-not-allowed', message: `${action} does not support ${method}; send JSON by POST.` },
        });
      }
    }
  });

  it('refuses an unknown action with its name, for any method', async () => {
    const signer = createSigner({ bucket: 'bucket', credentials: CREDENTIALS, allowAnonymous: true });
    const messageStarts: [string, string][] = [
      ['', 'The URL names no action'],
      ['sign/', '“sign” is not an action'],
      ['sign/get_init_signatures', '“get_init_signatures” is not an action'],
      ['sign/<b>ü', '“%3Cb%3E%C3%BC” is not an action'],
      ['x'.repeat(5_000), `“${'x'.repeat(100)}” is not an action`],
    ];
    for (const method of ['GET', 'POST']) {
      for (const [path, start] of messageStarts) {
        const response = await signer(new Request(`https://signer.test/${path}`, { method }));
        const { error } = (await response.json()) as { error: { code: string; message: string } };
        assert.equal(response.status, 404);
        assert.equal(error.code, 'unknown-action');
        assert.ok(error.message.startsWith(start), error.message);
        assert.match(error.message, /the last segment .* must be an action, such as get_init_signature/);
      }
    }
  });

  it('reads the action from the last segment of the path, under any mount path', async () => {
    const caller = createCaller();
    for (const path of [
      'get_head_signature',
      'a/b/get_head_signature',
      'get_head_signature/',
      'get_head_signature?x=1',
    ]) {
      assert.equal((await caller.post(path, {})).status, 400, path);
    }
    for (const path of ['', 'get_secret', 'toString', '__proto__', 'constructor', 'get_head_signature/x', '%00']) {
      assert.equal((await caller.post(path, {})).status, 404, path);
    }
  });

  it('accepts only JSON', async () => {
    const caller = createCaller();
    for (const type of [
      'text/plain',
      'application/x-www-form-urlencoded',
      'application/jsonp',
      'text/plain; application/json',
    ]) {
      assert.equal((await caller.post('get_init_signature', {}, { 'content-type': type })).status, 415, type);
    }
    const response = await caller.post(
      'get_init_signature',
      { files: [fileOf()] },
      { 'content-type': 'Application/JSON; charset=utf-8' },
    );
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('cache-control'), 'no-store');
    assert.equal(response.headers.get('content-type'), 'application/json');
  });

  it('refuses an invalid request with 400 and a message', async () => {
    const caller = createCaller({ tracker: createMemoryTracker() });
    for (const body of [
      '',
      '{',
      'null',
      '[]',
      '7',
      '"x"',
      '{"files": {}}',
      '{"files": [null]}',
      '\u{1F4A3}',
      `${'['.repeat(100_000)}`,
    ]) {
      for (const action of ALL_ACTIONS) {
        const response = await caller.post(action, body);
        const { error } = (await response.json()) as { error: { code: string; message: string } };
        assert.equal(response.status, 400, `${action} ${body.slice(0, 20)}`);
        assert.match(error.code, /^invalid-(json|request)$/);
        assert.ok(error.message.length > 10);
      }
    }
  });

  it('refuses text that is not UTF-8', async () => {
    const signer = createSigner({ bucket: 'bucket', credentials: CREDENTIALS, allowAnonymous: true });
    const body = new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]);
    const headers = { 'content-type': 'application/json' };
    assert.equal(
      (await signer(new Request('https://signer.test/get_init_signature', { method: 'POST', headers, body }))).status,
      400,
    );
  });

  it('refuses a body above 1 MiB, with or without Content-Length', async () => {
    const caller = createCaller();
    assert.equal((await caller.post('get_init_signature', `{"x": "${'y'.repeat(1_048_577)}"}`)).status, 413);
    let reads = 0;
    const body = new ReadableStream({
      pull(controller) {
        reads += 1;
        controller.enqueue(new Uint8Array(65_536).fill(0x20));
      },
    });
    const signer = createSigner({ bucket: 'bucket', credentials: CREDENTIALS, allowAnonymous: true });
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body, duplex: 'half' };
    assert.equal(
      (await signer(new Request('https://signer.test/get_init_signature', init as RequestInit))).status,
      413,
    );
    assert.ok(reads < 25, `an endless body was read ${reads} times`);
  });

  it('refuses with 401 if authorize returns null, unless anonymous uploads are allowed', async () => {
    const caller = createCaller();
    caller.user = null;
    assert.equal(await caller.refusal('get_init_signature', { files: [fileOf()] }), '401 unauthorized');
    const anonymous = createCaller({ allowAnonymous: true });
    anonymous.user = null;
    const { key, grant } = await anonymous.init();
    await anonymous.call('get_head_signature', { key, grant });
    anonymous.user = 'ada';
    assert.equal(await anonymous.refusal('get_head_signature', { key, grant }), '403 principal-mismatch');
  });

  it('accepts an integer as the ID of a principal, and treats it as its decimal text', async () => {
    let id: string | number = 7;
    const caller = createCaller({ authorize: async () => id, policy: { key: (_, principal) => `${principal}/film` } });
    const { key, grant } = await caller.init();
    assert.equal(key, '7/film');
    id = '7';
    await caller.call('get_head_signature', { key, grant });
    id = 8;
    assert.equal(await caller.refusal('get_head_signature', { key, grant }), '403 principal-mismatch');
    id = 0;
    assert.equal((await caller.init()).key, '0/film');
  });

  it('reports an invalid ID from authorize to onError, and not to callers', async () => {
    const invalidIds: [unknown, string][] = [
      [true, 'true'],
      [false, 'false'],
      [NaN, 'NaN'],
      [Infinity, 'Infinity'],
      [2 ** 53, '9007199254740992'],
      [1.5, '1.5'],
      ['', 'an empty string'],
      [{ id: 7, session: 'hush' }, 'an object'],
      [['ada'], 'an object'],
      [7n, 'a bigint'],
      [() => 'ada', 'a function'],
      [Symbol('ada'), 'a symbol'],
    ];
    for (const [id, description] of invalidIds) {
      const errors: unknown[] = [];
      const onError = (error: unknown) => errors.push(error);
      const caller = createCaller({ authorize: () => id as string, allowAnonymous: true, onError });
      assert.equal(await caller.refusal('get_init_signature', { files: [fileOf()] }), '500 internal');
      assert.equal(errors.length, 1);
      const { name, message } = errors[0] as Error;
      assert.equal(name, 'TypeError');
      assert.ok(message.startsWith(`authorize returned ${description}; it must return `), message);
      assert.ok(!message.includes('hush'));
    }
  });

  it('passes request and action to authorize, and reads the body after that', async () => {
    const authorizeCalls: string[] = [];
    const caller = createCaller({
      authorize: async (request, action) => {
        authorizeCalls.push(`${action} ${request.headers.get('authorization')}`);
        return 'ada';
      },
    });
    const response = await caller.post('get_init_signature', { files: [fileOf()] }, { authorization: 'Bearer t' });
    assert.equal(response.status, 200);
    assert.deepEqual(authorizeCalls, ['get_init_signature Bearer t']);
  });

  it('signs with the current credentials of their provider, which may change during an upload', async () => {
    const HOUR_MS = 3_600_000;
    let issued = 0;
    let current = { accessKeyId: '', secretAccessKey: '', sessionToken: '', expiration: 0 };
    let isUp = true;
    // as the provider of a role does, it requests new credentials shortly before the current ones expire
    const credentials = async () => {
      if (isUp && caller.now > current.expiration - 300_000) {
        issued += 1;
        const [accessKeyId, secretAccessKey] = [`ASIA${issued}`, `secret ${issued}`];
        current = { accessKeyId, secretAccessKey, sessionToken: `token ${issued}`, expiration: caller.now + HOUR_MS };
      }
      return current;
    };
    const caller: Caller = createCaller({ credentials, secret: 'a secret of sixteen' });
    caller.now = NOW;
    const { key, grant, part_size } = await caller.init();
    const part = () => caller.call('get_chunk_signature', { key, grant, upload_id: 'u', chunk: 1, size: part_size });
    const first = await part();
    assert.deepEqual(
      [queryOf(first.url)['X-Amz-Security-Token'], queryOf(first.url)['X-Amz-Expires']],
      ['token 1', '3600'],
    );
    caller.now += HOUR_MS / 2;
    const later = await part();
    assert.equal(queryOf(later.url)['X-Amz-Expires'], '1800', 'no signature outlives its credentials');
    caller.now += HOUR_MS / 2;
    const renewed = queryOf((await part()).url);
    assert.equal(renewed['X-Amz-Security-Token'], 'token 2', 'the grant from before the change is still valid');
    assert.match(renewed['X-Amz-Credential']!, /^ASIA2\//);
    isUp = false;
    caller.now += HOUR_MS;
    const response = await caller.post('get_head_signature', { key, grant });
    assert.deepEqual([response.status, response.headers.get('retry-after')], [503, '5']);
  });

  it('answers an internal error with 500 and no details, and passes the error to onError', async () => {
    const faults: [string, Parameters<typeof createCaller>[0]][] = [
      [
        'authorize',
        {
          authorize: () => {
            throw new Error('hush: database at /srv');
          },
        },
      ],
      ['authorize', { authorize: () => true as unknown as string }],
      ['credentials', { credentials: () => Promise.reject(new Error('hush: vault')) }],
      [
        'tracker',
        {
          tracker: { find: () => Promise.reject(new Error('hush: SQL')), note: async () => {}, forget: async () => {} },
        },
      ],
    ];
    for (const [name, options] of faults) {
      const errors: unknown[] = [];
      const response = await createCaller({ ...options, onError: (error) => errors.push(error) }).post(
        'get_init_signature',
        { files: [fileOf()] },
      );
      assert.equal(response.status, 500, name);
      assert.deepEqual(await response.json(), {
        error: { code: 'internal', message: 'The signer failed; try again later.' },
      });
      assert.equal(errors.length, 1);
    }
  });

  it('never sends a secret in an answer', async () => {
    const caller = createCaller({ secret: 'sealing-secret-text' });
    const { key, grant } = await caller.init();
    const bodies = [
      { files: [fileOf()] },
      { key, grant },
      { key, grant, upload_id: 'u', size: 1, part_size: 1, chunks: [1] },
      {},
    ];
    for (const action of ALL_ACTIONS) {
      for (const body of bodies) {
        const text = await (await caller.post(action, body)).text();
        assert.ok(!text.includes(CREDENTIALS.secretAccessKey) && !text.includes('sealing-secret'), action);
      }
    }
  });

  it('accepts its grants after a restart with the same credentials or the same secret', async () => {
    for (const options of [
      {},
      { secret: 'a secret of sixteen', credentials: { accessKeyId: 'X', secretAccessKey: 'rotated' } },
    ]) {
      const { key, grant } = await createCaller(options.secret ? { secret: options.secret } : {}).init();
      await createCaller(options).call('get_head_signature', { key, grant });
    }
  });
});

describe('CORS of the signer', () => {
  it('refuses cross-site pages by Sec-Fetch-Site if no origins are listed', async () => {
    const caller = createCaller();
    const post = (site: string) =>
      caller.post('get_init_signature', { files: [fileOf()] }, { origin: PAGE, 'sec-fetch-site': site });
    for (const site of ['cross-site', 'same-site']) assert.equal((await post(site)).status, 403, site);
    // behind a proxy, the signer may see another host than the page
    for (const site of ['same-origin', 'none']) assert.equal((await post(site)).status, 200, site);
  });

  it('lets listed pages call with their headers and cookies, and read Retry-After', async () => {
    const signer = createSigner({ bucket: 'bucket', credentials: CREDENTIALS, allowAnonymous: true, origins: [PAGE] });
    const response = await signer(preflightFrom(PAGE));
    assert.equal(response.status, 204);
    assert.equal(response.headers.get('access-control-allow-origin'), PAGE);
    assert.equal(response.headers.get('access-control-allow-headers'), 'content-type,x-csrf-token');
    assert.equal(response.headers.get('access-control-allow-methods'), 'POST');
    assert.equal(response.headers.get('access-control-allow-credentials'), 'true');
    assert.equal(response.headers.get('vary'), 'Origin');
    const post = await createCaller({ origins: [PAGE] }).post('get_head_signature', {}, { origin: PAGE });
    assert.equal(post.status, 400);
    assert.equal(post.headers.get('access-control-allow-origin'), PAGE);
    assert.equal(post.headers.get('access-control-expose-headers'), 'Retry-After');
  });

  it('refuses pages of origins that are not listed, except of its own origin, and accepts programs, which send no origin', async () => {
    const caller = createCaller({ origins: [PAGE] });
    const status = async (origin: string | null, site?: string) => {
      const headers = { ...(origin && { origin }), ...(site && { 'sec-fetch-site': site }) };
      return (await caller.post('get_init_signature', { files: [fileOf()] }, headers)).status;
    };
    assert.equal(await status('https://page.example.evil.test'), 403);
    assert.equal(await status('null'), 403);
    assert.equal(await status(PAGE), 200);
    assert.equal(await status('https://signer.test'), 200);
    assert.equal(await status('https://signer.test:8443'), 403);
    // behind a proxy that changes Host
    assert.equal(await status('https://www.test', 'same-origin'), 200);
    assert.equal(await status('https://signer.test', 'same-site'), 403);
    assert.equal(await status(null), 200);
    const signer = createSigner({ bucket: 'bucket', credentials: CREDENTIALS, allowAnonymous: true, origins: [PAGE] });
    assert.equal((await signer(preflightFrom('https://evil.test'))).headers.get('access-control-allow-origin'), null);
  });

  it('lets every page call without cookies if all origins are listed', async () => {
    const response = await createSigner({
      bucket: 'bucket',
      credentials: CREDENTIALS,
      allowAnonymous: true,
      origins: ['*'],
    })(preflightFrom(PAGE));
    assert.equal(response.headers.get('access-control-allow-origin'), '*');
    assert.equal(response.headers.get('access-control-allow-credentials'), null);
  });

  it('lets no page of another origin call if none are listed', async () => {
    const signer = createSigner({ bucket: 'bucket', credentials: CREDENTIALS, allowAnonymous: true });
    const response = await signer(preflightFrom(PAGE));
    assert.equal(response.headers.get('access-control-allow-origin'), null);
    assert.equal(response.headers.get('access-control-allow-headers'), null);
  });
});
