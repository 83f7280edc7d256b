import { existsSync, mkdirSync, readdirSync, rmSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { acquireLock, type Lock } from '../store/lock.ts';
import type { SegmentRow } from '../store/row-types.ts';
import { manifestFile, spoolDirectory, spoolFile } from './layout.ts';

/**
 * Takes the spool for this process alone (another one would take its files for leftovers) and cuts off what was never
 * committed. `stored` as last committed. Throws an Error for people when the directory cannot be used.
 */
export function takeSpool(root: string, stored: SegmentRow[]): Lock {
  try {
    mkdirSync(spoolDirectory(root), { recursive: true, mode: 0o700 });
    const lock = acquireLock(join(spoolDirectory(root), 'exporter'));
    cutOff(root, stored);
    return lock;
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new Error(
      /another exporter/.test(message)
        ? `record.path ${root}: another exporter is using it; give each its own --record.path`
        : `record.path ${root}: it cannot be used (${code ?? message}); make it a directory the exporter may write to`,
      { cause },
    );
  }
}

function cutOff(root: string, stored: SegmentRow[]): void {
  const known = new Set<string>();
  for (const { segment, length } of stored) {
    const path = spoolFile(root, segment);
    known.add(path);
    // A segment sealed just before a crash may have lost its file already; whoever seals finds it in the manifest.
    if (existsSync(path) && statSync(path).size > length) truncateSync(path, length);
  }
  for (const name of readdirSync(spoolDirectory(root))) {
    const path = join(spoolDirectory(root), name);
    if (name.endsWith('.spool') && !known.has(path)) rmSync(path);
  }
}

/** Whether something was ever archived there. */
export const hasArchive = (root: string): boolean => existsSync(manifestFile(root));
