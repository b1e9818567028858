/** Requests of the signer to a real store (Ceph): the store check, receipts, `sweep` and the conformance rules. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { checkStore } from '../../src/signer/tools/check/check-store.js';
import { checkConformance } from '../../src/signer/tools/conformance/conformance.js';
import { createMemoryTracker, createSigner, sweep, verifyReceipt } from '../../src/signer/index.js';
import type { SignerOptions, StoredFile } from '../../src/signer/index.js';
import { toNodeHandler } from '../../src/signer/node.js';
import { startCeph } from '../servers/ceph.js';
import type { Ceph } from '../servers/ceph.js';
import { S3Client } from '../servers/s3-client.js';
import type { InitPost, SignedRequest } from '../../src/protocol.js';
import { createCaller, DAY_MS, fileOf } from './caller.js';

const SECRET = 'a secret of sixteen';
const ORIGIN = 'https://page.example';
const EXPOSED = ['ETag', 'Retry-After', 'x-amz-request-id', 'x-amz-version-id'];
const MIB = 1024 ** 2;

let ceph: Ceph;
let s3: S3Client;
let options: SignerOptions;

const corsOf = (methods: readonly string[], exposed: readonly string[]): string => {
  const tags = (name: string, values: readonly string[]) => values.map((text) => `<${name}>${text}</${name}>`).join('');
  const rule = [
    tags('AllowedOrigin', [ORIGIN]),
    tags('AllowedMethod', methods),
    tags('AllowedHeader', ['*']),
    tags('ExposeHeader', exposed),
  ].join('');
  return `<CORSConfiguration><CORSRule>${rule}</CORSRule></CORSConfiguration>`;
};
const METHODS = ['GET', 'HEAD', 'PUT', 'POST', 'DELETE'];

before(async () => {
  ceph = await startCeph();
  s3 = new S3Client(ceph);
  await s3.createBucket('films');
  await s3.putCors('films', corsOf(METHODS, EXPOSED));
  // the bucket policy of the README
  const uploader = await ceph.createUser('uploader');
  const statement = {
    Effect: 'Allow',
    Principal: { AWS: [uploader.arn] },
    Action: ['s3:PutObject', 's3:GetObject', 's3:AbortMultipartUpload', 's3:ListMultipartUploadParts'],
    Resource: ['arn:aws:s3:::films/uploads/*'],
  };
  const body = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  const answer = await s3.request('PUT', s3.address('films', '', { policy: '' }), { body });
  assert.ok(answer.ok, await answer.text());
  options = {
    bucket: 'films',
    endpoint: ceph.url,
    credentials: uploader,
    allowAnonymous: true,
    origins: [ORIGIN],
  };
});
after(() => ceph.stop());

describe('the check of a store', () => {
  /** Returns the findings with a fault, without the warning that Ceph 16 always causes, which the next test expects. */
  const faultsOf = async (changed: Partial<SignerOptions> = {}) =>
    (await checkStore({ ...options, ...changed })).filter(
      ({ rule, fault, isWarning }) => fault !== null && !(isWarning && rule.startsWith('the store rejects unsigned')),
    );

  it('reports a fault if the option refusesUnsignedHeaders is wrong', async () => {
    const [finding, ...rest] = await faultsOf({ refusesUnsignedHeaders: true });
    assert.deepEqual(rest, []);
    assert.match(
      finding!.fault!,
      /acts on unsigned x-amz-acl and x-amz-copy-source: .* remove the option refusesUnsignedHeaders$/,
    );
  });

  it('reports only the unsigned headers of Ceph 16 after the setup of the README, and leaves no object and no upload', async () => {
    const findings = await checkStore(options);
    const [unsigned, ...rest] = findings.filter(({ fault }) => fault !== null);
    assert.deepEqual(rest, []);
    assert.match(
      unsigned!.fault!,
      /acts on unsigned x-amz-acl and x-amz-copy-source; this signer signs headers that prevent both/,
    );
    assert.equal(unsigned!.isWarning, true);
    assert.equal(findings.length, 9);
    assert.deepEqual(await s3.listUploads('films'), []);
    assert.deepEqual(await s3.listObjects('films'), []);
  });

  it('names each excess permission of the credentials, with the corrected policy', async () => {
    const [finding, ...rest] = await faultsOf({ credentials: ceph });
    assert.deepEqual(rest, []);
    assert.equal(finding!.isWarning, true);
    for (const permission of [
      'list the objects',
      'read the CORS rule',
      'list all buckets',
      'write outside of uploads/',
    ])
      assert.ok(finding!.fault!.includes(permission), finding!.fault!);
    assert.match(finding!.advice!, /"Resource": "arn:aws:s3:::films\/uploads\/\*"/);
    assert.deepEqual(await s3.listUploads('films'), []);
  });

  it('names the permissions that the credentials lack', async () => {
    const stranger = await ceph.createUser('stranger');
    const [finding] = await faultsOf({ credentials: stranger });
    assert.match(finding!.fault!, /the credentials lack the permission/);
    assert.match(finding!.advice!, /s3:ListMultipartUploadParts/);
    assert.match((await faultsOf({ credentials: { ...stranger, accessKeyId: 'nobody' } }))[0]!.fault!, /does not know/);
    const wrongSecret = { ...stranger, secretAccessKey: 'wrong' };
    assert.match((await faultsOf({ credentials: wrongSecret }))[0]!.fault!, /secret access key does not belong/);
  });

  it('reports a missing bucket, and a store that does not answer', async () => {
    const [finding] = await faultsOf({ bucket: 'none', credentials: ceph });
    assert.equal(finding!.fault, 'bucket none does not exist');
    assert.equal(finding!.advice, 'aws s3 mb s3://none --region us-east-1');
    assert.match((await faultsOf({ endpoint: 'http://127.0.0.1:1' }))[0]!.fault!, /does not answer \(/);
  });

  it('reports what the CORS rule lacks for each origin, with the corrected rule', async () => {
    const [other] = await faultsOf({ origins: ['https://other.example'] });
    assert.match(
      other!.fault!,
      /refuses PUT with content-type, x-amz-acl, x-amz-copy-source-if-match, x-amz-copy-source-range; POST with content-type, x-amz-acl; GET; DELETE; HEAD/,
    );
    assert.match(other!.advice!, /"AllowedOrigins": \[\s*"https:\/\/other\.example"/);
    await s3.putCors('films', corsOf(['GET', 'HEAD', 'PUT', 'POST'], EXPOSED));
    assert.match((await faultsOf())[0]!.fault!, /refuses DELETE$/);
    await s3.putCors('films', corsOf(METHODS, EXPOSED.slice(1)));
    assert.match((await faultsOf())[0]!.fault!, /ExposeHeaders lacks ETag/);
    await s3.putCors('films', corsOf(METHODS, ['ETag']));
    const [hint, ...rest] = await faultsOf();
    assert.deepEqual([hint!.isWarning, rest], [true, []]);
    assert.match(hint!.fault!, /lacks retry-after, x-amz-request-id, x-amz-version-id$/);
    await s3.putCors('films', corsOf(METHODS, EXPOSED));
    assert.match((await faultsOf({ origins: undefined }))[0]!.fault!, /no origin is configured/);
  });
});

