import type { DaySums } from '../store/daily-reader.ts';
import type { EndpointRow } from '../usage/changes.ts';
import { type DayFigures, durationQuantile, OTHER_ENDPOINT } from '../usage/day-figures.ts';

/** What some keys did in some time, as reports show it. Times are ISO 8601, null = never. */
export interface Figures {
  requests: number;
  clientErrors: number;
  serverErrors: number;
  unauthorized: number;
  forbidden: number;
  throttled: number;
  /** Share of answers from 400 on, 0–1; null without requests. */
  errorRate: number | null;
  /** Of response bodies, as far as the log tells. */
  bytes: number;
  first: string | null;
  last: string | null;
  /** Most requests of one key in one calendar minute. */
  peakPerMinute: number;
  /** null where many keys are added up. */
  details: Details | null;
}

export interface Details {
  byStatus: Record<string, number>;
  uniqueIps: { count: number; approximate: boolean };
  /** Seconds; always approximate: linear within the buckets of the duration histogram. null without durations. */
  durations: { p50: number; p95: number; p99: number; approximate: true } | null;
  /** Most requests first. `__other__` is what is beyond. */
  endpoints: EndpointShare[];
  scopes: { scope: string; used: number; refused: number }[];
}

export interface EndpointShare {
  method: string;
  endpoint: string;
  requests: number;
  errorRate: number;
}

/** Endpoints shown. */
export const TOP_ENDPOINTS = 20;
const OTHER = '__other__';

export const NO_SUMS: DaySums = {
  ...{ requests: 0, clientErrors: 0, serverErrors: 0, unauthorized: 0, forbidden: 0 },
  ...{ throttled: 0, bytes: 0, first: 0, last: 0, peakPerMinute: 0 },
};

export function figuresOf(sums: DaySums, details: Details | null): Figures {
  const errors = sums.clientErrors + sums.serverErrors;
  return {
    ...sums,
    first: momentOf(sums.first),
    last: momentOf(sums.last),
    errorRate: sums.requests > 0 ? errors / sums.requests : null,
    details,
  };
}

/** ISO 8601; null for 0 = never. */
export const momentOf = (seconds: number): string | null =>
  seconds > 0 ? new Date(seconds * 1000).toISOString() : null;

/** `endpoints` by number. */
export function detailsOf(figures: DayFigures, endpoints: EndpointRow[]): Details {
  const ranked = [...figures.endpoints]
    .filter(([endpoint]) => endpoint !== OTHER_ENDPOINT)
    .sort(([a, x], [b, y]) => y.requests - x.requests || a - b);
  const rest = [
    ...ranked.slice(TOP_ENDPOINTS),
    ...[...figures.endpoints].filter(([n]) => n === OTHER_ENDPOINT),
  ];
  const shares = ranked.slice(0, TOP_ENDPOINTS).map(([endpoint, of]) => ({
    method: endpoints[endpoint]?.method ?? OTHER,
    endpoint: endpoints[endpoint]?.template ?? OTHER,
    requests: of.requests,
    errorRate: (of.clientErrors + of.serverErrors) / of.requests,
  }));
  if (rest.length > 0) {
    const requests = rest.reduce((sum, [, of]) => sum + of.requests, 0);
    const errors = rest.reduce((sum, [, of]) => sum + of.clientErrors + of.serverErrors, 0);
    shares.push({ method: OTHER, endpoint: OTHER, requests, errorRate: errors / requests });
  }
  return {
    byStatus: Object.fromEntries([...figures.statuses].sort(([a], [b]) => a - b)),
    uniqueIps: { count: figures.ips.count(), approximate: figures.ips.approximate },
    durations: durationsOf(figures),
    endpoints: shares,
    scopes: [...figures.scopes]
      .map(([scope, of]) => ({ scope, ...of }))
      .sort((a, b) => (a.scope < b.scope ? -1 : 1)),
  };
}

function durationsOf({ durations }: DayFigures): Details['durations'] {
  const [p50, p95, p99] = [0.5, 0.95, 0.99].map((q) => durationQuantile(durations, q));
  return Number.isNaN(p50) ? null : { p50, p95, p99, approximate: true };
}
