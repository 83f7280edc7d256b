import { adviceOf, type ScopeChange, type ScopeLine, scopeLines } from '../health/scopes.ts';
import { type StatusLine, statusLines } from '../health/statuses.ts';
import type { Mirror } from '../metrics/mirror.ts';
import { surfaceOf } from '../parse/surface.ts';
import { FAMILIES } from '../usage/changes.ts';
import type { KeyOverview } from './key-overview.ts';

/** Requests of a key to one endpoint, by class of the answer. */
export interface EndpointLine {
  method: string;
  template: string;
  requests: number;
  /** Of all requests of the key that have an endpoint. */
  share: number;
  success: number;
  redirect: number;
  clientErrors: number;
  serverErrors: number;
  noResponse: number;
}

export interface SurfaceLine {
  surface: string;
  requests: number;
  /** When it was noticed as new, seconds since the epoch; 0 = not new. */
  noticed: number;
}

/** What a key's page shows beyond its line in the list. */
export interface KeyDetail {
  requests: number;
  /** Since its counters count. */
  statuses: StatusLine[];
  /** Busiest first. */
  endpoints: EndpointLine[];
  surfaces: SurfaceLine[];
  scopes: ScopeLine[];
  scopeAdvice: ScopeChange[];
}

export function detailOf(mirror: Mirror, { key, facts, entry }: KeyOverview): KeyDetail {
  const byStatus = new Map<number, number>();
  const byEndpoint = new Map<number, EndpointLine>();
  for (const number of key === undefined ? [] : (mirror.seriesOfKey[key] ?? [])) {
    const { family, status, endpoint } = mirror.series.row(number);
    const value = mirror.series.value(number);
    if (value === 0) continue;
    if (family === FAMILIES.requests) byStatus.set(status, (byStatus.get(status) ?? 0) + value);
    if (family !== FAMILIES.endpoint) continue;
    const row = mirror.endpoints[endpoint];
    const line = byEndpoint.get(endpoint) ?? emptyLine(row?.method ?? '', row?.template ?? '');
    line.requests += value;
    line[classOf(status)] += value;
    byEndpoint.set(endpoint, line);
  }
  const requests = sum([...byStatus.values()]);
  const endpoints = [...byEndpoint.values()].sort((a, b) => b.requests - a.requests);
  const toEndpoints = sum(endpoints.map((line) => line.requests));
  for (const line of endpoints) line.share = line.requests / toEndpoints;
  const scopes = scopeLines(entry?.scopes ?? [], usesOf(facts?.scopes ?? []));
  return {
    requests,
    statuses: statusLines(byStatus),
    endpoints,
    surfaces: surfacesOf(endpoints, facts?.newSurfaces ?? []),
    scopes,
    scopeAdvice: adviceOf(entry?.scopes ?? [], scopes),
  };
}

function emptyLine(method: string, template: string): EndpointLine {
  return {
    method,
    template,
    requests: 0,
    share: 0,
    success: 0,
    redirect: 0,
    clientErrors: 0,
    serverErrors: 0,
    noResponse: 0,
  };
}

function classOf(status: number): 'success' | 'redirect' | 'clientErrors' | 'serverErrors' | 'noResponse' {
  if (status === 0) return 'noResponse';
  if (status >= 500) return 'serverErrors';
  if (status >= 400) return 'clientErrors';
  return status >= 300 ? 'redirect' : 'success';
}

/** As far as the counted templates tell. */
function surfacesOf(endpoints: EndpointLine[], fresh: { surface: string; noticed: number }[]): SurfaceLine[] {
  const lines = new Map<string, SurfaceLine>();
  const line = (surface: string): SurfaceLine => {
    const known = lines.get(surface) ?? { surface, requests: 0, noticed: 0 };
    lines.set(surface, known);
    return known;
  };
  for (const { template, requests } of endpoints) {
    const surface = surfaceOf(template);
    if (surface !== '') line(surface).requests += requests;
  }
  for (const { surface, noticed } of fresh) line(surface).noticed = noticed;
  return [...lines.values()].sort((a, b) => b.noticed - a.noticed || b.requests - a.requests);
}

const usesOf = (scopes: { scope: string; lastUsed: number }[]): Map<string, number> =>
  new Map(scopes.map(({ scope, lastUsed }) => [scope, lastUsed]));

const sum = (values: number[]): number => values.reduce((all, value) => all + value, 0);
