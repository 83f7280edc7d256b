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
import type { EndpointCounts, KeyReadings } from './readings.ts';
import { windowCountsOf } from './status-counts.ts';

/** What holds for every key of the panel. */
export interface Circumstances {
  /** Seconds since the epoch. */
  now: number;
  pipelineAlive: boolean;
  /** Roles that were asked for and did not fail: what they leave out is not there, rather than unknown. */
  answered: ReadonlySet<RoleName>;
}

/** The keys this one is paired with in a rotation. */
export interface Partners {
  successor?: KeyReadings | undefined;
  predecessor?: KeyReadings | undefined;
}

/** The signals that decide a key's state, from what the queries answered. */
export function signalsOf(key: KeyReadings, circumstances: Circumstances, partners: Partners): KeySignals {
  const { now, pipelineAlive, answered } = circumstances;
  const fact = factsOf(key, answered);
  const thresholds = thresholdsOf(key, answered);
  // A series that is gone is no traffic.
  const recent = key.recentRate ?? (answered.has('recentRate') ? 0 : Number.NaN);
  const expected = key.expectedRate ?? Number.NaN;
  return {
    ...unknownSignals(now, thresholds),
    pipelineAlive,
    registered: registeredOf(key, fact, answered),
    retiredAt: fact(RECORDED.retired, Number.NaN),
    lastUsed: fact(KEY_SERIES.lastUsed, 0),
    recordedSince: fact(EXPORTER_SERIES.recordedSince, Number.NaN),
    lastRejected: fact(KEY_SERIES.lastRejected, 0),
    maxGap: fact(KEY_SERIES.maxGap, Number.NaN),
    fiveMinutes: windowCountsOf(key.status5m),
    thirtyMinutes: windowCountsOf(key.status30m),
    hour: windowCountsOf(key.status1h),
    forbiddenBefore: forbiddenBefore(key, thresholds, answered),
    uniqueIpsDay: fact(KEY_SERIES.uniqueIps, 0, '24h'),
    lastNewIp: fact(KEY_SERIES.lastNewIp, 0),
    newSurface: newSurfaceOf(key),
    requestsToday: fact(KEY_SERIES.requestsToday, 0),
    peakPerMinute: fact(KEY_SERIES.peakPerMinute, 0),
    endpoints: endpointsOf(key.endpoints),
    volume: recent * 3600,
    usualOfWeeks: expected * 3600,
    recentBaseline: (key.dayRate ?? Number.NaN) * 3600,
    successor: partnerOf(partners.successor, answered),
    predecessor: partnerOf(partners.predecessor, answered),
  };
}

/** Looks a series of the key up by its name; `absent` stands in when the query was answered without it. */
export type FactOf = (series: string, absent: number, further?: string) => number;

export function factsOf(key: KeyReadings, answered: ReadonlySet<RoleName>): FactOf {
  // A key with requests has facts: without any, the query did not reach them.
  const isKnown = answered.has('facts') && (key.facts.size > 0 || !hasRequests(key));
  return (series, absent, further = '') =>
    key.facts.get(series)?.get(further) ?? (isKnown ? absent : Number.NaN);
}

/** In the last hour. */
export const hasRequests = ({ status1h, status30m }: KeyReadings): boolean =>
  sum(status1h?.values() ?? []) + sum(status30m?.values() ?? []) > 0;

/** Answered about others alone: the keys file does not have this key. */
function registeredOf(
  { info }: KeyReadings,
  fact: FactOf,
  answered: ReadonlySet<RoleName>,
): KeySignals['registered'] {
  if (info === undefined) return answered.has('info') ? null : undefined;
  const limit = (series: string, window?: string): number | null => {
    // Infinity stands for "answered without it", which is: no limit stated.
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

/** The recorded vector as it is; what it has no row for is as the keys file sets it, else at its default. */
function thresholdsOf(key: KeyReadings, answered: ReadonlySet<RoleName>): EffectiveThresholds {
  const effective = effectiveThresholds();
  // The other key of a rotation is asked for facts alone.
  const ofPartner = key.facts.get(KEY_SERIES.threshold);
  for (const kind of THRESHOLD_KINDS) {
    const value = key.thresholds.get(kind) ?? key.overrides.get(kind) ?? ofPartner?.get(kind);
    if (value === undefined || !Number.isFinite(value)) continue;
    const own = answered.has('overrides') ? key.overrides.has(kind) : value !== effective[kind].value;
    effective[kind] = { value, origin: own ? 'key' : 'default' };
  }
  return effective;
}

/** The recorded history has a row only for keys with 403 answers in the 7 days before. */
function forbiddenBefore(
  { forbiddenHistory }: KeyReadings,
  thresholds: EffectiveThresholds,
  answered: ReadonlySet<RoleName>,
): boolean | null {
  if (!answered.has('forbiddenHistory')) return null;
  if (forbiddenHistory === undefined) return false;
  return forbiddenHistory >= thresholds.forbidden_count.value;
}

function newSurfaceOf(key: KeyReadings): KeySignals['newSurface'] {
  let newest: KeySignals['newSurface'] = null;
  for (const [surface, noticed] of key.facts.get(KEY_SERIES.lastNewSurface) ?? [])
    if (newest === null || noticed > newest.noticed) newest = { surface, noticed };
  return newest;
}

/** Endpoints that stand for many others are no one call. None known: the query was not asked, or answered nothing. */
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
  partner: KeyReadings | undefined,
  answered: ReadonlySet<RoleName>,
): RotationPartner | null {
  if (partner === undefined) return null;
  const fact = factsOf(partner, answered);
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
