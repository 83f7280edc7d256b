import { DAY } from '../time/units.ts';
import type { Cell } from './tables.ts';

/** Rows as a query gives them. */
type Query = (sql: string, parameters: Cell[]) => Cell[][];

/** A longer time without any request is a hole in the record; what lies before it, such as a line of 1970, proves nothing. */
const LONGEST_HOLE = 30;

/**
 * Since when requests are recorded, seconds since the epoch: since the store was made, or since the first request of
 * the log that was read into it, whichever is earlier.
 */
export function recordedSince(query: Query): number {
  const [[made]] = query("SELECT value FROM meta WHERE name = 'recorded_from'", []);
  let since = Number(made);
  let later = Number.POSITIVE_INFINITY;
  for (const [day, first] of query('SELECT day, first FROM day_sums ORDER BY day DESC', []) as number[][]) {
    if (later - day > LONGEST_HOLE && Number.isFinite(later)) break;
    later = day;
    // 0: of none of them the time is known.
    if (first > 0 && first >= day * DAY) since = Math.min(since, first);
  }
  return since;
}

/**
 * First and last use of keys by their days alone, for those of whom no time is stored: days that were put back from
 * the archive have none. Where only the day is known its end is taken, but never a time ahead of `now`.
 */
export function usesOfDays(
  query: Query,
  keys: readonly number[],
  now: number,
): Map<number, { firstUsed: number; lastUsed: number }> {
  if (keys.length === 0) return new Map();
  const sql = `WITH RECURSIVE each_day(day) AS (
      SELECT min(day) FROM days UNION ALL SELECT day + 1 FROM each_day WHERE day < (SELECT max(day) FROM days))
    SELECT wanted.value, min(iif(first > 0, first, days.day * ${DAY})),
      max(iif(last > 0, last, max(days.day * ${DAY}, min(?2, (days.day + 1) * ${DAY} - 1)))) FROM json_each(?1) AS wanted CROSS JOIN each_day
    CROSS JOIN days ON days.day = each_day.day AND days.key = wanted.value
    WHERE days.requests > days.unauthorized GROUP BY wanted.value`;
  const rows = query(sql, [JSON.stringify(keys), now]) as number[][];
  return new Map(
    rows.map(([key, first, last]) => [key, { firstUsed: Math.max(1, first), lastUsed: Math.max(1, last) }]),
  );
}
