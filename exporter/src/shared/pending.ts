import type { IpColumns, Publication } from '../ingest/publication.ts';
import type { LoadedKeys, StoreReader } from '../store/store.ts';
import type { KeyRow } from '../usage/changes.ts';
import { Sketch } from '../usage/sketch.ts';
import { type Contribution, join, noContribution, sizeOf } from './contribution.ts';
import { dayFact } from './days.ts';
import { addRows, contributionOf, isShared, type KeyRows, latin1, noRows, type Origin } from './own.ts';
import { nameOf } from './places.ts';

/** An address that is seen again and again is published this often, seconds. */
const SEEN_AGAIN = 30;
/** Values kept for Redis while it is away, some 20 MB; with more, all is read from the store again instead. */
const MOST = 100_000;

/**
 * What this exporter has committed and not yet published. Of bounded size: when there is too much of it, it is let
 * go and `overflowed` says that everything is to be published from the store.
 */
export class Pending {
  overflowed = false;
  private readonly origin: Origin;
  private readonly startedAt: number;
  private readonly keys: (KeyRow | undefined)[] = [];
  private readonly rows = new Map<number, KeyRows>();
  private ips = 0;
  /** When each address of a key was first seen, of those published since `seenSince`. */
  private readonly seen = new Map<number, Map<string, number>>();
  private seenCount = 0;
  private seenSince = 0;
  /** By key: days that were counted since they were last published. */
  private readonly countedDays = new Map<number, Set<number>>();
  /** Published without success; they merge into what comes. */
  private returned = new Map<string, Contribution>();
  private readonly told: number[] = [];
  /** Of keys whose addresses are too many to be listed in Redis. */
  private readonly sketches = new Map<string, Sketch>();

  constructor(origin: Origin, startedAt: number) {
    this.origin = origin;
    this.startedAt = startedAt;
  }

  /** Takes over what was committed. */
  add({ changes, ips, days = [] }: Publication): void {
    for (const row of changes.keys) if (isShared(row)) this.keys[row.key] = row;
    // What is let go now is in the store already, and is read from there.
    if (this.overflowed) return;
    addRows((key) => this.of(key), changes);
    if (ips) this.addIps(ips);
    for (const { key, day } of days)
      this.countedDays.set(key, (this.countedDays.get(key) ?? new Set()).add(day));
    if (this.ips + this.rows.size + this.countedDays.size > MOST) this.overflow();
  }

  /**
   * What is to be published at `now` (seconds), which is then no longer pending. An address that was published lately
   * and was only seen again waits its time: no window is shorter than an hour, so nothing is shown differently.
   */
  take(now: number): Contribution[] {
    const taken = this.returned;
    this.returned = new Map();
    if (now - this.seenSince >= SEEN_AGAIN || this.seenCount + this.ips > MOST) this.tellAgain(now);
    for (const [key, rows] of this.rows) {
      const row = this.keys[key];
      const waiting = row ? this.withoutSeen(key, rows) : noRows();
      if (row && isSomething(rows)) {
        const since = this.told[key] ?? this.startedAt;
        if (rows.usage) this.told[key] = rows.usage.lastNewIp;
        const sketch = this.sketches.get(nameOf(row.id, row.tenant));
        const made = contributionOf(row, rows, this.origin, since, sketch);
        const earlier = taken.get(made.name);
        if (earlier) join(earlier, made);
        else taken.set(made.name, made);
      }
      if (waiting.ips.size > 0) this.rows.set(key, waiting);
      else this.rows.delete(key);
      this.ips -= rows.ips.size;
    }
    return [...taken.values()];
  }

  /** Takes out of the rows the addresses that may wait, and notes the others as published. */
  private withoutSeen(key: number, rows: KeyRows): KeyRows {
    const waiting = noRows();
    const seen = this.seen.get(key) ?? new Map<string, number>();
    this.seen.set(key, seen);
    for (const [ip, row] of rows.ips) {
      if (seen.get(ip) === row.first) {
        waiting.ips.set(ip, row);
        rows.ips.delete(ip);
      } else {
        if (!seen.has(ip)) this.seenCount++;
        seen.set(ip, row.first);
      }
    }
    return waiting;
  }

  private tellAgain(now: number): void {
    this.seen.clear();
    this.seenCount = 0;
    this.seenSince = now;
  }

