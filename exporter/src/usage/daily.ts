import { DAY } from '../time/units.ts';
import type { DayRow } from './changes.ts';
import { DayFigures } from './day-figures.ts';
import type { EndpointLimiter } from './endpoint-limiter.ts';
import type { Histograms } from './histograms.ts';
import type { KeyUsage } from './key-usage.ts';
import type { KeyRegistry } from './options.ts';
import type { SeriesTable } from './series.ts';

/** Days a key number is multiplied by, so that one number names a key and a day. Reaches the year 2243. */
const DAYS = 100_000;

/**
 * What each key did by UTC day since the last commit; the store merges it with what it has. Lines of
 * the newest day cost nothing here: they are what counters have moved since they were last collected. Only
 * lines of another day are counted one by one.
 */
export class DailyUsage {
  /** The day (since the epoch) whose lines the counters count; infinite = nothing is kept by day. */
  day: number;
  private readonly series: SeriesTable;
  private readonly histograms: Histograms;
  private readonly endpoints: EndpointLimiter;
  private readonly figures = new Map<number, DayFigures>();
  /** By endpoint: the scope its requests need. */
  private readonly scopes = new Map<number, string | undefined>();

  private readonly kept: boolean;

  constructor(series: SeriesTable, histograms: Histograms, endpoints: EndpointLimiter, kept: boolean) {
    this.kept = kept;
    this.day = kept ? 0 : Number.POSITIVE_INFINITY;
    this.series = series;
    this.histograms = histograms;
    this.endpoints = endpoints;
  }

  /** A line of `day` was counted in `series` while that is not the newest day. */
  countLate(usage: KeyUsage, day: number, series: number, registry: KeyRegistry): DayFigures | undefined {
    if (!this.kept) return undefined;
    const figures = this.of(usage.key, day);
    this.series.skipInDifference(series, 1);
    this.count(figures, series, 1, registry);
    return figures;
  }

  /** A line of a key is in no minute of its windows. */
  missMinute(key: number, day: number): void {
    if (this.kept) this.of(key, day).untimed++;
  }

  /** An address of a key that was not yet known to be of this day. */
  seeAddress(key: number, day: number, w0: number, w1: number, w2: number, w3: number): void {
    if (this.kept) this.of(key, day).ips.add(w0, w1, w2, w3);
  }

  /** Assigns to the newest day what the counters moved since the last time. `moved`: keys with a line since. */
  collect(moved: Iterable<KeyUsage>, registry: KeyRegistry): void {
    if (!this.kept) return;
    this.series.takeDifferences((series, more) => {
      const figures = this.of(this.series.keyOf(series), this.day);
      if (this.series.endpointOf(series) < 0) figures.bytes += more;
      else this.count(figures, series, more, registry);
    });
    for (const usage of moved) {
      if (usage.dayFirst < Number.POSITIVE_INFINITY) {
        const figures = this.of(usage.key, this.day);
        figures.seen(usage.dayFirst);
        if (usage.windows.lastUsed >= usage.dayFirst) figures.seen(usage.windows.lastUsed);
        usage.dayFirst = Number.POSITIVE_INFINITY;
      }
      const figures = this.figures.get(slotOf(usage.key, this.day));
      if (figures) figures.durationSum += this.histograms.takeDifference(usage.key, figures.durations);
    }
  }

  /** The rows for the store, after collect(); the same and more until markCommitted(). */
  rows(moved: Iterable<KeyUsage>): DayRow[] {
    for (const { key, windows } of moved)
      windows.takeMinutePeaks((day, requests) => this.figures.get(slotOf(key, day))?.peak(requests));
    return Array.from(this.figures, ([slot, figures]) => ({
      key: Math.floor(slot / DAYS),
      day: slot % DAYS,
      figures,
    }));
  }

  markCommitted(): void {
    this.figures.clear();
  }

  registryChanged(): void {
    this.scopes.clear();
  }

  private of(key: number, day: number): DayFigures {
    const slot = slotOf(key, day);
    let figures = this.figures.get(slot);
    if (!figures) {
      figures = new DayFigures();
      this.figures.set(slot, figures);
    }
    return figures;
  }

  private count(figures: DayFigures, series: number, requests: number, registry: KeyRegistry): void {
    const endpoint = this.series.endpointOf(series);
    const status = this.series.statusOf(series);
    figures.count(endpoint, status, requests);
    if (status === 401 || status === 404 || this.endpoints.isCatchAll(endpoint)) return;
    const scope = this.scopeOf(endpoint, registry);
    if (scope === undefined) return;
    if (status === 403) figures.addScope(scope, 0, requests);
    else figures.addScope(scope, requests, 0);
  }

  private scopeOf(endpoint: number, registry: KeyRegistry): string | undefined {
    if (!this.scopes.has(endpoint)) {
      const { method, template } = this.endpoints.all[endpoint];
      this.scopes.set(endpoint, registry.scopeOf(method, template));
    }
    return this.scopes.get(endpoint);
  }
}

const slotOf = (key: number, day: number): number => key * DAYS + Math.min(day, DAYS - 1);

/** The UTC day of a moment, days since the epoch. `seconds` since the epoch. */
export const dayOf = (seconds: number): number => (seconds / DAY) >>> 0;
