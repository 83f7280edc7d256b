import type { KeyEntry } from '../../src/keys/key.ts';
import { KeyRegistry } from '../../src/keys/registry.ts';
import { type Changes, type DayRow, FAMILIES } from '../../src/usage/changes.ts';
import { DayFigures } from '../../src/usage/day-figures.ts';
import type { KeyFacts } from '../../src/usage/key-facts.ts';
import { Usage, type UsageLimits, type UsageOptions } from '../../src/usage/usage.ts';
import { entryOf } from '../keys/entry.ts';
import { type Request, recordOf } from './records.ts';

export const LIMITS: UsageLimits = {
  keys: 1_000,
  endpointsPerKey: 100,
  series: 10_000,
  ipsPerKey: 1_000,
  ips: 100_000,
  sketches: 10,
};

const OPTIONS: UsageOptions = {
  limits: LIMITS,
  zeroHoldSeconds: 0,
  parkAfterSeconds: 0,
  maxSkewSeconds: 300,
  learningSeconds: 86_400,
  ipv6Prefix: 64,
  newIp: 'masked',
};

/** Noon, UTC. */
export const NOON = Date.UTC(2026, 4, 4, 12) / 1000;

/** A store that keeps everything in maps, as the real one does in tables. */
export class MemoryStore {
  private readonly rows = new Map<string, Map<string, unknown>>();
  private readonly series = new Map<number, [number, number, number, number]>();

  commit(changes: Changes): void {
    const { values } = changes;
    this.put('keys', changes.keys, (row) => `${row.key}`);
    this.put('endpoints', changes.endpoints, (row) => `${row.endpoint}`);
    this.put('series', changes.series, (row) => `${row.series}`);
    this.put('histograms', changes.histograms, (row) => `${row.key}`);
    this.put('keyUsage', changes.keyUsage, (row) => `${row.key}`);
    this.put('ips', [...changes.ips], (row) => `${row.key} ${row.ip}`);
    this.put('sketches', changes.sketches, (row) => `${row.key}`);
    this.put('surfaces', changes.surfaces, (row) => `${row.key} ${row.surface}`);
    for (const { key, day, figures } of changes.days) {
      const merged = this.table<DayRow>('days').get(`${key} ${day}`)?.figures ?? new DayFigures();
      merged.merge(figures);
      this.table('days').set(`${key} ${day}`, { key, day, figures: DayFigures.decode(merged.encode()) });
    }
    values.series.forEach((series, i) => {
      this.series.set(series, [values.value[i], values.held[i], values.parked[i], values.movedAt[i]]);
    });
  }

  load(): Changes {
    const values = [...this.series.values()];
    return {
      keys: this.all('keys'),
      endpoints: this.all('endpoints'),
      series: this.all('series'),
      values: {
        series: Uint32Array.from(this.series.keys()),
        value: Float64Array.from(values, (value) => value[0]),
        held: Float64Array.from(values, (value) => value[1]),
        parked: Uint8Array.from(values, (value) => value[2]),
        movedAt: Float64Array.from(values, (value) => value[3]),
      },
      histograms: this.all('histograms'),
      keyUsage: this.all('keyUsage'),
      ips: this.all('ips'),
      sketches: this.all('sketches'),
      surfaces: this.all('surfaces'),
      days: this.all('days'),
    };
  }

  private put<T>(table: string, rows: T[], slot: (row: T) => string): void {
    for (const row of rows) this.table<T>(table).set(slot(row), structuredClone(row));
  }

  private table<T>(name: string): Map<string, T> {
    if (!this.rows.has(name)) this.rows.set(name, new Map());
    return this.rows.get(name) as Map<string, T>;
  }

  private all<T>(name: string): T[] {
    return [...this.table<T>(name).values()];
  }
}

interface Setting extends Partial<Omit<UsageOptions, 'limits'>> {
  limits?: Partial<UsageLimits>;
  entries?: (Partial<KeyEntry> & { id: string })[];
  /** Leave first history open. */
  history?: boolean;
  now?: number;
}

/** A usage with a clock that is set by hand and a store that can fail, restart and be looked into. */
export class UsageInTest {
  now: number;
  usage: Usage;
  store = new MemoryStore();
  startedAt: number;
  private readonly options: UsageOptions;
  private readonly entries: KeyEntry[];

  constructor(setting: Setting = {}) {
    const { limits, entries = [], history = false, now = NOON, ...options } = setting;
    this.options = { ...OPTIONS, ...options, limits: { ...LIMITS, ...limits } };
    this.entries = entries.map(entryOf);
    this.now = now;
    this.startedAt = now;
    this.usage = this.newUsage();
    if (!history) this.historyDone();
  }

  historyDone(): void {
    this.usage.historyDone();
    this.commit();
  }

  account(...requests: Request[]): this {
    for (const request of requests) this.usage.account(recordOf({ at: this.now, ...request }));
    return this;
  }

  commit(): Changes {
    const changes = this.usage.changes(this.now, this.now - this.startedAt);
    this.store.commit(changes);
    this.usage.markCommitted();
    return changes;
  }

  failCommit(): void {
    this.usage.changes(this.now, this.now - this.startedAt);
  }

  /** The process ends without a word and starts again. */
  restart(first = false): void {
    this.startedAt = this.now;
    this.usage = this.newUsage();
    this.usage.restore(this.store.load(), first);
  }

  facts(id: string, tenant = ''): KeyFacts {
    this.commit();
    const found = this.usage
      .facts(this.now, 0, true)
      .find((facts) => facts.id === id && facts.tenant === tenant);
    if (!found) throw new Error(`no facts of ${id}`);
    return found;
  }

  /** Committed counters as `key|tenant method template status` → value; zeros left out. */
  counters(family: (typeof FAMILIES)[keyof typeof FAMILIES]): Record<string, number> {
    this.commit();
    return Object.fromEntries(
      this.seriesOf(family)
        .filter(({ value }) => value !== 0)
        .map(({ name, value }) => [name, value]),
    );
  }

  /** What a scrape would show of a family. */
  shown(family: (typeof FAMILIES)[keyof typeof FAMILIES]): Record<string, number> {
    return Object.fromEntries(
      this.seriesOf(family)
        .filter(({ parked }) => !parked)
        .map(({ name, value, held }) => [name, Number.isNaN(held) ? value : held]),
    );
  }

  private seriesOf(family: number): { name: string; value: number; held: number; parked: boolean }[] {
    const { keys, endpoints, series, values } = this.store.load();
    return series
      .filter((row) => row.family === family)
      .map((row) => {
        const { id, tenant } = keys.find(({ key }) => key === row.key)!;
        const endpoint = endpoints.find((candidate) => candidate.endpoint === row.endpoint);
        const i = values.series.indexOf(row.series);
        const parts = [tenant === '' ? id : `${id}|${tenant}`];
        if (endpoint) parts.push(endpoint.method, endpoint.template);
        if (family === FAMILIES.requests || family === FAMILIES.endpoint) parts.push(`${row.status}`);
        return {
          name: parts.join(' '),
          value: values.value[i],
          held: values.held[i],
          parked: values.parked[i] === 1,
        };
      });
  }

  private newUsage(): Usage {
    return new Usage(this.options, new KeyRegistry(this.entries), () => this.now * 1000);
  }
}

export const sum = (counters: Record<string, number>): number =>
  Object.values(counters).reduce((a, b) => a + b, 0);
