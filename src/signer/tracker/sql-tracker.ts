/** A tracker in a database, shared by any number of signer processes and machines. */
import { addParts, formatPartRanges, toPartNumbers, parsePartRanges } from './part-ranges.js';
import { openDatabase } from './sql-database.js';
import type { UploadRow } from './sql-database.js';
import { CLAIM_TIMEOUT_MS, MAX_UPLOADS_PER_KEY, placeholderUpload } from './tracker.js';
import type { TrackedUpload, Tracker } from './tracker.js';

export interface SqlTrackerOptions {
  /** `postgres://user:password@host/name` (needs pg), or `sqlite:` with the path of a file (needs libsql). */
  url: string;
  /** Returns epoch milliseconds; `Date.now` by default. */
  now?: () => number;
}

export interface SqlTracker extends Required<Tracker> {
  /** Closes the connections to the database. */
  close(): Promise<void>;
}

/** Formats the column `bucket`. Names of buckets contain no spaces. */
const formatLocation = (bucket: string, store: string | undefined): string =>
  store === undefined ? bucket : `${bucket} ${store}`;

/** Parses the column `bucket`. */
function locationOf(row: UploadRow): { bucket: string; store?: string } {
  const [bucket = '', store] = row.bucket.split(' ');
  return { bucket, ...(store !== undefined && { store }) };
}

/**
 * Opens a tracker in PostgreSQL or SQLite, and migrates its tables (`mule_…`). Needs the package kysely, and pg or
 * libsql, which are not dependencies of this package.
 * @throws Error naming the package that is not installed, TypeError for another URL
 */
