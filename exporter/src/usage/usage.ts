import type { LogRecord } from '../parse/log-record.ts';
import { ChangedFacts } from './changed-facts.ts';
import { type Changes, FAMILIES } from './changes.ts';
import { DailyUsage, dayOf } from './daily.ts';
import type { DayFigures } from './day-figures.ts';
import { EndpointLimiter } from './endpoint-limiter.ts';
import { FirstUses } from './first-uses.ts';
import { Histograms } from './histograms.ts';
import type { KeyFacts } from './key-facts.ts';
import { KeyTable } from './key-table.ts';
import type { KeyUsage } from './key-usage.ts';
import type { KeyRegistry, UsageOptions } from './options.ts';
import { SeriesTable } from './series.ts';

export type { KeyRegistry, UsageLimits, UsageOptions } from './options.ts';

/** Statuses every registered key has a series of from the start, at 0. */
const EXPECTED_STATUSES = [200, 401, 403, 404, 422, 429, 500];

/**
 * Per-key usage, from requests. account() takes one in; changes() is what became different since the last
 * markCommitted(), for the store; facts() is what gauges and the page show, to be asked right after markCommitted(), so
 * that nothing uncommitted is shown. Until historyDone() everything is history: known, but never news.
 */
export class Usage {
  private readonly options: UsageOptions;
  private readonly stored: boolean;
  private readonly clock: () => number;
  private readonly series: SeriesTable;
  private readonly keys: KeyTable;
  private readonly endpoints: EndpointLimiter;
  private readonly firstUses: FirstUses;
  private readonly histograms: Histograms;
  private readonly daily: DailyUsage;
  private readonly factsOfKeys: ChangedFacts;
  private registry: KeyRegistry;
  /** The registry's keys are still to be given their places. */
  private registryIsNew = true;
  private history = true;
  private dirty: KeyUsage[] = [];
  private up = 0;
  /** Events up to here (milliseconds) are in time for sure; later ones ask the clock. */
  private horizon = 0;
  /**
   * Lines are read as they are written, so that a request from the future falls into the minute it is read in. Of a
   * backlog that would make a peak that never was.
   */
  live = false;

  /** `clock` gives milliseconds since the epoch. */
  constructor(options: UsageOptions, registry: KeyRegistry, clock: () => number) {
    this.options = options;
    this.stored = options.stored ?? true;
    this.registry = registry;
    this.clock = clock;
    this.series = new SeriesTable(options);
    this.keys = new KeyTable(options.limits.keys, options.learningSeconds, registry, {
      made: (usage) => this.expectStatuses(usage),
      renamed: (usage) => this.holdAgain(usage),
    });
    this.endpoints = new EndpointLimiter(options.limits, this.series);
    this.histograms = new Histograms(options.zeroHoldSeconds);
    this.daily = new DailyUsage(this.series, this.histograms, this.endpoints, this.stored);
    const onDay = this.daily.seeAddress.bind(this.daily);
    this.firstUses = new FirstUses(options, this.series, this.endpoints, onDay, clock);
    this.factsOfKeys = new ChangedFacts(this.firstUses.addresses, this.firstUses.scopeUses);
  }

  /** Counts one accepted request. */
  account(record: LogRecord): void {
    const { status } = record;
    const inTime = record.timestampMs <= this.horizon || this.isInTime(record.timestampMs);
    // Before 1970 there are no requests; 0 means never everywhere. Below, `>>> 0` is a fast floor, good to 2106.
    // A request from the future counts when it is read: its key is in use, and no time may lie ahead of the clock.
    const at = inTime ? Math.max(1, record.timestampMs / 1000) : this.clock() / 1000;
    const isTimed = inTime || this.live;
    const day = dayOf(at);
    if (day > this.daily.day) this.turnDay(day);
    const usage = this.keys.of(record);
    const series = this.endpoints.seriesOf(record, usage);
    this.series.countRequest(series);
    const late = day === this.daily.day ? undefined : this.daily.countLate(usage, day, series, this.registry);
    if (usage.pseudo) return;
    usage.moved = true;
    this.markDirty(usage);
    const { windows } = usage;
    if (!isTimed || !windows.countMinute((at / 60) >>> 0, status)) this.daily.missMinute(usage.key, day);
    if (status === 401) {
      if (at > usage.lastRejected) usage.lastRejected = at;
      return;
    }
    if (record.durationSeconds >= 0) this.histograms.observe(usage.key, record.durationSeconds, late);
    if (record.responseBytes >= 0) this.countBytes(usage, record.responseBytes, late);
    windows.countDay(day);
    if (late) late.seen(at);
    else if (at < usage.dayFirst) usage.dayFirst = at;
    windows.use(at);
    if (isTimed) windows.countSecond(at >>> 0);
    if (record.ipFamily !== 0) this.firstUses.seeAddress(record, usage, at);
    if (status === 404) return;
    this.firstUses.seeSurface(series, record, usage, at);
    if (status !== 403) this.firstUses.seeScope(series, usage, at, this.registry);
  }

