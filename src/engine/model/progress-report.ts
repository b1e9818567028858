import type { UploadSnapshot } from '../api/types.js';
import type { RemoteProgress, Resumption } from '../ports.js';

/**
 * Returns the progress that this tab reports to others about an upload.
 * @param principal user that the signer named for the upload; null: nobody is signed in; undefined: it did not say
 * @param resumption the data for resuming it in another tab; null if there is nothing to resume
 */
export function progressReportOf(
  snapshot: UploadSnapshot,
  principal: string | null | undefined,
  resumption: Resumption | null,
): RemoteProgress {
  const { status, loaded, speed, eta, parts, key, uploadId, etag, location, receipt, checksum, integrity } = snapshot;
  return {
    status,
    loaded,
    speed,
    eta,
    parts,
    key,
    uploadId,
    etag,
    location,
    checksum,
    integrity,
    receipt,
    principal,
    resumption,
  };
}
