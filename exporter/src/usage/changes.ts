import type { DayFigures } from './day-figures.ts';

/**
 * One form for "what became different": usage produces it, the store commits it, and only then the
 * exposition applies it. What load() returns is the same form, holding everything.
 *
 * Rows refer to keys, endpoints and series by the small numbers usage gives them (dense, from 0, stable in
 * one store). All values are absolute, so applying a row twice changes nothing; only DayRow carries a
 * difference, because a closed day is not kept in memory.
 */
export interface Changes {
  keys: KeyRow[];
  endpoints: EndpointRow[];
  /** Series that are new. */
  series: SeriesRow[];
  /** Series whose value, hold or parking is different. */
  values: SeriesValues;
  histograms: HistogramRow[];
  keyUsage: KeyUsageRow[];
  ips: IpRows;
  sketches: SketchRow[];
  surfaces: SurfaceRow[];
  days: DayRow[];
}

/** A key as the log or the keys file names it. tenant '' = the log carries none. */
export interface KeyRow {
  key: number;
  id: string;
  tenant: string;
}

/** A method and an endpoint template, e.g. GET /v1/contacts/:id. */
export interface EndpointRow {
  endpoint: number;
  method: string;
  template: string;
}

/** The scalar counter families; the number is stored. */
export const FAMILIES = { requests: 0, endpoint: 1, bytes: 2, newIps: 3 } as const;
export type Family = (typeof FAMILIES)[keyof typeof FAMILIES];

/** One counter series: what it is. endpoint = -1 and status = 0 where the family has no such label; there, status 0 = no response. */
export interface SeriesRow {
  series: number;
  family: Family;
  key: number;
  endpoint: number;
  status: number;
}

/**
 * What series are worth now, in columns: entry i of each array belongs to series[i]. Columns, because a
 * busy commit changes many thousands and they cross a thread boundary.
 */
export interface SeriesValues {
  series: Uint32Array;
  value: Float64Array;
  /** What a scrape shows while the series is held back; NaN once released: the value itself is shown. */
  held: Float64Array;
  /** 1 = not exposed (idle for long); keeps its value and resumes. */
  parked: Uint8Array;
  /** Wall clock of the last increment, seconds. */
  movedAt: Float64Array;
}

/** Request durations of one key. counts[i] = observations ≤ DURATION_BUCKETS[i] exclusive of lower ones; last = above all. */
export interface HistogramRow {
  key: number;
  counts: Float64Array;
  /** Seconds. */
  sum: number;
  held: boolean;
}

/** A key's own facts. Times are seconds since the epoch, 0 = never. */
export interface KeyUsageRow {
  key: number;
  /** Event time of the first and last request answered with anything but 401. */
  firstUsed: number;
  lastUsed: number;
  /** Event time of the last 401. */
  lastRejected: number;
  /** Wall clock when the latest new IP was noticed. */
  lastNewIp: number;
  /** [address words and when noticed], at most 3, newest first. */
  recentNewIps: { ip: string; noticed: number }[];
  /** When each scope was last used; readScopes() reads it. */
  scopes: Uint8Array;
  /** Opaque to all but usage/: the minute, hour and gap windows. */
  windows: Uint8Array;
}

/** An address seen with a key. ip is 4 or 16 bytes (IPv6 cut to the counting prefix). Seconds, event time. */
export interface IpRow {
  key: number;
  ip: Uint8Array;
  first: number;
  last: number;
}

/**
 * An array, or anything that yields its rows one by one: a million rows as objects at once cost some 200 MB.
 * What usage gives is valid until the next account().
 */
export interface IpRows extends Iterable<IpRow> {
  readonly length: number;
}

/**
 * A key that went over its exact limit: the sliding sketch of its addresses. From then on its IpRows mean
 * nothing: the store deletes them, restoring ignores them.
 */
export interface SketchRow {
  key: number;
  registers: Uint8Array;
}

/** noticed = wall clock when it was new after the learning period, 0 = learnt silently. Seconds. */
export interface SurfaceRow {
  key: number;
  surface: string;
  first: number;
  noticed: number;
}

/** What to merge with a key's UTC day (days since the epoch). */
export interface DayRow {
  key: number;
  day: number;
  figures: DayFigures;
}
