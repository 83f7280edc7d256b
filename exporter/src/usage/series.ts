import { FAMILIES, type Family, type SeriesRow, type SeriesValues } from './changes.ts';
import { Holds } from './holds.ts';

const UNCHANGED = 0;
const CHANGED = 1;
const COUNTED = 2;
const NO_ENDPOINT = -1;
/** What a series is, in one run of numbers, because a line asks for all of it. */
const WIDTH = 6;
const KEY = 0;
const ENDPOINT = 1;
const STATUS = 2;
const TOTAL = 3;
const SCOPE = 4;
const SURFACE = 5;
/** In SCOPE: not looked up yet. */
export const UNKNOWN = -2;

/**
 * The counter series, in columns by series number, and what of them is not committed yet. The two request
 * families are found by (key, endpoint, status); of the others a key knows its own series.
 */
export class SeriesTable {
  value = new Float64Array(1024);
  private readonly holds: Holds;
  /** Series by family number. */
  readonly counts = [0, 0, 0, 0];
  size = 0;
  private family = new Uint8Array(1024);
  private what = new Int32Array(1024 * WIDTH);
  private parked = new Uint8Array(1024);
  private movedAt = new Float64Array(1024);
  private state = new Uint8Array(1024);
  /** What `value` was when differences were last taken. */
  private taken = new Float64Array(1024);
  /** Series plus one by hash; 0 = free. */
  private slots = new Int32Array(4096);
  private entered = 0;
  private made: number[] = [];
  private changed: number[] = [];
  private readonly parkAfter: number;
  private nextParking = 0;

  constructor(options: { zeroHoldSeconds: number; parkAfterSeconds: number }) {
    this.holds = new Holds(options.zeroHoldSeconds);
    this.parkAfter = options.parkAfterSeconds > 0 ? options.parkAfterSeconds : Number.POSITIVE_INFINITY;
  }

  /** The series of the endpoint family, or with endpoint -1 of the requests family; -1 when there is none. */
  find(key: number, endpoint: number, status: number): number {
    const { slots, what } = this;
    const mask = slots.length - 1;
    for (let slot = place(key, endpoint, status) & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const at = (slots[slot] - 1) * WIDTH;
      if (what[at + ENDPOINT] === endpoint && what[at + KEY] === key && what[at + STATUS] === status)
        return slots[slot] - 1;
    }
    return -1;
  }

  /** A new series, held at 0. The caller has looked that it is not there and has a place. */
  make(family: Family, key: number, endpoint = NO_ENDPOINT, status = 0): number {
    const series = this.enter({ series: this.size, family, key, endpoint, status });
    this.made.push(series);
    this.holds.begin(series, 0);
    this.markDirty(series, CHANGED);
    return series;
  }

  /** The requests series of a key and status, made when there is none. */
  total(key: number, status: number): number {
    const series = this.find(key, NO_ENDPOINT, status);
    return series >= 0 ? series : this.make(FAMILIES.requests, key, NO_ENDPOINT, status);
  }

  /** A new endpoint series, with the requests series it adds up to. */
  makeEndpoint(key: number, endpoint: number, status: number): number {
    const total = this.total(key, status);
    const series = this.make(FAMILIES.endpoint, key, endpoint, status);
    this.what[series * WIDTH + TOTAL] = total;
    return series;
  }

  /** -1 for a series of a family without endpoints. */
  endpointOf(series: number): number {
    return this.what[series * WIDTH + ENDPOINT];
  }

  keyOf(series: number): number {
    return this.what[series * WIDTH + KEY];
  }

  statusOf(series: number): number {
    return this.what[series * WIDTH + STATUS];
  }

  /** The number of the scope use its requests move: UNKNOWN, or -1 = none, until setScope. */
  scopeOf(series: number): number {
    return this.what[series * WIDTH + SCOPE];
  }

  setScope(series: number, use: number): void {
    this.what[series * WIDTH + SCOPE] = use;
  }

  forgetScopes(): void {
    for (let series = 0; series < this.size; series++) this.setScope(series, UNKNOWN);
  }

  /** Whether the surface of its requests is noted on the key; asking notes it. */
  noteSurface(series: number): boolean {
    const at = series * WIDTH + SURFACE;
    const noted = this.what[at] === 1;
    this.what[at] = 1;
    return noted;
  }

  /** One request more in an endpoint series, and in the requests series it adds up to. */
  countRequest(series: number): void {
    this.add(series, 1);
    this.add(this.what[series * WIDTH + TOTAL], 1);
  }

  add(series: number, by: number): void {
    if (this.state[series] !== COUNTED) this.touch(series);
    this.value[series] += by;
  }

  /** What the endpoint and bytes series counted since the last time; to be called before each markCommitted(). */
  takeDifferences(each: (series: number, more: number) => void): void {
    for (const series of this.changed) {
      const family = this.family[series];
      if (this.state[series] !== COUNTED || (family !== FAMILIES.endpoint && family !== FAMILIES.bytes))
        continue;
      const more = this.value[series] - this.taken[series];
      this.taken[series] = this.value[series];
      if (more > 0) each(series, more);
    }
  }

  /** Leaves out of the next difference what was counted. */
  skipInDifference(series: number, counted: number): void {
    this.taken[series] += counted;
  }

  /** Shows a series from 0 again: its labels have become others. */
  holdAgain(series: number): void {
    this.holds.begin(series, 0);
    this.markDirty(series, CHANGED);
  }

