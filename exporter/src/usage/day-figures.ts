import { ByteReader, ByteWriter } from './bytes.ts';
import { DistinctIps } from './distinct-ips.ts';
import { DURATION_BUCKETS } from './duration-buckets.ts';

const VERSION = 1;
/** Endpoints a key's day has by name; those with the fewest requests beyond make up OTHER_ENDPOINT. */
export const ENDPOINTS_A_DAY = 64;
/** In `endpoints`: what found no room. */
export const OTHER_ENDPOINT = -1;
const SCOPES_A_DAY = 64;
/** Seconds: it keeps whole milliseconds. */
const ARCHIVE_CUTS = 0.001001;
export const DURATION_CELLS = DURATION_BUCKETS.length + 1;

export interface EndpointFigures {
  requests: number;
  /** Answers from 400 to 499, and from 500 on. */
  clientErrors: number;
  serverErrors: number;
}

export interface ScopeFigures {
  /** Requests that were let through, and those refused with 403. */
  used: number;
  refused: number;
}

const writer = new ByteWriter();

/**
 * What one key did on one UTC day, or in a longer time when days are merged. Counts are exact. Merging is
 * commutative and adds what each side counted; a late line is such a side of its own.
 */
export class DayFigures {
  /** Seconds since the epoch, of requests answered with anything but 401; 0 = none. */
  first = 0;
  last = 0;
  /** Most requests in one calendar minute. */
  peakPerMinute = 0;
  /** Requests that came too late, or from too far in the future, to be seen in their minute. */
  untimed = 0;
  bytes = 0;
  readonly statuses = new Map<number, number>();
  /** By endpoint number. */
  readonly endpoints = new Map<number, EndpointFigures>();
  readonly scopes = new Map<string, ScopeFigures>();
  /** Request durations by DURATION_BUCKETS, the last one above all; and their sum in seconds. */
  readonly durations = new Float64Array(DURATION_CELLS);
  durationSum = 0;
  readonly ips = new DistinctIps();

  get requests(): number {
    return this.countOf(() => true);
  }

  countOf(holds: (status: number) => boolean): number {
    let sum = 0;
    for (const [status, count] of this.statuses) if (holds(status)) sum += count;
    return sum;
  }

