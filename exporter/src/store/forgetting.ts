import type { SeriesRow, SeriesValues } from '../usage/changes.ts';
import type { Connection } from './database.ts';
import { SUM_OF_DAY } from './day-merges.ts';
import type { Cell } from './tables.ts';
import * as tables from './tables.ts';
import { readValues, type ValueBlocks } from './value-blocks.ts';
import type { Writer } from './writer.ts';

/** A key that is removed from the store, and what was known of it. */
export interface ForgottenKey {
  id: string;
  tenant: string;
  /** All that were counted under it. */
  requests: number;
  /** Seconds since the epoch; 0 = never. */
  firstUsed: number;
  lastUsed: number;
}

/** One line of the list of forgotten keys. */
export interface ForgottenEntry extends ForgottenKey {
  /** Seconds since the epoch. */
  at: number;
  /** `user@host`. */
  by: string;
}

/**
 * Removes keys with everything that is counted under them, and notes that. Numbers of keys and series stay without
 * gaps: the last ones move to where there was one. To be called inside a transaction.
 */
export function forgetKeys(
  db: Connection,
  writer: Writer,
  values: ValueBlocks,
  forgotten: readonly (ForgottenKey & { key: number })[],
  { at, by }: Pick<ForgottenEntry, 'at' | 'by'>,
): void {
  const note = db.prepare(
    'INSERT INTO forgotten_keys (at, by, id, tenant, requests, first_used, last_used) VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  for (const { id, tenant, requests, firstUsed, lastUsed } of forgotten)
    note.run([at, by, id, tenant, requests, firstUsed, lastUsed]);
  const gone = new Set(forgotten.map(({ key }) => key));
  const numbers = JSON.stringify([...gone]);
  const ofGone = 'key IN (SELECT value FROM json_each(?))';
  const days = writer.query(`SELECT DISTINCT day FROM days WHERE ${ofGone}`, [numbers]);
  const moved = movesOf(writer, gone);
  const series = db
    .prepare(`SELECT ${tables.series.columns} FROM series ORDER BY series`)
    .raw()
    .all() as Cell[][];
  const stored = readValues(db);
  db.exec('CREATE TEMP TABLE moves (from_key INTEGER PRIMARY KEY, to_key INTEGER NOT NULL)');
  const move = db.prepare('INSERT INTO temp.moves VALUES (?, ?)');
  for (const pair of moved) move.run([...pair]);
  for (const table of tablesWithKeys(writer)) {
    if (table === 'series') continue;
    db.prepare(`DELETE FROM ${table} WHERE ${ofGone}`).run([numbers]);
    db.exec(
      `UPDATE ${table} SET key = (SELECT to_key FROM temp.moves WHERE from_key = ${table}.key)
       WHERE key IN (SELECT from_key FROM temp.moves)`,
    );
  }
  db.exec('DROP TABLE temp.moves');
  for (const [day] of days) {
    writer.remove('day_sums', 'day', day as number);
    writer.query(SUM_OF_DAY, [day]);
  }
  const kept = keptSeries(series.map(tables.series.read), stored, gone, moved);
  db.exec('DELETE FROM series; DELETE FROM value_blocks');
  writer.upsert(tables.series, kept.rows);
  values.forget();
  values.write(writer, kept.values);
}

/** New numbers of the keys that are beyond the new end: each takes the number of one that goes. */
function movesOf(writer: Writer, gone: ReadonlySet<number>): Map<number, number> {
  const all = writer.query('SELECT key FROM keys ORDER BY key', []).map(([key]) => key as number);
  const kept = all.filter((key) => !gone.has(key));
  const free = [...gone].filter((key) => key < kept.length).sort((a, b) => a - b);
  const beyond = kept.filter((key) => key >= kept.length);
  return new Map(beyond.map((key, i) => [key, free[i]]));
}

const tablesWithKeys = (writer: Writer): string[] =>
  writer
    .query(
      `SELECT tables.name FROM sqlite_master AS tables JOIN pragma_table_info(tables.name) AS columns
       WHERE tables.type = 'table' AND columns.name = 'key'`,
      [],
    )
    .map(([name]) => name as string);

/** The series that stay, numbered without gaps, and their values. */
function keptSeries(
  series: readonly SeriesRow[],
  values: SeriesValues,
  gone: ReadonlySet<number>,
  moved: ReadonlyMap<number, number>,
): { rows: SeriesRow[]; values: SeriesValues } {
  const numbers = new Map<number, number>();
  const rows: SeriesRow[] = [];
  for (const row of series) {
    if (gone.has(row.key)) continue;
    numbers.set(row.series, rows.length);
    rows.push({ ...row, series: rows.length, key: moved.get(row.key) ?? row.key });
  }
  const places = [...values.series.keys()].filter((i) => numbers.has(values.series[i]));
  return {
    rows,
    values: {
      series: Uint32Array.from(places, (i) => numbers.get(values.series[i]) as number),
      value: Float64Array.from(places, (i) => values.value[i]),
      held: Float64Array.from(places, (i) => values.held[i]),
      parked: Uint8Array.from(places, (i) => values.parked[i]),
      movedAt: Float64Array.from(places, (i) => values.movedAt[i]),
    },
  };
}

/** The keys that were ever forgotten, oldest first. */
export const readForgotten = (db: Connection): ForgottenEntry[] =>
  (
    db
      .prepare(
        'SELECT at, by, id, tenant, requests, first_used, last_used FROM forgotten_keys ORDER BY entry',
      )
      .raw()
      .all() as [number, string, string, string, number, number, number][]
  ).map(([at, by, id, tenant, requests, firstUsed, lastUsed]) => ({
    ...{ at, by, id, tenant, requests, firstUsed, lastUsed },
  }));
