import { gaugeBy, increaseBy, rateBy } from '../../exporter/src/health/promql.ts';
import { RECORDED } from '../../exporter/src/health/series.ts';
import { firing, frame, mark } from './frame.ts';
import { keyCard } from './key-panel.ts';
import {
  BAND,
  bars,
  figure,
  figures,
  heat,
  lines,
  NEUTRAL,
  orNoData,
  row,
  rows,
  type Steps,
} from './panels.ts';
import { KEY, thisKey } from './queries.ts';

const threshold = (kind: string): string => `max(${RECORDED.threshold}{${thisKey(`kind="${kind}"`)}})`;
const share = (status: string): string =>
  `sum(rate(${KEY.requests}{${thisKey(status)}}[$__rate_interval])) / sum(rate(${KEY.requests}{${thisKey('status!="0"')}}[$__rate_interval]))`;
const quantile = (q: number): string =>
  `histogram_quantile(${q}, sum by (le) (rate(${KEY.duration}_bucket{${thisKey()}}[$__rate_interval])))`;
const ENDPOINT = { method: 'Method', endpoint: 'Endpoint' };
const perEndpoint = (...more: string[]): string =>
  increaseBy('method, endpoint', thisKey(...more), '$__range', KEY.endpointRequests);
/** The busiest or worst of a key's endpoints in the shown time; every column of a table is about the same ones. */
const FIFTEEN_BUSIEST = `topk(15, ${perEndpoint()}) > 0`;
const FIFTEEN_WORST = `topk(15, ${perEndpoint('status=~"[45].."')}) > 0`;
const ALL_ENDPOINTS = `sum(${perEndpoint()})`;
const ofTheKey = (name: string): string => `max(${name}{${thisKey()}})`;
/** With the burst: above it requests are answered 429. */
const MINUTE_LIMIT = `(max(${KEY.rateLimit}{${thisKey('window="minute"')}}) + (max(${KEY.rateLimitBurst}{${thisKey()}}) or vector(0)))`;
const DAY_LIMIT = `max(${KEY.rateLimit}{${thisKey('window="day"')}})`;
const HEADROOM: Steps = [['red'], ['orange', 0.1], ['green', 0.3]];