  /**
   * Takes over the stored state; before anything is accounted. `first` as the store says it: the first
   * backlog was never read to its end, so what comes until historyDone() is history.
   */
  restore(changes: Changes, first: boolean): void {
    this.keys.restore(changes.keys);
    this.endpoints.restore(changes.endpoints);
    if (!first) this.endHistory();
    this.series.restore(changes.series, changes.values);
    const { all } = this.keys;
    for (const { series, family, key, endpoint } of changes.series) {
      if (family === FAMILIES.bytes) all[key].bytesSeries = series;
      else if (family === FAMILIES.newIps) all[key].newIpsSeries = series;
      else this.endpoints.restoreSeries(all[key], endpoint, this.series.value[series]);
    }
    this.histograms.restore(changes.histograms);
    for (const row of changes.keyUsage) {
      all[row.key].restore(row);
      this.daily.day = Math.max(this.daily.day, dayOf(row.lastUsed));
    }
    this.firstUses.restore(changes, all);
    this.register();
  }

  /** The backlog of a first start is read: what comes now is news. */
  historyDone(): void {
    if (!this.history) return;
    this.register();
    this.endHistory();
  }

  /** The keys file is another one. */
  registryChanged(registry: KeyRegistry): void {
    this.registry = registry;
    this.registryIsNew = true;
    this.register();
  }

  /**
   * Everything different since the last markCommitted(), as absolute values; again the same and more when it was
   * not committed. `now` is wall-clock time, `up` the time since the process started, both in seconds.
   */
  changes(now: number, up: number): Changes {
    this.register();
    this.daily.collect(this.dirty, this.registry);
    this.horizon = this.clock() + this.options.maxSkewSeconds * 1000;
    this.up = up;
    this.series.pass(now, up);
    for (const key of this.histograms.release(up)) this.markDirty(this.keys.all[key]);
    return {
      keys: this.keys.newRows(),
      endpoints: this.endpoints.newRows(),
      series: this.series.newRows(),
      values: this.series.newValues(now),
      histograms: this.dirty.flatMap(({ key }) => this.histograms.changedRow(key)),
      keyUsage: this.stored
        ? this.dirty.map((usage) => usage.row(this.firstUses.scopeUses.encode(usage)))
        : [],
      ...this.firstUses.changes(this.dirty),
      days: this.daily.rows(this.dirty),
    };
  }

  /** The changes() just taken are committed; nothing was accounted in between. */
  markCommitted(): void {
    this.histograms.markCommitted(this.dirty, this.up);
    this.firstUses.markCommitted(this.dirty);
    for (const usage of this.dirty) usage.dirty = false;
    this.dirty = [];
    this.keys.markCommitted();
    this.endpoints.markCommitted();
    this.series.markCommitted(this.up);
    this.daily.markCommitted();
  }

  /**
   * Facts of the keys that are different since the last call, be it that a window slid or the UTC day turned;
   * of all keys with `all`. `now` in seconds; windows end at `now - lag` or at the key's later last request.
   * Pseudo keys have no facts.
   */
  facts(now: number, lag: number, all: boolean): KeyFacts[] {
    const facts: KeyFacts[] = [];
    for (const usage of this.keys.all) {
      const different = usage.pseudo ? undefined : this.factsOfKeys.at(usage, now, lag, all);
      if (different) facts.push(different);
    }
    return facts;
  }

  /** Rows of addresses that changes() would have: of these there can be the most by far. */
  get changedAddresses(): number {
    return this.firstUses.addresses.changedCount;
  }

  /** How full the limited families are. `overflowed` counts from the start of the process. */
  seriesUse(): { metric: string; series: number; limit: number; overflowed: number }[] {
    const { counts } = this.series;
    const limit = this.options.limits.series;
    return [
      {
        metric: 'atender_requests_total',
        series: counts[FAMILIES.requests],
        limit,
        overflowed: this.keys.overflowed,
      },
      {
        metric: 'atender_endpoint_requests_total',
        series: counts[FAMILIES.endpoint],
        limit: Math.max(0, limit - counts[FAMILIES.requests]),
        overflowed: this.endpoints.overflowed,
      },
    ];
  }

  private isInTime(timestampMs: number): boolean {
    this.horizon = this.clock() + this.options.maxSkewSeconds * 1000;
    return timestampMs <= this.horizon;
  }

  private markDirty(usage: KeyUsage): void {
    if (usage.dirty) return;
    usage.dirty = true;
    this.dirty.push(usage);
  }

  private countBytes(usage: KeyUsage, bytes: number, late: DayFigures | undefined): void {
    if (usage.bytesSeries < 0) usage.bytesSeries = this.series.make(FAMILIES.bytes, usage.key);
    this.series.add(usage.bytesSeries, bytes);
    if (!late) return;
    late.bytes += bytes;
    this.series.skipInDifference(usage.bytesSeries, bytes);
  }

  /** A line of a later day than all before: what was counted so far is of the day before. */
  private turnDay(day: number): void {
    this.daily.collect(this.dirty, this.registry);
    this.daily.day = day;
  }

  private register(): void {
    if (!this.registryIsNew) return;
    this.registryIsNew = false;
    this.daily.registryChanged();
    this.keys.register(this.registry);
    this.firstUses.registryChanged();
  }

  private endHistory(): void {
    this.history = false;
    this.series.historyDone();
    this.histograms.historyDone();
    this.firstUses.historyDone();
  }

  private expectStatuses(usage: KeyUsage): void {
    if (usage.entry) for (const status of EXPECTED_STATUSES) this.series.total(usage.key, status);
  }

  private holdAgain(usage: KeyUsage): void {
    for (const series of this.series.ofKey(usage.key)) this.series.holdAgain(series);
  }
}
