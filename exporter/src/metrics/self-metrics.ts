import {
  collectDefaultMetrics,
  Gauge,
  Histogram,
  type MetricObjectWithValues,
  type MetricValue,
  Registry,
} from 'prom-client';
import type { IngestionStatus } from '../ingest/publication.ts';
import {
  boundText,
  type Format,
  family,
  headerOf,
  label,
  type Sample,
  sampleText,
} from './exposition-text.ts';
import { type FamilyDefinition, SELF_FAMILIES } from './families.ts';
import type { Mirror } from './mirror.ts';
import { readingText } from './reading-text.ts';

/** Gauges of prom-client whose names end like a counter's; Prometheus' own check rejects them. */
const MISNAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];

const COMMIT_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];
const SCRAPE_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/** How sharing facts with other exporters goes. */
export interface SharingFacts {
  state: 'starting' | 'up' | 'away';
  errors: number;
  /** Seconds since the epoch, 0 = never. */
  lastSuccess: number;
  keys: number;
}

/** The exporter's own metrics: what the mirror says of ingestion, and what this process does. */
export class SelfMetrics {
  private readonly mirror: Mirror;
  private readonly sharing: () => SharingFacts | undefined;
  private readonly registry = new Registry();
  private readonly commitDuration: Histogram;
  private readonly scrapeDuration: Histogram;
  private readonly scrapeSize: Gauge;
  private readonly reloadSuccess: Gauge;
  private readonly reloadTime: Gauge;

  /** `sharing` tells how sharing goes; undefined where facts are not shared. */
  constructor(mirror: Mirror, version: string, sharing: () => SharingFacts | undefined = () => undefined) {
    this.mirror = mirror;
    this.sharing = sharing;
    const registers = [this.registry];
    const options = ({ name, help }: FamilyDefinition) => ({ name, help, registers });
    // Each look wakes the process: at prom-client's 10 ms that is most of what it does when idle. The percentiles of the
    // lag include this pause; people alert on 100 ms.
    collectDefaultMetrics({ register: this.registry, eventLoopMonitoringPrecision: 80 });
    for (const name of MISNAMED) this.registry.removeSingleMetric(name);
    this.commitDuration = new Histogram({
      ...options(SELF_FAMILIES.commitDuration),
      buckets: COMMIT_BUCKETS,
    });
    this.scrapeDuration = new Histogram({
      ...options(SELF_FAMILIES.scrapeDuration),
      buckets: SCRAPE_BUCKETS,
    });
    this.scrapeSize = new Gauge(options(SELF_FAMILIES.scrapeSize));
    this.reloadSuccess = new Gauge(options(SELF_FAMILIES.reloadSuccess));
    this.reloadTime = new Gauge(options(SELF_FAMILIES.reloadTime));
    new Gauge({ ...options(SELF_FAMILIES.buildInfo), labelNames: ['version', 'nodeversion'] }).set(
      { version, nodeversion: process.version },
      1,
    );
  }

  /** A commit took so many seconds. */
  committed(seconds: number): void {
    this.commitDuration.observe(seconds);
  }

  /** A scrape was rendered. */
  scraped(seconds: number, bytes: number): void {
    this.scrapeDuration.observe(seconds);
    this.scrapeSize.set(bytes);
  }

  /** Configuration and keys file were read; `ok` = taken over. */
  reloaded(ok: boolean): void {
    this.reloadSuccess.set(ok ? 1 : 0);
    if (ok) this.reloadTime.set(Math.floor(Date.now() / 1000));
  }

  /** The archive was brought up to date, as far as there were no problems. Its gauges begin with the first time. */
  archived(problems: number, waiting: number): void {
    const gauge = ({ name, help }: FamilyDefinition): Gauge =>
      (this.registry.getSingleMetric(name) as Gauge | undefined) ??
      new Gauge({ name, help, registers: [this.registry] });
    gauge(SELF_FAMILIES.archiveProblems).set(problems);
    gauge(SELF_FAMILIES.archiveWaiting).set(waiting);
    if (problems === 0) gauge(SELF_FAMILIES.archiveUpkeep).set(Math.floor(Date.now() / 1000));
  }

  async text(format: Format): Promise<string> {
    const { status } = this.mirror;
    const own = status === undefined ? '' : ingestionText(status, format);
    const sharing = this.sharing();
    const shared = sharing === undefined ? '' : sharingText(sharing, format);
    const metrics = (await this.registry.getMetricsAsJSON()).map((metric) => metricText(metric, format));
    return readingText(this.mirror, format) + own + shared + metrics.join('');
  }
}

