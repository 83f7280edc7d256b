import { BY_KEY, gaugeBy } from '../../exporter/src/health/promql.ts';
import { RECORDED } from '../../exporter/src/health/series.ts';
import { firing, frame, keyLink } from './frame.ts';
import { keyGrid } from './key-panel.ts';
import {
  AS_OF,
  BAND,
  bars,
  custom,
  figures,
  GOOD_BELOW,
  lines,
  NEUTRAL,
  orNoData,
  row,
  rows,
} from './panels.ts';
import {
  anyKey,
  CHOSEN,
  chosen,
  KEY,
  named,
  RECORDED_EVERY,
  REPLACING,
  SELF,
  ZERO_IF_EVALUATED,
} from './queries.ts';

const KEY_LABELS = { tenant_id: 'Tenant', key_id: 'Key', name: 'Name' };
const LINKS = [keyLink('__data.fields["Tenant"]', '__data.fields["Key"]')];
const KEY_ALERTS = 'alertname=~"Atender.+",alertstate="firing",key_id!="",tenant_id=~"$tenant"';

/** How many of the chosen keys each alert fires for. */
const KEYS_BY_ALERT = `count by (alertname) (${chosen(`count by (alertname, ${BY_KEY}) (ALERTS{${KEY_ALERTS}})`)})`;
const NOT_EVALUATED = 'No data: the alert rules were not evaluated at this time';

/** What has no tenant, such as the alerts of the pipeline, is everybody's. */
const TENANT_OR_NONE = 'tenant_id=~"$tenant|"';

const LAST_USED = gaugeBy(BY_KEY, KEY.lastUsed, anyKey());
const STALE_AFTER = gaugeBy(BY_KEY, RECORDED.threshold, anyKey('kind="stale_seconds"'));
const RATE = `${RECORDED.rate}{${anyKey()}}`;
const HOUR_RATE = `avg_over_time(${RATE}[1h])`;
const ANY_TIER = `tenant_id=~"$tenant",${CHOSEN}`;
const NEVER_USED = `max by (${BY_KEY}) (${KEY.info}{${anyKey('state="active"')}}) unless on (${BY_KEY}) ${KEY.lastUsed}`;
/** What old keys of rotations still had, with the new key as key_id and the old one as replaces. */
const LEFT_ON_OLD =
  `label_replace(sum by (${BY_KEY}) (increase(${KEY.requests}{${anyKey()}}[1h])), "replaces", "$1", "key_id", "(.+)")` +
  ` * on (tenant_id, replaces) group_right () ${REPLACING}` +
  ` unless on (tenant_id, replaces) label_replace(max by (${BY_KEY}) (${KEY.info}{${anyKey('state=~"disabled|revoked"')}}), "replaces", "$1", "key_id", "(.+)")`;
const EXPECTED = `${RECORDED.expectedRate}{${anyKey()}}`;

