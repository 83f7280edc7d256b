import { spawnSync } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Publication } from '../../src/ingest/publication.ts';
import type { KeyEntry } from '../../src/keys/key.ts';
import { keyLabel } from '../../src/keys/key-labels.ts';
import { Exposition } from '../../src/metrics/exposition.ts';
import { FORMATS, type Format, negotiate } from '../../src/metrics/exposition-text.ts';
import { KEY_FAMILIES, SELF_FAMILIES } from '../../src/metrics/families.ts';
import { Mirror } from '../../src/metrics/mirror.ts';
import { SelfMetrics } from '../../src/metrics/self-metrics.ts';
import { FAMILIES } from '../../src/usage/changes.ts';
import { eventually } from '../exporter-process.ts';
import { entryOf } from '../keys/entry.ts';
import { scraping, startPrometheus } from '../prometheus.ts';
import { type Family, parseExposition, type Sample } from './exposition-parser.ts';
import { factsOf, publication, type Row, seriesOf } from './publications.ts';

const entry = entryOf({
  id: 'key_a',
  name: 'CRM "sync"',
  owner: 'team\\crm',
  scopes: ['contacts:read', 'contacts:read'],
  createdAt: 1_600_000_000,
  thresholds: { silence_seconds: 1800 },
});

function exposition(entries: Record<string, KeyEntry> = {}) {
  const mirror = new Mirror();
  const self = new SelfMetrics(mirror, '1.2.3');
  const registered = { labelled: (id: string) => entries[id] };
  const rendering = new Exposition(
    mirror,
    () => registered,
    (format) => self.text(format),
  );
  return {
    apply: (committed: Publication) => mirror.apply(committed),
    render: (format: Format) => rendering.render(format),
  };
}

async function rendered(from: Pick<Exposition, 'render'>, format: Format = 'text'): Promise<string> {
  return Buffer.concat(await from.render(format)).toString('utf8');
}

const samplesOf = (families: Family[], name: string): Sample[] =>
  families.flatMap((family) => family.samples.filter((sample) => sample.name === name));

