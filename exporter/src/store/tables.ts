import type { SourceCounter, SourceCounterName } from '../log/counters.ts';
import type { FilePosition, JournalCursor } from '../log/position.ts';
import type {
  DayRow,
  EndpointRow,
  Family,
  HistogramRow,
  IpRow,
  KeyRow,
  KeyUsageRow,
  SeriesRow,
  SketchRow,
  SurfaceRow,
} from '../usage/changes.ts';
import { DayFigures } from '../usage/day-figures.ts';
import { QuarterFigures } from '../usage/quarter-figures.ts';
import type { SegmentRow } from './row-types.ts';

/** What SQLite keeps in a column. */
export type Cell = string | number | null | Uint8Array;

/** How rows of one table are written and read: the one place that knows the order of its columns. */
export interface Table<Row> {
  name: string;
  columns: readonly string[];
  /** How many of the first columns identify the row; a row that exists is overwritten. */
  identity: number;
  /** SQL of a column's new value where it is not simply overwritten. */
  merge?: Record<string, string>;
  write(row: Row): Cell[];
  read(cells: Cell[]): Row;
}

const number = (cell: Cell): number => cell as number;
const text = (cell: Cell): string => cell as string;
const bytes = (cell: Cell): Uint8Array => cell as Uint8Array;

const table = <Row>(definition: Table<Row>): Table<Row> => definition;

export const positions = table<FilePosition>({
  name: 'positions',
  columns:
    'id source path dev ino head_length head_hash tail_length tail_hash offset size skipping phase modified_ms unsure_since_ms'.split(
      ' ',
    ),
  identity: 1,
  write: (p) => [
    ...[p.id, p.source, p.path, p.dev, p.ino, p.headLength, p.headHash, p.tailLength, p.tailHash],
    ...[p.offset, p.size, Number(p.skipping), p.phase, p.modifiedMs, p.unsureSinceMs],
  ],
  read: ([id, source, path, dev, ino, headLength, headHash, tailLength, tailHash, ...rest]) => ({
    id: number(id),
    source: text(source),
    path: text(path),
    dev: text(dev),
    ino: text(ino),
    headLength: number(headLength),
    headHash: text(headHash),
    tailLength: number(tailLength),
    tailHash: text(tailHash),
    offset: number(rest[0]),
    size: number(rest[1]),
    skipping: rest[2] === 1,
    phase: rest[3] as FilePosition['phase'],
    modifiedMs: number(rest[4]),
    unsureSinceMs: number(rest[5]),
  }),
});

export const journalCursors = table<JournalCursor>({
  name: 'journal_cursors',
  columns: ['source', 'cursor', 'done'],
  identity: 1,
  write: (row) => [row.source, row.cursor, Number(row.done)],
  read: ([source, cursor, done]) => ({
    source: text(source),
    cursor: text(cursor),
    done: done === 1,
  }),
});

export const sourceCounters = table<SourceCounter>({
  name: 'source_counters',
  columns: ['source', 'counter', 'reason', 'value'],
  identity: 3,
  write: (row) => [row.source, row.counter, row.reason, row.value],
  read: ([source, counter, reason, value]) => ({
    source: text(source),
    counter: counter as SourceCounterName,
    reason: text(reason),
    value: number(value),
  }),
});

export const keys = table<KeyRow>({
  name: 'keys',
  columns: ['key', 'id', 'tenant'],
  identity: 1,
  write: (row) => [row.key, row.id, row.tenant],
  read: ([key, id, tenant]) => ({ key: number(key), id: text(id), tenant: text(tenant) }),
});

export const endpoints = table<EndpointRow>({
  name: 'endpoints',
  columns: ['endpoint', 'method', 'template'],
  identity: 1,
  write: (row) => [row.endpoint, row.method, row.template],
  read: ([endpoint, method, template]) => ({
    endpoint: number(endpoint),
    method: text(method),
    template: text(template),
  }),
});

export const series = table<SeriesRow>({
  name: 'series',
  columns: ['series', 'family', 'key', 'endpoint', 'status'],
  identity: 1,
  write: (row) => [row.series, row.family, row.key, row.endpoint, row.status],
  read: (cells) => {
    const [number_, family, key, endpoint, status] = cells as number[];
    return { series: number_, family: family as Family, key, endpoint, status };
  },
});

export const histograms = table<HistogramRow>({
  name: 'histograms',
  columns: ['key', 'counts', 'sum', 'held'],
  identity: 1,
  write: ({ key, counts, sum, held }) => [
    key,
    Buffer.from(counts.buffer, counts.byteOffset, counts.byteLength),
    sum,
    Number(held),
  ],
  read: ([key, counts, sum, held]) => ({
    key: number(key),
    // Copied: SQLite's bytes need not lie where a Float64Array may begin.
    counts: new Float64Array(new Uint8Array(bytes(counts)).buffer),
    sum: number(sum),
    held: held === 1,
  }),
});

