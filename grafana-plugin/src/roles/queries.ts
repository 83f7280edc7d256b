import { KEY_FAMILIES, SELF_FAMILIES } from '../../../exporter/src/metrics/families.ts';
import type { RoleName } from './roles.ts';

const BY_KEY = 'tenant_id, key_id';
const INFO_LABELS = `${BY_KEY}, name, environment, tier, owner, state, realtime, replaces`;
const { info, threshold, endpointRequests, requests, recentNewIp, lastUsed, maxGap } = KEY_FAMILIES;

/** Since when the keys file says disabled or revoked. */
export const RETIRED = 'tenant_key:atender_key_retired_timestamp_seconds:min1d';

/** The metrics that the states and the figures of every key need. */
const FACT_METRICS = [
  RETIRED,
  ...[KEY_FAMILIES.lastUsed, KEY_FAMILIES.lastRejected, KEY_FAMILIES.maxGap, KEY_FAMILIES.uniqueIps],
  ...[KEY_FAMILIES.lastNewIp, KEY_FAMILIES.lastNewSurface, KEY_FAMILIES.requestsToday],
  ...[KEY_FAMILIES.peakPerMinute, KEY_FAMILIES.rateLimit, KEY_FAMILIES.rateLimitBurst],
  ...[KEY_FAMILIES.created, KEY_FAMILIES.rotated, KEY_FAMILIES.rotateEvery, KEY_FAMILIES.scopesChanged],
].map(nameOf);

/** The card shows scopes as well: several series a key, which the overview has no use for. */
const CARD_METRICS = [...FACT_METRICS, ...[KEY_FAMILIES.scopeInfo, KEY_FAMILIES.scopeLastUsed].map(nameOf)];

/** What alerting/rules record. */
const RECORDED = {
  rate: 'tenant_key:atender_requests:rate5m',
  dayRate: 'tenant_key:atender_requests:rate15m',
  expectedRate: 'tenant_key:atender_requests:expected_rate1h',
  threshold: 'tenant_key:atender_key_threshold:effective',
  forbidden: 'tenant_key:atender_forbidden_requests:increase1h',
  blind: 'instance:atender_exporter:blind',
};

const increaseBy = (labels: string, metric: string, selector: string, window: string): string =>
  `sum by (${labels}) (increase(${metric}{${selector}}[${window}]))`;
const gaugeBy = (labels: string, metric: string, selector: string): string =>
  `max by (${labels}) (${metric}{${selector}})`;
const factsBy = (labels: string, metrics: string[], selector: string): string =>
  `max by (__name__, ${BY_KEY}, ${labels}) ({__name__=~"${metrics.join('|')}",${selector}})`;
/**
 * Since when the exporters of a key record, by the one that has recorded for the shortest time; only for keys without
 * any recorded use. A label of its own, because `or` drops what has the labels of a fact.
 */
const recordedSince = (selector: string): string => {
  const since = SELF_FAMILIES.recordedSince.name;
  const own = `max by (${BY_KEY}) (${KEY_FAMILIES.created.name}{${selector}} * 0 + on (job, instance) group_left () max by (job, instance) (${since}))`;
  const unused = `${own} unless on (${BY_KEY}) (${lastUsed.name} > 0)`;
  return `label_replace(label_replace(${unused}, "__name__", "${since}", "", ""), "of", "record", "", "")`;
};
const rateBy = (metric: string, selector: string): string =>
  `sum by (${BY_KEY}) (rate(${metric}{${selector}}[$__rate_interval]))`;

/**
 * The PromQL of each role that the overview reads.
 * @param selector label matchers that choose the keys, e.g. `tenant_id=~"$tenant",key_id!~"__(none|other)__"`
 */
export function overviewQueries(selector: string): Partial<Record<RoleName, string>> {
  const byEndpoint = (matchers: string) =>
    increaseBy(`${BY_KEY}, method, endpoint`, endpointRequests.name, matchers, '30m');
  return {
    ...commonQueries(selector),
    // Of the different addresses only those of a day are shown.
    facts: `${factsBy('window, surface', FACT_METRICS, `window!~"1h|30d",${selector}`)} or ${recordedSince(selector)}`,
    // Only endpoints with errors: all of 2,000 keys would be too many series to draw a grid from.
    endpoints:
      `${increaseBy(`${BY_KEY}, method, endpoint, status`, endpointRequests.name, selector, '30m')}` +
      ` and on (${BY_KEY}, method, endpoint) (${byEndpoint(`status=~"404|422",${selector}`)} > 0)`,
  };
}

