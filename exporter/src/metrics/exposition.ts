import { NO_KEY, OTHER } from '../health/pseudo-keys.ts';
import type { Publication } from '../ingest/publication.ts';
import type { KeyEntry } from '../keys/key.ts';
import { FAMILIES, type Family, type KeyRow, type SeriesRow } from '../usage/changes.ts';
import { DURATION_BUCKETS } from '../usage/duration-buckets.ts';
import { boundText, type Format, headerOf, label, numberText } from './exposition-text.ts';
import { type FamilyDefinition, KEY_FAMILIES } from './families.ts';
import { KEY_GAUGES, type KeyView } from './key-gauges.ts';
import { LabelPrefixes } from './label-prefixes.ts';
import type { Mirror } from './mirror.ts';
import { OutputBuffer } from './output-buffer.ts';
import { SeriesBlocks } from './series-blocks.ts';

/** Who knows the registered keys. */
export interface Registered {
  labelled(id: string, tenant: string): KeyEntry | undefined;
}

/** A part of the exposition that somebody else renders: the exporter's own metrics. */
export type OtherFamilies = (format: Format) => Promise<string>;

/** The scalar counter families by their number, which is also the order of exposition. */
const COUNTERS: Record<Family, FamilyDefinition> = {
  [FAMILIES.requests]: KEY_FAMILIES.requests,
  [FAMILIES.endpoint]: KEY_FAMILIES.endpointRequests,
  [FAMILIES.bytes]: KEY_FAMILIES.responseBytes,
  [FAMILIES.newIps]: KEY_FAMILIES.newIps,
};

/** Of status 0, no response, a series has the label like of any other. */
const hasStatus = (family: Family): boolean => family === FAMILIES.requests || family === FAMILIES.endpoint;

/** Heads of a histogram: a bucket each, +Inf, sum, count. */
const HISTOGRAM_HEADS = DURATION_BUCKETS.length + 3;

/** Renders what the mirror holds. A scrape shows one committed state. Scrapes that arrive while one is rendered share it. */
export class Exposition {
  private readonly mirror: Mirror;
  private readonly registered: () => Registered;
  private readonly others: OtherFamilies;
  private readonly clock: () => number;
  private readonly histogramHeads = new LabelPrefixes();
  /** `key_id="…",tenant_id="…"` by key number. */
  private readonly keyLabels: string[] = [];
  /** `method="…",endpoint="…"` by endpoint number. */
  private readonly endpointLabels: string[] = [];
  private readonly families: SeriesBlocks[];
  /** Place of each series in the blocks of its family. */
  private readonly places: number[] = [];
  private readonly running = new Map<Format, Promise<Buffer[]>>();

  /** `clock` gives milliseconds since the epoch. */
  constructor(
    mirror: Mirror,
    registered: () => Registered,
    others: OtherFamilies,
    clock: () => number = Date.now,
  ) {
    this.clock = clock;
    this.mirror = mirror;
    this.registered = registered;
    this.others = others;
    this.families = Object.values(FAMILIES).map(() => new SeriesBlocks(mirror));
    mirror.onChange((publication) => this.note(publication));
  }

  /** The whole exposition, in blocks. The event loop is never held for more than some milliseconds. */
  render(format: Format): Promise<Buffer[]> {
    const running = this.running.get(format);
    if (running) return running;
    const rendering = this.mirror
      .unchangedWhile(() => this.renderAll(format))
      .finally(() => this.running.delete(format));
    this.running.set(format, rendering);
    return rendering;
  }

  /** Marks the blocks that a publication changed. */
  private note(publication: Publication): void {
    for (const row of publication.changes.keys) this.label(row);
    for (const { endpoint, method, template } of publication.changes.endpoints)
      this.endpointLabels[endpoint] = `${label('method', method)},${label('endpoint', template)}`;
    for (const row of publication.changes.series)
      this.places[row.series] = this.families[row.family].add(row.series, this.headOf(row));
    for (const series of publication.changes.values.series)
      this.families[this.mirror.series.family(series)].changed(this.places[series]);
    for (const { key } of publication.changes.histograms)
      if (!this.histogramHeads.has(key * HISTOGRAM_HEADS)) this.putHistogramHeads(key);
  }

  /** A registered key without tenant takes that of its first line: its series get other labels. */
  private label({ key, id, tenant }: KeyRow): void {
    const before = this.keyLabels[key];
    this.keyLabels[key] = keyLabels(id, tenant);
    if (before === undefined || before === this.keyLabels[key]) return;
    for (const series of this.mirror.seriesOfKey[key]) {
      const row = this.mirror.series.row(series);
      // What is new in this very publication gets its place, and its head, next.
      if (this.places[series] !== undefined)
        this.families[row.family].renamed(this.places[series], this.headOf(row));
    }
    if (this.histogramHeads.has(key * HISTOGRAM_HEADS)) this.putHistogramHeads(key);
  }

