import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../alerting/test/pack.ts';
import { RECORDED } from '../../exporter/src/health/series.ts';
import type { THRESHOLDS } from '../../exporter/src/health/thresholds.ts';
import { DURATION_BUCKETS } from '../../exporter/src/usage/duration-buckets.ts';
import { KEY, SELF } from '../src/queries.ts';

export interface Week {
  keys: number;
  days: number;
  /** Scrape interval, seconds. */
  scrape: number;
  /** The key of panels for one key. */
  looked: string;
}

/** A series with its value by time in seconds. */
interface Series {
  name: string;
  labels: Record<string, string>;
  at(second: number): number;
}

const STATUSES = [200, 201, 401, 403, 404, 422, 429, 500];
const ENDPOINTS = ['contacts', 'conversations', 'tags', 'users', 'settings', 'search', 'webhooks', 'teams'];
const TENANTS = 20;
/** Thresholds that the rules record for every key. */
const RECORDED_FOR_ALL: (keyof typeof THRESHOLDS)[] = [
  ...(['unauthorized_count', 'throttled_ratio', 'server_error_ratio'] as const),
  ...(['forbidden_count', 'stale_seconds', 'spike_ratio', 'dip_ratio', 'silence_seconds'] as const),
];
/** Maximum block size of Prometheus. promtool reads each block once. */
const BLOCK_HOURS = 18;
const HOUR = 3600;

export const keyId = (key: number): string => `key_${String(key).padStart(4, '0')}`;

/**
 * Stores the days before `to` as Prometheus blocks: scraped and recorded series. If no query reads a series of every key
 * over more than three hours, only three hours are stored, plus the first minutes for queries that read the start. Storing
 * a full week of everything would take hours and would not change the cost of the queries.
 */
export function storeWeek(data: string, week: Week, to: number): void {
  mkdirSync(data, { recursive: true });
  const from = to - week.days * 86_400;
  const always = lasting(week, from);
  const lately = recent(week, to);
  const block = BLOCK_HOURS * HOUR;
  for (let start = Math.floor(from / block) * block; start <= to; start += block) {
    const end = Math.min(start + block - 1, to);
    const file = join(data, '..', `${start}.openmetrics`);
    const text = new BlockFile(file);
    for (const one of always) text.add(one, Math.max(start, from), end, week.scrape);
    for (const one of lately) {
      text.add(one, Math.max(start, to - 3 * HOUR), end, week.scrape);
      if (readAtStart(one)) text.add(one, Math.max(start, from), Math.min(end, from + 600), week.scrape);
    }
    text.end();
    const args = ['create-blocks-from', 'openmetrics', '--quiet', `--max-block-duration=${BLOCK_HOURS}h`];
    const { status, output } = run('promtool', ['tsdb', ...args, file, data]);
    if (status !== 0) throw new Error(output);
    rmSync(file);
  }
}

/** Series that queries read over the whole week: some families of every key, and all series of one key. */
function lasting({ keys, looked }: Week, from: number): Series[] {
  const series: Series[] = [];
  for (let key = 0; key < keys; key++) {
    const labels = labelsOf(key);
    series.push({ name: RECORDED.rate, labels, at: (second) => paceOf(key) * (1 + (second % 600) / 6000) });
    series.push({
      ...{ name: RECORDED.rate15m, labels },
      at: (second) => (second % 900 === 0 ? paceOf(key) : Number.NaN),
    });
    for (const status of [401, 403])
      series.push({
        name: RECORDED.refused,
        labels: { ...labels, status: String(status) },
        at: (second) =>
          counted(key, second - from, REFUSED) - counted(key, second - 300 - from, REFUSED) || NaN,
      });
    series.push(alert('AtenderKeyNewIP', key, (second) => second - newAddress(key, second) < 900));
    const one = [...counters(key, from), ...gauges(key, from)];
    series.push(...(keyId(key) === looked ? one : one.filter(readOverTime)));
  }
  for (let tenant = 0; tenant < TENANTS; tenant++)
    for (const status_class of ['2xx', '4xx', '5xx'])
      series.push({
        name: RECORDED.rateByClass,
        labels: { tenant_id: `tenant_${tenant}`, status_class },
        at: (second) => (status_class === '2xx' ? 20 : 0.02) * (1 + (second % 600) / 6000),
      });
  for (let tenant = 0; tenant < TENANTS; tenant++)
    for (const name of [RECORDED.rateByTier, RECORDED.expectedByTier])
      for (const environment of ['production', 'sandbox'])
        series.push({
          name,
          labels: { tenant_id: `tenant_${tenant}`, environment, tier: 'professional' },
          at: () => 10,
        });
  // Twenty keys with errors a third of the time.
  for (let key = 0; key < keys; key += keys / 20)
    series.push(alert('AtenderKeyThrottled', key, (second) => second % 86_400 < 28_800));
  return [...series, ...self(from)];
}