describe('the signer at a real store', () => {
  it('passes the conformance rules with the permissions of the README', async () => {
    const sign = createSigner({
      ...options,
      allowAnonymous: undefined,
      authorize: (request) => request.headers.get('x-user'),
      tracker: createMemoryTracker(),
      receipts: true,
      secret: SECRET,
      policy: { key: 'uploads/{principal}/{name}' },
    });
    const server = createServer(toNodeHandler(sign)).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/sign`;
    const results = await checkConformance({ url, headers: { 'x-user': 'ada' }, otherHeaders: { 'x-user': 'bob' } });
    server.closeAllConnections();
    server.close();
    assert.deepEqual(
      results.filter(({ fault }) => fault !== null),
      [],
    );
  });

  it('calls onComplete and returns a receipt only after the store has the object', async () => {
    const completed: [StoredFile, string | null][] = [];
    const caller = createCaller({
      ...options,
      allowAnonymous: undefined,
      now: () => Date.now(),
      secret: SECRET,
      receipts: true,
      onComplete: (object, principal) => void completed.push([object, principal]),
    });
    const { key, grant, put } = await caller.init({ filesize: 3 });
    const notification = { key, grant, upload_id: '', chunks: [], state: 'complete' as const };
    assert.equal(await caller.refusal('chunk_loaded', notification), '409 not-stored');
    assert.equal((await fetch(put!.url, { method: 'PUT', headers: put!.headers, body: 'abc' })).status, 200);
    const { receipt } = (await caller.call('chunk_loaded', notification)) as { receipt: string };
    const read = await verifyReceipt(receipt, { secret: SECRET, bucket: 'films', principal: 'ada' });
    assert.deepEqual([read.key, read.size, read.etag], [key, 3, '900150983cd24fb0d6963f7d28e17f72']);
    assert.deepEqual([completed[0]![0].key, completed[0]![1]], [key, 'ada']);
  });

  it('stores a file named ${filename} under the granted key, although the store replaces this variable in forms', async () => {
    const caller = createCaller({
      ...options,
      credentials: ceph,
      allowAnonymous: undefined,
      now: () => Date.now(),
      policy: { posts: true },
    });
    const body = {
      files: [fileOf({ filesize: 3, filename: 'plain' }), fileOf({ id: 'b', filesize: 3, filename: '${filename}' })],
    };
    const { posts, files } = await caller.call('get_init_signature', body);
    const [plain, variable] = files as [InitPost, { key: string; put: SignedRequest }];
    // the store does replace the variable: a form with it in the key stores the object as "blob"
    const form = new FormData();
    const folder = plain.key.slice(0, -'plain'.length);
    const { url, fields } = posts![plain.post]!;
    for (const [name, value] of Object.entries({ ...fields, key: `${folder}\${filename}` })) form.append(name, value);
    form.append('file', new Blob(['abc']), 'blob');
    assert.equal((await fetch(url, { method: 'POST', body: form })).status, 201);
    // so that the signer grants this file a PUT
    const { put, key } = variable;
    assert.ok(key.endsWith('/${filename}'));
    assert.equal((await fetch(put.url, { method: 'PUT', headers: put.headers, body: 'abc' })).status, 200);
    const keys = (await s3.listObjects('films')).map((object) => object.key);
    assert.ok(keys.includes(`${folder}blob`) && keys.includes(key), keys.join(' '));
  });

  it('sweeps only uploads that have been inactive for days', async () => {
    let now = Date.now() - 9 * DAY_MS;
    const tracker = createMemoryTracker({ now: () => now });
    const caller = createCaller({ ...options, allowAnonymous: undefined, now: () => Date.now(), tracker });
    const startTracked = async (last_modified: number) => {
      const { key, grant, init } = await caller.init({ filesize: 9 * MIB, last_modified });
      const text = await (await fetch(init!.url, { method: 'POST', headers: init!.headers })).text();
      const upload_id = /<UploadId>([^<]+)/.exec(text)![1]!;
      await caller.call('chunk_loaded', { key, grant, upload_id, chunks: [], state: 'started' });
      return upload_id;
    };
    await startTracked(1);
    const gone = await startTracked(2);
    const known = (await s3.listUploads('films')).find(({ uploadId }) => uploadId === gone)!;
    await s3.abort('films', known.key, gone);
    now = Date.now();
    const recent = await startTracked(3);
    assert.deepEqual(await sweep({ ...options, tracker }), { aborted: 1, gone: 1, failed: [], hasMore: false });
    assert.deepEqual(
      (await s3.listUploads('films')).map(({ uploadId }) => uploadId),
      [recent],
    );
  });
});