/** One key: what it does, how it fares, and why it is (not) alerting. */
export const keyUsage = frame(
  'key',
  'One key: its state and every check behind it, its traffic, errors, latency, addresses, quota and scopes.',
  ['tenant', 'key', 'predecessor', 'successor'],
)
  .annotation(firing(`alertname=~"Atender.+",${thisKey()}`))
  .annotation(mark('Created', 'blue', `${ofTheKey(KEY.created)} * 1000`, 'the key was created'))
  .annotation(mark('Rotated', 'green', `${ofTheKey(KEY.rotated)} * 1000`, 'the key was rotated'))
  .annotation(mark('New IP', 'purple', `${ofTheKey(KEY.lastNewIp)} * 1000`, 'a new address'))
  .withPanel(
    keyCard({
      title: 'State of $key',
      description:
        'The state of the key, and every check with its value, its threshold and where the threshold comes from: why it is, or is not, alerting.',
      unit: 'short',
      span: 24,
      height: 14,
    }),
  )
  .withRow(row('Traffic'))
  .withPanel(
    lines(
      {
        title: 'Requests against the usual',
        description:
          'The volume of the key now, a week ago, and the band of half to twice what the same hour of the last three weeks makes expected. Outside the band: look at endpoints and addresses.',
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
    lines(
      {
        title: 'Requests by endpoint',
        description:
          'The ten busiest endpoints of the key. One that appears or vanishes is a release of the consumer; one that dominates may be worth caching.',
        unit: 'reqps',
        none: 'No request in the shown time',
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
    lines(
      {
        title: 'Requests by status',
        description:
          'Answers by exact status. 401 wrong or revoked key, 403 missing scope, 404 and 422 the consumer’s request, 429 the limit, 5xx Atender. 0: the connection ended without a response.',
        unit: 'reqps',
        height: 11,
      },
      [{ expr: rateBy('status', thisKey()), legend: '{{status}}' }],
      { stacked: true },
    ),
  )
  .withRow(row('Errors'))
  .withPanel(
    lines(
      {
        title: 'Throttled share (429) against its threshold',
        description:
          'The share of 429 answers and the threshold of this key. Above it for 30 minutes AtenderKeyThrottled fires: heed Retry-After or move the key to a higher tier.',
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
    lines(
      {
        title: 'Server error share (5xx) against its threshold',
        description:
          'The share of 5xx answers and the threshold of this key. Above it for 30 minutes AtenderKeyServerErrors pages: it is Atender’s side.',
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
    lines(
      {
        title: '401 and 403 in 30 minutes against their thresholds',
        description:
          'Rejected requests of the last 30 minutes. 401: a consumer that a rotation left behind. 403 on a clean key: its scopes were changed, or somebody tries what it may not do.',
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
    rows(
      {
        title: 'Error clusters by endpoint',
        description:
          'Endpoints by their 4xx and 5xx answers in the shown time. Many 404 or 422 on one endpoint is a regressed release of the consumer.',
        unit: 'short',
        none: 'No error in the shown time',
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
    rows(
      {
        title: 'Top endpoints',
        description:
          'Endpoints by their requests in the shown time and their share of all. One that the owner does not know: look at its first requests in the audit search, and at the scopes below.',
        unit: 'short',
        none: 'No request in the shown time',
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
    bars(
      {
        title: 'Worth caching',
        description:
          'A GET endpoint that has 90 % or more of the requests of the shown time. The same answer is fetched again and again: ask the consumer to cache it, or to use a webhook.',
        unit: 'percentunit',
        span: 24,
        none: 'No GET endpoint has 90 % of the requests',
      },
      {
        expr: `sum by (method, endpoint) (increase(${KEY.endpointRequests}{${thisKey('method="GET"')}}[$__range])) / on () group_left () (${ALL_ENDPOINTS} > 0) >= 0.9`,
        legend: '{{method}} {{endpoint}}',
      },
      [['blue']],
    ),
  )
  .withRow(row('Latency'))
  .withPanel(
    lines(
      {
        title: 'Latency percentiles',
        description:
          'How long Atender took: half of the requests were faster than p50, 99 of 100 faster than p99. A rising p99 with a steady p50 is a few slow endpoints.',
        unit: 's',
        none: 'No request with a duration in the shown time',
        height: 9,
      },
      [0.5, 0.9, 0.99].map((q) => ({ expr: quantile(q), legend: `p${q * 100}` })),
    ),
  )
  .withPanel(
    heat(
      {
        title: 'Latency distribution',
        description:
          'Requests by how long they took, over time: brighter is more. Two bands are two kinds of requests; a band that climbs is something that fills up.',
        unit: 's',
        height: 9,
      },
      {
        expr: `sum by (le) (increase(${KEY.duration}_bucket{${thisKey()}}[$__rate_interval]))`,
        legend: '{{le}}',
      },
    ),
  )
  .withRow(row('Addresses, quota and scopes'))
  .withPanel(
    lines(
      {
        title: 'Different addresses',
        description:
          'Different client addresses in the last hour, day and 30 days. A step up means a new deployment, or a key that went round.',
        unit: 'short',
        height: 9,
        span: 8,
      },
      [{ expr: gaugeBy('window', KEY.uniqueIps, thisKey()), legend: '{{window}}' }],
    ),
  )
  .withPanel(
    lines(
      {
        title: 'Minute quota',
        description:
          'The highest 60 s of the last five minutes, the limit per minute, and limit plus burst. What reaches the upper line is answered 429.',
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
    lines(
      {
        title: 'Day quota',
        description:
          'Requests of the UTC day so far and the limit per day. At the limit every request is answered 429 until midnight UTC.',
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
    figures(
      {
        title: 'Quota headroom',
        description:
          'What is left of the minute limit with its burst at the busiest minute of the last five, and of the day limit of the running UTC day. At 0 % requests are answered 429: raise the tier or slow the consumer.',
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
    rows(
      {
        title: 'Scopes',
        description:
          'Scopes that the key has, and how long ago a request needed each. An empty cell means never. A write also grants its read, which then has no mark of its own. So before you take away a write that was never needed, grant its read if that was needed. A bundle grants all its parts. The key card names a narrower grant that still covers every use. A scope that was needed and is not granted any more was taken away.',
        unit: 's',
        none: orNoData('The keys file names no scopes of this key'),
      },
      [
        {
          expr: `time() - max by (scope) (${KEY.scopeLastUsed}{${thisKey()}})`,
          column: { title: 'Needed ago' },
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
    rows(
      {
        title: 'New addresses of the last day',
        description:
          'The latest addresses that were new on the key, shown as the exporter is configured to (masked by default). Confirm them with the owner.',
        unit: 'short',
        none: orNoData('No new address in the last day'),
      },
      [{ expr: `max by (ip) (${KEY.recentNewIp}{${thisKey()}})`, column: { title: 'New' } }],
      { ip: 'Address' },
    ),
  )
  .withPanel(
    figure(
      {
        title: 'Last used',
        description:
          'When the key was last answered with anything but 401. Long ago for a real-time key: its integration has stopped.',
        unit: 'dateTimeFromNow',
        none: orNoData('No recorded use'),
        span: 12,
      },
      `${ofTheKey(KEY.lastUsed)} * 1000`,
      NEUTRAL,
    ),
  )
  .withPanel(
    figure(
      {
        title: 'Success',
        description:
          'Share of 2xx responses in the last hour, without requests that got no response. At 99 % or less something fails for this key.',
        unit: 'percentunit',
        none: orNoData('No request in the last hour'),
        span: 12,
      },
      `sum(increase(${KEY.requests}{${thisKey('status_class="2xx"')}}[1h])) / (sum(increase(${KEY.requests}{${thisKey('status!="0"')}}[1h])) > 0)`,
      [['red'], ['orange', 0.95], ['green', 0.99]],
    ),
  );
