import type { Publication } from '../ingest/publication.ts';
import type { SourceCounter } from '../log/counters.ts';
import type { EndpointRow, HistogramRow, KeyRow, SeriesRow } from '../usage/changes.ts';
import type { KeyFacts } from '../usage/facts.ts';

/** A counter series as the HTTP thread sees it. */
export interface MirroredSeries extends SeriesRow {
  /** What a scrape may show now. */
  shown: number;
  /** The committed value, for the page. */
  value: number;
  parked: boolean;
}

/** What other exporters know of keys too. */
export interface SharedFacts {
  /** A key's facts as all exporters know them. */
  factsOf(row: KeyRow, local: KeyFacts | undefined): KeyFacts | undefined;
  /** Facts of the keys that only others have met. */
  others(): Iterable<KeyFacts>;
}

/**
 * The committed state as the HTTP thread knows it: publications are applied, nothing is computed and nobody
 * writes but apply().
 */
export class Mirror {
  readonly keys: KeyRow[] = [];
  readonly endpoints: EndpointRow[] = [];
  readonly series: MirroredSeries[] = [];
  readonly histograms: (HistogramRow | undefined)[] = [];
  /** This exporter's own facts. */
  readonly facts: (KeyFacts | undefined)[] = [];
  readonly counters: SourceCounter[] = [];
  intake: Publication['intake'] | undefined;
  /** Numbers of the series by key number. */
  readonly seriesOfKey: number[][] = [];
  /** Set where facts are shared. */
  shared: SharedFacts | undefined;
  private readonly counterSlots = new Map<string, number>();

  /** A key's facts as they are to be shown: everybody's where they are shared, else this exporter's. */
  factsOf(key: number): KeyFacts | undefined {
    const local = this.facts[key];
    const row = this.keys[key];
    return this.shared && row ? this.shared.factsOf(row, local) : local;
  }

  apply({ changes, facts, counters, intake }: Publication): void {
    for (const row of changes.keys) {
      this.keys[row.key] = row;
      this.seriesOfKey[row.key] ??= [];
    }
    for (const row of changes.endpoints) this.endpoints[row.endpoint] = row;
    for (const row of changes.series) {
      const { series, family, key, endpoint, status } = row;
      this.series[series] = { series, family, key, endpoint, status, shown: 0, value: 0, parked: false };
      this.seriesOfKey[row.key].push(row.series);
    }
    const { series, value, held, parked } = changes.values;
    for (let i = 0; i < series.length; i++) {
      const mirrored = this.series[series[i]];
      mirrored.value = value[i];
      mirrored.shown = Number.isNaN(held[i]) ? value[i] : held[i];
      mirrored.parked = parked[i] === 1;
    }
    for (const row of changes.histograms) this.histograms[row.key] = row;
    for (const row of facts) this.facts[row.key] = row;
    for (const row of counters) {
      const slot = JSON.stringify([row.source, row.counter, row.reason]);
      const at = this.counterSlots.get(slot) ?? this.counters.length;
      this.counterSlots.set(slot, at);
      this.counters[at] = row;
    }
    this.intake = intake;
  }
}
