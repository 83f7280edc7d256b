import {
  anyDown,
  BY_KEY,
  effective,
  effectiveOrDefault,
  increaseInTime,
  maxByKey,
  ON_INSTANCE,
  ON_KEY,
  promql,
  shownByBlind,
} from '../../exporter/src/health/promql.ts';
import { KEY_SERIES, RECORDED } from '../../exporter/src/health/series.ts';
import type { Alert, Group, RuleFile } from './rule.ts';
import {
  firstLabel,
  firstValue,
  keyAnnotations,
  keyQuery,
  keySummary,
  ofKey,
  present,
  thresholdText,
} from './templates.ts';

const {
  requests,
  endpointRequests,
  lastUsed,
  info,
  requestsToday,
  rateLimit,
  rateLimitBurst,
  peakPerMinute,
} = KEY_SERIES;
const PERCENT = '{{ $value | humanizePercentage }}';
const FAILED = 'status=~"5.."';
/** Requests that got a response. */
const RESPONDED = 'status!="0"';
const SANDBOX = `${info}{environment="sandbox"}`;
const DAY_LIMIT = `${rateLimit}{window="day"}`;
const MINUTE_LIMIT = `${rateLimit}{window="minute"}`;

/** Keys that are judged by a threshold which is recorded for every key. */
const keysJudgedBy = (kind: Parameters<typeof effective>[0]): string => maxByKey(effective(kind));

const silent: Alert = {
  alert: 'AtenderKeySilent',
  why: `
    A production integration that stopped. Last used is a gauge that the exporter stores, so it survives restarts of
    the exporter and of Prometheus. rate() == 0 would disappear with the series.

    A blind pipeline must not look like a silent key. The rule holds back while the exporter that shows the key is
    blind, and while any exporter is down, because a down exporter shows no keys. It also holds back for 10 minutes
    after that: last used is old until the exporter has caught up. A key that is already silent is exempt, or each
    failed scrape would resolve its page and fire a second one.`,
  expr: promql`
    (
      (time() - ${maxByKey(`${lastUsed} > 0`)})
      > ${ON_KEY}
      ${effective('silence_seconds')}
    )
    unless ${ON_KEY} ${shownByBlind()}
    unless on () ${anyDown()}
    unless ${ON_KEY} (
      (
        ${lastUsed}
        and ${ON_INSTANCE} last_over_time(${RECORDED.blind}{reason!="down"}[10m])
        or
        ${lastUsed}
        and on () ${anyDown('10m')}
      )
      unless ${ON_KEY} ALERTS{alertname="AtenderKeySilent", alertstate="firing"}
    )`,
  for: '5m',
  forWhy: 'Long enough to see whether all keys of a log stop together. That is AtenderLogSourceStale.',
  keepFiringFor: '5m',
  keepFiringWhy: 'A scrape gap does not resolve the alert.',
  labels: { severity: 'page', category: 'availability' },
  shared: 'key',
  annotations: {
    summary: keySummary(present, ' has not been used for {{ $value | humanizeDuration }}'),
    description:
      `The last request with this real-time key that was not rejected was at ` +
      `${firstValue(keyQuery(`max(${lastUsed}${ofKey()})`), 'humanizeTimestamp')} ` +
      `(threshold ${thresholdText('silence_seconds')}). ` +
      'The request log is being read, and other keys may well be fine: the integration has probably stopped.',
    value: '{{ $value | humanizeDuration }} without use',
    threshold: thresholdText('silence_seconds'),
  },
};

/** Requests answered with a status, kept where they are not fewer than the floor of their kind. */
const enough = (counted: string, floor: Parameters<typeof effective>[0], keys: string): string => promql`
  (
    ${counted}
    >= ${ON_KEY}
    ${effectiveOrDefault(floor, keys)}
  )`;

