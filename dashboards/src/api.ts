import type * as cog from '@grafana/grafana-foundation-sdk/cog';
import * as common from '@grafana/grafana-foundation-sdk/common';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import * as table from '@grafana/grafana-foundation-sdk/table';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';
import { DASHBOARDS, type DashboardName, linkTo } from './base-dashboard.ts';
import { described, NEUTRAL, type PanelSpec } from './panels.ts';

/** Grafana Labs' Infinity data source over the exporter's HTTP API. */
export const API: common.DataSourceRef = { type: 'yesoreyeram-infinity-datasource', uid: 'atender-api' };

/** A field of the rows in a response. */
export interface Field {
  /** Path in a row: names and indexes from 0, separated by dots. Every version of the data source supports this form. */
  selector: string;
  text: string;
  type: 'string' | 'number' | 'timestamp';
  /** Unit id of Grafana. */
  unit?: string;
  /** The text wraps. */
  wrapped?: boolean;
}

const fieldOf =
  (type: Field['type']) =>
  (selector: string, text: string, unit?: string): Field => ({
    selector,
    text,
    type,
    ...(unit ? { unit } : {}),
  });

export const text = fieldOf('string');
export const number = fieldOf('number');
export const time = fieldOf('timestamp');
export const sentence = (selector: string, title: string): Field => ({
  ...text(selector, title),
  wrapped: true,
});

/** A query to the exporter's API. */
export interface ApiQuery {
  path: string;
  parameters: Record<string, string>;
  /** Path of the rows in the response. */
  rows: string;
  /** Entries per page; all pages are fetched, up to `MOST_PAGES`. Without it, only the first page is fetched. */
  pageOf?: number;
  fields: Field[];
}

/** A dashboard that queries the API. The API treats empty text variables as absent. */
export function recordDashboard(
  name: DashboardName,
  about: string,
  variables: dashboard.TextBoxVariableBuilder[],
  from: string,
): dashboard.DashboardBuilder {
  const { uid, title } = DASHBOARDS[name];
  const builder = new dashboard.DashboardBuilder(title)
    .uid(uid)
    .description(about)
    .tags(['atender', 'api-keys', 'record'])
    .timezone('utc')
    .time({ from, to: 'now' })
    .readonly();
  for (const variable of variables) builder.withVariable(variable);
  for (const [other, { uid: id, title: text }] of Object.entries(DASHBOARDS))
    if (other !== name) builder.link(linkTo(id, text));
  return builder;
}

export const textVariable = (name: string, label: string, about: string, preset = '') =>
  new dashboard.TextBoxVariableBuilder(name).label(label).description(about).defaultValue(preset);

/** `$__all` is the value that links from and to the other dashboards carry. An empty value would select no tenant there. */
export const TENANT = textVariable('tenant', 'Tenant', 'Tenant id; $__all = any', '$__all');

const WRAPPED = { type: common.TableCellDisplayMode.Auto, wrapText: true };

/** Rows of a response as a table. */
export function apiTable(about: PanelSpec, question: ApiQuery) {
  const panel = described(new table.PanelBuilder(), about, NEUTRAL).datasource(API).filterable(true);
  for (const { text, unit, wrapped } of question.fields) {
    if (unit) panel.overrideByName(text, [{ id: 'unit', value: unit }]);
    if (wrapped) panel.overrideByName(text, [{ id: 'custom.cellOptions', value: WRAPPED }]);
  }
  // The data source sorts columns by name.
  const order = Object.fromEntries(question.fields.map(({ text }, i) => [text, i]));
  panel.withTransformation({ id: 'organize', options: { indexByName: order } });
  return panel.withTarget(new InfinityQueryBuilder(question, 'table'));
}

/** Shows which exporter counted the requests. If exporters share facts, the API of each still covers only its own requests. */
export const coverageTable = (path: string, parameters: Record<string, string>) =>
  apiTable(
    {
      title: 'Coverage',
      description:
        'The exporter that counted the requests below. If exporters share facts through Redis, this is one of them. Check every exporter before you conclude that a key is not in use.',
      unit: 'short',
      span: 24,
      height: 3,
    },
    {
      path,
      parameters,
      rows: 'coverage',
      fields: [text('instance', 'Exporter'), text('complete', 'Complete'), sentence('text', 'Note')],
    },
  );

/** Rows of a response over time. The first field is the time. */
export function apiTimeSeries(about: PanelSpec, question: ApiQuery) {
  const panel = described(new timeseries.PanelBuilder(), about, NEUTRAL)
    .datasource(API)
    .drawStyle(common.GraphDrawStyle.Bars)
    .fillOpacity(60);
  return panel.withTarget(new InfinityQueryBuilder(question, 'timeseries'));
}

/** A query as the Infinity data source stores it; its own parser runs in Grafana's back end. */
class InfinityQueryBuilder implements cog.Builder<cog.Dataquery> {
  private readonly query: object;

  constructor({ path, parameters, rows, fields, pageOf }: ApiQuery, format: 'table' | 'timeseries') {
    // In cursor mode the data source does not send its own page size.
    const asked = pageOf === undefined ? parameters : { ...parameters, limit: String(pageOf) };
    this.query = {
      refId: 'A',
      datasource: API,
      type: 'json',
      source: 'url',
      parser: 'backend',
      format,
      url: path,
      url_options: {
        method: 'GET',
        params: Object.entries(asked).map(([key, value]) => ({ key, value })),
      },
      root_selector: rows,
      columns: fields.map(({ selector, text, type }) => ({ selector, text, type })),
      filters: [],
      ...(pageOf === undefined ? {} : PAGES),
    };
  }

  build(): cog.Dataquery {
    return this.query as cog.Dataquery;
  }
}

/** Maximum number of pages that the Infinity data source fetches for one query. */
export const MAX_PAGES = 5;

/** Cursor pagination of the data source: `next` of a response is the `cursor` of the next request. */
const PAGES = {
  pagination_mode: 'cursor',
  pagination_max_pages: MAX_PAGES,
  pagination_param_cursor_field_name: 'cursor',
  pagination_param_cursor_field_type: 'query',
  pagination_param_cursor_extraction_path: 'next',
};
