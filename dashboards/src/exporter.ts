import { RECORDED } from '../../exporter/src/health/series.ts';
import { firing, frame } from './frame.ts';
import { figures, GOOD_BELOW, lines, NEUTRAL, row, rows } from './panels.ts';
import { SELF } from './queries.ts';

const JOB = 'job=~"$job"';
const perSource = (metric: string, by = 'instance, source'): string =>
  `sum by (${by}) (rate(${metric}{${JOB}}[$__rate_interval]))`;
/** What happened to whom, since the point before. */
const happened = (metric: string, by: string): string =>
  `sum by (${by}) (increase(${metric}{${JOB}}[$__rate_interval]))`;
const quantile = (metric: string, q: number): string =>
  `histogram_quantile(${q}, sum by (instance, le) (rate(${metric}_bucket{${JOB}}[$__rate_interval])))`;

const NO_EXPORTER = 'No exporter is scraped';
const NOT_SHARED = 'Facts are not shared (shared.redis.url)';
const NO_ARCHIVE = 'No archive is kept (record.archive)';

/** Does the pipeline see? */
export const exporter = frame(
  'exporter',
  'The pipeline itself: is everything read, committed and shown, and what does it cost?',
  ['job'],
)
  .annotation(firing('alertname=~"Atender.+",category="pipeline",alertname!="AtenderWatchdog"'))
  .withPanel(
    figures(
      {
        title: 'Exporters',
        description:
          'Exporters that Prometheus can scrape, those it cannot, those that have read their backlog, and those that are blind: not reading, behind, or failing to commit. No key can be judged by a blind one; the panels below say why it is.',
        unit: 'short',
        none: 'No exporter is scraped: see the targets in Prometheus',
      },
      [
        { expr: `sum(up{${JOB}})`, legend: 'up', steps: [['red'], ['green', 1]] },
        { expr: `count(up{${JOB}} == 0) or 0 * count(up{${JOB}})`, legend: 'down', steps: GOOD_BELOW(1, 1) },
        { expr: `sum(${SELF.ready}{${JOB}})`, legend: 'ready', steps: [['red'], ['green', 1]] },
        {
          expr: `count(count by (instance) (${RECORDED.blind}{${JOB}})) or 0 * count(up{${JOB}})`,
          legend: 'blind',
          steps: GOOD_BELOW(1, 1),
        },
      ],
      NEUTRAL,
    ),
  )
  .withPanel(
    figures(
      {
        title: 'Behind',
        description:
          'Of the worst source: age of the last line read while more is waiting, time since it was last looked at, and time since its newest request. The first rising means that more is written than is read; the last alone rising, that nothing is written.',
        unit: 's',
        none: 'No source is read',
      },
      [
        { expr: `max(${SELF.behindSeconds}{${JOB}})`, legend: 'behind' },
        { expr: `max(time() - ${SELF.lastLooked}{${JOB}})`, legend: 'last look' },
        { expr: `max(time() - ${SELF.lastEvent}{${JOB}})`, legend: 'last request', steps: NEUTRAL },
      ],
      GOOD_BELOW(30, 120),
    ),
  )
  .withRow(row('Reading'))
  .withPanel(
    lines(
      {
        title: 'Lines read',
        description:
          'Lines a second by source. It follows the traffic of the API; a stop while the API runs is a log that stopped.',
        unit: 'cps',
        none: NO_EXPORTER,
      },
      [{ expr: perSource(SELF.lines), legend: '{{instance}} {{source}}' }],
    ),
  )
  .withPanel(
    lines(
      {
        title: 'Rejected lines by reason',
        description:
          'Lines a second that are no requests in the configured format and are not counted. The exporter’s log quotes an example of each reason; try `once` on the file.',
        unit: 'cps',
        none: 'No line was ever rejected',
      },
      [{ expr: perSource(SELF.rejected, 'source, reason'), legend: '{{source}} {{reason}}' }],
      { stacked: true },
    ),
  )
  .withPanel(
    lines(
      {
        title: 'Files by pattern',
        description:
          'Files that each configured path or glob matches and that can be read. 0 is a typo, a missing directory or a permission: `check-config` names the cause.',
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
    lines(
      {
        title: 'Bytes waiting',
        description:
          'Bytes known to be there and not read yet. Should be near 0; a saw-tooth is normal, a ramp is not.',
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
    lines(
      {
        title: 'Lost bytes',
        description:
          'Bytes that were written and gone before they could be read, by reason. Their requests are counted nowhere: rotate by rename, and keep rotated files a while.',
        unit: 'bytes',
        none: 'No byte was ever lost',
      },
      [{ expr: happened(SELF.lost, 'source, reason'), legend: '{{source}} {{reason}}' }],
      { steps: GOOD_BELOW(1, 1) },
    ),
  )
  .withPanel(
    lines(
      {
        title: 'Rotations, truncations, file errors',
        description:
          'What happened to the files. Rotations come as the logger makes them; a truncation can lose lines (see Lost bytes); a journal gap means that entries may have been removed before they were read; an error names what failed, and the exporter’s log says on which file.',
        unit: 'short',
        none: 'No rotation, truncation, file error or journal gap yet',
      },
      [
        { expr: happened(SELF.rotations, 'source'), legend: 'rotations {{source}}' },
        { expr: happened(SELF.truncations, 'source'), legend: 'truncations {{source}}' },
        { expr: happened(SELF.fileErrors, 'source, op'), legend: 'errors {{source}} {{op}}' },
        { expr: happened(SELF.journalGaps, 'source'), legend: 'journal gaps {{source}}' },
      ],
    ),
  )
  .withPanel(
    lines(
      {
        title: 'Unusable fields',
        description:
          'Lines a second that were counted without an optional field, because its value cannot be used: without an address no new address is noticed. Mend the logger, or map another field.',
        unit: 'cps',
        none: 'Every field was usable',
      },
      [{ expr: perSource(SELF.ignored, 'source, field'), legend: '{{source}} {{field}}' }],
      { stacked: true },
    ),
  )
  .withRow(row('Committing and showing'))
  .withPanel(
    lines(
      {
        title: 'Commit duration',
        description:
          'How long a commit took. Growing means a slow disk or a store on a full one; a line is shown after at most this and the commit interval.',
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
    lines(
      {
        title: 'Commit errors',
        description:
          'Commits that failed and were tried again. While they fail what is shown stands still: free space, or put the store back.',
        unit: 'short',
        none: NO_EXPORTER,
      },
      [{ expr: happened(SELF.commitErrors, 'instance'), legend: '{{instance}}' }],
      { steps: GOOD_BELOW(1, 1) },
    ),
  )
  .withPanel(
    lines(
      {
        title: 'Scrape duration',
        description:
          'How long the exporter took to render a scrape, and Prometheus to fetch it. Near the scrape timeout (10 s by default) scrapes fail: scrape less often, or lower the limits.',
        unit: 's',
        none: NO_EXPORTER,
      },
      [
        { expr: quantile(SELF.scrapeDuration, 0.99), legend: 'p99 {{instance}}' },
        {
          expr: `max by (instance) (scrape_duration_seconds{${JOB}})`,
          legend: 'as Prometheus sees it {{instance}}',
        },
      ],
    ),
  )
  .withPanel(
    lines(
      {
        title: 'Memory and scrape size',
        description:
          'Resident memory, and the size of the rendered exposition. Memory grows with keys, series and addresses, and stays within the limits.',
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
    lines(
      {
        title: 'Processor',
        description:
          'Share of one core. A steady 100 % means that more is written than one core reads: run an exporter per log host.',
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
    rows(
      {
        title: 'Series held against their limits',
        description:
          'What is limited, how full it is, and what found the limit reached. Totals stay right under `__other__`; raise the limit or list the routes.',
        unit: 'short',
        none: NO_EXPORTER,
      },
      [
        { expr: `max by (instance, metric) (${SELF.series}{${JOB}})`, column: { title: 'Held' } },
        { expr: `max by (instance, metric) (${SELF.seriesLimit}{${JOB}})`, column: { title: 'Limit' } },
        {
          expr: `sum by (instance, metric) (increase(${SELF.overflow}{${JOB}}[$__range]))`,
          column: { title: 'Overflowed' },
        },
      ],
      { instance: 'Exporter', metric: 'Metric' },
      { wide: 'Metric' },
    ),
  )
  .withRow(row('Configuration'))
  .withPanel(
    rows(
      {
        title: 'Configuration taken over',
        description:
          'Whether configuration and keys file were taken over when they were last read, and how long ago that last succeeded. After a refusal the old ones stay in force: `check-config` names what is wrong.',
        unit: 's',
        none: NO_EXPORTER,
      },
      [
        {
          expr: `time() - max by (instance) (${SELF.reloadTime}{${JOB}})`,
          column: { title: 'Taken over ago' },
        },
        {
          expr: `1 - min by (instance) (${SELF.reloadSuccess}{${JOB}})`,
          column: { title: 'Latest refused', unit: 'bool_yes_no', steps: GOOD_BELOW(1, 1) },
        },
      ],
      { instance: 'Exporter' },
      { ascending: true },
    ),
  )
  .withPanel(
    rows(
      {
        title: 'Versions',
        description:
          'What runs where. Exporters of different versions share facts and can be updated one by one; a mix that lasts is an update that was forgotten.',
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
  .withRow(row('Sharing with other exporters'))
  .withPanel(
    figures(
      {
        title: 'Sharing through Redis',
        description:
          'Exporters that share facts with the others and those that show only their own, and the API keys whose shared facts are known. While one is away nothing is lost, but an address that another exporter knows may be announced as new: mend Redis or the way to it.',
        unit: 'short',
        span: 8,
        height: 8,
        none: NOT_SHARED,
      },
      [
        { expr: `sum(${SELF.sharedUp}{${JOB}})`, legend: 'sharing', steps: [['red'], ['green', 1]] },
        {
          expr: `count(${SELF.sharedUp}{${JOB}} == 0) or 0 * count(${SELF.sharedUp}{${JOB}})`,
          legend: 'on their own',
          steps: GOOD_BELOW(1, 1),
        },
        { expr: `max(${SELF.sharedKeys}{${JOB}})`, legend: 'keys known' },
      ],
      NEUTRAL,
    ),
  )
  .withPanel(
    lines(
      {
        title: 'Since facts were last shared',
        description:
          'Time since an exporter last published its facts and read those of the others. A few seconds are normal (shared.interval); rising means that Redis does not answer. Nothing at all: it never has since the start.',
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
      { steps: GOOD_BELOW(60, 600) },
    ),
  )
  .withPanel(
    lines(
      {
        title: 'Failed sync cycles with Redis',
        description:
          'Failed sync cycles with Redis (retried). A few during a fail-over recover by themselves. Steady failures mean that Redis is full, read-only or down, or that a password changed. The exporter’s log has the error.',
        unit: 'short',
        span: 8,
        none: NOT_SHARED,
      },
      [{ expr: happened(SELF.sharedErrors, 'instance'), legend: '{{instance}}' }],
      { steps: GOOD_BELOW(1, 10) },
    ),
  )
  .withRow(row('Archive of requests'))
  .withPanel(
    figures(
      {
        title: 'Upkeep of the archive',
        description:
          'Of the worst exporter: what its latest upkeep could not do, and how long ago one last ended without a problem; it is due every hour. No request is lost meanwhile, but the disk fills: the exporter’s log names each problem.',
        unit: 'short',
        span: 8,
        height: 8,
        none: NO_ARCHIVE,
      },
      [
        { expr: `max(${SELF.archiveProblems}{${JOB}})`, legend: 'problems', steps: GOOD_BELOW(1, 1) },
        {
          expr: `time() - min(${SELF.archiveUpkeep}{${JOB}})`,
          legend: 'last upkeep ago',
          unit: 's',
          steps: GOOD_BELOW(5400, 10_800),
        },
      ],
      NEUTRAL,
    ),
  )
  .withPanel(
    lines(
      {
        title: 'Spool: segments that wait to be sealed',
        description:
          'Full segments of single requests that are not in Parquet yet. One comes every quarter of an hour or million requests and goes within minutes; several mean that nothing is sealed, and searches lack what waits. Never delete the spool: make room elsewhere.',
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
      { steps: GOOD_BELOW(4, 12) },
    ),
  )
  .withPanel(
    lines(
      {
        title: 'Problems of the archive',
        description:
          'What each upkeep could not do: a full disk, a file that cannot be read, a manifest that does not fit. It is tried again every half minute and heals once the cause is gone; `audit verify` names damaged files.',
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
      { steps: GOOD_BELOW(1, 1) },
    ),
  );
