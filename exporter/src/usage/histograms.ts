import type { HistogramRow } from './changes.ts';
import { DURATION_BUCKETS } from './duration-buckets.ts';
import { Holds } from './holds.ts';

/** By key: one number a bucket, the last one above all bounds, and the sum in seconds. */
const BUCKETS = DURATION_BUCKETS.length + 1;
const SUM = BUCKETS;
const WIDTH = 16;

const NONE = 0;
const COMMITTED = 1;
const CHANGED = 2;

/** Durations counted beside. */
export interface DurationFigures {
  durations: Float64Array;
  durationSum: number;
}

/** Request durations by key, held like new series and never parked. */
export class Histograms {
  private readonly holds: Holds;
  private cells = new Float64Array(64 * WIDTH);
  /** The cells when differences were last taken. */
  private taken = new Float64Array(64 * WIDTH);
  private state = new Uint8Array(64);

  constructor(holdSeconds: number) {
    this.holds = new Holds(holdSeconds);
  }

  /** `elsewhere`: figures that take it at once, so that it is in no difference. */
  observe(key: number, seconds: number, elsewhere?: DurationFigures): void {
    if (key >= this.state.length || this.state[key] !== CHANGED) this.touch(key);
    let bucket = 0;
    while (bucket < DURATION_BUCKETS.length && seconds > DURATION_BUCKETS[bucket]) bucket++;
    this.cells[key * WIDTH + bucket]++;
    this.cells[key * WIDTH + SUM] += seconds;
    if (!elsewhere) return;
    elsewhere.durations[bucket]++;
    elsewhere.durationSum += seconds;
    this.taken[key * WIDTH + bucket]++;
    this.taken[key * WIDTH + SUM] += seconds;
  }

  /** Adds to `counts` what a key's buckets counted since the last time; returns the seconds of that. */
  takeDifference(key: number, counts: Float64Array): number {
    if (this.state[key] !== CHANGED) return 0;
    const at = key * WIDTH;
    for (let i = 0; i < BUCKETS; i++) counts[i] += this.cells[at + i] - this.taken[at + i];
    const seconds = this.cells[at + SUM] - this.taken[at + SUM];
    for (let i = 0; i <= SUM; i++) this.taken[at + i] = this.cells[at + i];
    return seconds;
  }

  /** Keys whose histogram is shown from now on. */
  release(up: number): number[] {
    const released: number[] = [];
    this.holds.release(up, (key) => released.push(key));
    for (const key of released) this.state[key] = CHANGED;
    return released;
  }

  /** What is not committed of a key; nothing or one row. */
  changedRow(key: number): HistogramRow[] {
    if (this.state[key] !== CHANGED) return [];
    const at = key * WIDTH;
    const counts = this.cells.slice(at, at + BUCKETS);
    return [{ key, counts, sum: this.cells[at + SUM], held: this.holds.isHeld(key) }];
  }

  markCommitted(keys: Iterable<{ key: number }>, up: number): void {
    for (const { key } of keys) if (this.state[key] === CHANGED) this.state[key] = COMMITTED;
    this.holds.markCommitted(up);
  }

  historyDone(): void {
    this.holds.historyDone();
  }

  restore(rows: HistogramRow[]): void {
    for (const { key, counts, sum, held } of rows) {
      while (key >= this.state.length) this.grow();
      this.state[key] = COMMITTED;
      this.cells.set(counts, key * WIDTH);
      this.cells[key * WIDTH + SUM] = sum;
      for (let i = 0; i <= SUM; i++) this.taken[key * WIDTH + i] = this.cells[key * WIDTH + i];
      if (held) this.holds.resume(key, 0);
    }
  }

  private touch(key: number): void {
    while (key >= this.state.length) this.grow();
    if (this.state[key] === NONE) this.holds.begin(key, 0);
    this.state[key] = CHANGED;
  }

  private grow(): void {
    const cells = new Float64Array(this.cells.length * 2);
    cells.set(this.cells);
    this.cells = cells;
    const taken = new Float64Array(cells.length);
    taken.set(this.taken);
    this.taken = taken;
    const state = new Uint8Array(this.state.length * 2);
    state.set(this.state);
    this.state = state;
  }
}
