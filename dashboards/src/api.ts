import type * as cog from '@grafana/grafana-foundation-sdk/cog';
import * as common from '@grafana/grafana-foundation-sdk/common';
import * as dashboard from '@grafana/grafana-foundation-sdk/dashboard';
import * as table from '@grafana/grafana-foundation-sdk/table';
import * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';
import { DASHBOARDS, type DashboardName, linkTo } from './frame.ts';
import { type About, described, NEUTRAL } from './panels.ts';

/** Grafana Labs' Infinity data source over the exporter's HTTP API. */
export const API: common.DataSourceRef = { type: 'yesoreyeram-infinity-datasource', uid: 'atender-api' };

/** A field of the answer's rows. */
export interface Field {
  /** Its path in a row of the answer: names and places from 0 on with dots between, which every version understands. */
  selector: string;
  text: string;
  type: 'string' | 'number' | 'timestamp';
  /** Grafana's name of the unit, where it has one. */
  unit?: string;
  /** It goes over several lines. */
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

/** A question to the API. */
export interface Question {
  path: string;
  parameters: Record<string, string>;
  /** Where the rows are in the answer. */
  rows: string;
  /** Asks for page after page of so many entries; else for the first one only. */
  pageOf?: number;
  fields: Field[];
}

/** A dashboard that asks the API. Text variables are typed, and empty ones count as not given. */
export function recordFrame(
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

export const typed = (name: string, label: string, about: string, preset = '') =>
  new dashboard.TextBoxVariableBuilder(name).label(label).description(about).defaultValue(preset);

/** In the words in which links bring it from dashboards where all are chosen, and back: nothing would be no tenant there. */
export const TENANT = typed('tenant', 'Tenant', 'An id; $__all: any', '$__all');

const WRAPPED = { type: common.TableCellDisplayMode.Auto, wrapText: true };

/** Rows of the answer as a table. */
export function answerTable(about: About, question: Question) {
  const panel = described(new table.PanelBuilder(), about, NEUTRAL).datasource(API).filterable(true);
  for (const { text, unit, wrapped } of question.fields) {
    if (unit) panel.overrideByName(text, [{ id: 'unit', value: unit }]);
    if (wrapped) panel.overrideByName(text, [{ id: 'custom.cellOptions', value: WRAPPED }]);
  }
  // The data source gives its columns in the order of their names.
  const order = Object.fromEntries(question.fields.map(({ text }, i) => [text, i]));
  panel.withTransformation({ id: 'organize', options: { indexByName: order } });
  return panel.withTarget(new AskBuilder(question, 'table'));
}

/** Says whose requests a dashboard's answers are made of: where exporters share facts, of one of them. */
export const coverageTable = (path: string, parameters: Record<string, string>) =>
  answerTable(
    {
      title: 'Coverage',
      description:
        'Which exporter counted the requests below. Where exporters share facts through Redis, this is one of them. Ask each exporter before you conclude that a key is not in use.',
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

/** Rows of the answer over time: the first field is the time. */
export function answerLines(about: About, question: Question) {
  const panel = described(new timeseries.PanelBuilder(), about, NEUTRAL)
    .datasource(API)
    .drawStyle(common.GraphDrawStyle.Bars)
    .fillOpacity(60);
  return panel.withTarget(new AskBuilder(question, 'timeseries'));
}

/** A query as the Infinity data source stores it; its own parser runs in Grafana's back end. */
class AskBuilder implements cog.Builder<cog.Dataquery> {
  private readonly query: object;

  constructor({ path, parameters, rows, fields, pageOf }: Question, format: 'table' | 'timeseries') {
    // With a cursor the data source's own setting of a page's size is not sent.
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

/** Most pages the Infinity data source goes through for one query. */
export const MOST_PAGES = 5;

/** Its own way through an API's pages: what an answer has as `next` is the `cursor` of the next question. */
const PAGES = {
  pagination_mode: 'cursor',
  pagination_max_pages: MOST_PAGES,
  pagination_param_cursor_field_name: 'cursor',
  pagination_param_cursor_field_type: 'query',
  pagination_param_cursor_extraction_path: 'next',
};
