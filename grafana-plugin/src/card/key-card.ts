import { checksOf } from '../../../exporter/src/health/checks-of.ts';
import { KEY_SERIES } from '../../../exporter/src/health/series.ts';
import { type StatusLine, statusLines } from '../../../exporter/src/health/statuses.ts';
import { adviceOf, type ScopeLine, scopeChangeText, scopeLines } from '../../../exporter/src/keys/scopes.ts';
import type { KeyList, ListedKey } from '../keys/key-list.ts';
import type { EndpointCounts } from '../keys/readings.ts';
import { factsOf } from '../keys/signals.ts';

/** Requests to one endpoint in the last 30 minutes. */
export interface EndpointLine {
  method: string;
  template: string;
  requests: number;
  /** Of all requests of the key that have an endpoint. */
  share: number;
  /** Answers from 400 on, by status, most first. */
  errors: [status: number, requests: number][];
  /** Enough of its answers are 404 or 422 that something broke this call. */
  isCluster: boolean;
}

/** How much of a limit is used. NaN = unknown, limit null = none stated. */
export interface QuotaLine {
  name: 'minute' | 'day';
  used: number;
  limit: number | null;
  /** The share from which it counts as nearly used up. */
  nearly: number;
}

/** Statuses the key got in the last hour. */
export const statusesOf = ({ readings }: ListedKey): StatusLine[] =>
  statusLines(readings.status1h ?? new Map());

/** Endpoints the key called, busiest first. */
export function endpointLines({ readings, signals }: ListedKey): EndpointLine[] {
  const used = readings.endpoints
    .map((endpoint) => ({ endpoint, requests: requestsOf(endpoint) }))
    .filter(({ requests }) => requests > 0);
  const all = used.reduce((sum, { requests }) => sum + requests, 0);
  return used
    .map(({ endpoint: { method, template, statuses }, requests }) => {
      const clustered = (statuses.get(404) ?? 0) + (statuses.get(422) ?? 0);
      const endpoints = [{ method, template, requests, errors: clustered }];
      return {
        method,
        template,
        requests,
        share: requests / all,
        errors: [...statuses].filter(([status, n]) => status >= 400 && n > 0).sort(([, a], [, b]) => b - a),
        isCluster: checksOf({ ...signals, endpoints }).endpoint_errors.result === 'breach',
      };
    })
    .sort((a, b) => b.requests - a.requests);
}

export const requestsOf = ({ statuses }: EndpointCounts): number =>
  [...statuses.values()].reduce((sum, requests) => sum + requests, 0);

/** Scopes the key was granted or needed. */
export const scopesOf = (key: ListedKey): ScopeLine[] =>
  scopeLines(grantsOf(key), key.readings.facts.get(KEY_SERIES.scopeLastUsed) ?? new Map());

/** How its grants can become narrower without taking away what a used scope needs, a sentence part each. */
export const scopeAdviceOf = (key: ListedKey): string[] =>
  adviceOf(grantsOf(key), scopesOf(key)).map((change) => scopeChangeText(change));

const grantsOf = ({ readings }: ListedKey): string[] => [
  ...(readings.facts.get(KEY_SERIES.scopeInfo)?.keys() ?? []),
];

/** Rate-limit headroom: the busiest minute of the last five, and today (UTC). */
export function quotaLines({ signals }: ListedKey): QuotaLine[] {
  const limits = signals.registered?.limits;
  const nearly = signals.thresholds.quota_ratio.value;
  const perMinute = limits?.perMinute ?? null;
  return [
    {
      name: 'minute',
      used: signals.peakPerMinute,
      limit: perMinute === null ? null : perMinute + (limits?.burst ?? 0),
      nearly,
    },
    { name: 'day', used: signals.requestsToday, limit: limits?.perDay ?? null, nearly },
  ];
}

/** A moment in the life of a key, seconds since the epoch. */
export interface Moment {
  what: 'created' | 'rotated' | 'scopesChanged' | 'newIp' | 'rejected' | 'lastUsed';
  at: number;
}

/** What is known to have happened to the key, oldest first. */
export function momentsOf({ readings, lastUsed, signals }: ListedKey, { answered }: KeyList): Moment[] {
  const fact = factsOf(readings, answered);
  const moments: Moment[] = [
    { what: 'created', at: fact(KEY_SERIES.created, Number.NaN) },
    { what: 'rotated', at: fact(KEY_SERIES.rotated, Number.NaN) },
    { what: 'scopesChanged', at: fact(KEY_SERIES.scopesChanged, Number.NaN) },
    { what: 'newIp', at: signals.lastNewIp },
    { what: 'rejected', at: signals.lastRejected },
    { what: 'lastUsed', at: lastUsed },
  ];
  return moments.filter(({ at }) => at > 0).sort((a, b) => a.at - b.at);
}

/** Chooses the key that a card shows: the named one, else the worst; undefined = there is none. */
export function chosenKey(keys: readonly ListedKey[], id: string, tenant: string): ListedKey | undefined {
  const named = keys.filter((key) => key.id === id);
  const candidates = named.length > 0 || id !== '' ? named : keys;
  const ofTenant = candidates.filter((key) => key.tenant === tenant);
  return [...(ofTenant.length > 0 ? ofTenant : candidates)].sort(
    (a, b) => a.health.rank - b.health.rank || a.title.localeCompare(b.title),
  )[0];
}
