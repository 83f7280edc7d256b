import { EXPORTER_SERIES, KEY_SERIES } from '../health/series.ts';
import { LOSSES, SOURCE_COUNTERS } from '../log/counters.ts';
import { PATTERN_PROBLEMS } from '../log/patterns.ts';

export interface FamilyDefinition {
  name: string;
  type: 'counter' | 'gauge' | 'histogram';
  help: string;
  /** Beside key_id and tenant_id on key-level families, and beside source on families by source. */
  labels: readonly string[];
}

const define = <const F extends Record<string, FamilyDefinition>>(families: F): F => families;
const counter = (name: string, help: string, ...labels: string[]): FamilyDefinition => ({
  name,
  type: 'counter',
  help,
  labels,
});
const gauge = (name: string, help: string, ...labels: string[]): FamilyDefinition => ({
  name,
  type: 'gauge',
  help,
  labels,
});

/** Every family with a label per key. Names are public: rules and dashboards depend on them. */
export const KEY_FAMILIES = define({
  requests: counter(
    KEY_SERIES.requests,
    'Requests, by status; status 0 (class none) = the connection ended without a response.',
    'status',
    'status_class',
  ),
  endpointRequests: counter(
    KEY_SERIES.endpointRequests,
    'Requests, by endpoint template and status. Requests over a limit are under __other__ or __unmatched__.',
    ...['method', 'endpoint', 'status', 'status_class'],
  ),
  duration: {
    name: KEY_SERIES.duration,
    type: 'histogram',
    help: 'Duration of requests.',
    labels: ['le'],
  },
  responseBytes: counter(KEY_SERIES.responseBytes, 'Bytes of responses.'),
  lastUsed: gauge(
    KEY_SERIES.lastUsed,
    'Time of the latest request with a response other than 401. For a request ahead of the clock, the time it was read. Absent if no use is recorded.',
  ),
  maxGap: gauge(KEY_SERIES.maxGap, 'Longest time without use in the last 30 days.'),
  uniqueIps: gauge(KEY_SERIES.uniqueIps, 'Unique IP addresses in the window: 1h, 24h, 30d.', 'window'),
  newIps: counter(KEY_SERIES.newIps, "IP addresses first seen after the key's learning period."),
  lastNewIp: gauge(KEY_SERIES.lastNewIp, 'When the latest new IP address was noticed (wall clock).'),
  recentNewIp: gauge(
    KEY_SERIES.recentNewIp,
    'New IP addresses of the last 24 h, at most 3 per key, in the form that metrics.newIp sets. Always 1.',
    'ip',
  ),
  lastNewSurface: gauge(
    KEY_SERIES.lastNewSurface,
    'When the key first called the surface (wall clock).',
    'surface',
  ),
  lastRejected: gauge(KEY_SERIES.lastRejected, 'Time of the latest 401.'),
  scopeLastUsed: gauge(
    KEY_SERIES.scopeLastUsed,
    'Time of the latest request that needed the scope and had it.',
    'scope',
  ),
  lastMinute: gauge(
    KEY_SERIES.lastMinute,
    'Requests in a sliding window of 60 s, in event time. It ends at the last event, or at now minus the lag.',
  ),
  peakPerMinute: gauge(KEY_SERIES.peakPerMinute, 'Peak of the sliding 60 s window in the last 5 min.'),
  requestsToday: gauge(KEY_SERIES.requestsToday, 'Requests of the current UTC day, without 401s.'),
  rateLimit: gauge(
    KEY_SERIES.rateLimit,
    'Rate limit of the tier: requests per minute and per day.',
    'window',
  ),
  rateLimitBurst: gauge(KEY_SERIES.rateLimitBurst, 'Requests allowed on top of the minute limit.'),
  info: gauge(
    KEY_SERIES.info,
    'What the keys file says about the key. Always 1.',
    ...['name', 'environment', 'tier', 'owner', 'state', 'realtime', 'replaces'],
  ),
  created: gauge(KEY_SERIES.created, 'When the key was created.'),
  rotated: gauge(KEY_SERIES.rotated, 'When the key was last rotated.'),
  rotateEvery: gauge(KEY_SERIES.rotateEvery, "The key's rotation policy. Absent if the keys file has none."),
  scopesChanged: gauge(KEY_SERIES.scopesChanged, "When the key's scopes last changed."),
  scopeInfo: gauge(KEY_SERIES.scopeInfo, 'Scopes granted to the key. Always 1.', 'scope'),
  threshold: gauge(KEY_SERIES.threshold, 'Overrides of alert thresholds, only where set.', 'kind'),
});

