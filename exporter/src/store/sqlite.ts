import { lstatSync, mkdirSync, realpathSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Changes } from '../usage/changes.ts';
import { DailyReader } from './daily-reader.ts';
import type { Connection } from './database.ts';
import { DayMerges, replaceDays } from './day-merges.ts';
import { type ForgottenEntry, type ForgottenKey, forgetKeys, readForgotten } from './forgetting.ts';
import { acquireLock, type Lock } from './lock.ts';
import { connectToRead, connectToWrite, create } from './open-database.ts';
import { redoQuarters } from './quarters.ts';
import type { Commit, Loaded, Serving, Store, StoreReader } from './store.ts';
import { codeOf, failed, reasonOf, refusal, remedyFor, StoreError } from './store-errors.ts';
import * as tables from './tables.ts';
import { ValueBlocks } from './value-blocks.ts';
import { read, readId, readKeys, readSegments, readServing, write } from './whole-store.ts';
import { Writer } from './writer.ts';

/**
 * Opens the store for writing, alone: a file that does not exist is made, one that cannot be trusted is
 * refused. Throws StoreError, which names the file, what is wrong and the remedy.
 */
export function openStore(path: string): Store {
  const file = fileAt(path);
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw failed(file, 'its directory cannot be made', cause);
  }
  const lock = acquireLock(file);
  try {
    create(file);
    return new SqliteStore(file, connectToWrite(file), lock);
  } catch (error) {
    lock.release();
    throw error;
  }
}

/**
 * Opens the store for reading, without its lock: another process may go on writing. Everything read until
 * close() is of one moment. Throws StoreError.
 */
export function openStoreForReading(path: string): StoreReader {
  const file = fileAt(path);
  const db = connectToRead(file);
  db.exec('BEGIN');
  return {
    load: () => read(file, db),
    daily: new DailyReader(file, db),
    segments: () => readSegments(file, db),
    loadKeys: () => readKeys(file, db),
    id: () => readId(file, db),
    serving: () => readServing(file, db),
    forgotten: () => readForgotten(db),
    close() {
      // Closing alone does not end the transaction while the engine still holds statements.
      db.exec('ROLLBACK');
      db.close();
    },
  };
}

class SqliteStore implements Store {
  private readonly path: string;
  private readonly db: Connection;
  private readonly lock: Lock;
  private readonly writer: Writer;
  private readonly values = new ValueBlocks();
  private readonly days = new DayMerges();
  readonly daily: DailyReader;
  private readonly identity: string;
  /** Bytes of the file when last looked at; SQLite never makes it smaller. */
  private size = 0;
  /** What is still to be noted of the exporter, as JSON. */
  private serving: string | undefined;
  /** How many commits the store has had, by this process and those before it. */
  private commits: number;

  constructor(path: string, db: Connection, lock: Lock) {
    this.path = path;
    this.db = db;
    this.lock = lock;
    this.writer = new Writer(db);
    this.daily = new DailyReader(path, db);
    this.identity = identityOf(path)?.inode ?? '';
    const [commits] = db.prepare("SELECT value FROM meta WHERE name = 'commits'").raw().get() as string[];
    this.commits = Number(commits);
  }

  load(): Loaded {
    return read(this.path, this.db);
  }

  commit(commit: Commit, backlogRead: boolean): void {
    this.inTransaction(() => {
      write(this.writer, this.values, this.days, commit);
      this.writeServing();
      if (backlogRead) this.db.exec("INSERT OR IGNORE INTO meta VALUES ('backlog_read', '1')");
    });
    this.serving = undefined;
  }

  forgetKeys(
    keys: readonly (ForgottenKey & { key: number })[],
    note: Pick<ForgottenEntry, 'at' | 'by'>,
  ): void {
    this.inTransaction(() => {
      this.days.forget();
      forgetKeys(this.db, this.writer, this.values, keys, note);
    });
  }

  noteServing(serving: Serving): void {
    const text = JSON.stringify(serving);
    if (text === JSON.stringify(readServing(this.path, this.db))) return;
    this.serving = text;
    try {
      this.inTransaction(() => this.writeServing());
      this.serving = undefined;
    } catch {
      // The next commit has it.
    }
  }

  replaceDays({ keys, endpoints, days }: Pick<Changes, 'keys' | 'endpoints' | 'days'>): void {
    this.inTransaction(() => {
      this.writer.upsert(tables.keys, keys);
      this.writer.upsert(tables.endpoints, endpoints);
      this.days.forget();
      replaceDays(this.writer, days);
      redoQuarters(this.writer, days);
    });
  }

  private writeServing(): void {
    if (this.serving !== undefined) this.writer.putMeta('serving', this.serving);
  }

  private inTransaction(write: () => void): void {
    this.requireSameFile();
    try {
      if (this.db.inTransaction) this.db.exec('ROLLBACK');
      this.db.exec('BEGIN IMMEDIATE');
      this.requireSameCommits();
      write();
      this.db.exec('COMMIT');
    } catch (cause) {
      this.rollBack();
      if (cause instanceof StoreError) throw cause;
      // Never fatal: even a damaged page may be one that a later commit does not need.
      throw new StoreError(`store ${this.path}: ${reasonOf(cause)}; ${remedyFor(cause)}`, {
        fatal: false,
        cause,
      });
    }
    this.commits++;
  }

  close(): void {
    try {
      this.db.pragma('wal_checkpoint(TRUNCATE)');
    } catch {
      // What is committed is safe in the write-ahead log too.
    }
    this.db.close();
    this.lock.release();
  }

  /**
   * A file that was removed or replaced would take commits that nobody ever reads again. Only the name is looked
   * at: opening and closing the file would give back the locks SQLite has on it.
   */
  private requireSameFile(): void {
    const found = identityOf(this.path);
    const what = this.changeOf(found);
    if (what !== '')
      throw new StoreError(
        `store ${this.path} ${what} while the exporter runs; put it back, or restart to begin with what is there`,
        { fatal: false },
      );
    this.size = found?.size ?? 0;
  }

  private changeOf(found: Identity | undefined): string {
    if (found === undefined) return 'was removed';
    if (found.inode !== this.identity) return 'was replaced by another file';
    return found.size < this.size ? 'was truncated' : '';
  }

  /** Values are absolute: over those of another process they would undo what it counted. */
  private requireSameCommits(): void {
    const [next, last] = [String(this.commits + 1), String(this.commits)];
    if (this.writer.replaceMeta('commits', last, next)) return;
    throw new StoreError(
      `store ${this.path}: another process has written to it; see that one exporter alone uses it, and restart`,
      { fatal: true },
    );
  }

  private rollBack(): void {
    this.values.forget();
    this.days.forget();
    try {
      if (this.db.inTransaction) this.db.exec('ROLLBACK');
    } catch {
      // The next commit tries it again.
    }
  }
}

/** The file itself: SQLite keeps its log beside that, and two names of one store must meet at one lock. */
function fileAt(path: string): string {
  const absolute = resolve(path);
  if (!lstatSync(absolute, { throwIfNoEntry: false })?.isSymbolicLink()) return absolute;
  try {
    return realpathSync(absolute);
  } catch (cause) {
    throw refusal(
      path,
      `it is a symbolic link that leads to no file (${codeOf(cause)})`,
      'see that what it leads to is mounted, or remove the link',
    );
  }
}

interface Identity {
  inode: string;
  /** Bytes. */
  size: number;
}

function identityOf(path: string): Identity | undefined {
  try {
    const { dev, ino, size } = statSync(path, { bigint: true });
    return { inode: `${dev}:${ino}`, size: Number(size) };
  } catch {
    return undefined;
  }
}
