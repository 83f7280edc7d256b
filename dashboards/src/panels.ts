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
import { atPresentTime } from './queries.ts';

/** The Prometheus of the variable `datasource`. */
export const DATASOURCE: DataSourceRef = { type: 'prometheus', uid: `\${datasource}` };

/** Title, description and size of a panel. The description says how to read the panel and what to do. */
export interface PanelSpec {
  title: string;
  description: string;
  /** Unit id of Grafana. */
  unit: string;
  /** Width in columns of 24, default 12. */
  span?: number;
  /** Height in rows of about 30 pixels, default 8. A legend shows two lines at 8, three from 9, four from 11. */
  height?: number;
  /** Text shown without data. */
  none?: string;
}

/** Text of an empty table. It is also empty if there is no data at all. */
export const orNoData = (none: string): string => `${none}, or there is no data for this time`;

/** Evaluation time of instant panels, from the variable `at`. */
export const AS_OF = `\${at:date:YYYY-MM-DD HH:mm:ss}`;

export interface Query {
  expr: string;
  /** Legend format, e.g. `{{status}}`. */
  legend?: string;
  refId?: string;
}

/** Colours with the value from which they apply. The first has no value. */
export type ThresholdSteps = [colour: string, from?: number][];

export const goodBelow = (warning: number, bad: number): ThresholdSteps => [
  ['green'],
  ['orange', warning],
  ['red', bad],
];
export const NEUTRAL: ThresholdSteps = [['text']];

const STATUS_COLOURS: Record<string, string> = {
  '2xx': 'green',
  '3xx': 'blue',
  '4xx': 'orange',
  '5xx': 'red',
};

/** Minimum upper end of the axis by unit. Without it, a line of zeros has an axis up to 100. */
const MIN_AXIS: Record<string, number> = { short: 1, reqps: 0.01, bytes: 1024 };

/** Legends of the edges of the expected band. */
export const BAND = { lower: 'half of the expected', upper: 'twice the expected' };

/** A time series panel. Series with the legends of `BAND` are drawn as a filled band. */
export function timeSeriesPanel(
  about: PanelSpec,
  queries: Query[],
  options: { stacked?: boolean; steps?: ThresholdSteps } = {},
) {
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
  const least = MIN_AXIS[about.unit];
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
  return rangeQueries(panel, queries);
}

/** An instant query at the evaluation time: now, or the end of a past time range. */
export const instantQuery = (one: Query) => query({ ...one, expr: atPresentTime(one.expr) }).instant();

/** Adds the evaluation time to the description if any query uses it. */
const withTime = <T extends PanelSpec>(about: T, queries: Query[]): T =>
  queries.every(({ expr }) => atPresentTime(expr) === expr)
    ? about
    : { ...about, description: `${about.description} As of ${AS_OF}.` };

/** Shows missing data without a colour. Otherwise it has the colour of the lowest step, which may be green. */
const NO_DATA_COLOURLESS: dashboard.ValueMapping[] = [
  {
    type: dashboard.MappingType.SpecialValue,
    options: { match: dashboard.SpecialValueMatch.NullAndNan, result: { color: 'text' } },
  } as dashboard.SpecialValueMap,
];

/** A stat panel with one number. */
export function statPanel(about: PanelSpec, expr: string, steps: ThresholdSteps) {
  const panel = described(
    new stat.PanelBuilder(),
    { span: 4, height: 4, ...withTime(about, [{ expr }]) },
    steps,
  )
    .colorMode(common.BigValueColorMode.Value)
    .graphMode(common.BigValueGraphMode.None)
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']));
  return panel.mappings(NO_DATA_COLOURLESS).withTarget(instantQuery({ expr, refId: 'A' }));
}

/** A stat panel with one number per query. Each query can have its own steps and unit. */
export function statsPanel(
  about: PanelSpec,
  queries: (Query & { steps?: ThresholdSteps; unit?: string })[],
  steps: ThresholdSteps,
) {
  const panel = described(new stat.PanelBuilder(), { height: 4, ...withTime(about, queries) }, steps)
    .colorMode(common.BigValueColorMode.Value)
    .graphMode(common.BigValueGraphMode.None)
    .textMode(common.BigValueTextMode.ValueAndName)
    .mappings(NO_DATA_COLOURLESS)
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']));
  for (const [i, one] of queries.entries()) {
    panel.withTarget(instantQuery({ refId: refId(i), ...one }));
    const own = ownSettings(one);
    if (own.length > 0 && one.legend) panel.overrideByName(one.legend, own);
  }
  return panel;
}

