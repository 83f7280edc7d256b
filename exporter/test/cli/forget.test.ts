import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import Database from 'libsql';
import { openStoreForReading } from '../../src/store/sqlite.ts';
import {
  COMMAND,
  endLeftovers,
  eventually,
  runCommand,
  startExporter,
  sumOf,
  temporaryDirectory,
} from '../exporter-process.ts';
import { requestLine } from '../log-lines.ts';

/** Kills in the middle of the command. */
const KILLS = Number(process.env.ATENDER_TEST_KILLS ?? 8);
const directory = temporaryDirectory();
const file = (name: string) => join(directory.path, name);
const PRINT = 'sa_live_abc123abc123';
const LIMIT = 12;
const args = (store: string) => [
  ...['--store.path', file(store), '--keys.file', file('keys.yaml'), '--limits.keys', String(LIMIT)],
];
const start = async (store: string) => {
  const exporter = await startExporter([
    ...['--log.path', file('requests.log'), '--metrics.zero-hold', '0s', ...args(store)],
  ]);
  await exporter.ready();
  return exporter;
};
const forget = (store: string, ...more: string[]) => runCommand(['key', 'forget', ...more, ...args(store)]);

/** Requests by key in the log so far. */
const written = new Map<string, number>();
const DAYS = [0, 1, 40, 200];

function log(keyId: string, requests: number): void {
  const lines = Array.from({ length: requests }, (_, i) =>
    requestLine({
      keyId,
      timestamp: new Date(Date.now() - DAYS[i % DAYS.length] * 86_400_000).toISOString(),
      endpoint: `/v1/surface${i % 3}/items`,
      status: i % 5 === 4 ? 403 : 200,
      ip: `192.0.2.${i}`,
      bytes: 10,
    }),
  );
  appendFileSync(file('requests.log'), lines.join(''));
  written.set(keyId, (written.get(keyId) ?? 0) + requests);
}

/** All that a store says of keys, by their names. */
function contents(store: string): Map<string, unknown> {
  const reader = openStoreForReading(file(store));
  try {
    const { changes } = reader.load();
    const ips = [...changes.ips];
    const days = reader.daily.span() ?? { from: 0, to: 0 };
    const values = new Map([...changes.values.series].map((series, i) => [series, changes.values.value[i]]));
    return new Map(
      changes.keys.map(({ key, id, tenant }) => {
        const series = changes.series
          .filter((row) => row.key === key)
          .map((row) => [row.family, row.endpoint, row.status, values.get(row.series)]);
        const usage = changes.keyUsage.find((row) => row.key === key);
        return [
          `${id} ${tenant}`,
          {
            series: series.map(String).sort(),
            histogram: changes.histograms.find((row) => row.key === key)?.counts,
            used: [usage?.firstUsed, usage?.lastUsed],
            ips: ips.filter((row) => row.key === key).map((row) => Buffer.from(row.ip).toString('hex')),
            surfaces: changes.surfaces.filter((row) => row.key === key).map(({ surface }) => surface),
            days: reader.daily.days(key, days).map(({ day, requests }) => [day, requests]),
          },
        ];
      }),
    );
  } finally {
    reader.close();
  }
}

const totalsByDay = (store: string): unknown[] => {
  const db = new Database(file(store), { readonly: true });
  try {
    const sums = db.prepare('SELECT day, requests FROM day_sums ORDER BY day').raw().all();
    const added = db.prepare('SELECT day, sum(requests) FROM days GROUP BY day ORDER BY day').raw().all();
    expect(sums).toEqual(added);
    return sums;
  } finally {
    db.close();
  }
};

beforeAll(async () => {
  writeFileSync(
    file('keys.yaml'),
    `keys:
  - { id: key_crm, name: CRM }
  - { id: key_print, fingerprints: [${PRINT}] }
`,
  );
  // What a wrong format takes for keys comes first, and takes the room.
  for (let i = 0; i < 6; i++) log(`10.0.0.${i}`, 4 + i);
  log(PRINT, 5);
  log('key_crm', 20);
  log('key_real', 7);
  for (let i = 6; i < LIMIT - 1; i++) log(`10.0.0.${i}`, 4 + i);
  log('key_late', 9);
  const exporter = await start('first.db');
  expect(sumOf(await exporter.metrics(), 'atender_requests_total', '__other__')).toBe(9);
  await exporter.end('SIGTERM');
}, 60_000);
afterAll(() => {
  endLeftovers();
  directory.remove();
});

test('shows first what it would remove, and removes nothing', async () => {
  const before = contents('first.db');
  const { code, stdout } = await forget('first.db', '10.0.*', 'key_crm');
  expect(code).toBe(0);
  expect(stdout).toMatch(/^10\.0\.0\.0 {2}4 requests, \d{4}-/m);
  expect(stdout).toContain('key_crm  kept: it is in the keys file');
  expect(stdout).toContain('11 unregistered keys with 99 requests; 12 of 12 places');
  expect(stdout).toContain('Nothing was removed.');
  expect(contents('first.db')).toEqual(before);
});