/** Every family of the exporter's own, but those that prom-client defines itself (process_*, nodejs_*). */
export const SELF_FAMILIES = define({
  lines: counter('atender_exporter_lines_total', SOURCE_COUNTERS.lines_total, 'source'),
  bytes: counter('atender_exporter_bytes_total', SOURCE_COUNTERS.bytes_total, 'source'),
  rejected: counter(
    'atender_exporter_lines_rejected_total',
    `${SOURCE_COUNTERS.lines_rejected_total}. The exporter logs an example.`,
    ...['source', 'reason'],
  ),
  ignored: counter(
    'atender_exporter_fields_ignored_total',
    SOURCE_COUNTERS.fields_ignored_total,
    'source',
    'field',
  ),
  lost: counter(
    'atender_exporter_bytes_lost_total',
    `${SOURCE_COUNTERS.bytes_lost_total} (${Object.keys(LOSSES).join(', ')}).`,
    ...['source', 'reason'],
  ),
  rotations: counter('atender_exporter_rotations_total', SOURCE_COUNTERS.rotations_total, 'source'),
  truncations: counter('atender_exporter_truncations_total', SOURCE_COUNTERS.truncations_total, 'source'),
  fileErrors: counter(
    'atender_exporter_file_errors_total',
    SOURCE_COUNTERS.file_errors_total,
    'source',
    'op',
  ),
  sourceFiles: gauge(
    'atender_exporter_source_files',
    'Files that a configured path or glob matches and that can be read.',
    ...['source', 'pattern'],
  ),
  sourceProblems: gauge(
    'atender_exporter_source_problems',
    `Files and directories of a configured path or glob that cannot be read, by cause (${Object.keys(PATTERN_PROBLEMS).join(', ')}). Absent if there are none.`,
    ...['source', 'pattern', 'cause'],
  ),
  journalGaps: counter(
    'atender_exporter_journal_gaps_total',
    `${SOURCE_COUNTERS.journal_gaps_total}.`,
    'source',
  ),
  filesOpen: gauge(
    'atender_exporter_files_open',
    'Open log files, FIFOs, standard input and journals.',
    'source',
  ),
  behindBytes: gauge('atender_exporter_behind_bytes', 'Bytes that are not read yet.', 'source'),
  behindSeconds: gauge(
    'atender_exporter_behind_seconds',
    'Age of the last line read while more is waiting. 0 when caught up.',
    'source',
  ),
  lastEvent: gauge(
    'atender_exporter_last_event_timestamp_seconds',
    'Time of the newest request of the source.',
    'source',
  ),
  ahead: gauge(
    'atender_exporter_ahead_seconds',
    'How far requests were ahead of the clock when they were read. Maximum of the last 5 to 10 min with lines.',
    'source',
  ),
  lastLooked: gauge(
    'atender_exporter_last_look_timestamp_seconds',
    'When the source was last read or found unchanged.',
    'source',
  ),
  staleAfter: gauge(
    'atender_exporter_stale_after_seconds',
    'Configured time without a line after which the source is stale. Absent if not configured.',
    'source',
  ),
  recordedSince: gauge(
    EXPORTER_SERIES.recordedSince,
    'When recording began: the first request in the store, or the creation of the store if that is earlier.',
  ),
  ready: gauge(EXPORTER_SERIES.ready, '1 when the backlog of the start is read.'),
  commits: counter('atender_exporter_commits_total', 'Successful commits.'),
  commitErrors: counter(
    'atender_exporter_commit_errors_total',
    'Failed commits (retried). Exposed values do not change meanwhile.',
  ),
  commitFailing: gauge('atender_exporter_commit_failing', '1 if the latest commit failed.'),
  lastCommit: gauge(
    'atender_exporter_last_commit_timestamp_seconds',
    'Time of the last successful commit. There are no commits without changes.',
  ),
  commitDuration: {
    name: 'atender_exporter_commit_duration_seconds',
    type: 'histogram',
    help: 'Duration of commits.',
    labels: ['le'],
  },
  series: gauge('atender_exporter_series', 'Series, by limited metric.', 'metric'),
  seriesLimit: gauge('atender_exporter_series_limit', 'The configured limit.', 'metric'),
  overflow: counter(
    'atender_exporter_series_overflow_total',
    'Requests or IP addresses over the limit. They count under __other__.',
    'metric',
  ),
  archiveProblems: gauge(
    'atender_exporter_archive_problems',
    'Errors of the latest upkeep of the archive; the log names them. Absent without an archive.',
  ),
  archiveWaiting: gauge(
    'atender_exporter_archive_unsealed_segments',
    'Full segments that are not written to Parquet yet.',
  ),
  archiveUpkeep: gauge(
    'atender_exporter_archive_last_upkeep_timestamp_seconds',
    'Time of the last upkeep of the archive without an error.',
  ),
  sharedUp: gauge(
    'atender_exporter_shared_up',
    '1 while facts are shared with other exporters. 0 while this exporter shows only its own. Absent if not configured.',
  ),
  sharedErrors: counter('atender_exporter_shared_errors_total', 'Failed sync cycles with Redis (retried).'),
  sharedLastSuccess: gauge(
    'atender_exporter_shared_last_success_timestamp_seconds',
    'Time of the last successful sync cycle with Redis.',
  ),
  sharedKeys: gauge('atender_exporter_shared_keys', 'API keys with shared facts.'),
  reloadSuccess: gauge(
    'atender_exporter_config_last_reload_successful',
    '1 if the last reload of configuration and keys file succeeded.',
  ),
  reloadTime: gauge(
    'atender_exporter_config_last_reload_success_timestamp_seconds',
    'Time of the last successful reload.',
  ),
  scrapeDuration: {
    name: 'atender_exporter_scrape_duration_seconds',
    type: 'histogram',
    help: 'Time to render a scrape.',
    labels: ['le'],
  },
  scrapeSize: gauge('atender_exporter_scrape_size_bytes', 'Size of the last scrape, uncompressed.'),
  buildInfo: gauge(
    'atender_exporter_build_info',
    'Version of the exporter and of Node.js. Always 1.',
    'version',
    'nodeversion',
  ),
});

/** The families as the Markdown table of docs/metrics.md. */
export function metricsTable(): string {
  const row = ({ name, type, help, labels }: FamilyDefinition) =>
    `| \`${name}\` | ${type} | ${labels.map((label) => `\`${label}\``).join(', ')} | ${help} |`;
  return [
    '| name | type | more labels | meaning |',
    '| --- | --- | --- | --- |',
    ...Object.values(KEY_FAMILIES).map(row),
    ...Object.values(SELF_FAMILIES).map(row),
  ].join('\n');
}