  private headOf(row: SeriesRow): string {
    return `${COUNTERS[row.family].name}{${this.labelsOf(row)}} `;
  }

  private labelsOf({ family, key, endpoint, status }: SeriesRow): string {
    const ofEndpoint = endpoint < 0 ? '' : `,${this.endpointLabels[endpoint]}`;
    const ofStatus = hasStatus(family) ? `,status="${status}",status_class="${statusClass(status)}"` : '';
    return this.keyLabels[key] + ofEndpoint + ofStatus;
  }

  private putHistogramHeads(key: number): void {
    const first = key * HISTOGRAM_HEADS;
    const { name } = KEY_FAMILIES.duration;
    const labels = this.keyLabels[key];
    const bounds = [...DURATION_BUCKETS, Number.POSITIVE_INFINITY];
    bounds.forEach((bound, i) => {
      this.histogramHeads.put(first + i, `${name}_bucket{${labels},${label('le', boundText(bound))}} `);
    });
    this.histogramHeads.put(first + bounds.length, `${name}_sum{${labels}} `);
    this.histogramHeads.put(first + bounds.length + 1, `${name}_count{${labels}} `);
  }

  private async renderAll(format: Format): Promise<Buffer[]> {
    const pages = new OutputBuffer();
    if (this.mirror.status?.historyRead) {
      for (const family of Object.values(FAMILIES)) await this.counters(pages, format, family);
      await this.histograms(pages, format);
      await this.gauges(pages, format);
    }
    pages.text(await this.others(format));
    if (format === 'openmetrics') pages.text('# EOF\n');
    return pages.end();
  }

  private async counters(pages: OutputBuffer, format: Format, family: Family): Promise<void> {
    if (this.families[family].empty) return;
    pages.text(headerOf(COUNTERS[family], format));
    for (const block of this.families[family].blocks()) {
      pages.block(block);
      if (pages.shouldYield) await pages.yieldToLoop();
    }
  }

  private async histograms(pages: OutputBuffer, format: Format): Promise<void> {
    const { histogramHeads: prefixes } = this;
    const rows = this.mirror.histograms.filter((row) => row !== undefined);
    if (rows.length === 0) return;
    pages.text(headerOf(KEY_FAMILIES.duration, format));
    for (const { key, counts, sum, held } of rows) {
      let head = key * HISTOGRAM_HEADS;
      let below = 0;
      for (const count of counts) {
        below += held ? 0 : count;
        pages.sample(prefixes.block, prefixes.start(head), prefixes.end(head), below);
        head++;
      }
      pages.sample(prefixes.block, prefixes.start(head), prefixes.end(head), held ? 0 : sum);
      pages.sample(prefixes.block, prefixes.start(head + 1), prefixes.end(head + 1), below);
      if (pages.shouldYield) await pages.yieldToLoop();
    }
  }

  private async gauges(pages: OutputBuffer, format: Format): Promise<void> {
    const now = this.clock() / 1000;
    const registered = this.registered();
    const views: [string, KeyView][] = [];
    for (const row of this.mirror.keys) {
      if (row === undefined || isPseudo(row)) continue;
      const entry = registered.labelled(row.id, row.tenant);
      views.push([this.keyLabels[row.key], { facts: this.mirror.factsOf(row.key), entry }]);
      if (pages.shouldYield) await pages.yieldToLoop();
    }
    for (const facts of this.mirror.shared?.others() ?? []) {
      const entry = registered.labelled(facts.id, facts.tenant);
      views.push([keyLabels(facts.id, facts.tenant), { facts, entry }]);
      if (pages.shouldYield) await pages.yieldToLoop();
    }
    for (const [definition, samplesOf] of KEY_GAUGES) {
      let header = headerOf(definition, format);
      for (const [labels, view] of views) {
        for (const [more, value] of samplesOf(view, now)) {
          const all = more === '' ? labels : `${labels},${more}`;
          pages.text(`${header}${definition.name}{${all}} ${numberText(value)}\n`);
          header = '';
        }
        if (pages.shouldYield) await pages.yieldToLoop();
      }
    }
  }
}

/** 0 = there was no response. */
const statusClass = (status: number): string => (status === 0 ? 'none' : `${Math.floor(status / 100)}xx`);

/** An empty label is no label to Prometheus, so a key without tenant has none. */
const keyLabels = (id: string, tenant: string): string =>
  tenant === '' ? label('key_id', id) : `${label('key_id', id)},${label('tenant_id', tenant)}`;

/** Pseudo-keys carry request counters only. */
const isPseudo = ({ id }: KeyRow): boolean => id === NO_KEY || id === OTHER;