const throttledKeys = keysJudgedBy('throttled_ratio');
const throttled: Alert = {
  alert: 'AtenderKeyThrottled',
  why: `
    Throttled: the share of 429 responses reaches the threshold over 30 minutes, and still does in the last 5. The
    second window resolves the alert soon after the trouble ends. "for" is short: a long one would report the trouble
    an hour late.

    The floors: one throttled response of ten is no incident. A threshold of 0 asks for any 429, not for none.`,
  expr: promql`
    (
      (
        ${increaseInTime('status="429"', '30m')}
        > 0
        >= ${ON_KEY}
        ${effectiveOrDefault('throttled_min_errors', throttledKeys)}
      )
      / ${ON_KEY}
      ${enough(RECORDED.troubled30m, 'throttled_min_requests', throttledKeys)}
      >= ${ON_KEY}
      ${effective('throttled_ratio')}
    )
    and ${ON_KEY}
    (
      (
        ${increaseInTime('status="429"', '5m')}
        > 0
      )
      / ${ON_KEY}
      ${RECORDED.troubled5m}
      >= ${ON_KEY}
      ${effective('throttled_ratio')}
    )`,
  for: '2m',
  keepFiringFor: '10m',
  keepFiringWhy: 'Bridges quiet minutes of a consumer with bursts, and scrape gaps.',
  labels: { severity: 'ticket', category: 'availability' },
  shared: 'key',
  annotations: {
    summary: keySummary(present, `: ${PERCENT} of its requests are throttled (429)`),
    description:
      `${PERCENT} of the requests of the last 30 minutes were answered 429, and it goes on ` +
      `(threshold ${thresholdText('throttled_ratio')}). ` +
      `Tier: ${firstLabel(present('tier'), 'tier', 'unknown')}` +
      `{{ with ${keyQuery(`max(${rateLimit}${ofKey('window="minute"')})`)} }}, {{ . | first | value | printf "%.0f" }} requests a minute{{ end }}. ` +
      'Either the tier is too low or the consumer ignores Retry-After.',
    value: `${PERCENT} of requests answered 429`,
    threshold: thresholdText('throttled_ratio'),
  },
};

const failingKeys = keysJudgedBy('server_error_ratio');
const serverErrorTexts = {
  summary: keySummary(present, `: ${PERCENT} of its requests fail with 5xx`),
  description:
    `${PERCENT} of the requests of the last 30 minutes were answered 5xx, and it goes on ` +
    `(threshold ${thresholdText('server_error_ratio')}). ` +
    "5xx is Atender's side; the consumer can only retry.",
  value: `${PERCENT} of requests answered 5xx`,
  threshold: thresholdText('server_error_ratio'),
};

const keyHealth: Group = {
  name: 'atender-key-health',
  rules: [
    silent,
    {
      record: RECORDED.troubled30m,
      why: `
        The denominator of the 429 and 5xx shares: all requests that got a response, of keys that had a 429 or 5xx in the
        last 5 minutes. Both alerts ask for that. Status 0 means no response. It is recorded because adding up every status of every key is most of the cost of
        these rules. Requests of a backlog that an exporter reads are no present trouble and are left out.`,
      expr: promql`
        ${increaseInTime(RESPONDED, '30m')}
        and ${ON_KEY} (increase(${requests}{status=~"429|5.."}[5m]) > 0)`,
    },
    {
      record: RECORDED.troubled5m,
      expr: promql`
        ${increaseInTime(RESPONDED, '5m')}
        and ${ON_KEY} ${RECORDED.troubled30m}`,
    },
    throttled,
    {
      record: RECORDED.serverErrors,
      why: `
        Atender fails: the same shape as above. Recorded only for keys over their threshold, so that the expression
        stands once for the two severities below.`,
      expr: promql`
        (
          ${enough(increaseInTime(FAILED, '30m'), 'server_error_min_errors', failingKeys)}
          / ${ON_KEY}
          ${enough(RECORDED.troubled30m, 'server_error_min_requests', failingKeys)}
          > ${ON_KEY}
          ${effective('server_error_ratio')}
        )
        and ${ON_KEY}
        (
          ${increaseInTime(FAILED, '5m')}
          / ${ON_KEY}
          ${RECORDED.troubled5m}
          > ${ON_KEY}
          ${effective('server_error_ratio')}
        )`,
    },
    {
      alert: 'AtenderKeyServerErrors',
      expr: promql`
        ${RECORDED.serverErrors}
        unless ${ON_KEY} ${SANDBOX}`,
      for: '2m',
      keepFiringFor: '10m',
      labels: { severity: 'page', category: 'availability' },
      shared: 'key',
      annotations: serverErrorTexts,
    },
    {
      alert: 'AtenderKeyServerErrors',
      why: 'A sandbox key pages nobody.',
      expr: promql`
        ${RECORDED.serverErrors}
        and ${ON_KEY} ${SANDBOX}`,
      for: '2m',
      keepFiringFor: '10m',
      labels: { severity: 'ticket', category: 'availability' },
      shared: 'key',
      annotations: serverErrorTexts,
    },
  ],
};

