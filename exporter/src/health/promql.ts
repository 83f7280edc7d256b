import { KEY_SERIES, RECORDED } from './series.ts';
import { THRESHOLDS, type ThresholdKind } from './thresholds.ts';

/** PromQL that rules, dashboards and panel share: each guard, default and matcher is written once. */
export const BY_KEY = 'tenant_id, key_id';
export const ON_KEY = `on (${BY_KEY})`;
export const ON_INSTANCE = 'on (job, instance)';

/** Matcher of real keys. The pseudo-keys `__none__` and `__other__` carry request counters only. */
export const REAL_KEYS = 'key_id!~"__(none|other)__"';
/** Keys that the keys file marks as disabled or revoked. */
export const RETIRED_KEYS = `${KEY_SERIES.info}{state=~"disabled|revoked"}`;

/**
 * A PromQL expression over several lines. An interpolated expression takes the indentation of its line. Returns the
 * text without the indentation of the source code.
 */
export function promql(parts: TemplateStringsArray, ...values: (string | number)[]): string {
  let text = parts[0];
  values.forEach((value, i) => {
    const indent = /^ */.exec(text.slice(text.lastIndexOf('\n') + 1))![0];
    text += String(value).replaceAll('\n', `\n${indent}`) + parts[i + 1];
  });
  const lines = text.replace(/^\n/, '').trimEnd().split('\n');
  const indents = lines
    .filter((line) => line.trim() !== '')
    .map((line) => line.length - line.trimStart().length);
  const least = Math.min(...indents);
  return lines.map((line) => line.slice(least)).join('\n');
}

/** Requests in a window, by labels. `increase` comes before `sum`, so that a counter reset of one exporter is handled. */
export const increaseBy = (
  labels: string,
  selector: string,
  window: string,
  metric: string = KEY_SERIES.requests,
): string => `sum by (${labels}) (increase(${metric}{${selector}}[${window}]))`;

/** Requests per second in Grafana's rate interval, by labels. */
export const rateBy = (labels: string, selector: string, metric: string = KEY_SERIES.requests): string =>
  `sum by (${labels}) (rate(${metric}{${selector}}[$__rate_interval]))`;

/** A gauge by labels: the maximum over all exporters. */
export const gaugeBy = (labels: string, metric: string, selector: string): string =>
  `max by (${labels}) (${metric}{${selector}})`;

/** One value per key: the maximum over all exporters. Correct for facts that only grow, such as last used. */
export const maxByKey = (expr: string): string => `max by (${BY_KEY}) (${expr})`;

/** The recorded effective threshold of a kind. Kinds in `RECORDED_KINDS` have a series for every key that they apply to. */
export const effective = (kind: ThresholdKind): string => `${RECORDED.threshold}{kind="${kind}"}`;

/** Kinds that are recorded for every key. Other kinds have a series only for keys with an override. */
export const RECORDED_KINDS = [
  'unauthorized_count',
  'throttled_ratio',
  'server_error_ratio',
  'forbidden_count',
  'stale_seconds',
  'spike_ratio',
  'dip_ratio',
  'silence_seconds',
] as const satisfies ThresholdKind[];

/**
 * The threshold of a kind that is not recorded for every key: the override in the keys file, else the default.
 * @param keys a vector with one series per key: the keys that get the default
 * @param window how long an override stays valid after its last sample, e.g. `15m`; '' = the lookback of Prometheus
 */
export function effectiveOrDefault(kind: ThresholdKind, keys: string, window = ''): string {
  const row = effective(kind);
  const read = window === '' ? row : `last_over_time(${row}[${window}])`;
  return promql`
    (
      ${maxByKey(read)}
      or
      ${keys} * 0 + ${THRESHOLDS[kind].default}
    )`;
}

/** Drops series of exporters that are reading a backlog or did within the last 35 min. */
const notWhileBehind = (expr: string): string => promql`
  ${expr}
  unless ${ON_INSTANCE} ${RECORDED.behind}`;

/** Requests in a window by labels, from exporters that are not behind. `increase` comes before `sum`. */
export const increaseInTime = (
  selector: string,
  window: string,
  labels: string = BY_KEY,
  metric: string = KEY_SERIES.requests,
): string => promql`
  sum by (${labels}) (
    ${notWhileBehind(`increase(${metric}${selector === '' ? '' : `{${selector}}`}[${window}])`)}
  )`;

/** Keys that a blind exporter exposes. An exporter that is down exposes none: see `anyExporterDown`. */
export const shownByBlind = (window = ''): string => promql`
  (
    ${KEY_SERIES.lastUsed}
    and ${ON_INSTANCE} ${overTime(`${RECORDED.blind}{reason!="down"}`, window)}
  )`;

/** Non-empty if an exporter is down, or was down within the window. */
export const anyDown = (window = ''): string => overTime(`${RECORDED.blind}{reason="down"}`, window);

const overTime = (selector: string, window: string): string =>
  window === '' ? selector : `last_over_time(${selector}[${window}])`;
