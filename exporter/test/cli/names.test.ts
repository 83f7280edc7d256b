import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  type ExporterProcess,
  endLeftovers,
  runCommand,
  startExporter,
  temporaryDirectory,
} from '../exporter-process.ts';
import { requestLine } from '../log-lines.ts';

const HOUR = 3_600_000;
const RAW = 'sa_live_abcDEF1234567890ghi';
const RAW_OF_TENANT = 'sa_live_zyxWVU1234567890fed';
const RAW_OF_TENANT_LATER = 'sa_live_mnoPQR1234567890uvw';
const LONG = 'k'.repeat(200);
const directory = temporaryDirectory();
const file = (name: string) => join(directory.path, name);
const OPTIONS = [
  ...['--store.path', file('usage.db'), '--record.archive', 'on', '--record.path', file('record')],
  ...['--keys.file', file('keys.yaml')],
];
let exporter: ExporterProcess;
const prints: Record<string, string> = {};

/** Keys and tenants as the log has them, and the requests of each. */
const BEFORE: [keyId: string | undefined, tenantId: string | undefined, requests: number][] = [
  [RAW, undefined, 6],
  [RAW_OF_TENANT, undefined, 4],
  [RAW_OF_TENANT, 'acme', 2],
  [RAW_OF_TENANT_LATER, 'acme', 3],
  ['a%b', undefined, 2],
  ['k%41', undefined, 3],
  [LONG, undefined, 4],
  ['%', undefined, 5],
  ['a~b', undefined, 6],
  ['both%b', undefined, 1],
  ['both%25b', undefined, 2],
  [undefined, undefined, 7],
  ['__none__', undefined, 3],
  ['__other__', undefined, 2],
  ['of_odd', '50%', 2],
  ['of_odd', 't'.repeat(200), 3],
];
const AFTER: typeof BEFORE = [
  [RAW, undefined, 3],
  ['key_reports', undefined, 1],
  ['key_crm', undefined, 5],
];

async function log(requests: typeof BEFORE, ago: number, ip: string): Promise<void> {
  const timestamp = new Date(Date.now() - ago).toISOString();
  for (const [keyId, tenantId, times] of requests)
    appendFileSync(file('requests.log'), requestLine({ timestamp, keyId, tenantId, ip }).repeat(times));
  exporter = await startExporter(['--log.path', file('requests.log'), ...OPTIONS]);
  await exporter.ready();
}

beforeAll(async () => {
  for (const raw of [RAW, RAW_OF_TENANT, RAW_OF_TENANT_LATER])
    prints[raw] = (await runCommand(['mask'], { input: raw })).stdout.trim();
  writeFileSync(file('keys.yaml'), 'keys: []\n');
  await log(BEFORE, 2 * HOUR, '192.0.2.1');
  await exporter.end('SIGTERM');
  writeFileSync(
    file('keys.yaml'),
    `keys:
  - { id: key_reports, fingerprints: [${prints[RAW]}] }
  - { id: key_crm, tenantId: acme, fingerprints: [${prints[RAW_OF_TENANT]}] }
  - { id: key_late, fingerprints: [${prints[RAW_OF_TENANT_LATER]}] }
`,
  );
  await log(AFTER, HOUR, '192.0.2.2');
}, 60_000);
afterAll(() => {
  endLeftovers();
  directory.remove();
});

interface Answer {
  id: string;
  tenant: string;
  error: string;
  registered: boolean;
  usage: { requests: number };
  rows: { requests: number }[];
  requests: object[];
}
interface Explained {
  verdict: string;
  lastUsed: string;
  callers: { ip: string; requests: number }[];
  missing: string[];
}

async function answer(path: string): Promise<Answer> {
  const response = await fetch(`${exporter.url}/api/v1/${path}`);
  return (await response.json()) as Answer;
}
const lines = (text: string): string[] => text.split('\n').filter(Boolean);
const sum = (rows: { requests: number }[]): number => rows.reduce((all, { requests }) => all + requests, 0);

/** Requests of a key (and a tenant) by every way there is to ask for them. */
async function requestsOf(key: string, tenant = ''): Promise<Record<string, number>> {
  const flags = [...OPTIONS, `--key=${key}`, ...(tenant === '' ? [] : [`--tenant=${tenant}`])];
  const asked = new URLSearchParams({ key, ...(tenant !== '' && { tenant }) });
  const ofTenant = new URLSearchParams(tenant === '' ? {} : { tenant });
  const explain = ['key', 'explain', ...OPTIONS, '--format', 'json', ...flags.slice(OPTIONS.length + 1)];
  const [usage, search, explained] = await Promise.all([
    runCommand(['usage', ...flags]),
    runCommand(['audit', 'search', ...flags]),
    runCommand([...explain, '--', key]),
  ]);
  return {
    usage: sum(JSON.parse(usage.stdout)),
    search: lines(search.stdout).length,
    explain: sum((JSON.parse(explained.stdout || '{"callers":[]}') as Explained).callers),
    apiUsage: sum((await answer(`usage?${asked}`)).rows),
    apiRequests: (await answer(`requests?${asked}`)).requests.length,
    apiKey: (await answer(`keys/${encodeURIComponent(key)}?${ofTenant}`)).usage?.requests,
  };
}
const everywhere = (requests: number) => ({
  ...{ usage: requests, search: requests, explain: requests },
  ...{ apiUsage: requests, apiRequests: requests, apiKey: requests },
});

