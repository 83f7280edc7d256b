import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { REQUESTS } from '../../src/api/endpoints.ts';
import {
  type ExporterProcess,
  endLeftovers,
  eventually,
  runCommand,
  startExporter,
  temporaryDirectory,
} from '../exporter-process.ts';
import { requestLine } from '../log-lines.ts';
import { ask, filesOf } from './duckdb-of.ts';

/** The demonstration log of two days, read by an exporter that keeps an archive; part of it sealed, part in the spool. */
interface Line {
  timestamp: string;
  keyId?: string;
  method: string;
  endpoint: string;
  status: number;
  ip?: string;
}
const HOUR = 3_600_000;
let directory: { path: string; remove: () => void };
let exporter: ExporterProcess;
let places: string[];
let lines: Line[];

beforeAll(async () => {
  directory = temporaryDirectory();
  const under = (name: string) => join(directory.path, name);
  await runCommand(['demo', '--directory', directory.path, '--history', '2d', '--history-only']);
  const bare = { ip: undefined, durationMs: undefined, keyId: undefined, method: undefined };
  appendFileSync(under('requests.log'), requestLine(bare));
  lines = readFileSync(under('requests.log'), 'utf8')
    .split('\n')
    .flatMap((line) => {
      try {
        return [JSON.parse(line) as Line];
      } catch {
        return [];
      }
    })
    // The demonstration has a key that was last used before the retention of its requests.
    .filter((line) => at(line) > Date.now() - 29 * 24 * HOUR);
  places = ['--record.path', under('record'), '--store.path', under('exporter.db')];
  const start = () =>
    startExporter([
      ...places,
      '--log.path',
      under('requests.log'),
      '--record.archive',
      'on',
      '--record.seal-every',
      '1s',
    ]);
  exporter = await start();
  await exporter.ready();
  const manifest = under('record/manifest.jsonl');
  await eventually(() => expect(readFileSync(manifest, 'utf8')).toContain('"expired"'), 20_000);
});
afterAll(async () => {
  await exporter?.end('SIGTERM');
  endLeftovers();
  directory.remove();
});

