import { createHash } from 'node:crypto';
import {
  closeSync,
  createReadStream,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { draftDirectory, pendingFile } from './layout.ts';
import { type ArchiveFile, appendEntry, type Change, type Manifest } from './manifest.ts';
import { syncDirectoryOf } from './spool-file.ts';

/** A finished file that has not got its place yet. */
export interface Draft extends ArchiveFile {
  /** Where it lies now. */
  draft: string;
}

/**
 * Puts drafts in their places, writes the manifest's line, removes what it says is removed. A crash anywhere in
 * between leaves the change either made or not begun once recover() has run. Throws where a file lies that nobody
 * knows of. Only for whoever holds the lock and has read `manifest` under it.
 */
export function makeChange(
  root: string,
  manifest: Manifest,
  change: { change: Change; segment?: number; added: Draft[]; removed: ArchiveFile[]; at: Date },
): void {
  const { drafts, added } = parted(change.added);
  const removed = change.removed.map(({ path }) => ({ path }));
  for (const { path } of added)
    if (existsSync(join(root, path)))
      throw new Error(`${path} is there already and not of this archive; see audit verify`);
  writeDurably(pendingFile(root), JSON.stringify([...added, ...removed].map(({ path }) => path)));
  const directories = new Set<string>();
  for (const [i, { path }] of added.entries()) {
    const place = join(root, path);
    mkdirSync(dirname(place), { recursive: true, mode: 0o700 });
    renameSync(drafts[i], place);
    directories
      .add(place)
      .add(dirname(place))
      .add(dirname(dirname(place)));
  }
  for (const directory of directories) syncDirectoryOf(directory);
  const { at, segment } = change;
  appendEntry(root, manifest, {
    at: at.toISOString(),
    change: change.change,
    ...(segment === undefined ? {} : { segment }),
    added,
    removed,
  });
  for (const { path } of removed) removeFile(join(root, path));
  rmSync(pendingFile(root), { force: true });
}

/** With the directory of its day where that was its last file. */
function removeFile(path: string): void {
  rmSync(path, { force: true });
  try {
    rmdirSync(dirname(path));
  } catch {
    // Others lie there.
  }
}

/** Ends or undoes what a crash interrupted, and clears away drafts. Only for whoever holds the lock. */
export function recover(root: string, { files }: Manifest): void {
  rmSync(draftDirectory(root), { recursive: true, force: true });
  mkdirSync(draftDirectory(root), { recursive: true, mode: 0o700 });
  if (!existsSync(pendingFile(root))) return;
  // Half of such a note means that nothing was moved yet.
  for (const path of pathsIn(readFileSync(pendingFile(root), 'utf8')))
    if (!files.has(path) && existsSync(join(root, path))) rmSync(join(root, path));
  rmSync(pendingFile(root));
}

/** SHA-256 of a file in hex, and its bytes. `onBytes` is told of progress. */
export async function digestOf(
  path: string,
  onBytes: (bytes: number) => void = () => {},
): Promise<{ sha256: string; bytes: number }> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const block of createReadStream(path, { highWaterMark: 1024 * 1024 })) {
    hash.update(block as Buffer);
    bytes += (block as Buffer).length;
    onBytes((block as Buffer).length);
  }
  return { sha256: hash.digest('hex'), bytes };
}

export function syncFile(path: string): void {
  const fd = openSync(path, 'r+');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function parted(all: Draft[]): { drafts: string[]; added: ArchiveFile[] } {
  return {
    drafts: all.map(({ draft }) => draft),
    added: all.map(({ path, sha256, bytes, rows, first, last }) => ({
      path,
      sha256,
      bytes,
      rows,
      first,
      last,
    })),
  };
}

function writeDurably(path: string, text: string): void {
  writeFileSync(path, text, { mode: 0o600 });
  syncFile(path);
  syncDirectoryOf(path);
}

function pathsIn(text: string): string[] {
  try {
    return JSON.parse(text) as string[];
  } catch {
    return [];
  }
}
