import { gaugeBy, increaseBy, rateBy } from '../../exporter/src/health/promql.ts';
import { RECORDED } from '../../exporter/src/health/series.ts';
import { THRESHOLDS } from '../../exporter/src/health/thresholds.ts';
import { defaultText } from '../../exporter/src/health/wording.ts';
import { percent } from '../../exporter/src/text/numbers.ts';
import { alertAnnotation, baseDashboard, timestampAnnotation } from './base-dashboard.ts';
import { keyCard } from './key-panel.ts';
import {
  BAND,
  barGaugePanel,
  heatmapPanel,
  NEUTRAL,
  orNoData,
  row,
  statPanel,
  statsPanel,
  type ThresholdSteps,
  tablePanel,
  timeSeriesPanel,
} from './panels.ts';
import { KEY, thisKey } from './queries.ts';

/** Share of requests at which one GET endpoint may be worth caching. */
const CACHING_SHARE = 0.9;
const HEALTHY_ABOVE = THRESHOLDS.success_ratio.default;

const threshold = (kind: string): string => `max(${RECORDED.threshold}{${thisKey(`kind="${kind}"`)}})`;
const share = (status: string): string =>
  `sum(rate(${KEY.requests}{${thisKey(status)}}[$__rate_interval])) / sum(rate(${KEY.requests}{${thisKey('status!="0"')}}[$__rate_interval]))`;
const quantile = (q: number): string =>
  `histogram_quantile(${q}, sum by (le) (rate(${KEY.duration}_bucket{${thisKey()}}[$__rate_interval])))`;
const ENDPOINT = { method: 'Method', endpoint: 'Endpoint' };
const perEndpoint = (...more: string[]): string =>
  increaseBy('method, endpoint', thisKey(...more), '$__range', KEY.endpointRequests);
/** The busiest or worst endpoints of a key in the shown time. All columns of a table select the same endpoints. */
const FIFTEEN_BUSIEST = `topk(15, ${perEndpoint()}) > 0`;
const FIFTEEN_WORST = `topk(15, ${perEndpoint('status=~"[45].."')}) > 0`;
const ALL_ENDPOINTS = `sum(${perEndpoint()})`;
const ofTheKey = (name: string): string => `max(${name}{${thisKey()}})`;
/** The limit per minute plus burst. Requests above it get 429. */
const MINUTE_LIMIT = `(max(${KEY.rateLimit}{${thisKey('window="minute"')}}) + (max(${KEY.rateLimitBurst}{${thisKey()}}) or vector(0)))`;
const DAY_LIMIT = `max(${KEY.rateLimit}{${thisKey('window="day"')}})`;
const HEADROOM: ThresholdSteps = [['red'], ['orange', 0.1], ['green', 0.3]];

