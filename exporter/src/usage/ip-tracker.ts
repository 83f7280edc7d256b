import { DAY, HOUR } from '../time/units.ts';
import type { IpRow, IpRows, SketchRow } from './changes.ts';
import { wordsOf } from './ip-words.ts';
import { KeyIpTable } from './key-ip-table.ts';
import { Sketch } from './sketch.ts';

/** Told of an address on a day on which it was not yet known, by the key's number and the address's words. */
export type DayListener = (key: number, day: number, w0: number, w1: number, w2: number, w3: number) => void;

const MONTH = 30 * DAY;

/** Different addresses within the last hour, 24 hours and 30 days. */
export interface UniqueIps {
  hour: number;
  day: number;
  month: number;
  /** The key is over its limit: a sketch counts, or addresses are left out. */
  approximate: boolean;
}

/** What one key has of addresses. */
export class IpsOfKey {
  /** Newest pair plus one, 0 = none. */
  head = 0;
  count = 0;
  sketch: Sketch | undefined;
  /** True when addresses were left out because no sketch was to be had. */
  incomplete = false;
  unique: UniqueIps = { hour: 0, day: 0, month: 0, approximate: false };
  /** Wall clock from which `unique` is out of date because an address slid out of a window. */
  uniqueUntil = Number.POSITIVE_INFINITY;
  /** An address seen at this second or before is not in all windows of `unique`. */
  innermost = Number.POSITIVE_INFINITY;
  /** `unique` is out of date because an address came in. */
  stale = false;
  sketchChanged = false;
}

/**
 * Who was seen from where. Exactly, pair by pair, up to the limits; a key that would go over one is counted by
 * a sketch from then on and its pairs make room. Pairs are kept for ever below the limits, so what was seen
 * once is never first seen again.
 */
export class KeyIpTracker {
  private readonly limits: { ipsPerKey: number; ips: number; sketches: number };
  private readonly pairs = new KeyIpTable();
  private sketches = 0;
  private readonly onDay: DayListener;

  constructor(limits: { ipsPerKey: number; ips: number; sketches: number }, onDay: DayListener) {
    this.limits = limits;
    this.onDay = onDay;
  }

  /** The key was used from an address at `second`. True when that is known to be the first time. */
  see(of: IpsOfKey, key: number, w0: number, w1: number, w2: number, w3: number, second: number): boolean {
    if (of.sketch === undefined) {
      const pair = this.pairs.find(key, w0, w1, w2, w3);
      if (pair >= 0) {
        const before = this.pairs.last(pair);
        // A line of an earlier day than its address was last seen on may bring the day something new.
        if ((before / DAY) >>> 0 !== (second / DAY) >>> 0)
          this.onDay(key, (second / DAY) >>> 0, w0, w1, w2, w3);
        if (second <= before) return false;
        if (before <= of.innermost) of.stale = true;
        this.pairs.move(pair, second);
        return false;
      }
      this.onDay(key, (second / DAY) >>> 0, w0, w1, w2, w3);
      if (of.count < this.limits.ipsPerKey && this.pairs.size < this.limits.ips) {
        of.head = this.pairs.insert(key, w0, w1, w2, w3, second, second, of.head);
        of.count++;
        of.stale = true;
        this.pairs.queue(of.head - 1);
        return true;
      }
      this.goOver(of);
    } else this.onDay(key, (second / DAY) >>> 0, w0, w1, w2, w3);
    if (of.sketch?.add(w0, w1, w2, w3, second)) {
      of.stale = true;
      of.sketchChanged = true;
    }
    return false;
  }

  /** Unique addresses at `now`; computed anew only when they can be different. */
  unique(of: IpsOfKey, now: number): UniqueIps {
    if (!of.stale && now < of.uniqueUntil) return of.unique;
    of.stale = false;
    if (of.sketch) estimate(of, of.sketch, now);
    else this.countPairs(of, now);
    return of.unique;
  }

  /** How many rows changedRows() has. */
  get changedCount(): number {
    return this.pairs.dirtyCount;
  }

  changedRows(): IpRows {
    const { pairs } = this;
    if (this.changedCount === 0) return [];
    return { length: this.changedCount, [Symbol.iterator]: () => pairs.dirtyRows() };
  }

  markCommitted(): void {
    this.pairs.markCommitted();
  }

  /** `of` gives the addresses of a key by its number. Sketches come before pairs. */
  restore(sketches: SketchRow[], rows: Iterable<IpRow>, of: (key: number) => IpsOfKey): void {
    for (const { key, registers } of sketches) {
      of(key).sketch = Sketch.decode(registers);
      of(key).stale = true;
      this.sketches++;
    }
    for (const { key, ip, first, last } of rows) {
      const addresses = of(key);
      if (addresses.sketch) continue;
      const [w0, w1, w2, w3] = wordsOf(ip);
      addresses.head = this.pairs.insert(key, w0, w1, w2, w3, first, last, addresses.head);
      addresses.count++;
      addresses.stale = true;
    }
  }

  private goOver(of: IpsOfKey): void {
    if (of.incomplete) return;
    of.stale = true;
    if (this.sketches >= this.limits.sketches) {
      of.incomplete = true;
      return;
    }
    const { pairs } = this;
    const sketch = new Sketch();
    for (let pair = of.head - 1; pair >= 0; pair = pairs.next(pair) - 1)
      sketch.add(
        pairs.word(pair, 0),
        pairs.word(pair, 1),
        pairs.word(pair, 2),
        pairs.word(pair, 3),
        pairs.last(pair),
      );
    pairs.removeAll(of.head);
    of.sketch = sketch;
    of.sketchChanged = true;
    of.head = 0;
    of.count = 0;
    this.sketches++;
  }

  private countPairs(of: IpsOfKey, now: number): void {
    let hour = 0;
    let day = 0;
    let month = 0;
    let until = Number.POSITIVE_INFINITY;
    for (let pair = of.head - 1; pair >= 0; pair = this.pairs.next(pair) - 1) {
      const last = this.pairs.last(pair);
      if (last <= now - MONTH) continue;
      month++;
      let leaves = last + MONTH;
      if (last > now - DAY) {
        day++;
        leaves = last + DAY;
      }
      if (last > now - HOUR) {
        hour++;
        leaves = last + HOUR;
      }
      if (leaves < until) until = leaves;
    }
    of.unique = { hour, day, month, approximate: of.incomplete };
    of.uniqueUntil = until;
    of.innermost = now - HOUR;
  }
}

/** How often the estimates of an idle key are made anew, seconds. */
const SKETCH_EVERY = 60;

function estimate(of: IpsOfKey, sketch: Sketch, now: number): void {
  const [hour, day, month] = [HOUR, DAY, MONTH].map((span) => sketch.estimate(now - span));
  of.unique = { hour, day, month, approximate: true };
  of.uniqueUntil = month > 0 ? now + SKETCH_EVERY : Number.POSITIVE_INFINITY;
}