const search = async (...args: string[]) => {
  const { code, stdout, stderr } = await runCommand(['audit', 'search', ...places, ...args]);
  return { code, stderr, rows: stdout.split('\n').filter(Boolean), stdout };
};
const at = ({ timestamp }: Line): number => Date.parse(timestamp);
/** Everyone's busiest key, without counting on what the demonstration calls it. */
const busiest = (): string => {
  const counts = new Map<string, number>();
  for (const { keyId } of lines)
    if (keyId?.startsWith('key_')) counts.set(keyId, (counts.get(keyId) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0][0];
};

describe('audit search counts what the log itself holds', () => {
  test('all of it', async () => {
    const { rows } = await search();
    expect(lines.length).toBeGreaterThan(10_000);
    expect(rows.length).toBe(lines.length);
  });

  test('one key', async () => {
    const key = busiest();
    const { rows } = await search('--key', key);
    expect(rows.length).toBe(lines.filter(({ keyId }) => keyId === key).length);
  });

  test('a network, by any prefix', async () => {
    const { ip } = lines.find((line) => line.ip?.includes('.')) as { ip: string };
    const [a, b, c] = ip.split('.').map(Number);
    const inside = (line: Line): boolean => {
      const parts = (line.ip ?? '').split('.').map(Number);
      return parts[0] === a && parts[1] === b && parts[2] >> 4 === c >> 4;
    };
    const { rows } = await search('--ip', `${ip}/20`);
    expect(rows.length).toBe(lines.filter(inside).length);
    const exact = await search('--ip', ip);
    expect(exact.rows.length).toBe(lines.filter((line) => line.ip === ip).length);
  });

  test('codes and classes of statuses', async () => {
    const { rows } = await search('--status', '429,5xx');
    expect(rows.length).toBe(lines.filter(({ status }) => status === 429 || status >= 500).length);
  });

  test('a span of time, with the end not included, oldest or newest first', async () => {
    const newest = lines.map(at).reduce((a, b) => Math.max(a, b));
    const [from, to] = [newest - 20 * HOUR, newest - 3 * HOUR];
    const wanted = lines.map(at).filter((time) => time >= from && time < to);
    const span = ['--from', new Date(from).toISOString(), '--to', new Date(to).toISOString()];
    const times = (rows: string[]) => rows.map((row) => Date.parse(JSON.parse(row).time));
    const sorted = [...wanted].sort((x, y) => x - y);
    expect(times((await search(...span, '--order', 'oldest')).rows)).toEqual(sorted);
    expect(times((await search(...span)).rows)).toEqual([...sorted].reverse());
    expect(times((await search(...span, '--limit', '7')).rows)).toEqual([...sorted].reverse().slice(0, 7));
  });

  test('an endpoint template, with * for anything', async () => {
    const { rows } = await search('--endpoint', '/v1/contacts*', '--method', 'get');
    const wanted = lines.filter(
      ({ endpoint, method }) => endpoint.startsWith('/v1/contacts') && method === 'GET',
    );
    expect(rows.length).toBe(wanted.length);
  });

  test('as CSV and as Parquet', async () => {
    const csv = await search('--status', '4xx', '--format', 'csv');
    const wanted = lines.filter(({ status }) => status >= 400 && status < 500).length;
    expect(csv.rows.length).toBe(wanted + 1);
    const file = join(directory.path, 'found.parquet');
    await search('--status', '4xx', '--format', 'parquet', '--output', file);
    expect(await ask(`SELECT count(*)::INT, min(status)::INT // 100 FROM '${file}'`)).toEqual([[wanted, 4]]);
    expect((await search('--output', file)).stderr).toMatch(/exists; name another file/);
  });
});

test('the layout can be read by any engine that reads Parquet, by its paths alone', async () => {
  const root = join(directory.path, 'record');
  const days = await ask(
    `SELECT day::VARCHAR, count(*)::INT, bool_and(strftime(time, '%Y-%m-%d') = day::VARCHAR) FROM ${filesOf(root)} GROUP BY day ORDER BY day`,
  );
  const sealed = days.reduce((sum, [, rows]) => sum + (rows as number), 0);
  expect(days.every(([, , right]) => right)).toBe(true);
  expect(sealed).toBeGreaterThan(0);
  expect(sealed).toBeLessThanOrEqual(lines.length);
});

describe('a question that makes no sense is answered with what to write', () => {
  test.each([
    [['--status', '9xx'], /status: write codes or classes/],
    [['--ip', 'nonsense'], /ip: write an address or a network/],
    [['--from', 'yesterday'], /from: write UTC days such as/],
    [['--to', '2026-02-30'], /to: write UTC days such as/],
    [['--from', '2026-01-02', '--to', '2026-01-01'], /from: is not before to/],
    [['--limit', '-1'], /--limit: write a whole number/],
    [['--format', 'xml'], /--format: write one of/],
    [['--format', 'parquet'], /name the file with --output/],
  ])('%s', async (args, message) => {
    const { code, stderr } = await search(...args);
    expect(code).toBe(1);
    expect(stderr).toMatch(message);
  });
});

describe('GET /api/v1/requests', () => {
  const get = async (query: string) => {
    const response = await fetch(`${exporter.url}/api/v1/requests${query}`);
    return { status: response.status, body: (await response.json()) as Record<string, never> };
  };

  test('answers as the OpenAPI document says', async () => {
    const { body } = await get('?limit=50');
    expect(REQUESTS.answer.safeParse(body).error?.issues ?? []).toEqual([]);
    const requests = body.requests as object[];
    expect(requests).toHaveLength(50);
    expect(requests[0]).toMatchObject({ key_id: '__none__', ip: null, duration_ms: null });
  });

  test('gives page after page, together what the log holds, no request twice', async () => {
    const key = busiest();
    const times: string[] = [];
    let cursor = '';
    for (let page = 0; page < 200; page++) {
      const { status, body } = await get(`?key=${key}&limit=1000&from=6h&cursor=${cursor}`);
      expect(status).toBe(200);
      times.push(...(body.requests as { time: string }[]).map(({ time }) => time));
      if (body.next === null) break;
      cursor = body.next;
    }
    // The question says 6 h ago, which is a moment later with every page.
    const since = Date.now() - 6 * HOUR;
    const wanted = lines
      .filter((line) => line.keyId === key && at(line) >= since)
      .map((line) => new Date(at(line)).toISOString());
    expect(times.filter((time) => Date.parse(time) >= since)).toEqual(wanted.sort().reverse());
  });

  test('requests of one and the same moment are given once each, over pages', async () => {
    const moment = lines[Math.floor(lines.length / 2)];
    const span = `from=${new Date(at(moment) - 60_000).toISOString()}&to=${new Date(at(moment) + 60_000).toISOString()}`;
    const found: unknown[] = [];
    let cursor = '';
    for (let page = 0; page < 1_000; page++) {
      const { body } = await get(`?${span}&limit=5&order=oldest&cursor=${cursor}`);
      found.push(...(body.requests as unknown[]));
      if (body.next === null) break;
      cursor = body.next;
    }
    const wanted = lines.filter(
      (line) => Math.abs(at(line) - at(moment)) <= 60_000 && at(line) < at(moment) + 60_000,
    );
    expect(found.length).toBe(wanted.length);
  });

  test.each([
    ['?status=abc', /status: write/],
    ['?colour=red', /there is no parameter colour; there are key, tenant/],
    ['?limit=5000', /^limit: /],
    ['?cursor=xyz', /cursor: give it as/],
    // A moment that no calendar has, written as a cursor.
    [`?cursor=${Buffer.from('999999999999999.1').toString('base64url')}`, /cursor: give it as/],
    [`?cursor=${Buffer.from('-99.1').toString('base64url')}`, /cursor: give it as/],
    [`?endpoint=${'a'.repeat(600)}`, /^endpoint: /],
  ])('%s is refused with what to write', async (query, message) => {
    const { status, body } = await get(query);
    expect(status).toBe(400);
    expect(body.error).toMatch(message);
  });

  test('metrics are answered while searches run, and searches beyond those that may wait are turned away', async () => {
    const searches = Array.from({ length: 12 }, () => get('?limit=1000'));
    const started = performance.now();
    await exporter.metrics();
    expect(performance.now() - started).toBeLessThan(2_000);
    const statuses = (await Promise.all(searches)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(0);
    expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(0);
    expect(new Set(statuses).size).toBe(2);
  });
});
