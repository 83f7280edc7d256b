import { AHEAD_ALERT, CAUGHT_UP_WITHIN, LOOKED_WITHIN } from '../../exporter/src/health/pipeline.ts';
import { effective, ON_INSTANCE, ON_KEY, promql } from '../../exporter/src/health/promql.ts';
import { KEY_SERIES, RECORDED } from '../../exporter/src/health/series.ts';
import { SELF_FAMILIES } from '../../exporter/src/metrics/families.ts';
import type { Alert, Recording, RuleFile } from './rule.ts';
import {
  durationText,
  exporterDashboard,
  exporterDashboardOr,
  firstValue,
  instanceQuery,
  ofInstance,
} from './templates.ts';

const SELF = Object.fromEntries(Object.entries(SELF_FAMILIES).map(([key, { name }]) => [key, name])) as {
  [K in keyof typeof SELF_FAMILIES]: string;
};
const { lastUsed } = KEY_SERIES;
/** The exporter's scrape job is found by its name: job_name must contain "atender-exporter". */
const UP = 'up{job=~".*atender-exporter.*"}';
const BY_INSTANCE = 'job, instance';
const SILENCE = effective('silence_seconds');
const DURATION = '{{ $value | humanizeDuration }}';
const PERCENT = '{{ $value | humanizePercentage }}';
const ONE_SOURCE = ['source'];

/** A series of the alert's own exporter, or of its source, in a template. */
const ofExporter = (series: string): string => `${series}${ofInstance()}`;
const ofSource = (series: string): string => `${series}${ofInstance(...ONE_SOURCE)}`;
const exporterValue = (expr: string, filter = '', otherwise = ''): string =>
  firstValue(instanceQuery(expr), filter, otherwise);
const sourceValue = (expr: string, filter = ''): string =>
  firstValue(instanceQuery(expr, ...ONE_SOURCE), filter);

const byInstance = (expr: string): string => `max by (${BY_INSTANCE}) (${expr})`;
const blind = (reason: string, expr: string, why?: string): Recording => ({
  record: RECORDED.blind,
  ...(why && { why }),
  labels: { reason },
  expr,
});
const groupByInstance = (expr: string): string => `group by (${BY_INSTANCE}) (${expr})`;

/** A source that was neither read nor found unchanged. */
const NOT_READ = `time() - ${SELF.lastLooked} > ${LOOKED_WITHIN}`;
/** A source with a configured staleAfter that had no line for so long. */
const STALE = promql`
  time() - (${SELF.lastEvent} > 0)
  > on (job, instance, source)
  (${SELF.staleAfter} > 0)`;

const recordings: Recording[] = [
  blind(
    'down',
    groupByInstance(`${UP} == 0`),
    'Which exporter is blind, and why. A row exists only while it is.',
  ),
  blind(
    'not_read',
    groupByInstance(NOT_READ),
    'A source is alive when it was read or found unchanged within a minute.',
  ),
  blind(
    'no_file',
    promql`
      group by (${BY_INSTANCE}) (
        sum by (job, instance, source) (max_over_time(${SELF.sourceFiles}[2m])) == 0
      )`,
    'A source without a file that can be read. A source that was never read since the start has no such time.',
  ),
  blind(
    'behind',
    `${groupByInstance(`${SELF.behindSeconds} > ${CAUGHT_UP_WITHIN}`)} or ${groupByInstance(`${SELF.ready} == 0`)}`,
    'And when it is caught up.',
  ),
  blind(
    'commit_failing',
    groupByInstance(`max_over_time(${SELF.commitFailing}[5m]) == 1`),
    'The exporter shows only what is committed, so last used stands still while commits fail.',
  ),
  blind(
    'source_stale',
    promql`
      group by (${BY_INSTANCE}) (
        ${STALE}
      )`,
    'A source with a configured staleAfter that had no line for that long.',
  ),
  blind(
    'silent_together',
    promql`
      (
        count by (${BY_INSTANCE}) (
          (${lastUsed} > 0)
          - ${ON_INSTANCE} group_left ()
          max by (${BY_INSTANCE}) (
            (${lastUsed} > 0)
            and ${ON_KEY} ${SILENCE}
          )
          >= ${ON_KEY} group_left ()
          -${SILENCE}
        )
        >= 2
      )
      unless ${ON_INSTANCE} (
        time() - ${lastUsed}
        <= ${ON_KEY} group_left ()
        ${SILENCE}
      )`,
    `When every real-time key of a log goes silent together, and they are two or more, the log has stopped and not the
    keys. Together means: the keys that were not silent yet when the last of them was used are all silent now. Keys that
    were silent before are no evidence.`,
  ),
  {
    record: RECORDED.behind,
    why: `
      How far behind an exporter was at worst in the last 35 minutes, only where that is more than 2 minutes. increase()
      over 30 minutes counts a backlog as present requests only if a sample in its window was taken while behind. So
      this is exactly when the rate alerts must hold back.`,
    expr: `${byInstance(`max_over_time(${SELF.behindSeconds}[35m])`)} > ${CAUGHT_UP_WITHIN}`,
  },
];

