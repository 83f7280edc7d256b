import { join } from 'node:path';
import { dateOf, dayAt } from '../time/days.ts';

/** What lies where below `record.path`. */
export const spoolDirectory = (root: string): string => join(root, 'spool');
export const spoolFile = (root: string, segment: number): string =>
  join(spoolDirectory(root), `${segment}.spool`);
export const manifestFile = (root: string): string => join(root, 'manifest.jsonl');
/** The change that is being made to the archive just now. */
export const pendingFile = (root: string): string => join(root, 'pending.json');
/** Where files are written before they get their name, and where DuckDB puts what does not fit in memory. */
export const draftDirectory = (root: string): string => join(root, 'draft');

export const REQUESTS = 'requests';

/** A file of the archive, relative to `record.path`; always with `/`. */
export const requestFile = (retention: string, day: string, name: string): string =>
  `${REQUESTS}/class=${retention}/day=${day}/${name}.parquet`;

/** Retention class and UTC day of an archive file's path; undefined for a path of another form. */
export function placeOf(path: string): { retention: string; day: string } | undefined {
  const match = /^requests\/class=(\d+|hold)\/day=([0-9-]+)\/[^/]+\.parquet$/.exec(path);
  return match ? { retention: match[1], day: match[2] } : undefined;
}

const MS_A_DAY = 86_400_000;

/** A UTC day as YYYY-MM-DD. */
export const dayOf = (ms: number): string => dateOf(dayAt(ms / 1000));

/** Days since the epoch of a YYYY-MM-DD. */
export const dayNumber = (day: string): number => Math.floor(Date.parse(`${day}T00:00:00Z`) / MS_A_DAY);
