import type { UploadError } from '../api/errors.js';
import type { FileHandle, Integrity, UploadSnapshot, UploadStatus } from '../api/types.js';
import type { JournalRecord, RemoteProgress } from '../ports.js';
import type { Session } from './session.js';

/** The data that identifies one upload and its file. */
export interface UploadFacts {
  id: string;
  name: string;
  size: number;
  type: string;
  lastModified: number;
  relativePath: string;
}

/** Who owns an upload, in the journal and among tabs. */
export interface Owner {
  readonly scope: string;
  readonly recoveryKey: string;
}

/** A checksum of the whole object. */
export type ObjectChecksum = NonNullable<UploadSnapshot['checksum']>;

/** The stored object. */
export interface StoredResult {
  /** Empty if the store does not say. */
  readonly etag: string;
  readonly checksum: ObjectChecksum | null;
  readonly integrity: Integrity;
}

/** One upload's state: plain data that its protocol, the journal and the other tabs read. */
export class UploadRecord {
  facts: UploadFacts;
  owner: Owner;
  status: UploadStatus = 'queued';
  /** Null for an upload of an earlier page load, until its file is read or chosen again. */
  file: File | null = null;
  /** Handle by which the file can be read again in a later page load; null if the browser gives none. */
  handle: FileHandle | null = null;
  fingerprint: string | null = null;
  /** Whether it began in an earlier page load, or on another machine. */
  recovered = false;
  /** Whether it was created from a journal record of an earlier page load. */
  isRestored = false;
  /** Parameters that the page filled in for the signer. */
  params: Record<string, unknown> = {};
  /** Requested key of the object; the signer decides. */
  objectKey = '';
  /** Checksum of the whole file, sent to init if a single request sends the file. */
  checksum: ObjectChecksum | null = null;
  /** ID of its journal record. */
  recordId: string;
  /** Epoch milliseconds. */
  createdAt: number;
  /** User that the signer named in the page load that recorded it; undefined for a new one. */
  principal: string | null | undefined = undefined;
  /** Null until the signer has answered. */
  session: Session | null = null;
  /** Null until the object is stored. */
  stored: StoredResult | null = null;
  /** The signer's receipt for the stored object; null if there is none. */
  receipt: string | null = null;
  /** Bytes, as counted in this tab. */
  loaded = 0;
  retries = 0;
  error: UploadError | null = null;
  /** Whether it has started in this page load. */
  hasStarted = false;
  /** Whether the file was found changed, or could not be read. */
  isFileInDoubt = false;
  /** The last progress that the sending tab has reported; null if this tab sends the upload. */
  remoteProgress: RemoteProgress | null = null;
  /** Whether the next init call requests a new session, because the former one cannot be resumed. */
  wantsFreshStart = false;
  /** Whether another tab sends this upload too, or may have sent it: only the store knows which parts are stored. */
  wasShared = false;
  /** Bytes per part to request instead of the page's option; null unless the connection needs smaller parts. */
  requestedPartSize: number | null = null;
  /** Whether its owner is no longer signed in on this page: nothing is sent or written any more. */
  hasFormerOwner = false;
  /** Whether `forget()` has ended it: nothing about it is written any more. */
  isForgotten = false;

  constructor(facts: UploadFacts, owner: Owner, createdAt: number) {
    this.facts = facts;
    this.owner = owner;
    this.recordId = facts.id;
    this.createdAt = createdAt;
  }

  get id(): string {
    return this.facts.id;
  }

  /** Whether it failed because its file has changed or is gone, so that a new version of the file may be sent. */
  get acceptsChangedFile(): boolean {
    return this.status === 'failed' && this.isFileInDoubt;
  }

  /** Whether the file was modified since the upload began; its content may be the same. */
  get isModified(): boolean {
    return this.file !== null && this.file.lastModified !== this.facts.lastModified;
  }

  /** Sets the state of an upload of an earlier page load. */
  protected restore({ fingerprint, principal, objectKey, aborting }: JournalRecord): void {
    this.fingerprint = fingerprint;
    this.recovered = true;
    this.isRestored = true;
    this.principal = principal;
    this.objectKey = objectKey;
    this.status = aborting ? 'aborted' : 'needs-file';
  }
}
