import { effective, RECORDED_KINDS } from '../../exporter/src/health/promql.ts';
import { KEY_SERIES } from '../../exporter/src/health/series.ts';
import { THRESHOLDS, type ThresholdKind } from '../../exporter/src/health/thresholds.ts';

/**
 * Pieces of the Go templates in annotations. They use only functions that Prometheus, vmalert, and the rulers of
 * Mimir and Thanos share. `%q` quotes every label in a query, because labels come from request logs.
 */
const KEY_LABELS = ['tenant_id', 'key_id'];
const INSTANCE_LABELS = ['job', 'instance'];

/** Selector of the alert's own key, for a query in a template. A key without a tenant has none in the query either. */
export const ofKey = (matchers = ''): string => selectorOf(KEY_LABELS, matchers);
export const ofInstance = (...more: string[]): string => selectorOf([...INSTANCE_LABELS, ...more], '');

const selectorOf = (labels: string[], matchers: string): string =>
  `{${[matchers, ...labels.map((label) => `${label}=%q`)].filter((one) => one !== '').join(',')}}`;

/** `printf` of a query whose `%q` are the given labels, in their order; repeated when the query has several selectors. */
function query(text: string, labels: string[]): string {
  const places = text.split('%q').length - 1;
  const given = Array.from({ length: places }, (_, i) => `$labels.${labels[i % labels.length]}`);
  return `printf \`${text}\` ${given.join(' ')} | query`;
}
export const keyQuery = (text: string): string => query(text, KEY_LABELS);
export const instanceQuery = (text: string, ...more: string[]): string =>
  query(text, [...INSTANCE_LABELS, ...more]);

/** The value of a query's first row, through a filter; `otherwise` where the query finds nothing. */
export const firstValue = (find: string, filter = '', otherwise = ''): string =>
  `{{ with ${find} }}{{ . | first | value${filter === '' ? '' : ` | ${filter}`} }}${elseText(otherwise)}{{ end }}`;

/** A label of the query's first row. */
export const firstLabel = (find: string, label: string, otherwise = ''): string =>
  `{{ with ${find} }}{{ . | first | label "${label}" }}${elseText(otherwise)}{{ end }}`;

const elseText = (text: string): string => (text === '' ? '' : `{{ else }}${text}`);

/** Finds the row of the keys file that has the label, at present. */
export const present = (label: string): string => keyQuery(`${KEY_SERIES.info}${ofKey(`${label}!=""`)}`);

/**
 * The same, or the last known row of the past hour: security alerts go on when the exporter dies. `topk` takes one row
 * where exporters disagree.
 */
export const lastKnown = (label: string): string => {
  const stamp = `timestamp(${KEY_SERIES.info}${ofKey(`${label}!=""`)})`;
  const now = keyQuery(`topk(1, ${stamp})`);
  const past = keyQuery(`topk(1, max_over_time(${stamp}[1h:15s]))`);
  return `or (${now}) (${past})`;
};

export type LookUp = (label: string) => string;

/** ` "Name"`, or nothing where the keys file has no name. */
const quotedName = (lookUp: LookUp): string =>
  `{{ with ${lookUp('name')} }} "{{ . | first | label "name" }}"{{ end }}`;

/** How a summary of an alert about a key begins. */
export const keySummary = (lookUp: LookUp, rest: string): string =>
  `Key {{ $labels.key_id }}${quotedName(lookUp)}${rest}`;

/** The annotations that every alert about a key has. */
export const keyAnnotations = (lookUp: LookUp): Record<string, string> => ({
  key: `{{ $labels.key_id }}${quotedName(lookUp)}`,
  owner: firstLabel(lookUp('owner'), 'owner', 'unknown'),
  tier: firstLabel(lookUp('tier'), 'tier', 'unknown'),
  dashboard_url: keyDashboard,
});

/** A page of Grafana where the external label `grafana_url` says where Grafana is, else a page of Prometheus. */
const dashboard = (path: string, otherwise: string): string =>
  `{{ with $externalLabels.grafana_url }}{{ . }}/d/${path}{{ else }}{{ $externalURL }}${otherwise}{{ end }}`;
const graph = (expr: string): string => `/graph?g0.expr={{ ${expr} | urlquery }}&g0.tab=0`;

const keyDashboard = dashboard(
  'atender-key-usage?var-tenant={{ $labels.tenant_id | urlquery }}&var-key={{ $labels.key_id | urlquery }}',
  graph(
    `printf \`sum by (status) (rate(${KEY_SERIES.requests}${ofKey()}[5m]))\` $labels.tenant_id $labels.key_id`,
  ),
);
export const exporterDashboard = dashboard('atender-exporter', '/targets');
export const exporterDashboardOr = (expr: string): string =>
  dashboard('atender-exporter', graph(`\`${expr}\``));

/** The runbook of an alert: below the external label `runbooks_url`, else its place in this pack. */
export const runbook = (alert: string): string =>
  `{{ with $externalLabels.runbooks_url }}{{ . }}{{ else }}alerting/runbooks{{ end }}/${alert}.md`;

/** How a threshold is written: the filter of the template, and the same for a default. */
const WRITTEN = {
  duration: { filter: 'humanizeDuration', text: durationText },
  percent: { filter: 'humanizePercentage', text: (value: number) => `${value * 100}%` },
  number: { filter: '', text: String },
};
export type Written = keyof typeof WRITTEN;
const UNIT = { seconds: 'duration', ratio: 'percent', factor: 'number', requests: 'number' } as const;

/**
 * The threshold that holds for the alert's key, as text. Kinds that are not recorded for every key fall back to their
 * default. With `window`, the last row of that window.
 */
export function thresholdText(kind: ThresholdKind, window = '', written?: Written): string {
  const { default: value, unit } = THRESHOLDS[kind];
  const { filter, text } = WRITTEN[written ?? UNIT[unit]];
  const row = effective(kind).replace('}', `,${ofKey().slice(1)}`);
  const find = keyQuery(window === '' ? row : `last_over_time(${row}[${window}])`);
  const recorded = (RECORDED_KINDS as readonly string[]).includes(kind);
  return firstValue(find, filter, recorded ? '' : text(value));
}

/** Seconds as the templates' humanizeDuration writes them: `15m 0s`, `1d 0h 0m 0s`. */
export function durationText(seconds: number): string {
  const [d, h, m, s] = [86_400, 3600, 60, 1].map((unit, i, units) =>
    Math.floor((i === 0 ? seconds : seconds % units[i - 1]) / unit),
  );
  if (d > 0) return `${d}d ${h}h ${m}m ${s}s`;
  if (h > 0) return `${h}h ${m}m ${s}s`;
  return m > 0 ? `${m}m ${s}s` : `${s}s`;
}