  /** The days that were counted, as the store has them: their rows only say what was added. */
  takeDays(openStore: () => Pick<StoreReader, 'daily' | 'close'>): Contribution[] {
    if (this.countedDays.size === 0) return [];
    const store = openStore();
    try {
      const wanted = [...this.countedDays].flatMap(([key, days]) => [...days].map((day) => ({ day, key })));
      const taken = new Map<number, Contribution>();
      for (const { day, key, figures } of store.daily.someFigures(wanted)) {
        const row = this.keys[key];
        if (!row) continue;
        const contribution = taken.get(key) ?? noContribution(nameOf(row.id, row.tenant));
        taken.set(key, contribution);
        contribution.days.set(...dayFact(day, this.origin.instance, figures));
      }
      this.countedDays.clear();
      return [...taken.values()];
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

  /** Contributions of the wanted keys, made from what the store has; one after the other, there may be many. */
  *everything(loaded: LoadedKeys, wanted: (name: string) => boolean): Generator<Contribution> {
    const names = new Map<number, KeyRow>();
    for (const row of loaded.keys)
      if (isShared(row) && wanted(nameOf(row.id, row.tenant))) names.set(row.key, row);
    const rowsOf = new Map<number, KeyRows>();
    const of = (key: number): KeyRows => rowsOf.get(key) ?? setNew(rowsOf, key);
    addRows(of, loaded);
    const made = (key: number): Contribution => {
      const row = names.get(key)!;
      const rows = of(key);
      names.delete(key);
      rowsOf.delete(key);
      return contributionOf(row, rows, this.origin, 0, this.sketches.get(nameOf(row.id, row.tenant)));
    };
    // The store gives addresses a key at a time.
    let current = -1;
    for (const row of loaded.ips) {
      if (row.key !== current && names.has(current)) yield made(current);
      current = row.key;
      if (names.has(current)) of(current).ips.set(latin1(row.ip), row);
    }
    for (const key of [...names.keys()]) yield made(key);
    yield* this.days(loaded, wanted);
  }

  /** All days. */
  private *days({ keys, days }: LoadedKeys, wanted: (name: string) => boolean): Generator<Contribution> {
    const names = new Map(keys.filter(isShared).map((row) => [row.key, nameOf(row.id, row.tenant)]));
    let current: Contribution | undefined;
    for (const { key, day, figures } of days) {
      const name = names.get(key);
      if (name === undefined || !wanted(name)) continue;
      if (current?.name !== name) {
        if (current) yield current;
        current = noContribution(name);
      }
      current.days.set(...dayFact(day, this.origin.instance, figures));
    }
    if (current) yield current;
  }

  /** A key has too many addresses to be listed; its sketch is to be made from all of them. True when that is news. */
  useSketch(name: string): boolean {
    if (this.sketches.has(name)) return false;
    this.sketches.set(name, new Sketch());
    return true;
  }

  /** The numbers and names of this exporter's own keys. */
  get own(): readonly (KeyRow | undefined)[] {
    return this.keys;
  }

  private addIps({ key, ip, first, last }: IpColumns): void {
    for (let i = 0; i < key.length; i++) {
      const bytes = ip.subarray(i * 16 + (isMapped(ip, i * 16) ? 12 : 0), i * 16 + 16);
      const { ips } = this.of(key[i]);
      const before = ips.size;
      ips.set(latin1(bytes), { key: key[i], ip: bytes, first: first[i], last: last[i] });
      this.ips += ips.size - before;
    }
  }

  private of(key: number): KeyRows {
    return this.rows.get(key) ?? setNew(this.rows, key);
  }

  private overflow(): void {
    this.overflowed = true;
    this.returned.clear();
    this.countedDays.clear();
    this.forget();
  }

  private forget(): void {
    this.rows.clear();
    this.ips = 0;
  }
}

const isSomething = ({ usage, surfaces, scopes, sketch, ips }: KeyRows): boolean =>
  usage !== undefined || sketch !== undefined || surfaces.size + scopes.size + ips.size > 0;

function setNew(rowsOf: Map<number, KeyRows>, key: number): KeyRows {
  const rows = noRows();
  rowsOf.set(key, rows);
  return rows;
}

function isMapped(bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < 10; i++) if (bytes[at + i] !== 0) return false;
  return bytes[at + 10] === 255 && bytes[at + 11] === 255;
}
