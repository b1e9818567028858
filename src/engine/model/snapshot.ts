import type { UploadError } from '../api/errors.js';
import type { Session } from './session.js';
import { isOver } from '../api/status.js';
import type { Outcome } from '../transfer/transfer.js';
import type { UploadSnapshot, UploadStatus, WaitingFor } from '../api/types.js';
import type { RemoteProgress } from '../ports.js';
import type { UploadFacts } from '../uploads/upload-host.js';

/** What an upload knows of itself. */
export interface Known {
  readonly facts: UploadFacts;
  readonly status: UploadStatus;
  readonly wait: { readonly for: WaitingFor | null; readonly until: number | null };
  /** Bytes, and bytes per second, by our own count. */
  readonly loaded: number;
  readonly speed: number;
  readonly session: Session | null;
  readonly location: string | null;
  /** What the tab tells that has it. */
  readonly told: RemoteProgress | null;
  readonly stored: Outcome | null;
  readonly receipt: string | null;
  readonly retries: number;
  readonly error: UploadError | null;
  readonly recovered: boolean;
  readonly hasStarted: boolean;
  /** Whether its file lies where a handle says. */
  readonly hasHandle: boolean;
}

/** What the page is shown of it; another tab's word goes before our own. */
export function snapshotOf(known: Known): UploadSnapshot {
  const { facts, status, wait, session, told, stored, recovered, hasStarted, hasHandle } = known;
  const { size } = facts;
  const { table } = session ?? {};
  const speed = wait.for === 'tab' && told ? told.speed : known.speed;
  const loaded = status === 'complete' ? size : known.loaded;
  return Object.freeze({
    ...facts,
    status,
    waitingFor: wait.for,
    loaded,
    ratio: size ? loaded / size : Number(status === 'complete'),
    speed,
    eta: speed > 0 ? (size - loaded) / speed : null,
    parts: Object.freeze(
      told
        ? { ...told.parts }
        : { total: table?.plan.count ?? 0, done: table?.done ?? 0, size: table?.plan.partSize ?? 0 },
    ),
    retries: known.retries,
    retryAt: wait.until,
    key: (told ?? session)?.key ?? null,
    uploadId: (told ?? session)?.uploadId ?? null,
    etag: stored?.etag || null,
    location: told ? told.location : known.location,
    checksum: stored?.checksum ?? null,
    integrity: stored?.integrity ?? null,
    receipt: known.receipt,
    error: known.error,
    recovered,
    needsFile: status === 'needs-file',
    needsPermission: status === 'needs-file' && hasHandle,
    found: recovered && !hasStarted && !isOver(status),
  });
}
