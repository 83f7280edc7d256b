import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  type ExporterProcess,
  endLeftovers,
  eventually,
  runCommand,
  startExporter,
  temporaryDirectory,
} from '../exporter-process.ts';
import { requestLine } from '../log-lines.ts';

/** One id of several tenants: five requests without any, three of acme, two of a tenant that is called like none. */
const REQUESTS: Record<string, number> = { '': 5, acme: 3, __none__: 2 };
const directory = temporaryDirectory();
const file = (name: string) => join(directory.path, name);
const OPTIONS = ['--store.path', file('usage.db'), '--record.archive', 'on', '--record.path', file('record')];
let exporter: ExporterProcess;

beforeAll(async () => {
  let log = '';
  for (const [tenantId, requests] of Object.entries(REQUESTS))
    for (let i = 0; i < requests; i++)
      log += requestLine({
        timestamp: new Date(Date.now() - 60_000 + i).toISOString(),
        keyId: 'key_dup',
        tenantId: tenantId === '' ? undefined : tenantId,
        ip: '192.0.2.1',
      });
  writeFileSync(file('requests.log'), log);
  exporter = await startExporter(['--log.path', file('requests.log'), ...OPTIONS]);
  await exporter.ready();
  await eventually(async () => expect((await answer('usage')).rows.at(-1).requests).toBe(10));
}, 40_000);
afterAll(() => {
  endLeftovers();
  directory.remove();
});

async function answer(path: string) {
  const response = await fetch(`${exporter.url}/api/v1/${path}`);
  return JSON.parse(await response.text());
}

const sumOf = (rows: { requests: number }[]): number => rows.reduce((sum, { requests }) => sum + requests, 0);

describe.each([
  ['without tenant', '__none__', 5],
  ['of a tenant', 'acme', 3],
  ['of a tenant that is called __none__', '%5F_none__', 2],
])('a key %s can be named alone', (_, tenant, requests) => {
  const inQuery = encodeURIComponent(tenant);

  test('in usage', async () => {
    const { stdout } = await runCommand(['usage', ...OPTIONS, '--key', 'key_dup', '--tenant', tenant]);
    expect(sumOf(JSON.parse(stdout))).toBe(requests);
    expect(sumOf((await answer(`usage?key=key_dup&tenant=${inQuery}`)).rows)).toBe(requests);
  });

  test('in an audit search', async () => {
    const { stdout } = await runCommand([
      'audit',
      'search',
      ...OPTIONS,
      '--key',
      'key_dup',
      '--tenant',
      tenant,
    ]);
    expect(stdout.trim().split('\n')).toHaveLength(requests);
    expect((await answer(`requests?key=key_dup&tenant=${inQuery}`)).requests).toHaveLength(requests);
  });

  test('in key explain', async () => {
    const flags = ['--tenant', tenant, '--format', 'json'];
    const { stdout } = await runCommand(['key', 'explain', ...OPTIONS, 'key_dup', ...flags]);
    expect(JSON.parse(stdout).callers).toMatchObject([{ ip: '192.0.2.1', requests }]);
  });

  test('among the keys', async () => {
    expect((await answer(`keys/key_dup?tenant=${inQuery}`)).usage.requests).toBe(requests);
    const { keys } = await answer(`keys?tenant=${inQuery}`);
    expect(keys.map((key: { usage: { requests: number } }) => key.usage.requests)).toEqual([requests]);
  });
});

test('where a key is of several tenants, all of them are told as they can be named', async () => {
  const names = '__none__, acme, %5F_none__';
  expect((await answer('keys/key_dup')).error).toContain(names);
  const { stderr } = await runCommand(['key', 'explain', ...OPTIONS, 'key_dup']);
  expect(stderr).toContain(names);
});
