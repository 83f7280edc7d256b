import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import { BY_KEY } from '../../exporter/src/health/promql.ts';
import { RECORDED } from '../../exporter/src/health/series.ts';
import { DATASOURCE, query } from './panels.ts';
import { anyKey, chosen, KEY, PRESENT_TIME_QUERY, SELF } from './queries.ts';

/** Uids and titles of the dashboards. Alerts and panels link to the uids. */
export const DASHBOARDS = {
  overview: { uid: 'atender-overview', title: 'API keys: overview' },
  key: { uid: 'atender-key-usage', title: 'API keys: key usage' },
  rotation: { uid: 'atender-rotation-security', title: 'API keys: rotation and security' },
  exporter: { uid: 'atender-exporter', title: 'API keys: exporter' },
  longTerm: { uid: 'atender-long-term', title: 'API keys: long term' },
  audit: { uid: 'atender-audit', title: 'API keys: audit search' },
  review: { uid: 'atender-review', title: 'API keys: quarterly review' },
} as const;

export type DashboardName = keyof typeof DASHBOARDS;

type VariableName = keyof typeof VARIABLE_QUERIES;

/** The busiest 15 minutes in the shown time. The latest ones are not recorded yet, so their 5-minute rate is used. */
const PEAK =
  `max by (${BY_KEY}) (label_replace(max_over_time(${RECORDED.rate}{${anyKey()}}[15m]), "of", "5m", "", "")` +
  ` or max_over_time(${RECORDED.rate15m}{${anyKey()}}[$__range]))`;

/** Query of each variable. */
const VARIABLE_QUERIES = {
  tenant: `label_values(${KEY.requests}, tenant_id)`,
  environment: `label_values(${KEY.info}{tenant_id=~"$tenant"}, environment)`,
  tier: `label_values(${KEY.info}{tenant_id=~"$tenant"}, tier)`,
  job: `label_values(${SELF.buildInfo}, job)`,
  key: `label_values(${KEY.requests}{tenant_id=~"$tenant",key_id!~"__(none|other)__"}, key_id)`,
  predecessor: `label_values(${KEY.info}{tenant_id=~"$tenant",key_id="$key",replaces!=""}, replaces)`,
  successor: `label_values(${KEY.info}{tenant_id=~"$tenant",replaces="$key"}, key_id)`,
  replaced: `label_values(${KEY.info}{tenant_id=~"$tenant",replaces!=""}, replaces)`,
  replacing: `label_values(${KEY.info}{tenant_id=~"$tenant",replaces!=""}, key_id)`,
  refused: `query_result(topk(50, sum by (${BY_KEY}) (sum_over_time(${RECORDED.refused}{${anyKey()}}[$__range]))))`,
  busiest: `query_result(topk(10, ${chosen(PEAK)}))`,
};

/**
 * Variables that users cannot change: keys of rotations, keys with the most rejections, and the busiest keys. Queries
 * select these keys instead of reading the series of every key.
 */
const HIDDEN_VARIABLES: VariableName[] = [
  'predecessor',
  'successor',
  'replaced',
  'replacing',
  'refused',
  'busiest',
];

/** Quick ranges that end now. In the default list, ranges such as "Today" end in the future, where lines have a gap. */
const TIME_RANGES = [
  ['Last 15 minutes', 'now-15m'],
  ['Last hour', 'now-1h'],
  ['Last 6 hours', 'now-6h'],
  ['Last 24 hours', 'now-24h'],
  ['Last 7 days', 'now-7d'],
  ['Last 30 days', 'now-30d'],
  ['Today so far', 'now/d'],
  ['This week so far', 'now/w'],
] as const;

