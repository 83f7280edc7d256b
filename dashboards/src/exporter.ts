import { CAUGHT_UP_WITHIN } from '../../exporter/src/health/pipeline.ts';
import { RECORDED } from '../../exporter/src/health/series.ts';
import { alertAnnotation, baseDashboard } from './base-dashboard.ts';
import { goodBelow, NEUTRAL, row, statsPanel, tablePanel, timeSeriesPanel } from './panels.ts';
import { SELF } from './queries.ts';

const JOB = 'job=~"$job"';
const ratePerSource = (metric: string, by = 'instance, source'): string =>
  `sum by (${by}) (rate(${metric}{${JOB}}[$__rate_interval]))`;
/** Increase since the previous point, by labels. */
const increaseOf = (metric: string, by: string): string =>
  `sum by (${by}) (increase(${metric}{${JOB}}[$__rate_interval]))`;
const quantile = (metric: string, q: number): string =>
  `histogram_quantile(${q}, sum by (instance, le) (rate(${metric}_bucket{${JOB}}[$__rate_interval])))`;

const NO_EXPORTER = 'No exporter is scraped';
const NOT_SHARED = 'Sharing is off (shared.redis.url)';
const NO_ARCHIVE = 'The archive is off (record.archive)';

/** Health of the exporters. */
export const exporter = baseDashboard(
  'exporter',
  'Health of the exporters: reading, commits, scrapes, and what they cost.',
  ['job'],
)
  .annotation(alertAnnotation('alertname=~"Atender.+",category="pipeline",alertname!="AtenderWatchdog"'))
  .withPanel(
    statsPanel(
      {
        title: 'Exporters',
        description:
          'Exporters by state. up: Prometheus can scrape the exporter. down: it cannot. ready: the backlog is read. blind: the exporter is down, not reading, behind, or failing to commit. Do not judge a key by a blind exporter. The panels below show the cause.',
        unit: 'short',
        none: 'No exporter is scraped. Check the targets in Prometheus.',
      },
      [
        { expr: `sum(up{${JOB}})`, legend: 'up', steps: [['red'], ['green', 1]] },
        { expr: `count(up{${JOB}} == 0) or 0 * count(up{${JOB}})`, legend: 'down', steps: goodBelow(1, 1) },
        { expr: `sum(${SELF.ready}{${JOB}})`, legend: 'ready', steps: [['red'], ['green', 1]] },
        {
          expr: `count(count by (instance) (${RECORDED.blind}{${JOB}})) or 0 * count(up{${JOB}})`,
          legend: 'blind',
          steps: goodBelow(1, 1),
        },
      ],
      NEUTRAL,
    ),
  )
  .withPanel(
    statsPanel(
      {
        title: 'Behind',
        description:
          'Values of the worst source. behind: age of the last line read while more lines wait. last look: time since the source was last read or found unchanged. last request: time since its newest request. If behind rises, more is written than is read. If only last request rises, nothing is written.',
        unit: 's',
        none: 'No source is read',
      },
      [
        { expr: `max(${SELF.behindSeconds}{${JOB}})`, legend: 'behind' },
        { expr: `max(time() - ${SELF.lastLooked}{${JOB}})`, legend: 'last look' },
        { expr: `max(time() - ${SELF.lastEvent}{${JOB}})`, legend: 'last request', steps: NEUTRAL },
      ],
      goodBelow(30, CAUGHT_UP_WITHIN),
    ),
  )
  .withRow(row('Reading'))
  .withPanel(
    timeSeriesPanel(
      {
        title: 'Lines read',
        description:
          'Lines per second by source. The rate follows the API traffic. If it drops to 0 while the API is in use, the log has stopped.',
        unit: 'cps',
        none: NO_EXPORTER,
      },
      [{ expr: ratePerSource(SELF.lines), legend: '{{instance}} {{source}}' }],
    ),
  )
  .withPanel(
    timeSeriesPanel(
      {
        title: 'Rejected lines by reason',
        description:
          'Lines per second that do not match the configured format. They are not counted. The log of the exporter quotes an example of each reason. Run `once` on the file to test the format.',
        unit: 'cps',
        none: 'No lines rejected',
      },
      [{ expr: ratePerSource(SELF.rejected, 'source, reason'), legend: '{{source}} {{reason}}' }],
      { stacked: true },
    ),
  )
  .withPanel(
    timeSeriesPanel(
      {
        title: 'Files by pattern',
        description:
          'Readable files that each configured path or glob matches. 0 means a typo, a missing directory or a missing permission. `check-config` shows the cause.',
        unit: 'none',
        none: NO_EXPORTER,
      },
      [
        {
          expr: `min by (instance, source, pattern) (${SELF.sourceFiles}{${JOB}})`,
          legend: '{{instance}} {{source}} {{pattern}}',
        },
      ],
    ),
  )
  .withPanel(
    timeSeriesPanel(
      {
        title: 'Bytes waiting',
        description:
          'Bytes written but not read yet. The value should be near 0. A sawtooth is normal. A steady rise is not.',
        unit: 'bytes',
        none: NO_EXPORTER,
      },
      [
        {
          expr: `max by (instance, source) (${SELF.behindBytes}{${JOB}})`,
          legend: '{{instance}} {{source}}',
        },
      ],
    ),
  )
  .withPanel(
    timeSeriesPanel(
      {
        title: 'Lost bytes',
        description:
          'Bytes that disappeared before they were read, by reason. Their requests are not counted. Rotate logs by renaming, and keep rotated files for a while.',
        unit: 'bytes',
        none: 'No bytes lost',
      },
      [{ expr: increaseOf(SELF.lost, 'source, reason'), legend: '{{source}} {{reason}}' }],
      { steps: goodBelow(1, 1) },
    ),
  )
  .withPanel(
    timeSeriesPanel(
      {
        title: 'Rotations, truncations, file errors',
        description:
          'Events of the log files. Rotations follow the schedule of the logger. A truncation can lose lines; see Lost bytes. A journal gap means that entries may have been removed before they were read. An error shows the failed operation. The log of the exporter names the file.',
        unit: 'short',
        none: 'No rotation, truncation, file error or journal gap yet',
      },
      [
        { expr: increaseOf(SELF.rotations, 'source'), legend: 'rotations {{source}}' },
        { expr: increaseOf(SELF.truncations, 'source'), legend: 'truncations {{source}}' },
        { expr: increaseOf(SELF.fileErrors, 'source, op'), legend: 'errors {{source}} {{op}}' },
        { expr: increaseOf(SELF.journalGaps, 'source'), legend: 'journal gaps {{source}}' },
      ],
    ),
  )
  .withPanel(
    timeSeriesPanel(
      {
        title: 'Unusable fields',
        description:
          'Lines per second that were counted without an optional field because its value is invalid. Without an IP address, no new IP address can be detected. Fix the logger, or map another field.',
        unit: 'cps',
        none: 'No unusable fields',
      },
      [{ expr: ratePerSource(SELF.ignored, 'source, field'), legend: '{{source}} {{field}}' }],
      { stacked: true },
    ),
  )
  .withRow(row('Commits and scrapes'))
  .withPanel(
    timeSeriesPanel(
      {
        title: 'Commit duration',
        description:
          'Duration of commits. A rising value means a slow or full disk. A line read is exposed after at most this time plus the commit interval.',
        unit: 's',
        none: NO_EXPORTER,
      },
      [0.5, 0.99].map((q) => ({
        expr: quantile(SELF.commitDuration, q),
        legend: `p${q * 100} {{instance}}`,
      })),
    ),
  )
  .withPanel(
    timeSeriesPanel(
      {
        title: 'Commit errors',
        description:
          'Failed commits (retried). While commits fail, the exposed values do not change. Free disk space, or restore the store.',
        unit: 'short',
        none: NO_EXPORTER,
      },
      [{ expr: increaseOf(SELF.commitErrors, 'instance'), legend: '{{instance}}' }],
      { steps: goodBelow(1, 1) },
    ),
  )
  .withPanel(
    timeSeriesPanel(
      {
        title: 'Scrape duration',
        description:
          'Time to render a scrape, and time for Prometheus to fetch it. Scrapes fail when this reaches the scrape timeout (10 s by default). Scrape less often, or lower the series limits.',
        unit: 's',
        none: NO_EXPORTER,
      },
      [
        { expr: quantile(SELF.scrapeDuration, 0.99), legend: 'p99 {{instance}}' },
        {
          expr: `max by (instance) (scrape_duration_seconds{${JOB}})`,
          legend: 'fetched by Prometheus {{instance}}',
        },
      ],
    ),
  )
  .withPanel(
    timeSeriesPanel(
      {
        title: 'Memory and scrape size',
        description:
          'Resident memory, and size of the rendered exposition. Memory grows with keys, series and IP addresses. The configured limits bound all three.',
        unit: 'bytes',
        none: NO_EXPORTER,
      },
      [
        { expr: `max by (instance) (process_resident_memory_bytes{${JOB}})`, legend: 'memory {{instance}}' },
        { expr: `max by (instance) (${SELF.scrapeSize}{${JOB}})`, legend: 'scrape size {{instance}}' },
      ],
    ),
  )
  .withPanel(
    timeSeriesPanel(
      {
        title: 'CPU',
        description:
          'CPU use as a share of one core. A steady 100 % means that one core cannot keep up with the log. Run one exporter per log host.',
        unit: 'percentunit',
        none: NO_EXPORTER,
      },
      [
        {
          expr: `sum by (instance) (rate(process_cpu_seconds_total{${JOB}}[$__rate_interval]))`,
          legend: '{{instance}}',
        },
      ],
    ),
  )
  .withPanel(
    tablePanel(
      {
        title: 'Series and their limits',
        description:
          'Current number of series, the limit, and how many requests or IP addresses were over the limit in the shown time. These count under `__other__`, so totals stay correct. Raise the limit, or list your routes.',
        unit: 'short',
        none: NO_EXPORTER,
      },
      [
        { expr: `max by (instance, metric) (${SELF.series}{${JOB}})`, column: { title: 'Series' } },
        { expr: `max by (instance, metric) (${SELF.seriesLimit}{${JOB}})`, column: { title: 'Limit' } },
        {
          expr: `sum by (instance, metric) (increase(${SELF.overflow}{${JOB}}[$__range]))`,
          column: { title: 'Over the limit' },
        },
      ],
      { instance: 'Exporter', metric: 'Metric' },
      { wide: 'Metric' },
    ),
  )
  .withRow(row('Configuration'))
  .withPanel(
    tablePanel(
      {
        title: 'Configuration reloads',
        description:
          'Time since configuration and keys file were last reloaded successfully, and whether the latest reload failed. After a failed reload, the previous configuration stays active. `check-config` shows the error.',
        unit: 's',
        none: NO_EXPORTER,
      },
      [
        {
          expr: `time() - max by (instance) (${SELF.reloadTime}{${JOB}})`,
          column: { title: 'Since last success' },
        },
        {
          expr: `1 - min by (instance) (${SELF.reloadSuccess}{${JOB}})`,
          column: { title: 'Latest failed', unit: 'bool_yes_no', steps: goodBelow(1, 1) },
        },
      ],
      { instance: 'Exporter' },
      { ascending: true },
    ),
  )
  .withPanel(
    tablePanel(
      {
        title: 'Versions',
        description:
          'Version of each exporter. Exporters of different versions can share facts, so you can update them one by one. If different versions remain, an update was forgotten.',
        unit: 'short',
        none: NO_EXPORTER,
      },
      [
        {
          expr: `max by (instance, version, nodeversion) (${SELF.buildInfo}{${JOB}})`,
          column: { title: 'Running' },
        },
      ],
      { instance: 'Exporter', version: 'Version', nodeversion: 'Node.js' },
    ),
  )
  .withRow(row('Sharing between exporters'))
  .withPanel(
    statsPanel(
      {
        title: 'Sharing through Redis',
        description:
          'sharing: exporters that share facts with others. alone: exporters that show only their own. keys known: API keys with shared facts. While an exporter is alone, nothing is lost, but it can report an IP address as new that another exporter knows. Fix Redis or the connection to it.',
        unit: 'short',
        span: 8,
        height: 8,
        none: NOT_SHARED,
      },
      [
        { expr: `sum(${SELF.sharedUp}{${JOB}})`, legend: 'sharing', steps: [['red'], ['green', 1]] },
        {
          expr: `count(${SELF.sharedUp}{${JOB}} == 0) or 0 * count(${SELF.sharedUp}{${JOB}})`,
          legend: 'alone',
          steps: goodBelow(1, 1),
        },
        { expr: `max(${SELF.sharedKeys}{${JOB}})`, legend: 'keys known' },
      ],
      NEUTRAL,
    ),
  )
  .withPanel(
    timeSeriesPanel(
      {
        title: 'Time since the last sync',
        description:
          'Time since an exporter last published its facts and read those of the others. A few seconds are normal (shared.interval). A rising value means that Redis does not respond. No line means that no sync has succeeded since the start.',
        unit: 's',
        span: 8,
        none: NOT_SHARED,
      },
      [
        {
          expr: `time() - max by (instance) (${SELF.sharedLastSuccess}{${JOB}})`,
          legend: '{{instance}}',
        },
      ],
      { steps: goodBelow(60, 600) },
    ),
  )
  .withPanel(
    timeSeriesPanel(
      {
        title: 'Failed sync cycles with Redis',
        description:
          'Failed sync cycles with Redis (retried). A few during a fail-over recover by themselves. Steady failures mean that Redis is full, read-only or down, or that a password changed. The exporter’s log has the error.',
        unit: 'short',
        span: 8,
        none: NOT_SHARED,
      },
      [{ expr: increaseOf(SELF.sharedErrors, 'instance'), legend: '{{instance}}' }],
      { steps: goodBelow(1, 10) },
    ),
  )
  .withRow(row('Request archive'))
  .withPanel(
    statsPanel(
      {
        title: 'Archive upkeep',
        description:
          'Values of the worst exporter: errors of its latest upkeep, and time since its last upkeep without an error. Upkeep is due every hour. No request is lost meanwhile, but the disk fills up. The log of the exporter names each error.',
        unit: 'short',
        span: 8,
        height: 8,
        none: NO_ARCHIVE,
      },
      [
        { expr: `max(${SELF.archiveProblems}{${JOB}})`, legend: 'errors', steps: goodBelow(1, 1) },
        {
          expr: `time() - min(${SELF.archiveUpkeep}{${JOB}})`,
          legend: 'since last success',
          unit: 's',
          steps: goodBelow(5400, 10_800),
        },
      ],
      NEUTRAL,
    ),
  )
  .withPanel(
    timeSeriesPanel(
      {
        title: 'Segments waiting to be sealed',
        description:
          'Full segments of the spool that are not written to Parquet yet. A segment is full after 15 minutes or a million requests, and is sealed within minutes. Several waiting segments mean that sealing fails. Searches do not find their requests. Never delete the spool; free disk space elsewhere.',
        unit: 'short',
        span: 8,
        none: NO_ARCHIVE,
      },
      [
        {
          expr: `max by (instance) (${SELF.archiveWaiting}{${JOB}})`,
          legend: '{{instance}}',
        },
      ],
      { steps: goodBelow(4, 12) },
    ),
  )
  .withPanel(
    timeSeriesPanel(
      {
        title: 'Archive errors',
        description:
          'Errors of the latest upkeep, such as a full disk, an unreadable file, or a manifest that does not match. Upkeep is retried every 30 s and recovers when the cause is fixed. `audit verify` names damaged files.',
        unit: 'short',
        span: 8,
        none: NO_ARCHIVE,
      },
      [
        {
          expr: `max by (instance) (${SELF.archiveProblems}{${JOB}})`,
          legend: '{{instance}}',
        },
      ],
      { steps: goodBelow(1, 1) },
    ),
  );
