/** A tracker in a database, for any number of signer processes and machines. */
import { addToRuns, formatRuns, numbersIn, parseRuns } from './runs.js';
import { openDatabase } from './sql-database.js';
import type { UploadRow } from './sql-database.js';
import type { TrackedUpload, Tracker } from './tracker.js';

export interface SqlTrackerOptions {
  /** `postgres://user:password@host/name` (needs pg), or `sqlite:` with the path of a file (needs libsql). */
  url: string;
  /** Epoch milliseconds; the clock by default. */
  now?: () => number;
}

export interface SqlTracker extends Required<Tracker> {
  /** Ends the connections to the database. */
  close(): Promise<void>;
}

/**
 * Opens a tracker in PostgreSQL or SQLite, and brings its tables (`mule_…`) up to date. Needs the package kysely, and
 * pg or libsql, which do not come with this one.
 * @throws Error naming the package that is not installed, TypeError for a URL of another kind
 */
export async function createSqlTracker({ url, now = Date.now }: SqlTrackerOptions): Promise<SqlTracker> {
  const { db, inTurn } = await openDatabase(url);

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
    bucket: row.bucket,
    key: row.key,
    uploadId: row.upload_id,
    size: Number(row.size),
    partSize: Number(row.part_size),
    checksum: row.checksum,
    begun: Number(row.begun),
    marks: await marksOf(row.principal, row.upload_id),
  });

  const tracker: Required<Tracker> = {
    async find(principal, marks) {
      if (marks.length === 0) return null;
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
      return row ? { ...(await uploadOf(row)), chunks: numbersIn(parseRuns(row.chunks)) } : null;
    },

    async note({ principal, uploadId, bucket, key, size, partSize, checksum, begun, marks }, chunks) {
      await db.transaction().execute(async (transaction) => {
        const fixed = { principal, upload_id: uploadId, bucket, key, size, part_size: partSize, checksum, begun };
        // A write comes first: it locks the row, in SQLite the file, so that what is read stays true until the end.
        const row = await transaction
          .insertInto('mule_upload')
          .values({ ...fixed, touched: now(), state: 'started', chunks: '' })
          .onConflict((conflict) => conflict.columns(['principal', 'upload_id']).doUpdateSet({ touched: now() }))
          .returning(['state', 'chunks'])
          .executeTakeFirstOrThrow();
        if (row.state !== 'started') return;
        if (row.chunks === '' && marks.length > 0) {
          await transaction
            .insertInto('mule_mark')
            .values(marks.map((mark) => ({ principal, mark, upload_id: uploadId })))
            .onConflict((conflict) => conflict.doNothing())
            .execute();
        }
        const text = formatRuns(addToRuns(parseRuns(row.chunks), chunks));
        if (text === row.chunks) return;
        await transaction
          .updateTable('mule_upload')
          .set({ chunks: text })
          .where('principal', '=', principal)
          .where('upload_id', '=', uploadId)
          .execute();
      });
    },

    async forget(principal, uploadId, ending = 'complete') {
      await db.transaction().execute(async (transaction) => {
        // The row first, as note does: it is the lock. What has ended is found no more, so its marks can go.
        await transaction
          .updateTable('mule_upload')
          .set({ state: ending, touched: now(), chunks: '' })
          .where('principal', '=', principal)
          .where('upload_id', '=', uploadId)
          .execute();
        await transaction
          .deleteFrom('mule_mark')
          .where('principal', '=', principal)
          .where('upload_id', '=', uploadId)
          .execute();
      });
    },

    async stale(bucket, before, limit) {
      await db
        .deleteFrom('mule_upload')
        .where('bucket', '=', bucket)
        .where('state', '!=', 'started')
        .where('touched', '<', before)
        .execute();
      const rows = await db
        .selectFrom('mule_upload')
        .selectAll()
        .where('bucket', '=', bucket)
        .where('state', '=', 'started')
        .where('touched', '<', before)
        .orderBy('touched')
        .limit(limit)
        .execute();
      return Promise.all(rows.map(uploadOf));
    },
  };
  return {
    find: (...query) => inTurn(() => tracker.find(...query)),
    note: (...notice) => inTurn(() => tracker.note(...notice)),
    forget: (...upload) => inTurn(() => tracker.forget(...upload)),
    stale: (...query) => inTurn(() => tracker.stale(...query)),
    close: () => inTurn(() => db.destroy()),
  };
}