const down: Alert[] = [
  {
    alert: 'AtenderExporterDown',
    why: 'Every key alert needs an exporter that responds.',
    expr: promql`
      ${UP} == 0
      or
      absent(${UP})`,
    for: '3m',
    labels: { severity: 'page', category: 'pipeline' },
    shared: 'pipeline',
    annotations: {
      summary: 'Exporter {{ with $labels.instance }}{{ . }} {{ end }}is down: API keys are not watched',
      description:
        '{{ if $labels.instance }}Prometheus cannot scrape {{ $labels.instance }} (job {{ $labels.job }}){{ else }}Prometheus has no target in a job named atender-exporter{{ end }} ' +
        '(threshold 3 minutes). No key alert can be trusted until it is back. Nothing is lost meanwhile: the exporter ' +
        'goes on where it stopped, as long as the rotated logs are still there.',
      value: '{{ if $labels.instance }}scrape fails{{ else }}no target{{ end }}',
      threshold: '3m',
    },
  },
  {
    alert: 'AtenderExporterDown',
    why: 'Down again and again, each time too shortly for the rule above. Even so, no key is called silent.',
    expr: promql`
      resets(${UP}[40m])
      and ${ON_INSTANCE} last_over_time(${RECORDED.blind}{reason="down"}[10m])
      and ${ON_INSTANCE} max_over_time(${UP}[10m]) == 1`,
    for: '30m',
    labels: { severity: 'page', category: 'pipeline', reason: 'unstable' },
    shared: 'pipeline',
    annotations: {
      summary: 'Exporter {{ $labels.instance }} is down again and again: silent keys are not told',
      description:
        'Prometheus could not scrape {{ $labels.instance }} (job {{ $labels.job }}) {{ $value }} times in 40 minutes, never 10 minutes ' +
        'apart (threshold 30 minutes of that). Meanwhile no key is called silent. It crashes and is started again, or its answers take ' +
        'longer than Prometheus waits. Nothing is lost as long as the rotated logs are still there.',
      value: '{{ $value }} times down in 40 minutes',
      threshold: '30m',
    },
  },
];

