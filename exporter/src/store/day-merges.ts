import type { DayRow } from '../usage/changes.ts';
import { DayFigures } from '../usage/day-figures.ts';
import { addToQuarters } from './quarters.ts';
import * as tables from './tables.ts';
import type { Writer } from './writer.ts';

/** Days of keys asked for in one query. */
const AT_ONCE = 64;

/** Days of keys that are remembered as they are stored, some 5 KB each: most commits come back to the same ones. */
const REMEMBERED = 2_000;

/** Merges what was counted with what the store has of the same days. */
export class DayMerges {
  /** The one merged last is the last one. */
  private readonly recent = new Map<string, DayFigures>();

  /** To be called inside a transaction; forget() when that fails. */
  write(writer: Writer, rows: DayRow[]): void {
    const merged: DayRow[] = [];
    for (let from = 0; from < rows.length; from += AT_ONCE) {
      const some = rows.slice(from, from + AT_ONCE);
      const unknown = some.filter((row) => !this.recent.has(nameOf(row)));
      const stored = unknown.length > 0 ? storedFigures(writer, unknown) : new Map<string, DayFigures>();
      for (const row of some) {
        const name = nameOf(row);
        const figures = this.recent.get(name) ?? stored.get(name) ?? new DayFigures();
        figures.merge(row.figures);
        this.remember(name, figures);
        merged.push({ ...row, figures });
      }
    }
    replaceDays(writer, merged);
    addToQuarters(writer, rows);
  }

  forget(): void {
    this.recent.clear();
  }

  private remember(name: string, figures: DayFigures): void {
    this.recent.delete(name);
    this.recent.set(name, figures);
    if (this.recent.size <= REMEMBERED) return;
    const [oldest] = this.recent.keys();
    this.recent.delete(oldest);
  }
}

const nameOf = ({ day, key }: { day: number; key: number }): string => `${day} ${key}`;

/** Puts the rows in the place of what the store has of the same days; one without requests leaves nothing there. */
export function replaceDays(writer: Writer, rows: DayRow[]): void {
  const left = rows.filter(({ figures }) => figures.requests > 0);
  writer.upsert(tables.days, left.map(countsOf));
  writer.upsert(tables.dayFigures, left);
  if (left.length < rows.length) removeEmpty(writer, rows);
  for (const day of new Set(rows.map((row) => row.day))) {
    writer.remove('day_sums', 'day', day);
    writer.query(SUM_OF_DAY, [day]);
  }
}

function removeEmpty(writer: Writer, rows: DayRow[]): void {
  for (const { day, key, figures } of rows)
    if (figures.requests === 0)
      for (const { name } of [tables.days, tables.dayFigures])
        writer.query(`DELETE FROM ${name} WHERE day = ? AND key = ? RETURNING key`, [day, key]);
}

/** All keys of a day in one row: what is asked about everybody reads hundreds of rows, not hundred thousands. */
export const SUM_OF_DAY = `INSERT INTO day_sums
  SELECT day, sum(requests), sum(client_errors), sum(server_errors), sum(unauthorized), sum(forbidden),
    sum(throttled), sum(bytes), coalesce(min(nullif(first, 0)), 0), max(last), max(peak)
  FROM days WHERE day = ? GROUP BY day RETURNING day`;

function storedFigures(writer: Writer, rows: DayRow[]): Map<string, DayFigures> {
  const wanted = JSON.stringify(rows.map(({ day, key }) => [day, key]));
  const sql = `SELECT found.day, found.key, figures FROM json_each(?) AS wanted CROSS JOIN day_figures AS found
    ON found.day = wanted.value ->> 0 AND found.key = wanted.value ->> 1`;
  const found = writer.query(sql, [wanted]).map(tables.dayFigures.read);
  return new Map(found.map((row) => [nameOf(row), row.figures]));
}

/** A day in numbers. */
export function countsOf({ day, key, figures }: DayRow): tables.DayCounts {
  const { statuses, bytes, first, last, peakPerMinute } = figures;
  let [requests, clientErrors, serverErrors] = [0, 0, 0];
  for (const [status, count] of statuses) {
    requests += count;
    if (status >= 500) serverErrors += count;
    else if (status >= 400) clientErrors += count;
  }
  return {
    ...{ day, key, requests, clientErrors, serverErrors, bytes, first, last, peakPerMinute },
    unauthorized: statuses.get(401) ?? 0,
    forbidden: statuses.get(403) ?? 0,
    throttled: statuses.get(429) ?? 0,
  };
}
