import type { Publication } from '../ingest/publication.ts';
import type { LoadedKeys, StoreReader } from '../store/store.ts';
import type { EndpointRow, KeyRow } from '../usage/changes.ts';
import { Sketch } from '../usage/sketch.ts';
import { type Contribution, join, noContribution, sizeOf } from './contribution.ts';
import { latin1, putInto } from './mergeable-facts.ts';
import {
  addRows,
  contributionOf,
  isShared,
  noRows,
  type Origin,
  type RowsOfKey,
} from './own-contribution.ts';
import { PendingIps } from './pending-ips.ts';
import { redisName } from './redis-keys.ts';
import { DAYS_KEPT, dayFact, dayName } from './shared-days.ts';

/** Values kept for Redis while it is away, some 20 MB; with more, all is read from the store again instead. */
const MOST = 100_000;

/**
 * What this exporter has committed and not yet published. Of bounded size: when there is too much of it, it is let
 * go and `overflowed` says that everything is to be published from the store.
 */
export class PendingContributions {
  overflowed = false;
  private readonly origin: Origin;
  private readonly startedAt: number;
  private readonly keys: (KeyRow | undefined)[] = [];
  /** By number. */
  private readonly endpoints: (EndpointRow | undefined)[] = [];
  private readonly rows = new Map<number, RowsOfKey>();
  private readonly addresses = new PendingIps(MOST);
  /** By key: days that were counted since they were last published. */
  private readonly countedDays = new Map<number, Set<number>>();
  /** Published without success; they merge into what comes. */
  private returned = new Map<string, Contribution>();
  private readonly publishedUntil: number[] = [];
  /** Of keys whose addresses are too many to be listed in Redis. */
  private readonly sketches = new Map<string, Sketch>();

  constructor(origin: Origin, startedAt: number) {
    this.origin = origin;
    this.startedAt = startedAt;
  }

  /** Takes over what was committed. */
  add({ changes, ips, days = [] }: Publication): void {
    for (const row of changes.keys) if (isShared(row)) this.keys[row.key] = row;
    for (const row of changes.endpoints) this.endpoints[row.endpoint] = row;
    // What is let go now is in the store already, and is read from there.
    if (this.overflowed) return;
    addRows((key) => this.of(key), changes);
    if (ips) this.addresses.add(ips);
    for (const { key, day } of days)
      this.countedDays.set(key, (this.countedDays.get(key) ?? new Set()).add(day));
    if (this.addresses.size + this.rows.size + this.countedDays.size > MOST) this.overflow();
  }

  /**
   * What is to be published at `now` (seconds), which is then no longer pending. With a store the days that were counted
   * are taken too, as it has them: their rows only say what was added.
   */
  take(now: number, openStore?: () => Pick<StoreReader, 'daily' | 'close'>): Contribution[] {
    const taken = this.returned;
    if (openStore) this.takeDays(openStore, taken);
    this.returned = new Map();
    for (const key of this.addresses.due(now)) this.of(key);
    for (const [key, rows] of this.rows) {
      const row = this.keys[key];
      if (!row) continue;
      rows.ips = this.addresses.take(key);
      const since = this.publishedUntil[key] ?? this.startedAt;
      if (rows.usage) this.publishedUntil[key] = rows.usage.lastNewIp;
      const sketch = this.sketches.get(redisName(row.id, row.tenant));
      const made = contributionOf(row, rows, this.origin, since, sketch);
      const earlier = taken.get(made.name);
      if (earlier) join(earlier, made);
      else taken.set(made.name, made);
    }
    this.rows.clear();
    return [...taken.values()];
  }

  private takeDays(
    openStore: () => Pick<StoreReader, 'daily' | 'close'>,
    taken: Map<string, Contribution>,
  ): void {
    if (this.countedDays.size === 0) return;
    const store = openStore();
    try {
      const wanted = [...this.countedDays].flatMap(([key, days]) => [...days].map((day) => ({ day, key })));
      for (const { day, key, bytes } of store.daily.encoded(wanted)) {
        const row = this.keys[key];
        if (!row) continue;
        const name = redisName(row.id, row.tenant);
        const contribution = taken.get(name) ?? noContribution(name);
        taken.set(name, contribution);
        putInto(contribution.days, ...this.dayFact(day, bytes));
      }
      this.countedDays.clear();
    } finally {
      store.close();
    }
  }

