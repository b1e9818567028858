import { isOver } from '../api/status.js';
import type { UploaderEventMap, UploadSnapshot, WaitingFor } from '../api/types.js';
import type { UploadRecord } from './upload-record.js';

/** The data from which a snapshot is created. */
export interface SnapshotSource {
  readonly record: UploadRecord;
  readonly wait: { readonly for: WaitingFor | null; readonly until: number | null };
  /** Bytes per second, as measured in this tab. */
  readonly speed: number;
  readonly location: string | null;
}

/** Creates a snapshot of an upload. If another tab sends the upload, the progress that it reports takes precedence. */
export function snapshotOf(source: SnapshotSource): UploadSnapshot {
  const { record, wait } = source;
  const { facts, status, session, stored, recovered, receipt, retries, error, remoteProgress: remote } = record;
  const { size } = facts;
  const { table } = session ?? {};
  const speed = wait.for === 'tab' && remote ? remote.speed : source.speed;
  const loaded = status === 'complete' ? size : record.loaded;
  return Object.freeze({
    ...facts,
    status,
    waitingFor: wait.for,
    loaded,
    ratio: size ? loaded / size : Number(status === 'complete'),
    speed,
    eta: speed > 0 ? (size - loaded) / speed : null,
    parts: Object.freeze(
      remote
        ? { ...remote.parts }
        : { total: table?.plan.count ?? 0, done: table?.done ?? 0, size: table?.plan.partSize ?? 0 },
    ),
    retries,
    retryAt: wait.until,
    key: (remote ?? session)?.key ?? null,
    uploadId: (remote ?? session)?.uploadId ?? null,
    etag: stored?.etag || null,
    location: remote ? remote.location : source.location,
    checksum: stored?.checksum ?? null,
    integrity: stored?.integrity ?? null,
    receipt,
    error,
    recovered,
    needsFile: status === 'needs-file',
    needsPermission: status === 'needs-file' && record.handle !== null,
    found: recovered && !record.hasStarted && !isOver(status),
  });
}

/** Returns the details of `mule-complete`. @param upload snapshot of a complete upload */
export function completeDetailOf(upload: UploadSnapshot): UploaderEventMap['mule-complete']['detail'] {
  const { key, etag, location, size, checksum, integrity, receipt } = upload;
  return { upload, key: key!, etag, location, size, checksum, integrity: integrity!, receipt };
}