  /** Requests of an endpoint with one status. */
  count(endpoint: number, status: number, requests: number): void {
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + requests);
    const clientErrors = status >= 400 && status < 500 ? requests : 0;
    this.addEndpoint(endpoint, requests, clientErrors, status >= 500 ? requests : 0);
  }

  addScope(scope: string, used: number, refused: number): void {
    const known = this.scopes.get(scope);
    if (known) {
      known.used += used;
      known.refused += refused;
    } else if (this.scopes.size < SCOPES_A_DAY) this.scopes.set(scope, { used, refused });
  }

  /** A request with anything but 401 at `at` seconds. */
  seen(at: number): void {
    if (this.first === 0 || at < this.first) this.first = at;
    if (at > this.last) this.last = at;
  }

  peak(requests: number): void {
    if (requests > this.peakPerMinute) this.peakPerMinute = requests;
  }

  merge(other: DayFigures): void {
    for (const [endpoint, { requests, clientErrors, serverErrors }] of other.endpoints)
      this.addEndpoint(endpoint, requests, clientErrors, serverErrors);
    this.mergeWithoutEndpoints(other);
  }

  mergeWithoutEndpoints(other: DayFigures): void {
    for (const [status, count] of other.statuses)
      this.statuses.set(status, (this.statuses.get(status) ?? 0) + count);
    for (const [scope, { used, refused }] of other.scopes) this.addScope(scope, used, refused);
    for (let i = 0; i < DURATION_CELLS; i++) this.durations[i] += other.durations[i];
    this.durationSum += other.durationSum;
    this.bytes += other.bytes;
    this.peak(other.peakPerMinute);
    this.untimed += other.untimed;
    if (other.first > 0) this.seen(other.first);
    if (other.last > 0) this.seen(other.last);
    this.ips.merge(other.ips);
  }

  /**
   * The same figures; times and sums of durations may differ by what an archive cuts off. `minutes` false: whatever the
   * busiest minute.
   */
  isLike(other: DayFigures, { minutes = true } = {}): boolean {
    if (Math.abs(this.first - other.first) > ARCHIVE_CUTS) return false;
    if (Math.abs(this.last - other.last) > ARCHIVE_CUTS) return false;
    const [one, two] = [this, other].map((figures) => {
      const copy = DayFigures.decode(figures.encode());
      copy.durationSum = copy.first = copy.last = 0;
      if (!minutes) copy.peakPerMinute = copy.untimed = 0;
      return copy.encode();
    });
    return one.length === two.length && one.every((byte, i) => byte === two[i]);
  }

  encode(): Uint8Array {
    writer.begin();
    writer.byte(VERSION);
    writer.float(this.first);
    writer.float(this.last);
    writer.count(this.peakPerMinute);
    writer.count(this.bytes);
    for (const [status, count] of inOrder(this.statuses)) writer.entry(status, count);
    writer.endEntries();
    const endpoints = inOrder(this.bounded());
    writer.count(endpoints.size);
    for (const [endpoint, { requests, clientErrors, serverErrors }] of endpoints) {
      writer.count(endpoint + 1);
      writer.count(requests);
      writer.count(clientErrors);
      writer.count(serverErrors);
    }
    writer.count(this.scopes.size);
    for (const [scope, { used, refused }] of inOrder(this.scopes)) {
      writer.text(scope);
      writer.count(used);
      writer.count(refused);
    }
    for (let i = 0; i < DURATION_CELLS; i++) writer.entry(i, this.durations[i]);
    writer.endEntries();
    writer.float(this.durationSum);
    this.ips.write(writer);
    writer.count(this.untimed);
    return writer.end();
  }

  /** Figures of nothing when the bytes are of another version. */
  static decode(bytes: Uint8Array): DayFigures {
    const figures = new DayFigures();
    const reader = new ByteReader(bytes);
    if (reader.byte() !== VERSION) return figures;
    figures.first = reader.float();
    figures.last = reader.float();
    figures.peakPerMinute = reader.count();
    figures.bytes = reader.count();
    reader.entries((status, count) => figures.statuses.set(status, count));
    for (let left = reader.count(); left > 0 && !reader.damaged; left--) {
      const endpoint = reader.count() - 1;
      const requests = reader.count();
      const clientErrors = reader.count();
      figures.endpoints.set(endpoint, { requests, clientErrors, serverErrors: reader.count() });
    }
    for (let left = reader.count(); left > 0 && !reader.damaged; left--) {
      const scope = reader.text();
      figures.scopes.set(scope, { used: reader.count(), refused: reader.count() });
    }
    reader.entries((i, count) => {
      figures.durations[i] = count;
    });
    figures.durationSum = reader.float();
    figures.ips.read(reader);
    // Days of before it was counted end here, which reads as 0.
    figures.untimed = reader.count();
    return figures;
  }

  /** Of encoded figures, without decoding the rest: how many requests, and the numbers of their endpoints. */
  static outlineOf(bytes: Uint8Array): { requests: number; endpoints: number[] } {
    const outline = { requests: 0, endpoints: [] as number[] };
    const reader = new ByteReader(bytes);
    if (reader.byte() !== VERSION) return outline;
    for (const skip of ['float', 'float', 'count', 'count'] as const) reader[skip]();
    reader.entries((_, count) => {
      outline.requests += count;
    });
    for (let left = reader.count(); left > 0 && !reader.damaged; left--) {
      outline.endpoints.push(reader.count() - 1);
      for (let skipped = 0; skipped < 3; skipped++) reader.count();
    }
    return outline;
  }

  /** Gives endpoints other numbers; those that become one are added up. */
  renumber(numberOf: (endpoint: number) => number): void {
    const before = [...this.endpoints];
    this.endpoints.clear();
    for (const [endpoint, { requests, clientErrors, serverErrors }] of before)
      this.addEndpoint(numberOf(endpoint), requests, clientErrors, serverErrors);
  }

  private addEndpoint(endpoint: number, requests: number, clientErrors: number, serverErrors: number): void {
    const known = this.endpoints.get(endpoint);
    if (!known) {
      this.endpoints.set(endpoint, { requests, clientErrors, serverErrors });
      return;
    }
    known.requests += requests;
    known.clientErrors += clientErrors;
    known.serverErrors += serverErrors;
  }

  /** The endpoints within the bound; ties go to the lower number, so that the choice is always the same. */
  private bounded(): Map<number, EndpointFigures> {
    if (this.endpoints.size <= ENDPOINTS_A_DAY) return this.endpoints;
    const ranked = [...this.endpoints]
      .filter(([endpoint]) => endpoint !== OTHER_ENDPOINT)
      .sort(([a, x], [b, y]) => y.requests - x.requests || a - b);
    const other = { requests: 0, clientErrors: 0, serverErrors: 0, ...this.endpoints.get(OTHER_ENDPOINT) };
    for (const [, { requests, clientErrors, serverErrors }] of ranked.slice(ENDPOINTS_A_DAY)) {
      other.requests += requests;
      other.clientErrors += clientErrors;
      other.serverErrors += serverErrors;
    }
    return new Map([...ranked.slice(0, ENDPOINTS_A_DAY), [OTHER_ENDPOINT, other]]);
  }
}

/** Puts a map's entries in the order of their keys. It stays so: what is encoded again and again is hardly ever sorted. */
function inOrder<K extends number | string, V>(map: Map<K, V>): Map<K, V> {
  let last: K | undefined;
  for (const key of map.keys()) {
    if (last !== undefined && key < last) {
      const sorted = [...map].sort(([a], [b]) => (a < b ? -1 : 1));
      map.clear();
      for (const [name, value] of sorted) map.set(name, value);
      break;
    }
    last = key;
  }
  return map;
}

/**
 * The duration in seconds below which the share `q` of requests lies: linear within a bucket, as
 * histogram_quantile of Prometheus does it, so it is as exact as DURATION_BUCKETS are narrow. NaN without any.
 */
export function durationQuantile(durations: ArrayLike<number>, q: number): number {
  let total = 0;
  for (let i = 0; i < durations.length; i++) total += durations[i];
  if (total === 0) return Number.NaN;
  let rank = q * total;
  for (let i = 0; i < DURATION_BUCKETS.length; i++) {
    const lower = i === 0 ? 0 : DURATION_BUCKETS[i - 1];
    if (rank <= durations[i]) return lower + (DURATION_BUCKETS[i] - lower) * (rank / durations[i]);
    rank -= durations[i];
  }
  return DURATION_BUCKETS[DURATION_BUCKETS.length - 1];
}