/** Other series of the other keys. */
function recent({ keys, looked }: Week, to: number): Series[] {
  return Array.from({ length: keys }, (_, key) => key)
    .filter((key) => keyId(key) !== looked)
    .flatMap((key) => [...counters(key, to - 86_400), ...gauges(key, to - 86_400)])
    .filter((one) => !readOverTime(one));
}

const readOverTime = ({ name, labels }: Series): boolean =>
  name === KEY.endpointRequests && /401|403/.test(labels.status ?? '');

const readAtStart = ({ name }: Series): boolean => name === KEY.info || name === KEY.lastUsed;

function counters(key: number, from: number): Series[] {
  const grown = (name: string, more: Record<string, string>, share: number): Series => ({
    name,
    labels: { ...SCRAPED, ...labelsOf(key), ...more },
    at: (second) => counted(key, second - from, share),
  });
  return [
    ...STATUSES.map((status) =>
      grown(KEY.requests, byStatus(status), status === 200 ? 0.9 : status === 201 ? 0.09 : REFUSED),
    ),
    ...ENDPOINTS.map((surface, i) =>
      grown(
        KEY.endpointRequests,
        { method: i % 3 === 0 ? 'POST' : 'GET', endpoint: `/v1/${surface}/:id`, ...byStatus(200) },
        0.9 / ENDPOINTS.length,
      ),
    ),
    ...[403, 404].map((status) =>
      grown(
        KEY.endpointRequests,
        { method: 'GET', endpoint: '/v1/contacts/:id', ...byStatus(status) },
        REFUSED,
      ),
    ),
  ];
}

function gauges(key: number, from: number): Series[] {
  const labels = labelsOf(key);
  const series: Series[] = [];
  const gauge = (name: string, at: (second: number) => number, more: Record<string, string> = {}) =>
    series.push({ name, labels: { ...SCRAPED, ...labels, ...more }, at });
  const started = (ago: number) => () => from - ago;
  gauge(KEY.lastNewIp, (second) => newAddress(key, second));
  series.push({ name: RECORDED.expectedRate, labels, at: () => paceOf(key) });
  gauge(KEY.lastUsed, (second) => second - (key % 50));
  gauge(KEY.lastRejected, started(HOUR));
  gauge(KEY.maxGap, () => 3000);
  gauge(KEY.lastMinute, () => 12);
  gauge(KEY.peakPerMinute, () => 20);
  gauge(KEY.requestsToday, (second) => second % 86_400);
  gauge(KEY.rateLimitBurst, () => 50);
  for (const [window, limit] of [
    ['minute', 300],
    ['day', 100_000],
  ] as const)
    gauge(KEY.rateLimit, () => limit, { window });
  for (const window of ['1h', '24h', '30d']) gauge(KEY.uniqueIps, () => 7, { window });
  gauge(KEY.created, started(90 * 86_400));
  gauge(KEY.rotated, started(30 * 86_400));
  gauge(KEY.rotateEvery, () => 90 * 86_400);
  for (const scope of ['contacts:read', 'conversations:write', 'tags:read']) {
    gauge(KEY.scopeInfo, () => 1, { scope });
    gauge(KEY.scopeLastUsed, (second) => second, { scope });
  }
  gauge(KEY.info, () => 1, {
    ...{ name: `Key ${key}`, environment: key % 5 === 0 ? 'sandbox' : 'production', tier: 'professional' },
    ...{ owner: 'team', state: key % 100 === 99 ? 'revoked' : 'active', realtime: 'true' },
    // Ten rotations.
    replaces: key % 100 === 1 ? keyId(key - 1) : '',
  });
  if (key % 20 === 0) gauge(KEY.recentNewIp, () => 1, { ip: '203.0.113.0/24' });
  if (key % 20 === 0) gauge(KEY.lastNewSurface, started(HOUR), { surface: 'users' });
  for (const le of [...DURATION_BUCKETS, '+Inf'])
    gauge(`${KEY.duration}_bucket`, (second) => Math.floor((second - from) * 0.2), { le: String(le) });
  for (const kind of RECORDED_FOR_ALL)
    series.push({ name: RECORDED.threshold, labels: { ...labels, kind }, at: () => 1 });
  return series;
}

