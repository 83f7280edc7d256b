import { DAY } from '../time/units.ts';
import type { KeyIpTracker } from './ip-tracker.ts';
import type { KeyFacts } from './key-facts.ts';
import type { KeyUsage } from './key-usage.ts';
import type { ScopeUses } from './scope-uses.ts';

/** How long a new address is shown as recent, seconds. */
export const RECENT = DAY;

/** The facts that change by time alone, as last given. */
interface Shown {
  /** Where the windows ended that were asked for. */
  asked: number;
  lastMinute: number;
  peak: number;
  today: number;
  maxGap: number;
  hour: number;
  day: number;
  month: number;
  recent: number;
}

/** Makes facts of keys, and knows without looking closely which cannot be different since the last time. */
export class ChangedFacts {
  private readonly addresses: KeyIpTracker;
  private readonly scopeUses: ScopeUses;
  private readonly shown: (Shown | undefined)[] = [];
  /** By key: wall clock before which time alone changes nothing. */
  private readonly steadyUntil: number[] = [];

  constructor(addresses: KeyIpTracker, scopeUses: ScopeUses) {
    this.addresses = addresses;
    this.scopeUses = scopeUses;
  }

  /** The key's facts at `now` (seconds) when they are different from the last ones, or `always`. */
  at(usage: KeyUsage, now: number, lag: number, always: boolean): KeyFacts | undefined {
    const { key, windows } = usage;
    const before = this.shown[key];
    const asked = Math.floor(now - lag);
    const isSteady = before !== undefined && now < this.steadyUntil[key] && asked >= before.asked;
    if (isSteady && !always && !usage.moved) return undefined;
    const unique = this.addresses.unique(usage.addresses, now);
    const recent = usage.recentNewIps.filter(({ noticed }) => noticed > now - RECENT);
    const end = windows.end(asked);
    const next: Shown = {
      asked,
      lastMinute: windows.lastMinute(end),
      peak: windows.peak(end),
      today: windows.requestsOn(Math.floor(now / DAY)),
      maxGap: windows.maxGap(now),
      hour: unique.hour,
      day: unique.day,
      month: unique.month,
      recent: recent.length,
    };
    const slides = windows.slides(end);
    const midnight = (Math.floor(now / DAY) + 1) * DAY;
    const oldest = recent.at(-1);
    const leaves = oldest ? oldest.noticed + RECENT : Number.POSITIVE_INFINITY;
    this.steadyUntil[key] = slides ? 0 : Math.min(midnight, usage.addresses.uniqueUntil, leaves);
    const same = before !== undefined && !usage.moved && isSame(before, next);
    this.shown[key] = next;
    usage.moved = false;
    if (same && !always) return undefined;
    return {
      key,
      id: usage.id,
      tenant: usage.tenant,
      firstUsed: windows.firstUsed,
      lastUsed: windows.lastUsed,
      lastRejected: usage.lastRejected,
      maxGap: next.maxGap,
      uniqueIps: unique,
      lastNewIp: usage.lastNewIp,
      recentNewIps: recent,
      newSurfaces: [...usage.surfaces.values()]
        .filter(({ noticed }) => noticed > 0)
        .map(({ surface, noticed }) => ({ surface, noticed })),
      scopes: this.scopeUses.usesOf(usage),
      requestsLastMinute: next.lastMinute,
      peakPerMinute: next.peak,
      requestsToday: next.today,
      minutes: windows.minuteCounts(),
    };
  }
}

const isSame = (a: Shown, b: Shown): boolean =>
  a.lastMinute === b.lastMinute &&
  a.peak === b.peak &&
  a.today === b.today &&
  a.maxGap === b.maxGap &&
  a.hour === b.hour &&
  a.day === b.day &&
  a.month === b.month &&
  a.recent === b.recent;
