import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { PACK } from '../../alerting/test/pack.ts';
import {
  type ExporterProcess,
  eventually,
  startExporter,
  temporaryDirectory,
} from '../../exporter/test/exporter-process.ts';
import { writeRequests } from '../../exporter/test/log-lines.ts';
import { type Prometheus, type Series, startPrometheus } from '../../exporter/test/prometheus.ts';
import { boards, panelsOf } from './boards.ts';
import { queriesOf, runQuery } from './grafana-queries.ts';

/** Panels with an evaluation time, for time ranges that end in the past, now and in the future. */
const directory = temporaryDirectory();
let exporter: ExporterProcess;
let prometheus: Prometheus;
/** End of the first invented alert, seconds since the epoch. */
let ended: number;
let now: number;

const HOUR = 3600;
const PAGE = { severity: 'page', tenant_id: 'acme', key_id: 'key_test', alertname: 'AtenderKeyServerErrors' };

beforeAll(async () => {
  const log = join(directory.path, 'requests.log');
  writeRequests(log, 5, { keyId: 'key_test', tenantId: 'acme' });
  exporter = await startExporter([
    ...['--log.path', log, '--store.path', join(directory.path, 'usage.db')],
    ...['--metrics.zero-hold', '0s', '--log.level', 'warn'],
  ]);
  await exporter.ready();
  ended = Math.floor(Date.now() / 1000) + 15;
  const page = (alert: string, expr: string) =>
    `{ alert: ${alert}, expr: '${expr}', labels: { severity: page, tenant_id: acme, key_id: key_test } }`;
  const alerts = join(directory.path, 'invented.yml');
  writeFileSync(
    alerts,
    `groups: [{ name: invented, rules: [${page('AtenderKeyServerErrors', 'vector(1)')}, ${page('AtenderKeyThrottled', `vector(time()) < ${ended}`)}] }]`,
  );
  prometheus = await startPrometheus(`
global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: ['${join(PACK, 'rules')}/*.yml', '${alerts}']
scrape_configs:
  - job_name: atender-exporter
    static_configs: [{ targets: ['${new URL(exporter.url).host}'] }]
`);
  // Some rule groups are evaluated once a minute.
  await eventually(
    async () => expect(await prometheus.query('ALERTS{alertname="AtenderWatchdog"}')).not.toEqual([]),
    90_000,
  );
  await wait(Math.max(0, (ended + 4) * 1000 - Date.now()));
  now = Math.floor(Date.now() / 1000);
}, 180_000);

afterAll(async () => {
  await prometheus?.stop();
  await exporter?.end('SIGKILL');
  directory.remove();
});

/** Results of instant queries by dashboard, panel and query. */
async function answers(from: number, to: number): Promise<Map<string, Series[]>> {
  const chosen = {
    ...{ tenant: '.*', environment: '.*', tier: '.*', job: ['atender-exporter'], key: 'key_test' },
    ...{ predecessor: [], successor: [], replaced: [], replacing: [], refused: '.*', busiest: ['key_test'] },
  };
  const shown = { url: prometheus.url, from, to, scrape: 1 };
  const answered = new Map<string, Series[]>();
  for (const board of boards()) {
    const questions = queriesOf(board);
    const variable = questions.find(({ asker }) => asker.endsWith('variable at'))!;
    const [at] = await runQuery(variable, { ...shown, chosen });
    for (const question of questions.filter(({ kind, expr }) => kind === 'instant' && isOfThePresent(expr)))
      answered.set(
        `${question.asker}/${question.refId}`,
        await runQuery(question, { ...shown, chosen: { ...chosen, at: at!.value![1] } }),
      );
  }
  return answered;
}

const isOfThePresent = (expr: string): boolean => /@ \$\{at\}e-3/.test(expr);
const numbers = (series: Series[] | undefined): number[] =>
  (series ?? []).map(({ value }) => Number(value![1]));
const pages = (all: Map<string, Series[]>): number[] => numbers(all.get('overview: Firing alerts/A'));
const alertsNamed = (all: Map<string, Series[]>): unknown[] =>
  (all.get('overview: Affected keys by alert/A') ?? []).map(({ metric }) => metric.alertname);
const named = (all: Map<string, Series[]>): Record<string, unknown[]> =>
  Object.fromEntries([...all].map(([name, series]) => [name, series.map(({ metric }) => metric)]));

test('every instant query uses the evaluation time, except those over the shown time', () => {
  const others = boards()
    .flatMap((board) => panelsOf(board).flatMap(({ targets = [] }) => targets))
    .filter(({ instant, expr }) => instant && !isOfThePresent(expr) && !expr.includes('$__range'));
  expect(others).toEqual([]);
});

test('no panel turns missing data into a number', () => {
  const made = boards()
    .flatMap((board) =>
      panelsOf(board).flatMap(({ title, targets = [] }) => targets.map((one) => ({ title, ...one }))),
    )
    .filter(({ expr }) => /or vector\(0\)\)?$/.test(expr.replace(/\)\[500ms:1s\].*$/, '')))
    .map(({ title }) => title);
  expect(made).toEqual([]);
});

describe('a time range that ends', () => {
  test('now shows the alerts that are firing now', async () => {
    const all = await answers(now - HOUR, now);
    expect(pages(all)).toEqual([1]);
    expect(alertsNamed(all)).toEqual([PAGE.alertname]);
    expect(numbers(all.get('overview: Pipeline health/A'))).toEqual([1]);
  });

  test.each([
    ['twelve hours ahead, as after "zoom out"', -12 * HOUR, 12 * HOUR],
    ['three minutes ahead', -HOUR, 180],
    ['a month ahead', -30 * 24 * HOUR, 30 * 24 * HOUR],
    ['and begins in the future', 30 * 60, 2 * HOUR],
  ])(
    '%s shows the same as one that ends now',
    async (_, from, to) => {
      const [all, future] = [await answers(now - HOUR, now), await answers(now + from, now + to)];
      expect(named(future)).toEqual(named(all));
      expect(pages(future)).toEqual([1]);
      for (const [name, series] of future)
        if (name.endsWith('/asOf')) expect(Math.abs(numbers(series)[0]! - now)).toBeLessThan(60);
    },
    60_000,
  );

  test('in the past shows the alerts that were firing then', async () => {
    const all = await answers(ended - HOUR, ended - 2);
    expect(pages(all)).toEqual([2]);
    expect(alertsNamed(all)).toContain('AtenderKeyThrottled');
    expect(numbers(all.get('overview: Keys/asOf'))).toEqual([ended - 2]);
  });

  test('before the first recording shows no number', async () => {
    const all = await answers(now - 48 * HOUR, now - 24 * HOUR);
    const shown = [...all].filter(([name, series]) => series.length > 0 && !name.endsWith('/asOf'));
    expect(shown).toEqual([]);
  });
});
