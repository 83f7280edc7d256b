import * as bargauge from '@grafana/grafana-foundation-sdk/bargauge';
import type * as cog from '@grafana/grafana-foundation-sdk/cog';
import * as common from '@grafana/grafana-foundation-sdk/common';
import {
  type DataSourceRef,
  GraphGradientMode,
  LegendDisplayMode,
  LegendPlacement,
  StackingMode,
  TooltipDisplayMode,
} from '@grafana/grafana-foundation-sdk/common';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import * as heatmap from '@grafana/grafana-foundation-sdk/heatmap';
import * as prometheus from '@grafana/grafana-foundation-sdk/prometheus';
import * as stat from '@grafana/grafana-foundation-sdk/stat';
import * as table from '@grafana/grafana-foundation-sdk/table';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';
import { asOf } from './queries.ts';

/** Whatever Prometheus the reader has chosen. */
export const DATASOURCE: DataSourceRef = { type: 'prometheus', uid: `\${datasource}` };

/** What every panel says: how to read it and what to do. */
export interface About {
  title: string;
  description: string;
  /** Grafana's name of the unit. */
  unit: string;
  /** Columns of 24, default 12. */
  span?: number;
  /** Rows of some 30 pixels, default 8: two lines of a legend show there, three from 9 on, four from 11. */
  height?: number;
  /** What stands there when there is nothing to show. */
  none?: string;
}

/** What stands in an empty table: rows are missing as well where there is no data at all. */
export const orNoData = (none: string): string => `${none}, or there is no data for this time`;

/** When it is that a panel of the present is about; a dashboard's variable holds it. */
export const AS_OF = `\${at:date:YYYY-MM-DD HH:mm:ss}`;

export interface Query {
  expr: string;
  /** Name of the series, e.g. `{{status}}`. */
  legend?: string;
  refId?: string;
}

/** Values from which a colour holds; the first has no value. */
export type Steps = [colour: string, from?: number][];

export const GOOD_BELOW = (warning: number, bad: number): Steps => [
  ['green'],
  ['orange', warning],
  ['red', bad],
];
export const NEUTRAL: Steps = [['text']];

const STATUS_COLOURS: Record<string, string> = {
  '2xx': 'green',
  '3xx': 'blue',
  '4xx': 'orange',
  '5xx': 'red',
};

/** How far the axis of lines reaches at least, by unit: a line of nothing but 0 has one up to 100 otherwise. */
const LEAST_AXIS: Record<string, number> = { short: 1, reqps: 0.01, bytes: 1024 };

/** Legends of the lines at the two edges of the band of what is usual. */
export const BAND = { lower: 'half of the expected', upper: 'twice the expected' };

/** Lines over time, those of BAND as a filled band. `stacked` for parts of a whole. */
export function lines(about: About, queries: Query[], options: { stacked?: boolean; steps?: Steps } = {}) {
  const panel = described(new timeseries.PanelBuilder(), about, options.steps ?? NEUTRAL)
    .min(0)
    .fillOpacity(options.stacked ? 30 : 8)
    .gradientMode(GraphGradientMode.Opacity)
    .legend(
      new common.VizLegendOptionsBuilder()
        .showLegend(true)
        .displayMode(LegendDisplayMode.Table)
        .placement(LegendPlacement.Bottom)
        .calcs(['mean', 'max', 'lastNotNull']),
    )
    .tooltip(new common.VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi));
  const least = LEAST_AXIS[about.unit];
  if (least) panel.axisSoftMax(least);
  if (options.stacked) panel.stacking(new common.StackingConfigBuilder().mode(StackingMode.Normal));
  if (options.steps)
    panel.thresholdsStyle(
      new common.GraphThresholdsStyleConfigBuilder().mode(common.GraphThresholdsStyleMode.Dashed),
    );
  for (const [name, colour] of Object.entries(STATUS_COLOURS))
    panel.overrideByRegexp(`/^${name}$/`, [{ id: 'color', value: { mode: 'fixed', fixedColor: colour } }]);
  const edge = [
    { id: 'custom.lineWidth', value: 0 },
    { id: 'color', value: { mode: 'fixed', fixedColor: 'text' } },
  ];
  panel.overrideByName(BAND.lower, [...edge, { id: 'custom.fillOpacity', value: 0 }]);
  panel.overrideByName(BAND.upper, [
    ...edge,
    { id: 'custom.fillOpacity', value: 12 },
    { id: 'custom.fillBelowTo', value: BAND.lower },
  ]);
  return ranged(panel, queries);
}

