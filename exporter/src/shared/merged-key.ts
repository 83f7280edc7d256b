import { DAY, HOUR } from '../time/units.ts';
import type { KeyFacts } from '../usage/key-facts.ts';
import { mergedWindows, readWindows } from '../usage/merged-windows.ts';
import { Sketch } from '../usage/sketch.ts';
import type { Windows } from '../usage/windows.ts';
import type { Contribution } from './contribution.ts';
import { type Facts, mergeInto, numberOf, restOf } from './mergeable-facts.ts';

const MONTH = 30 * DAY;
/** New addresses shown of a key. */
export const SHOWN_NEW_IPS = 3;

/** What Redis has of one API key: the contributions of all exporters, merged. */
export interface SharedKey {
  facts: Facts;
  windows: Facts;
  sketches: Facts;
  /** Listed addresses last seen within the windows, when this was read. */
  listed: { hour: number; day: number; month: number };
  /** When each new address was first seen by anybody, by the name of its fact; seconds. */
  firstSeen: Facts;
}

/** The merged facts of one key, ready to be shown at any moment. What is costly to read is read once. */
export class MergedKey {
  private readonly shared: SharedKey;
  private windows: Windows[] | undefined;
  private sketch: Sketch | undefined;
  /** As last asked for: scrapes and pages of one second see the same. */
  private last: { second: number; facts: KeyFacts } | undefined;

  constructor(shared: SharedKey) {
    this.shared = shared;
  }

  /** Takes in what was published, as far as it merges without Redis: all but the addresses. */
  join({ facts, windows, sketches }: Contribution): void {
    const { shared } = this;
    if (mergeInto(shared.facts, facts)) this.last = undefined;
    if (mergeInto(shared.windows, windows)) this.last = this.windows = undefined;
    if (mergeInto(shared.sketches, sketches)) this.last = this.sketch = undefined;
  }

  /** At `now` (whole seconds); `lag` = how old the newest contributions may be. */
  factsAt(now: number, lag: number, row: Pick<KeyFacts, 'key' | 'id' | 'tenant'>): KeyFacts {
    const second = Math.floor(now);
    if (this.last?.second !== second) this.last = { second, facts: this.compute(second, lag, row) };
    return this.last.facts;
  }

  private compute(
    now: number,
    lag: number,
    { key, id, tenant }: Pick<KeyFacts, 'key' | 'id' | 'tenant'>,
  ): KeyFacts {
    const { facts } = this.shared;
    const known = (name: string): number => numberOf(facts.get(name)) || 0;
    const news = this.news();
    return {
      key,
      id,
      tenant,
      firstUsed: known('<first'),
      lastUsed: known('>used'),
      lastRejected: known('>rejected'),
      uniqueIps: this.uniqueIps(now),
      lastNewIp: Math.max(0, ...news.map(({ noticed }) => noticed)),
      recentNewIps: recent(news, now),
      // What whoever was there first took for known is new to nobody.
      newSurfaces: this.named('<surface:')
        .filter(([, value]) => Number(restOf(value, 2)[1]) > 0)
        .map(([surface]) => ({ surface, noticed: known(`<surfaced:${surface}`) })),
      scopes: this.named('>scope:').map(([scope, value]) => ({ scope, lastUsed: numberOf(value) })),
      ...mergedWindows(this.readWindows(), now, lag),
    };
  }

  /**
   * New addresses, by when they were first noticed. One that somebody had seen before any who noticed it, and took for
   * known, is none; nor is one that was joined in and of which Redis has not told yet who saw it first. Beyond the limit
   * it tells of none.
   */
  private news(): { ip: string; noticed: number }[] {
    const { facts, firstSeen } = this.shared;
    const isTold = (name: string): boolean => facts.has('>over') || firstSeen.has(name);
    return this.named('<noticed:').flatMap(([ip, value]) => {
      const origin = numberOf(facts.get(`<news:${ip}`));
      if (!isTold(`<news:${ip}`)) return [];
      if (numberOf(firstSeen.get(`<news:${ip}`)) < origin || !(numberOf(value) > 0)) return [];
      return [{ ip: restOf(value, 1)[0] ?? '', noticed: numberOf(value) }];
    });
  }

  private named(prefix: string): [name: string, value: string][] {
    return [...this.shared.facts]
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, value]) => [name.slice(prefix.length), value]);
  }

  private uniqueIps(now: number): KeyFacts['uniqueIps'] {
    const { facts, listed, sketches } = this.shared;
    if (!facts.has('>over')) return { ...listed, approximate: false };
    this.sketch ??= mergedSketch(sketches);
    const [hour, day, month] = [HOUR, DAY, MONTH].map((span) => this.sketch!.estimate(now - span));
    return { hour, day, month, approximate: true };
  }

  private readWindows(): Windows[] {
    this.windows ??= [...this.shared.windows.values()].flatMap((value) => {
      const bytes = Buffer.from(restOf(value, 2)[1] ?? '', 'latin1');
      return readWindows(bytes) ?? [];
    });
    return this.windows;
  }
}

function mergedSketch(sketches: Facts): Sketch {
  const all = new Sketch();
  for (const value of sketches.values())
    all.merge(Sketch.decode(Buffer.from(restOf(value, 2)[1] ?? '', 'latin1')));
  return all;
}

/** The newest of the last day, each text once. */
function recent(news: { ip: string; noticed: number }[], now: number): KeyFacts['recentNewIps'] {
  const newest = new Map<string, number>();
  for (const { ip, noticed } of news)
    if (ip !== '' && noticed > now - DAY) newest.set(ip, Math.max(noticed, newest.get(ip) ?? 0));
  return [...newest]
    .map(([ip, noticed]) => ({ ip, noticed }))
    .sort((a, b) => b.noticed - a.noticed)
    .slice(0, SHOWN_NEW_IPS);
}
