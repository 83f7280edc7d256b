import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { keyLabel, tenantLabel } from '../../src/keys/key-labels.ts';
import { quarterAt, quarterOf } from '../../src/time/days.ts';
import {
  type ExporterProcess,
  endLeftovers,
  runCommand,
  startExporter,
  temporaryDirectory,
} from '../exporter-process.ts';
import { requestLine } from '../log-lines.ts';
import { type Archived, writeArchive } from './parquet.ts';

const DAY = 86_400;
let directory: { path: string; remove: () => void };
const file = (name: string) => join(directory.path, name);
const shared = () => ['--store.path', file('usage.db'), '--record.path', file('record')];
const start = async (...args: string[]): Promise<ExporterProcess> => {
  const exporter = await startExporter(['--log.path', file('requests.log'), ...shared(), ...args]);
  await exporter.ready();
  return exporter;
};

beforeEach(() => {
  directory = temporaryDirectory();
});
afterEach(() => {
  endLeftovers();
  directory.remove();
});

const from = (Math.floor(Date.now() / 1000 / DAY) - 4) * DAY;
const date = (at: number) => new Date(at * 1000).toISOString().slice(0, 10);
/** Each endpoint is answered first, so that from its first request on it has its name. */
const first: Archived[] = ['GET', 'POST'].flatMap((method) =>
  ['/v1/contacts/:id', '/v1/tags'].map((endpoint) => ({
    at: from,
    key: 'key_a',
    tenant: 'acme',
    method,
    endpoint,
  })),
);
const requests: Archived[] = first.concat(
  Array.from({ length: 3_000 }, (_, i) => ({
    at: from + 1 + i * 86 + (i % 1_000) / 1_000,
    key: ['key_a', 'key_b', '__none__'][i % 3],
    tenant: i % 3 === 2 ? '' : 'acme',
    method: i % 4 === 0 ? 'POST' : 'GET',
    endpoint: ['/v1/contacts/:id', '/v1/tags', '/nothing/here'][i % 7 === 0 ? 2 : i % 2],
    status: i % 7 === 0 ? 404 : [200, 200, 401, 403, 429, 500][i % 6],
    ip: `192.0.2.${i % 200}`,
    durationMs: i % 700,
    bytes: i % 5_000,
  })),
);
const lineOf = ({ at, key, endpoint = '', tenant, durationMs, bytes, ...rest }: Archived) =>
  requestLine({
    ...{ timestamp: new Date(at * 1000).toISOString(), endpoint: endpoint.replace(':id', '12345'), ...rest },
    ...{ keyId: key === '__none__' ? undefined : key, tenantId: tenant || undefined, durationMs, bytes },
  });

async function run(...args: string[]) {
  return runCommand([...args, ...shared()]);
}

test('counting archived days anew gives the figures that were counted from the log, to the last one', async () => {
  writeFileSync(file('requests.log'), requests.map(lineOf).join(''));
  await writeArchive(file('record'), requests);
  const exporter = await start();
  const check = await run('usage', 'rebuild', '--from', date(from), '--check');
  expect(check).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/: 9 days of keys are the same, 0 differ, 0/),
  });
  const refused = await run('usage', 'rebuild', '--from', date(from));
  expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('another exporter is using it') });
  await exporter.end('SIGTERM');
}, 60_000);

test('lines in microseconds that came days late differ in the busiest minute only, and are made whole', async () => {
  const all = requests.map((request, i) => ({ ...request, at: request.at + (i % 1_000) / 1e6 }));
  const micro = ({ at }: Archived): string => {
    const [seconds, micros] = at.toFixed(6).split('.');
    return new Date(Number(seconds) * 1000).toISOString().replace('000Z', `${micros}Z`);
  };
  const [late, early] = [
    all.filter(({ at }) => at < from + 2 * DAY),
    all.filter(({ at }) => at >= from + 2 * DAY),
  ];
  const inMicroseconds = (request: Archived): string =>
    lineOf(request).replace(/"timestamp":"[^"]*"/, `"timestamp":"${micro(request)}"`);
  writeFileSync(
    file('requests.log'),
    [...all.slice(0, first.length), ...early, ...late.slice(first.length)].map(inMicroseconds).join(''),
  );
  await writeArchive(
    file('record'),
    all.map((request) => ({ ...request, at: Math.floor(request.at * 1000) / 1000 })),
  );
  await (await start()).end('SIGTERM');
  const check = await run('usage', 'rebuild', '--from', date(from), '--check');
  expect(check.stdout).toMatch(
    /: 5 days of keys are the same, 0 differ, 4 differ in the busiest minute only/,
  );
  expect(check.code).toBe(0);
  await run('usage', 'rebuild', '--from', date(from));
  const again = await run('usage', 'rebuild', '--from', date(from), '--check');
  expect(again.stdout).toMatch(
    /: 9 days of keys are the same, 0 differ, 0 differ in the busiest minute only/,
  );
}, 60_000);