describe('what a scrape shows', () => {
  const full = () => {
    const from = exposition({ key_a: entry });
    from.apply(
      publication(
        {
          keys: [
            { key: 0, id: 'key_a', tenant: 'acme' },
            { key: 1, id: '__none__', tenant: '' },
          ],
          endpoints: [{ endpoint: 0, method: 'GET', template: '/v1/contacts/:id' }],
          ...seriesOf([
            { key: 0, status: 200, value: 5 },
            { key: 0, family: FAMILIES.endpoint, endpoint: 0, status: 200, value: 5 },
            { key: 0, status: 403, value: 7, held: 0 },
            { key: 0, family: FAMILIES.bytes, value: 12_345_678_901 },
            { key: 0, family: FAMILIES.endpoint, endpoint: 0, status: 404, value: 9, parked: true },
            { key: 1, status: 200, value: 3 },
          ]),
          histograms: [
            {
              key: 0,
              counts: Float64Array.of(1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1),
              sum: 31.5,
              held: false,
            },
          ],
        },
        [
          factsOf(0, 'key_a', 'acme', {
            lastUsed: 1_700_000_000.25,
            uniqueIps: { hour: 1, day: 2, month: 3, approximate: false },
            recentNewIps: [
              { ip: '192.0.2.0/24', noticed: Date.now() / 1000 - 10 },
              { ip: '192.0.2.0/24', noticed: Date.now() / 1000 - 20 },
              { ip: '198.51.100.0/24', noticed: Date.now() / 1000 - 90_000 },
            ],
          }),
          factsOf(1, '__none__', ''),
        ],
      ),
    );
    return from;
  };

  test('counters with their labels; the tenant only where there is one; held series at what they show; parked ones not', async () => {
    const families = parseExposition(await rendered(full()), 'text');
    expect(samplesOf(families, 'atender_requests_total')).toEqual([
      {
        name: 'atender_requests_total',
        labels: { key_id: 'key_a', tenant_id: 'acme', status: '200', status_class: '2xx' },
        value: 5,
      },
      {
        name: 'atender_requests_total',
        labels: { key_id: 'key_a', tenant_id: 'acme', status: '403', status_class: '4xx' },
        value: 0,
      },
      {
        name: 'atender_requests_total',
        labels: { key_id: '__none__', status: '200', status_class: '2xx' },
        value: 3,
      },
    ]);
    expect(samplesOf(families, 'atender_endpoint_requests_total')).toEqual([
      {
        name: 'atender_endpoint_requests_total',
        labels: {
          key_id: 'key_a',
          tenant_id: 'acme',
          method: 'GET',
          endpoint: '/v1/contacts/:id',
          status: '200',
          status_class: '2xx',
        },
        value: 5,
      },
    ]);
    expect(samplesOf(families, 'atender_response_bytes_total')[0].value).toBe(12_345_678_901);
  });

  test('histograms with cumulative buckets, +Inf, sum and count', async () => {
    const families = parseExposition(await rendered(full()), 'text');
    const buckets = samplesOf(families, 'atender_request_duration_seconds_bucket');
    expect(buckets.map(({ labels, value }) => [labels.le, value])).toEqual([
      ['0.005', 1],
      ['0.01', 3],
      ['0.025', 3],
      ['0.05', 3],
      ['0.1', 3],
      ['0.25', 3],
      ['0.5', 3],
      ['1.0', 3],
      ['2.5', 3],
      ['5.0', 3],
      ['10.0', 3],
      ['30.0', 3],
      ['+Inf', 4],
    ]);
    expect(samplesOf(families, 'atender_request_duration_seconds_sum')[0].value).toBe(31.5);
    expect(samplesOf(families, 'atender_request_duration_seconds_count')[0].value).toBe(4);
  });

  test('the bounds of every histogram are spelt as Prometheus 3 spells them, so that an upgrade goes on with the same series', async () => {
    for (const format of ['text', 'openmetrics'] as const) {
      const histograms = parseExposition(await rendered(full(), format), format).filter(
        ({ type }) => type === 'histogram',
      );
      expect(histograms.map(({ name }) => name)).toEqual(
        expect.arrayContaining([
          'atender_request_duration_seconds',
          'atender_exporter_commit_duration_seconds',
        ]),
      );
      const bounds = histograms.flatMap(({ samples }) => samples.flatMap(({ labels }) => labels.le ?? []));
      for (const bound of bounds) expect(bound).toMatch(/^([0-9]+\.[0-9]+|\+Inf)$/);
    }
  });

  test('the gauges of a key, absent where nothing ever was; none for pseudo-keys', async () => {
    const families = parseExposition(await rendered(full()), 'text');
    const one = (name: string) =>
      samplesOf(families, name).map(({ labels: { key_id: _, tenant_id: __, ...labels }, value }) => [
        labels,
        value,
      ]);
    expect(one('atender_key_last_used_timestamp_seconds')).toEqual([[{}, 1_700_000_000.25]]);
    expect(one('atender_key_last_rejected_timestamp_seconds')).toEqual([]);
    expect(one('atender_key_unique_ips')).toEqual([
      [{ window: '1h' }, 1],
      [{ window: '24h' }, 2],
      [{ window: '30d' }, 3],
    ]);
    expect(one('atender_key_recent_new_ip_info')).toEqual([[{ ip: '192.0.2.0/24' }, 1]]);
    expect(one('atender_key_rate_limit')).toEqual([
      [{ window: 'minute' }, 60],
      [{ window: 'day' }, 10_000],
    ]);
    expect(one('atender_key_scope_info')).toEqual([[{ scope: 'contacts:read' }, 1]]);
    expect(one('atender_key_threshold')).toEqual([[{ kind: 'silence_seconds' }, 1800]]);
    expect(one('atender_key_created_timestamp_seconds')).toEqual([[{}, 1_600_000_000]]);
    expect(one('atender_key_rotated_timestamp_seconds')).toEqual([]);
    expect(one('atender_key_info')).toEqual([
      [
        {
          name: 'CRM "sync"',
          environment: 'production',
          tier: 'starter',
          owner: 'team\\crm',
          state: 'active',
          realtime: 'true',
          replaces: '',
        },
        1,
      ],
    ]);
  });

  test('the key that another one replaces is named as its own series name it, whatever its id has in it', async () => {
    const [before, after] = ['CRM key (old)', 'CRM key (new)'].map(keyLabel);
    const entries = {
      [before]: entryOf({ id: 'CRM key (old)' }),
      [after]: entryOf({ id: 'CRM key (new)', replaces: 'CRM key (old)' }),
    };
    const from = exposition(entries);
    const ids = [before, after];
    from.apply(publication({ keys: ids.map((id, key) => ({ key, id, tenant: '' })) }));
    const info = samplesOf(parseExposition(await rendered(from), 'text'), 'atender_key_info');
    expect(info.map(({ labels: { key_id, replaces } }) => [key_id, replaces])).toEqual([
      [before, ''],
      [after, before],
    ]);
  });

  test('no key family before the history of a first start is read, the exporter’s own from the beginning', async () => {
    const from = exposition();
    from.apply(
      publication(
        { keys: [{ key: 0, id: 'a', tenant: '' }], ...seriesOf([{ key: 0, status: 200, value: 1 }]) },
        [],
        { historyRead: false, ready: false },
      ),
    );
    const text = await rendered(from);
    expect(text).not.toContain('atender_requests_total');
    expect(text).toContain('atender_exporter_ready 0\n');
    from.apply(publication({}));
    expect(await rendered(from)).toContain('atender_requests_total{key_id="a"');
  });

  test('a scrape shows one committed state, however much is published while it is rendered', async () => {
    const from = exposition();
    const rows: Row[] = Array.from({ length: 20_000 }, (_, i) => ({
      key: 0,
      family: FAMILIES.endpoint,
      endpoint: i,
      status: 200,
      value: 1,
    }));
    from.apply(
      publication({
        keys: [{ key: 0, id: 'a', tenant: '' }],
        endpoints: rows.map((_, i) => ({ endpoint: i, method: 'GET', template: `/${i}` })),
        ...seriesOf(rows),
      }),
    );
    const rendering = rendered(from);
    const { values } = seriesOf(rows.map((row) => ({ ...row, value: 2 })));
    from.apply(publication({ values }));
    const sum = (text: string) =>
      samplesOf(parseExposition(text, 'text'), 'atender_endpoint_requests_total').reduce(
        (total, { value }) => total + value,
        0,
      );
    expect(sum(await rendering)).toBe(20_000);
    expect(sum(await rendered(from))).toBe(40_000);
  });

  test('a key that gets its tenant later is shown with it in every family, and not without it any more', async () => {
    const from = exposition();
    const histogram = { key: 0, counts: new Float64Array(13).fill(1), sum: 1, held: false };
    const series = seriesOf([
      { key: 0, status: 200, value: 5 },
      { key: 0, family: FAMILIES.bytes, value: 7 },
    ]);
    from.apply(
      publication({ keys: [{ key: 0, id: 'a', tenant: '' }], ...series, histograms: [histogram] }, [
        factsOf(0, 'a', ''),
      ]),
    );
    expect(await rendered(from)).not.toContain('tenant_id');
    from.apply(publication({ keys: [{ key: 0, id: 'a', tenant: 'acme' }] }));
    const samples = (await rendered(from)).split('\n').filter((line) => line.includes('key_id='));
    expect(samples.length).toBeGreaterThan(15);
    expect(samples.filter((line) => !line.includes('tenant_id="acme"'))).toEqual([]);
  });

  test('rendering 100,000 series never holds the event loop for more than 20 ms', async () => {
    const from = exposition();
    const rows: Row[] = Array.from({ length: 100_000 }, (_, i) => ({
      key: 0,
      family: FAMILIES.endpoint,
      endpoint: i,
      status: 200,
      value: i,
    }));
    from.apply(
      publication({
        keys: [{ key: 0, id: 'a', tenant: '' }],
        endpoints: rows.map((_, i) => ({ endpoint: i, method: 'GET', template: `/${i}` })),
        ...seriesOf(rows),
      }),
    );
    await rendered(from);
    const all = seriesOf(rows.map((row) => ({ ...row, value: row.value + 1 })));
    from.apply(publication({ values: all.values }));
    const slices: number[] = [];
    let last = performance.now();
    const watch = () => {
      slices.push(performance.now() - last);
      last = performance.now();
      watching = setImmediate(watch);
    };
    let watching = setImmediate(watch);
    await from.render('text');
    clearImmediate(watching);
    slices.push(performance.now() - last);
    // The median says what a slice is; single outliers belong to the machine the test runs on.
    expect(slices.sort((a, b) => a - b)[Math.floor(slices.length / 2)]).toBeLessThan(20);
  });
});

