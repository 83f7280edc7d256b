import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import Database from 'libsql';
import type { Connection } from './database.ts';
import { APPLICATION_ID, MIGRATIONS, SCHEMA_VERSION } from './schema.ts';
import { damaged, failed, refusal } from './store-errors.ts';

/**
 * Opens a store that is there for writing, and brings it to the newest version. Throws StoreError when the file
 * is not whole, not a store, newer than this exporter, or cannot be written; the file is then as it was.
 */
export function connectToWrite(path: string): Connection {
  requireStore(path);
  return checked(path, (db) => {
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    db.pragma('wal_autocheckpoint = 2000');
    db.pragma('journal_size_limit = 67108864');
    // 16 MiB: with SQLite's own 2 MB a large commit writes its pages out several times.
    db.pragma('cache_size = -16384');
    const version = versionOf(db);
    if (version > SCHEMA_VERSION) throw newer(path, version);
    const [check] = db.prepare('PRAGMA quick_check(1)').raw().get() as string[];
    if (check !== 'ok') throw damaged(path, check.replaceAll('\n', ' '));
    migrate(db, version);
    db.exec('BEGIN IMMEDIATE; ROLLBACK');
  });
}

/** Opens a store that another process may be writing, without changing it. Throws StoreError. */
export function connectToRead(path: string): Connection {
  if (!existsSync(path)) throw refusal(path, 'it does not exist', 'see to --store.path');
  if (statSync(path).size === 0) throw damaged(path, 'the file is empty');
  return checked(path, (db) => {
    db.pragma('query_only = 1');
    const [application] = db.prepare('PRAGMA application_id').raw().get() as number[];
    if (application !== APPLICATION_ID) throw notAStore(path);
    const version = versionOf(db);
    if (version > SCHEMA_VERSION) throw newer(path, version);
    if (version < SCHEMA_VERSION)
      throw refusal(
        path,
        `it is of version ${version}, this exporter reads ${SCHEMA_VERSION}`,
        'start this exporter on it once, or use the older one',
      );
  });
}

/** Makes the store where there is none: complete under another name first, so that no crash leaves half of one. */
export function create(path: string): void {
  if (existsSync(path)) return;
  if (existsSync(`${path}-wal`))
    throw refusal(
      path,
      `it is gone, but ${path}-wal holds commits that belong to it`,
      'put the store back, or remove that file too to begin from nothing',
    );
  const draft = `${path}.new`;
  try {
    for (const leftover of [draft, `${draft}-journal`]) rmSync(leftover, { force: true });
    // Only its owner may read what the store knows about the clients.
    closeSync(openSync(draft, 'wx', 0o600));
    // Not in WAL mode yet: the rename must take everything along in one file.
    checked(draft, (db) => migrate(db, 0)).close();
    renameSync(draft, path);
    syncDirectory(dirname(path));
  } catch (cause) {
    throw failed(path, 'it cannot be made', cause);
  }
}

/** A connection that passed `check`; closed again when it did not. */
function checked(path: string, check: (db: Connection) => void): Connection {
  let db: Connection | undefined;
  try {
    db = new Database(path);
    db.pragma('busy_timeout = 2000');
    check(db);
    return db;
  } catch (cause) {
    db?.close();
    throw failed(path, 'it cannot be opened', cause);
  }
}

/**
 * Looks at the file before SQLite does: that takes an empty file for a new database and turns any database it is
 * given to WAL mode. To be called only while this process has no connection to the file: closing a file
 * gives back every lock the process has on it.
 */
function requireStore(path: string): void {
  const header = Buffer.alloc(100);
  let size = 0;
  try {
    const file = openSync(path, 'r');
    try {
      const found = fstatSync(file);
      if (!found.isFile()) throw refusal(path, 'it is not a file', 'see to --store.path');
      size = found.size;
      readSync(file, header, 0, 100, 0);
    } finally {
      closeSync(file);
    }
  } catch (cause) {
    throw failed(path, 'it cannot be read', cause);
  }
  if (size === 0) throw damaged(path, 'the file is empty');
  if (size < 100 || header.toString('latin1', 0, 16) !== 'SQLite format 3\0')
    throw damaged(path, 'it is not a database');
  // SQLite's header (sqlite.org/fileformat2.html): 16 page size, 1 means 65536; 28 pages; 68 application id.
  if (header.readInt32BE(68) !== APPLICATION_ID) throw notAStore(path);
  const pageSize = header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16);
  const whole = header.readUInt32BE(28) * pageSize;
  // With commits still in the log the header may be ahead of the file; quick_check then sees what is missing.
  const pending = existsSync(`${path}-wal`) && statSync(`${path}-wal`).size > 0;
  if (!pending && size < whole) throw damaged(path, `the file is truncated: ${size} bytes of ${whole}`);
}

function versionOf(db: Connection): number {
  const [version] = db.prepare('PRAGMA user_version').raw().get() as number[];
  return version;
}

function migrate(db: Connection, version: number): void {
  for (const [step, change] of MIGRATIONS.entries()) {
    if (step < version) continue;
    db.exec('BEGIN');
    if (typeof change === 'string') db.exec(change);
    else change(db);
    db.exec(`PRAGMA user_version = ${step + 1}; COMMIT`);
  }
}

/** A new name in a directory is durable once the directory is. */
function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

const notAStore = (path: string) =>
  refusal(path, 'it is a database, but not a store of this exporter', 'see to --store.path');

const newer = (path: string, version: number) =>
  refusal(
    path,
    `it is of version ${version}, this exporter knows ${SCHEMA_VERSION}`,
    'run the newer exporter, or restore an older store',
  );