  /** What was taken could not be published; it is pending again. */
  giveBack(contributions: Contribution[]): void {
    let size = 0;
    for (const contribution of contributions) {
      const known = this.returned.get(contribution.name);
      if (known) join(known, contribution);
      else this.returned.set(contribution.name, contribution);
    }
    for (const contribution of this.returned.values()) size += sizeOf(contribution);
    if (size > MOST) this.overflow();
  }

  /** Contributions of the wanted keys without days, made from what the store has; one after the other, there may be many. */
  *everything(loaded: LoadedKeys, wanted: (name: string) => boolean): Generator<Contribution> {
    const names = new Map<number, KeyRow>();
    for (const row of loaded.keys)
      if (isShared(row) && wanted(redisName(row.id, row.tenant))) names.set(row.key, row);
    const rowsOf = new Map<number, RowsOfKey>();
    const of = (key: number): RowsOfKey => rowsOf.get(key) ?? setNew(rowsOf, key);
    addRows(of, loaded);
    const made = (key: number): Contribution => {
      const row = names.get(key)!;
      const rows = of(key);
      names.delete(key);
      rowsOf.delete(key);
      return contributionOf(row, rows, this.origin, 0, this.sketches.get(redisName(row.id, row.tenant)));
    };
    // The store gives addresses a key at a time.
    let current = -1;
    for (const row of loaded.ips) {
      if (row.key !== current && names.has(current)) yield made(current);
      current = row.key;
      if (names.has(current)) of(current).ips.set(latin1(row.ip), row);
    }
    for (const key of [...names.keys()]) yield made(key);
  }

  /**
   * Days that the store has of some keys and that Redis has not, or has with fewer requests. `published` = the requests
   * of this instance in Redis, by the key's name and the day's fact.
   */
  *daysBeyond(
    { daily }: Pick<StoreReader, 'daily'>,
    keys: readonly KeyRow[],
    published: ReadonlyMap<string, ReadonlyMap<string, number>>,
  ): Generator<Contribution> {
    const span = daily.span();
    if (!span) return;
    const kept = { from: Math.max(span.from, span.to - DAYS_KEPT + 1), to: span.to };
    for (const { key, id, tenant } of keys) {
      const contribution = noContribution(redisName(id, tenant));
      const known = published.get(contribution.name);
      const wanted = daily
        .requestsByDay(key, kept)
        .filter(([day, requests]) => requests > (known?.get(dayName(day, this.origin.instance)) ?? 0))
        .map(([day]) => ({ day, key }));
      for (const { day, bytes } of daily.encoded(wanted)) contribution.days.set(...this.dayFact(day, bytes));
      if (contribution.days.size > 0) yield contribution;
    }
  }

  private dayFact(day: number, bytes: Uint8Array): [name: string, value: string] {
    return dayFact(day, this.origin.instance, bytes, this.endpoints);
  }

  /** A key has too many addresses to be listed; its sketch is to be made from all of them. True when that is news. */
  useSketch(name: string): boolean {
    if (this.sketches.has(name)) return false;
    this.sketches.set(name, new Sketch());
    return true;
  }

  /** The keys that this exporter itself has met. */
  shared(): KeyRow[] {
    return this.keys.filter((row) => row !== undefined);
  }

  private of(key: number): RowsOfKey {
    return this.rows.get(key) ?? setNew(this.rows, key);
  }

  private overflow(): void {
    this.overflowed = true;
    this.returned.clear();
    this.countedDays.clear();
    this.rows.clear();
    this.addresses.clear();
  }
}

function setNew(rowsOf: Map<number, RowsOfKey>, key: number): RowsOfKey {
  const rows = noRows();
  rowsOf.set(key, rows);
  return rows;
}
