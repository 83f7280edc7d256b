import {
  type KeySignals,
  type RotationPartner,
  unknownSignals,
} from '../../../exporter/src/health/key-signals.ts';
import { EXPORTER_SERIES, KEY_SERIES, RECORDED } from '../../../exporter/src/health/series.ts';
import {
  type EffectiveThresholds,
  effectiveThresholds,
  THRESHOLD_KINDS,
} from '../../../exporter/src/health/thresholds.ts';
import type { RoleName } from '../roles/roles.ts';
import type { EndpointCounts, KeyData } from './key-data.ts';
import { windowCountsOf } from './status-counts.ts';

/** Inputs that are the same for every key. */
export interface SignalContext {
  /** Seconds since the epoch. */
  now: number;
  pipelineAlive: boolean;
  /** Roles with a successful query. A key missing from their results has no data, rather than unknown data. */
  answeredRoles: ReadonlySet<RoleName>;
}

/** The other keys of a rotation. */
export interface Partners {
  successor?: KeyData | undefined;
  predecessor?: KeyData | undefined;
}

/** Builds the signals of a key from query results. */
export function signalsOf(key: KeyData, circumstances: SignalContext, partners: Partners): KeySignals {
  const { now, pipelineAlive, answeredRoles } = circumstances;
  const fact = factLookup(key, answeredRoles);
  const thresholds = thresholdsOf(key, answeredRoles);
  // No series means no traffic.
  const recent = key.recentRate ?? (answeredRoles.has('recentRate') ? 0 : Number.NaN);
  const expected = key.expectedRate ?? Number.NaN;
  return {
    ...unknownSignals(now, thresholds),
    pipelineAlive,
    registered: registeredOf(key, fact, answeredRoles),
    retiredAt: fact(RECORDED.retired, Number.NaN),
    lastUsed: fact(KEY_SERIES.lastUsed, 0),
    recordedSince: fact(EXPORTER_SERIES.recordedSince, Number.NaN),
    lastRejected: fact(KEY_SERIES.lastRejected, 0),
    maxGap: fact(KEY_SERIES.maxGap, Number.NaN),
    fiveMinutes: windowCountsOf(key.status5m),
    thirtyMinutes: windowCountsOf(key.status30m),
    hour: windowCountsOf(key.status1h),
    forbiddenBefore: forbiddenBefore(key, thresholds, answeredRoles),
    uniqueIpsDay: fact(KEY_SERIES.uniqueIps, 0, '24h'),
    lastNewIp: fact(KEY_SERIES.lastNewIp, 0),
    newSurface: newSurfaceOf(key),
    requestsToday: fact(KEY_SERIES.requestsToday, 0),
    peakPerMinute: fact(KEY_SERIES.peakPerMinute, 0),
    endpoints: endpointsOf(key.endpoints),
    volume: recent * 3600,
    weeklyBaseline: expected * 3600,
    recentBaseline: (key.dayRate ?? Number.NaN) * 3600,
    successor: partnerOf(partners.successor, answeredRoles),
    predecessor: partnerOf(partners.predecessor, answeredRoles),
  };
}

/** Looks up a series of the key by name. Returns `absent` if the query succeeded without it. */
export type FactLookup = (series: string, absent: number, further?: string) => number;

export function factLookup(key: KeyData, answeredRoles: ReadonlySet<RoleName>): FactLookup {
  // A key with requests has facts. If it has none, the query is incomplete.
  const isKnown = answeredRoles.has('facts') && (key.facts.size > 0 || !hasRequests(key));
  return (series, absent, further = '') =>
    key.facts.get(series)?.get(further) ?? (isKnown ? absent : Number.NaN);
}

/** In the last hour. */
export const hasRequests = ({ status1h, status30m }: KeyData): boolean =>
  sum(status1h?.values() ?? []) + sum(status30m?.values() ?? []) > 0;

