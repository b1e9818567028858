import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createSigner } from '../../../src/signer/index.js';
import { resolveOptions } from '../../../src/signer/options/settings.js';
import type { SignerOptions } from '../../../src/signer/options/signer-options.js';
import { CREDENTIALS } from '../caller.js';

const VALID_OPTIONS: SignerOptions = { bucket: 'films', credentials: CREDENTIALS, allowAnonymous: true };

describe('signer options', () => {
  it('have the documented defaults, also for undefined', () => {
    const settings = resolveOptions({
      ...VALID_OPTIONS,
      region: undefined,
      expires: undefined,
      policy: { maxFiles: undefined },
    });
    assert.equal(settings.store.host, 'films.s3.us-east-1.amazonaws.com');
    assert.equal(settings.expiresS, 3_600);
    assert.equal(settings.grantLifeMs, 7 * 86_400_000);
    assert.equal(settings.policy.maxFiles, 100);
    assert.equal(settings.origins, null);
  });

  it('call fetch as a function, not as a method, because workers reject that', async () => {
    const settings = resolveOptions({
      ...VALID_OPTIONS,
      fetch: function (this: unknown) {
        return Promise.resolve(new Response(this === undefined ? 'function' : 'method'));
      },
    });
    const response = await settings.fetch('https://store.example');
    assert.equal(await response.text(), 'function');
  });

  const invalidOptions: [string, Record<string, unknown>][] = [
    ['bucket: undefined', { bucket: undefined }],
    ['bucket: "../other"', { bucket: '../other' }],
    ['region: "eu west"', { region: 'eu west' }],
    ['endpoint: "store.example"', { endpoint: 'store.example' }],
    ['pathStyle: "yes"', { pathStyle: 'yes' }],
    ['allowAnonymous: 1', { allowAnonymous: 1 }],
    ['authorize: undefined', { allowAnonymous: undefined }],
    ['authorize: true', { authorize: true }],
    ['credentials.secretAccessKey', { credentials: { accessKeyId: 'a', secretAccessKey: '' } }],
    ['credentials.accessKeyId', { credentials: undefined }],
    ['secret', { secret: 'short' }],
    ['secret', { secret: [] }],
    ['origins: "https://a.example/path"', { origins: ['https://a.example/path'] }],
    ['origins: "https://a.example"', { origins: 'https://a.example' }],
    ['policy: null', { policy: null }],
    ['expires: 0', { expires: 0 }],
    ['expires: 604801', { expires: 604_801 }],
    ['grantLife: -1', { grantLife: -1 }],
    ['renewalTime: 1.5', { renewalTime: 1.5 }],
    ['tracker', { tracker: { find() {} } }],
    ['policy.maxSize: NaN', { policy: { maxSize: NaN } }],
    ['policy.minSize: 11', { policy: { maxSize: 10, minSize: 11 } }],
    ['policy.maxFiles: 0', { policy: { maxFiles: 0 } }],
    ['policy.partSize: 1000', { policy: { partSize: 1_000 } }],
    ['policy.accept: 7', { policy: { accept: 7 } }],
    ['policy.accept: "image/.*"', { policy: { accept: 'image/.*' } }],
    ['policy.accept: "/\\\\.pdf$/, image/**"', { policy: { accept: '/\\.pdf$/, image/**' } }],
    ['policy.accept: ","', { policy: { accept: ',' } }],
    ['policy.key: "k"', { policy: { key: 'k' } }],
    ['policy.key: 7', { policy: { key: 7 } }],
    ['policy.overwrite: 0', { policy: { overwrite: 0 } }],
    ['policy.posts: true', { policy: { posts: true, overwrite: false } }],
    ['policy.storageClass: "cheap"', { policy: { storageClass: 'cheap' } }],
    ['policy.encryption: "yes"', { policy: { encryption: 'yes' } }],
    ['policy.tags', { policy: { tags: { a: 7 } } }],
    ['policy.metadata: "a"', { policy: { metadata: 'a' } }],
    ['policy.disposition: "download"', { policy: { disposition: 'download' } }],
    ['throttle: 5', { throttle: 5 }],
    ['log: "file"', { log: 'file' }],
    ['dualStack: "yes"', { dualStack: 'yes' }],
    ['accelerate: true', { accelerate: true, endpoint: 'https://store.example' }],
    ['accelerate: true', { accelerate: true, bucket: 'my.films' }],
    ['policy.objectKeys: true', { policy: { objectKeys: true } }],
    ['policy.acls: "private"', { policy: { acls: 'private' } }],
  ];
  for (const [description, options] of invalidOptions) {
    it(`are refused with a TypeError that names ${description}`, () => {
      const create = () => createSigner({ ...VALID_OPTIONS, ...options });
      assert.throws(
        create,
        (error: Error) => error instanceof TypeError && error.message.startsWith(`option ${description}`),
      );
    });
  }

  const unset: [string, string, Record<string, unknown>][] = [
    ['S3_BUCKET', 'bucket', { bucket: undefined }],
    ['S3_BUCKET', 'bucket', { bucket: '' }],
    ['AWS_REGION', 'region', { region: '' }],
    ['S3_ENDPOINT', 'endpoint', { endpoint: '' }],
    ['AWS_ACCESS_KEY_ID', 'credentials.accessKeyId', { credentials: { ...CREDENTIALS, accessKeyId: '' } }],
    ['AWS_ACCESS_KEY_ID', 'credentials.accessKeyId', { credentials: { ...CREDENTIALS, accessKeyId: undefined } }],
    ['AWS_ACCESS_KEY_ID', 'credentials.accessKeyId', { credentials: undefined }],
    ['AWS_SECRET_ACCESS_KEY', 'credentials.secretAccessKey', { credentials: { accessKeyId: 'a' } }],
    ['AWS_SESSION_TOKEN', 'credentials.sessionToken', { credentials: { ...CREDENTIALS, sessionToken: '' } }],
    ['SIGNER_SECRET', 'secret', { secret: '' }],
    ['SIGNER_SECRET', 'secret', { secret: [undefined] }],
    ['SIGNER_NAME', 'name', { name: '' }],
    ['ORIGINS', 'origins', { origins: [''] }],
  ];
  for (const [variable, option, options] of unset) {
    it(`name the environment variable ${variable}, which may be unset, if ${option} is empty or missing`, () => {
      assert.throws(() => createSigner({ ...VALID_OPTIONS, ...options }), {
        name: 'OptionError',
        message: new RegExp(
          `^option ${option.replace('.', '\\.')}: .+; is the environment variable ${variable} set\\?$`,
        ),
      });
    });
  }

  it('name no environment variable for a value that is set but invalid', () => {
    for (const options of [
      { bucket: '../x' },
      { secret: 'short' },
      { credentials: { accessKeyId: 7 } },
      { credentials: { ...CREDENTIALS, expiration: '2026-12-01T00:00:00Z' } },
      { credentials: { ...CREDENTIALS, expiration: new Date(NaN) } },
    ]) {
      const create = () => createSigner({ ...VALID_OPTIONS, ...options } as unknown as SignerOptions);
      assert.throws(create, (error: Error) => error.name === 'OptionError' && !error.message.includes('environment'));
    }
  });

  it('are refused with messages that contain no secret', () => {
    for (const options of [
      { secret: 'hush-hush' },
      { credentials: { accessKeyId: '', secretAccessKey: 'hush-hush' } },
    ]) {
      assert.throws(
        () => createSigner({ ...VALID_OPTIONS, ...options }),
        (error: Error) => !error.message.includes('hush'),
      );
    }
  });
});
