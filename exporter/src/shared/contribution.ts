import { type Facts, mergeInto } from './mergeable-facts.ts';

/** When an address was first and last seen with a key, seconds of event time. */
export interface Seen {
  first: number;
  last: number;
}

/**
 * What one exporter knows of one API key. Everything in it merges by itself, so contributions can be kept back,
 * joined, repeated and reordered. Facts by instance (`>INSTANCE`) hold one value each that is replaced as a whole.
 */
export interface Contribution {
  /** The key's name in Redis, see redis-keys.ts. */
  name: string;
  facts: Facts;
  /** By instance: the windows as usage/ writes them, after their progress. */
  windows: Facts;
  /** By instance: the sketch of the addresses, after the newest second in it. */
  sketches: Facts;
  /** By `>DAY@INSTANCE`: what was counted on a day, see shared-days.ts; readers add up the instances. */
  days: Facts;
  /** Addresses as 4 or 16 bytes, a byte a character. */
  ips: Map<string, Seen>;
}

/** The parts of a contribution that are facts, in the order in which scripts take them. */
export const FACT_PARTS = ['facts', 'windows', 'sketches', 'days'] as const;

export const noContribution = (name: string): Contribution => ({
  name,
  facts: new Map(),
  windows: new Map(),
  sketches: new Map(),
  days: new Map(),
  ips: new Map(),
});

/** Takes `more` into `contribution`; true when that changed anything. */
export function join(contribution: Contribution, more: Contribution): boolean {
  let changed = false;
  for (const part of FACT_PARTS) if (mergeInto(contribution[part], more[part])) changed = true;
  for (const [ip, { first, last }] of more.ips) {
    const known = contribution.ips.get(ip);
    if (known && known.first <= first && known.last >= last) continue;
    contribution.ips.set(ip, {
      first: Math.min(first, known?.first ?? first),
      last: Math.max(last, known?.last ?? last),
    });
    changed = true;
  }
  return changed;
}

/** A day is as long as many other values. */
const DAY_WEIGHT = 10;

/** Number of values in it: what sending it costs. */
export function sizeOf({ facts, windows, sketches, days, ips }: Contribution): number {
  return facts.size + windows.size + sketches.size + DAY_WEIGHT * days.size + ips.size;
}
