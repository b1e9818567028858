import type { UploadSnapshot } from '../api/types.js';
import type { RemoteProgress, Resumption } from '../ports.js';

/**
 * Returns what this tab reports to others about an upload.
 * @param principal user that the signer named for it
 * @param resumption with what another tab could resume it
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