const staleAfter = sourceValue(ofSource(SELF.staleAfter), 'humanizeDuration');
const sourceStale: Alert[] = [
  {
    alert: 'AtenderLogSourceStale',
    why: 'The log stopped, or the exporter does not read it. Three signs.',
    expr: STALE,
    for: '2m',
    labels: { severity: 'page', category: 'pipeline', reason: 'source_stale' },
    shared: 'pipeline',
    annotations: {
      summary: `Log source {{ $labels.source }} of {{ $labels.instance }}: no request for ${DURATION}`,
      description:
        `The newest line of source {{ $labels.source }} is ${DURATION} old ` +
        `(threshold ${staleAfter}, the source's staleAfter). ` +
        'The exporter runs; the log does not grow. Keys are not called silent meanwhile.',
      value: `${DURATION} without a line`,
      threshold: staleAfter,
    },
  },
  {
    alert: 'AtenderLogSourceStale',
    expr: NOT_READ,
    for: '4m',
    labels: { severity: 'page', category: 'pipeline', reason: 'not_read' },
    shared: 'pipeline',
    annotations: {
      summary: `Log source {{ $labels.source }} of {{ $labels.instance }} has not been read for ${DURATION}`,
      description:
        `The exporter answers, but it has neither read source {{ $labels.source }} nor found it unchanged for ${DURATION} ` +
        `(threshold ${durationText(LOOKED_WITHIN)}, for 4 minutes). Permissions, a pattern that matches nothing, or a file system that hangs. ` +
        'Keys are not called silent meanwhile.',
      value: `${DURATION} not read`,
      threshold: durationText(LOOKED_WITHIN),
    },
  },
  {
    alert: 'AtenderLogSourceStale',
    expr: `${RECORDED.blind}{reason="silent_together"}`,
    forWhy: 'As long as AtenderKeySilent waits, so that one of the two fires and not both.',
    for: '5m',
    labels: { severity: 'page', category: 'pipeline' },
    shared: 'pipeline',
    annotations: {
      summary:
        'All {{ $value }} real-time keys of {{ $labels.instance }} fell silent together: has the log stopped?',
      description:
        '{{ $value }} real-time keys that {{ $labels.instance }} sees passed their silence threshold together (threshold: all of them, 2 or more). ' +
        'That is the log, or everything in front of it, rather than {{ $value }} integrations; so no key is called silent. ' +
        `Newest line of each source:{{ range ${instanceQuery(`max by (source) (${ofExporter(SELF.lastEvent)})`)} | sortByLabel "source" }} ` +
        '{{ .Labels.source }} {{ .Value | humanizeTimestamp }};{{ else }} not known.{{ end }}',
      value: '{{ $value }} keys silent together',
      threshold: 'all real-time keys, 2 or more',
    },
  },
];

const PATTERN = '{{ $labels.pattern }} of source {{ $labels.source }} of {{ $labels.instance }}';
const CONFIGURED =
  'Source {{ $labels.source }} of {{ $labels.instance }} is configured to read {{ $labels.pattern }}, and';
const NO_FILE = promql`
  (sum by (job, instance, source) (${SELF.sourceFiles}) == 0)`;
const CAUSES = instanceQuery(`${SELF.sourceProblems}${ofInstance('source', 'pattern')}`, 'source', 'pattern');
const unmatchedTexts = {
  summary: `Log pattern ${PATTERN} matches no readable file`,
  description:
    `${CONFIGURED} {{ $value }} files match that can be read (threshold 1, for 5 minutes). ` +
    `Cause:{{ range ${CAUSES} }} {{ .Labels.cause }};{{ else }} not known;{{ end }} ` +
    'the runbook explains it. Requests in these logs are not counted.',
  value: '{{ $value }} files',
  threshold: '1 file',
};
const patternUnmatched: Alert[] = [
  {
    alert: 'AtenderLogPatternUnmatched',
    why: `
      A pattern that matches no file that can be read: a typo, a missing mount, a permission. It pages where the source
      has no other file.`,
    expr: promql`
      ${SELF.sourceFiles} == 0
      and on (job, instance, source)
      ${NO_FILE}`,
    for: '5m',
    labels: { severity: 'page', category: 'pipeline', reason: 'no_file' },
    shared: 'pipeline',
    annotations: unmatchedTexts,
  },
  {
    alert: 'AtenderLogPatternUnmatched',
    why: 'The same beside other patterns of the source that match.',
    expr: promql`
      ${SELF.sourceFiles} == 0
      unless on (job, instance, source)
      ${NO_FILE}`,
    for: '5m',
    labels: { severity: 'ticket', category: 'pipeline', reason: 'pattern' },
    shared: 'pipeline',
    annotations: unmatchedTexts,
  },
  {
    alert: 'AtenderLogPatternUnmatched',
    why: 'The exporter reads some files of a pattern and cannot read others.',
    expr: promql`
      ${SELF.sourceProblems} > 0
      unless on (job, instance, source, pattern)
      ${SELF.sourceFiles} == 0`,
    for: '5m',
    labels: { severity: 'ticket', category: 'pipeline', reason: 'not_all' },
    shared: 'pipeline',
    annotations: {
      summary: `Log pattern ${PATTERN} is not read completely: {{ $labels.cause }}`,
      description:
        `${CONFIGURED} {{ $value }} files or directories of it are not read (threshold: any, for 5 minutes). ` +
        'Cause: {{ $labels.cause }}; the runbook explains it. Requests in these logs are not counted.',
      value: '{{ $value }} not read',
      threshold: 'any',
    },
  },
];

