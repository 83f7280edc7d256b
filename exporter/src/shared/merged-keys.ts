import type { KeyFacts } from '../usage/key-facts.ts';
import type { Contribution } from './contribution.ts';
import { MergedKey, SHOWN_NEW_IPS, type SharedKey } from './merged-key.ts';
import { parseRedisName } from './redis-keys.ts';

interface Known {
  mergedKey: MergedKey;
  /** When the first listed address leaves its window, seconds; 0 = never. */
  leaves: number;
}

/** The merged facts of all API keys, as last read from Redis; of bounded number. */
export class MergedKeys {
  private readonly known = new Map<string, Known>();
  private readonly most: number;
  private readonly lag: number;

  /** `lag` = how old the newest contributions may be that are shown, seconds. */
  constructor(most: number, lag: number) {
    this.most = most;
    this.lag = lag;
  }

  get size(): number {
    return this.known.size;
  }

  names(): Iterable<string> {
    return this.known.keys();
  }

  /** What was read of an API key; keys beyond the bound are left out. */
  take(name: string, shared: SharedKey, leaves: number): void {
    if (!this.known.has(name) && this.known.size >= this.most) return;
    this.known.set(name, { mergedKey: new MergedKey(shared), leaves });
  }

  /**
   * What this exporter itself has published. True when the API key has to be read, since only Redis can tell the rest:
   * it is not known yet, or the addresses have to be counted again.
   */
  join(contribution: Contribution): boolean {
    const known = this.known.get(contribution.name);
    if (!known) return this.known.size < this.most;
    known.mergedKey.join(contribution);
    return contribution.ips.size > 0;
  }

  /** API keys of which an address has left its window since they were read. */
  *outdated(now: number): Generator<string> {
    for (const [name, { leaves }] of this.known) if (leaves > 0 && leaves <= now) yield name;
  }

  /** undefined = nobody has published anything of it. */
  factsOf(name: string, now: number, row: Pick<KeyFacts, 'key' | 'id' | 'tenant'>): KeyFacts | undefined {
    return this.known.get(name)?.mergedKey.factsAt(now, this.lag, row);
  }

  /** Facts of all API keys but those. */
  *others(own: Set<string>, now: number): Generator<KeyFacts> {
    for (const [name, { mergedKey }] of this.known) {
      const parsed = own.has(name) ? undefined : parseRedisName(name);
      if (parsed) yield mergedKey.factsAt(now, this.lag, { key: -1, ...parsed });
    }
  }
}

/**
 * What an exporter shows of a key while Redis is away: its own facts, but no time before the last known one, and no
 * address as new that the others have judged; it judges alone what it noticed after `judged` (seconds).
 */
export function ownFacts(local: KeyFacts, shared: KeyFacts, judged: number): KeyFacts {
  const own = local.recentNewIps.filter(({ noticed }) => noticed > judged);
  const others = shared.recentNewIps.filter(({ ip }) => !own.some((news) => news.ip === ip));
  return {
    ...local,
    firstUsed: Math.min(shared.firstUsed || local.firstUsed, local.firstUsed || shared.firstUsed),
    lastUsed: Math.max(local.lastUsed, shared.lastUsed),
    lastRejected: Math.max(local.lastRejected, shared.lastRejected),
    lastNewIp: local.lastNewIp > judged ? local.lastNewIp : shared.lastNewIp,
    recentNewIps: [...own, ...others].slice(0, SHOWN_NEW_IPS),
  };
}