/** A bar gauge with one bar per series. The display name is set because Grafana hides the name of a single bar. */
export function barGaugePanel(about: PanelSpec, one: Query, steps: ThresholdSteps) {
  return described(new bargauge.PanelBuilder(), { height: 4, ...withTime(about, [one]) }, steps)
    .displayMode(common.BarGaugeDisplayMode.Basic)
    .orientation(common.VizOrientation.Horizontal)
    .namePlacement(common.BarGaugeNamePlacement.Left)
    .minVizHeight(14)
    .displayName('${__series.name}')
    .min(0)
    .reduceOptions(new common.ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .mappings(NO_DATA_COLOURLESS)
    .withTarget(query({ refId: 'A', ...one, expr: `sort_desc(${atPresentTime(one.expr)})` }).instant());
}

/** A table column: title, and unit and steps if they differ from the panel. */
export interface Column {
  title: string;
  unit?: string;
  steps?: ThresholdSteps;
}

/** A table with label columns and one value column per query, sorted by the first value. */
export function tablePanel(
  about: PanelSpec,
  queries: (Query & { column: Column })[],
  labels: Record<string, string>,
  options: {
    steps?: ThresholdSteps;
    links?: cog.Builder<dashboard.DashboardLink>[];
    ascending?: boolean;
    /** Title of a label column that needs more width. */
    wide?: string;
  } = {},
) {
  const panel = described(new table.PanelBuilder(), withTime(about, queries), options.steps ?? NEUTRAL)
    .filterable(true)
    // With the default of 150 pixels, six columns do not fit half of a laptop screen.
    .minWidth(100);
  const names: Record<string, string> = { ...labels };
  for (const [i, one] of queries.entries()) {
    const id = refId(i);
    panel.withTarget(instantQuery({ ...one, refId: id }).format(prometheus.PromQueryFormat.Table));
    names[queries.length > 1 ? `Value #${id} (lastNotNull)` : 'Value'] = one.column.title;
    const own = ownSettings(one.column);
    // A row can lack the value of one query. The no-value text of the panel is for empty tables only.
    if (queries.length > 1) own.push({ id: 'noValue', value: '–' });
    if (one.column.steps)
      own.push({ id: 'custom.cellOptions', value: { type: common.TableCellDisplayMode.ColorText } });
    if (own.length > 0) panel.overrideByName(one.column.title, own);
  }
  if (queries.length > 1) {
    panel.withTransformation({ id: 'merge', options: {} });
    // After a merge, queries without rows still have columns. Grouping by labels removes them, so that `noValue` is shown.
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

/** One row per combination of labels, with the value of each query. */
const grouped = (labels: Record<string, string>, queries: number): Record<string, object> =>
  Object.fromEntries([
    ...Object.keys(labels).map((label) => [label, { operation: 'groupby', aggregations: [] }]),
    ...Array.from({ length: queries }, (_, i) => [
      `Value #${refId(i)}`,
      { operation: 'aggregate', aggregations: ['lastNotNull'] },
    ]),
  ]);

/** A heatmap of histogram buckets over time. */
export function heatmapPanel(about: PanelSpec, one: Query) {
  const panel = described(new heatmap.PanelBuilder(), about, NEUTRAL).hideLegend();
  panel.yAxis(new heatmap.YAxisConfigBuilder().unit(about.unit));
  return panel.withTarget(
    query({ ...one, refId: 'A' })
      .range()
      .format(prometheus.PromQueryFormat.Heatmap),
  );
}

/** A panel of a type without a builder in the SDK. */
export function customPanel(
  type: string,
  about: PanelSpec,
  options: object,
  queries: cog.Builder<cog.Dataquery>[],
) {
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

export function described<T extends Describable>(panel: T, about: PanelSpec, steps: ThresholdSteps): T {
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

/** Overrides of unit and steps. */
const ownSettings = ({
  unit,
  steps,
}: {
  unit?: string;
  steps?: ThresholdSteps;
}): { id: string; value: unknown }[] => [
  ...(unit ? [{ id: 'unit', value: unit }] : []),
  ...(steps
    ? [{ id: 'thresholds', value: { mode: dashboard.ThresholdsMode.Absolute, steps: stepsOf(steps) } }]
    : []),
];

const stepsOf = (steps: ThresholdSteps): dashboard.Threshold[] =>
  steps.map(([color, from]) => ({ color, value: from ?? null }));

function rangeQueries<T extends { withTarget(target: cog.Builder<cog.Dataquery>): T }>(
  panel: T,
  queries: Query[],
): T {
  for (const [i, one] of queries.entries()) panel.withTarget(query({ refId: refId(i), ...one }).range());
  return panel;
}

const refId = (i: number): string => String.fromCharCode(65 + i);
