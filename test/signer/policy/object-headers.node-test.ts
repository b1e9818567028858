import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { objectHeaders } from '../../../src/signer/policy/object-headers.js';
import type { ObjectPolicy } from '../../../src/signer/policy/object-headers.js';
import { createCaller, fileOf, queryOf } from '../caller.js';

const headersOf = (policy: ObjectPolicy, filename = 'film.mp4') => objectHeaders(policy, fileOf({ filename }), 'ada');

describe('headers of a new object', () => {
  it('contain the settings of the policy; the signature covers them, and the browser sends them', async () => {
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

  it('name the KMS key for encryption', async () => {
    assert.deepEqual(await headersOf({ encryption: { kmsKeyId: 'arn:aws:kms:x:1:key/2', bucketKey: true } }), {
      'content-type': 'video/mp4',
      'x-amz-server-side-encryption': 'aws:kms',
      'x-amz-server-side-encryption-aws-kms-key-id': 'arn:aws:kms:x:1:key/2',
      'x-amz-server-side-encryption-bucket-key-enabled': 'true',
    });
    assert.equal((await headersOf({ encryption: 'aws:kms' }))['x-amz-server-side-encryption'], 'aws:kms');
  });

  it('are computed by a function of file and principal', async () => {
    const headers = await headersOf({
      tags: async (_, principal) => ({ user: principal! }),
      metadata: ({ filename }) => ({ name: filename }),
    });
    assert.equal(headers['x-amz-tagging'], 'user=ada');
    assert.equal(headers['x-amz-meta-name'], 'film.mp4');
  });

  it('encode any file name, so that it neither ends its header nor begins another', async () => {
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

  const elevenTags = Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`t${index}`, 'x']));

  it('are refused if a function returns values that S3 does not accept and that cannot be shortened', async () => {
    for (const policy of [
      { tags: () => elevenTags },
      { tags: () => ({ '': 'x' }) },
      { tags: () => ({ 'aws:owner': 'x' }) },
      { tags: () => ({ ['x'.repeat(129)]: 'x' }) },
      { tags: () => 'a=b' as unknown as Record<string, string> },
      { metadata: () => ({ 'a b': 'c' }) },
      { metadata: () => ({ a: 7 as unknown as string }) },
      { metadata: () => Object.fromEntries(Array.from({ length: 130 }, (_, index) => [`name-${index}`, ''])) },
    ] satisfies ObjectPolicy[]) {
      await assert.rejects(headersOf(policy), /policy\.(tags|metadata)(:| must return)/);
    }
  });

  it('are checked by createSigner if they are constant', () => {
    for (const policy of [
      { tags: elevenTags },
      { tags: { '': 'x' } },
      { tags: { a: 'x'.repeat(257) } },
      { metadata: { 'a b': 'c' } },
      { metadata: { a: 'x'.repeat(2_100) } },
    ] satisfies ObjectPolicy[] as ObjectPolicy[]) {
      assert.throws(
        () => createCaller({ policy }),
        /^OptionError: option policy\.(tags|metadata): (\d+ (tags|bytes)|invalid (tag|name))/,
      );
    }
  });

  it('have _ for each character that a tag cannot contain, if a function returns one', async () => {
    const { 'x-amz-tagging': tagging } = await headersOf({
      tags: ({ filename }) => ({ name: `${filename} (1)` }),
    });
    assert.equal(decodeURIComponent(tagging!), 'name=film.mp4 _1_');
  });

  it("are shortened to S3's limits by whole characters if a function returns longer values", async () => {
    const letter = '\u{20000}';
    const long = await headersOf({ tags: () => ({ name: `x${letter.repeat(200)}` }) });
    assert.equal(decodeURIComponent(long['x-amz-tagging']!), `name=x${letter.repeat(127)}`);

    const film = '🎬'.repeat(1_000);
    const headers = await headersOf({ metadata: () => ({ short: 'kept whole', name: film, path: `a/${film}` }) });
    const sizes = Object.entries(headers).filter(([name]) => name.startsWith('x-amz-meta-'));
    const bytes = sizes.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
    // 2 KiB without the signer's own header, whose value has 22 characters
    const limit = 2_048 - 'x-amz-meta-mule-upload'.length - 22;
    assert.ok(bytes <= limit && bytes > 1_950, `${bytes} bytes`);
    assert.equal(headers['x-amz-meta-short'], 'kept whole');
    assert.match(decodeURIComponent(headers['x-amz-meta-name']!), /^(?:🎬){70,}$/u);
    assert.match(decodeURIComponent(headers['x-amz-meta-path']!), /^a\/(?:🎬){70,}$/u);
  });
});
