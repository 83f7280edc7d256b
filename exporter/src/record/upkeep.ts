import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { HELD } from '../keys/retention.ts';
import { acquireLock, type Lock } from '../store/lock.ts';
import { type Draft, digestOf, makeChange, recover } from './archive-change.ts';
import { draftFiles, makeClassTable, rowsByKey, rowsOf } from './draft-files.ts';
import { type DuckDBConnection, openDuckdb } from './duckdb.ts';
import { dayNumber, dayOf, draftDirectory, placeOf, spoolFile } from './layout.ts';
import { type ArchiveFile, type Change, type Manifest, readManifest } from './manifest.ts';
import { loadSpool } from './spool-table.ts';
import { faultsOf } from './verify.ts';

/** The retention class of one key of the keys file, under the names the archive knows it by. */
export interface KeyRetention {
  key: string;
  /** '' = whatever tenant, NO_TENANT = none. */
  tenant: string;
  retention: string;
}

export interface UpkeepOptions {
  /** `record.path`. */
  root: string;
  /** Closed segments of the spool, oldest first, and their committed bytes. */
  segments: { segment: number; length: number }[];
  keys: KeyRetention[];
  /** Milliseconds since the epoch. */
  now: number;
  /** Told of each segment that is in the archive for good. */
  onSealed?: (segment: number) => void;
  /** Told of what a person should know. */
  onProblem?: (message: string) => void;
}

const LIMITS = { memory: 512, threads: 1 };
/** A past day is made one file when nothing came to it for so long; late lines come in bursts. */
const QUIET_MS = 3_600_000;
const LOCK_TRIES = 40;
const LOCK_PAUSE_MS = 250;
const MS_A_DAY = 86_400_000;

/**
 * Brings the archive up to date: seals segments, makes one file of the files of past days, moves what a legal
 * hold concerns, removes what is expired. Each step is made whole or not at all, whenever the process is killed.
 * Throws when another process goes on changing the archive.
 */
export async function upkeep(options: UpkeepOptions): Promise<void> {
  const { root } = options;
  mkdirSync(root, { recursive: true, mode: 0o700 });
  const lock = await lockArchive(root);
  try {
    const manifest = readManifest(root);
    if (manifest.faults.length === 0) recover(root, manifest);
    const [fault] = faultsOf(root, manifest);
    if (fault !== undefined)
      throw new Error(`${fault}; see to it with audit verify, nothing is changed until then`);
    const { connection, close } = await openDuckdb({ ...LIMITS, directory: draftDirectory(root) });
    try {
      await makeClassTable(connection, options.keys);
      const archive = new Archive(connection, options, manifest);
      for (const segment of options.segments) await archive.seal(segment);
      await archive.release();
      await archive.expire();
      await archive.compact();
    } finally {
      close();
    }
  } finally {
    lock.release();
  }
}

/** The upkeep of an exporter that was just killed may be ending: it is waited for. */
async function lockArchive(root: string): Promise<Lock> {
  for (let tries = 0; ; tries++) {
    try {
      return acquireLock(join(root, 'archive'));
    } catch (cause) {
      if (!/another exporter/.test((cause as Error).message)) throw cause;
      if (tries === LOCK_TRIES)
        throw new Error(`another process is changing ${root}; see that one exporter alone uses it`, {
          cause,
        });
      await wait(LOCK_PAUSE_MS);
    }
  }
}

/** The steps, each of them one or more changes of the archive. */
class Archive {
  private readonly connection: DuckDBConnection;
  private readonly options: UpkeepOptions;
  private readonly manifest: Manifest;

  constructor(connection: DuckDBConnection, options: UpkeepOptions, manifest: Manifest) {
    this.connection = connection;
    this.options = options;
    this.manifest = manifest;
  }

  async seal({ segment, length }: { segment: number; length: number }): Promise<void> {
    const { root, onSealed, onProblem } = this.options;
    const path = spoolFile(root, segment);
    if (!this.manifest.segments.has(segment)) {
      if (!existsSync(path)) {
        onProblem?.(`archive: ${path} is missing: its requests were counted, but are not in the archive`);
        return;
      }
      const sealed = await this.attempt(`${path} cannot be sealed`, async () => {
        await loadSpool(this.connection, 'sealing', [{ path, length }]);
        const added = await this.drafts('SELECT * FROM sealing', String(segment));
        await this.connection.run('DROP TABLE sealing');
        this.change('sealed', added, [], segment);
      });
      if (!sealed) return;
    }
    onSealed?.(segment);
  }

