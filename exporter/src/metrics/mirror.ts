import type { Publication } from '../ingest/publication.ts';
import type { SourceCounter } from '../log/counters.ts';
import type { EndpointRow, HistogramRow, KeyRow } from '../usage/changes.ts';
import type { KeyFacts } from '../usage/key-facts.ts';
import { MirroredSeries } from './mirrored-series.ts';

/** What other exporters know of keys too. */
export interface SharedFacts {
  /** A key's facts as all exporters know them. */
  factsOf(row: KeyRow, local: KeyFacts | undefined): KeyFacts | undefined;
  /** Facts of the keys that only others have met. */
  others(): Iterable<KeyFacts>;
}

/**
 * The committed state as the HTTP thread knows it. Only `apply` changes it. A publication that arrives while somebody
 * reads the mirror waits until the last reader is done, so that a scrape shows one committed state.
 */
export class Mirror {
  readonly keys: KeyRow[] = [];
  readonly endpoints: EndpointRow[] = [];
  readonly series = new MirroredSeries();
  readonly histograms: (HistogramRow | undefined)[] = [];
  /** This exporter's own facts. */
  readonly facts: (KeyFacts | undefined)[] = [];
  readonly counters: SourceCounter[] = [];
  status: Publication['status'] | undefined;
  /** Numbers of the series by key number. */
  readonly seriesOfKey: number[][] = [];
  /** Set where facts are shared. */
  shared: SharedFacts | undefined;
  private readonly counterSlots = new Map<string, number>();
  private readonly listeners: ((publication: Publication) => void)[] = [];
  private waiting: Publication[] = [];
  private readers = 0;

  /** Calls `listener` after each change, with the publication that made it. */
  onChange(listener: (publication: Publication) => void): void {
    this.listeners.push(listener);
  }

  /** Takes a publication over, at once or when the last reader is done. */
  apply(publication: Publication): void {
    if (this.readers > 0) this.waiting.push(publication);
    else this.take(publication);
  }

  /** Runs `read`. The mirror does not change before its promise is settled. */
  async unchangedWhile<T>(read: () => Promise<T>): Promise<T> {
    this.readers++;
    try {
      return await read();
    } finally {
      this.readers--;
      if (this.readers === 0) for (const publication of this.waiting.splice(0)) this.take(publication);
    }
  }

  /** A key's facts as they are to be shown: everybody's where they are shared, else this exporter's. */
  factsOf(key: number): KeyFacts | undefined {
    const local = this.facts[key];
    const row = this.keys[key];
    return this.shared && row ? this.shared.factsOf(row, local) : local;
  }

  private take(publication: Publication): void {
    const { changes, facts, counters, status } = publication;
    for (const row of changes.keys) {
      this.keys[row.key] = row;
      this.seriesOfKey[row.key] ??= [];
    }
    for (const row of changes.endpoints) this.endpoints[row.endpoint] = row;
    for (const row of changes.series) {
      this.series.add(row);
      this.seriesOfKey[row.key].push(row.series);
    }
    this.series.move(changes.values);
    for (const row of changes.histograms) this.histograms[row.key] = row;
    for (const row of facts) this.facts[row.key] = row;
    for (const row of counters) {
      const slot = JSON.stringify([row.source, row.counter, row.reason]);
      const at = this.counterSlots.get(slot) ?? this.counters.length;
      this.counterSlots.set(slot, at);
      this.counters[at] = row;
    }
    this.status = status;
    for (const listener of this.listeners) listener(publication);
  }
}
