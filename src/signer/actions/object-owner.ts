/**
 * Whose an object is. Where keys are not the signer's own random ones, another upload's object may stand under a key
 * that was granted: looking at it would find it stored, and give its receipt to whoever had asked for that key. So the
 * object bears what it was granted by.
 */
import { shortHash } from '../util/hashes.js';
import { verifiesObjects } from './call-context.js';
import type { Call } from './call-context.js';
import type { Grant } from '../grants/grant.js';
import { isUniqueKey } from '../policy/policy.js';

const OWNER_HEADER = 'x-amz-meta-mule-upload';

/** Told apart by key, principal and beginning, all of which renewal keeps. */
const hashGrant = ({ key, principal, begun }: Grant): Promise<string> =>
  shortHash(`mule-upload object\n${JSON.stringify([key, principal, begun])}`);

const needsOwnerHeader = ({ settings }: Call, { key }: Grant): boolean =>
  verifiesObjects(settings) && !isUniqueKey(settings.policy, key);

/** Gives the header to make the object with, where it needs one. */
export async function ownerHeaders(call: Call, grant: Grant): Promise<Record<string, string>> {
  return needsOwnerHeader(call, grant) ? { [OWNER_HEADER]: await hashGrant(grant) } : {};
}

/** Tells by its headers whether the object that stands under the key is the one that was granted. */
export async function belongsToGrant(call: Call, grant: Grant, headers: Headers): Promise<boolean> {
  return !needsOwnerHeader(call, grant) || headers.get(OWNER_HEADER) === (await hashGrant(grant));
}
