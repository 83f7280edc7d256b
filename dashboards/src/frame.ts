import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import { BY_KEY } from '../../exporter/src/health/promql.ts';
import { RECORDED } from '../../exporter/src/health/series.ts';
import { DATASOURCE, query } from './panels.ts';
import { anyKey, chosen, KEY, PRESENT, SELF } from './queries.ts';

/** The dashboards by what they are; alerts and panels link to these uids. */
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

type VariableName = keyof typeof VALUES;

/** The highest quarter of an hour in the shown time; of the last one, which is not recorded yet, five minutes. */
const PEAK =
  `max by (${BY_KEY}) (label_replace(max_over_time(${RECORDED.rate}{${anyKey()}}[15m]), "of", "5m", "", "")` +
  ` or max_over_time(${RECORDED.rate15m}{${anyKey()}}[$__range]))`;

/** What Grafana asks for the values of each variable. */
const VALUES = {
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
 * Keys of rotations, those refused most and the busiest ones, chosen by nobody: always all there are, so that queries
 * name these keys instead of reading every key's series for the sake of few.
 */
const HIDDEN: VariableName[] = ['predecessor', 'successor', 'replaced', 'replacing', 'refused', 'busiest'];

/** Shown times that end now. Of Grafana's own list, "Today" and its kind end in the future, where lines have a gap. */
const SHOWN_TIMES = [
  ['Last 15 minutes', 'now-15m'],
  ['Last hour', 'now-1h'],
  ['Last 6 hours', 'now-6h'],
  ['Last 24 hours', 'now-24h'],
  ['Last 7 days', 'now-7d'],
  ['Last 30 days', 'now-30d'],
  ['Today so far', 'now/d'],
  ['This week so far', 'now/w'],
] as const;

/** A dashboard with what all of them share: data source, variables, links to the others, annotations. */
export function frame(
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
        SHOWN_TIMES.map(([display, from]) =>
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
  for (const variable of variables) builder.withVariable(chosenBy(variable));
  for (const [other, { uid: id, title: text }] of Object.entries(DASHBOARDS))
    if (other !== name) builder.link(linkTo(id, text));
  return builder;
}

/** The variable `at`. Not in the address: another dashboard, or a reload, asks for its own. */
const PRESENT_TIME = {
  build: (): dashboard.VariableModel => ({
    ...new dashboard.QueryVariableBuilder('at')
      .datasource(DATASOURCE)
      .query({ query: `query_result(${PRESENT})`, refId: 'variable-at' })
      .definition(`query_result(${PRESENT})`)
      .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
      .hide(dashboard.VariableHide.HideVariable)
      .build(),
    skipUrlSync: true,
  }),
};

/** All of them, unless some are chosen; the key one at a time. */
function chosenBy(name: VariableName): dashboard.QueryVariableBuilder {
  const builder = new dashboard.QueryVariableBuilder(name)
    .label(name[0]!.toUpperCase() + name.slice(1))
    .datasource(DATASOURCE)
    .query({ query: VALUES[name], refId: `variable-${name}` })
    .definition(VALUES[name])
    .refresh(dashboard.VariableRefresh.OnTimeRangeChanged)
    .sort(dashboard.VariableSort.AlphabeticalCaseInsensitiveAsc);
  if (VALUES[name].startsWith('query_result')) builder.regex('/key_id="([^"]+)"/');
  if (name === 'key') return builder;
  builder.multi(true).includeAll(true).current({ text: 'All', value: '$__all' });
  if (HIDDEN.includes(name)) return builder.hide(dashboard.VariableHide.HideVariable);
  // All jobs are those of exporters, not those of everything that Prometheus scrapes.
  return name === 'job' ? builder : builder.allValue('.*');
}

/** Time and variables go along. */
export const linkTo = (uid: string, title: string) =>
  new dashboard.DashboardLinkBuilder(title.replace('API keys: ', ''))
    .type(dashboard.DashboardLinkType.Link)
    .url(`/d/${uid}`)
    .keepTime(true)
    .includeVars(true);

/** A data link from a key to its Usage dashboard. */
export const keyLink = (tenant: string, key: string) =>
  new dashboard.DashboardLinkBuilder('Usage of this key').url(
    `/d/${DASHBOARDS.key.uid}?var-tenant=\${${tenant}:percentencode}&var-key=\${${key}:percentencode}&\${__url_time_range}`,
  );

/** A mark at each time a gauge of timestamps names. */
export const mark = (name: string, colour: string, expr: string, text: string) =>
  new dashboard.AnnotationQueryBuilder()
    .name(name)
    .datasource(DATASOURCE)
    .enable(true)
    .iconColor(colour)
    .target(query({ expr, refId: 'Anno' }))
    .expr(expr)
    .step('60s')
    .titleFormat(name)
    .textFormat(text)
    .useValueForTime(true);

/** A stretch for as long as an alert fires, one that fired between two points of a long time included. */
export const firing = (selector: string, name = 'Firing alerts', colour = 'red') => {
  const expr = `max_over_time(ALERTS{${selector},alertstate="firing"}[$__interval])`;
  return new dashboard.AnnotationQueryBuilder()
    .name(name)
    .datasource(DATASOURCE)
    .enable(true)
    .iconColor(colour)
    .target(query({ expr, refId: 'Anno' }))
    .expr(expr)
    .step('60s')
    .titleFormat('{{alertname}}')
    .textFormat('{{tenant_id}} {{key_id}} {{severity}}')
    .tagKeys('severity');
};