const sourceAhead: Alert = {
  alert: 'AtenderLogSourceAhead',
  why: `
    Requests dated in the future: a fast clock where the log is written, or local time without an offset. They count
    when they are read, so no key looks unused. But times, days and the order of events are not those of the log. The
    exporter tolerates 5 minutes (log.maxSkew). One stray line leaves the gauge after 10 minutes.`,
  expr: `max by (job, instance, source) (${SELF.ahead}) > ${AHEAD_ALERT}`,
  for: '15m',
  labels: { severity: 'ticket', category: 'pipeline' },
  shared: 'pipeline',
  annotations: {
    summary: `Log source {{ $labels.source }} of {{ $labels.instance }} is ${DURATION} ahead of the clock`,
    description:
      `The newest requests of source {{ $labels.source }} name a time ${DURATION} later than the clock of the exporter showed when they were read ` +
      `(threshold ${durationText(AHEAD_ALERT)}, for 15 minutes). They count at the time they are read. ` +
      'About whole hours: the log writes local time without an offset; set log.timezone for the source. ' +
      'Otherwise: synchronise the clocks of both machines by NTP.',
    value: `${DURATION} ahead`,
    threshold: durationText(AHEAD_ALERT),
  },
};

const lagging: Alert = {
  alert: 'AtenderExporterLagging',
  why: `
    More is written than read, or the disk is slow. It fires as soon as that makes an exporter blind, and as long.
    Otherwise no key would be called silent and nobody would know why.`,
  expr: `max_over_time(${SELF.behindSeconds}[10m]) > ${CAUGHT_UP_WITHIN}`,
  for: '20m',
  labels: { severity: 'ticket', category: 'pipeline' },
  shared: 'pipeline',
  annotations: {
    summary: `Exporter {{ $labels.instance }} is up to ${DURATION} behind on {{ $labels.source }}`,
    description:
      `Within the last 10 minutes the last line read of source {{ $labels.source }} was up to ${DURATION} old and more was waiting ` +
      `(${sourceValue(ofSource(SELF.behindBytes), 'humanize1024').replace('{{ end }}', 'B{{ end }}')} now; threshold ${durationText(CAUGHT_UP_WITHIN)}, for 20 minutes). ` +
      'Rate alerts of its keys hold back, and no key of it is called silent.',
    value: `up to ${DURATION} behind`,
    threshold: durationText(CAUGHT_UP_WITHIN),
  },
};

