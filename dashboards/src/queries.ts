import { BY_KEY, ON_KEY, REAL_KEYS } from '../../exporter/src/health/promql.ts';
import { KEY_FAMILIES, SELF_FAMILIES } from '../../exporter/src/metrics/families.ts';

/** Metric names from the exporter: `KEY.requests` is `atender_requests_total`. */
export const KEY = namesOf(KEY_FAMILIES);
export const SELF = namesOf(SELF_FAMILIES);

/** Evaluation interval of recorded series. A smaller step would show gaps. */
export const RECORDED_EVERY = '1m';
/** Evaluation interval of `rate15m`. Between two samples, only range functions find it. */
export const RATE15M_EVERY = '15m';

/** Selector of all keys of the chosen tenants, without the pseudo-keys `__none__` and `__other__`. */
export const anyKey = (...more: string[]): string => ['tenant_id=~"$tenant"', REAL_KEYS, ...more].join(',');

/** Selector of the key of the key usage dashboard. For a key without tenant, the variable has the value "none". */
export const thisKey = (...more: string[]): string =>
  ['tenant_id=~"$tenant"', 'key_id="$key"', ...more].join(',');

/** Matchers of the variables `environment` and `tier`, for series with these labels. */
export const CHOSEN_KEYS_MATCHERS = 'environment=~"$environment",tier=~"$tier"';

/**
 * The keys of the chosen environments and tiers, with value 1. An unregistered key has neither label. A missing label
 * matches like an empty one, so these keys are included while nothing is chosen.
 */
const keysAt = (offset = ''): string =>
  `group by (${BY_KEY}) (${KEY.info}{${anyKey(CHOSEN_KEYS_MATCHERS)}}${offset}) or group by (${BY_KEY}) ` +
  `(${KEY.lastUsed}{${anyKey(CHOSEN_KEYS_MATCHERS)}}${offset} unless ${ON_KEY} ${KEY.info}${offset})`;
const CHOSEN_KEYS = keysAt();

/** The chosen keys, including keys of that time ago that no exporter exposes now. */
export const chosenSince = (ago: string): string =>
  `${CHOSEN_KEYS} or (${keysAt(` offset ${ago}`)}) unless ${ON_KEY} (${KEY.info} or ${KEY.lastUsed})`;

/** Restricts a vector with key labels to the chosen keys. */
export const chosen = (expr: string): string => `(${expr}) and ${ON_KEY} (${CHOSEN_KEYS})`;

/**
 * Adds the label `name` from the keys file to a vector of keys; unregistered keys have none. One name per key, so that
 * different keys files of exporters do not break the join.
 */
export const withName = (expr: string): string =>
  `((${expr}) * ${ON_KEY} group_left (name) topk by (${BY_KEY}) (1, max by (${BY_KEY}, name) (${KEY.info})))` +
  ` or ((${expr}) unless ${ON_KEY} ${KEY.info})`;

/** New keys of rotations, one series each, with the old key as `replaces`. */
export const REPLACING = `max by (${BY_KEY}, replaces) (${KEY.info}{${anyKey('replaces!=""')}})`;

/** Old keys of rotations. A key that two keys replace appears once. */
export const REPLACED = `label_replace(max by (tenant_id, replaces) (${REPLACING}), "key_id", "$1", "replaces", "(.+)")`;

/** The watchdog alert, which is firing while the rules of this pack are evaluated. */
const RULES_EVALUATED = 'ALERTS{alertname="AtenderWatchdog",alertstate="firing"}';

/** 0 if the rules are evaluated, else no data, because it is unknown whether an alert would be firing. */
export const ZERO_IF_EVALUATED = `0 * count(${RULES_EVALUATED})`;

const SEEN = `max(timestamp(${RULES_EVALUATED}) or timestamp(${SELF.buildInfo}))`;

/**
 * The evaluation time of instant panels in milliseconds: the end of the time range, or now if that is in the future. A
 * relative time of the panel does not work: Grafana ignores it if the time range is absolute, as after "zoom out". PromQL
 * has no "now", so the time of the last scrape is used. For a range that ends in the future, it is the last rule evaluation
 * or the last scrape of an exporter. The three days cover ranges that start in the future too.
 */
export const PRESENT_TIME_QUERY =
  `scalar(1000 * ceil(max(timestamp(up)) or max(max_over_time(${SEEN}[$__range:1m]) or max_over_time(${SEEN}[3d:1m]))` +
  ' or vector(time())))';

/**
 * Evaluates an instant query at the variable `at`, independent of the time that Grafana sends: a subquery of one step. A
 * query over the shown time is not changed.
 */
export const atPresentTime = (expr: string): string =>
  expr.includes('$__range') ? expr : `last_over_time((${expr})[500ms:1s] @ \${at}e-3)`;

function namesOf<T extends Record<string, { name: string }>>(families: T): { [K in keyof T]: string } {
  return Object.fromEntries(Object.entries(families).map(([key, { name }]) => [key, name])) as {
    [K in keyof T]: string;
  };
}
