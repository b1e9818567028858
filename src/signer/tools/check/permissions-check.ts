/** Checks that the credentials have no permission that uploads do not need. */
import type { Settings } from '../../options/settings.js';
import { createMultipartUpload } from '../../s3/operations.js';
import type { StoreOperation } from '../../s3/presign.js';
import { childrenIn } from '../store-response.js';
import { prefixOf, signerIamPolicy } from './store-advice.js';
import type { StoreProbe } from './store-probe.js';

const RULE = 'the credentials have no further permissions';

export async function checkPermissions(probe: StoreProbe): Promise<void> {
  await probe.attempt(RULE, async () => {
    const excess = await findExcessPermissions(probe);
    probe.report(RULE, excess.length === 0 ? null : `the credentials may also ${excess.join(', ')}`, {
      isWarning: true,
      advice: signerIamPolicy(probe.settings),
    });
  });
}

async function findExcessPermissions(probe: StoreProbe): Promise<string[]> {
  const { settings } = probe;
  const excess: string[] = [];
  const tryOperation = async (description: string, operation: StoreOperation): Promise<void> => {
    if ((await probe.sendAsSigner(operation)).ok) excess.push(description);
  };
  const getBucket = (query: Record<string, string>): StoreOperation => ({ method: 'GET', key: '', query });
  await tryOperation('list the objects of the bucket', getBucket({ 'list-type': '2', 'max-keys': '1' }));
  await tryOperation('read the policy of the bucket', getBucket({ policy: '' }));
  await tryOperation('read the CORS rule of the bucket', getBucket({ cors: '' }));
  // the object does not exist and the condition cannot match, so that no delete marker is left behind
  await tryOperation('delete objects', { method: 'DELETE', key: probe.key, headers: { 'if-match': '"none"' } });
  // some stores answer 200 with an empty list to a user who owns no buckets
  const buckets = await probe.sendAsSigner({ method: 'GET', key: '' }, { store: serviceAddress(settings) });
  if (childrenIn(buckets.text, 'Buckets').some(({ children }) => children.length))
    excess.push('list all buckets of the account');
  const prefix = prefixOf(settings.policy);
  if (prefix !== '') {
    await tryOperation(`write outside of ${prefix}`, createMultipartUpload(probe.name, {}));
    await probe.abortAllOf(probe.name);
  }
  return excess;
}

/** Returns the address of the store without the bucket, where a GET lists all buckets. */
function serviceAddress({ store, bucket }: Settings): Settings['store'] {
  const isVirtual = store.host.startsWith(`${bucket}.`) && !store.basePath.endsWith(`/${bucket}/`);
  const withoutBucket = (text: string): string => (isVirtual ? text.replace(`${bucket}.`, '') : text);
  return { origin: withoutBucket(store.origin), host: withoutBucket(store.host), basePath: '/' };
}