const BY_ENDPOINT = `${BY_KEY}, method, endpoint`;
const ENDPOINT = '{{ $labels.method }} {{ $labels.endpoint }}';
const FAULTS =
  `printf \`sort_desc(sum by (status) (increase(${endpointRequests}{status=~"404|422",tenant_id=%q,key_id=%q,method=%q,endpoint=%q}[30m])) > 0)\` ` +
  '$labels.tenant_id $labels.key_id $labels.method $labels.endpoint | query';

const endpointHealth: Group = {
  name: 'atender-endpoint-health',
  intervalWhy: 'The counters per endpoint are most of all series. Reading them once a minute is enough.',
  interval: '1m',
  rules: [
    {
      alert: 'AtenderEndpointErrors',
      why: `
        A broken release of a consumer: one endpoint of one key gets 404 or 422 for too large a share of its requests.
        The endpoints __other__ and __unmatched__ collect requests without an endpoint of their own and are not judged.`,
      expr: promql`
        (
          ${increaseInTime('status=~"404|422", endpoint!~"__(other|unmatched)__"', '30m', BY_ENDPOINT, endpointRequests)}
          >= ${ON_KEY} group_left ()
          ${effectiveOrDefault('endpoint_error_count', keysJudgedBy('unauthorized_count'))}
        )
        / on (${BY_ENDPOINT})
        ${increaseInTime(RESPONDED, '30m', BY_ENDPOINT, endpointRequests)}
        > ${ON_KEY} group_left ()
        ${effectiveOrDefault('endpoint_error_ratio', keysJudgedBy('unauthorized_count'))}`,
      for: '5m',
      keepFiringFor: '10m',
      labels: { severity: 'ticket', category: 'availability' },
      shared: 'key',
      annotations: {
        summary: keySummary(present, `: ${PERCENT} of ${ENDPOINT} answered 404 or 422`),
        description:
          `${PERCENT} of the requests of the last 30 minutes to ${ENDPOINT} ` +
          'were answered 404 (no such resource) or 422 (failed validation) ' +
          `(threshold ${thresholdText('endpoint_error_ratio')}): ` +
          `about{{ range ${FAULTS} }} {{ .Value | printf "%.0f" }} × {{ .Labels.status }}{{ end }}. ` +
          "A consumer's release has probably broken this call.",
        value: `${PERCENT} of ${ENDPOINT} answered 404 or 422`,
        threshold: thresholdText('endpoint_error_ratio'),
      },
    },
  ],
};

/** Share of the day limit that is used. A limit of 0 allows nothing that could be used up. */
const dayShareAtLeast = (kind: Parameters<typeof effective>[0]): string => promql`
  (
    ${maxByKey(requestsToday)}
    / ${ON_KEY}
    ${maxByKey(`${DAY_LIMIT} > 0`)}
    >= ${ON_KEY}
    ${effectiveOrDefault(kind, maxByKey(DAY_LIMIT))}
  )`;

const whole = (find: string, otherwise = ''): string => firstValue(find, 'printf "%.0f"', otherwise);
const FORECAST =
  `max(${requestsToday}${ofKey()}) + ` +
  `sum(rate(${requests}${ofKey('status!="401"')}[1h])) * (86400 - time() %% 86400)`;

