import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { PACK } from '../../alerting/test/pack.ts';
import { RECORDED } from '../../exporter/src/health/series.ts';
import {
  type ExporterProcess,
  eventually,
  startExporter,
  temporaryDirectory,
} from '../../exporter/test/exporter-process.ts';
import { requestLine } from '../../exporter/test/log-lines.ts';
import { type Prometheus, type Series, startPrometheus } from '../../exporter/test/prometheus.ts';
import { boards } from './boards.ts';
import { type Chosen, queriesOf, runQuery } from './grafana-queries.ts';

/**
 * A new installation with awkward keys: three exporters, two with different keys files and one without; tenants and keys
 * with characters that are special in regular expressions; one key id in two tenants; requests without a tenant; one key
 * replaced by two keys.
 */
const directory = temporaryDirectory();
const file = (name: string) => join(directory.path, name);
const exporters: ExporterProcess[] = [];
let prometheus: Prometheus;

const KEYS = [
  { id: 'old', tenantId: 'acme.eu', name: 'Old' },
  { id: 'new_1', tenantId: 'acme.eu', replaces: 'old' },
  { id: 'new_2', tenantId: 'acme.eu', replaces: 'old' },
  { id: 'forgotten', tenantId: 'acme.eu', environment: 'production' },
  { id: 'trial', tenantId: 'acme.eu', environment: 'sandbox' },
];
const keysFile = (owner: string) =>
  stringify({ keys: KEYS.map((key) => ({ name: `"${key.id}" \\ of ${owner}`, ...key, owner })) });

/** Log lines: [log, requests, fields]. The exporter of log b has another keys file, the one of log c has none. */
const LINES: [log: string, requests: number, fields: Record<string, unknown>][] = [
  ['a', 20, { tenantId: 'acme.eu', keyId: 'shared', endpoint: '/v1/tags' }],
  ['b', 5, { tenantId: 'acme.eu', keyId: 'shared', endpoint: '/v1/tags' }],
  ['a', 1, { tenantId: 'acme.eu', keyId: 'shared', endpoint: '/v1/tags', method: 'POST', status: 422 }],
  ['a', 30, { tenantId: 'acmexeu', keyId: 'shared', endpoint: '/v1/users' }],
  ['a', 12, { tenantId: 'acme.eu', keyId: 'key.a+b(c)', endpoint: '/v1/contacts' }],
  ['c', 3, { tenantId: 'north/south+1', keyId: 'it\'s "odd" $1', endpoint: '/v1/contacts' }],
  ['c', 5, { keyId: 'lonely', endpoint: '/v1/contacts' }],
  ['a', 8, { tenantId: 'acme.eu', keyId: 'old', endpoint: '/v1/contacts' }],
  ['a', 4, { tenantId: 'acme.eu', keyId: 'old', endpoint: '/v1/contacts', status: 401 }],
  ['a', 6, { tenantId: 'acme.eu', keyId: 'trial', endpoint: '/v1/contacts' }],
];
const logged = (fits: (fields: Record<string, unknown>) => boolean): number =>
  LINES.filter(([, , fields]) => fits(fields)).reduce((sum, [, requests]) => sum + requests, 0);

beforeAll(async () => {
  writeFileSync(file('a.yaml'), keysFile('north'));
  writeFileSync(file('b.yaml'), keysFile('south'));
  for (const name of ['a', 'b', 'c']) {
    writeFileSync(file(`${name}.log`), '');
    const keys = name === 'c' ? [] : ['--keys.file', file(`${name}.yaml`)];
    exporters.push(
      await startExporter([
        ...['--log.path', file(`${name}.log`), '--store.path', file(`${name}.db`), ...keys],
        // increase() overestimates a counter with few samples, and misses a counter that starts above 0.
        ...['--metrics.zero-hold', '20s', '--log.level', 'warn'],
      ]),
    );
  }
  for (const exporter of exporters) await exporter.ready();
  prometheus = await startPrometheus(`
global: { scrape_interval: 1s, evaluation_interval: 1s }
rule_files: ['${join(PACK, 'rules')}/*.yml']
scrape_configs:
  - job_name: atender-exporter
    static_configs: [{ targets: ${JSON.stringify(exporters.map(({ url }) => new URL(url).host))} }]
`);
  await eventually(async () => expect(await prometheus.value('count(up == 1)')).toBe(3), 30_000);
  const text: Record<string, string> = { a: '', b: '', c: '' };
  for (const [log, requests, fields] of LINES)
    text[log] += Array.from({ length: requests }, () => requestLine(fields)).join('');
  for (const [log, lines] of Object.entries(text)) writeFileSync(file(`${log}.log`), lines, { flag: 'a' });
  const all = logged(() => true);
  await eventually(
    async () => expect(await prometheus.value('sum(atender_requests_total)')).toBe(all),
    60_000,
  );
  const counted = Date.now() / 1000;
  // increase() extrapolates by up to 1.6 scrapes. Over a minute of samples, that is less than one request of 36.
  await eventually(
    async () =>
      expect(await prometheus.value('min(count_over_time(atender_requests_total[5m]))')).toBeGreaterThan(60),
    120_000,
  );
  // Recorded once a minute. Waits until all requests are in the recordings that the queries read.
  for (const recorded of [RECORDED.rateByClass, RECORDED.rate, `${RECORDED.refused}{status="401"}`])
    await eventually(
      async () =>
        expect(await prometheus.value(`min(timestamp(${recorded} offset 2s))`)).toBeGreaterThan(counted),
      150_000,
    );
}, 300_000);

