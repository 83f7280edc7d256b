import {
  anyDown,
  effective,
  effectiveOrDefault,
  maxByKey,
  ON_INSTANCE,
  ON_KEY,
  promql,
  shownByBlind,
} from '../../exporter/src/health/promql.ts';
import { KEY_SERIES, RECORDED } from '../../exporter/src/health/series.ts';
import { SELF_FAMILIES } from '../../exporter/src/metrics/families.ts';
import type { RuleFile } from './rule.ts';
import {
  firstValue,
  keyAnnotations,
  keyQuery,
  keySummary,
  ofKey,
  present,
  thresholdText,
} from './templates.ts';

const { lastUsed, recentNewIp } = KEY_SERIES;
const { rate, rate15m, expectedRate, behind, replacementLastUsed } = RECORDED;

const recent = `avg_over_time(${rate15m}[1d] offset 1h)`;
const usual = (origin: string, expr: string): string =>
  `label_replace(${expr}, "usual", "${origin}", "", "")`;

/** Keys of exporters that read a backlog a while ago: its requests are no surge, and what is missing is no dip. */
const shownByLagging = promql`
  (
    ${lastUsed}
    and ${ON_INSTANCE} last_over_time(${behind}[35m])
  )`;

const requestsAnHour = (expr: string, otherwise = ''): string =>
  firstValue(keyQuery(`${expr} * 3600`), 'printf "%.0f"', otherwise);
const volumeText = (otherwise = ''): string =>
  `${requestsAnHour(`avg_over_time(${rate}${ofKey()}[1h])`, otherwise)} requests in the last hour; ` +
  `${requestsAnHour(`${expectedRate}${ofKey()}`)} are usual at this hour, ` +
  `${requestsAnHour(`avg_over_time(${rate15m}${ofKey()}[1d] offset 1h)`, 'an unknown number')} were the hourly mean of the day before `;

export const anomalyRules: RuleFile = {
  file: 'anomalies.yml',
  about: `
    Is the traffic of a key unusual? Tickets, never pages: a spike is a campaign as often as a leak.

    Traffic means the last hour. Usual means two things: the same hour of the past three weeks (recorded as
    expected_rate1h), and the recent level, which is the mean of the 24 hours before. The weeks know the daily rhythm
    and the weekend. The recent level knows what changed since. A spike is above both, and a dip is below both. Without
    a past week nothing is judged: a first week has no rhythm yet, and every morning would be a spike.`,
  shared: {
    key: {
      ...keyAnnotations(present),
      recent_new_ips: `{{ range $i, $new := ${keyQuery(`max by (ip) (${recentNewIp}${ofKey()})`)} | sortByLabel "ip" }}{{ if $i }}, {{ end }}{{ $new.Labels.ip }}{{ end }}`,
    },
  },
  groups: [
    {
      name: 'atender-key-anomalies',
      intervalWhy: 'As often as what it reads is recorded.',
      interval: '1m',
      rules: [
        {
          alert: 'AtenderKeyTrafficSpike',
          why: `
            A surge, a runaway loop or a leaked key. The floor stands in for the usual level of a key with little
            traffic, so that its alert does not flap and a leak still shows.`,
          expr: promql`
            (
              avg_over_time(${rate}[1h])
              / ${ON_KEY}
              ${maxByKey(`
                ${usual('weeks', expectedRate)}
                or
                ${usual('recent', recent)}
                or
                label_replace(
                  ${effectiveOrDefault('anomaly_min_requests', maxByKey(effective('spike_ratio')))} / 3600,
                  "usual", "floor", "", ""
                )
              `)}
              >= ${ON_KEY}
              ${effective('spike_ratio')}
            )
            and ${ON_KEY} ${expectedRate}
            unless ${ON_KEY} ${shownByLagging}`,
          for: '10m',
          keepFiringFor: '10m',
          labels: { severity: 'ticket', category: 'anomaly' },
          shared: 'key',
          annotations: {
            summary: keySummary(present, ': {{ $value | printf "%.1f" }} times its usual traffic'),
            description:
              `${volumeText()}(threshold ${thresholdText('spike_ratio')} times). ` +
              'A surge, a runaway loop or a leaked key: look at endpoints and addresses.',
            value: '{{ $value | printf "%.1f" }} times the usual requests per hour',
            threshold: `${thresholdText('spike_ratio')} times`,
          },
        },
        {
          alert: 'AtenderKeyTrafficDip',
          why: `
            A consumer changed or broke. A series that is gone counts as 0, the deepest dip. With no line at all for a
            quarter of an hour the log dipped and not its keys, except where a tenant has one key only. A key whose
            replacement was used within a day is being left, as it should.`,
          expr: promql`
            (
              (
                avg_over_time(${rate}[1h])
                or
                ${expectedRate} * 0
              )
              / ${ON_KEY}
              min by (tenant_id, key_id) (
                ${usual('weeks', expectedRate)}
                or
                ${usual('recent', recent)}
              )
              <= ${ON_KEY}
              ${effective('dip_ratio')}
            )
            and ${ON_KEY}
            (
              ${expectedRate} * 3600
              >= ${ON_KEY}
              ${effectiveOrDefault('anomaly_min_requests', maxByKey(effective('dip_ratio')))}
            )
            unless ${ON_KEY} ${shownByLagging}
            unless ${ON_KEY} ${shownByBlind('10m')}
            unless ${ON_KEY} (
              ${lastUsed}
              and ${ON_INSTANCE}
              (time() - max by (job, instance) (${SELF_FAMILIES.lastEvent.name}) > 900)
              and ${ON_INSTANCE}
              (count by (job, instance) (${lastUsed} > 0) >= 2)
            )
            unless ${ON_KEY} (
              time() - ${replacementLastUsed} < 86400
            )
            unless on () ${anyDown('10m')}`,
          for: '10m',
          keepFiringFor: '10m',
          labels: { severity: 'ticket', category: 'anomaly' },
          shared: 'key',
          annotations: {
            summary: keySummary(present, ': traffic fell to {{ $value | humanizePercentage }} of the usual'),
            description:
              `${volumeText('0')}(threshold ${thresholdText('dip_ratio', '', 'percent')}). ` +
              'A consumer was changed or broke: cross-check its error rates.',
            value: '{{ $value | humanizePercentage }} of the usual requests per hour',
            threshold: thresholdText('dip_ratio', '', 'percent'),
          },
        },
      ],
    },
  ],
};
