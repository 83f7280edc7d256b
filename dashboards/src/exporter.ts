import { firing, frame } from './frame.ts';
import { figures, GOOD_BELOW, lines, NEUTRAL, row, rows } from './panels.ts';
import { RECORDED, SELF } from './queries.ts';

const JOB = 'job=~"$job"';
const perSource = (metric: string, by = 'instance, source'): string =>
  `sum by (${by}) (rate(${metric}{${JOB}}[$__rate_interval]))`;
const quantile = (metric: string, q: number): string =>
  `histogram_quantile(${q}, sum by (instance, le) (rate(${metric}_bucket{${JOB}}[$__rate_interval])))`;

/** Does the pipeline see? */
export const exporter = frame(
  'exporter',
  'The pipeline itself: is everything read, committed and shown, and what does it cost?',
  ['job'],
)
  .annotation(
    firing('alertname=~"Atender.+",category="pipeline",alertname!="AtenderWatchdog",alertstate="firing"'),
  )
  .withPanel(
    figures(
      {
        title: 'Exporters',
        description:
          'Exporters that Prometheus can scrape, that have read their backlog, and that are blind for any reason. Blind is never 0 for free: open the panels below.',
        unit: 'short',
        span: 12,
      },
      [
        { expr: `sum(up{${JOB}})`, legend: 'up' },
        { expr: `sum(${SELF.ready}{${JOB}})`, legend: 'ready' },
        { expr: `count(count by (instance) (${RECORDED.blind}{${JOB}})) or vector(0)`, legend: 'blind' },
      ],
      NEUTRAL,
    ),
  )
  .withPanel(
    figures(
      {
        title: 'Behind',
        description:
          'Age of the last line read while more is waiting, of the worst source, and the time since a source was last looked at. Rising means that more is written than is read.',
        unit: 's',
        span: 12,
      },
      [
        { expr: `max(${SELF.behindSeconds}{${JOB}})`, legend: 'behind' },
        { expr: `max(time() - ${SELF.lastLooked}{${JOB}})`, legend: 'last look' },
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
        unit: 'short',
      },
      [{ expr: perSource(SELF.lines), legend: '{{instance}} {{source}}' }],
    ),
  )
  .withPanel(
    lines(
      {
        title: 'Rejected lines by reason',
        description:
          'Lines that are no requests in the configured format and are not counted. The exporter’s log quotes an example of each reason; try `once` on the file.',
        unit: 'short',
      },
      [{ expr: perSource(SELF.rejected, 'source, reason'), legend: '{{source}} {{reason}}' }],
      { stacked: true },
    ),
  )
  .withPanel(
    lines(
      {
        title: 'Bytes waiting',
        description:
          'Bytes known to be there and not read yet. Should be near 0; a saw-tooth is normal, a ramp is not.',
        unit: 'bytes',
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
        title: 'Rotations, truncations, lost bytes, file errors',
        description:
          'What happened to the files. Lost bytes were written and gone before they could be read: rotate by rename, and keep rotated files a while.',
        unit: 'short',
      },
      [
        {
          expr: `sum by (source) (increase(${SELF.rotations}{${JOB}}[$__rate_interval]))`,
          legend: 'rotations {{source}}',
        },
        {
          expr: `sum by (source) (increase(${SELF.truncations}{${JOB}}[$__rate_interval]))`,
          legend: 'truncations {{source}}',
        },
        {
          expr: `sum by (source, reason) (increase(${SELF.lost}{${JOB}}[$__rate_interval]))`,
          legend: 'lost bytes {{source}} {{reason}}',
        },
        {
          expr: `sum by (source, op) (increase(${SELF.fileErrors}{${JOB}}[$__rate_interval]))`,
          legend: 'errors {{source}} {{op}}',
        },
      ],
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
      },
      [
        {
          expr: `sum by (instance) (increase(${SELF.commitErrors}{${JOB}}[$__rate_interval]))`,
          legend: '{{instance}}',
        },
      ],
      { steps: GOOD_BELOW(1, 1) },
    ),
  )
  .withPanel(
    lines(
      {
        title: 'Scrape duration and size',
        description:
          'How long rendering took, and how large the exposition is. Well below the scrape timeout is well.',
        unit: 's',
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
    ),
  );
