import { CAUGHT_UP_WITHIN } from '../../exporter/src/health/pipeline.ts';
import { BY_KEY, gaugeBy } from '../../exporter/src/health/promql.ts';
import { RECORDED } from '../../exporter/src/health/series.ts';
import { THRESHOLDS } from '../../exporter/src/health/thresholds.ts';
import { defaultText, WHEN_TO_REVOKE_OLD_KEY } from '../../exporter/src/health/wording.ts';
import { count } from '../../exporter/src/text/numbers.ts';
import { alertAnnotation, baseDashboard, keyLink } from './base-dashboard.ts';
import { keyGrid } from './key-panel.ts';
import {
  AS_OF,
  BAND,
  barGaugePanel,
  customPanel,
  goodBelow,
  NEUTRAL,
  orNoData,
  row,
  statsPanel,
  tablePanel,
  timeSeriesPanel,
} from './panels.ts';
import {
  anyKey,
  CHOSEN_KEYS_MATCHERS,
  chosen,
  KEY,
  RECORDED_EVERY,
  REPLACING,
  SELF,
  withName,
  ZERO_IF_EVALUATED,
} from './queries.ts';

const MIN_EXPECTED = THRESHOLDS.anomaly_min_requests.default;

const KEY_LABELS = { tenant_id: 'Tenant', key_id: 'Key', name: 'Name' };
const LINKS = [keyLink('__data.fields["Tenant"]', '__data.fields["Key"]')];
const KEY_ALERTS = 'alertname=~"Atender.+",alertstate="firing",key_id!="",tenant_id=~"$tenant"';

/** Number of chosen keys that each alert is firing for. */
const KEYS_BY_ALERT = `count by (alertname) (${chosen(`count by (alertname, ${BY_KEY}) (ALERTS{${KEY_ALERTS}})`)})`;
const NOT_EVALUATED = 'No data: the alert rules were not evaluated at this time';

/** Pipeline alerts have no tenant and are shown for every tenant. */
const TENANT_OR_NONE = 'tenant_id=~"$tenant|"';

const LAST_USED = gaugeBy(BY_KEY, KEY.lastUsed, anyKey());
const STALE_AFTER = gaugeBy(BY_KEY, RECORDED.threshold, anyKey('kind="stale_seconds"'));
const RATE = `${RECORDED.rate}{${anyKey()}}`;
const HOUR_RATE = `avg_over_time(${RATE}[1h])`;
const ANY_TIER = `tenant_id=~"$tenant",${CHOSEN_KEYS_MATCHERS}`;
const NEVER_USED = `max by (${BY_KEY}) (${KEY.info}{${anyKey('state="active"')}}) unless on (${BY_KEY}) ${KEY.lastUsed}`;
/** Requests of old keys in the last hour, with the new key as `key_id` and the old one as `replaces`. */
const LEFT_ON_OLD =
  `label_replace(sum by (${BY_KEY}) (increase(${KEY.requests}{${anyKey()}}[1h])), "replaces", "$1", "key_id", "(.+)")` +
  ` * on (tenant_id, replaces) group_right () ${REPLACING}` +
  ` unless on (tenant_id, replaces) label_replace(max by (${BY_KEY}) (${KEY.info}{${anyKey('state=~"disabled|revoked"')}}), "replaces", "$1", "key_id", "(.+)")`;
const EXPECTED = `${RECORDED.expectedRate}{${anyKey()}}`;

