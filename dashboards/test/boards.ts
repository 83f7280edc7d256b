import { readdirSync, readFileSync } from 'node:fs';

export interface Panel {
  type: string;
  title?: string;
  description?: string;
  datasource?: { type?: string; uid?: string };
  fieldConfig?: { defaults?: { unit?: string; thresholds?: { steps: unknown[] } } };
  targets?: Target[];
  transformations?: { id: string; options: { renameByName?: Record<string, string> } }[];
  maxDataPoints?: number;
  /** Minimum step, such as `1m`. */
  interval?: string;
  /** Time range of the panel if it differs from the dashboard, such as `24h`. */
  timeFrom?: string;
  panels?: Panel[];
}

export interface Target {
  refId: string;
  expr: string;
  instant?: boolean;
  datasource?: { uid?: string };
}

export interface Board {
  uid: string;
  title: string;
  panels: Panel[];
  links: { title: string; url: string; keepTime: boolean; includeVars: boolean }[];
  templating: { list: { name: string; type: string; regex?: string; query?: string | { query: string } }[] };
  annotations: { list: { name: string; step?: string; target?: Target }[] };
  timepicker: { quick_ranges: { display: string; from: string; to: string }[] };
}

const JSON_FOLDER = new URL('../json/', import.meta.url);

/** The committed dashboards, as Grafana reads them. */
export const boards = (): Board[] =>
  readdirSync(JSON_FOLDER)
    .filter((name) => name.endsWith('.json'))
    .map((name) => JSON.parse(readFileSync(new URL(name, JSON_FOLDER), 'utf8')) as Board);

/** The dashboards that query the API of the exporter. */
export const recordBoards = (): (Omit<Board, 'panels'> & {
  panels: (Panel & { targets: ApiTarget[] })[];
})[] =>
  readdirSync(new URL('record/', JSON_FOLDER)).map((name) =>
    JSON.parse(readFileSync(new URL(`record/${name}`, JSON_FOLDER), 'utf8')),
  );

/** A query of the Infinity data source. */
export interface ApiTarget extends Target {
  url: string;
  url_options: { params: { key: string; value: string }[] };
  root_selector: string;
  columns: { selector: string; text: string; type: string }[];
  pagination_mode?: string;
  pagination_param_cursor_field_name?: string;
  pagination_param_cursor_extraction_path?: string;
}

/** All panels, including those inside rows, without the rows themselves. */
export const panelsOf = (board: Board): Panel[] =>
  board.panels.flatMap((panel) => (panel.type === 'row' ? (panel.panels ?? []) : [panel]));