/** A successful `info` query without this key means that it is not in the keys file. */
function registeredOf(
  { info }: KeyData,
  fact: FactLookup,
  answeredRoles: ReadonlySet<RoleName>,
): KeySignals['registered'] {
  if (info === undefined) return answeredRoles.has('info') ? null : undefined;
  const limit = (series: string, window?: string): number | null => {
    // Infinity = the query succeeded without a limit.
    const value = fact(series, Number.POSITIVE_INFINITY, window);
    return value === Number.POSITIVE_INFINITY ? null : value;
  };
  return {
    state: info.state === 'revoked' || info.state === 'disabled' ? info.state : 'active',
    realtime: info.realtime,
    createdAt: fact(KEY_SERIES.created, Number.NaN),
    rotatedAt: fact(KEY_SERIES.rotated, Number.NaN),
    rotateEvery: fact(KEY_SERIES.rotateEvery, Number.NaN),
    scopesChangedAt: fact(KEY_SERIES.scopesChanged, Number.NaN),
    limits: {
      perMinute: limit(KEY_SERIES.rateLimit, 'minute'),
      perDay: limit(KEY_SERIES.rateLimit, 'day'),
      burst: limit(KEY_SERIES.rateLimitBurst),
    },
  };
}

/** Recorded thresholds; if missing, the override in the keys file; else the default. */
function thresholdsOf(key: KeyData, answeredRoles: ReadonlySet<RoleName>): EffectiveThresholds {
  const effective = effectiveThresholds();
  // For the other key of a rotation, only facts are queried.
  const ofPartner = key.facts.get(KEY_SERIES.threshold);
  for (const kind of THRESHOLD_KINDS) {
    const value = key.thresholds.get(kind) ?? key.overrides.get(kind) ?? ofPartner?.get(kind);
    if (value === undefined || !Number.isFinite(value)) continue;
    const own = answeredRoles.has('overrides') ? key.overrides.has(kind) : value !== effective[kind].value;
    effective[kind] = { value, origin: own ? 'key' : 'default' };
  }
  return effective;
}

/** The recorded history has rows only for keys with 403 responses in the last 7 days. */
function forbiddenBefore(
  { forbiddenHistory }: KeyData,
  thresholds: EffectiveThresholds,
  answeredRoles: ReadonlySet<RoleName>,
): boolean | null {
  if (!answeredRoles.has('forbiddenHistory')) return null;
  if (forbiddenHistory === undefined) return false;
  return forbiddenHistory >= thresholds.forbidden_count.value;
}

function newSurfaceOf(key: KeyData): KeySignals['newSurface'] {
  let newest: KeySignals['newSurface'] = null;
  for (const [surface, noticed] of key.facts.get(KEY_SERIES.lastNewSurface) ?? [])
    if (newest === null || noticed > newest.noticed) newest = { surface, noticed };
  return newest;
}

/** Skips pseudo-endpoints, which stand for many endpoints. null = no data. */
function endpointsOf(endpoints: EndpointCounts[]): KeySignals['endpoints'] {
  const calls = endpoints
    .filter(({ template }) => !/^__(other|unmatched)__$/.test(template))
    .map(({ method, template, statuses }) => ({
      method,
      template,
      requests: sum(statuses.values()) - (statuses.get(0) ?? 0),
      errors: (statuses.get(404) ?? 0) + (statuses.get(422) ?? 0),
    }))
    .filter(({ requests }) => requests > 0);
  return calls.length > 0 ? calls : null;
}

function partnerOf(
  partner: KeyData | undefined,
  answeredRoles: ReadonlySet<RoleName>,
): RotationPartner | null {
  if (partner === undefined) return null;
  const fact = factLookup(partner, answeredRoles);
  return {
    id: partner.info?.name || partner.id,
    lastUsed: fact(KEY_SERIES.lastUsed, 0),
    requestsLastHour: windowCountsOf(partner.status1h).requests,
  };
}

function sum(values: Iterable<number>): number {
  let all = 0;
  for (const value of values) all += value;
  return all;
}