/** A query of a panel that says how things are now, or at the end of a past shown time. */
export const present = (one: Query) => query({ ...one, expr: asOf(one.expr) }).instant();

/** Says when it is that a panel of the present is about. */
const dated = <T extends About>(about: T, queries: Query[]): T =>
  queries.every(({ expr }) => asOf(expr) === expr)
    ? about
    : { ...about, description: `${about.description} As of ${AS_OF}.` };

/** No data has no colour: otherwise it takes that of the lowest step, which may be green. */
const NO_DATA_COLOURLESS: dashboard.ValueMapping[] = [
  {
    type: dashboard.MappingType.SpecialValue,
    options: { match: dashboard.SpecialValueMatch.NullAndNan, result: { color: 'text' } },
  } as dashboard.SpecialValueMap,
];

/** One number now. */
export function figure(about: About, expr: string, steps: Steps) {
  const panel = described(new stat.PanelBuilder(), { span: 4, height: 4, ...dated(about, [{ expr }]) }, steps)
    .colorMode(common.BigValueColorMode.Value)
    .graphMode(common.BigValueGraphMode.None)
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']));
  return panel.mappings(NO_DATA_COLOURLESS).withTarget(present({ expr, refId: 'A' }));
}

/** A number for each series now; a query may have steps and a unit of its own. */
export function figures(about: About, queries: (Query & { steps?: Steps; unit?: string })[], steps: Steps) {
  const panel = described(new stat.PanelBuilder(), { height: 4, ...dated(about, queries) }, steps)
    .colorMode(common.BigValueColorMode.Value)
    .graphMode(common.BigValueGraphMode.None)
    .textMode(common.BigValueTextMode.ValueAndName)
    .mappings(NO_DATA_COLOURLESS)
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']));
  for (const [i, one] of queries.entries()) {
    panel.withTarget(present({ refId: refId(i), ...one }));
    const own = ownSettings(one);
    if (own.length > 0 && one.legend) panel.overrideByName(one.legend, own);
  }
  return panel;
}

/** A bar with its name for each of many series now. Grafana leaves out the name of a single bar, unless it is set. */
export function bars(about: About, one: Query, steps: Steps) {
  return described(new bargauge.PanelBuilder(), { height: 4, ...dated(about, [one]) }, steps)
    .displayMode(common.BarGaugeDisplayMode.Basic)
    .orientation(common.VizOrientation.Horizontal)
    .namePlacement(common.BarGaugeNamePlacement.Left)
    .minVizHeight(14)
    .displayName('${__series.name}')
    .min(0)
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .mappings(NO_DATA_COLOURLESS)
    .withTarget(query({ refId: 'A', ...one, expr: `sort_desc(${asOf(one.expr)})` }).instant());
}

/** A column of a table: what it is called, its unit where it is not the panel's, and its colours. */
export interface Column {
  title: string;
  unit?: string;
  steps?: Steps;
}

/** Rows by the label columns, a value column for each query, sorted by the first value. */
export function rows(
  about: About,
  queries: (Query & { column: Column })[],
  labels: Record<string, string>,
  options: {
    steps?: Steps;
    links?: cog.Builder<dashboard.DashboardLink>[];
    ascending?: boolean;
    /** Title of a label column whose texts are too long for an even share of the width. */
    wide?: string;
  } = {},
) {
  const panel = described(new table.PanelBuilder(), dated(about, queries), options.steps ?? NEUTRAL)
    .filterable(true)
    // Six columns fit half of a laptop's screen: with Grafana's own 150 pixels the last ones are cut off.
    .minWidth(100);
  const names: Record<string, string> = { ...labels };
  for (const [i, one] of queries.entries()) {
    const id = refId(i);
    panel.withTarget(present({ ...one, refId: id }).format(prometheus.PromQueryFormat.Table));
    names[queries.length > 1 ? `Value #${id} (lastNotNull)` : 'Value'] = one.column.title;
    const own = ownSettings(one.column);
    // A row that one query answers and another does not: the panel's sentence is about no row at all.
    if (queries.length > 1) own.push({ id: 'noValue', value: '–' });
    if (one.column.steps)
      own.push({ id: 'custom.cellOptions', value: { type: common.TableCellDisplayMode.ColorText } });
    if (own.length > 0) panel.overrideByName(one.column.title, own);
  }
  if (queries.length > 1) {
    panel.withTransformation({ id: 'merge', options: {} });
    // Merged, queries without any row still have columns; grouped by labels they have none, and `none` is shown.
    panel.withTransformation({ id: 'groupBy', options: { fields: grouped(labels, queries.length) } });
  }
  panel.withTransformation({
    id: 'organize',
    options: {
      excludeByName: { Time: true },
      renameByName: names,
      indexByName: Object.fromEntries(Object.keys(names).map((name, i) => [name, i])),
    },
  });
  panel.withTransformation({
    id: 'filterFieldsByName',
    options: { include: { names: Object.values(names) } },
  });
  panel.sortBy([
    new common.TableSortByFieldStateBuilder()
      .displayName(queries[0]!.column.title)
      .desc(options.ascending !== true),
  ]);
  if (options.wide) panel.overrideByName(options.wide, [{ id: 'custom.width', value: 260 }]);
  if (options.links)
    panel.overrideByName('Key', [{ id: 'links', value: options.links.map((link) => link.build()) }]);
  return panel;
}

