import type { SourceCounterName } from '../log/counters.ts';
import { formatIp } from '../parse/ip.ts';
import { type Days, quarterAt } from '../time/days.ts';
import type { DayRow, EndpointRow, KeyRow, KeyUsageRow } from '../usage/changes.ts';
import { DayFigures } from '../usage/day-figures.ts';
import { wordsOf } from '../usage/ip-words.ts';
import { QuarterFigures } from '../usage/quarter-figures.ts';
import type { Connection } from './database.ts';
import { ADDED_UP_TO } from './quarters.ts';
import { recordedSince, usesOfDays } from './recorded-since.ts';
import type { EncodedDay } from './row-types.ts';
import { failed } from './store-errors.ts';
import type { Cell, Table } from './tables.ts';
import * as tables from './tables.ts';

/** Event times of a key for ever, seconds since the epoch; 0 = never. */
export type KeyUses = Pick<KeyUsageRow, 'firstUsed' | 'lastUsed' | 'lastRejected'>;

/** Sums of days; `first` and `last` are the earliest and latest, `peakPerMinute` the highest. */
export type DaySums = Omit<tables.DayCounts, 'day' | 'key'>;

/** What a key did in some days of a quarter. */
export interface QuarterOfKey {
  key: number;
  figures: QuarterFigures;
}

/**
 * The daily aggregates as reports read them, all of one moment. Sums are made where the rows lie: a year of a
 * thousand keys is 365,000 rows. Throws StoreError.
 */
export class DailyReader {
  private readonly path: string;
  private readonly db: Connection;

  constructor(path: string, db: Connection) {
    this.path = path;
    this.db = db;
  }

  keys(): KeyRow[] {
    return this.rows(`SELECT ${tables.keys.columns} FROM keys ORDER BY key`, []).map(tables.keys.read);
  }

  /** When some keys were used, by key number; a key of which only days are known was used on the last of them. */
  keyUses(keys: readonly number[]): Map<number, KeyUses> {
    const sql = `SELECT key, first_used, last_used, last_rejected FROM key_usage
      WHERE key IN (SELECT value FROM json_each(?))`;
    const rows = this.rows(sql, [JSON.stringify(keys)]) as number[][];
    const uses = new Map(
      rows.map(([key, firstUsed, lastUsed, lastRejected]) => [key, { firstUsed, lastUsed, lastRejected }]),
    );
    const unused = keys.filter((key) => !((uses.get(key)?.lastUsed ?? 0) > 0));
    for (const [key, use] of this.usesOfDays(unused))
      uses.set(key, { ...use, lastRejected: uses.get(key)?.lastRejected ?? 0 });
    return uses;
  }

  /** First and last use of keys by their days, as far as they have any; see `usesOfDays`. */
  usesOfDays(keys: readonly number[]): ReturnType<typeof usesOfDays> {
    if (keys.length === 0) return new Map();
    const withDays = this.keysWithDays();
    const asked = keys.filter((key) => withDays.has(key));
    return usesOfDays(this.rows.bind(this), asked, Date.now() / 1000);
  }

  /** Since when requests are recorded, seconds since the epoch: absence is claimed no further back. */
  recordedSince(): number {
    return recordedSince(this.rows.bind(this));
  }

  /** Those keys of which there is any day. */
  keysWithDays(): Set<number> {
    const sql = 'SELECT key FROM quarters UNION SELECT key FROM days WHERE day > ?';
    return new Set(this.rows(sql, [this.addedUpTo()]).map(([key]) => key as number));
  }

  endpoints(): EndpointRow[] {
    return this.all(tables.endpoints);
  }

  /** Addresses that are known one by one, the latest first. Times are seconds. */
  addresses(key: number, most: number): { ip: string; first: number; last: number }[] {
    const sql = 'SELECT ip, first, last FROM ips WHERE key = ? ORDER BY last DESC LIMIT ?';
    return this.rows(sql, [key, most]).map(([ip, first, last]) => ({
      ip: ipText(ip as Uint8Array),
      first: first as number,
      last: last as number,
    }));
  }

  /** First and last day anything was counted on; undefined when there is none. */
  span(): Days | undefined {
    // Both in one SELECT would go through every row.
    const sql = 'SELECT (SELECT min(day) FROM days), (SELECT max(day) FROM days)';
    const [[from, to]] = this.rows(sql, []);
    return from === null ? undefined : { from: from as number, to: to as number };
  }

  /** Days of which there is anything at all. */
  daysWithData({ from, to }: Days): number {
    const sql = `WITH RECURSIVE each_day(day) AS (VALUES (?) UNION ALL SELECT day + 1 FROM each_day WHERE day < ?)
      SELECT count(*) FROM each_day WHERE EXISTS (SELECT 1 FROM days WHERE days.day = each_day.day)`;
    return this.rows(sql, [from, to])[0][0] as number;
  }