test('without a pattern shows all unregistered keys, and then removes none', async () => {
  const { stdout } = await forget('first.db');
  expect(stdout).toContain('12 unregistered keys');
  expect(stdout).not.toMatch(/key_crm|key_print|sa_live|__other__/);
  expect(await forget('first.db', '--yes')).toMatchObject({ code: 1 });
});

test('refuses a name that is no key, and a store whose keys file it was not told', async () => {
  expect((await forget('first.db', 'key_rael')).stderr).toContain('there is no key "key_rael"');
  const { code, stderr } = await runCommand([
    'key',
    'forget',
    '*',
    '--yes',
    '--store.path',
    file('first.db'),
  ]);
  expect([code, stderr]).toEqual([1, expect.stringContaining('name it with --keys.file')]);
});

test('keeps what was counted under a fingerprint before its key was in the keys file', async () => {
  const exporter = await startExporter(['--log.path', file('requests.log'), '--store.path', file('bare.db')]);
  await exporter.ready();
  await exporter.end('SIGTERM');
  const { stdout } = await forget('bare.db', '*', '--yes');
  expect(stdout).toContain(`${PRINT}  kept: it is in the keys file`);
  expect([...contents('bare.db').keys()].sort()).toEqual(['key_crm ', `${PRINT} `]);
});

test('says to stop the exporter while one is running', async () => {
  cpSync(file('first.db'), file('running.db'));
  const exporter = await start('running.db');
  const { code, stderr } = await forget('running.db', '10.0.*', '--yes');
  expect([code, stderr]).toEqual([1, expect.stringContaining('stop the exporter, repeat this command')]);
  expect(sumOf(await exporter.metrics(), 'atender_requests_total', '10.0.0.0')).toBe(4);
  await exporter.end('SIGTERM');
});

test('removes them, keeps all of the others exactly, notes it, and an exporter goes on with the freed room', async () => {
  cpSync(file('first.db'), file('second.db'));
  const before = contents('second.db');
  const { code, stdout, stderr } = await forget('second.db', '10.0.*', '--yes');
  expect([code, stderr]).toEqual([0, '']);
  expect(stdout).toContain('11 keys removed');
  const left = [...before].filter(([name]) => !name.startsWith('10.0.'));
  expect([...contents('second.db')].sort()).toEqual(left.sort());
  totalsByDay('second.db');

  const told = await forget('second.db', '--history');
  expect(
    told.stdout.split('\n').filter((line) => /^\d{4}-.*@\S+ {2}10\.0\.0\.\d+ {2}\d+ request/.test(line)),
  ).toHaveLength(11);
  const db = new Database(file('second.db'));
  expect(() => db.exec('DELETE FROM forgotten_keys')).toThrow('append-only');
  expect(() => db.exec("UPDATE forgotten_keys SET by = 'x'")).toThrow('append-only');
  db.close();

  const exporter = await start('second.db');
  const countOf = async (key: string) => sumOf(await exporter.metrics(), 'atender_requests_total', key);
  for (const [key, requests] of [
    ['key_crm', 20],
    ['key_real', 7],
    ['__other__', 9],
  ] as const)
    expect(await countOf(key)).toBe(requests);
  log('key_late', 3);
  log('10.0.0.0', 2);
  log('key_crm', 1);
  await eventually(async () => {
    expect(await countOf('key_late')).toBe(3);
    expect(await countOf('10.0.0.0')).toBe(2);
    expect(await countOf('key_crm')).toBe(21);
    expect(await countOf('__other__')).toBe(9);
  });
  await exporter.end('SIGKILL');
  const again = await start('second.db');
  expect(sumOf(await again.metrics(), 'atender_requests_total', 'key_late')).toBe(3);
  await again.end('SIGTERM');
  totalsByDay('second.db');
}, 60_000);

test(`killed ${KILLS} times in the middle it has removed all of them or none`, async () => {
  const before = contents('first.db');
  const after = [...before].filter(([name]) => !name.startsWith('10.0.')).sort();
  const took = performance.now();
  await forget('first.db', '10.0.*');
  const whole = performance.now() - took;
  for (let kill = 0; kill < KILLS; kill++) {
    const store = `killed-${kill}.db`;
    cpSync(file('first.db'), file(store));
    const child = spawn(process.execPath, [COMMAND, 'key', 'forget', '10.0.*', '--yes', ...args(store)]);
    const exited = once(child, 'exit');
    await wait(whole * (0.7 + (0.5 * kill) / KILLS));
    child.kill('SIGKILL');
    await exited;
    const now = [...contents(store)].sort();
    if (now.length === before.size) expect(now).toEqual([...before].sort());
    else expect(now).toEqual(after);
    expect((await forget(store, '10.0.*', '--yes')).code).toBe(0);
    expect([...contents(store)].sort()).toEqual(after);
    expect((await forget(store, '--history')).stdout.trim().split('\n')).toHaveLength(11);
  }
}, 120_000);
