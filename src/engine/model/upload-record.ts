import type { FileHandle, Integrity, UploadSnapshot, UploadStatus } from '../api/types.js';
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
  /** Null until it is chosen again, for an upload of an earlier page load. */
  file: File | null = null;
  /** Where the file can be read again in a later page load. */
  handle: FileHandle | null = null;
  fingerprint: string | null = null;
  /** Whether it began in an earlier page load, or on another machine. */
  recovered = false;
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
  /** Whether init is asked for a fresh start: the former session cannot be resumed. */
  wantsFreshStart = false;
  /** Whether another tab has had it, or may have: only the store knows which parts are stored. */
  wasShared = false;
  /** Requested bytes per part that overrides the page's option; null while the connection needs no smaller parts. */
  partSizeWish: number | null = null;
  /** Whether its owner has left this page: nothing is sent and nothing is written any more. */
  hasFormerOwner = false;
  /** Whether `forget()` has ended it: nothing is written of it any more. */
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

  /** Whether the file was modified since the upload began; its content may be the same. */
  get isModified(): boolean {
    return this.file !== null && this.file.lastModified !== this.facts.lastModified;
  }
}