export async function createSqlTracker({ url, now = Date.now }: SqlTrackerOptions): Promise<SqlTracker> {
  const { db, enqueue } = await openDatabase(url);

  async function marksOf(principal: string, uploadId: string): Promise<string[]> {
    const rows = await db
      .selectFrom('mule_mark')
      .select('mark')
      .where('principal', '=', principal)
      .where('upload_id', '=', uploadId)
      .orderBy('mark')
      .execute();
    return rows.map(({ mark }) => mark);
  }

  const uploadOf = async (row: UploadRow): Promise<TrackedUpload> => ({
    principal: row.principal,
    ...locationOf(row),
    key: row.key,
    uploadId: row.upload_id,
    size: Number(row.size),
    partSize: Number(row.part_size),
    checksum: row.checksum,
    begun: Number(row.begun),
    marks: await marksOf(row.principal, row.upload_id),
  });

  /** @returns whether the upload is tracked and unfinished */
  async function touch(principal: string, uploadId: string): Promise<boolean> {
    const row = await db
      .updateTable('mule_upload')
      .set({ touched: now() })
      .where('principal', '=', principal)
      .where('upload_id', '=', uploadId)
      .where('state', '=', 'started')
      .returning('upload_id')
      .executeTakeFirst();
    return row !== undefined;
  }

  /** Removes all but the latest uploads of one key, so that one grant cannot fill the table. */
  async function trim(principal: string, key: string): Promise<void> {
    const rows = await db
      .selectFrom('mule_upload')
      .select('upload_id')
      .where('principal', '=', principal)
      .where('key', '=', key)
      .orderBy('touched', 'desc')
      .orderBy('upload_id')
      .execute();
    const excess = rows.slice(MAX_UPLOADS_PER_KEY).map(({ upload_id }) => upload_id);
    if (excess.length === 0) return;
    for (const table of ['mule_mark', 'mule_upload'] as const)
      await db.deleteFrom(table).where('principal', '=', principal).where('upload_id', 'in', excess).execute();
  }

  const tracker: Required<Tracker> = {
    async find(principal, marks) {
      if (marks.length === 0) return null;
      for (;;) {
        const row = await db
          .selectFrom('mule_mark')
          .innerJoin('mule_upload', (join) =>
            join
              .onRef('mule_upload.principal', '=', 'mule_mark.principal')
              .onRef('mule_upload.upload_id', '=', 'mule_mark.upload_id'),
          )
          .selectAll('mule_upload')
          .where('mule_mark.principal', '=', principal)
          .where('mule_mark.mark', 'in', marks)
          .where('mule_upload.state', '=', 'started')
          .orderBy('mule_upload.begun', 'desc')
          .limit(1)
          .executeTakeFirst();
        if (!row) return null;
        // touch fails if the upload has ended or a sweep has claimed it since the query; the next query skips it
        if (await touch(principal, row.upload_id))
          return { ...(await uploadOf(row)), chunks: toPartNumbers(parsePartRanges(row.chunks)) };
      }
    },

    async note({ principal, uploadId, key, size, partSize, checksum, begun, marks, ...upload }, chunks) {
      const bucket = formatLocation(upload.bucket, upload.store);
      const isFirst = await db.transaction().execute(async (transaction) => {
        const fixed = { principal, upload_id: uploadId, bucket, key, size, part_size: partSize, checksum, begun };
        // the write comes first: it locks the row (in SQLite the file) until the transaction ends
        const row = await transaction
          .insertInto('mule_upload')
          .values({ ...fixed, touched: now(), state: 'started', chunks: '' })
          .onConflict((conflict) =>
            conflict
              .columns(['principal', 'upload_id'])
              // a row of an earlier release gets its store
              .doUpdateSet({ touched: now(), bucket })
              .where('mule_upload.state', '=', 'started'),
          )
          .returning(['state', 'chunks'])
          .executeTakeFirst();
        // no row: the upload has ended, or a sweep has claimed it
        if (!row) return false;
        if (row.chunks === '' && marks.length > 0) {
          await transaction
            .insertInto('mule_mark')
            .values(marks.map((mark) => ({ principal, mark, upload_id: uploadId })))
            .onConflict((conflict) => conflict.doNothing())
            .execute();
        }
        const ranges = formatPartRanges(addParts(parsePartRanges(row.chunks), chunks));
        if (ranges !== row.chunks) {
          await transaction
            .updateTable('mule_upload')
            .set({ chunks: ranges })
            .where('principal', '=', principal)
            .where('upload_id', '=', uploadId)
            .execute();
        }
        return row.chunks === '';
      });
      if (isFirst) await trim(principal, key);
    },

    async forget(principal, uploadId, ending = 'complete', upload = placeholderUpload(principal, uploadId)) {
      const { key, size, partSize, checksum, begun } = upload;
      const bucket = formatLocation(upload.bucket, upload.store);
      const recordedKey = await db.transaction().execute(async (transaction) => {
        // the write comes first, because it locks the row, as in note. It creates a missing row: a notification of a
        // stored part may arrive later
        const fixed = { principal, upload_id: uploadId, bucket, key, size, part_size: partSize, checksum, begun };
        const ended = { state: ending, touched: now(), chunks: '' } as const;
        const row = await transaction
          .insertInto('mule_upload')
          .values({ ...fixed, ...ended })
          .onConflict((conflict) => conflict.columns(['principal', 'upload_id']).doUpdateSet(ended))
          .returning('key')
          .executeTakeFirstOrThrow();
        // `find` does not return an ended upload, so its marks are not needed
        await transaction
          .deleteFrom('mule_mark')
          .where('principal', '=', principal)
          .where('upload_id', '=', uploadId)
          .execute();
        return row.key;
      });
      await trim(principal, recordedKey);
    },

    async touch(principal, uploadId) {
      await touch(principal, uploadId);
    },

    async stale(bucket, before, limit, store) {
      const locations = [formatLocation(bucket, store), bucket];
      await db
        .deleteFrom('mule_upload')
        .where('bucket', 'in', [...locations, ''])
        .where('state', 'in', ['complete', 'aborted'])
        .where('touched', '<', before)
        .execute();
      const rows = await db
        .selectFrom('mule_upload')
        .selectAll()
        .where('bucket', 'in', locations)
        .where('touched', '<', before)
        // the claim of a sweep that did not finish expires
        .where((where) =>
          where.or([
            where('state', '=', 'started'),
            where('state', '=', 'sweeping').and('touched', '<', now() - CLAIM_TIMEOUT_MS),
          ]),
        )
        .orderBy('touched')
        .limit(limit)
        .execute();
      return Promise.all(rows.map(uploadOf));
    },

    async claim(principal, uploadId, before) {
      const row = await db
        .updateTable('mule_upload')
        .set({ state: 'sweeping', touched: now() })
        .where('principal', '=', principal)
        .where('upload_id', '=', uploadId)
        .where((where) =>
          where.or([
            where('state', '=', 'started').and('touched', '<', before),
            where('state', '=', 'sweeping').and('touched', '<', now() - CLAIM_TIMEOUT_MS),
          ]),
        )
        .returning('upload_id')
        .executeTakeFirst();
      return row !== undefined;
    },

    async release(principal, uploadId, before) {
      await db
        .updateTable('mule_upload')
        .set({ state: 'started', touched: before - 1 })
        .where('principal', '=', principal)
        .where('upload_id', '=', uploadId)
        .where('state', '=', 'sweeping')
        .execute();
    },
  };
  return {
    find: (...query) => enqueue(() => tracker.find(...query)),
    note: (...parts) => enqueue(() => tracker.note(...parts)),
    forget: (...upload) => enqueue(() => tracker.forget(...upload)),
    touch: (...upload) => enqueue(() => tracker.touch(...upload)),
    stale: (...query) => enqueue(() => tracker.stale(...query)),
    claim: (...upload) => enqueue(() => tracker.claim(...upload)),
    release: (...upload) => enqueue(() => tracker.release(...upload)),
    close: () => enqueue(() => db.destroy()),
  };
}
