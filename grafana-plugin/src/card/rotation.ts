import type { Check } from '../../../exporter/src/health/checks.ts';
import { carriesTraffic } from '../../../exporter/src/health/lifecycle-checks.ts';
import { KEY_SERIES } from '../../../exporter/src/health/series.ts';
import { stateOf } from '../../../exporter/src/health/state.ts';
import type { KeyData } from '../keys/key-data.ts';
import type { KeyList, ListedKey } from '../keys/key-list.ts';
import { signalsOf } from '../keys/signals.ts';
import { requestsOf } from './key-card.ts';

/** One of the two keys of a rotation. */
export interface RotationSide {
  id: string;
  title: string;
  /** Seconds since the epoch; 0 = never, NaN = unknown. */
  lastUsed: number;
  /** Unique IP addresses in the last hour and in 24 hours; NaN = unknown. */
  ipsHour: number;
  ipsDay: number;
}

/** Progress of consumers from the old key to the new one. */
export interface Rotation {
  old: RotationSide;
  next: RotationSide;
  /** The key that the card shows. */
  shown: 'old' | 'next';
  /** Share of the new key in the requests of both, over the shown time. NaN if neither was used. */
  shares: { times: number[]; next: number[] };
  /** The same share over the last hour of the shown time. */
  lately: number;
  /** The check that decides whether the old key may be revoked. */
  check: Check;
  /**
   * Time when the old key may be revoked if it is not used before, seconds since the epoch. NaN = unknown, the new key
   * is not in use, or the old key is already revoked.
   */
  safeAfter: number;
  /** Endpoints called with the old key in the last day, most requests first. */
  stragglers: { method: string; template: string; requests: number }[];
  /** New IP addresses on the old key. */
  addresses: string[];
}

/** The rotation of the key; undefined = none. */
export function rotationOf(key: ListedKey, list: KeyList): Rotation | undefined {
  const { data, successor, predecessor } = key;
  const [old, next] = successor ? [data, successor] : predecessor ? [predecessor, data] : [];
  if (old === undefined || next === undefined) return undefined;
  const signals = signalsOf(old, { ...list, pipelineAlive: key.signals.pipelineAlive }, { successor: next });
  const check = stateOf(signals).checks.find(({ name }) => name === 'rotation_complete') as Check;
  const oldSide = sideOf(old, list);
  const threshold = Number.isFinite(check.threshold) ? check.threshold : Number.NaN;
  return {
    old: oldSide,
    next: sideOf(next, list),
    shown: old === data ? 'old' : 'next',
    ...sharesOf(old, next),
    check,
    safeAfter: check.result === 'ok' && carriesTraffic(signals) ? oldSide.lastUsed + threshold : Number.NaN,
    stragglers: old.stragglers
      .map((endpoint) => ({ ...endpoint, requests: requestsOf(endpoint) }))
      .filter(({ requests }) => requests > 0)
      .sort((a, b) => b.requests - a.requests),
    addresses: old.addresses,
  };
}

function sideOf(key: KeyData, { answeredRoles }: KeyList): RotationSide {
  const known = answeredRoles.has('facts') || answeredRoles.has('partnerFacts');
  const fact = (name: string, further: string, absent: number) =>
    key.facts.get(name)?.get(further) ?? (known ? absent : Number.NaN);
  return {
    id: key.id,
    title: key.info?.name || key.id,
    lastUsed: fact(KEY_SERIES.lastUsed, '', 0),
    ipsHour: fact(KEY_SERIES.uniqueIps, '1h', Number.NaN),
    ipsDay: fact(KEY_SERIES.uniqueIps, '24h', Number.NaN),
  };
}

/** Milliseconds. */
const HOUR_MS = 3_600_000;

function sharesOf(old: KeyData, next: KeyData): Pick<Rotation, 'shares' | 'lately'> {
  const volumes = (key: KeyData) =>
    new Map(key.volume?.times.map((time, i): [number, number] => [time, key.volume?.values[i] || 0]));
  const [before, after] = [volumes(old), volumes(next)];
  const times = [...new Set([...before.keys(), ...after.keys()])].sort((a, b) => a - b);
  const share = (some: number[]) => {
    const sum = (volume: Map<number, number>) => some.reduce((all, time) => all + (volume.get(time) ?? 0), 0);
    const [a, b] = [sum(before), sum(after)];
    return a + b > 0 ? b / (a + b) : Number.NaN;
  };
  const since = (times.at(-1) ?? 0) - HOUR_MS;
  return {
    shares: { times, next: times.map((time) => share([time])) },
    lately: share(times.filter((time) => time > since)),
  };
}
