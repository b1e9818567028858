import type { JournalRecord, TabLock } from '../ports.js';
import { lockNameOf } from './page-presence.js';
import type { PagePresence } from './page-presence.js';
import { lockNameFor } from './shared-upload.js';

/** Returns the records whose page is no longer open. */
export async function withoutOpenPages(
  records: readonly JournalRecord[],
  lock: TabLock,
  presence: PagePresence,
): Promise<JournalRecord[]> {
  const visits = new Set(records.flatMap(({ visit }) => (visit ? [lockNameOf(visit)] : [])));
  const open = await lock.held([...visits]).catch(() => new Set<string>());
  const isElsewhere = ({ visit }: JournalRecord): boolean => presence.isOtherPage(visit) && open.has(lockNameOf(visit));
  return records.filter((record) => !isElsewhere(record));
}

/** Returns the records of uploads that no tab is sending. */
export async function withoutSending(records: JournalRecord[], lock: TabLock): Promise<JournalRecord[]> {
  const held = await lock.held(records.map((record) => lockNameFor(record))).catch(() => new Set());
  return records.filter((record) => !held.has(lockNameFor(record)));
}