  /** Lines ever read, those of them that were rejected, and bytes lost before they were read. */
  lineCounts(): { lines: number; rejected: number; bytesLost: number } {
    const counters = this.all(tables.sourceCounters);
    const total = (name: SourceCounterName) =>
      counters.reduce((sum, { counter, value }) => sum + (counter === name ? value : 0), 0);
    return {
      lines: total('lines_total'),
      rejected: total('lines_rejected_total'),
      bytesLost: total('bytes_lost_total'),
    };
  }

  /** Sums of some keys for each of `periods`, by its position; a period without requests is left out. */
  sums(periods: readonly Days[], keys: readonly number[]): Map<number, DaySums> {
    // Few keys are sought day by day, for many all rows of the days are gone through, and all have a sum.
    const all = keys.length === this.keyCount();
    const rows = all
      ? 'day_sums AS found ON found.day = each_day.day'
      : keys.length <= SOUGHT
        ? 'json_each(?2) AS wanted CROSS JOIN days AS found ON found.day = each_day.day AND found.key = wanted.value'
        : 'days AS found ON found.day = each_day.day WHERE found.key IN (SELECT value FROM json_each(?2))';
    const sql = `WITH RECURSIVE periods(period, from_day, to_day) AS MATERIALIZED (
        SELECT key, value ->> 0, value ->> 1 FROM json_each(?1)),
      each_day(period, day, to_day) AS (
        SELECT period, from_day, to_day FROM periods
        UNION ALL SELECT period, day + 1, to_day FROM each_day WHERE day < to_day)
      SELECT period, ${SUMS} FROM each_day CROSS JOIN ${rows} GROUP BY period`;
    // Periods that are asked for twice, as a month and as the one before the next, are added up once.
    const different = [...new Set(periods.map(pairOf))];
    const parameters = all ? [`[${different}]`] : [`[${different}]`, JSON.stringify(keys)];
    const found = new Map(
      this.rows(sql, parameters).map(([at, ...cells]) => [different[at as number], cells]),
    );
    return new Map(
      periods.flatMap((period, i): [number, DaySums][] => {
        const cells = found.get(pairOf(period));
        return cells ? [[i, sumsOf(cells)]] : [];
      }),
    );
  }

  /** Sums of each of some keys that has any, by key number. */
  sumsByKey({ from, to }: Days, keys: readonly number[]): Map<number, DaySums> {
    const seek = keys.length * SEEK_COST < this.keyCount();
    const sql = seek
      ? `WITH RECURSIVE each_day(day) AS (VALUES (?2) UNION ALL SELECT day + 1 FROM each_day WHERE day < ?3)
        SELECT wanted.value, ${SUMS} FROM json_each(?1) AS wanted CROSS JOIN each_day
        CROSS JOIN days ON days.day = each_day.day AND days.key = wanted.value GROUP BY wanted.value`
      : `SELECT key, ${SUMS} FROM days WHERE day BETWEEN ?2 AND ?3
        AND key IN (SELECT value FROM json_each(?1)) GROUP BY key`;
    const rows = this.rows(sql, [JSON.stringify(keys), from, to]);
    return new Map(rows.map(([key, ...cells]) => [key as number, sumsOf(cells)]));
  }

  /** Counts of one key, day by day. */
  days(key: number, days: Days): tables.DayCounts[] {
    const columns = tables.days.columns.map((column) => `days.${column}`);
    return this.eachDay(`${columns}`, 'days', key, days).map(tables.days.read);
  }

  /** Requests of one key by day, at the least cost. */
  requestsByDay(key: number, { from, to }: Days): [day: number, requests: number][] {
    const sql = `WITH RECURSIVE each_day(day) AS (VALUES (?) UNION ALL SELECT day + 1 FROM each_day WHERE day < ?)
      SELECT json_group_array(json_array(days.day, requests)) FROM each_day CROSS JOIN days
      ON days.day = each_day.day AND days.key = ?`;
    return from > to ? [] : JSON.parse(this.rows(sql, [from, to, key])[0][0] as string);
  }

  /** Everything about the days of one key. */
  figures(key: number, days: Days): DayRow[] {
    return this.eachDay('found.day, found.key, figures', 'day_figures', key, days).map(
      tables.dayFigures.read,
    );
  }

  /**
   * What the keys with these numbers and between them did in the days, one key after the other: all at once would be
   * megabytes. A key that did nothing is left out. `days`: of one quarter, from its first day on.
   */
  *quarterFigures(days: Days, keys: { from: number; to: number }): Generator<QuarterOfKey> {
    const addedUpTo = Math.min(this.addedUpTo(), quarterAt(days.from).to);
    // With a clock that was put back there is more in the sums than is asked for.
    const useSums = addedUpTo >= days.from && addedUpTo <= days.to;
    const open = this.encodedByKey({ from: useSums ? addedUpTo + 1 : days.from, to: days.to }, keys);
    if (useSums) {
      const { columns, read } = tables.quarters;
      const sql = `SELECT ${columns} FROM quarters WHERE quarter = ? AND key BETWEEN ? AND ?`;
      for (const row of this.each(sql, [days.from, keys.from, keys.to])) {
        const { key, figures } = read(row);
        yield { key, figures: withDays(figures, days.from, open.get(key)) };
        open.delete(key);
      }
    }
    for (const [key, rows] of open) yield { key, figures: withDays(new QuarterFigures(), days.from, rows) };
  }