  *ofKey(key: number): Generator<number> {
    for (let series = 0; series < this.size; series++)
      if (this.what[series * WIDTH + KEY] === key) yield series;
  }

  /** Ends holds that lasted long enough and parks what is idle. Times in seconds. */
  pass(now: number, up: number): void {
    this.holds.release(up, (series) => this.markDirty(series, CHANGED));
    if (now < this.nextParking || this.parkAfter === Number.POSITIVE_INFINITY) return;
    this.nextParking = now + Math.min(60, this.parkAfter / 10);
    for (let series = 0; series < this.size; series++) {
      const idle = this.family[series] === FAMILIES.endpoint && this.movedAt[series] + this.parkAfter <= now;
      if (!idle || this.parked[series] === 1 || this.state[series] === COUNTED || this.holds.isHeld(series))
        continue;
      this.parked[series] = 1;
      this.markDirty(series, CHANGED);
    }
  }

  /** First history is read: what it counted is shown at once, what is still 0 is shown as 0 for the hold. */
  historyDone(): void {
    this.holds.historyDone();
    for (let series = 0; series < this.size; series++) if (this.value[series] === 0) this.holdAgain(series);
  }

  newRows(): SeriesRow[] {
    return this.made.map((series) => ({
      series,
      family: this.family[series] as Family,
      key: this.what[series * WIDTH + KEY],
      endpoint: this.what[series * WIDTH + ENDPOINT],
      status: this.what[series * WIDTH + STATUS],
    }));
  }

  newValues(now: number): SeriesValues {
    const { changed } = this;
    const rows = {
      series: Uint32Array.from(changed),
      value: new Float64Array(changed.length),
      held: new Float64Array(changed.length),
      parked: new Uint8Array(changed.length),
      movedAt: new Float64Array(changed.length),
    };
    for (let i = 0; i < changed.length; i++) {
      const series = changed[i];
      if (this.state[series] === COUNTED) this.movedAt[series] = now;
      rows.value[i] = this.value[series];
      rows.held[i] = this.holds.held(series);
      rows.parked[i] = this.parked[series];
      rows.movedAt[i] = this.movedAt[series];
    }
    return rows;
  }

  markCommitted(up: number): void {
    for (const series of this.changed) this.state[series] = UNCHANGED;
    this.changed = [];
    this.made = [];
    this.holds.markCommitted(up);
  }

  restore(rows: SeriesRow[], values: SeriesValues): void {
    for (const row of rows) this.enter(row);
    for (let i = 0; i < values.series.length; i++) {
      const series = values.series[i];
      this.value[series] = values.value[i];
      this.taken[series] = values.value[i];
      this.parked[series] = values.parked[i];
      this.movedAt[series] = values.movedAt[i];
      if (!Number.isNaN(values.held[i])) this.holds.resume(series, values.held[i]);
    }
    for (const { series, family, key, status } of rows)
      if (family === FAMILIES.endpoint) this.what[series * WIDTH + TOTAL] = this.total(key, status);
  }

  private touch(series: number): void {
    if (this.parked[series] === 1) {
      this.parked[series] = 0;
      this.holds.begin(series, this.value[series]);
    }
    this.markDirty(series, COUNTED);
  }

  private markDirty(series: number, how: number): void {
    if (this.state[series] === UNCHANGED) this.changed.push(series);
    if (this.state[series] < how) this.state[series] = how;
  }

  private enter({ series, family, key, endpoint, status }: SeriesRow): number {
    this.size = Math.max(this.size, series + 1);
    while (this.size > this.value.length) this.grow();
    this.family[series] = family;
    this.what.set([key, endpoint, status, NO_ENDPOINT, UNKNOWN, 0], series * WIDTH);
    this.counts[family]++;
    if (family === FAMILIES.requests || family === FAMILIES.endpoint) {
      if (++this.entered * 2 > this.slots.length) this.rehash();
      this.index(series);
    }
    return series;
  }

  private index(series: number): void {
    const { what } = this;
    const at = series * WIDTH;
    const mask = this.slots.length - 1;
    let slot = place(what[at + KEY], what[at + ENDPOINT], what[at + STATUS]) & mask;
    while (this.slots[slot] !== 0) slot = (slot + 1) & mask;
    this.slots[slot] = series + 1;
  }

  private rehash(): void {
    const before = this.slots;
    this.slots = new Int32Array(before.length * 2);
    for (const slot of before) if (slot !== 0) this.index(slot - 1);
  }

  private grow(): void {
    const length = this.value.length * 2;
    this.value = copied(this.value, new Float64Array(length));
    this.family = copied(this.family, new Uint8Array(length));
    this.what = copied(this.what, new Int32Array(length * WIDTH));
    this.parked = copied(this.parked, new Uint8Array(length));
    this.movedAt = copied(this.movedAt, new Float64Array(length));
    this.state = copied(this.state, new Uint8Array(length));
    this.taken = copied(this.taken, new Float64Array(length));
  }
}

function copied<T extends Int32Array | Uint8Array | Float64Array>(from: T, into: T): T {
  into.set(from);
  return into;
}

function place(key: number, endpoint: number, status: number): number {
  let hash = Math.imul(key, 0x9e3779b1) ^ Math.imul(endpoint, 0x85ebca6b) ^ Math.imul(status, 0xc2b2ae35);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return hash ^ (hash >>> 13);
}