const rejected: Alert = {
  alert: 'AtenderLinesRejected',
  why: 'Lines that are no request are not counted. A changed log format shows here first.',
  expr: promql`
    (
      sum by (job, instance, source) (increase(${SELF.rejected}[15m])) >= 10
    )
    / on (job, instance, source)
    sum by (job, instance, source) (increase(${SELF.lines}[15m]))
    > 0.01`,
  for: '5m',
  labels: { severity: 'ticket', category: 'pipeline' },
  shared: 'pipeline',
  annotations: {
    summary: `${PERCENT} of the lines of {{ $labels.source }} are rejected by {{ $labels.instance }}`,
    description:
      `${PERCENT} of the lines of the last 15 minutes are not requests in the configured format and are not counted ` +
      `(threshold 1% and 10 lines). Reasons:{{ range ${instanceQuery(`sort_desc(sum by (reason) (increase(${ofSource(SELF.rejected)}[15m])) > 0)`, ...ONE_SOURCE)} }} ` +
      '{{ .Labels.reason }} {{ .Value | printf "%.0f" }};{{ end }} ' +
      "the exporter's log quotes an example of each.",
    value: `${PERCENT} of the lines rejected`,
    threshold: '1%',
  },
};

const commitFailing: Alert = {
  alert: 'AtenderCommitFailing',
  why: `
    Reading goes on, but the exporter shows only what is durable: everything stands still. Two minutes bridge an attempt
    that works in between.`,
  expr: `${byInstance(`max_over_time(${SELF.commitFailing}[2m])`)} == 1`,
  for: '5m',
  labels: { severity: 'page', category: 'pipeline' },
  shared: 'pipeline',
  annotations: {
    summary: 'Exporter {{ $labels.instance }} cannot write its store: API keys are not watched',
    description:
      `${exporterValue(`sum(increase(${ofExporter(SELF.commitErrors)}[5m]))`, 'printf "%.0f"', 'An unknown number of')} commits failed in the last 5 minutes (threshold: any, for 5 minutes); ` +
      `the last one that worked was at ${exporterValue(`max(${ofExporter(SELF.lastCommit)})`, 'humanizeTimestamp', 'an unknown time')}. ` +
      'A full disk, a read-only file system or a store that was taken away. It heals by itself once the store can be written.',
    value: 'commits fail',
    threshold: 'any',
  },
};

const PROBLEMS = '{{ $value }} problem{{ if ne $value 1.0 }}s{{ end }}';
const segments = (otherwise: string): string =>
  exporterValue(`max(${ofExporter(SELF.archiveWaiting)})`, '', otherwise);
const archive: Alert[] = [
  {
    alert: 'AtenderArchiveFailing',
    why: `
      The archive of single requests stands still. Counters and alerts go on. Its upkeep is tried again every half minute,
      so a quarter of an hour is no passing trouble.`,
    expr: `${byInstance(SELF.archiveProblems)} > 0`,
    for: '15m',
    labels: { severity: 'ticket', category: 'pipeline', reason: 'problems' },
    shared: 'pipeline',
    annotations: {
      summary: `Exporter {{ $labels.instance }} cannot keep its archive of requests: ${PROBLEMS}`,
      description:
        `The upkeep of the archive ends with ${PROBLEMS} (threshold: any, for 15 minutes); it last ended without at ` +
        `${exporterValue(`max(${ofExporter(SELF.archiveUpkeep)})`, 'humanizeTimestamp', 'no time since the exporter was started')}, ` +
        `and ${segments('an unknown number of')} segments wait for it. ` +
        "Metrics and key alerts go on and no request is lost, but disk fills and what is over its retention stays. The exporter's log names each problem.",
      value: PROBLEMS,
      threshold: 'any',
    },
  },
  {
    alert: 'AtenderArchiveFailing',
    why: 'The upkeep runs every hour. One that neither ends nor fails hangs, and reports nothing.',
    expr: promql`
      (time() - ${byInstance(SELF.archiveUpkeep)} > 10800)
      unless ${ON_INSTANCE} ${SELF.archiveProblems} > 0`,
    for: '15m',
    labels: { severity: 'ticket', category: 'pipeline', reason: 'overdue' },
    shared: 'pipeline',
    annotations: {
      summary: `Exporter {{ $labels.instance }} has not brought its archive of requests up to date for ${DURATION}`,
      description:
        `The upkeep of the archive, due every hour, last ended ${DURATION} ago (threshold 3h 0m 0s) and reports no problem: it hangs. ` +
        `${segments('An unknown number of')} segments wait for it. ` +
        'Metrics and key alerts go on and no request is lost, but disk fills and what is over its retention stays.',
      value: `${DURATION} since the last upkeep`,
      threshold: '3h 0m 0s',
    },
  },
];

