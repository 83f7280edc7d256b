import { NO_KEY, OTHER } from '../health/pseudo-keys.ts';
import type { IpRow, IpRows, KeyRow, KeyUsageRow } from '../usage/changes.ts';
import { DailyReader } from './daily-reader.ts';
import type { Connection } from './database.ts';
import type { DayMerges } from './day-merges.ts';
import type { SegmentRow } from './row-types.ts';
import type { Commit, Loaded, LoadedKeys, Serving } from './store.ts';
import { failed } from './store-errors.ts';
import type { Cell, Table } from './tables.ts';
import * as tables from './tables.ts';
import { readValues, type ValueBlocks } from './value-blocks.ts';
import type { Writer } from './writer.ts';

/** Writes one commit, inside the caller's transaction. */
export function write(
  writer: Writer,
  values: ValueBlocks,
  days: DayMerges,
  { changes, positions, counters, cursors, segments }: Commit,
): void {
  writer.upsert(tables.keys, changes.keys);
  writer.upsert(tables.endpoints, changes.endpoints);
  writer.upsert(tables.series, changes.series);
  values.write(writer, changes.values);
  writer.upsert(tables.histograms, changes.histograms);
  writer.upsert(tables.keyUsage, changes.keyUsage);
  writer.upsert(tables.ips, changes.ips);
  writer.upsert(tables.sketches, changes.sketches);
  // A sketch takes the place of a key's exact addresses.
  for (const { key } of changes.sketches) writer.remove('ips', 'key', key);
  writer.upsert(tables.surfaces, changes.surfaces);
  days.write(writer, changes.days);
  writer.upsert(tables.positions, positions.put);
  for (const id of positions.drop) writer.remove('positions', 'id', id);
  writer.upsert(tables.sourceCounters, counters);
  if (cursors !== undefined) writer.upsert(tables.journalCursors, cursors);
  if (segments === undefined) return;
  writer.upsert(tables.segments, segments.put);
  for (const segment of segments.drop) writer.remove('segments', 'segment', segment);
}

/** Reads everything; the addresses are read when they are iterated. Throws StoreError, which names `path`. */
export function read(path: string, db: Connection): Loaded {
  try {
    return everything(path, db);
  } catch (cause) {
    throw failed(path, 'it cannot be read', cause);
  }
}

/** Reads what the archive's spool holds. Throws StoreError. */
export function readSegments(path: string, db: Connection): SegmentRow[] {
  try {
    return allRows(db, tables.segments);
  } catch (cause) {
    throw failed(path, 'it cannot be read', cause);
  }
}

/** Reads what is known of keys; the addresses are read when they are iterated. Throws StoreError. */
export function readKeys(path: string, db: Connection): LoadedKeys {
  try {
    return keysOf(path, db);
  } catch (cause) {
    throw failed(path, 'it cannot be read', cause);
  }
}

export function readId(path: string, db: Connection): string {
  try {
    const [id] = db.prepare("SELECT value FROM meta WHERE name = 'id'").raw().get() as string[];
    return id;
  } catch (cause) {
    throw failed(path, 'it cannot be read', cause);
  }
}

export function readServing(path: string, db: Connection): Serving | undefined {
  try {
    const row = db.prepare("SELECT value FROM meta WHERE name = 'serving'").raw().get() as
      | string[]
      | undefined;
    return row && (JSON.parse(row[0]) as Serving);
  } catch (cause) {
    throw failed(path, 'it cannot be read', cause);
  }
}

function keysOf(path: string, db: Connection): LoadedKeys {
  const keys = allRows(db, tables.keys);
  return {
    keys,
    keyUsage: usageOf(path, db, keys),
    ips: addresses(path, db),
    sketches: allRows(db, tables.sketches),
    surfaces: allRows(db, tables.surfaces),
  };
}

/** Of a key that has days and no time of use, its days say when it was used. */
function usageOf(path: string, db: Connection, keys: readonly KeyRow[]): KeyUsageRow[] {
  const rows = new Map(allRows(db, tables.keyUsage).map((row) => [row.key, row]));
  const unused = keys.filter(
    ({ key, id }) => id !== NO_KEY && id !== OTHER && !((rows.get(key)?.lastUsed ?? 0) > 0),
  );
  const none = { lastRejected: 0, lastNewIp: 0, recentNewIps: [], scopes: EMPTY, windows: EMPTY };
  const uses = new DailyReader(path, db).usesOfDays(unused.map(({ key }) => key));
  for (const [key, use] of uses) rows.set(key, { ...(rows.get(key) ?? { key, ...none }), ...use });
  return [...rows.values()];
}

const EMPTY = new Uint8Array(0);

function allRows<Row>(db: Connection, { name, columns, read }: Table<Row>): Row[] {
  const sql = `SELECT ${columns.join(', ')} FROM ${name}`;
  return (db.prepare(sql).raw().all() as Cell[][]).map(read);
}

function everything(path: string, db: Connection): Loaded {
  return {
    first: db.prepare("SELECT 1 FROM meta WHERE name = 'backlog_read'").get() === undefined,
    positions: allRows(db, tables.positions),
    counters: allRows(db, tables.sourceCounters),
    cursors: allRows(db, tables.journalCursors),
    segments: allRows(db, tables.segments),
    changes: {
      ...keysOf(path, db),
      endpoints: allRows(db, tables.endpoints),
      series: numericRows(db, tables.series).map(tables.series.read),
      values: readValues(db),
      histograms: allRows(db, tables.histograms),
      // The past stays where it is, however long it gets.
      days: [],
    },
  };
}

/** Rows in one value that crosses over from SQLite. */
const ROWS_AT_ONCE = 500;

/**
 * All rows of a table of numbers. Most of the cost of reading is in the number of values that cross over from
 * SQLite, so many rows come as one text. quote() writes a number so that it reads back exactly, and NULL; whole
 * numbers, which most are, are written faster without it.
 */
function numericRows<Row>(db: Connection, { name, columns }: Table<Row>): Cell[][] {
  const exact = (column: string) =>
    `iif(${column} = CAST(${column} AS INTEGER), CAST(${column} AS INTEGER), quote(${column}))`;
  const lists = columns.map((column) => `group_concat(${exact(column)})`).join(', ');
  const sql = `SELECT ${lists} FROM ${name} GROUP BY ${columns[0]} / ${ROWS_AT_ONCE}`;
  const rows: Cell[][] = [];
  for (const texts of db.prepare(sql).raw().iterate()) {
    const cells = (texts as string[]).map((text) => text.split(','));
    for (let i = 0; i < cells[0].length; i++)
      rows.push(cells.map((column) => (column[i] === 'NULL' ? null : Number(column[i]))));
  }
  return rows;
}

/** Addresses one by one, read a key at a time: there may be a million rows. */
function addresses(path: string, db: Connection): IpRows {
  const [length] = db.prepare('SELECT count(*) FROM ips').raw().get() as number[];
  const sql = `SELECT key, group_concat(hex(ip)), group_concat(quote(first)), group_concat(quote(last))
    FROM ips GROUP BY key`;
  return {
    length,
    *[Symbol.iterator](): Generator<IpRow> {
      try {
        for (const cells of db.prepare(sql).raw().iterate()) {
          const [key, ...lists] = cells as [number, string, string, string];
          const [ips, firsts, lasts] = lists.map((list) => list.split(','));
          for (const [i, ip] of ips.entries())
            yield { key, ip: Buffer.from(ip, 'hex'), first: Number(firsts[i]), last: Number(lasts[i]) };
        }
      } catch (cause) {
        throw failed(path, 'it cannot be read', cause);
      }
    },
  };
}