describe('a key has all its requests, those from before it was in the keys file too', () => {
  test.each([
    ['its id', () => 'key_reports', 10],
    ['its fingerprint', () => prints[RAW], 10],
    ['the raw key', () => RAW, 10],
    ['the id of a key of a tenant', () => 'key_crm', 11],
    ['the fingerprint of one', () => prints[RAW_OF_TENANT], 11],
    ['the id of a key whose tenant only its lines tell', () => 'key_late', 3],
  ])('by %s', async (_, key, requests) => {
    expect(await requestsOf(key())).toEqual(everywhere(requests));
  });

  test('and is one key of the API, by the name and tenant that the keys file gives it', async () => {
    for (const name of ['key_crm', prints[RAW_OF_TENANT]])
      expect(await answer(`keys/${name}`)).toMatchObject({ id: 'key_crm', tenant: 'acme', registered: true });
    expect(await answer('keys/key_crm?tenant=acme')).toMatchObject({ usage: { requests: 11 } });
    expect(await answer(`keys/key_late`)).toMatchObject({ id: 'key_late', tenant: 'acme' });
  });

  test('and is not safe to revoke while it was called by its old name, archive or not', async () => {
    for (const more of [[], ['--record.path', file('none')]]) {
      const asked = ['key', 'explain', 'key_late', ...OPTIONS, ...more, '--format', 'json'];
      const { verdict, callers } = JSON.parse((await runCommand(asked)).stdout) as Explained;
      expect(verdict).toBe('Revoked now, it would break 1 caller.');
      expect(callers).toMatchObject([{ ip: '192.0.2.1' }]);
    }
  });

  test('with the callers from before and after told one by one', async () => {
    const { stdout } = await runCommand(['key', 'explain', RAW, ...OPTIONS, '--format', 'json']);
    const { callers, missing } = JSON.parse(stdout) as Explained;
    expect(callers).toMatchObject([
      { ip: '192.0.2.2', requests: 4 },
      { ip: '192.0.2.1', requests: 6 },
    ]);
    expect(missing.join()).not.toContain('who sent the others');
  });
});

describe('a key that is not in the keys file is found by its name in the log', () => {
  test.each([
    ['with what begins a code', 'a%b', 2],
    ['with what is a code', 'k%41', 3],
    ['that is shortened', LONG, 4],
    ['of a sign that is encoded', '%', 5],
    ['with the sign of what is shortened', 'a~b', 6],
  ])('%s', async (_, key, requests) => {
    expect(await requestsOf(key)).toEqual(everywhere(requests));
  });
});

test.each([
  ['that is encoded', '50%', 2],
  ['that is shortened', 't'.repeat(200), 3],
])('a tenant %s is found by its name in the log, with a key and without', async (_, tenant, requests) => {
  expect(await requestsOf('of_odd', tenant)).toEqual(everywhere(requests));
  const { stdout } = await runCommand(['audit', 'search', ...OPTIONS, '--tenant', tenant]);
  expect(lines(stdout)).toHaveLength(requests);
});

test('a label that is also the name of another key is that of one of them where only one can be meant', async () => {
  expect(await requestsOf('both%25b')).toMatchObject({ apiKey: 1, explain: 1 });
  expect(await requestsOf('both%2525b')).toEqual(everywhere(2));
});

describe('a reserved word is what is reserved, and a key that is called so has its label', () => {
  test.each([
    ['__none__', 7],
    ['%5F_none__', 3],
    ['%5F_other__', 2],
  ])('%s', async (key, requests) => {
    expect(await requestsOf(key)).toEqual(everywhere(requests));
  });

  test('__other__ is nothing where every key has its place', async () => {
    expect((await answer('keys/__other__')).error).toContain('there is no key "__other__"');
  });
});

test('a review has a key as one, with what was counted under its fingerprint', async () => {
  interface Reviewed {
    keys: { id: string; requests: number; verdict: string; firstUsed: string }[];
    next: string | null;
  }
  const whole = (await runCommand(['review', ...OPTIONS, '--format', 'json'])).stdout;
  const { keys } = JSON.parse(whole) as Reviewed;
  const requests = Object.fromEntries(keys.map((key) => [key.id, key.requests]));
  expect(requests).toMatchObject({ key_reports: 10, key_crm: 11, key_late: 3, 'a%25b': 2 });
  expect(Object.values(prints).filter((print) => print in requests)).toEqual([]);
  const late = keys.find(({ id }) => id === 'key_late');
  expect(late?.verdict).toBe('keep');
  expect(Date.now() - Date.parse(late?.firstUsed ?? '')).toBeLessThan(3 * HOUR);

  const paged: Reviewed['keys'] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page = (await (
      await fetch(`${exporter.url}/api/v1/review?limit=2&cursor=${cursor}`)
    ).json()) as Reviewed;
    paged.push(...page.keys);
    cursor = page.next;
  }
  expect(Object.fromEntries(paged.map((key) => [key.id, key.requests]))).toEqual(requests);
  expect(paged).toHaveLength(keys.length);
});
