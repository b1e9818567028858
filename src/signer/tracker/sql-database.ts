/** The database behind the SQL tracker: its tables, how they came to be, and how it is opened by URL. */
import type { Kysely, Migration } from 'kysely';
import type { ChecksumAlgorithm } from '../../protocol.js';
import { redact } from '../util/redact.js';

export interface UploadRow {
  principal: string;
  upload_id: string;
  bucket: string;
  key: string;
  /** Numbers of this size come as text from PostgreSQL. */
  size: number | string;
  part_size: number | string;
  checksum: ChecksumAlgorithm | null;
  begun: number | string;
  /** When the last notice came. */
  touched: number | string;
  /** `sweeping` is one that a sweep has claimed and not aborted yet. */
  state: 'started' | 'sweeping' | 'complete' | 'aborted';
  /** Runs of part numbers, such as `1-500,502`. */
  chunks: string;
}

export interface MarkRow {
  principal: string;
  mark: string;
  upload_id: string;
}

export interface Tables {
  mule_upload: UploadRow;
  mule_mark: MarkRow;
}

/** In order of their names; what is released here is never changed, only followed by another. */
const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '2026-11-22 uploads': {
    async up(db: Kysely<never>) {
      await db.schema
        .createTable('mule_upload')
        .ifNotExists()
        .addColumn('principal', 'text', (column) => column.notNull())
        .addColumn('upload_id', 'text', (column) => column.notNull())
        .addColumn('bucket', 'text', (column) => column.notNull())
        .addColumn('key', 'text', (column) => column.notNull())
        .addColumn('size', 'bigint', (column) => column.notNull())
        .addColumn('part_size', 'bigint', (column) => column.notNull())
        .addColumn('checksum', 'text')
        .addColumn('begun', 'bigint', (column) => column.notNull())
        .addColumn('touched', 'bigint', (column) => column.notNull())
        .addColumn('state', 'text', (column) => column.notNull())
        .addColumn('chunks', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('mule_upload_key', ['principal', 'upload_id'])
        .execute();
      await db.schema
        .createIndex('mule_upload_touched')
        .ifNotExists()
        .on('mule_upload')
        .columns(['bucket', 'touched'])
        .execute();
      await db.schema
        .createTable('mule_mark')
        .ifNotExists()
        .addColumn('principal', 'text', (column) => column.notNull())
        .addColumn('mark', 'text', (column) => column.notNull())
        .addColumn('upload_id', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('mule_mark_key', ['principal', 'mark', 'upload_id'])
        .execute();
    },
  },
};

/** Milliseconds that SQLite waits for another process's write. */
const BUSY_TIMEOUT = 10_000;
const MIGRATION_TRIES = 5;

/** Does one piece of work after another, in the order in which they came. */
export type Enqueue = <T>(work: () => Promise<T>) => Promise<T>;

export interface Database {
  db: Kysely<Tables>;
  /** Around every piece of work with `db`. */
  enqueue: Enqueue;
}

/**
 * SQLite has one connection. Kysely wakes all who wait for it each time it is free, to contend anew: with a thousand
 * of them each piece of work would cost a thousand wake-ups.
 */
function createQueue(): Enqueue {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const turn = last.then(work);
    last = turn.catch(() => undefined);
    return turn;
  };
}

/**
 * Opens a database and brings its tables up to date.
 * @param url `postgres://user:password@host/name`, or `sqlite:` with the path of a file
 * @throws TypeError for a URL of another kind, Error naming the package that is not installed
 */
export async function openDatabase(url: string): Promise<Database> {
  const isPostgres = /^postgres(ql)?:\/\//.test(url);
  const db = await (isPostgres ? openPostgres(url) : openSqlite(url));
  try {
    await migrate(db).catch(throwWithoutSecrets);
    return { db, enqueue: isPostgres ? (work) => work() : createQueue() };
  } catch (error) {
    await db.destroy();
    throw error;
  }
}

/** A driver's error may hold the whole URL, its password included. @throws Error that holds none */
function throwWithoutSecrets(error: unknown): never {
  const { message, cause } = error as Error;
  const reason = cause instanceof Error ? `: ${cause.message || cause.name}` : '';
  throw new Error(redact(message + reason));
}

async function openPostgres(connectionString: string): Promise<Kysely<Tables>> {
  const [{ Kysely, PostgresDialect }, { default: pg }] = await Promise.all([
    importOptional('kysely', () => import('kysely')),
    importOptional('pg', () => import('pg')),
  ]);
  const pool = new pg.Pool({ connectionString });
  // a connection that breaks while nobody uses it must not end the process; the next query gets a new one
  pool.on('error', () => undefined);
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
}

async function openSqlite(url: string): Promise<Kysely<Tables>> {
  const path = /^(?:sqlite|file):(?:\/\/(?=\/))?(.+)$/s.exec(url)?.[1];
  // the URL may hold a password
  if (path === undefined) throw new TypeError('the database URL begins with neither postgres:// nor sqlite:');
  const [{ Kysely, SqliteDialect }, { default: Sqlite }] = await Promise.all([
    importOptional('kysely', () => import('kysely')),
    importOptional('libsql', () => import('libsql')),
  ]);
  const database = new Sqlite(path);
  database.exec(`pragma busy_timeout = ${BUSY_TIMEOUT}`);
  // readers and one writer of many processes at once; survives the end of any of them
  database.exec('pragma journal_mode = wal');
  database.exec('pragma synchronous = normal');
  return new Kysely<Tables>({ dialect: new SqliteDialect({ database }) });
}

/** These packages come with the signer only where its owner installs them. */
async function importOptional<T>(name: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    throw new Error(`the SQL tracker needs the package ${name}: npm install ${name}`, { cause });
  }
}

async function migrate(db: Kysely<Tables>): Promise<void> {
  const { Migrator } = await import('kysely');
  const migrator = new Migrator({
    db,
    provider: { getMigrations: async () => MIGRATIONS },
    migrationTableName: 'mule_migration',
    migrationLockTableName: 'mule_migration_lock',
  });
  for (let left = MIGRATION_TRIES; ; left -= 1) {
    const { error } = await migrator.migrateToLatest();
    if (!error) return;
    // several processes that start at once on one new SQLite file trip over one another, but one gets through
    if (left === 1) throw new Error('the tables of the SQL tracker could not be made', { cause: error });
    await new Promise((resolve) => setTimeout(resolve, 200 * Math.random()));
  }
}