describe('no label value can merge two series or break the format', () => {
  const value = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string(),
    fc.constantFrom('a|b', '"', '\\', '\n', '",x="', '}', '\\n', '', ' '),
  );

  test('what is rendered is read back, in both formats, by an independent parser', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.tuple(value, value, value), {
          minLength: 1,
          maxLength: 12,
          selector: (row) => JSON.stringify(row),
        }),
        fc.double({ noNaN: false }),
        fc.constantFrom<Format>('text', 'openmetrics'),
        async (rows, number, format) => {
          const from = exposition();
          from.apply(
            publication({
              keys: rows.map(([id, tenant], key) => ({ key, id: `k${id}`, tenant })),
              endpoints: rows.map(([, , template], endpoint) => ({ endpoint, method: 'GET', template })),
              ...seriesOf(
                rows.map((_, i) => ({
                  key: i,
                  family: FAMILIES.endpoint,
                  endpoint: i,
                  status: 200,
                  value: number,
                })),
              ),
            }),
          );
          const found = samplesOf(
            parseExposition(await rendered(from, format), format),
            'atender_endpoint_requests_total',
          );
          expect(found.map(({ labels }) => [labels.key_id, labels.tenant_id ?? '', labels.endpoint])).toEqual(
            rows.map(([id, tenant, template]) => [`k${id}`, tenant, template].map(wellFormed)),
          );
          for (const sample of found) expect(sample.value).toBe(Object.is(number, -0) ? 0 : number);
        },
      ),
      { numRuns: Number(process.env.ATENDER_TEST_RUNS ?? 200) },
    );
  });
});

