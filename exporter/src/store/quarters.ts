import { quarterAt } from '../time/days.ts';
import type { DayRow } from '../usage/changes.ts';
import { QuarterFigures } from '../usage/quarter-figures.ts';
import * as tables from './tables.ts';
import type { Writer } from './writer.ts';

/** Newest days that are not added up yet: nearly all that comes in is of them. */
const OPEN_DAYS = 2;
/** Days of keys added up in one commit, at some 15 µs each, a whole day at least: a long record has many to begin with. */
const AT_ONCE = 5_000;

/** SQL of the last day that is in `quarters`, of whatever key, since the epoch; -1 = none yet. */
export const ADDED_UP_TO =
  "SELECT coalesce((SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'quarters_to'), -1)";

/**
 * Keeps the sums of quarters in step with days that were just merged with `rows`: what came late is added, and days
 * that have become old are added up. To be called inside the transaction.
 */
export function addToQuarters(writer: Writer, rows: DayRow[]): void {
  if (rows.length === 0) return;
  const addedUpTo = addedUp(writer);
  add(
    writer,
    rows.filter(({ day }) => day <= addedUpTo),
  );
  const old = 'SELECT min(day) FROM days WHERE day > ? AND day <= (SELECT max(day) FROM days) - ?';
  const figures = 'SELECT day, key, figures FROM day_figures WHERE day = ?';
  let last = addedUpTo;
  for (let done = 0; done < AT_ONCE; ) {
    const [[day]] = writer.query(old, [last, OPEN_DAYS]) as [[number | null]];
    if (day === null) break;
    const ofDay = writer.query(figures, [day]).map(tables.dayFigures.read);
    add(writer, ofDay);
    done += ofDay.length;
    last = day;
  }
  if (last > addedUpTo)
    writer.query("INSERT OR REPLACE INTO meta VALUES ('quarters_to', ?) RETURNING name", [String(last)]);
}

/** Adds up anew the quarters of days that were replaced. To be called inside the transaction. */
export function redoQuarters(writer: Writer, rows: DayRow[]): void {
  const addedUpTo = addedUp(writer);
  const redone = new Map<string, tables.QuarterRow>();
  for (const { day, key } of rows) {
    const { from, to } = quarterAt(day);
    if (day > addedUpTo || redone.has(nameOf(from, key))) continue;
    const sql = `SELECT day, key, figures FROM day_figures WHERE day BETWEEN ? AND ? AND key = ?`;
    const figures = new QuarterFigures();
    const ofQuarter = writer.query(sql, [from, Math.min(to, addedUpTo), key]).map(tables.dayFigures.read);
    for (const row of ofQuarter) figures.add(row.day - from, row.figures);
    if (ofQuarter.length === 0)
      writer.query('DELETE FROM quarters WHERE quarter = ? AND key = ? RETURNING key', [from, key]);
    else redone.set(nameOf(from, key), { quarter: from, key, figures });
  }
  writer.upsert(tables.quarters, redone.values());
}

const addedUp = (writer: Writer): number => writer.query(ADDED_UP_TO, [])[0][0] as number;

function add(writer: Writer, rows: DayRow[]): void {
  if (rows.length === 0) return;
  const quarters = rows.map(({ day }) => quarterAt(day).from);
  const sql = `SELECT found.quarter, found.key, sum, found.days FROM json_each(?) AS wanted
    CROSS JOIN quarters AS found ON found.quarter = wanted.value ->> 0 AND found.key = wanted.value ->> 1`;
  const wanted = JSON.stringify(rows.map(({ key }, i) => [quarters[i], key]));
  const sums = new Map<string, tables.QuarterRow>();
  for (const row of writer.query(sql, [wanted]).map(tables.quarters.read))
    sums.set(nameOf(row.quarter, row.key), row);
  for (const [i, { day, key, figures }] of rows.entries()) {
    const [quarter, name] = [quarters[i], nameOf(quarters[i], key)];
    const row = sums.get(name) ?? { quarter, key, figures: new QuarterFigures() };
    row.figures.add(day - quarter, figures);
    sums.set(name, row);
  }
  writer.upsert(tables.quarters, sums.values());
}

const nameOf = (quarter: number, key: number): string => `${quarter} ${key}`;
