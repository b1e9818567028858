import type { UploadRecord } from '../model/upload-record.js';
import type { UploadObserver } from '../model/upload-report.js';
import type { RemoteProgress, Resumption } from '../ports.js';

/** An upload that several tabs may list. */
export interface SharedUpload extends UploadRecord, UploadObserver {
  /** The progress that this tab reports to tabs that wait for the upload. */
  readonly progressReport: RemoteProgress;
  /** The data for resuming the upload that another tab has reported; null if none has. */
  readonly reportedResumption: Resumption | null;
  /** Shows the progress that the sending tab reports. */
  showRemoteProgress(progress: RemoteProgress): void;
  /** Continues after another tab. @param resumption where that tab stopped; null if unknown */
  takeOver(resumption: Resumption | null): Promise<void>;
  /** Shows that the upload waits for another tab, until `work` settles. */
  waitForTab<T>(work: Promise<T>): Promise<T>;
}

/** Result of a claim: this tab holds the lock of the upload, or another tab has ended the upload. */
export type TabClaim = { release(): void } | { ended: RemoteProgress };

/** The data that identifies an upload within this origin. */
interface UploadTraits {
  scope: string;
  recoveryKey?: string;
  fingerprint: string;
  name: string;
  relativePath: string;
}

/** Returns the name of an upload's lock. It has the path, because equal files in two folders are two uploads. */
export function lockNameFor({ scope, recoveryKey = '', fingerprint, name, relativePath }: UploadTraits): string {
  return `${scope}:${recoveryKey && `${recoveryKey}:`}${fingerprint}:${relativePath || name}`;
}
