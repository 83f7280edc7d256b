import type { Series } from '../../exporter/test/prometheus.ts';
import { type Board, panelsOf, type Target } from './boards.ts';

/** A query that Grafana sends to Prometheus, before variables are replaced. */
export interface GrafanaQuery {
  /** Dashboard and panel, annotation or variable. */
  asker: string;
  refId: string;
  expr: string;
  /** `values`: the values of the label `label` of the series that `expr` selects. */
  kind: 'instant' | 'range' | 'values';
  label?: string;
  /** Maximum number of points of a range query. */
  points: number;
  /** Minimum step, seconds. */
  interval: number;
  /** Time range of the panel in seconds if it differs from the dashboard. */
  time?: number;
}

/** Values of the variables: one text or several. */
export type Chosen = Record<string, string | string[]>;

/** Grafana uses the width of the panel in pixels. This is a wide panel. */
const PANEL_POINTS = 1000;
/** The value that Grafana uses for annotations. */
const ANNOTATION_POINTS = 100;

/** Every query of every panel, annotation and variable of a dashboard. */
export function queriesOf(board: Board): GrafanaQuery[] {
  const title = board.title.replace('API keys: ', '');
  const asked = (
    asker: string,
    { points = PANEL_POINTS, interval = '0m', time = '' },
    targets: Target[] = [],
  ) =>
    targets.map(
      ({ refId, expr, instant }): GrafanaQuery => ({
        ...{ asker: `${title}: ${asker}`, refId, expr, kind: instant ? 'instant' : 'range', points },
        interval: secondsOf(interval),
        ...(time === '' ? {} : { time: secondsOf(time) }),
      }),
    );
  return [
    ...panelsOf(board).flatMap(({ title = '', maxDataPoints: points, interval, timeFrom: time, targets }) =>
      asked(title, { points, interval, time }, targets),
    ),
    ...board.annotations.list.flatMap(({ name, step: interval, target }) =>
      target ? asked(`annotation ${name}`, { points: ANNOTATION_POINTS, interval }, [target]) : [],
    ),
    ...board.templating.list.flatMap(({ name, query }): GrafanaQuery[] => {
      const text = typeof query === 'string' ? query : (query?.query ?? '');
      const asked = { asker: `${title}: variable ${name}`, refId: name, points: 0, interval: 0 };
      const [, values, label] = /^label_values\((.+), (\w+)\)$/.exec(text) ?? [];
      if (values !== undefined) return [{ ...asked, expr: values, label, kind: 'values' }];
      const [, result] = /^query_result\((.+)\)$/.exec(text) ?? [];
      return result === undefined ? [] : [{ ...asked, expr: result, kind: 'instant' }];
    }),
  ];
}

/** Seconds of `90s`, `2m` or `24h`. */
const secondsOf = (interval: string): number =>
  Number.parseInt(interval, 10) * ({ m: 60, h: 3600 }[interval.at(-1) ?? ''] ?? 1);

/** Time range and variables of a dashboard. Times in seconds since the epoch. */
export interface Shown {
  url: string;
  chosen: Chosen;
  from: number;
  to: number;
  /** Scrape interval of the data source, seconds. */
  scrape: number;
}

/** Runs a query and returns its series; for `values`, one series per value. Throws the error of Prometheus. */
export async function runQuery(
  { expr, kind, label, points, interval, time }: GrafanaQuery,
  { url, chosen, from: begin, to, scrape }: Shown,
): Promise<Series[]> {
  const from = time === undefined ? begin : to - time;
  const step = Math.max(niceStep((to - from) / (points || 1)), interval, scrape);
  const query = interpolated(expr, {
    at: String(to * 1000),
    ...chosen,
    __interval: `${step}s`,
    __rate_interval: `${Math.max(step + scrape, 4 * scrape)}s`,
    __range: `${to - from}s`,
  });
  const parameters = {
    instant: { query, time: String(to) },
    range: { query, start: String(from), end: String(to), step: String(step) },
    values: { 'match[]': query, start: String(from), end: String(to) },
  }[kind];
  const path = { instant: 'query', range: 'query_range', values: `label/${label}/values` }[kind];
  const address = new URL(`/api/v1/${path}?${new URLSearchParams(parameters)}`, url);
  const { error, data } = (await (await fetch(address)).json()) as {
    error?: string;
    data: string[] & { resultType?: string; result: Series[] };
  };
  if (error !== undefined) throw new Error(`${error}\n${query}`);
  if (data?.resultType === 'scalar')
    return [{ metric: {}, value: data.result as unknown as [number, string] }];
  return kind === 'values' ? data.map((value) => ({ metric: { [label ?? '']: value } })) : data.result;
}

/** The step of Grafana: rounded to the nearest of its intervals. */
export function niceStep(seconds: number): number {
  const steps = [
    1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10_800, 21_600, 43_200,
  ];
  return steps.reduce((best, step) => (Math.abs(step - seconds) < Math.abs(best - seconds) ? step : best));
}

/**
 * Replaces variables like the Prometheus data source of Grafana. A single value is escaped for a quoted string, several
 * values for a regular expression in a quoted string. With `:regex`, values are escaped for a regular expression only.
 */
export function interpolated(expr: string, chosen: Chosen): string {
  return expr.replace(/\$\{(\w+)(:regex)?\}|\$(\w+)/g, (all, braced, regex, bare) => {
    const value = chosen[braced ?? bare];
    if (value === undefined) return all;
    if (regex) return alternatives([value].flat().map((one) => one.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')));
    if (typeof value === 'string') return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"');
    return alternatives(
      value.map((one) => one.replaceAll('\\', '\\\\\\\\').replace(/[$^*{}[\]'+?.()|]/g, '\\\\$&')),
    );
  });
}

const alternatives = (each: string[]): string => (each.length === 1 ? each[0]! : `(${each.join('|')})`);