test('days that were lost come back from the archive; days it holds only part of stay as they are', async () => {
  const second = from + DAY;
  writeFileSync(
    file('requests.log'),
    requests
      .filter(({ at }) => at >= second)
      .map(lineOf)
      .join(''),
  );
  // Of the last day half is archived.
  await writeArchive(
    file('record'),
    requests.filter(({ at }, i) => at < from + 2 * DAY || i % 2 === 0),
  );
  await (await start()).end('SIGTERM');
  const before = JSON.parse((await run('usage', '--from', date(from))).stdout);
  const rebuilt = await run('usage', 'rebuild', '--from', date(from));
  expect(rebuilt.stderr).toBe('');
  expect(rebuilt.stdout).toMatch(
    /: 3 days of keys are the same, 3 replaced, 0 replaced in the busiest minute .*, 3 kept because/,
  );
  const after = JSON.parse((await run('usage', '--from', date(from))).stdout);
  const counted = (at: number) => requests.filter((request) => date(request.at) === date(at)).length;
  expect(before[0].requests).toBe(0);
  expect(after[0].requests).toBe(counted(from));
  expect(after.slice(2)).toEqual(before.slice(2));
  // The exporter goes on from there.
  await (await start()).end('SIGTERM');
}, 60_000);

test('without archived days it says so', async () => {
  expect(await run('usage', 'rebuild', '--from', '2020-01-01', '--to', '2020-01-31')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(
      'has no archived requests of 2020-01-01 to 2020-01-31; see to --record.path',
    ),
  });
});

test('keys and tenants whose names are written with % or shortened are the same again, and no new ones', async () => {
  const ids = ['key,b', 'kéy ü', '%41', '__none__', '__none__x', 'k'.repeat(200), 'key_a'];
  const odd = ids.flatMap((key, i) =>
    ['new, inc', 't'.repeat(200), ''].map((tenant) => ({ key, tenant, at: from + i })),
  );
  writeFileSync(
    file('requests.log'),
    odd
      .map(({ key, tenant, at }) =>
        requestLine({
          timestamp: new Date(at * 1000).toISOString(),
          keyId: key,
          tenantId: tenant || undefined,
        }),
      )
      .join(''),
  );
  await writeArchive(
    file('record'),
    odd.map(({ key, tenant, at }) => ({
      ...{ at, key: keyLabel(key), tenant: tenantLabel(tenant), ip: '192.0.2.10', durationMs: 12.5 },
    })),
  );
  await (await start()).end('SIGTERM');
  expect(await run('usage', 'rebuild', '--from', date(from), '--check')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/: 21 days of keys are the same, 0 differ, 0/),
  });
});

/** Three requests each of some keys, the first answered 401; the last line makes their day one that is over. */
const ofKeys = (keys: string[], status: number): Archived[] =>
  keys.flatMap((key, i) =>
    [401, status, status].map((answer, j) => ({ key, at: from + i + j / 10, status: answer, ...PLAIN })),
  );
const PLAIN = { tenant: 'acme', endpoint: '/v1/tags', ip: '192.0.2.10', durationMs: 12.5 };
const today: Archived = { key: 'key_1', at: Date.now() / 1000 - 60, ...PLAIN };
const nameless = ['key_1', 'key_2', 'key_3', 'key_4', 'key_5'];
const requestsOf = async (...args: string[]): Promise<number> =>
  JSON.parse((await run('usage', '--from', date(from), '--to', date(from), ...args)).stdout)[0].requests;

