import type { ChecksumAlgorithm, InitFile } from '../../protocol.js';
import type { ResolvedOptions } from '../api/options.js';
import type { UploadRecord } from '../model/upload-record.js';

/**
 * Returns the entry of one file in the request of init.
 * @param checksums algorithms that this browser can compute, best first
 * @param bestPartSize used if neither the upload nor the page requests a part size
 */
export function initFileOf(
  upload: UploadRecord,
  { partSize, contentType, acl, params }: Readonly<ResolvedOptions>,
  checksums: ChecksumAlgorithm[],
  bestPartSize: number | undefined,
): InitFile {
  const { facts, session, fingerprint, objectKey, wantsFreshStart, requestedPartSize, checksum } = upload;
  const isPlain = params === undefined || (typeof params === 'object' && params !== null && !Array.isArray(params));
  const allParams = isPlain ? { ...params, ...upload.params } : params;
  return {
    id: facts.id,
    filename: facts.name,
    filesize: facts.size,
    last_modified: facts.lastModified,
    content_type: contentType || facts.type || 'application/octet-stream',
    // JSON leaves undefined out
    relative_path: facts.relativePath || undefined,
    fingerprint: fingerprint ?? undefined,
    part_size: requestedPartSize ?? (partSize === 'auto' ? bestPartSize : partSize),
    checksums: checksums.length ? checksums : undefined,
    checksum: checksum ?? undefined,
    object_key: objectKey || undefined,
    acl: acl || undefined,
    params: isPlain && !Object.keys(allParams as object).length ? undefined : allParams,
    force: (!session && wantsFreshStart) || undefined,
    ...(session?.grant !== undefined && {
      grant: session.grant,
      key: session.key,
      upload_id: session.uploadId ?? undefined,
    }),
  };
}
