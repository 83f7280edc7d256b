import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { cpuSeconds } from '../../exporter/bench/process.ts';
import { FORMATS } from '../../exporter/src/metrics/exposition-text.ts';
import { startPrometheus } from '../../exporter/test/prometheus.ts';
import { PACK } from '../test/pack.ts';
import { backfill, type PastSeries } from '../test/past.ts';

/**
 * `npm run bench:rules`: what the rules cost a Prometheus that watches 1,000 keys. The targets' series are
 * invented, the Prometheus and the rules are real; the windows of the rules are filled by a back-filled past of 50
 * minutes, those of the baselines by the last day and by two hours of each of the last three weeks, and that of
 * revoked keys by the last day. Every key has had a new address and a new surface some time, a twentieth of them now;
 * one in fifty is revoked, one in fifty replaces another; each is refused with 401 and 403 some once an hour.
 */
const KEYS = 1_000;
const TENANTS = 20;
const STATUSES = [200, 201, 401, 403, 404, 422, 429, 500];
const ENDPOINTS = 10;
const STEP = 15;
const HOUR = 3600;
const DAY = 86_400;
const WEEK = 7 * DAY;

const now = Math.floor(Date.now() / 1000 / STEP) * STEP;

/** Value of a counter at a time: each key has a pace of its own, and too few errors for an alert. */
const counted = (key: number, status: number, at: number): number =>
  Math.floor(((at - now + HOUR) * (status < 300 ? 2 : 0.0005) * (1 + (key % 7))) / 7);

const idOf = (key: number) => ({ tenant_id: `tenant_${key % TENANTS}`, key_id: `key_${key}` });
const isRevoked = (key: number): boolean => key % 50 === 7;
const infoOf = (key: number) => ({
  ...{ name: `Key ${key}`, environment: key % 5 === 0 ? 'sandbox' : 'production' },
  ...{ tier: ['starter', 'professional', 'enterprise'][key % 3]!, owner: 'team', realtime: 'true' },
  state: isRevoked(key) ? 'revoked' : 'active',
  // Of the same tenant.
  replaces: key % 50 === 41 ? `key_${key - TENANTS}` : '',
});

const directory = mkdtempSync(join(tmpdir(), 'atender-rules-'));
const data = join(directory, 'data');
mkdirSync(data);

const exporter = createServer((_, response) =>
  // Prometheus 3 takes nothing whose type it is not told.
  response.setHeader('Content-Type', FORMATS.text).end(exposition(Date.now() / 1000)),
);
exporter.listen(0, '127.0.0.1');
await once(exporter, 'listening');
const target = { job: 'atender-exporter', instance: `127.0.0.1:${(exporter.address() as AddressInfo).port}` };
console.error('bench: filling the past …');
fill();
const prometheus = await startPrometheus(
  `
global: { scrape_interval: 15s, evaluation_interval: 15s }
rule_files: ['${join(PACK, 'rules')}/*.yml']
scrape_configs:
  - job_name: atender-exporter
    static_configs: [{ targets: ['${target.instance}'] }]
`,
  { data },
);
try {
  console.error('bench: three minutes of evaluation …');
  await wait(60_000);
  const before = cpuSeconds(prometheus.pid);
  await wait(120_000);
  await report((cpuSeconds(prometheus.pid) - before) / 2);
} finally {
  await prometheus.stop();
  exporter.close();
  exporter.closeAllConnections();
  rmSync(directory, { recursive: true, force: true });
}

function fill(): void {
  const series: PastSeries[] = [];
  for (let key = 0; key < KEYS; key++)
    for (const status of STATUSES) {
      const labels = {
        ...target,
        ...idOf(key),
        status: String(status),
        status_class: `${String(status)[0]}xx`,
      };
      series.push({ name: 'atender_requests_total', labels, at: (second) => counted(key, status, second) });
    }
  backfill(data, series, { from: now - 50 * 60, to: now - STEP, step: 60 });
  const keys = Array.from({ length: KEYS }, (_, key) => key);
  const rates = (value: number, window = '5m') =>
    keys.map(
      (key): PastSeries => ({
        name: `tenant_key:atender_requests:rate${window}`,
        labels: idOf(key),
        at: () => value,
      }),
    );
  for (const week of [1, 2, 3])
    backfill(data, rates(1 + week / 10), {
      ...{ from: now - week * WEEK - HOUR, to: now - week * WEEK + HOUR, step: 60 },
    });
  backfill(data, rates(1), { from: now - DAY - HOUR, to: now - 60, step: 60 });
  backfill(data, rates(1, '15m'), { from: now - DAY - HOUR, to: now - 60, step: 900 });
  const revoked = keys.filter(isRevoked).map((key) => ({
    ...{ name: 'atender_key_info', labels: { ...target, ...idOf(key), ...infoOf(key) }, at: () => 1 },
  }));
  backfill(data, revoked, { from: now - DAY, to: now - 60, step: 60 });
}