/** UTF-8 has no lone surrogates; Node writes them as U+FFFD. */
const wellFormed = (text: string): string => Buffer.from(text, 'utf8').toString('utf8');

test('promtool has no complaint about anything that is exposed', async () => {
  const from = exposition({ key_a: entry });
  from.apply(
    publication(
      {
        keys: [{ key: 0, id: 'key_a', tenant: '' }],
        ...seriesOf([
          { key: 0, status: 200, value: 5 },
          { key: 0, family: FAMILIES.newIps, value: 1 },
        ]),
      },
      [
        factsOf(0, 'key_a', '', {
          lastUsed: 1,
          lastNewIp: 1,
          lastRejected: 1,
          newSurfaces: [{ surface: 's', noticed: 1 }],
          scopes: [{ scope: 'a:read', lastUsed: 1 }],
        }),
      ],
      {
        sources: [
          {
            source: 'default',
            filesOpen: 1,
            bytesBehind: 0,
            secondsBehind: 0,
            lastEvent: 1,
            ahead: 0,
            lastLooked: 1,
            staleAfter: 60,
            patterns: [
              {
                source: 'a"b',
                pattern: '/logs/"x"\\*.log',
                files: 0,
                problems: [{ cause: 'no_match', count: 1, path: '/logs' }],
              },
            ],
          },
        ],
        series: [{ metric: 'atender_requests_total', series: 1, limit: 2, overflowed: 0 }],
      },
    ),
  );
  const { status, stderr, stdout } = spawnSync('promtool', ['check', 'metrics'], {
    input: await rendered(from),
  });
  expect(`${stdout}${stderr}`).toBe('');
  expect(status).toBe(0);
});

test.each<Format>(['text', 'openmetrics'])(
  'a real Prometheus scrapes %s and has every series',
  async (format) => {
    const from = exposition();
    from.apply(
      publication({
        keys: [{ key: 0, id: 'a"b\\c\nd', tenant: 'ü' }],
        ...seriesOf([
          { key: 0, status: 200, value: 42 },
          { key: 0, status: 500, value: 1 },
        ]),
      }),
    );
    const asked: (string | undefined)[] = [];
    const server = createServer(async (request, response) => {
      asked.push(request.headers.accept);
      response.setHeader('Content-Type', FORMATS[format]);
      response.end(await rendered(from, format));
    }).listen(0, '127.0.0.1');
    const { port } = await new Promise<AddressInfo>((resolve) =>
      server.on('listening', () => resolve(server.address() as AddressInfo)),
    );
    const prometheus = await startPrometheus(scraping([`127.0.0.1:${port}`]));
    try {
      await eventually(async () => expect(await prometheus.value('up')).toBe(1));
      expect(
        await prometheus.value('sum(atender_requests_total{key_id="a\\"b\\\\c\\nd",tenant_id="ü"})'),
      ).toBe(43);
      expect(await prometheus.value('count(process_start_time_seconds)')).toBe(1);
      expect(negotiate(asked[0])).toBe('openmetrics');
    } finally {
      await prometheus.stop();
      server.close();
      server.closeAllConnections();
    }
  },
);

test.each([
  [undefined, 'text'],
  ['*/*', 'text'],
  ['text/plain', 'text'],
  ['application/openmetrics-text', 'openmetrics'],
  ['application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1', 'openmetrics'],
  ['application/openmetrics-text;q=0.1, text/plain', 'text'],
  ['application/openmetrics-text;version=2.0.0,text/plain;q=0.5', 'text'],
  ['application/json', 'text'],
])('Accept: %s is answered with %s', (accept, format) => {
  expect(negotiate(accept)).toBe(format);
});

test('every family has a help text, and counters alone end in _total', () => {
  for (const { name, type, help } of [...Object.values(KEY_FAMILIES), ...Object.values(SELF_FAMILIES)]) {
    expect(help.length).toBeGreaterThan(10);
    expect(name.endsWith('_total')).toBe(type === 'counter');
  }
});
