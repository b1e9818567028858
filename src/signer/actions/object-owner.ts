/**
 * Records in each object which grant it belongs to. If keys are not random, the object of another upload may exist
 * under a granted key. Without this check, its receipt would go to every user who was granted the key.
 */
import { shortHash } from '../util/hashes.js';
import { verifiesObjects } from './call-context.js';
import type { Call } from './call-context.js';
import type { Grant } from '../grants/grant.js';
import { isUniqueKey } from '../policy/policy.js';

const OWNER_HEADER = 'x-amz-meta-mule-upload';

/** Hashes key, principal and start of the upload, which stay the same when a grant is renewed. */
const hashGrant = ({ key, principal, begun }: Grant): Promise<string> =>
  shortHash(`mule-upload object\n${JSON.stringify([key, principal, begun])}`);

const needsOwnerHeader = ({ settings }: Call, { key }: Grant): boolean =>
  verifiesObjects(settings) && !isUniqueKey(settings.policy, key);

/** Returns the header to create the object with; empty if the key is unique. */
export async function ownerHeaders(call: Call, grant: Grant): Promise<Record<string, string>> {
  return needsOwnerHeader(call, grant) ? { [OWNER_HEADER]: await hashGrant(grant) } : {};
}

/** Whether the headers of a stored object show that it belongs to the grant. */
export async function belongsToGrant(call: Call, grant: Grant, headers: Headers): Promise<boolean> {
  return !needsOwnerHeader(call, grant) || headers.get(OWNER_HEADER) === (await hashGrant(grant));
}