const sharedFactsStale: Alert = {
  alert: 'AtenderSharedFactsStale',
  why: 'Redis is away: each exporter shows only its own facts. Ten minutes bridge a start and a fail-over.',
  expr: `${byInstance(SELF.sharedUp)} == 0`,
  for: '10m',
  labels: { severity: 'ticket', category: 'pipeline' },
  shared: 'pipeline',
  annotations: {
    summary:
      'Exporter {{ $labels.instance }} does not share facts with the others: it shows only what it sees itself',
    description:
      'Redis cannot be used (threshold: 10 minutes); facts were last shared at ' +
      `${exporterValue(`max(${ofExporter(SELF.sharedLastSuccess)}) > 0`, 'humanizeTimestamp', 'no time since the exporter was started')}, ` +
      `${exporterValue(`sum(increase(${ofExporter(SELF.sharedErrors)}[10m]))`, 'printf "%.0f"', 'an unknown number of')} turns failed in the last 10 minutes. ` +
      'Counting goes on and nothing is lost. Meanwhile an address that another exporter knows can be announced as new, and different addresses are counted by exporter.',
    value: 'not shared',
    threshold: '10m',
  },
};

const FAILED = 'increase(alertmanager_notifications_failed_total[10m])';
const notificationsFailing: Alert = {
  alert: 'AtenderNotificationsFailing',
  why: 'An alert that was not delivered. It goes to a receiver of its own, over another channel.',
  expr: `sum by (job, instance, integration) (${FAILED}) > 0`,
  for: '2m',
  labels: { severity: 'page', category: 'pipeline' },
  shared: 'pipeline',
  annotations: {
    summary: 'Alertmanager {{ $labels.instance }} cannot deliver to {{ $labels.integration }}',
    description:
      'About {{ $value | printf "%.0f" }} notifications to {{ $labels.integration }} failed in the last 10 minutes (threshold: any). ' +
      "People may be missing alerts: look at Alertmanager's own list until it is mended.",
    value: '{{ $value | printf "%.0f" }} failed notifications in 10 minutes',
    threshold: 'any',
    dashboard_url: exporterDashboardOr(FAILED),
  },
};

const watchdog: Alert = {
  alert: 'AtenderWatchdog',
  why: 'Always firing. The receiver (dead-man) raises the alarm when it stops coming.',
  expr: 'vector(1)',
  labels: { severity: 'info', category: 'pipeline' },
  shared: 'pipeline',
  annotations: {
    summary: 'Prometheus evaluates the Atender rules and reaches Alertmanager',
    description:
      'This alert always fires (value 1, no threshold). If it stops arriving, Prometheus, Alertmanager or the way ' +
      'between them is broken, and so is every other alert.',
    value: '1',
    threshold: 'none',
  },
};

export const pipelineRules: RuleFile = {
  file: 'pipeline.yml',
  about: `
    Does the pipeline work? "The key is silent" and "the pipeline is blind" are different states, and these rules tell
    them apart. While an exporter is blind, no key is called silent and these alerts fire instead. Alertmanager then also
    inhibits the availability alerts of keys, never their security alerts.

    The exporter's scrape job is found by its name: job_name must contain "atender-exporter".`,
  shared: { pipeline: { dashboard_url: exporterDashboard } },
  groups: [
    {
      name: 'atender-pipeline',
      rules: [
        ...recordings,
        ...down,
        ...sourceStale,
        ...patternUnmatched,
        sourceAhead,
        lagging,
        rejected,
        commitFailing,
        ...archive,
        sharedFactsStale,
        notificationsFailing,
        watchdog,
      ],
    },
  ],
};
