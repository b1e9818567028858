/**
 * Checks a bucket for uploads: sends the requests of a browser with the signer's credentials, and requests that those
 * credentials should not allow. It leaves nothing behind in the bucket.
 */
import { resolveOptions } from '../../options/settings.js';
import type { SignerOptions } from '../../options/signer-options.js';
import { checkCors, originsToCheck } from './cors-check.js';
import { checkPermissions } from './permissions-check.js';
import { StoreProbe } from './store-probe.js';
import type { StoreFinding } from './store-probe.js';
import { checkUnsignedHeaders } from './unsigned-headers-check.js';
import { checkAbort, checkCreate, checkParts } from './upload-check.js';

/**
 * Checks the bucket, its CORS rule for each of `origins`, and the credentials.
 * @param options as for `createSigner`
 * @throws OptionError for an invalid option
 */
export async function checkStore(options: SignerOptions): Promise<StoreFinding[]> {
  const probe = new StoreProbe(resolveOptions(options));
  try {
    const uploadId = await checkCreate(probe);
    if (uploadId === null) return probe.findings;
    const replies = await checkParts(probe, uploadId, originsToCheck(probe.settings));
    await checkUnsignedHeaders(probe, uploadId);
    await checkAbort(probe, uploadId);
    await checkCors(probe, replies);
    await checkPermissions(probe);
  } finally {
    await probe.abortRemaining();
  }
  return probe.findings;
}