/** An alert as Prometheus stores it: only while it is firing. */
function alert(alertname: string, key: number, fires: (second: number) => boolean): Series {
  const labels = { alertname, alertstate: 'firing', severity: 'ticket', category: 'security' };
  return {
    ...{ name: 'ALERTS', labels: { ...labelsOf(key), ...labels } },
    at: (second) => (fires(second) ? 1 : Number.NaN),
  };
}

function self(from: number): Series[] {
  const grown = (name: string, more: Record<string, string>, each: number): Series => ({
    ...{ name, labels: { ...SCRAPED, ...more } },
    at: (second) => Math.floor((second - from) * each),
  });
  const steady = (name: string, more: Record<string, string>, value: number | undefined): Series => ({
    ...{ name, labels: { ...SCRAPED, ...more } },
    at: (second) => value ?? second,
  });
  const source = { source: 'default' };
  return [
    ...[steady('up', {}, 1), steady(SELF.ready, {}, 1), steady(SELF.buildInfo, { version: '0.1.0' }, 1)],
    ...[steady(SELF.behindSeconds, source, 0), steady(SELF.behindBytes, source, 0)],
    ...[steady(SELF.lastLooked, source, undefined), grown(SELF.lines, source, 250)],
    ...[grown(SELF.rejected, { ...source, reason: 'not_json' }, 0.01), grown(SELF.rotations, source, 0.0001)],
    steady('process_resident_memory_bytes', {}, 2e8),
  ];
}

const SCRAPED = { job: 'atender-exporter', instance: 'exporter:9469' };
/** Requests per second. */
const paceOf = (key: number): number => (1 + (key % 7)) / 10;
/** Share of each status other than 200 and 201. */
const REFUSED = 0.0002;
const counted = (key: number, seconds: number, share: number): number =>
  Math.floor(seconds * paceOf(key) * share);
/** Time when a key was last used from a new IP address, from daily to monthly. */
const newAddress = (key: number, second: number): number => second - (second % (86_400 * (1 + (key % 30))));
const labelsOf = (key: number) => ({ tenant_id: `tenant_${key % TENANTS}`, key_id: keyId(key) });
const byStatus = (status: number) => ({
  status: String(status),
  status_class: `${Math.floor(status / 100)}xx`,
});

/** Lines of one block. promtool accepts families in any order. */
class BlockFile {
  private readonly file: number;
  private pending = '';

  constructor(path: string) {
    this.file = openSync(path, 'w');
  }

  add({ name, labels, at }: Series, from: number, to: number, step: number): void {
    const pairs = Object.entries(labels).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
    const head = `${name}{${pairs.join(',')}} `;
    for (let second = Math.ceil(from / step) * step; second <= to; second += step) {
      const value = at(second);
      if (!Number.isNaN(value)) this.pending += `${head}${value} ${second}\n`;
    }
    if (this.pending.length > 1 << 20) this.flush();
  }

  end(): void {
    this.pending += '# EOF\n';
    this.flush();
    closeSync(this.file);
  }

  private flush(): void {
    writeSync(this.file, this.pending);
    this.pending = '';
  }
}
