/**
 * Whose an object is. Where keys are not the signer's own random ones, another upload's object may stand under a key
 * that was granted: looking at it would find it stored, and give its receipt to whoever had asked for that key. So the
 * object bears what it was granted by.
 */
import { markOf } from '../util/hashes.js';
import { looksAtObjects } from './call.js';
import type { Call } from './call.js';
import type { Grant } from '../grants/grant.js';
import { isOwnKey } from '../policy/policy.js';

const HEADER = 'x-amz-meta-mule-upload';

/** Told apart by key, principal and beginning, all of which renewal keeps. */
const markOfGrant = ({ key, principal, begun }: Grant): Promise<string> =>
  markOf(`mule-upload object\n${JSON.stringify([key, principal, begun])}`);

const needsMark = ({ settings }: Call, { key }: Grant): boolean =>
  looksAtObjects(settings) && !isOwnKey(settings.policy, key);

/** Gives the header to make the object with, where it needs one. */
export async function ownHeaders(call: Call, grant: Grant): Promise<Record<string, string>> {
  return needsMark(call, grant) ? { [HEADER]: await markOfGrant(grant) } : {};
}

/** Tells by its headers whether the object that stands under the key is the one that was granted. */
export async function isOwnObject(call: Call, grant: Grant, headers: Headers): Promise<boolean> {
  return !needsMark(call, grant) || headers.get(HEADER) === (await markOfGrant(grant));
}
