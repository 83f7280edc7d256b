import type { Check } from '../../../exporter/src/health/checks.ts';
import { carriesTraffic } from '../../../exporter/src/health/lifecycle-checks.ts';
import { KEY_SERIES } from '../../../exporter/src/health/series.ts';
import { stateOf } from '../../../exporter/src/health/state.ts';
import type { KeyList, ListedKey } from '../keys/key-list.ts';
import type { KeyReadings } from '../keys/readings.ts';
import { signalsOf } from '../keys/signals.ts';
import { requestsOf } from './key-card.ts';

/** One of the two keys of a rotation. */
export interface RotationSide {
  id: string;
  title: string;
  /** Seconds since the epoch; 0 = never, NaN = unknown. */
  lastUsed: number;
  /** Different addresses in the last hour and 24 hours; NaN = unknown. */
  ipsHour: number;
  ipsDay: number;
}

/** How far consumers have moved from the old key to the new one. */
export interface Rotation {
  old: RotationSide;
  next: RotationSide;
  /** Which of the two the card shows. */
  shown: 'old' | 'next';
  /** Share of the new key among the requests of both, over the shown time. NaN where neither was used. */
  shares: { times: number[]; next: number[] };
  /** The same over the last hour of it. */
  lately: number;
  /** The check that says whether the old key can go. */
  check: Check;
  /**
   * When the old key may be revoked if nothing uses it until then; seconds. NaN = unknown, or no time tells: the new
   * key is not in use, or the old one is revoked already.
   */
  safeAfter: number;
  /** What still uses the old key: requests of the last day by endpoint, most first. */
  stragglers: { method: string; template: string; requests: number }[];
  /** New addresses of the old key that are known by name. */
  addresses: string[];
}

/** The rotation the key takes part in; undefined = none. */
export function rotationOf(key: ListedKey, list: KeyList): Rotation | undefined {
  const { readings, successor, predecessor } = key;
  const [old, next] = successor ? [readings, successor] : predecessor ? [predecessor, readings] : [];
  if (old === undefined || next === undefined) return undefined;
  const signals = signalsOf(old, { ...list, pipelineAlive: key.signals.pipelineAlive }, { successor: next });
  const check = stateOf(signals).checks.find(({ name }) => name === 'rotation_complete') as Check;
  const oldSide = sideOf(old, list);
  const threshold = Number.isFinite(check.threshold) ? check.threshold : Number.NaN;
  return {
    old: oldSide,
    next: sideOf(next, list),
    shown: old === readings ? 'old' : 'next',
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

function sideOf(key: KeyReadings, { answered }: KeyList): RotationSide {
  const known = answered.has('facts') || answered.has('partnerFacts');
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

/** Milliseconds that count as lately. */
const LATELY = 3_600_000;

function sharesOf(old: KeyReadings, next: KeyReadings): Pick<Rotation, 'shares' | 'lately'> {
  const volumes = (key: KeyReadings) =>
    new Map(key.volume?.times.map((time, i): [number, number] => [time, key.volume?.values[i] || 0]));
  const [before, after] = [volumes(old), volumes(next)];
  const times = [...new Set([...before.keys(), ...after.keys()])].sort((a, b) => a - b);
  const share = (some: number[]) => {
    const sum = (volume: Map<number, number>) => some.reduce((all, time) => all + (volume.get(time) ?? 0), 0);
    const [a, b] = [sum(before), sum(after)];
    return a + b > 0 ? b / (a + b) : Number.NaN;
  };
  const since = (times.at(-1) ?? 0) - LATELY;
  return {
    shares: { times, next: times.map((time) => share([time])) },
    lately: share(times.filter((time) => time > since)),
  };
}
