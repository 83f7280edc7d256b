import { createHash } from 'node:crypto';
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { manifestFile, placeOf } from './layout.ts';

/** A file of the archive as the manifest describes it. */
export interface ArchiveFile {
  /** Relative to `record.path`, with `/`. */
  path: string;
  /** Of the whole file, in hex. */
  sha256: string;
  bytes: number;
  rows: number;
  /** Event time of the first and the last request, milliseconds since the epoch. */
  first: number;
  last: number;
}

/** Why files came and went. */
export type Change =
  /** Requests of one segment of the spool. */
  | 'sealed'
  /** The files of a past day became one. */
  | 'compacted'
  /** A legal hold was set or lifted: the requests it concerns went to the class they now belong to. */
  | 'reclassified'
  /** Their retention is over. */
  | 'expired';

/** One line of the manifest. */
export interface ManifestEntry {
  /** From 1 on. */
  number: number;
  /** ISO 8601, UTC. */
  at: string;
  change: Change;
  /** Of a `sealed` one. */
  segment?: number;
  added: ArchiveFile[];
  /** An earlier line describes these files. */
  removed: { path: string }[];
  /** SHA-256 of the line before, in hex; zeros in the first. */
  previous: string;
}

/** What the manifest says as a whole. */
export interface Manifest {
  /** SHA-256 of each line, in their order. */
  hashes: string[];
  /** The files that must be there, by path. */
  files: Map<string, ArchiveFile>;
  /** When each of those files came, milliseconds since the epoch. */
  addedAt: Map<string, number>;
  /** Segments whose requests are in the archive. */
  segments: Set<number>;
  /** Lines that are none, or do not continue the line before; for people. */
  faults: string[];
  /** What its newest line says to be: behind lines that are missing not how many there are. */
  number: number;
  /** Length of its whole lines. */
  bytes: number;
}

/** What the first line continues, and the head of a manifest without lines. */
export const NOTHING_BEFORE = '0'.repeat(64);

/** Hash of the newest line, which stands for all of them. */
export const headOf = ({ hashes }: Manifest): string => hashes.at(-1) ?? NOTHING_BEFORE;

/**
 * Reads the manifest of an archive; one that is not there yet is empty. A last line without its end was never
 * completed and does not count.
 */
export function readManifest(root: string): Manifest {
  const manifest = emptyManifest();
  readOn(root, manifest);
  return manifest;
}

const followed = new Map<string, { manifest: Manifest; inode: number }>();

/**
 * As readManifest, for those who ask again and again: what this process has read of it before is not read again, so
 * that the answer takes as long as what is new. It is the same object each time, brought up to date. What was changed
 * in lines read before goes unnoticed: whoever verifies or changes the archive reads all of it.
 */
export function followManifest(root: string): Manifest {
  const known = followed.get(root);
  const manifest = known?.manifest ?? emptyManifest();
  const { inode, size } = readOn(root, manifest);
  const isSame = !known || (known.inode === inode && size >= manifest.bytes);
  if (isSame && manifest.faults.length === 0) {
    followed.set(root, { manifest, inode });
    return manifest;
  }
  followed.delete(root);
  return readManifest(root);
}

const emptyManifest = (): Manifest => ({
  ...{ hashes: [], files: new Map(), addedAt: new Map(), segments: new Set(), faults: [] },
  ...{ number: 0, bytes: 0 },
});

/** Takes in the lines behind those that were read. Tells which file it was, and its length. */
function readOn(root: string, manifest: Manifest): { inode: number; size: number } {
  let fd: number;
  try {
    fd = openSync(manifestFile(root), 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { inode: 0, size: 0 };
    throw error;
  }
  try {
    const { ino: inode, size } = fstatSync(fd);
    const bytes = Buffer.alloc(Math.max(0, size - manifest.bytes));
    const read = bytes.subarray(0, readSync(fd, bytes, 0, bytes.length, manifest.bytes));
    const whole = read.subarray(0, read.lastIndexOf(NEWLINE) + 1);
    for (let at = 0; at < whole.length; ) {
      const end = whole.indexOf(NEWLINE, at);
      take(manifest, whole.toString('utf8', at, end));
      at = end + 1;
    }
    manifest.bytes += whole.length;
    return { inode, size };
  } finally {
    closeSync(fd);
  }
}

const NEWLINE = 10;
const { O_RDWR, O_CREAT } = constants;

function take(manifest: Manifest, line: string): void {
  const before = headOf(manifest);
  const number = manifest.hashes.push(sha256(line));
  const entry = entryOf(line);
  if (!entry) {
    manifest.faults.push(`manifest line ${number} is changed: it is no entry`);
    manifest.number++;
    return;
  }
  if (entry.previous !== before)
    manifest.faults.push(
      number === 1
        ? 'manifest line 1 is changed, or lines before it are missing'
        : `manifest line ${number - 1} or ${number} is changed, or lines between them are missing`,
    );
  else if (entry.number !== manifest.number + 1)
    manifest.faults.push(`manifest line ${number} is changed: it says ${entry.number}`);
  manifest.number = entry.number;
  if (entry.segment !== undefined) manifest.segments.add(entry.segment);
  for (const { path } of entry.removed) {
    manifest.files.delete(path);
    manifest.addedAt.delete(path);
  }
  for (const file of entry.added) {
    manifest.files.set(file.path, file);
    manifest.addedAt.set(file.path, Date.parse(entry.at));
  }
}

function entryOf(line: string): ManifestEntry | undefined {
  try {
    const entry = JSON.parse(line) as Partial<ManifestEntry>;
    const { number, at, added, removed } = entry;
    const whole =
      typeof number === 'number' &&
      !Number.isNaN(Date.parse(at as string)) &&
      added?.every(isFile) &&
      removed?.every(({ path }) => placeOf(path) !== undefined);
    return whole ? (entry as ManifestEntry) : undefined;
  } catch {
    return undefined;
  }
}

const isFile = ({ path, sha256: hash, bytes, rows, first, last }: ArchiveFile): boolean =>
  placeOf(path) !== undefined &&
  /^[0-9a-f]{64}$/.test(hash) &&
  [bytes, rows, first, last].every((value) => typeof value === 'number');

/**
 * Adds one line to the file, durable when it returns, and to `manifest`, which was read from it. What a full disk left
 * of a line is written over. Only for whoever holds the archive's lock.
 */
export function appendEntry(
  root: string,
  manifest: Manifest,
  entry: Omit<ManifestEntry, 'number' | 'previous'>,
): void {
  const path = manifestFile(root);
  const number = manifest.hashes.length + 1;
  const line = JSON.stringify({ number, ...entry, previous: headOf(manifest) });
  const bytes = Buffer.from(`${line}\n`);
  const fd = openSync(path, O_RDWR | O_CREAT, 0o600);
  try {
    ftruncateSync(fd, manifest.bytes);
    if (writeSync(fd, bytes, 0, bytes.length, manifest.bytes) !== bytes.length)
      throw new Error(`${path}: the disk is full`);
    fsyncSync(fd);
  } catch (error) {
    // Whoever called undoes the change: a line that stayed would tell of files that are gone.
    ftruncateSync(fd, manifest.bytes);
    throw error;
  } finally {
    closeSync(fd);
  }
  take(manifest, line);
  manifest.bytes += bytes.length;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
