import type { KeySignals, RotationPartner, WindowCounts } from '../health/key-signals.ts';
import { unknownSignals } from '../health/key-signals.ts';
import { effectiveThresholds } from '../health/thresholds.ts';
import type { KeyEntry } from '../keys/key.ts';
import { inLastMinutes, type KeyFacts } from '../usage/key-facts.ts';

/** What a key's own facts do not say. */
export interface SignalContext {
  /** Seconds since the epoch. */
  now: number;
  /** Since when requests are recorded, seconds since the epoch; NaN = not known. */
  recordedSince: number;
  /** Every source was looked at lately and is read to its end. */
  pipelineAlive: boolean;
  /** Since when the keys file says disabled or revoked, seconds since the epoch; NaN = not known. */
  retiredAt: number;
  /** The keys this one is paired with in a rotation, with their facts where they have any. */
  successor: { id: string; facts: KeyFacts | undefined } | undefined;
  predecessor: { id: string; facts: KeyFacts | undefined } | undefined;
}

/**
 * The signals that decide a key's state, from the exporter's own facts. What only a longer history knows
 * (403 of past days, usual volume, errors by endpoint) stays unknown. `facts` undefined = never seen.
 */
export function signalsOf(
  facts: KeyFacts | undefined,
  entry: KeyEntry | undefined,
  context: SignalContext,
): KeySignals {
  const { now, recordedSince, pipelineAlive, retiredAt } = context;
  const newest = facts?.newSurfaces.reduce<KeyFacts['newSurfaces'][number] | null>(
    (latest, surface) => (latest === null || surface.noticed > latest.noticed ? surface : latest),
    null,
  );
  return {
    ...unknownSignals(now, effectiveThresholds(entry?.thresholds)),
    pipelineAlive,
    registered: entry === undefined ? null : registeredOf(entry),
    retiredAt,
    lastUsed: facts?.lastUsed ?? 0,
    recordedSince,
    lastRejected: facts?.lastRejected ?? 0,
    maxGap: facts?.maxGap ?? Number.NaN,
    fiveMinutes: windowOf(facts, 5, now),
    thirtyMinutes: windowOf(facts, 30, now),
    hour: windowOf(facts, 60, now),
    uniqueIpsDay: facts?.uniqueIps.day ?? 0,
    lastNewIp: facts?.lastNewIp ?? 0,
    newSurface: newest ?? null,
    requestsToday: facts?.requestsToday ?? 0,
    peakPerMinute: facts?.peakPerMinute ?? 0,
    successor: partnerOf(context.successor, now),
    predecessor: partnerOf(context.predecessor, now),
  };
}

function registeredOf(entry: KeyEntry): KeySignals['registered'] {
  return {
    state: entry.state,
    realtime: entry.realtime,
    createdAt: entry.createdAt ?? Number.NaN,
    rotatedAt: entry.rotatedAt ?? Number.NaN,
    rotateEvery: entry.rotateEvery ?? Number.NaN,
    scopesChangedAt: entry.scopesChangedAt ?? Number.NaN,
    limits: entry.limits,
  };
}

function partnerOf(partner: SignalContext['successor'], now: number): RotationPartner | null {
  if (partner === undefined) return null;
  const { requests } = windowOf(partner.facts, 60, now);
  return { id: partner.id, lastUsed: partner.facts?.lastUsed ?? 0, requestsLastHour: requests };
}

/** Requests of the last `span` minutes (1–60), the current one included. */
export function windowOf(facts: KeyFacts | undefined, span: number, now: number): WindowCounts {
  const minute = Math.floor(now / 60);
  const of = (cls: Parameters<typeof inLastMinutes>[1]) =>
    facts === undefined ? 0 : inLastMinutes(facts.minutes, cls, span, minute);
  const counts = {
    success: of('success'),
    redirect: of('redirect'),
    unauthorized: of('unauthorized'),
    forbidden: of('forbidden'),
    throttled: of('throttled'),
    other4xx: of('other4xx'),
    serverErrors: of('serverErrors'),
    noResponse: of('noResponse'),
  };
  const requests = Object.values(counts).reduce((sum, n) => sum + n, 0);
  return { requests, ...counts };
}