export const keyUsage = table<KeyUsageRow>({
  name: 'key_usage',
  columns: 'key first_used last_used last_rejected last_new_ip recent_new_ips scopes windows'.split(' '),
  identity: 1,
  write: (row) => [
    ...[row.key, row.firstUsed, row.lastUsed, row.lastRejected, row.lastNewIp],
    ...[JSON.stringify(row.recentNewIps), row.scopes, row.windows],
  ],
  read: ([key, firstUsed, lastUsed, lastRejected, lastNewIp, recentNewIps, scopes, windows]) => ({
    key: number(key),
    firstUsed: number(firstUsed),
    lastUsed: number(lastUsed),
    lastRejected: number(lastRejected),
    lastNewIp: number(lastNewIp),
    recentNewIps: JSON.parse(text(recentNewIps)),
    scopes: bytes(scopes),
    windows: bytes(windows),
  }),
});

export const ips = table<IpRow>({
  name: 'ips',
  columns: ['key', 'ip', 'first', 'last'],
  identity: 2,
  write: (row) => [row.key, row.ip, row.first, row.last],
  read: ([key, ip, first, last]) => ({
    key: number(key),
    ip: bytes(ip),
    first: number(first),
    last: number(last),
  }),
});

export const sketches = table<SketchRow>({
  name: 'sketches',
  columns: ['key', 'registers'],
  identity: 1,
  write: (row) => [row.key, row.registers],
  read: ([key, registers]) => ({ key: number(key), registers: bytes(registers) }),
});

export const surfaces = table<SurfaceRow>({
  name: 'surfaces',
  columns: ['key', 'surface', 'first', 'noticed'],
  identity: 2,
  write: (row) => [row.key, row.surface, row.first, row.noticed],
  read: ([key, surface, first, noticed]) => ({
    key: number(key),
    surface: text(surface),
    first: number(first),
    noticed: number(noticed),
  }),
});

/** A key's day in numbers: what reports over many keys add up. Statuses by what they mean for a key. */
export interface DayCounts {
  day: number;
  key: number;
  requests: number;
  /** 400 to 499; the next three are among them. */
  clientErrors: number;
  serverErrors: number;
  unauthorized: number;
  forbidden: number;
  throttled: number;
  bytes: number;
  /** Seconds since the epoch, of requests answered with anything but 401; 0 = none. */
  first: number;
  last: number;
  peakPerMinute: number;
}

const DAY_COUNTS = [
  ...(['day', 'key', 'requests', 'clientErrors', 'serverErrors', 'unauthorized', 'forbidden'] as const),
  ...(['throttled', 'bytes', 'first', 'last', 'peakPerMinute'] as const),
] satisfies (keyof DayCounts)[];

export const days = table<DayCounts>({
  name: 'days',
  columns:
    'day key requests client_errors server_errors unauthorized forbidden throttled bytes first last peak'.split(
      ' ',
    ),
  identity: 2,
  write: (row) => DAY_COUNTS.map((name) => row[name]),
  read: (cells) => Object.fromEntries(DAY_COUNTS.map((name, i) => [name, cells[i]])) as unknown as DayCounts,
});

/** Everything about a key's day, as bytes of DayFigures. */
export const dayFigures = table<DayRow>({
  name: 'day_figures',
  columns: ['day', 'key', 'figures'],
  identity: 2,
  write: (row) => [row.day, row.key, row.figures.encode()],
  read: ([day, key, figures]) => ({
    day: number(day),
    key: number(key),
    figures: DayFigures.decode(bytes(figures)),
  }),
});

/** What a key did in a quarter, which goes by its first day. */
export interface QuarterRow {
  quarter: number;
  key: number;
  figures: QuarterFigures;
}

export const quarters = table<QuarterRow>({
  name: 'quarters',
  columns: ['quarter', 'key', 'sum', 'days'],
  identity: 2,
  write: ({ quarter, key, figures }) => {
    const { sum, days } = figures.encode();
    return [quarter, key, sum, days];
  },
  read: ([quarter, key, sum, days]) => ({
    quarter: number(quarter),
    key: number(key),
    figures: QuarterFigures.decode({ sum: bytes(sum), days: text(days) }),
  }),
});

export const segments = table<SegmentRow>({
  name: 'segments',
  columns: ['segment', 'length', 'closed'],
  identity: 1,
  write: (row) => [row.segment, row.length, Number(row.closed)],
  read: ([segment, length, closed]) => ({
    segment: number(segment),
    length: number(length),
    closed: closed === 1,
  }),
});
