import { BY_KEY, gaugeBy, increaseBy, rateBy } from '../../../exporter/src/health/promql.ts';
import { EXPORTER_SERIES, KEY_SERIES, RECORDED } from '../../../exporter/src/health/series.ts';
import type { RoleName } from './roles.ts';

const INFO_LABELS = `${BY_KEY}, name, environment, tier, owner, state, realtime, replaces`;
const { info, threshold, endpointRequests, recentNewIp, lastUsed, maxGap } = KEY_SERIES;

/** Metrics for the states and numbers of every key. */
const FACT_METRICS = [
  RECORDED.retired,
  ...[KEY_SERIES.lastUsed, KEY_SERIES.lastRejected, KEY_SERIES.maxGap, KEY_SERIES.uniqueIps],
  ...[KEY_SERIES.lastNewIp, KEY_SERIES.lastNewSurface, KEY_SERIES.requestsToday],
  ...[KEY_SERIES.peakPerMinute, KEY_SERIES.rateLimit, KEY_SERIES.rateLimitBurst],
  ...[KEY_SERIES.created, KEY_SERIES.rotated, KEY_SERIES.rotateEvery, KEY_SERIES.scopesChanged],
];

/** Metrics of the card, which also shows scopes. They have several series per key. */
const CARD_METRICS = [...FACT_METRICS, ...[KEY_SERIES.scopeInfo, KEY_SERIES.scopeLastUsed]];

const factsBy = (labels: string, metrics: string[], selector: string): string =>
  `max by (__name__, ${BY_KEY}, ${labels}) ({__name__=~"${metrics.join('|')}",${selector}})`;
/**
 * Start of recording, for keys without recorded use: the latest start of the exporters that expose the key. The extra
 * label keeps `or` from dropping the series.
 */
const recordedSince = (selector: string): string => {
  const since = EXPORTER_SERIES.recordedSince;
  const own = `max by (${BY_KEY}) (${KEY_SERIES.created}{${selector}} * 0 + on (job, instance) group_left () max by (job, instance) (${since}))`;
  const unused = `${own} unless on (${BY_KEY}) (${lastUsed} > 0)`;
  return `label_replace(label_replace(${unused}, "__name__", "${since}", "", ""), "of", "record", "", "")`;
};
/**
 * The PromQL of each role that the overview reads.
 * @param selector label matchers that choose the keys, e.g. `tenant_id=~"$tenant",key_id!~"__(none|other)__"`
 */
export function overviewQueries(selector: string): Partial<Record<RoleName, string>> {
  const byEndpoint = (matchers: string) =>
    increaseBy(`${BY_KEY}, method, endpoint`, matchers, '30m', endpointRequests);
  return {
    ...commonQueries(selector),
    // The overview shows unique IP addresses of one day only.
    facts: `${factsBy('window, surface', FACT_METRICS, `window!~"1h|30d",${selector}`)} or ${recordedSince(selector)}`,
    // Endpoints with errors only: all endpoints of 2,000 keys are too many series.
    endpoints:
      `${increaseBy(`${BY_KEY}, method, endpoint, status`, selector, '30m', endpointRequests)}` +
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
  const replacedBy = `group by (${BY_KEY}) (${info}{${tenant},replaces="${key}"})`;
  const replaced =
    `group by (${BY_KEY}) (label_replace(${info}{${selector},replaces!=""}, ` +
    `"key_id", "$1", "replaces", "(.+)"))`;
  const partners = `(${replacedBy} or ${replaced})`;
  const old = `(${replaced} or group by (${BY_KEY}) (${info}{${selector}}) and on () ${replacedBy})`;
  return {
    ...commonQueries(selector),
    info: `${gaugeBy(INFO_LABELS, info, selector)} or (${gaugeBy(INFO_LABELS, info, tenant)} and on (${BY_KEY}) ${partners})`,
    facts: `${factsBy('window, surface, scope', CARD_METRICS, selector)} or ${recordedSince(selector)}`,
    endpoints: increaseBy(`${BY_KEY}, method, endpoint, status`, selector, '30m', endpointRequests),
    addresses: gaugeBy(`${BY_KEY}, ip`, recentNewIp, selector),
    // Includes thresholds, because the thresholds of the old key decide when it may be revoked.
    partnerFacts: `${factsBy('window, kind', [lastUsed, maxGap, KEY_SERIES.uniqueIps, threshold], tenant)} and on (${BY_KEY}) ${partners}`,
    partnerVolume: `${rateBy(BY_KEY, tenant)} and on (${BY_KEY}) ${partners}`,
    stragglers:
      `${increaseBy(`${BY_KEY}, method, endpoint`, `status!="401",${tenant}`, '1d', endpointRequests)} > 0` +
      ` and on (${BY_KEY}) ${old}`,
  };
}

function commonQueries(selector: string): Partial<Record<RoleName, string>> {
  const statuses = (window: string) => increaseBy(`${BY_KEY}, status`, selector, window);
  return {
    asOf: 'vector(time())',
    info: gaugeBy(INFO_LABELS, info, selector),
    thresholds: gaugeBy(`${BY_KEY}, kind`, RECORDED.threshold, selector),
    overrides: gaugeBy(`${BY_KEY}, kind`, threshold, selector),
    status5m: statuses('5m'),
    status30m: statuses('30m'),
    status1h: statuses('1h'),
    recentRate: `avg_over_time(${RECORDED.rate}{${selector}}[1h])`,
    dayRate: `avg_over_time(${RECORDED.rate15m}{${selector}}[1d] offset 1h)`,
    expectedRate: `${RECORDED.expectedRate}{${selector}}`,
    lastWeek: `avg_over_time(${RECORDED.rate}{${selector}}[1h] offset 1w)`,
    forbiddenHistory: `max_over_time(${RECORDED.forbidden}{${selector}}[7d] offset 1h)`,
    // Keys that a blind exporter exposes. An exporter that is down exposes none, so it counts for every key.
    pipeline:
      `count by (${BY_KEY}) (${lastUsed}{${selector}} and on (job, instance) ${RECORDED.blind}{reason!="down"})` +
      ` or count(${RECORDED.blind}{reason="down"}) or (0 * max(${EXPORTER_SERIES.ready}))`,
    volume: rateBy(BY_KEY, selector),
  };
}