const quotas: Group = {
  name: 'atender-quotas',
  interval: '1m',
  rules: [
    {
      alert: 'AtenderKeyQuotaNearlyExhausted',
      why: `
        The quota of the day is nearly used up, or will be before 00:00 UTC at the rate of the last hour. The forecast
        starts at half of the limit: before that, one busy hour is no trend. 401s do not count against a quota.`,
      expr: promql`
        ${dayShareAtLeast('quota_ratio')}
        or
        (
          ${dayShareAtLeast('quota_forecast_ratio')}
          and ${ON_KEY}
          (
            ${maxByKey(requestsToday)}
            + ${ON_KEY}
            sum by (${BY_KEY}) (
              rate(${requests}{status!="401"}[1h])
              unless ${ON_INSTANCE} last_over_time(${RECORDED.behind}[35m])
            ) * (86400 - time() % 86400)
            >= ${ON_KEY}
            ${maxByKey(DAY_LIMIT)}
          )
        )`,
      for: '5m',
      keepFiringFor: '15m',
      labels: { severity: 'ticket', category: 'availability', window: 'day' },
      shared: 'key',
      annotations: {
        summary: keySummary(present, `: ${PERCENT} of the day's quota is used`),
        description:
          `${whole(keyQuery(`max(${requestsToday}${ofKey()})`))} of ` +
          `${whole(keyQuery(`max(${rateLimit}${ofKey('window="day"')})`))} requests of today (UTC) are used ` +
          `(threshold ${thresholdText('quota_ratio')}, or a forecast that reaches the limit). ` +
          `At the pace of the last hour it will be ${whole(keyQuery(FORECAST), 'an unknown number')} by 00:00 UTC. ` +
          'Beyond the limit every request is answered 429 until midnight.',
        value: `${PERCENT} of the day limit`,
        threshold: `${thresholdText('quota_ratio')}, or forecast to reach the limit`,
      },
    },
    {
      alert: 'AtenderKeyQuotaNearlyExhausted',
      why: `
        The quota of the minute: peaks come close to limit plus burst. A peak shows for 5 minutes, so 10 minutes mean
        that peaks recur.`,
      expr: promql`
        ${maxByKey(peakPerMinute)}
        / ${ON_KEY}
        (
          ${maxByKey(MINUTE_LIMIT)}
          + ${ON_KEY}
          (
            ${maxByKey(rateLimitBurst)}
            or
            ${maxByKey(MINUTE_LIMIT)} * 0
          )
          > 0
        )
        >= ${ON_KEY}
        ${effectiveOrDefault('quota_ratio', maxByKey(MINUTE_LIMIT))}`,
      for: '10m',
      keepFiringFor: '15m',
      labels: { severity: 'ticket', category: 'availability', window: 'minute' },
      shared: 'key',
      annotations: {
        summary: keySummary(present, `: peaks reach ${PERCENT} of the minute limit and burst`),
        description:
          `The busiest 60 seconds of the last 5 minutes had ${whole(keyQuery(`max(${peakPerMinute}${ofKey()})`))} requests; ` +
          `limit ${whole(keyQuery(`max(${rateLimit}${ofKey('window="minute"')})`))} and ` +
          `burst ${whole(keyQuery(`max(${rateLimitBurst}${ofKey()})`), '0')} ` +
          `(threshold ${thresholdText('quota_ratio')} of both together). ` +
          'A little more and requests are answered 429.',
        value: `${PERCENT} of minute limit and burst`,
        threshold: thresholdText('quota_ratio'),
      },
    },
  ],
};

export const keyHealthRules: RuleFile = {
  file: 'key-health.yml',
  about: `
    Does the key work? Availability of single keys. These alerts hold back, or are inhibited, while the pipeline is
    blind.

    Alerts about a key share the annotations of the anchor &key. Templates look them up when the alert fires, so a
    changed owner or tier changes the text of an alert and not its identity. %q quotes every label. A key without a
    tenant has none in the query either: tenant_id="" matches a missing label.`,
  shared: { key: keyAnnotations(present) },
  groups: [keyHealth, endpointHealth, quotas],
};
