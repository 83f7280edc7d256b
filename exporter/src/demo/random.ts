/** Seeded random numbers: the same seeds give the same numbers, on every machine. */
export class Random {
  private state: number;

  /** Whole numbers; each combination starts a sequence of its own. */
  constructor(...seeds: number[]) {
    let hash = 0x811c9dc5;
    for (const seed of seeds)
      hash = mixed(Math.imul(hash ^ (seed | 0), 0x01000193) + Math.floor(seed / 2 ** 32));
    this.state = hash;
  }

  /** From 0 up to, not including, 1 (mulberry32). */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A whole number from 0 to n - 1. */
  below(n: number): number {
    return Math.floor(this.next() * n);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)];
  }

  /** How often an event of this mean count happens (Knuth's method; large means in parts of 30). */
  poisson(mean: number): number {
    let count = 0;
    for (let rest = mean; rest > 0; rest -= 30) {
      const floor = Math.exp(-Math.min(rest, 30));
      for (let product = this.next(); product > floor; product *= this.next()) count++;
    }
    return count;
  }
}

/** The finaliser of MurmurHash3. */
function mixed(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
