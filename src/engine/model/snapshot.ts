import type { UploadError } from '../api/errors.js';
import { isOver } from '../api/status.js';
import type { UploadSnapshot, WaitingFor } from '../api/types.js';
import type { RemoteProgress } from '../ports.js';
import type { UploadRecord } from './upload-record.js';

/** The data from which a snapshot is created. */
export interface SnapshotSource {
  readonly record: UploadRecord;
  readonly wait: { readonly for: WaitingFor | null; readonly until: number | null };
  /** Bytes, and bytes per second, as counted in this tab. */
  readonly loaded: number;
  readonly speed: number;
  readonly location: string | null;
  /** The progress that another tab reports, if that tab sends the upload. */
  readonly remoteProgress: RemoteProgress | null;
  readonly receipt: string | null;
  readonly retries: number;
  readonly error: UploadError | null;
  readonly hasStarted: boolean;
}

/** Creates a snapshot of an upload. If another tab sends the upload, the progress that it reports takes precedence. */
export function snapshotOf(source: SnapshotSource): UploadSnapshot {
  const { record, wait, remoteProgress: remote, hasStarted } = source;
  const { facts, status, session, stored, recovered } = record;
  const { size } = facts;
  const { table } = session ?? {};
  const speed = wait.for === 'tab' && remote ? remote.speed : source.speed;
  const loaded = status === 'complete' ? size : source.loaded;
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
    retries: source.retries,
    retryAt: wait.until,
    key: (remote ?? session)?.key ?? null,
    uploadId: (remote ?? session)?.uploadId ?? null,
    etag: stored?.etag || null,
    location: remote ? remote.location : source.location,
    checksum: stored?.checksum ?? null,
    integrity: stored?.integrity ?? null,
    receipt: source.receipt,
    error: source.error,
    recovered,
    needsFile: status === 'needs-file',
    needsPermission: status === 'needs-file' && record.handle !== null,
    found: recovered && !hasStarted && !isOver(status),
  });
}