  /** Everything about some days of some keys, not decoded. */
  encoded(wanted: readonly { day: number; key: number }[]): EncodedDay[] {
    const sql = `SELECT found.day, found.key, figures FROM json_each(?) AS wanted CROSS JOIN day_figures AS found
      ON found.day = wanted.value ->> 0 AND found.key = wanted.value ->> 1`;
    const pairs = JSON.stringify(wanted.map(({ day, key }) => [day, key]));
    return this.rows(sql, [pairs]).map(encodedDay);
  }

  private encodedByKey({ from, to }: Days, keys: { from: number; to: number }): Map<number, EncodedDay[]> {
    const found = new Map<number, EncodedDay[]>();
    if (from > to) return found;
    const sql = `WITH RECURSIVE each_day(day) AS (VALUES (?) UNION ALL SELECT day + 1 FROM each_day WHERE day < ?)
      SELECT found.day, found.key, figures FROM each_day CROSS JOIN day_figures AS found
      ON found.day = each_day.day AND found.key BETWEEN ? AND ?`;
    for (const row of this.each(sql, [from, to, keys.from, keys.to])) {
      const day = encodedDay(row);
      const ofKey = found.get(day.key);
      if (ofKey) ofKey.push(day);
      else found.set(day.key, [day]);
    }
    return found;
  }

  private keyCount(): number {
    return this.rows('SELECT count(*) FROM keys', [])[0][0] as number;
  }

  private eachDay(columns: string, table: string, key: number, { from, to }: Days): Cell[][] {
    const sql = `WITH RECURSIVE each_day(day) AS (VALUES (?) UNION ALL SELECT day + 1 FROM each_day WHERE day < ?)
      SELECT ${columns.replaceAll(`${table}.`, 'found.')} FROM each_day CROSS JOIN ${table} AS found
      ON found.day = each_day.day AND found.key = ? ORDER BY found.day`;
    return from > to ? [] : this.rows(sql, [from, to, key]);
  }

  private all<Row>({ name, columns, read }: Table<Row>): Row[] {
    return this.rows(`SELECT ${columns} FROM ${name}`, []).map(read);
  }

  private addedUpTo(): number {
    return this.rows(ADDED_UP_TO, [])[0][0] as number;
  }

  /** The rows one after the other: all of them at once would be too many. */
  private *each(sql: string, parameters: Cell[]): Generator<Cell[]> {
    try {
      yield* this.db.prepare(sql).raw().iterate(parameters) as Iterable<Cell[]>;
    } catch (cause) {
      throw failed(this.path, 'it cannot be read', cause);
    }
  }

  private rows(sql: string, parameters: Cell[]): Cell[][] {
    try {
      return this.db.prepare(sql).raw().all(parameters) as Cell[][];
    } catch (cause) {
      throw failed(this.path, 'it cannot be read', cause);
    }
  }
}

/** A row of `day_figures` as it is. */
const encodedDay = ([day, key, bytes]: Cell[]): EncodedDay => ({
  day: day as number,
  key: key as number,
  bytes: bytes as Uint8Array,
});

function withDays(
  figures: QuarterFigures,
  firstDay: number,
  days: readonly EncodedDay[] = [],
): QuarterFigures {
  for (const { day, bytes } of days) figures.add(day - firstDay, DayFigures.decode(bytes));
  return figures;
}

/** Up to so many keys. */
const SOUGHT = 20;

/** Seeking a row costs as much as passing over so many. */
const SEEK_COST = 3;

const SUMMED = [
  'requests',
  'client_errors',
  'server_errors',
  'unauthorized',
  'forbidden',
  'throttled',
  'bytes',
];
const SUMS = [...SUMMED.map((column) => `sum(${column})`), 'min(nullif(first, 0))', 'max(last)', 'max(peak)'];

/** Of 4 or 16 bytes. */
function ipText(ip: Uint8Array): string {
  const [w0, w1, w2, w3] = wordsOf(ip);
  return ip.length === 4 ? formatIp(4, 0, 0, 0, w3) : formatIp(6, w0, w1, w2, w3);
}

const pairOf = ({ from, to }: Days): string => `[${from},${to}]`;

/** The cells in the order of the columns of `days`, after day and key. */
function sumsOf(cells: Cell[]): DaySums {
  const { day: _day, key: _key, ...sums } = tables.days.read([0, 0, ...cells]);
  return { ...sums, first: sums.first ?? 0 };
}
