import { QuestionError } from '../history/key-choice.ts';
import type { KeyRegistry } from '../keys/registry.ts';
import { ArchivedRequests } from '../record/archived-requests.ts';
import { followManifest } from '../record/manifest.ts';
import type { DailyReader } from '../store/daily-reader.ts';
import { dateOf, dayAt, quarterOf } from '../time/days.ts';
import type { KeyRow } from '../usage/changes.ts';
import { quarterDays, type Review, review } from './review.ts';
import type { ReplayOptions } from './tier-days.ts';

/** What a review is asked of; `recordPath` = directory of the archive, whether it is there or not. */
export interface Reviewed extends ReplayOptions {
  reader: DailyReader;
  registry: KeyRegistry;
  recordPath: string;
  /** As in ReviewSource. */
  keys?: readonly KeyRow[];
  /** Seconds since the epoch. */
  now: number;
}

/** The review of a quarter written `2026Q4`, '' = the current one. Throws QuestionError. */
export async function reviewOf({ recordPath, ...source }: Reviewed, quarter: string): Promise<Review> {
  const today = dayAt(source.now);
  const name = quarter === '' ? quarterOf(today) : quarter;
  const days = quarterDays(name);
  if (!days) throw new QuestionError(`quarter: ${JSON.stringify(name)} is none; write it as 2026Q4`);
  if (days.from > today) throw new QuestionError(`quarter: ${name} has not begun`);
  const archive = await ArchivedRequests.open(recordPath, dateOf(days.from), dateOf(days.to));
  try {
    return await review(
      { ...source, archive, manifest: followManifest(recordPath).hashes.at(-1) ?? null },
      name,
      days,
    );
  } finally {
    archive?.close();
  }
}
