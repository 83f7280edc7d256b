import type { DailyReader, KeyUses } from '../store/daily-reader.ts';
import { type Days, dateOf } from '../time/days.ts';
import type { KeyRow } from '../usage/changes.ts';
import { DayFigures } from '../usage/day-figures.ts';
import { type Details, detailsOf, type Figures, figuresOf, NO_SUMS } from './period-figures.ts';
import { before, type Grain, type Period, periodsOf, yearBefore } from './periods.ts';

export interface UsageQuery {
  days: Days;
  by: Grain;
  /** Days since the epoch: a period that has it is still going on. */
  today: number;
}

export interface UsageRow extends Figures {
  period: string;
  /** First and last day, `2026-11-23`. */
  from: string;
  to: string;
  /** False for a period that is cut by the question or still going on: compared with as many days. */
  whole: boolean;
  previous: Comparison;
  lastYear: Comparison;
}

export interface Comparison {
  /** null when the record does not reach back so far. */
  requests: number | null;
  /** 0.25 = a quarter more; null when there is nothing to compare with. */
  change: number | null;
}

/** Keys whose details are merged; for more only the sums are told. */
const KEYS_IN_DETAIL = 20;
/** Days whose details are merged at once: some tens of milliseconds. */
const KEY_DAYS_IN_DETAIL = 4_000;

/** What the keys did, period by period, oldest first. */
export function usageReport(reader: DailyReader, query: UsageQuery, keys: readonly KeyRow[]): UsageRow[] {
  const periods = periodsOf(query.by, query.days).map((period) => ({
    ...period,
    whole: period.whole && period.to < query.today,
  }));
  const numbers = keys.map(({ key }) => key);
  const previous = periods.map((period) => before(query.by, period));
  const lastYear = periods.map((period) => yearBefore(query.by, period));
  const sums = reader.sums([...periods, ...previous, ...lastYear], numbers);
  const known = reader.span();
  const details = detailsByPeriod(reader, periods, numbers);
  return periods.map((period, i) => {
    const own = figuresOf(sums.get(i) ?? NO_SUMS, details?.[i] ?? null);
    const compared = (days: Days, at: number): Comparison =>
      comparison(own.requests, known && days.from >= known.from ? (sums.get(at)?.requests ?? 0) : null);
    return {
      ...{ period: period.name, from: dateOf(period.from), to: dateOf(period.to) },
      whole: period.whole,
      ...own,
      previous: compared(previous[i], periods.length + i),
      lastYear: compared(lastYear[i], 2 * periods.length + i),
    };
  });
}

const comparison = (requests: number, earlier: number | null): Comparison => ({
  requests: earlier,
  change: earlier === null || earlier === 0 ? null : requests / earlier - 1,
});

function detailsByPeriod(reader: DailyReader, periods: Period[], keys: number[]): Details[] | undefined {
  const days = periods.length > 0 ? periods[periods.length - 1].to - periods[0].from + 1 : 0;
  if (keys.length > KEYS_IN_DETAIL || keys.length * days > KEY_DAYS_IN_DETAIL) return undefined;
  const endpoints = reader.endpoints();
  return periods.map((period) => detailsOf(mergedFigures(reader, keys, period), endpoints));
}

/** The details of one key, by all numbers it has, in some days. */
export const keyDetails = (reader: DailyReader, keys: readonly number[], days: Days): Details =>
  detailsOf(mergedFigures(reader, keys, days), reader.endpoints());

/** When one key was used, by all numbers it has. */
export function usesOf(reader: DailyReader, keys: readonly number[]): KeyUses {
  const all = [...reader.keyUses(keys).values()];
  return { ...spanOf(all), lastRejected: Math.max(0, ...all.map(({ lastRejected }) => lastRejected)) };
}

/** When the first of several uses was, and when the last; 0 = never. */
export function spanOf(
  uses: readonly Pick<KeyUses, 'firstUsed' | 'lastUsed'>[],
): Pick<KeyUses, 'firstUsed' | 'lastUsed'> {
  const first = Math.min(...uses.flatMap(({ firstUsed }) => firstUsed || []));
  return {
    firstUsed: Number.isFinite(first) ? first : 0,
    lastUsed: Math.max(0, ...uses.map(({ lastUsed }) => lastUsed)),
  };
}

/** Everything about some keys in some days. */
export function mergedFigures(reader: DailyReader, keys: readonly number[], days: Days): DayFigures {
  const merged = new DayFigures();
  for (const key of keys) for (const { figures } of reader.figures(key, days)) merged.merge(figures);
  return merged;
}
