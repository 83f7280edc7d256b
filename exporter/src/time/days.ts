const MS = 86_400_000;

/** UTC days since the epoch, both included. */
export interface Days {
  from: number;
  to: number;
}

/** `2026-11-23`. */
export const dateOf = (day: number): string => new Date(day * MS).toISOString().slice(0, 10);

export const dayAt = (seconds: number): number => Math.floor(seconds / 86_400);

/**
 * The days that `2026`, `2026Q4`, `2026-11`, `2026-11-23` or `today` stand for; undefined for anything else.
 * `today` in days since the epoch.
 */
export function parseDays(text: string, today: number): Days | undefined {
  if (text === 'today') return { from: today, to: today };
  const quarter = /^([1-9]\d{3})-?Q([1-4])$/.exec(text);
  if (quarter) return months(Number(quarter[1]), Number(quarter[2]) * 3 - 3, 3);
  const parts = /^([1-9]\d{3})(?:-(\d\d)(?:-(\d\d))?)?$/.exec(text);
  if (!parts) return undefined;
  const [year, month, date] = parts.slice(1).map(Number);
  if (parts[2] === undefined) return months(year, 0, 12);
  if (month < 1 || month > 12) return undefined;
  if (parts[3] === undefined) return months(year, month - 1, 1);
  const day = Date.UTC(year, month - 1, date) / MS;
  return dateOf(day) === text ? { from: day, to: day } : undefined;
}

const months = (year: number, from: number, count: number): Days => ({
  from: Date.UTC(year, from, 1) / MS,
  to: Date.UTC(year, from + count, 1) / MS - 1,
});

/** All days of the calendar quarter that a day lies in. */
export function quarterAt(day: number): Days {
  const date = new Date(day * MS);
  return months(date.getUTCFullYear(), 3 * Math.floor(date.getUTCMonth() / 3), 3);
}

/** `2026Q4`. */
export function quarterOf(day: number): string {
  const date = new Date(day * MS);
  return `${date.getUTCFullYear()}Q${Math.floor(date.getUTCMonth() / 3) + 1}`;
}
