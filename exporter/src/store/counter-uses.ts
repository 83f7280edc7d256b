import { FAMILIES, type SeriesRow, type SeriesValues } from '../usage/changes.ts';

/** Seconds since the epoch; 0 = none. */
export interface NotedUse {
  key: number;
  firstUsed: number;
  lastUsed: number;
  lastRejected: number;
}

/**
 * When keys were used and rejected, as far as their request counters tell: a counter keeps the wall clock of its last
 * increment, which is when its request was read.
 */
export function usesOfCounters(series: readonly SeriesRow[], values: SeriesValues): Map<number, NotedUse> {
  const requests = new Map<number, SeriesRow>();
  for (const row of series) if (row.family === FAMILIES.requests) requests.set(row.series, row);
  const uses = new Map<number, NotedUse>();
  for (const [i, number] of values.series.entries()) {
    const row = requests.get(number);
    if (row === undefined || values.value[i] <= 0) continue;
    const { key, status } = row;
    const at = Math.max(1, values.movedAt[i]);
    const use = uses.get(key) ?? { key, firstUsed: 0, lastUsed: 0, lastRejected: 0 };
    uses.set(key, use);
    if (status === 401) use.lastRejected = Math.max(use.lastRejected, at);
    else {
      use.firstUsed = Math.min(use.firstUsed || at, at);
      use.lastUsed = Math.max(use.lastUsed, at);
    }
  }
  return uses;
}