  /**
   * Requests in the class of held ones whose key is held no more go to the class they would have. A key that is not
   * among the keys stays held: an entry that was lost must not remove what it protected.
   */
  async release(): Promise<void> {
    for (const file of this.filesOf(HELD))
      await this.attempt(`${file.path} cannot be looked at for lifted holds`, async () => {
        const rows = rowsByKey(this.options.root, [file.path], HELD);
        if ((await this.count(`SELECT 1 FROM (${rows}) WHERE retention <> '${HELD}'`)) === 0) return;
        await this.requireIntact([file]);
        this.change('reclassified', await this.drafts(rows, `r-${this.nextNumber()}`), [file]);
      });
  }

  /** Removes files whose class's days are over; what is held by now is kept. */
  async expire(): Promise<void> {
    const today = Math.floor(this.options.now / MS_A_DAY);
    const anyHeld = this.options.keys.some(({ retention }) => retention === HELD);
    for (const file of [...this.manifest.files.values()]) {
      const { retention, day } = placeOf(file.path) ?? { retention: HELD, day: '' };
      if (retention === HELD || today <= dayNumber(day) + Number(retention)) continue;
      await this.attempt(`${file.path} is expired and cannot be removed`, async () => {
        const held = anyHeld ? await this.heldOf(file) : [];
        this.change('expired', held, [file]);
      });
    }
  }

  /** Past days with several files get one. */
  async compact(): Promise<void> {
    const { root, now } = this.options;
    const places = new Map<string, ArchiveFile[]>();
    for (const file of this.manifest.files.values()) {
      const { retention, day } = placeOf(file.path) ?? { retention: '', day: '' };
      if (day === '' || day >= dayOf(now)) continue;
      const place = `${retention} ${day}`;
      places.set(place, [...(places.get(place) ?? []), file]);
    }
    for (const [place, files] of places) {
      const newest = Math.max(...files.map(({ path }) => this.manifest.addedAt.get(path) ?? 0));
      if (files.length < 2 || now - newest < QUIET_MS) continue;
      const [retention, day] = place.split(' ');
      await this.attempt(`the files of ${day}, class ${retention}, cannot become one`, async () => {
        await this.requireIntact(files);
        const paths = files.map(({ path }) => path);
        const rows = rowsOf(root, paths, retention);
        this.change('compacted', await this.drafts(rows, `d-${this.nextNumber()}`), files);
      });
    }
  }

  /** The requests of a file that a legal hold keeps. */
  private async heldOf(file: ArchiveFile): Promise<Draft[]> {
    await this.requireIntact([file]);
    const rows = rowsByKey(this.options.root, [file.path], '');
    return this.drafts(`SELECT * FROM (${rows}) WHERE retention = '${HELD}'`, `h-${this.nextNumber()}`);
  }

  /** What was tampered with must not get a new file with a hash of its own. */
  private async requireIntact(files: ArchiveFile[]): Promise<void> {
    for (const { path, sha256 } of files)
      if ((await digestOf(join(this.options.root, path))).sha256 !== sha256)
        throw new Error(`${path} is not as it was written; see audit verify`);
  }

  /** What fails at one place is undone and keeps nothing else from being done; it is told and tried again next time. */
  private async attempt(what: string, step: () => Promise<void>): Promise<boolean> {
    try {
      await step();
      return true;
    } catch (error) {
      this.options.onProblem?.(`archive: ${what}: ${(error as Error).message}`);
      recover(this.options.root, this.manifest);
      return false;
    }
  }

  private change(change: Change, added: Draft[], removed: ArchiveFile[], segment?: number): void {
    const { root, now } = this.options;
    const at = new Date(now);
    const what = { change, added, removed, at, ...(segment === undefined ? {} : { segment }) };
    makeChange(root, this.manifest, what);
  }

  private drafts(sql: string, name: string): Promise<Draft[]> {
    return draftFiles(this.connection, this.options.root, { sql, name });
  }

  private filesOf(retention: string): ArchiveFile[] {
    return [...this.manifest.files.values()].filter(({ path }) => placeOf(path)?.retention === retention);
  }

  /** Files that come from others are called after the manifest's line that tells of it. */
  private nextNumber(): number {
    return this.manifest.hashes.length + 1;
  }

  private async count(sql: string): Promise<number> {
    const [[rows]] = (await this.connection.runAndReadAll(`SELECT count(*)::DOUBLE FROM (${sql})`)).getRows();
    return rows as number;
  }
}
