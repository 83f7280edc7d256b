import type { IngestionSettings } from '../ingest/ingestion-settings.ts';
import { publicationParts } from '../ingest/publication-parts.ts';
import { registryOf } from '../keys/registry.ts';
import { Exposition } from '../metrics/exposition.ts';
import { label } from '../metrics/exposition-text.ts';
import { Mirror } from '../metrics/mirror.ts';
import type { LogRecord } from '../parse/log-record.ts';
import { Usage } from '../usage/usage.ts';

export interface PastOptions {
  settings: Pick<IngestionSettings, 'keys' | 'scopeRules' | 'usage'>;
  /** Labels that a scrape would have added, such as job and instance. */
  labels: Record<string, string>;
  /** Further metrics of a moment, as text exposition; default none. */
  others?: (now: number) => string;
}

const IN_ORDER = {
  ...{ historyRead: true, recordedSince: 0, ready: true, sources: [], series: [], commitSeconds: [] },
  ...{ commits: 1, commitErrors: 0, commitError: '', lastCommit: 1 },
};

/**
 * The exporter's own accounting and exposition under a clock that is set by hand: what a Prometheus would have
 * scraped while the log was written.
 */
export class PastExporter {
  /** Seconds since the epoch. */
  now: number;
  private readonly startedAt: number;
  private readonly usage: Usage;
  private readonly mirror = new Mirror();
  private readonly exposition: Exposition;
  /** With a comma before it; '' = none. */
  private readonly labels: string;
  private first = true;

  constructor({ settings, labels, others = () => '' }: PastOptions, startedAt: number) {
    this.now = startedAt;
    this.startedAt = startedAt;
    const registry = registryOf(settings);
    const clock = () => this.now * 1000;
    this.usage = new Usage({ ...settings.usage, stored: false }, registry, clock);
    this.exposition = new Exposition(
      this.mirror,
      () => registry,
      async () => others(this.now),
      clock,
    );
    this.labels = Object.entries(labels)
      .map(([name, value]) => label(name, value))
      .join(',');
  }

  account(record: LogRecord): void {
    this.usage.account(record);
  }

  /** What a scrape now would give, as lines of OpenMetrics with time and labels. What came before the first is history. */
  async samples(): Promise<string> {
    if (this.first) this.usage.historyDone();
    this.first = false;
    const changes = this.usage.changes(this.now, this.now - this.startedAt);
    this.usage.markCommitted();
    for (const part of publicationParts(changes, this.usage.facts(this.now, 0, true), [], IN_ORDER))
      this.mirror.apply(part);
    const text = Buffer.concat(await this.exposition.render('text')).toString();
    let samples = '';
    for (let from = 0, to = text.indexOf('\n'); to >= 0; from = to + 1, to = text.indexOf('\n', from))
      if (text[from] !== '#' && to > from) samples += this.timed(text.slice(from, to));
    return samples;
  }

  /** A sample of the text exposition with the labels and the time. */
  private timed(sample: string): string {
    const space = sample.lastIndexOf(' ');
    const series = sample.slice(0, space);
    const rest = `${sample.slice(space)} ${this.now}\n`;
    if (this.labels === '') return series + rest;
    return series.endsWith('}')
      ? `${series.slice(0, -1)},${this.labels}}${rest}`
      : `${series}{${this.labels}}${rest}`;
  }
}
