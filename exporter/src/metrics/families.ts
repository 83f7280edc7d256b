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
    'Requests, by endpoint template and status; what has no place of its own is under __other__ or __unmatched__.',
    ...['method', 'endpoint', 'status', 'status_class'],
  ),
  duration: {
    name: KEY_SERIES.duration,
    type: 'histogram',
    help: 'How long requests took.',
    labels: ['le'],
  },
  responseBytes: counter(KEY_SERIES.responseBytes, 'Bytes of responses.'),
  lastUsed: gauge(
    KEY_SERIES.lastUsed,
    'Event time of the latest request with a response other than 401, or when it was read where that lies ahead of the clock; absent when none is recorded.',
  ),
  maxGap: gauge(KEY_SERIES.maxGap, "Longest quiet gap in the last 30 days: the key's own cadence."),
  uniqueIps: gauge(KEY_SERIES.uniqueIps, 'Different addresses seen in the window: 1h, 24h, 30d.', 'window'),
  newIps: counter(KEY_SERIES.newIps, "Addresses first seen after the key's learning period."),
  lastNewIp: gauge(KEY_SERIES.lastNewIp, 'When the latest new address was noticed (wall clock).'),
  recentNewIp: gauge(
    KEY_SERIES.recentNewIp,
    'Always 1: the new addresses of the last 24 h, at most 3 a key, shown as metrics.newIp says.',
    'ip',
  ),
  lastNewSurface: gauge(
    KEY_SERIES.lastNewSurface,
    'When the key was first noticed on a surface it had never called (wall clock).',
    'surface',
  ),
  lastRejected: gauge(KEY_SERIES.lastRejected, 'Event time of the latest 401.'),
  scopeLastUsed: gauge(
    KEY_SERIES.scopeLastUsed,
    'Event time of the latest request that needed the scope and had it.',
    'scope',
  ),
  lastMinute: gauge(
    KEY_SERIES.lastMinute,
    'Requests in the sliding 60 s of event time that end at the last event or now minus the lag.',
  ),
  peakPerMinute: gauge(
    KEY_SERIES.peakPerMinute,
    'Highest value of the sliding 60 s window in the last 5 minutes.',
  ),
  requestsToday: gauge(KEY_SERIES.requestsToday, 'Requests of the UTC day so far, without 401s.'),
  rateLimit: gauge(KEY_SERIES.rateLimit, 'Requests the tier allows: per minute, per day.', 'window'),
  rateLimitBurst: gauge(KEY_SERIES.rateLimitBurst, 'Requests allowed on top of the minute limit.'),
  info: gauge(
    KEY_SERIES.info,
    'Always 1: what the keys file says about the key.',
    ...['name', 'environment', 'tier', 'owner', 'state', 'realtime', 'replaces'],
  ),
  created: gauge(KEY_SERIES.created, 'When the key was created.'),
  rotated: gauge(KEY_SERIES.rotated, 'When the key was last rotated.'),
  rotateEvery: gauge(
    KEY_SERIES.rotateEvery,
    "The key's own rotation policy; absent where the keys file has none.",
  ),
  scopesChanged: gauge(KEY_SERIES.scopesChanged, "When the key's scopes last changed."),
  scopeInfo: gauge(KEY_SERIES.scopeInfo, 'Always 1: the scopes granted to the key.', 'scope'),
  threshold: gauge(KEY_SERIES.threshold, 'Per-key overrides of alert thresholds, only where set.', 'kind'),
});

