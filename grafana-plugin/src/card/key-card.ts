import { checksOf } from '../../../exporter/src/health/checks-of.ts';
import {
  adviceOf,
  type ScopeLine,
  scopeChangeText,
  scopeLines,
} from '../../../exporter/src/health/scopes.ts';
import { KEY_SERIES } from '../../../exporter/src/health/series.ts';
import { type StatusLine, statusLines } from '../../../exporter/src/health/statuses.ts';
import type { EndpointCounts } from '../keys/key-data.ts';
import type { KeyList, ListedKey } from '../keys/key-list.ts';
import { factLookup } from '../keys/signals.ts';

/** Requests to one endpoint in the last 30 minutes. */
export interface EndpointSummary {
  method: string;
  template: string;
  requests: number;
  /** Share of all requests of the key with an endpoint. */
  share: number;
  /** Responses of 400 and above by status, most frequent first. */
  errors: [status: number, requests: number][];
  /** The check `endpoint_errors` is breached for this endpoint. */
  isCluster: boolean;
}

/** Use of a limit. NaN = unknown; limit null = no limit in the keys file. */
export interface QuotaUse {
  name: 'minute' | 'day';
  used: number;
  limit: number | null;
  /** Used share at which the quota check is breached. */
  warningRatio: number;
}

/** Responses of the key in the last hour by status. */
export const statusesOf = ({ data }: ListedKey): StatusLine[] => statusLines(data.status1h ?? new Map());

/** Endpoints that the key called in the last 30 minutes, busiest first. */
export function endpointSummaries({ data, signals }: ListedKey): EndpointSummary[] {
  const used = data.endpoints
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

/** Scopes that the key was granted or needed. */
export const scopesOf = (key: ListedKey): ScopeLine[] =>
  scopeLines(grantsOf(key), key.data.facts.get(KEY_SERIES.scopeLastUsed) ?? new Map());

/** Changes that make the grants narrower and still cover every used scope, as parts of a sentence. */
export const scopeAdviceOf = (key: ListedKey): string[] =>
  adviceOf(grantsOf(key), scopesOf(key)).map((change) => scopeChangeText(change));

const grantsOf = ({ data }: ListedKey): string[] => [...(data.facts.get(KEY_SERIES.scopeInfo)?.keys() ?? [])];

/** Rate-limit headroom: peak minute (last 5 min), and today (UTC). */
export function quotaUses({ signals }: ListedKey): QuotaUse[] {
  const limits = signals.registered?.limits;
  const warningRatio = signals.thresholds.quota_ratio.value;
  const perMinute = limits?.perMinute ?? null;
  return [
    {
      name: 'minute',
      used: signals.peakPerMinute,
      limit: perMinute === null ? null : perMinute + (limits?.burst ?? 0),
      warningRatio,
    },
    { name: 'day', used: signals.requestsToday, limit: limits?.perDay ?? null, warningRatio },
  ];
}

/** An event in the life of a key. */
export interface TimelineEvent {
  kind: 'created' | 'rotated' | 'scopesChanged' | 'newIp' | 'rejected' | 'lastUsed';
  at: number;
}

/** Known events of the key, oldest first. */
export function timelineEvents(
  { data, lastUsed, signals }: ListedKey,
  { answeredRoles }: KeyList,
): TimelineEvent[] {
  const fact = factLookup(data, answeredRoles);
  const moments: TimelineEvent[] = [
    { kind: 'created', at: fact(KEY_SERIES.created, Number.NaN) },
    { kind: 'rotated', at: fact(KEY_SERIES.rotated, Number.NaN) },
    { kind: 'scopesChanged', at: fact(KEY_SERIES.scopesChanged, Number.NaN) },
    { kind: 'newIp', at: signals.lastNewIp },
    { kind: 'rejected', at: signals.lastRejected },
    { kind: 'lastUsed', at: lastUsed },
  ];
  return moments.filter(({ at }) => at > 0).sort((a, b) => a.at - b.at);
}

/** Returns the key that the card shows: the one with the id, or the worst key if the id is empty; undefined = none. */
export function chosenKey(keys: readonly ListedKey[], id: string, tenant: string): ListedKey | undefined {
  const named = keys.filter((key) => key.id === id);
  const candidates = named.length > 0 || id !== '' ? named : keys;
  const ofTenant = candidates.filter((key) => key.tenant === tenant);
  return [...(ofTenant.length > 0 ? ofTenant : candidates)].sort(
    (a, b) => a.health.rank - b.health.rank || a.title.localeCompare(b.title),
  )[0];
}