afterAll(async () => {
  await prometheus?.stop();
  for (const exporter of exporters) await exporter.end('SIGKILL');
  directory.remove();
});

const ALL: Chosen = {
  ...{ tenant: '.*', environment: '.*', tier: '.*', job: ['atender-exporter'], key: 'shared' },
  ...{ predecessor: [], successor: [], replaced: ['old'], replacing: ['new_1', 'new_2'] },
  ...{ refused: ['old'], busiest: ['shared', 'old'] },
};

/** Results of the queries of one panel, or of all, by dashboard, panel and query. */
async function answers(chosen: Chosen, asker = ''): Promise<[name: string, series: Series[]][]> {
  const to = Math.floor(Date.now() / 1000) - 1;
  const shown = { url: prometheus.url, chosen: { ...ALL, ...chosen }, from: to - 900, to, scrape: 1 };
  const questions = boards()
    .flatMap(queriesOf)
    .filter((question) => `${question.asker}/`.includes(asker));
  expect(questions).not.toEqual([]);
  return Promise.all(
    questions.map(
      async (question): Promise<[string, Series[]]> => [
        `${question.asker}/${question.refId}`,
        await runQuery(question, shown),
      ],
    ),
  );
}

/** Values of the first query of a panel, rounded down to whole requests, because increase() extrapolates. */
async function figures(chosen: Chosen, asker: string, ...labels: string[]): Promise<Record<string, number>> {
  const [[, series] = ['', []]] = await answers(chosen, asker);
  return Object.fromEntries(
    series.map(({ metric, value }) => [
      labels.map((label) => metric[label] ?? '').join(' '),
      Math.floor(Number(value?.[1]) + 0.01),
    ]),
  );
}

const CHOICES: Record<string, Chosen> = {
  everything: {},
  'a tenant and a key with dots, plus signs and brackets': { tenant: ['acme.eu'], key: 'key.a+b%28c%29' },
  'two tenants, and a key with a quote, a space and a dollar sign': {
    ...{ tenant: ['acme.eu', 'north/south+1'], key: 'it%27s%20%22odd%22%20%241' },
  },
  'a tenant, an environment and a tier': {
    ...{ tenant: ['acme.eu'], environment: ['sandbox'], tier: ['starter', 'custom'] },
  },
  'a key that two replace': { key: 'old', successor: ['new_1', 'new_2'] },
  'a key that replaces another': { key: 'new_1', predecessor: ['old'] },
  'no rotation anywhere': { replaced: [], replacing: [] },
  'nothing that exists': { tenant: ['nobody'], key: 'no_key', job: [] },
};

describe.each(Object.entries(CHOICES))('with %s chosen', (_, chosen) => {
  let given: [name: string, series: Series[]][];
  beforeAll(async () => {
    given = await answers(chosen);
  });

  test('every query succeeds and returns the chosen tenants only', () => {
    const tenants = [chosen.tenant ?? []].flat();
    const strangers = given
      .filter(([name]) => !/variable tenant/.test(name))
      .flatMap(([name, series]) => series.map(({ metric }) => ({ name, tenant: metric.tenant_id })))
      .filter(({ tenant }) => tenants.length > 0 && tenant !== undefined && !tenants.includes(tenant));
    expect(strangers).toEqual([]);
  });

  test('queries for one key return that key or the other key of its rotation', () => {
    const keys = [ALL, chosen].map(({ key, predecessor = [], successor = [] }) =>
      [key, predecessor, successor].flat(),
    );
    const strangers = given
      .filter(([name]) => name.startsWith('key usage') && !name.includes('variable'))
      .flatMap(([name, series]) => series.map(({ metric }) => ({ name, key: metric.key_id })))
      .filter(({ key }) => key !== undefined && !keys[chosen.key === undefined ? 0 : 1]?.includes(key));
    expect(strangers).toEqual([]);
  });

  test('a table has one row per combination of labels', () => {
    const doubled = given.filter(([, series]) => {
      const rows = series.map(({ metric }) =>
        JSON.stringify({ ...metric, name: undefined, owner: undefined }),
      );
      return new Set(rows).size < rows.length;
    });
    // The panel merges labels that differ between exporters.
    expect(doubled.map(([name]) => name).filter((name) => !name.endsWith('/info'))).toEqual([]);
  });
});

