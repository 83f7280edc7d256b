import { spawnSync } from 'node:child_process';
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import {
  COMMAND,
  endLeftovers,
  eventually,
  runCommand,
  startExporter,
  temporaryDirectory,
} from '../exporter-process.ts';

interface Row {
  period: string;
  requests: number;
  throttled: number;
  details: { byStatus: Record<string, number>; uniqueIps: { count: number }; endpoints: unknown[] } | null;
  previous: { requests: number | null; change: number | null };
}

let directory: { path: string; remove: () => void };
const log = () => join(directory.path, 'requests.log');
const store = () => ['--store.path', join(directory.path, 'usage.db')];

beforeEach(() => {
  directory = temporaryDirectory();
});
afterEach(() => {
  endLeftovers();
  directory.remove();
});

const KEYS = ['key_a', 'key_b', 'key_c'];
const STATUSES = [200, 200, 200, 429, 404, 500];
const line = (second: number, i: number): string =>
  `${JSON.stringify({
    timestamp: new Date(second * 1000).toISOString(),
    keyId: KEYS[i % 3],
    tenantId: 'acme',
    method: 'GET',
    endpoint: `/v1/contacts/${i}`,
    status: STATUSES[(i * 7) % 6],
    ip: `192.0.2.${i % 40}`,
    durationMs: i % 500,
    bytes: 100,
  })}\n`;

async function usage(...args: string[]): Promise<Row[]> {
  const { code, stdout, stderr } = await runCommand(['usage', ...store(), ...args]);
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
}

/** Requests by day, counted from the log itself. */
function countedIn(text: string, key?: string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const entry of text
    .trim()
    .split('\n')
    .map((one) => JSON.parse(one)))
    if (key === undefined || entry.keyId === key) {
      const day = entry.timestamp.slice(0, 10);
      counts[day] = (counts[day] ?? 0) + 1;
    }
  return counts;
}

const shown = (rows: Row[]): Record<string, number> =>
  Object.fromEntries(
    rows.filter(({ requests }) => requests > 0).map(({ period, requests }) => [period, requests]),
  );

test('beside a running exporter, usage agrees with a count of the log, and late lines correct closed days', async () => {
  const now = Math.floor(Date.now() / 1000);
  const from = now - 20 * 86_400;
  let text = '';
  for (let i = 0; i < 6_000; i++) text += line(from + Math.floor((i / 6_000) * (now - from)), i);
  writeFileSync(log(), text);
  const exporter = await startExporter(['--log.path', log(), ...store()]);
  await exporter.ready();
  await eventually(async () => expect(shown(await usage())).toEqual(countedIn(text)));
  const late = Array.from({ length: 90 }, (_, i) => line(from + 3 * 86_400 + i, i)).join('');
  appendFileSync(log(), late);
  text += late;
  await eventually(async () =>
    expect(shown(await usage('--key', 'key_b'))).toEqual(countedIn(text, 'key_b')),
  );
  await exporter.end('SIGKILL');
  const rows = await usage('--key', 'key_b', '--by', 'year', '--from', '2020');
  const lines = text
    .trim()
    .split('\n')
    .map((one) => JSON.parse(one))
    .filter(({ keyId }) => keyId === 'key_b');
  const total = (status: number) => lines.filter((entry) => entry.status === status).length;
  const statuses = rows.map(({ details }) => details?.byStatus ?? {});
  for (const status of [200, 404, 429, 500])
    expect(statuses.reduce((sum, one) => sum + (one[status] ?? 0), 0)).toBe(total(status));
  expect(rows.at(-1)?.details?.uniqueIps.count).toBe(40);
  expect(rows.at(-1)?.details?.endpoints).toHaveLength(1);
}, 60_000);

test('each period is compared with the one before, and with nothing where the record does not reach back', async () => {
  const today = Math.floor(Date.now() / 86_400_000);
  const at = (day: number, requests: number) =>
    Array.from({ length: requests }, () => line((today + day) * 86_400, 0)).join('');
  writeFileSync(log(), at(-2, 10) + at(-1, 15));
  const exporter = await startExporter(['--log.path', log(), ...store()]);
  await exporter.ready();
  await exporter.end('SIGTERM');
  const day = (ago: number) => new Date((today - ago) * 86_400_000).toISOString().slice(0, 10);
  const rows = await usage('--from', day(2), '--to', day(1));
  expect(rows.map(({ previous }) => previous)).toEqual([
    { requests: null, change: null },
    { requests: 10, change: 0.5 },
  ]);
  const table = await runCommand([
    'usage',
    ...store(),
    '--from',
    day(1),
    '--to',
    day(1),
    '--format',
    'table',
  ]);
  expect(table.stdout).toMatch(/^Period +Requests +vs\. previous/);
  expect(table.stdout).toContain('+50.0 %');
  const csv = await runCommand(['usage', ...store(), '--from', day(1), '--to', day(1), '--format', 'csv']);
  expect(csv.stdout).toMatch(/^period,from,to,[^\r]*\r\n.*,15,10,,/);
}, 60_000);

test('a period that has today in it is not whole, though it ends with today', async () => {
  const today = Math.floor(Date.now() / 86_400_000);
  writeFileSync(log(), line((today - 1) * 86_400, 0) + line(today * 86_400, 0));
  const exporter = await startExporter(['--log.path', log(), ...store()]);
  await exporter.ready();
  await exporter.end('SIGTERM');
  const rows = (await usage(
    '--from',
    new Date((today - 1) * 86_400_000).toISOString().slice(0, 10),
  )) as (Row & {
    whole: boolean;
  })[];
  expect(rows.map(({ whole }) => whole)).toEqual([true, false]);
}, 60_000);

test('a reader that has enough is no error; a disk that is full is one', async () => {
  writeFileSync(log(), line(Date.now() / 1000, 0));
  const exporter = await startExporter(['--log.path', log(), ...store()]);
  await exporter.ready();
  await exporter.end('SIGTERM');
  const piped = (into: string) =>
    spawnSync('bash', [
      ...[
        '-c',
        `"$@" ${into}; exit \${PIPESTATUS[0]}`,
        'bash',
        process.execPath,
        COMMAND,
        'usage',
        ...store(),
      ],
    ]);
  const cut = piped('| exec 0<&-');
  expect([cut.status, String(cut.stderr)]).toEqual([0, '']);
  const full = piped('> /dev/full');
  expect([full.status, String(full.stderr)]).toEqual([
    1,
    expect.stringMatching(/^standard output: ENOSPC.*\n$/),
  ]);
}, 30_000);

test('a question that makes no sense is answered with what is wrong and what to write', async () => {
  writeFileSync(log(), line(Date.now() / 1000, 0));
  const exporter = await startExporter(['--log.path', log(), ...store()]);
  await exporter.ready();
  await exporter.end('SIGTERM');
  const error = async (...args: string[]) => {
    const { code, stderr } = await runCommand(['usage', ...store(), ...args]);
    expect(code).toBe(1);
    return stderr;
  };
  expect(await error('--key', 'key_aa')).toBe('there is no key "key_aa" in the store; did you mean key_a?\n');
  expect(await error('--key', 'key_a', '--tenant', 'x')).toBe(
    'there is no key "key_a" in tenant "x" in the store\n',
  );
  expect(await error('--from', 'yesterday')).toContain('from: "yesterday" is no day; write 2026-11-23');
  expect(await error('--by', 'hour')).toContain('is none of day, week, month, year');
  expect(await error('--from', '1700', '--by', 'day')).toContain('ask for fewer');
  expect(await error('--store.path', join(directory.path, 'none.db'))).toContain('it does not exist');
}, 60_000);