function ingestionText(status: IngestionStatus, format: Format): string {
  const one = (definition: FamilyDefinition, value: number) => family(definition, format, [['', value]]);
  const bySource = (
    definition: FamilyDefinition,
    value: (source: IngestionStatus['sources'][number]) => number | undefined,
  ) =>
    family(
      definition,
      format,
      status.sources.flatMap((source): Sample[] => {
        const known = value(source);
        return known === undefined ? [] : [[label('source', source.source), known]];
      }),
    );
  const byLimit = (definition: FamilyDefinition, value: (use: IngestionStatus['series'][number]) => number) =>
    family(
      definition,
      format,
      status.series.map((use) => [label('metric', use.metric), value(use)]),
    );
  const patterns = status.sources.flatMap((source) => source.patterns);
  const labelsOf = ({ source, pattern }: (typeof patterns)[number]) =>
    `${label('source', source)},${label('pattern', pattern)}`;
  return [
    family(
      SELF_FAMILIES.sourceFiles,
      format,
      patterns.map((facts): Sample => [labelsOf(facts), facts.files]),
    ),
    family(
      SELF_FAMILIES.sourceProblems,
      format,
      patterns.flatMap((facts) =>
        facts.problems.map(
          ({ cause, count }): Sample => [`${labelsOf(facts)},${label('cause', cause)}`, count],
        ),
      ),
    ),
    bySource(SELF_FAMILIES.filesOpen, (source) => source.filesOpen),
    bySource(SELF_FAMILIES.behindBytes, (source) => source.bytesBehind),
    bySource(SELF_FAMILIES.behindSeconds, (source) => source.secondsBehind),
    bySource(SELF_FAMILIES.lastEvent, (source) => source.lastEvent || undefined),
    bySource(SELF_FAMILIES.ahead, (source) => source.ahead),
    bySource(SELF_FAMILIES.lastLooked, (source) => source.lastLooked || undefined),
    bySource(SELF_FAMILIES.staleAfter, (source) => source.staleAfter || undefined),
    // While the first backlog is read the record still grows into the past.
    status.historyRead && status.recordedSince > 0
      ? one(SELF_FAMILIES.recordedSince, status.recordedSince)
      : '',
    one(SELF_FAMILIES.ready, status.ready ? 1 : 0),
    one(SELF_FAMILIES.commits, status.commits),
    one(SELF_FAMILIES.commitErrors, status.commitErrors),
    one(SELF_FAMILIES.commitFailing, status.commitError === '' ? 0 : 1),
    status.lastCommit > 0 ? one(SELF_FAMILIES.lastCommit, status.lastCommit) : '',
    byLimit(SELF_FAMILIES.series, (use) => use.series),
    byLimit(SELF_FAMILIES.seriesLimit, (use) => use.limit),
    byLimit(SELF_FAMILIES.overflow, (use) => use.overflowed),
  ].join('');
}

function sharingText({ state, errors, lastSuccess, keys }: SharingFacts, format: Format): string {
  const one = (definition: FamilyDefinition, value: number) => family(definition, format, [['', value]]);
  return [
    one(SELF_FAMILIES.sharedUp, state === 'up' ? 1 : 0),
    one(SELF_FAMILIES.sharedErrors, errors),
    lastSuccess > 0 ? one(SELF_FAMILIES.sharedLastSuccess, lastSuccess) : '',
    one(SELF_FAMILIES.sharedKeys, keys),
  ].join('');
}

/** prom-client's type leaves out the name that the samples of a histogram carry. */
type NamedValue = MetricValue<string> & { metricName?: string };

/** A metric as prom-client hands it out. */
function metricText(metric: MetricObjectWithValues<MetricValue<string>>, format: Format): string {
  const type = String(metric.type) as FamilyDefinition['type'];
  const lines = (metric.values as NamedValue[]).map(({ metricName, labels, value }) =>
    sampleText(
      metricName ?? metric.name,
      Object.entries(labels)
        .map(([name, value]) =>
          label(name, name === 'le' && value !== '+Inf' ? boundText(Number(value)) : String(value)),
        )
        .join(','),
      value,
    ),
  );
  if (lines.length === 0) return '';
  return headerOf({ name: metric.name, type, help: metric.help, labels: [] }, format) + lines.join('');
}