describe('numbers equal a count of the log lines', () => {
  const one = { tenant: ['acme.eu'], key: 'shared' };
  const ofOne = ({ tenantId, keyId }: Record<string, unknown>) =>
    tenantId === 'acme.eu' && keyId === 'shared';

  test('endpoints of a key id that two tenants use, over two exporters', async () => {
    expect(await figures(one, 'key usage: Top endpoints', 'method', 'endpoint')).toEqual({
      'GET /v1/tags': logged((fields) => ofOne(fields) && fields.method === undefined),
      'POST /v1/tags': 1,
    });
    expect(await figures(one, 'key usage: Error clusters', 'method', 'endpoint')).toEqual({
      'POST /v1/tags': 1,
    });
  });

  test('a GET endpoint with 90 % of the requests is worth caching, one with less is not', async () => {
    expect(Object.keys(await figures(one, 'Worth caching', 'method', 'endpoint'))).toEqual(['GET /v1/tags']);
    const less = { tenant: ['acme.eu', 'acmexeu'], key: 'shared' };
    expect(Object.keys(await figures(less, 'Worth caching', 'method', 'endpoint'))).toEqual([]);
  });

  test('requests left on an old key that two keys replace, without 401 responses', async () => {
    const left = { 'old new_1': 12, 'old new_2': 12 };
    expect(await figures({}, 'Rotations in progress', 'replaces', 'key_id')).toEqual(left);
    expect(await figures({}, 'Endpoints still called with old keys', 'key_id', 'endpoint')).toEqual({
      'old /v1/contacts': 8,
    });
  });

  test('a key without recorded use and without createdAt', async () => {
    const never =
      (await answers({}, 'Keys without recorded use')).find(([name]) => name.endsWith('/B'))?.[1] ?? [];
    expect(never.map(({ metric }) => metric.key_id).sort()).toEqual(['forgotten', 'new_1', 'new_2']);
  });

  test('401 responses of the old key of a rotation', async () => {
    const [[, series] = ['', []]] = await answers({}, 'rotation and security: 401 by key');
    const most = series.map(({ metric, values = [] }) => [
      metric.key_id,
      Math.floor(Math.max(...values.map(([, value]) => Number(value))) + 0.01),
    ]);
    expect(most).toEqual([['old', 4]]);
  });

  test('endpoints that reject the keys with the most rejections', async () => {
    const [[, refused] = ['', []]] = await answers({}, 'variable refused');
    expect(refused.map(({ metric }) => metric.key_id)).toEqual(['old']);
    expect(await figures({}, '401 and 403 by endpoint', 'key_id', 'endpoint', 'status')).toEqual({
      'old /v1/contacts 401': 4,
    });
  });

  test('the busiest keys are those of the chosen environment, and the panel shows only them', async () => {
    const busiest = async (chosen: Chosen) => {
      const [[, series] = ['', []]] = await answers(chosen, 'variable busiest');
      return series.map(({ metric }) => metric.key_id);
    };
    expect(await busiest({ environment: ['sandbox'] })).toEqual(['trial']);
    expect((await busiest({}))[0]).toBe('shared');
    const [[, shown] = ['', []]] = await answers(
      { tenant: ['acmexeu'], busiest: ['shared'] },
      'Ten busiest keys',
    );
    expect(shown.map(({ metric }) => [metric.tenant_id, metric.key_id])).toEqual([['acmexeu', 'shared']]);
  });

  test('the grid shows only keys of the chosen environment and tier', async () => {
    const keysIn = async (chosen: Chosen) => {
      const given = await answers(chosen, 'overview: Keys/');
      const shown = given.find(([name]) => name.endsWith('/keys'))?.[1] ?? [];
      return shown.map(({ metric }) => metric.key_id);
    };
    expect(await keysIn({ environment: ['sandbox'] })).toEqual(['trial']);
    expect(await keysIn({})).toEqual(expect.arrayContaining(['lonely', 'forgotten', 'key.a+b%28c%29']));
  });
});
