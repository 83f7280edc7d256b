import { type Limits, TIERS } from '../keys/tiers.ts';

const WINDOW_MS = 60_000;

/** The tiers a key can be given by their name. */
export const NAMED_TIERS = Object.keys(TIERS) as (keyof typeof TIERS)[];

/**
 * What limits would have refused of one UTC day's requests, taken in order of time: a request is let through
 * while fewer than the minute limit plus burst were let through in the 60 seconds before it, and fewer than the
 * day limit since midnight. Atender documents "burst on top of the minute limit" and no more: taking the burst
 * as always there refuses the fewest that can be.
 */
export class TierReplay {
  refused = 0;
  private readonly perDay: number;
  /** Times of the last requests let through, a ring as long as the window may hold. */
  private readonly passed: Float64Array;
  private at = 0;
  private inDay = 0;

  constructor({ perMinute, perDay, burst }: Limits) {
    this.perDay = perDay ?? Number.POSITIVE_INFINITY;
    this.passed = new Float64Array(perMinute === null ? 0 : perMinute + (burst ?? 0)).fill(
      Number.NEGATIVE_INFINITY,
    );
  }

  /** A request at `ms`, not before the one before. */
  request(ms: number): void {
    const { passed } = this;
    // The oldest of as many as the window may hold must have left it.
    const full = passed.length > 0 && passed[this.at] > ms - WINDOW_MS;
    if (full || this.inDay >= this.perDay) {
      this.refused++;
      return;
    }
    this.inDay++;
    if (passed.length === 0) return;
    passed[this.at] = ms;
    this.at = (this.at + 1) % passed.length;
  }
}

/** A day as the aggregates know it. */
export interface DayLoad {
  requests: number;
  peakPerMinute: number;
  /** Requests that are in no minute. */
  untimed: number;
}

/**
 * What can be said of a day without its single requests: how many at least are refused, and whether that is
 * certain. Any 60 seconds lie in two calendar minutes, so they hold at most twice the day's busiest one, and what is in
 * no minute.
 */
export function bound(
  { perMinute, perDay, burst }: Limits,
  { requests, peakPerMinute, untimed }: DayLoad,
): { least: number; exact: boolean } {
  const overDay = Math.max(0, requests - (perDay ?? Number.POSITIVE_INFINITY));
  const window = perMinute === null ? Number.POSITIVE_INFINITY : perMinute + (burst ?? 0);
  const overMinute = Math.max(0, peakPerMinute - window);
  return {
    least: Math.max(overDay, overMinute),
    exact: overDay === 0 && 2 * peakPerMinute + untimed <= window,
  };
}
