/**
 * One key's usage at one moment, as plain data: what the gauges of a scrape, the page and the key's state
 * are computed from. Times are seconds since the epoch, 0 = never.
 */
export interface KeyFacts {
  key: number;
  id: string;
  tenant: string;
  firstUsed: number;
  lastUsed: number;
  lastRejected: number;
  /** Longest quiet gap that ended within the last 30 days, seconds. */
  maxGap: number;
  uniqueIps: { hour: number; day: number; month: number; approximate: boolean };
  lastNewIp: number;
  recentNewIps: { ip: string; noticed: number }[];
  /** Surfaces noticed as new after the learning period. */
  newSurfaces: { surface: string; noticed: number }[];
  scopes: { scope: string; lastUsed: number }[];
  requestsLastMinute: number;
  peakPerMinute: number;
  /** Without 401s, by UTC day of the event; rolls with the wall clock. */
  requestsToday: number;
  /** The last 60 whole minutes of event time, oldest first, the current minute last. */
  minutes: MinuteCounts;
}

/**
 * Responses by what they mean for a key. other4xx leaves out 401, 403 and 429; 1xx counts as success. Windows are
 * stored by position, so a new class goes to the end.
 */
export const MINUTE_CLASSES = [
  'success',
  'redirect',
  'unauthorized',
  'forbidden',
  'throttled',
  'other4xx',
  'serverErrors',
  'noResponse',
] as const;
export type MinuteClass = (typeof MINUTE_CLASSES)[number];

/** Requests of the last 60 whole minutes of event time, by class; the current minute is the last. */
export interface MinuteCounts {
  /** Minute number (epoch seconds / 60) of the last entry. */
  last: number;
  /** counts[class * 60 + i], i = 0 the oldest minute; class by position in MINUTE_CLASSES. */
  counts: Uint32Array;
}

/** Requests of one class in the last `span` minutes (1–60) before `nowMinute`; minutes that slid out count 0. */
export function inLastMinutes(
  minutes: MinuteCounts,
  cls: MinuteClass,
  span: number,
  nowMinute: number,
): number {
  const base = MINUTE_CLASSES.indexOf(cls) * 60;
  const oldest = minutes.last - 59;
  let sum = 0;
  for (let minute = Math.max(oldest, nowMinute - span + 1); minute <= minutes.last; minute++)
    sum += minutes.counts[base + minute - oldest];
  return sum;
}
