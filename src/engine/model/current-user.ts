import type { JournalRecord } from '../ports.js';

type Bound = Pick<JournalRecord, 'principal'>;

/** The user of this page, as far as the signer has named one. */
export class CurrentUser {
  /** Null: the signer said that nobody is signed in; undefined: it has not said anything so far. */
  principal: string | null | undefined = undefined;

  /** Whether this user may resume a record. One that names nobody belongs to everybody in its scope. */
  owns({ principal }: Bound): boolean {
    return principal === undefined || principal === this.principal || (principal === null && !this.isKnown);
  }

  /** Whether a record is known to belong to another user. */
  isOther({ principal }: Bound): boolean {
    return typeof principal === 'string' && this.isKnown && principal !== this.principal;
  }

  /** Whether the signer has said who is signed in. */
  get isKnown(): boolean {
    return this.principal !== undefined;
  }
}