/** All keys: states, alerts, traffic, housekeeping, and the health of the pipeline. */
export const overview = baseDashboard(
  'overview',
  'All API keys with their state, worst first, and unusual traffic.',
  ['tenant', 'environment', 'tier', 'busiest'],
)
  .annotation(alertAnnotation(`alertname=~"Atender.+",severity="page",${TENANT_OR_NONE}`))
  .annotation(alertAnnotation('alertname="AtenderKeyNewIP",tenant_id=~"$tenant"', 'New IP', 'purple'))
  .withRow(row(`State at ${AS_OF}`))
  .withPanel(
    statsPanel(
      {
        title: 'Firing alerts',
        description:
          'Firing alerts of the chosen tenants and of the pipeline, by severity. page: act now. ticket: act during working hours. info: lifecycle notice. The list below shows the alerts of now. No number means that the rules were not evaluated.',
        unit: 'short',
        span: 8,
        height: 7,
        none: NOT_EVALUATED,
      },
      (
        [
          ['page', 'red'],
          ['ticket', 'orange'],
          ['info', 'blue'],
        ] as const
      ).map(([severity, colour]) => ({
        expr: `count(ALERTS{alertname=~"Atender.+",alertname!="AtenderWatchdog",alertstate="firing",severity="${severity}",${TENANT_OR_NONE}}) or ${ZERO_IF_EVALUATED}`,
        legend: severity,
        steps: [['green'], [colour, 1]],
      })),
      NEUTRAL,
    ),
  )
  .withPanel(
    barGaugePanel(
      {
        title: 'Affected keys by alert',
        description:
          'Number of keys that each key alert is firing for. A bar of 0 means that no key alert is firing. No bar means that the rules were not evaluated. The grid below shows the state of each key.',
        unit: 'short',
        span: 16,
        height: 7,
        none: NOT_EVALUATED,
      },
      {
        expr: `${KEYS_BY_ALERT} or label_replace(${ZERO_IF_EVALUATED} unless on () ${KEYS_BY_ALERT}, "alertname", "No key alert is firing", "", "")`,
        legend: '{{alertname}}',
      },
      goodBelow(1, 5),
    ),
  )
  .withPanel(
    keyGrid({
      title: 'Keys',
      description:
        'Every key with its state and the reason, worst first, and its requests in the last day. Click a key to open its usage dashboard. Click a state to show only keys in that state.',
      unit: 'short',
      span: 24,
      height: 16,
    }),
  )
  .withPanel(
    customPanel(
      'alertlist',
      {
        title: 'Alerts now',
        description:
          'Firing and pending alerts of this pack, most important first. The time range and the variables above do not affect this list. Open an alert for its runbook and its dashboard.',
        unit: 'short',
        span: 24,
        height: 8,
      },
      {
        alertName: 'Atender',
        viewMode: 'list',
        groupMode: 'default',
        sortOrder: 3,
        maxItems: 50,
        dashboardAlerts: false,
        stateFilter: {
          ...{ firing: true, pending: true, recovering: true, error: true },
          ...{ noData: false, normal: false },
        },
      },
      [],
    ),
  )
  .withRow(row('Traffic'))
  .withPanel(
    timeSeriesPanel(
      {
        title: 'Requests by status class',
        description:
          'All recorded requests of the chosen tenants by status class, including requests without a key. The environment and tier variables do not apply. If 4xx or 5xx grows, many keys fail at once. Check Atender before you check keys. none: the connection ended without a response.',
        unit: 'reqps',
        height: 11,
        none: 'No recorded data. Check that the rules are loaded.',
      },
      [
        {
          expr: `sum by (status_class) (${RECORDED.rateByClass}{tenant_id=~"$tenant"})`,
          legend: '{{status_class}}',
        },
      ],
      { stacked: true },
    ),
  )
  .withPanel(
    timeSeriesPanel(
      {
        title: 'Ten busiest keys',
        description:
          'Recorded requests per second (5-minute rate) of the ten keys with the busiest 15 minutes in the shown time. A sudden rise can be a campaign, a loop or a leaked key. Open the usage dashboard of the key.',
        unit: 'reqps',
        height: 11,
        none: 'No recorded data. Check that the rules are loaded.',
      },
      [
        {
          expr: `max_over_time(${RECORDED.rate}{${anyKey('key_id=~"$busiest"')}}[$__rate_interval])`,
          legend: '{{tenant_id}} {{key_id}}',
        },
      ],
    ).interval(RECORDED_EVERY),
  )
  .withPanel(
    timeSeriesPanel(
      {
        title: 'All traffic vs expected',
        description:
          'Requests of all chosen keys, and the band from half to twice the expected rate. The expected rate is the median of the same hour in the last three weeks. Outside the band, something changed for many keys.',
        unit: 'reqps',
        height: 9,
        none: 'No recorded data. Check that the rules are loaded.',
      },
      [
        { expr: `sum(${RECORDED.rateByTier}{${ANY_TIER}})`, legend: 'now' },
        { expr: `0.5 * sum(${RECORDED.expectedByTier}{${ANY_TIER}})`, legend: BAND.lower },
        { expr: `2 * sum(${RECORDED.expectedByTier}{${ANY_TIER}})`, legend: BAND.upper },
      ],
    ),
  )
  .withPanel(
    tablePanel(
      {
        title: 'Largest deviations from expected',
        description: `Requests of each key in the last hour, divided by the expected number. Far above 1: a surge. Far below 1: a consumer that changed or broke. Keys with an expected ${count(MIN_EXPECTED)} requests per hour or fewer are left out.`,
        unit: 'short',
        height: 9,
        none: orNoData('No key has an expected rate before a week is recorded'),
      },
      [
        {
          expr: withName(chosen(`${HOUR_RATE} / on (${BY_KEY}) (${EXPECTED} > ${MIN_EXPECTED} / 3600)`)),
          column: { title: 'Times expected' },
        },
        {
          expr: withName(chosen(`${HOUR_RATE} and on (${BY_KEY}) (${EXPECTED} > ${MIN_EXPECTED} / 3600)`)),
          column: { title: 'Now', unit: 'reqps' },
        },
        {
          expr: withName(chosen(`${EXPECTED} > ${MIN_EXPECTED} / 3600`)),
          column: { title: 'Expected', unit: 'reqps' },
        },
      ],
      KEY_LABELS,
      { links: LINKS },
    ),
  )
  .withRow(row('Housekeeping'))
  .withPanel(
    tablePanel(
      {
        title: 'Stale keys',
        description: `Keys last used longer ago than their threshold (default ${defaultText('stale_seconds')}). Ask the owner whether the key is still needed. If not, revoke it.`,
        unit: 's',
        none: orNoData('No key is stale'),
      },
      [
        {
          expr: withName(chosen(`(time() - (${LAST_USED} > 0)) > on (${BY_KEY}) ${STALE_AFTER}`)),
          column: { title: 'Since last use' },
        },
      ],
      KEY_LABELS,
      { links: LINKS },
    ),
  )
  .withPanel(
    tablePanel(
      {
        title: 'Keys without recorded use',
        description:
          'Active keys in the keys file without a recorded use, oldest first. The age is empty if the keys file has no createdAt. A forgotten key is a risk. Ask the owner whether it is needed.',
        unit: 's',
        none: orNoData('Every active key has a recorded use'),
      },
      [
        {
          expr: withName(
            chosen(`time() - (${gaugeBy(BY_KEY, KEY.created, anyKey())} and on (${BY_KEY}) (${NEVER_USED}))`),
          ),
          column: { title: 'Age' },
        },
        { expr: withName(chosen(`0 * (${NEVER_USED})`)), column: { title: 'Requests', unit: 'short' } },
      ],
      KEY_LABELS,
      { links: LINKS },
    ),
  )
  .withPanel(
    tablePanel(
      {
        title: 'New IP addresses in the last day',
        description:
          'Keys used from an IP address that is new for them, most recent first. Confirm the IP address with the owner. If nobody recognizes it, rotate the key.',
        unit: 's',
        none: orNoData('No new IP address in the last day'),
      },
      [
        {
          expr: withName(chosen(`time() - (${gaugeBy(BY_KEY, KEY.lastNewIp, anyKey())} > time() - 86400)`)),
          column: { title: 'Since detection' },
        },
      ],
      KEY_LABELS,
      { links: LINKS, ascending: true },
    ),
  )
  .withPanel(
    tablePanel(
      {
        title: 'Rotations in progress',
        description: `Keys that are being replaced, with their requests in the last hour. A key stays in this list until the keys file marks it as revoked or disabled. ${WHEN_TO_REVOKE_OLD_KEY}`,
        unit: 'short',
        none: orNoData('No rotation is in progress'),
      },
      [
        {
          expr: chosen(LEFT_ON_OLD),
          column: { title: 'Requests/h' },
        },
      ],
      { tenant_id: 'Tenant', replaces: 'Key', key_id: 'Replaced by' },
      { links: LINKS },
    ),
  )
  .withRow(row('Pipeline'))
  .withPanel(
    statsPanel(
      {
        title: 'Pipeline health',
        description:
          'Ready exporters, blind exporters (down, not reading, behind, or failing to commit), lag of the worst source, and share of rejected lines. If a value is not green, open the exporter dashboard before you judge a key.',
        unit: 'short',
        span: 24,
        none: 'No data: no exporter is scraped, or the rules are not evaluated',
      },
      [
        {
          expr: `sum(${SELF.ready}) or ${ZERO_IF_EVALUATED}`,
          legend: 'exporters ready',
          steps: [['red'], ['green', 1]],
        },
        {
          expr: `count(count by (instance) (${RECORDED.blind})) or 0 * sum(${SELF.ready})`,
          legend: 'blind',
          steps: goodBelow(1, 1),
        },
        {
          expr: `max(${SELF.behindSeconds})`,
          legend: 'behind',
          unit: 's',
          steps: goodBelow(30, CAUGHT_UP_WITHIN),
        },
        {
          expr: `sum(increase(${SELF.rejected}[15m])) / sum(increase(${SELF.lines}[15m]) > 0) or 0 * sum(increase(${SELF.lines}[15m]))`,
          legend: 'lines rejected',
          unit: 'percentunit',
          steps: goodBelow(0.001, 0.01),
        },
      ],
      NEUTRAL,
    ),
  );
