import { BY_KEY, ON_KEY, REAL_KEYS } from '../../exporter/src/health/promql.ts';
import { KEY_FAMILIES, SELF_FAMILIES } from '../../exporter/src/metrics/families.ts';

/** Family names, defined once by the exporter: `KEY.requests` is `atender_requests_total`. */
export const KEY = namesOf(KEY_FAMILIES);
export const SELF = namesOf(SELF_FAMILIES);

/** How often alerting/rules record what is drawn over time: less between two points would show gaps. */
export const RECORDED_EVERY = '1m';
/** The same of `rate15m`, which is for days of every key. Between two of them only range functions find it. */
export const RATE15M_EVERY = '15m';

/** Selector of all keys of the chosen tenants; pseudo-keys (`__none__`, `__other__`) are no keys. */
export const anyKey = (...more: string[]): string => ['tenant_id=~"$tenant"', REAL_KEYS, ...more].join(',');

/** Selector of the one key of the Key usage dashboard. A key without tenant has the variable's "none". */
export const thisKey = (...more: string[]): string =>
  ['tenant_id=~"$tenant"', 'key_id="$key"', ...more].join(',');

/** Matchers of what dashboards choose keys by, for series that have these labels. */
export const CHOSEN = 'environment=~"$environment",tier=~"$tier"';

/**
 * The keys of the chosen environments and tiers, 1 each. A key that the keys file does not have has neither
 * label, and a missing label matches like an empty one: it is there while nothing is chosen.
 */
const keysAt = (offset = ''): string =>
  `group by (${BY_KEY}) (${KEY.info}{${anyKey(CHOSEN)}}${offset}) or group by (${BY_KEY}) ` +
  `(${KEY.lastUsed}{${anyKey(CHOSEN)}}${offset} unless ${ON_KEY} ${KEY.info}${offset})`;
const CHOSEN_KEYS = keysAt();

/** The chosen keys, and those of so long ago that no exporter shows any more. */
export const chosenSince = (ago: string): string =>
  `${CHOSEN_KEYS} or (${keysAt(` offset ${ago}`)}) unless ${ON_KEY} (${KEY.info} or ${KEY.lastUsed})`;

/** A vector with tenant and key labels, kept to the chosen keys. */
export const chosen = (expr: string): string => `(${expr}) and ${ON_KEY} (${CHOSEN_KEYS})`;

/**
 * The names that the keys file gives, joined to a vector of keys as label `name`; '' for the others. One name a key:
 * exporters whose keys files differ for a while must not break the join.
 */
export const named = (expr: string): string =>
  `((${expr}) * ${ON_KEY} group_left (name) topk by (${BY_KEY}) (1, max by (${BY_KEY}, name) (${KEY.info})))` +
  ` or ((${expr}) unless ${ON_KEY} ${KEY.info})`;

/** New keys of rotations: a series each, the old key under `replaces`. */
export const REPLACING = `max by (${BY_KEY}, replaces) (${KEY.info}{${anyKey('replaces!=""')}})`;

/** Old keys of rotations. Two keys that replace the same one are one old key. */
export const REPLACED = `label_replace(max by (tenant_id, replaces) (${REPLACING}), "key_id", "$1", "replaces", "(.+)")`;

/** The watchdog alert: it fires for as long as the rules of this pack are evaluated. */
const RULES_EVALUATED = 'ALERTS{alertname="AtenderWatchdog",alertstate="firing"}';

/** 0, but only where the rules are evaluated. Elsewhere nobody knows whether an alert would fire. */
export const ZERO_IF_EVALUATED = `0 * count(${RULES_EVALUATED})`;

const SEEN = `max(timestamp(${RULES_EVALUATED}) or timestamp(${SELF.buildInfo}))`;

/**
 * The time that panels of the present ask about, in milliseconds: the end of the shown time, or now where that lies
 * in the future. Grafana ignores a panel's own relative time as soon as the shown time is absolute, as it is after
 * "zoom out". PromQL knows no now: it is when anything was last scraped, and seen from the future when the rules were
 * last evaluated or an exporter was last scraped. The three days are for a shown time that is all in the future.
 */
export const PRESENT =
  `scalar(1000 * ceil(max(timestamp(up)) or max(max_over_time(${SEEN}[$__range:1m]) or max_over_time(${SEEN}[3d:1m]))` +
  ' or vector(time())))';

/**
 * An instant query that is asked as of the variable `at`, whatever time Grafana asks about: a subquery of one step.
 * One about the shown time is left as it is, since its window begins before now.
 */
export const asOf = (expr: string): string =>
  expr.includes('$__range') ? expr : `last_over_time((${expr})[500ms:1s] @ \${at}e-3)`;

function namesOf<T extends Record<string, { name: string }>>(families: T): { [K in keyof T]: string } {
  return Object.fromEntries(Object.entries(families).map(([key, { name }]) => [key, name])) as {
    [K in keyof T]: string;
  };
}
