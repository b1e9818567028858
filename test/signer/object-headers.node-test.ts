import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { headersFor } from '../../src/signer/object-headers.js';
import type { ObjectPolicy } from '../../src/signer/object-headers.js';
import { createCaller, fileOf, queryOf } from './caller.js';

const headersOf = (policy: ObjectPolicy, filename = 'film.mp4') => headersFor(policy, fileOf({ filename }), 'ada');

describe('headers of a new object', () => {
  it('carry what the policy fixes, signed, for the browser to replay', async () => {
    const policy = {
      storageClass: 'STANDARD_IA',
      encryption: 'AES256',
      tags: { 'a b': 'c&d=e', team: 'ü' },
      metadata: { Owner: 'ada' },
      disposition: 'attachment',
    } as const;
    const expected = {
      'content-type': 'video/mp4',
      'content-disposition': `attachment; filename="film.mp4"; filename*=UTF-8''film.mp4`,
      'x-amz-storage-class': 'STANDARD_IA',
      'x-amz-server-side-encryption': 'AES256',
      'x-amz-tagging': 'a%20b=c%26d%3De&team=%C3%BC',
      'x-amz-meta-owner': 'ada',
    };
    for (const filesize of [5, 100e6]) {
      const { init, put } = await createCaller({ policy }).init({ filesize });
      const { headers, url } = (init ?? put)!;
      assert.deepEqual(headers, expected);
      const signed = queryOf(url)['X-Amz-SignedHeaders']!.split(';');
      for (const name of Object.keys(expected)) assert.ok(signed.includes(name), name);
    }
  });

  it('name the key of KMS that encrypts', async () => {
    assert.deepEqual(await headersOf({ encryption: { kmsKeyId: 'arn:aws:kms:x:1:key/2', bucketKey: true } }), {
      'content-type': 'video/mp4',
      'x-amz-server-side-encryption': 'aws:kms',
      'x-amz-server-side-encryption-aws-kms-key-id': 'arn:aws:kms:x:1:key/2',
      'x-amz-server-side-encryption-bucket-key-enabled': 'true',
    });
    assert.equal((await headersOf({ encryption: 'aws:kms' }))['x-amz-server-side-encryption'], 'aws:kms');
  });

  it('are told by function who uploads what', async () => {
    const headers = await headersOf({
      tags: async (_, principal) => ({ user: principal! }),
      metadata: ({ filename }) => ({ name: filename }),
    });
    assert.equal(headers['x-amz-tagging'], 'user=ada');
    assert.equal(headers['x-amz-meta-name'], 'film.mp4');
  });

  it('let no file name out of its header, and lose nothing of it', async () => {
    const names = [
      'a"; x="b.txt',
      'ü\r\nx-amz-acl: public-read',
      ' two  spaces ',
      '100%.txt',
      '🎬\u202e.mp4',
      '\ud800',
    ];
    for (const filename of names) {
      const policy = {
        disposition: 'inline',
        metadata: (file: { filename: string }) => ({ n: file.filename }),
      } as const;
      const headers = await headersOf(policy, filename);
      for (const value of Object.values(headers)) assert.match(value, /^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/);
      assert.equal(decodeURIComponent(headers['x-amz-meta-n']!), filename.replace('\ud800', '\ufffd'));
      assert.match(
        headers['content-disposition']!,
        /^inline; filename="[^"\\]*"; filename\*=UTF-8''[\w!#$&+.^`|~%-]+$/,
      );
      assert.doesNotThrow(() => new Headers(headers));
    }
  });

  it('fault the owner for functions that give what S3 does not take', async () => {
    const many = Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`t${index}`, 'x']));
    for (const policy of [
      { tags: many },
      { tags: { '': 'x' } },
      { tags: () => ({ a: 'x'.repeat(257) }) },
      { metadata: () => ({ 'a b': 'c' }) },
      { metadata: () => ({ a: 'x'.repeat(2_100) }) },
      { metadata: () => ({ a: 7 as unknown as string }) },
    ] satisfies ObjectPolicy[]) {
      await assert.rejects(headersOf(policy), /policy\.(tags|metadata) gave/);
    }
  });
});