/** Every family of the exporter's own, but those that prom-client defines itself (process_*, nodejs_*). */
export const SELF_FAMILIES = define({
  lines: counter('atender_exporter_lines_total', SOURCE_COUNTERS.lines_total, 'source'),
  bytes: counter('atender_exporter_bytes_total', SOURCE_COUNTERS.bytes_total, 'source'),
  rejected: counter(
    'atender_exporter_lines_rejected_total',
    `${SOURCE_COUNTERS.lines_rejected_total}; the log of the exporter quotes an example.`,
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
    `Files and directories because of which a configured path or glob is not read, or not wholly, by cause (${Object.keys(PATTERN_PROBLEMS).join(', ')}); absent where there are none.`,
    ...['source', 'pattern', 'cause'],
  ),
  journalGaps: counter(
    'atender_exporter_journal_gaps_total',
    `${SOURCE_COUNTERS.journal_gaps_total}.`,
    'source',
  ),
  filesOpen: gauge(
    'atender_exporter_files_open',
    'Log files, FIFOs, standard input and journals that are held open.',
    'source',
  ),
  behindBytes: gauge('atender_exporter_behind_bytes', 'Bytes known to be there and not read yet.', 'source'),
  behindSeconds: gauge(
    'atender_exporter_behind_seconds',
    'Age of the last line read while bytes are pending; 0 when caught up.',
    'source',
  ),
  lastEvent: gauge(
    'atender_exporter_last_event_timestamp_seconds',
    'Event time of the newest request of the source.',
    'source',
  ),
  ahead: gauge(
    'atender_exporter_ahead_seconds',
    'How far the newest requests were ahead of the clock when they were read: the maximum of the last 5 to 10 minutes with lines; 0 when not ahead.',
    'source',
  ),
  lastLooked: gauge(
    'atender_exporter_last_look_timestamp_seconds',
    'When the source was last read or found unchanged.',
    'source',
  ),
  staleAfter: gauge(
    'atender_exporter_stale_after_seconds',
    'Configured silence after which the source counts as stale; absent where not configured.',
    'source',
  ),
  recordedSince: gauge(
    EXPORTER_SERIES.recordedSince,
    'Since when requests are recorded: the first request in the store, or the creation of the store where that is earlier. A key counts as never used or stale no further back.',
  ),
  ready: gauge(EXPORTER_SERIES.ready, '1 when the bytes that were there at start are read.'),
  commits: counter('atender_exporter_commits_total', 'Commits that succeeded.'),
  commitErrors: counter(
    'atender_exporter_commit_errors_total',
    'Commits that failed and are tried again; what is shown stands still meanwhile.',
  ),
  commitFailing: gauge('atender_exporter_commit_failing', '1 while the latest commit has failed.'),
  lastCommit: gauge(
    'atender_exporter_last_commit_timestamp_seconds',
    'When a commit last succeeded; nothing is committed while nothing happens.',
  ),
  commitDuration: {
    name: 'atender_exporter_commit_duration_seconds',
    type: 'histogram',
    help: 'How long commits took.',
    labels: ['le'],
  },
  series: gauge('atender_exporter_series', 'Series held, by what is limited.', 'metric'),
  seriesLimit: gauge('atender_exporter_series_limit', 'The configured limit.', 'metric'),
  overflow: counter(
    'atender_exporter_series_overflow_total',
    'Requests or addresses that found the limit reached; they count under __other__.',
    'metric',
  ),
  archiveProblems: gauge(
    'atender_exporter_archive_problems',
    'What the latest upkeep of the archive could not do, see the log; absent without an archive.',
  ),
  archiveWaiting: gauge(
    'atender_exporter_archive_unsealed_segments',
    'Full segments that are not in Parquet yet.',
  ),
  archiveUpkeep: gauge(
    'atender_exporter_archive_last_upkeep_timestamp_seconds',
    'When the archive was last brought up to date without a problem.',
  ),
  sharedUp: gauge(
    'atender_exporter_shared_up',
    '1 while facts are shared with other exporters, 0 while this one shows its own; absent where not configured.',
  ),
  sharedErrors: counter(
    'atender_exporter_shared_errors_total',
    'Turns of publishing and reading shared facts that failed and are repeated.',
  ),
  sharedLastSuccess: gauge(
    'atender_exporter_shared_last_success_timestamp_seconds',
    'When shared facts were last published and read.',
  ),
  sharedKeys: gauge('atender_exporter_shared_keys', 'API keys whose shared facts are known.'),
  reloadSuccess: gauge(
    'atender_exporter_config_last_reload_successful',
    '1 when configuration and keys file were taken over the last time they were read.',
  ),
  reloadTime: gauge(
    'atender_exporter_config_last_reload_success_timestamp_seconds',
    'When configuration and keys file were last taken over.',
  ),
  scrapeDuration: {
    name: 'atender_exporter_scrape_duration_seconds',
    type: 'histogram',
    help: 'How long rendering a scrape took.',
    labels: ['le'],
  },
  scrapeSize: gauge('atender_exporter_scrape_size_bytes', 'Size of the last rendered scrape, uncompressed.'),
  buildInfo: gauge(
    'atender_exporter_build_info',
    'Always 1: version of the exporter and of Node.js.',
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
