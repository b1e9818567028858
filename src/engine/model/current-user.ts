import type { JournalRecord } from '../ports.js';

type OwnedRecord = Pick<JournalRecord, 'principal'>;

/** The user who is signed in on this page, as reported by the signer. */
export class CurrentUser {
  /** Null: the signer said that nobody is signed in; undefined: it has not answered yet. */
  principal: string | null | undefined = undefined;

  /** Whether this user may resume an upload. An upload without a user belongs to everybody in its scope. */
  owns({ principal }: OwnedRecord): boolean {
    return principal === undefined || principal === this.principal || (principal === null && !this.isKnown);
  }

  /** Whether a record is known to belong to another user. */
  isOther({ principal }: OwnedRecord): boolean {
    return typeof principal === 'string' && this.isKnown && principal !== this.principal;
  }

  /** Whether the signer has said who is signed in. */
  get isKnown(): boolean {
    return this.principal !== undefined;
  }
}