function exposition(at: number): string {
  const lines: string[] = ['atender_exporter_ready 1', 'atender_exporter_commit_failing 0'];
  const source = '{source="default"}';
  lines.push(
    `atender_exporter_behind_seconds${source} 0`,
    `atender_exporter_last_look_timestamp_seconds${source} ${at}`,
    `atender_exporter_last_event_timestamp_seconds${source} ${at}`,
  );
  for (let key = 0; key < KEYS; key++) {
    const id = labelsText(idOf(key));
    const add = (name: string, labels: string, value: number) =>
      lines.push(`${name}{${id}${labels === '' ? '' : `,${labels}`}} ${value}`);
    for (const status of STATUSES) {
      const labels = `status="${status}",status_class="${String(status)[0]}xx"`;
      add('atender_requests_total', labels, counted(key, status, at));
      if (status === 200 || status === 404)
        for (let endpoint = 0; endpoint < ENDPOINTS; endpoint++)
          add(
            'atender_endpoint_requests_total',
            `method="GET",endpoint="/v1/things/${endpoint}",${labels}`,
            Math.floor(counted(key, status, at) / ENDPOINTS),
          );
    }
    add('atender_key_last_used_timestamp_seconds', '', at);
    add('atender_key_created_timestamp_seconds', '', now - 90 * 86_400);
    add('atender_key_requests_today', '', 1000);
    add('atender_key_peak_requests_per_minute', '', 60);
    add('atender_key_rate_limit', 'window="minute"', 600);
    add('atender_key_rate_limit', 'window="day"', 100_000);
    add('atender_key_rate_limit_burst', '', 100);
    add('atender_key_info', labelsText(infoOf(key)), 1);
    add('atender_key_last_rejected_timestamp_seconds', '', now - HOUR);
    add('atender_key_max_gap_seconds', '', 3000);
    add('atender_key_rotated_timestamp_seconds', '', now - 30 * DAY);
    add('atender_key_rotate_every_seconds', '', 90 * DAY);
    const isNew = key % 20 === 0;
    add('atender_key_last_new_ip_timestamp_seconds', '', isNew ? at - 60 : now - DAY);
    add('atender_key_last_new_surface_timestamp_seconds', 'surface="tags"', isNew ? at - 60 : now - DAY);
    if (isNew) add('atender_key_recent_new_ip_info', 'ip="203.0.113.0/24"', 1);
    if (key % 10 === 0) add('atender_key_threshold', 'kind="silence_seconds"', 3600);
  }
  return `${lines.join('\n')}\n`;
}

function labelsText(labels: Record<string, string>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${value}"`)
    .join();
}

interface Evaluated {
  name: string;
  labels?: Record<string, string>;
  evaluationTime: number;
}

/** `processor` = seconds of it that Prometheus took in a minute. */
async function report(processor: number): Promise<void> {
  const { data: rules } = (await (await fetch(`${prometheus.url}/api/v1/rules`)).json()) as {
    data: { groups: { name: string; interval: number; evaluationTime: number; rules: Evaluated[] }[] };
  };
  console.log('| group | every | evaluation |');
  console.log('| --- | --- | --- |');
  for (const { name, interval, evaluationTime } of rules.groups)
    console.log(`| ${name} | ${interval} s | ${(evaluationTime * 1000).toFixed(0)} ms |`);
  const seconds = (groups: typeof rules.groups) =>
    groups.reduce((sum, { evaluationTime }) => sum + evaluationTime, 0).toFixed(2);
  const each = rules.groups.filter(({ interval }) => interval === 15);
  console.log(`\na cycle of 15 s: ${seconds(each)} s (target: under 2 s)`);
  console.log(`every group at once, as it is once a minute: ${seconds(rules.groups)} s`);
  const own = await (await fetch(`${prometheus.url}/metrics`)).text();
  const missed = [...own.matchAll(/^prometheus_rule_group_iterations_missed_total\{.*\} (\S+)$/gm)];
  const cycles = missed.reduce((sum, [, count]) => sum + Number(count), 0);
  console.log(`cycles that were left out: ${cycles} (with any, this machine is too busy for these figures)`);
  console.log(`processor, scrapes included: ${processor.toFixed(1)} s a minute`);
  const slowest = rules.groups
    .flatMap((group) => group.rules)
    .sort((a, b) => b.evaluationTime - a.evaluationTime)
    .slice(0, 8)
    .map(({ name, labels, evaluationTime }) => {
      const { kind = '' } = labels ?? {};
      return `${(evaluationTime * 1000).toFixed(0)} ms ${name} ${kind}`.trim();
    });
  console.log(`slowest rules: ${slowest.join(', ')}`);
  // One of every key is recorded four times an hour, and its turn may not have come.
  const often = await prometheus.value('count({__name__=~".+:.+",__name__!~".+:rate15m"})');
  console.log(`recorded series a key: ${((often ?? 0) / KEYS + 1).toFixed(2)} (target: under 12)`);
}
