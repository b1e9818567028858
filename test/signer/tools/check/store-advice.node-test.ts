import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { resolveOptions } from '../../../../src/signer/options/settings.js';
import type { SignerOptions } from '../../../../src/signer/index.js';
import { prefixOf, signerIamPolicy } from '../../../../src/signer/tools/check/store-advice.js';
import { CREDENTIALS } from '../../caller.js';

interface IamStatement {
  Action: string[];
  Resource: string;
}

const settingsOf = (options: Partial<SignerOptions>) =>
  resolveOptions({ bucket: 'films', credentials: CREDENTIALS, allowAnonymous: true, ...options });

/** Returns the statements of the policy that is printed for these options. */
function statementsFor(options: Partial<SignerOptions>): IamStatement[] {
  const text = signerIamPolicy(settingsOf(options));
  return (JSON.parse(text.slice(text.indexOf('{\n'))) as { Statement: IamStatement[] }).Statement;
}

describe('the IAM policy that is printed', () => {
  it('names the partition of the region', () => {
    const resourceIn = (region: string): string => statementsFor({ region })[0]!.Resource;
    assert.equal(resourceIn('eu-west-1'), 'arn:aws:s3:::films/uploads/*');
    assert.equal(resourceIn('cn-north-1'), 'arn:aws-cn:s3:::films/uploads/*');
    assert.equal(resourceIn('us-gov-west-1'), 'arn:aws-us-gov:s3:::films/uploads/*');
  });

  it('contains the KMS key that the policy of uploads names, and mentions the key of a bucket', () => {
    const keyFor = (kmsKeyId: string): IamStatement | undefined =>
      statementsFor({ region: 'eu-west-1', policy: { encryption: { kmsKeyId } } })[1];
    const arn = 'arn:aws:kms:eu-west-1:123456789012:key/1234-abcd';
    assert.deepEqual(keyFor(arn), {
      Effect: 'Allow',
      Action: ['kms:GenerateDataKey', 'kms:Decrypt'],
      Resource: arn,
    });
    assert.equal(keyFor('1234-abcd')!.Resource, 'arn:aws:kms:eu-west-1:*:key/1234-abcd');
    // permissions name keys, not their aliases
    assert.equal(keyFor('alias/films')!.Resource, 'arn:aws:kms:eu-west-1:*:key/*');
    assert.equal(keyFor('arn:aws:kms:eu-west-1:123456789012:alias/films')!.Resource, 'arn:aws:kms:eu-west-1:*:key/*');
    assert.equal(statementsFor({ policy: { encryption: 'AES256' } }).length, 1);
    assert.match(signerIamPolicy(settingsOf({})), /encrypts by a KMS key by default/);
  });

  it('covers the folder that all keys share', () => {
    assert.equal(prefixOf(settingsOf({}).policy), 'uploads/');
    assert.equal(prefixOf(settingsOf({ policy: { key: 'films/new-{random}/{name}' } }).policy), 'films/');
    assert.equal(prefixOf(settingsOf({ policy: { key: () => 'a' } }).policy), '');
  });
});
