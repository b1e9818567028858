/** The database of the SQL tracker: tables, migrations, and connections by URL. */
import type { Kysely, Migration } from 'kysely';
import type { ChecksumAlgorithm } from '../../protocol.js';
import { redact } from '../util/redact.js';

export interface UploadRow {
  principal: string;
  upload_id: string;
  /** The bucket's name, a space and the store; only the name in rows of earlier releases. */
  bucket: string;
  key: string;
  /** PostgreSQL returns a bigint as a string. */
  size: number | string;
  part_size: number | string;
  checksum: ChecksumAlgorithm | null;
  begun: number | string;
  /** When the upload was last active, in epoch milliseconds. */
  touched: number | string;
  /** `sweeping`: claimed by a sweep, and not aborted yet. */
  state: 'started' | 'sweeping' | 'complete' | 'aborted';
  /** Ranges of part numbers, such as `1-500,502`. */
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

/** Run in order of their names. A released migration is never changed; add another one. */
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

/** How long SQLite waits for another process's write. */
const BUSY_TIMEOUT_MS = 10_000;
/** How long a call waits for a connection to PostgreSQL. Under load, this includes the calls before it in the pool. */
const POSTGRES_CONNECTION_TIMEOUT_MS = 30_000;
const POSTGRES_QUERY_TIMEOUT_MS = 10_000;
const MAX_MIGRATION_ATTEMPTS = 5;

/** Runs one task after another, in order. */
export type Enqueue = <T>(task: () => Promise<T>) => Promise<T>;

export interface Database {
  db: Kysely<Tables>;
  /** Must wrap every task that uses `db`. */
  enqueue: Enqueue;
}

/**
 * Creates a queue for SQLite's only connection. Without it, Kysely wakes all waiting tasks each time the connection is
 * free: a thousand tasks would cause a million wake-ups.
 */
function createQueue(): Enqueue {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const result = last.then(task);
    last = result.catch(() => undefined);
    return result;
  };
}

/**
 * Opens a database and migrates its tables.
 * @param url `postgres://user:password@host/name`, or `sqlite:` with the path of a file
 * @throws TypeError for another URL, Error naming the package that is not installed
 */
export async function openDatabase(url: string): Promise<Database> {
  const isPostgres = /^postgres(ql)?:\/\//.test(url);
  const db = await (isPostgres ? openPostgres(url) : openSqlite(url));
  try {
    await migrate(db).catch(throwWithoutSecrets);
    return { db, enqueue: isPostgres ? (task) => task() : createQueue() };
  } catch (error) {
    await db.destroy();
    throw error;
  }
}

/**
 * A driver's error may contain the URL with its password.
 * @throws Error with the same reason and without secrets
 */
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
  const pool = new pg.Pool({
    connectionString,
    connectionTimeoutMillis: POSTGRES_CONNECTION_TIMEOUT_MS,
    query_timeout: POSTGRES_QUERY_TIMEOUT_MS,
  });
  // without a listener, an idle connection that breaks would end the process; the next query opens a new one
  pool.on('error', () => undefined);
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
}

async function openSqlite(url: string): Promise<Kysely<Tables>> {
  const path = /^(?:sqlite|file):(?:\/\/(?=\/))?(.+)$/s.exec(url)?.[1];
  // the message omits the URL, which may contain a password
  if (path === undefined) throw new TypeError('the database URL must start with postgres:// or sqlite:');
  const [{ Kysely, SqliteDialect }, { default: Sqlite }] = await Promise.all([
    importOptional('kysely', () => import('kysely')),
    importOptional('libsql', () => import('libsql')),
  ]);
  const database = new Sqlite(path);
  database.exec(`pragma busy_timeout = ${BUSY_TIMEOUT_MS}`);
  // with a write-ahead log, several processes can read while one writes, and each of them may crash
  database.exec('pragma journal_mode = wal');
  database.exec('pragma synchronous = normal');
  return new Kysely<Tables>({ dialect: new SqliteDialect({ database }) });
}

/** Imports an optional package. @throws Error that says how to install it */
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
  for (let attempt = 1; ; attempt += 1) {
    const { error } = await migrator.migrateToLatest();
    if (!error) return;
    // if several processes start with a new SQLite file, only one of them may succeed at first
    if (attempt === MAX_MIGRATION_ATTEMPTS)
      throw new Error('the tables of the SQL tracker could not be created', { cause: error });
    await new Promise((resolve) => setTimeout(resolve, 200 * Math.random()));
  }
}