test('requests counted as __other__ go to the keys that have names now, and every answer says the same', async () => {
  const all = ofKeys(nameless, 200);
  writeFileSync(file('requests.log'), [...all, today].map(lineOf).join(''));
  await writeArchive(file('record'), all);
  await (await start('--limits.keys', '2')).end('SIGTERM');
  expect(await requestsOf('--key', '__other__')).toBe(11);
  const rebuild = ['usage', 'rebuild', '--from', date(from), '--limits.keys', '100'];
  const check = await run(...rebuild, '--check');
  expect(check).toMatchObject({
    code: 1,
    stdout: expect.stringContaining(': 0 days of keys are the same, 6 differ'),
  });
  expect(check.stdout.split('\n').slice(1, 7).sort()).toEqual([
    `  ${date(from)}  __other__: 11 requests, 0 counted anew`,
    `  ${date(from)}  key_1 · acme: 2 requests, 3 counted anew`,
    `  ${date(from)}  key_2 · acme: 2 requests, 3 counted anew`,
    ...['key_3', 'key_4', 'key_5'].map((key) => `  ${date(from)}  ${key} · acme: 0 requests, 3 counted anew`),
  ]);
  await run(...rebuild);
  expect(await run(...rebuild, '--check')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(': 5 days of keys are the same, 0 differ'),
  });
  expect(await requestsOf()).toBe(15);
  for (const key of nameless) expect(await requestsOf('--key', key)).toBe(3);
  expect(await requestsOf('--key', '__other__')).toBe(0);
  const exporter = await start('--limits.keys', '100');
  const ask = async (question: string) =>
    (await (await fetch(`${exporter.url}/api/v1/${question}`)).json()) as {
      rows: { requests: number }[];
      keys: { id: string; perDay: number[] }[];
    };
  const usage = await ask(`usage?from=${date(from)}&to=${date(from)}`);
  expect(usage.rows).toMatchObject([{ requests: 15 }]);
  const review = await ask(`review?quarter=${quarterOf(from / DAY)}`);
  const ofDay = review.keys.map(({ id, perDay }) => [id, perDay[from / DAY - quarterAt(from / DAY).from]]);
  expect(ofDay.sort()).toEqual(nameless.map((key) => [key, 3]));
  await exporter.end('SIGTERM');
}, 60_000);

test('of a day that the archive holds in part, __other__ keeps what no key has got', async () => {
  const all = ofKeys(nameless, 200);
  writeFileSync(file('requests.log'), [...all, today].map(lineOf).join(''));
  await writeArchive(
    file('record'),
    all.filter(({ key }) => key === 'key_1' || key === 'key_4'),
  );
  await (await start('--limits.keys', '2')).end('SIGTERM');
  await run('usage', 'rebuild', '--from', date(from), '--limits.keys', '100');
  expect(await requestsOf()).toBe(15);
  expect(await requestsOf('--key', 'key_1')).toBe(3);
  expect(await requestsOf('--key', 'key_4')).toBe(3);
  expect(await requestsOf('--key', '__other__')).toBe(7);
  const again = await run('usage', 'rebuild', '--from', date(from), '--limits.keys', '100', '--check');
  expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('same, 0 differ') });
}, 60_000);

test('a response that the archive has smaller than it was makes no difference', async () => {
  const large: Archived = { ...first[0], ...PLAIN, bytes: 6_000_000_000 };
  writeFileSync(file('requests.log'), lineOf(large));
  await (await start()).end('SIGTERM');
  await writeArchive(file('record'), [{ ...large, bytes: 4_294_967_294 }]);
  expect(await run('usage', 'rebuild', '--from', date(from), '--check')).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(': 1 days of keys are the same, 0 differ'),
  });
  // With a request more the day is replaced, and has no fewer bytes.
  await writeArchive(file('record'), [
    { ...large, bytes: 4_294_967_294 },
    { ...large, bytes: 1 },
  ]);
  await run('usage', 'rebuild', '--from', date(from));
  const [day] = JSON.parse((await run('usage', '--from', date(from), '--to', date(from))).stdout);
  expect(day).toMatchObject({ requests: 2, bytes: 6_000_000_000 });
});

test('a check names the first days of keys that differ, as a terminal may show them', async () => {
  const odd = ['key_\u001b[31m', ...Array.from({ length: 24 }, (_, i) => `key_${i}`)];
  const same: Archived = { ...first[0], ...PLAIN };
  writeFileSync(file('requests.log'), lineOf(same));
  await writeArchive(file('record'), [same, ...odd.map((key, i) => ({ ...PLAIN, key, at: from + i }))]);
  await (await start()).end('SIGTERM');
  const { code, stdout } = await run('usage', 'rebuild', '--from', date(from), '--check');
  const lines = stdout.split('\n');
  expect(code).toBe(1);
  expect(lines[1]).toBe(`  ${date(from)}  key_\\u001b[31m · acme: 0 requests, 1 counted anew`);
  expect(lines[20]).toContain('key_18 · acme');
  expect(lines.slice(21)).toEqual(['and 5 more', '']);
});