/**
 * The PromQL of each role that the card of one key reads.
 * @param selector label matchers that choose the key, e.g. `tenant_id=~"$tenant",key_id="$key"`
 * @param key the key's id as it stands in the selector, e.g. `$key`
 * @param tenant label matcher of the key's tenant, e.g. `tenant_id=~"$tenant"`
 */
export function cardQueries(
  selector: string,
  key: string,
  tenant: string,
): Partial<Record<RoleName, string>> {
  const replacedBy = `group by (${BY_KEY}) (${info.name}{${tenant},replaces="${key}"})`;
  const replaced =
    `group by (${BY_KEY}) (label_replace(${info.name}{${selector},replaces!=""}, ` +
    `"key_id", "$1", "replaces", "(.+)"))`;
  const partners = `(${replacedBy} or ${replaced})`;
  const old = `(${replaced} or group by (${BY_KEY}) (${info.name}{${selector}}) and on () ${replacedBy})`;
  return {
    ...commonQueries(selector),
    info: `${gaugeBy(INFO_LABELS, info.name, selector)} or (${gaugeBy(INFO_LABELS, info.name, tenant)} and on (${BY_KEY}) ${partners})`,
    facts: `${factsBy('window, surface, scope', CARD_METRICS, selector)} or ${recordedSince(selector)}`,
    endpoints: increaseBy(`${BY_KEY}, method, endpoint, status`, endpointRequests.name, selector, '30m'),
    addresses: gaugeBy(`${BY_KEY}, ip`, recentNewIp.name, selector),
    // Its own thresholds too: when the old key can go is the old key's to say, also on the card of the new one.
    partnerFacts: `${factsBy('window, kind', [lastUsed, maxGap, KEY_FAMILIES.uniqueIps, threshold].map(nameOf), tenant)} and on (${BY_KEY}) ${partners}`,
    partnerVolume: `${rateBy(requests.name, tenant)} and on (${BY_KEY}) ${partners}`,
    stragglers:
      `${increaseBy(`${BY_KEY}, method, endpoint`, endpointRequests.name, `status!="401",${tenant}`, '1d')} > 0` +
      ` and on (${BY_KEY}) ${old}`,
  };
}

function commonQueries(selector: string): Partial<Record<RoleName, string>> {
  const statuses = (window: string) => increaseBy(`${BY_KEY}, status`, requests.name, selector, window);
  return {
    asOf: 'vector(time())',
    info: gaugeBy(INFO_LABELS, info.name, selector),
    thresholds: gaugeBy(`${BY_KEY}, kind`, RECORDED.threshold, selector),
    overrides: gaugeBy(`${BY_KEY}, kind`, threshold.name, selector),
    status5m: statuses('5m'),
    status30m: statuses('30m'),
    status1h: statuses('1h'),
    recentRate: `avg_over_time(${RECORDED.rate}{${selector}}[1h])`,
    dayRate: `avg_over_time(${RECORDED.dayRate}{${selector}}[1d] offset 1h)`,
    expectedRate: `${RECORDED.expectedRate}{${selector}}`,
    lastWeek: `avg_over_time(${RECORDED.rate}{${selector}}[1h] offset 1w)`,
    forbiddenHistory: `max_over_time(${RECORDED.forbidden}{${selector}}[7d] offset 1h)`,
    // The keys that a blind exporter shows; and one that is down shows none, so it might be any key's.
    pipeline:
      `count by (${BY_KEY}) (${lastUsed.name}{${selector}} and on (job, instance) ${RECORDED.blind}{reason!="down"})` +
      ` or count(${RECORDED.blind}{reason="down"}) or (0 * max(${SELF_FAMILIES.ready.name}))`,
    volume: rateBy(requests.name, selector),
  };
}

function nameOf(metric: string | { name: string }): string {
  return typeof metric === 'string' ? metric : metric.name;
}