/** One key: its traffic, its errors, and why alerts are firing or not. */
export const keyUsage = baseDashboard(
  'key',
  'One key: state, checks, traffic, errors, latency, IP addresses, quota and scopes.',
  ['tenant', 'key', 'predecessor', 'successor'],
)
  .annotation(alertAnnotation(`alertname=~"Atender.+",${thisKey()}`))
  .annotation(
    timestampAnnotation('Created', 'blue', `${ofTheKey(KEY.created)} * 1000`, 'the key was created'),
  )
  .annotation(
    timestampAnnotation('Rotated', 'green', `${ofTheKey(KEY.rotated)} * 1000`, 'the key was rotated'),
  )
  .annotation(
    timestampAnnotation(
      'New IP',
      'purple',
      `${ofTheKey(KEY.lastNewIp)} * 1000`,
      'first request from a new IP address',
    ),
  )
  .withPanel(
    keyCard({
      title: 'State of $key',
      description:
        'State of the key, and every check with its value, its threshold and the origin of the threshold. It explains why an alert is firing or not.',
      unit: 'short',
      span: 24,
      height: 14,
    }),
  )
  .withRow(row('Traffic'))
  .withPanel(
    timeSeriesPanel(
      {
        title: 'Requests vs expected',
        description: `Requests now and a week ago, and the band from half to twice the expected rate. The expected rate is the median of the same hour in the last three weeks. If requests leave the band, check endpoints and IP addresses.`,
        unit: 'reqps',
        height: 11,
        span: 24,
      },
      [
        { expr: `sum(${RECORDED.rate}{${thisKey()}})`, legend: 'now' },
        { expr: `sum(${RECORDED.rate}{${thisKey()}} offset 1w)`, legend: 'a week ago' },
        { expr: `0.5 * sum(${RECORDED.expectedRate}{${thisKey()}})`, legend: BAND.lower },
        { expr: `2 * sum(${RECORDED.expectedRate}{${thisKey()}})`, legend: BAND.upper },
      ],
    ),
  )
  .withPanel(
    timeSeriesPanel(
      {
        title: 'Requests by endpoint',
        description:
          'The ten busiest endpoints of the key. An endpoint that appears or disappears points to a release of the consumer. Responses of a dominant endpoint may be worth caching.',
        unit: 'reqps',
        none: 'No requests in the shown time',
        height: 11,
      },
      [
        {
          expr: `topk(10, ${rateBy('method, endpoint', thisKey(), KEY.endpointRequests)})`,
          legend: '{{method}} {{endpoint}}',
        },
      ],
      { stacked: true },
    ),
  )
  .withPanel(
    timeSeriesPanel(
      {
        title: 'Requests by status',
        description:
          'Requests by exact status. 401: wrong, revoked or expired key. 403: missing scope. 404 and 422: error in the request. 429: rate limit. 5xx: error in Atender. 0: the connection ended without a response.',
        unit: 'reqps',
        height: 11,
      },
      [{ expr: rateBy('status', thisKey()), legend: '{{status}}' }],
      { stacked: true },
    ),
  )
  .withRow(row('Errors'))
  .withPanel(
    timeSeriesPanel(
      {
        title: 'Throttled share (429) and threshold',
        description:
          'Share of 429 responses, and the threshold of this key. AtenderKeyThrottled fires if the share reaches the threshold both over 30 minutes and over the last 5. Make the consumer respect Retry-After, or move the key to a higher tier.',
        unit: 'percentunit',
        height: 11,
        span: 8,
      },
      [
        { expr: share('status="429"'), legend: '429' },
        { expr: threshold('throttled_ratio'), legend: 'threshold' },
      ],
    ),
  )
  .withPanel(
    timeSeriesPanel(
      {
        title: 'Server error share (5xx) and threshold',
        description:
          'Share of 5xx responses, and the threshold of this key. AtenderKeyServerErrors fires if the share exceeds the threshold both over 30 minutes and over the last 5. The cause is in Atender.',
        unit: 'percentunit',
        height: 11,
        span: 8,
      },
      [
        { expr: share('status=~"5.."'), legend: '5xx' },
        { expr: threshold('server_error_ratio'), legend: 'threshold' },
      ],
    ),
  )
  .withPanel(
    timeSeriesPanel(
      {
        title: '401 and 403 in 30 minutes, and thresholds',
        description:
          'Rejected requests in the last 30 minutes. 401: a consumer still uses an old key. 403 on a key that had none: its scopes were changed, or someone tries endpoints without permission.',
        unit: 'short',
        height: 11,
        span: 8,
      },
      [
        { expr: `sum(increase(${KEY.requests}{${thisKey('status="401"')}}[30m]))`, legend: '401' },
        { expr: threshold('unauthorized_count'), legend: '401 threshold' },
        { expr: `sum(increase(${KEY.requests}{${thisKey('status="403"')}}[30m]))`, legend: '403' },
        { expr: threshold('forbidden_count'), legend: '403 threshold' },
      ],
    ),
  )
  .withPanel(
    tablePanel(
      {
        title: 'Error clusters by endpoint',
        description:
          'Endpoints by 4xx and 5xx responses in the shown time. Many 404 or 422 responses on one endpoint point to a faulty release of the consumer.',
        unit: 'short',
        none: 'No errors in the shown time',
      },
      [
        { expr: FIFTEEN_WORST, column: { title: 'Errors' } },
        {
          expr: `(${FIFTEEN_WORST}) / on (method, endpoint) (${perEndpoint()} > 0)`,
          column: { title: 'Share', unit: 'percentunit' },
        },
      ],
      ENDPOINT,
    ),
  )
  .withPanel(
    tablePanel(
      {
        title: 'Top endpoints',
        description:
          'Endpoints by requests in the shown time, and their share of all requests. If the owner does not recognize an endpoint, look up its first requests in the audit search and check the scopes below.',
        unit: 'short',
        none: 'No requests in the shown time',
      },
      [
        { expr: FIFTEEN_BUSIEST, column: { title: 'Requests' } },
        {
          expr: `(${FIFTEEN_BUSIEST}) / on () group_left () ${ALL_ENDPOINTS}`,
          column: { title: 'Share', unit: 'percentunit' },
        },
      ],
      ENDPOINT,
    ),
  )
  .withPanel(
    barGaugePanel(
      {
        title: 'Worth caching',
        description: `GET endpoints with ${percent(CACHING_SHARE)} or more of the requests in the shown time. The consumer fetches the same data repeatedly. Ask the owner to cache it, or to use a webhook.`,
        unit: 'percentunit',
        span: 24,
        none: `No GET endpoint has ${percent(CACHING_SHARE)} of the requests`,
      },
      {
        expr: `sum by (method, endpoint) (increase(${KEY.endpointRequests}{${thisKey('method="GET"')}}[$__range])) / on () group_left () (${ALL_ENDPOINTS} > 0) >= ${CACHING_SHARE}`,
        legend: '{{method}} {{endpoint}}',
      },
      [['blue']],
    ),
  )
  .withRow(row('Latency'))
  .withPanel(
    timeSeriesPanel(
      {
        title: 'Latency percentiles',
        description:
          'Duration of requests. Half of them are faster than p50, and 99 of 100 are faster than p99. If p99 rises while p50 is steady, a few endpoints are slow.',
        unit: 's',
        none: 'No requests with a duration in the shown time',
        height: 9,
      },
      [0.5, 0.9, 0.99].map((q) => ({ expr: quantile(q), legend: `p${q * 100}` })),
    ),
  )
  .withPanel(
    heatmapPanel(
      {
        title: 'Latency distribution',
        description:
          'Requests by duration over time. Brighter means more requests. Two bands mean two kinds of requests. A rising band means that responses get slower.',
        unit: 's',
        height: 9,
      },
      {
        expr: `sum by (le) (increase(${KEY.duration}_bucket{${thisKey()}}[$__rate_interval]))`,
        legend: '{{le}}',
      },
    ),
  )
  .withRow(row('IP addresses, quota and scopes'))
  .withPanel(
    timeSeriesPanel(
      {
        title: 'Unique IP addresses',
        description:
          'Unique client IP addresses in each window. A jump means a new deployment or a shared key.',
        unit: 'short',
        height: 9,
        span: 8,
      },
      [{ expr: gaugeBy('window', KEY.uniqueIps, thisKey()), legend: '{{window}}' }],
    ),
  )
  .withPanel(
    timeSeriesPanel(
      {
        title: 'Minute quota',
        description:
          'Peak minute (last 5 min), limit per minute, and limit plus burst. Requests above limit plus burst get 429.',
        unit: 'short',
        height: 9,
        span: 8,
      },
      [
        { expr: ofTheKey(KEY.peakPerMinute), legend: 'peak' },
        { expr: `max(${KEY.rateLimit}{${thisKey('window="minute"')}})`, legend: 'limit' },
        { expr: MINUTE_LIMIT, legend: 'limit and burst' },
      ],
    ),
  )
  .withPanel(
    timeSeriesPanel(
      {
        title: 'Day quota',
        description:
          'Requests so far in the current UTC day, and the limit per day. At the limit, every request gets 429 until 00:00 UTC.',
        unit: 'short',
        height: 9,
        span: 8,
      },
      [
        { expr: ofTheKey(KEY.requestsToday), legend: 'today' },
        { expr: DAY_LIMIT, legend: 'limit' },
      ],
    ),
  )
  .withPanel(
    statsPanel(
      {
        title: 'Rate-limit headroom',
        description:
          'Unused share of the minute limit plus burst at the peak minute (last 5 min), and of the day limit (current UTC day). At 0 %, requests get 429. Move the key to a higher tier, or slow down the consumer.',
        unit: 'percentunit',
        none: orNoData('No limit is known for this key'),
        span: 24,
      },
      [
        { expr: `1 - ${ofTheKey(KEY.peakPerMinute)} / (${MINUTE_LIMIT} > 0)`, legend: 'minute' },
        { expr: `1 - ${ofTheKey(KEY.requestsToday)} / (${DAY_LIMIT} > 0)`, legend: 'day' },
      ],
      HEADROOM,
    ),
  )
  .withPanel(
    tablePanel(
      {
        title: 'Scopes',
        description:
          'Granted scopes, and time since a request last needed each scope. An empty cell means never. A write scope includes its read scope, but the table does not mark that read scope as granted. Before you remove a write scope that was never needed, grant its read scope if that one was needed. A bundle grants all of its scopes. The key card suggests a narrower grant that still covers every use. A scope that was needed but is not granted is missing from the keys file.',
        unit: 's',
        none: orNoData('The keys file names no scopes of this key'),
      },
      [
        {
          expr: `time() - max by (scope) (${KEY.scopeLastUsed}{${thisKey()}})`,
          column: { title: 'Since last needed' },
        },
        {
          expr: `max by (scope) (${KEY.scopeInfo}{${thisKey()}})`,
          column: { title: 'Granted', unit: 'bool_yes_no' },
        },
      ],
      { scope: 'Scope' },
    ),
  )
  .withPanel(
    tablePanel(
      {
        title: 'New IP addresses in the last day',
        description:
          'The latest IP addresses that were new for the key. The exporter masks them by default. Confirm them with the owner.',
        unit: 'short',
        none: orNoData('No new IP address in the last day'),
      },
      [{ expr: `max by (ip) (${KEY.recentNewIp}{${thisKey()}})`, column: { title: 'New' } }],
      { ip: 'IP address' },
    ),
  )
  .withPanel(
    statPanel(
      {
        title: 'Last used',
        description:
          'Time of the last request with a response other than 401. If this is long ago for a real-time key, its integration has stopped.',
        unit: 'dateTimeFromNow',
        none: orNoData('No recorded use'),
        span: 12,
      },
      `${ofTheKey(KEY.lastUsed)} * 1000`,
      NEUTRAL,
    ),
  )
  .withPanel(
    statPanel(
      {
        title: 'Success',
        description: `Share of 2xx responses in the last hour. Requests without a response do not count. At ${defaultText('success_ratio')} or less, look for the cause in the error panels above.`,
        unit: 'percentunit',
        none: orNoData('No requests in the last hour'),
        span: 12,
      },
      `sum(increase(${KEY.requests}{${thisKey('status_class="2xx"')}}[1h])) / (sum(increase(${KEY.requests}{${thisKey('status!="0"')}}[1h])) > 0)`,
      [['red'], ['orange', 0.95], ['green', HEALTHY_ABOVE]],
    ),
  );