/** One row for each combination of labels, with the value that each query has for it. */
const grouped = (labels: Record<string, string>, queries: number): Record<string, object> =>
  Object.fromEntries([
    ...Object.keys(labels).map((label) => [label, { operation: 'groupby', aggregations: [] }]),
    ...Array.from({ length: queries }, (_, i) => [
      `Value #${refId(i)}`,
      { operation: 'aggregate', aggregations: ['lastNotNull'] },
    ]),
  ]);

/** How a duration histogram's buckets fill over time. */
export function heat(about: About, one: Query) {
  const panel = described(new heatmap.PanelBuilder(), about, NEUTRAL).hideLegend();
  panel.yAxis(new heatmap.YAxisConfigBuilder().unit(about.unit));
  return panel.withTarget(
    query({ ...one, refId: 'A' })
      .range()
      .format(prometheus.PromQueryFormat.Heatmap),
  );
}

/** Any panel type the SDK has no builder for. */
export function custom(type: string, about: About, options: object, queries: cog.Builder<cog.Dataquery>[]) {
  const panel = described(new CustomPanel(type, options), about, NEUTRAL);
  for (const one of queries) panel.withTarget(one);
  return panel;
}

export const row = (title: string) => new dashboard.RowBuilder(title);

export const query = ({ expr, legend, refId: id = 'A' }: Query) =>
  new prometheus.DataqueryBuilder()
    .datasource(DATASOURCE)
    .expr(expr)
    .legendFormat(legend ?? '')
    .refId(id);

class CustomPanel extends dashboard.PanelBuilder {
  constructor(type: string, options: object) {
    super();
    this.internal.type = type;
    this.internal.options = options;
  }
}

interface Describable {
  title(title: string): this;
  description(text: string): this;
  unit(unit: string): this;
  datasource(ref: DataSourceRef): this;
  span(columns: number): this;
  height(height: number): this;
  noValue(text: string): this;
  thresholds(thresholds: cog.Builder<dashboard.ThresholdsConfig>): this;
}

export function described<T extends Describable>(panel: T, about: About, steps: Steps): T {
  if (about.none) panel.noValue(about.none);
  return panel
    .title(about.title)
    .description(about.description)
    .unit(about.unit)
    .datasource(DATASOURCE)
    .span(about.span ?? 12)
    .height(about.height ?? 8)
    .thresholds(
      new dashboard.ThresholdsConfigBuilder().mode(dashboard.ThresholdsMode.Absolute).steps(stepsOf(steps)),
    );
}

/** Overrides of the panel's unit and steps. */
const ownSettings = ({ unit, steps }: { unit?: string; steps?: Steps }): { id: string; value: unknown }[] => [
  ...(unit ? [{ id: 'unit', value: unit }] : []),
  ...(steps
    ? [{ id: 'thresholds', value: { mode: dashboard.ThresholdsMode.Absolute, steps: stepsOf(steps) } }]
    : []),
];

const stepsOf = (steps: Steps): dashboard.Threshold[] =>
  steps.map(([color, from]) => ({ color, value: from ?? null }));

function ranged<T extends { withTarget(target: cog.Builder<cog.Dataquery>): T }>(
  panel: T,
  queries: Query[],
): T {
  for (const [i, one] of queries.entries()) panel.withTarget(query({ refId: refId(i), ...one }).range());
  return panel;
}

const refId = (i: number): string => String.fromCharCode(65 + i);
