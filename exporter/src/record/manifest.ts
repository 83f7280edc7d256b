import { createHash } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, truncateSync, writeSync } from 'node:fs';
import { manifestFile } from './layout.ts';

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
  removed: ArchiveFile[];
  /** SHA-256 of the line before, in hex; zeros in the first. */
  previous: string;
}

/** What the manifest says as a whole. */
export interface Manifest {
  entries: ManifestEntry[];
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
}

export const NOTHING_BEFORE = '0'.repeat(64);

/** Hash of the newest line, which stands for all of them. */
export const headOf = ({ hashes }: Manifest): string => hashes.at(-1) ?? NOTHING_BEFORE;

/**
 * Reads the manifest of an archive; one that is not there yet is empty. A last line without its end was never
 * completed and does not count.
 */
export function readManifest(root: string): Manifest {
  const path = manifestFile(root);
  const text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const manifest: Manifest = {
    entries: [],
    hashes: [],
    files: new Map(),
    addedAt: new Map(),
    segments: new Set(),
    faults: [],
  };
  const lines = text.split('\n').slice(0, -1);
  for (const [i, line] of lines.entries()) take(manifest, line, i + 1);
  return manifest;
}

function take(manifest: Manifest, line: string, number: number): void {
  const before = headOf(manifest);
  manifest.hashes.push(sha256(line));
  const entry = entryOf(line);
  if (!entry) {
    manifest.faults.push(`manifest line ${number} is changed: it is no entry`);
    return;
  }
  if (entry.previous !== before)
    manifest.faults.push(
      number === 1
        ? 'manifest line 1 is changed, or lines before it are missing'
        : `manifest line ${number - 1} or ${number} is changed, or lines between them are missing`,
    );
  else if (entry.number !== number)
    manifest.faults.push(`manifest line ${number} is changed: it says ${entry.number}`);
  manifest.entries.push(entry);
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
    const whole =
      Array.isArray(entry.added) && Array.isArray(entry.removed) && typeof entry.number === 'number';
    return whole ? (entry as ManifestEntry) : undefined;
  } catch {
    return undefined;
  }
}

/** Adds one line, durable when it returns. Only for whoever holds the archive's lock. */
export function appendEntry(root: string, entry: Omit<ManifestEntry, 'number' | 'previous'>): void {
  const path = manifestFile(root);
  const before = readManifest(root);
  const line = JSON.stringify({ number: before.hashes.length + 1, ...entry, previous: headOf(before) });
  const fd = openSync(path, 'a', 0o600);
  try {
    const bytes = Buffer.from(`${line}\n`);
    if (writeSync(fd, bytes) !== bytes.length) throw new Error(`${path}: the disk is full`);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Takes off a last line that a crash left without its end. */
export function mendManifest(root: string): void {
  const path = manifestFile(root);
  if (!existsSync(path)) return;
  const bytes = readFileSync(path);
  const end = bytes.lastIndexOf(10) + 1;
  if (end < bytes.length) truncateSync(path, end);
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