/** Tenant-wide: is something broken? */
export const overview = frame(
  'overview',
  'Is something broken? Every API key with its state, worst first, and what is unusual about the traffic.',
  ['tenant', 'environment', 'tier', 'busiest'],
)
  .annotation(firing(`alertname=~"Atender.+",severity="page",${TENANT_OR_NONE}`))
  .annotation(firing('alertname="AtenderKeyNewIP",tenant_id=~"$tenant"', 'New IP', 'purple'))
  .withRow(row(`State at ${AS_OF}`))
  .withPanel(
    figures(
      {
        title: 'Firing alerts',
        description:
          'Firing alerts of the chosen tenants and of the pipeline, by severity. A page needs somebody now; a ticket in working hours; info is a lifecycle notice. The list below names those of now. No number means that the rules were not evaluated.',
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
    bars(
      {
        title: 'Keys with trouble, by alert',
        description:
          'How many keys each key alert is firing for. A bar of 0 means that no key alert fires. No bar means that the rules were not evaluated. The grid below says what state each key is in.',
        unit: 'short',
        span: 16,
        height: 7,
        none: NOT_EVALUATED,
      },
      {
        expr: `${KEYS_BY_ALERT} or label_replace(${ZERO_IF_EVALUATED} unless on () ${KEYS_BY_ALERT}, "alertname", "No key alert fires", "", "")`,
        legend: '{{alertname}}',
      },
      GOOD_BELOW(1, 5),
    ),
  )
  .withPanel(
    keyGrid({
      title: 'Keys',
      description:
        'Every key with its state and the reason in words, worst first, and its volume of the last day. Click a key for its Usage dashboard; click a state on top to see only that state.',
      unit: 'short',
      span: 24,
      height: 16,
    }),
  )
  .withPanel(
    custom(
      'alertlist',
      {
        title: 'Alerts now',
        description:
          'The alerts of this pack that fire now or are about to, the most serious first. The shown time and the choices above do not change it. Open one for its runbook and its dashboard.',
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
    lines(
      {
        title: 'Requests by status class',
        description:
          'All requests of the chosen tenants by status class, those without a key included, as recorded; environment and tier do not matter here. A growing 4xx or 5xx part says that many keys are in trouble at once: look at Atender before looking at keys. none: the connection ended without a response.',
        unit: 'reqps',
        height: 11,
        none: 'Nothing is recorded yet: are the rules loaded?',
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
    lines(
      {
        title: 'Ten busiest keys',
        description:
          'Requests per second, of five minutes each, of the ten keys that had the busiest quarter of an hour in the shown time; only what was recorded. A key that shoots up is a campaign, a loop or a leak: open its Usage dashboard.',
        unit: 'reqps',
        height: 11,
        none: 'Nothing is recorded yet: are the rules loaded?',
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
    lines(
      {
        title: 'All traffic against the usual',
        description:
          'The volume of all chosen keys, and the band of half to twice what the same hour of the last three weeks makes expected. Outside the band something changed for many keys.',
        unit: 'reqps',
        height: 9,
        none: 'Nothing is recorded yet: are the rules loaded?',
      },
      [
        { expr: `sum(${RECORDED.rateByTier}{${ANY_TIER}})`, legend: 'now' },
        { expr: `0.5 * sum(${RECORDED.expectedByTier}{${ANY_TIER}})`, legend: BAND.lower },
        { expr: `2 * sum(${RECORDED.expectedByTier}{${ANY_TIER}})`, legend: BAND.upper },
      ],
    ),
  )
  .withPanel(
    rows(
      {
        title: 'Volume furthest from the usual',
        description:
          'Keys by how many times their expected volume the last hour had. Far above 1 is a surge, far below 1 a consumer that changed or broke. Keys with fewer than 60 requests an hour are left out.',
        unit: 'short',
        height: 9,
        none: orNoData('Nothing is expected of any key before a week is recorded'),
      },
      [
        {
          expr: named(chosen(`${HOUR_RATE} / on (${BY_KEY}) (${EXPECTED} > 60 / 3600)`)),
          column: { title: 'Times the usual' },
        },
        {
          expr: named(chosen(`${HOUR_RATE} and on (${BY_KEY}) (${EXPECTED} > 60 / 3600)`)),
          column: { title: 'Now', unit: 'reqps' },
        },
        { expr: named(chosen(`${EXPECTED} > 60 / 3600`)), column: { title: 'Expected', unit: 'reqps' } },
      ],
      KEY_LABELS,
      { links: LINKS },
    ),
  )
  .withRow(row('Housekeeping'))
  .withPanel(
    rows(
      {
        title: 'Stale keys',
        description:
          'Keys not used for longer than their threshold (30 days unless the keys file says otherwise). Ask the owner whether the key is still needed; revoke it if not.',
        unit: 's',
        none: orNoData('No key is stale'),
      },
      [
        {
          expr: named(chosen(`(time() - (${LAST_USED} > 0)) > on (${BY_KEY}) ${STALE_AFTER}`)),
          column: { title: 'Not used for' },
        },
      ],
      KEY_LABELS,
      { links: LINKS },
    ),
  )
  .withPanel(
    rows(
      {
        title: 'Keys without recorded use',
        description:
          'Active keys of the keys file without any use since recording began, the oldest first. No age is shown where the keys file has no createdAt. A forgotten key is a risk: ask whether it is needed.',
        unit: 's',
        none: orNoData('Every active key has a recorded use'),
      },
      [
        {
          expr: named(
            chosen(`time() - (${gaugeBy(BY_KEY, KEY.created, anyKey())} and on (${BY_KEY}) (${NEVER_USED}))`),
          ),
          column: { title: 'Created ago' },
        },
        { expr: named(chosen(`0 * (${NEVER_USED})`)), column: { title: 'Requests', unit: 'short' } },
      ],
      KEY_LABELS,
      { links: LINKS },
    ),
  )
  .withPanel(
    rows(
      {
        title: 'New addresses of the last day',
        description:
          'Keys that were used from an address never seen on them, most recent first. Confirm the address with the owner; if nobody knows it, rotate the key.',
        unit: 's',
        none: orNoData('No new address in the last day'),
      },
      [
        {
          expr: named(chosen(`time() - (${gaugeBy(BY_KEY, KEY.lastNewIp, anyKey())} > time() - 86400)`)),
          column: { title: 'Noticed ago' },
        },
      ],
      KEY_LABELS,
      { links: LINKS, ascending: true },
    ),
  )
  .withPanel(
    rows(
      {
        title: 'Rotations in progress',
        description:
          'Keys that another one replaces, with what they still had in the last hour, until the keys file says that they are revoked. Revoke the old key once that has been 0 for a day or two.',
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
    figures(
      {
        title: 'Can the figures be trusted?',
        description:
          'Exporters that answer, those that are blind (not reading, behind, or failing to commit), how far the worst is behind, and the share of rejected lines. Anything but green: open the Exporter dashboard before judging a key.',
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
          steps: GOOD_BELOW(1, 1),
        },
        { expr: `max(${SELF.behindSeconds})`, legend: 'behind', unit: 's', steps: GOOD_BELOW(30, 120) },
        {
          expr: `sum(increase(${SELF.rejected}[15m])) / sum(increase(${SELF.lines}[15m]) > 0) or 0 * sum(increase(${SELF.lines}[15m]))`,
          legend: 'lines rejected',
          unit: 'percentunit',
          steps: GOOD_BELOW(0.001, 0.01),
        },
      ],
      NEUTRAL,
    ),
  );
