/** Checks the option `policy`, and fills in its defaults. */
import { parseAccept } from '../../accept.js';
import { MAX_OBJECT_SIZE, MAX_PART_SIZE, MIN_PART_SIZE } from '../../limits.js';
import {
  expect,
  isBoolean,
  isFunction,
  isIntegerFrom,
  isListOf,
  isMatch,
  OptionError,
  withoutUndefined,
} from '../util/option-checks.js';
import { findTemplateFault, expandKeyTemplate } from './key-template.js';
import { findKeyFault } from './object-keys.js';
import { findMetadataFault, findTagsFault } from './object-headers.js';
import type { ObjectPolicy } from './object-headers.js';
import { POLICY_DEFAULTS } from './policy.js';
import type { Policy, ResolvedPolicy } from './policy.js';

/** Features of the store that decide defaults. */
export interface StoreCapabilities {
  /** Whether it evaluates `If-None-Match` on writes. */
  supportsIfNoneMatch: boolean;
  /** Whether it rejects unsigned `x-amz-*` headers. */
  refusesUnsignedHeaders: boolean;
}

/**
 * Checks a policy and fills in the defaults.
 * @throws OptionError naming option and value
 */
export function resolvePolicy(
  policy: Policy,
  { supportsIfNoneMatch, refusesUnsignedHeaders }: StoreCapabilities,
): ResolvedPolicy {
  expect('policy', policy, (value) => typeof value === 'object' && value !== null, 'an object');
  const { overwrite } = policy;
  const withDefaults = { ...POLICY_DEFAULTS, ...withoutUndefined(policy) };
  const { maxSize, minSize, maxFiles, partSize, accept, key, objectKeys, posts } = withDefaults;
  expect('policy.maxSize', maxSize, isIntegerFrom(0, MAX_OBJECT_SIZE), `bytes from 0 to ${MAX_OBJECT_SIZE}`);
  expect('policy.minSize', minSize, isIntegerFrom(0, maxSize), `bytes from 0 to maxSize (${maxSize})`);
  expect('policy.maxFiles', maxFiles, isIntegerFrom(1, 10_000), 'a whole number from 1 to 10,000');
  if (partSize !== undefined) {
    expect(
      'policy.partSize',
      partSize,
      isIntegerFrom(MIN_PART_SIZE, MAX_PART_SIZE),
      `bytes from ${MIN_PART_SIZE} to ${MAX_PART_SIZE}`,
    );
  }
  if (accept !== undefined) expect('policy.accept', accept, isAcceptList, ACCEPT_DESCRIPTION);
  if (typeof key === 'string') checkKeyTemplate(key);
  else if (key !== undefined) expect('policy.key', key, isFunction, 'a template or a function');
  if (objectKeys !== undefined) expect('policy.objectKeys', objectKeys, isMatch(/^/), 'a key prefix');
  expect('policy.posts', posts, isBoolean, 'true or false');
  if (overwrite !== undefined) expect('policy.overwrite', overwrite, isBoolean, 'true or false');
  if (posts && overwrite === false)
    throw new OptionError(
      'policy.posts',
      'true; a POST policy cannot prevent overwriting, so overwrite: false is not allowed',
    );
  checkObjectPolicy(withDefaults);
  return {
    ...withDefaults,
    overwrite: overwrite ?? (posts || !supportsIfNoneMatch),
    defaultAcl: refusesUnsignedHeaders ? null : 'private',
  };
}

const ACCEPT_DESCRIPTION =
  'a list of extensions (.jpg), types (image/png) or groups of types (image/*); write * to accept every file';

/** An empty list, or one with `*` or `*\/*`: accepts every file. */
const ACCEPTS_EVERY_FILE = /^\s*$|(?:^|[\s,;|])\*(?:\/\*)?(?:$|[\s,;|])/;

/** Whether a list has a valid token, or is meant to accept every file. Without a valid token it would accept every file too. */
const isAcceptList = (value: unknown): boolean =>
  typeof value === 'string' && (ACCEPTS_EVERY_FILE.test(value) || parseAccept(value).length > 0);

function checkKeyTemplate(template: string): void {
  const fault = findTemplateFault(template) ?? findKeyFault(expandKeyTemplate(template, 'name', 'id', 0));
  if (fault) throw new OptionError('policy.key', `${JSON.stringify(template)} is not a valid key template: ${fault}`);
}

function checkObjectPolicy({ acls, storageClass, encryption, tags, metadata, disposition }: ObjectPolicy): void {
  if (acls !== undefined) expect('policy.acls', acls, isListOf(isMatch(/^[\w-]+$/)), 'a list of canned ACLs');
  if (storageClass !== undefined)
    expect('policy.storageClass', storageClass, isMatch(/^[A-Z][A-Z_]{1,63}$/), 'a storage class');
  if (encryption !== undefined)
    expect('policy.encryption', encryption, isEncryption, 'AES256, aws:kms, or an object with kmsKeyId');
  for (const [name, value] of Object.entries({ tags, metadata })) {
    if (value !== undefined) expect(`policy.${name}`, value, isPerFile, 'an object of strings, or a function');
  }
  if (tags !== undefined && typeof tags !== 'function') expectValid('policy.tags', tags, findTagsFault);
  if (metadata !== undefined && typeof metadata !== 'function')
    expectValid('policy.metadata', metadata, findMetadataFault);
  if (disposition !== undefined)
    expect('policy.disposition', disposition, isMatch(/^(attachment|inline)$/), 'attachment or inline');
}

/** Reports an invalid fixed value at the start, because it would fail every upload. */
function expectValid<T>(option: string, value: T, findFault: (value: T) => string | null): void {
  const fault = findFault(value);
  if (fault) throw new OptionError(option, fault);
}

const isStringMap = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Object.values(value).every((text) => typeof text === 'string');
const isPerFile = (value: unknown): boolean => isFunction(value) || isStringMap(value);

function isEncryption(value: unknown): boolean {
  if (value === 'AES256' || value === 'aws:kms') return true;
  const { kmsKeyId, bucketKey } = (value ?? {}) as { kmsKeyId?: unknown; bucketKey?: unknown };
  return isMatch(/^[\w:/-]{1,2048}$/)(kmsKeyId) && (bucketKey === undefined || isBoolean(bucketKey));
}
