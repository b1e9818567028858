/** Tests the store check on the demo's bucket, with faults injected into its requests. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startBucket } from '../../../../demo/bucket/index.js';
import type { RunningBucket } from '../../../../demo/bucket/index.js';
import { checkStore } from '../../../../src/signer/tools/check/check-store.js';
import type { SignerOptions } from '../../../../src/signer/index.js';
import { S3Client } from '../../../servers/s3-client.js';
import { CREDENTIALS } from '../../caller.js';

const ORIGIN = 'https://page.example';

describe('the store check', () => {
  let dir: string;
  let bucket: RunningBucket;
  let s3: S3Client;
  before(async () => {
    dir = await mkdtemp(path.join(tmpdir(), 'mule-check-'));
    bucket = await startBucket({ dir, buckets: ['films'], credentials: CREDENTIALS });
    s3 = new S3Client({ url: bucket.url, region: 'us-east-1', ...CREDENTIALS });
  });
  after(async () => {
    await bucket.close();
    await rm(dir, { recursive: true });
  });

  const check = (options: Partial<SignerOptions> = {}) =>
    checkStore({
      bucket: 'films',
      endpoint: bucket.url,
      credentials: CREDENTIALS,
      allowAnonymous: true,
      origins: [ORIGIN],
      ...options,
    });

  it('aborts its multipart uploads whichever request fails, and reports no signature', async () => {
    // fails the first request, then only the second, and so on, until a run has fewer requests
    let failingRequest = 0;
    let requestCount: number;
    do {
      failingRequest += 1;
      requestCount = 0;
      const findings = await check({
        fetch: async (url, init) => {
          requestCount += 1;
          if (requestCount !== failingRequest) return fetch(url, init);
          // the message contains the signed URL, as some runtimes' messages do
          throw new TypeError(`Failed to parse URL from ${typeof url === 'string' ? url : ''}`, {
            cause: { code: 'ECONNRESET' },
          });
        },
      });
      assert.deepEqual(await s3.listUploads('films'), [], `uploads remain after request ${failingRequest} failed`);
      assert.ok(findings.length > 0);
      assert.doesNotMatch(JSON.stringify(findings), /X-Amz-|AKIDEXAMPLE/);
    } while (requestCount >= failingRequest);
    assert.ok(requestCount > 10, `the check sent only ${requestCount} requests`);
    assert.deepEqual(await s3.listObjects('films'), []);
  });

  it('reports the upload that it could not abort, with the command to abort it', async () => {
    const findings = await check({
      fetch: (url, init) =>
        init?.method === 'DELETE' ? Promise.reject(new TypeError('connection lost')) : fetch(url, init),
    });
    const [remaining] = await s3.listUploads('films');
    const finding = findings.find(({ rule }) => rule === 'the check removes its uploads')!;
    assert.match(finding.fault!, /could not be aborted/);
    assert.ok(finding.advice!.includes(`aws s3api abort-multipart-upload --bucket films --key ${remaining!.key}`));
    for (const { key, uploadId } of await s3.listUploads('films')) await s3.abort('films', key, uploadId);
  });

  it('reports whether the store rejects unsigned headers or acts on them', async () => {
    const unsignedHeaderFinding = async (options: Partial<SignerOptions> = {}) =>
      (await check(options)).find(({ rule }) => rule.startsWith('the store rejects unsigned'))!;
    assert.equal((await unsignedHeaderFinding()).fault, null);
    Object.assign(bucket.behaviour, {
      refusesUnsignedHeaders: false,
      supportsAcls: true,
      copies: { respects: 'range' },
    });
    assert.match(
      (await unsignedHeaderFinding()).fault!,
      /^the store acts on unsigned x-amz-acl and x-amz-copy-source; this signer signs headers that prevent both/,
    );
    assert.equal((await unsignedHeaderFinding()).isWarning, true);
    const wrongOption = await unsignedHeaderFinding({ refusesUnsignedHeaders: true });
    assert.equal(wrongOption.isWarning, undefined);
    assert.match(wrongOption.fault!, /remove the option refusesUnsignedHeaders$/);
    assert.deepEqual(await s3.listUploads('films'), []);
  });
});