/** A dashboard with the shared parts: data source, variables, time ranges, and links to the other dashboards. */
export function baseDashboard(
  name: DashboardName,
  about: string,
  variables: VariableName[],
): dashboard.DashboardBuilder {
  const { uid, title } = DASHBOARDS[name];
  const builder = new dashboard.DashboardBuilder(title)
    .uid(uid)
    .description(about)
    .tags(['atender', 'api-keys'])
    .timezone('browser')
    .tooltip(dashboard.DashboardCursorSync.Crosshair)
    .time({ from: 'now-24h', to: 'now' })
    .timepicker(
      new dashboard.TimePickerBuilder().quickRanges(
        TIME_RANGES.map(([display, from]) =>
          new dashboard.TimeOptionBuilder().display(display).from(from).to('now'),
        ),
      ),
    )
    .refresh('1m')
    .readonly()
    .withVariable(
      new dashboard.DatasourceVariableBuilder('datasource').label('Prometheus').type('prometheus'),
    );
  builder.withVariable(PRESENT_TIME);
  for (const variable of variables) builder.withVariable(queryVariable(variable));
  for (const [other, { uid: id, title: text }] of Object.entries(DASHBOARDS))
    if (other !== name) builder.link(linkTo(id, text));
  return builder;
}

/** The variable `at`. It is not part of the URL, so that another dashboard or a reload queries it again. */
const PRESENT_TIME = {
  build: (): dashboard.VariableModel => ({
    ...new dashboard.QueryVariableBuilder('at')
      .datasource(DATASOURCE)
      .query({ query: `query_result(${PRESENT_TIME_QUERY})`, refId: 'variable-at' })
      .definition(`query_result(${PRESENT_TIME_QUERY})`)
      .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
      .hide(dashboard.VariableHide.HideVariable)
      .build(),
    skipUrlSync: true,
  }),
};

/** A variable with "All" as default. `key` is a single value. */
function queryVariable(name: VariableName): dashboard.QueryVariableBuilder {
  const builder = new dashboard.QueryVariableBuilder(name)
    .label(name[0]!.toUpperCase() + name.slice(1))
    .datasource(DATASOURCE)
    .query({ query: VARIABLE_QUERIES[name], refId: `variable-${name}` })
    .definition(VARIABLE_QUERIES[name])
    .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
    .sort(dashboard.VariableSort.AlphabeticalCaseInsensitiveAsc);
  if (VARIABLE_QUERIES[name].startsWith('query_result')) builder.regex('/key_id="([^"]+)"/');
  if (name === 'key') return builder;
  builder.multi(true).includeAll(true).current({ text: 'All', value: '$__all' });
  if (HIDDEN_VARIABLES.includes(name)) return builder.hide(dashboard.VariableHide.HideVariable);
  // For `job`, "All" must select exporters only, so it lists the values instead of `.*`.
  return name === 'job' ? builder : builder.allValue('.*');
}

/** A dashboard link that keeps time range and variables. */
export const linkTo = (uid: string, title: string) =>
  new dashboard.DashboardLinkBuilder(title.replace('API keys: ', ''))
    .type(dashboard.DashboardLinkType.Link)
    .url(`/d/${uid}`)
    .keepTime(true)
    .includeVars(true);

/** A data link from a key to its usage dashboard. */
export const keyLink = (tenant: string, key: string) =>
  new dashboard.DashboardLinkBuilder('Key usage').url(
    `/d/${DASHBOARDS.key.uid}?var-tenant=\${${tenant}:percentencode}&var-key=\${${key}:percentencode}&\${__url_time_range}`,
  );

const annotation = (name: string, colour: string, expr: string) =>
  new dashboard.AnnotationQueryBuilder()
    .name(name)
    .datasource(DATASOURCE)
    .enable(true)
    .iconColor(colour)
    .target(query({ expr, refId: 'Anno' }))
    .expr(expr)
    .step('60s');

/** An annotation at each timestamp that is the value of a gauge. */
export const timestampAnnotation = (name: string, colour: string, expr: string, text: string) =>
  annotation(name, colour, expr).titleFormat(name).textFormat(text).useValueForTime(true);

/** An annotation for the time an alert is firing, including alerts between two points of a long time range. */
export const alertAnnotation = (selector: string, name = 'Firing alerts', colour = 'red') => {
  const expr = `max_over_time(ALERTS{${selector},alertstate="firing"}[$__interval])`;
  return annotation(name, colour, expr)
    .titleFormat('{{alertname}}')
    .textFormat('{{tenant_id}} {{key_id}} {{severity}}')
    .tagKeys('severity');
};
