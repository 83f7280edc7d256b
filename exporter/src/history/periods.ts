import { type Days, dateOf } from '../time/days.ts';

const MS = 86_400_000;

export const GRAINS = ['day', 'week', 'month', 'year'] as const;
/** How long the periods of a report are. Weeks begin on Monday (ISO 8601). All is UTC. */
export type Grain = (typeof GRAINS)[number];

export interface Period extends Days {
  /** `2026-11-23`, `2026-W48`, `2026-11` or `2026`. */
  name: string;
  /** False when it was cut to the days asked for. */
  whole: boolean;
}

/** `whole`: neither cut nor still going on. */
export type ComparedPeriod = Pick<Period, 'from' | 'to' | 'whole'>;

/** The periods of a grain that the days touch, cut to them, oldest first. */
export function periodsOf(grain: Grain, { from, to }: Days): Period[] {
  const periods: Period[] = [];
  for (let day = from; day <= to; ) {
    const start = startOf(grain, day);
    const end = startOf(grain, next(grain, start)) - 1;
    const period = { from: Math.max(from, start), to: Math.min(to, end) };
    periods.push({
      ...period,
      name: nameOf(grain, start),
      whole: period.from === start && period.to === end,
    });
    day = end + 1;
  }
  return periods;
}

/**
 * What a period is compared with: the period before, whole with whole. One that is cut or still going on is compared with
 * the same days of that one, which are as many unless that month is too short for them.
 */
export function before(grain: Grain, { from, to, whole }: ComparedPeriod): Days {
  if (grain === 'day') return { from: from - 1, to: to - 1 };
  if (grain === 'week') return { from: from - 7, to: to - 7 };
  return shifted(from, to, whole, grain === 'month' ? 1 : 12);
}

/** The same days a year before; for days and weeks 52 weeks before, so that weekdays meet weekdays. */
export function yearBefore(grain: Grain, { from, to, whole }: ComparedPeriod): Days {
  if (grain === 'day' || grain === 'week') return { from: from - 364, to: to - 364 };
  return shifted(from, to, whole, 12);
}

/** Of a whole period the last day stays the last day of the month. */
const shifted = (from: number, to: number, whole: boolean, months: number): Days => ({
  from: monthsBefore(from, months),
  to: whole ? monthsBefore(to + 1, months) - 1 : monthsBefore(to, months),
});

function monthsBefore(day: number, months: number): number {
  const date = new Date(day * MS);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth() - months];
  const days = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  return Date.UTC(year, month, Math.min(date.getUTCDate(), days)) / MS;
}

function startOf(grain: Grain, day: number): number {
  const date = new Date(day * MS);
  if (grain === 'day') return day;
  // 1970-01-01 was a Thursday.
  if (grain === 'week') return day - ((day + 3) % 7);
  return Date.UTC(date.getUTCFullYear(), grain === 'month' ? date.getUTCMonth() : 0, 1) / MS;
}

/** A day of the next period. */
const next = (grain: Grain, start: number): number =>
  start + { day: 1, week: 7, month: 31, year: 366 }[grain];

function nameOf(grain: Grain, start: number): string {
  if (grain === 'day') return dateOf(start);
  if (grain === 'month') return dateOf(start).slice(0, 7);
  if (grain === 'year') return dateOf(start).slice(0, 4);
  // A week is of the year its Thursday is of.
  const thursday = new Date((start + 3) * MS);
  const year = thursday.getUTCFullYear();
  const week = Math.floor((start + 3 - Date.UTC(year, 0, 1) / MS) / 7) + 1;
  return `${year}-W${String(week).padStart(2, '0')}`;
}
