import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { hashSync } from '@node-rs/bcrypt';
import { ENDPOINTS, type EndpointName, REQUESTS, SHARED_DAYS } from '../../src/api/endpoints.ts';
import {
  type ExporterProcess,
  endLeftovers,
  eventually,
  runCommand,
  startExporter,
  temporaryDirectory,
} from '../exporter-process.ts';
import { requestLine } from '../log-lines.ts';

const DAY = 86_400;
const TODAY = Math.floor(Date.now() / 1000 / DAY);
const AUTHORIZATION = `Basic ${Buffer.from('admin:secret').toString('base64')}`;
const directory = temporaryDirectory();
const file = (name: string) => join(directory.path, name);
const date = (ago: number) => new Date((TODAY - ago) * DAY * 1000).toISOString().slice(0, 10);
let exporter: ExporterProcess;

beforeAll(async () => {
  mkdirSync(directory.path, { recursive: true });
  let log = '';
  for (let ago = 9; ago >= 1; ago--)
    for (let i = 0; i < 10 + ago; i++)
      log += requestLine({
        timestamp: new Date(((TODAY - ago) * DAY + i) * 1000).toISOString(),
        keyId: ['key_a', 'key_b', 'key_dup'][i % 3],
        tenantId: i % 3 === 2 && i % 2 === 0 ? 'other, inc' : 'acme',
        status: i % 5 === 4 ? 429 : 200,
      });
  writeFileSync(file('requests.log'), log);
  writeFileSync(
    file('keys.yaml'),
    'keys:\n  - id: key_a\n    name: "A <b>"\n    tenantId: acme\n    scopes: [contacts:read]\n  - id: key_unused\n    tenantId: acme\n',
  );
  writeFileSync(file('web.yaml'), `basic_auth_users: { admin: '${hashSync('secret', { cost: 4 })}' }\n`);
  exporter = await startExporter([
    ...['--log.path', file('requests.log'), '--keys.file', file('keys.yaml')],
    ...['--store.path', file('usage.db'), '--web.config.file', file('web.yaml')],
  ]);
  await exporter.ready();
  await eventually(async () => expect((await get('usage?key=key_a')).status).toBe(200));
}, 40_000);
afterAll(() => {
  endLeftovers();
  directory.remove();
});

async function get(path: string, headers: Record<string, string> = { authorization: AUTHORIZATION }) {
  const answer = await fetch(`${exporter.url}/api/v1/${path}`, { headers });
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
}

/** An answer that is held to the schema that the OpenAPI document shows. */
async function answer<Name extends EndpointName>(name: Name, path: string) {
  const { status, text } = await get(path);
  expect([status, status === 200 ? '' : text]).toEqual([200, '']);
  return ENDPOINTS[name].answer.parse(JSON.parse(text)) as ReturnType<
    (typeof ENDPOINTS)[Name]['answer']['parse']
  >;
}

describe('usage', () => {
  test('is what the command says, to the last figure', async () => {
    const { rows } = await answer('usage', `usage?key=key_b&from=${date(9)}&to=${date(1)}`);
    const command = await runCommand([
      ...['usage', '--store.path', file('usage.db'), '--keys.file', file('keys.yaml'), '--key', 'key_b'],
      ...['--from', date(9), '--to', date(1)],
    ]);
    expect(rows).toEqual(JSON.parse(command.stdout));
    expect(rows[1]).toMatchObject({ period: date(8), requests: 6, previous: { requests: 6, change: 0 } });
  });

  test('of all keys adds up every request', async () => {
    const { rows } = await answer('usage', `usage?from=${date(9)}&by=year`);
    expect(rows.reduce((sum, { requests }) => sum + requests, 0)).toBe(9 * 10 + 45);
  });

  test('comes in pages that neither repeat nor leave out a period', async () => {
    const periods: string[] = [];
    let cursor = '';
    for (let page = 0; page < 10; page++) {
      const { rows, next } = await answer(
        'usage',
        `usage?from=${date(9)}&to=${date(1)}&limit=4&cursor=${cursor}`,
      );
      expect(rows.length).toBeLessThanOrEqual(4);
      periods.push(...rows.map(({ period }) => period));
      if (next === null) break;
      cursor = next;
    }
    expect(periods).toEqual(Array.from({ length: 9 }, (_, i) => date(9 - i)));
  });
});

test('a page has periods from before 1970 too, and goes on from one', async () => {
  const first = await answer('usage', 'usage?from=1966&to=1974&by=year&limit=3');
  const second = await answer('usage', `usage?from=1966&to=1974&by=year&limit=9&cursor=${first.next}`);
  const years = [...first.rows, ...second.rows].map(({ period }) => Number(period));
  expect(years).toEqual(Array.from({ length: 9 }, (_, i) => 1966 + i));
});

test('the cursor of one list is none of another', async () => {
  const { next } = await answer('usage', `usage?from=${date(9)}&limit=2`);
  for (const other of ['keys', 'review'])
    expect(await get(`${other}?cursor=${next}`)).toMatchObject({
      status: 400,
      text: expect.stringContaining('cursor: this is none'),
    });
});

describe('keys', () => {
  test('are all that were seen or are registered, in pages', async () => {
    const first = await answer('keys', `keys?limit=3`);
    const second = await answer('keys', `keys?limit=3&cursor=${first.next}`);
    expect(second.next).toBeNull();
    const ids = [...first.keys, ...second.keys].map(({ id, tenant }) => `${id} ${tenant}`);
    expect(ids.sort()).toEqual([
      'key_a acme',
      'key_b acme',
      'key_dup acme',
      'key_dup other%2C%20inc',
      'key_unused acme',
    ]);
  });

  test('one of them shows what the keys file says, and in detail what it did', async () => {
    const key = await answer('key', `keys/key_a?from=${date(9)}`);
    expect(key).toMatchObject({ id: 'key_a', registered: true, name: 'A <b>', scopes: ['contacts:read'] });
    expect(key.usage.details?.byStatus['200']).toBe(key.usage.requests - key.usage.throttled);
    expect(key.usage.details?.endpoints[0]).toMatchObject({ method: 'GET', endpoint: '/v1/contacts' });
    expect(key.usage.details?.scopes).toEqual([
      { scope: 'contacts:read', used: key.usage.requests, refused: 0 },
    ]);
    expect(key.lastUsed?.slice(0, 10)).toBe(date(1));
  });

  test('one whose id several tenants have is asked for by tenant; one that is not there is not found', async () => {
    expect(await get('keys/key_dup')).toMatchObject({
      status: 400,
      text: expect.stringContaining('name one'),
    });
    expect((await answer('key', 'keys/key_dup?tenant=other, inc')).tenant).toBe('other%2C%20inc');
    expect((await answer('keys', 'keys?tenant=other, inc')).keys).toHaveLength(1);
    expect(await get('keys/key_x')).toMatchObject({ status: 404 });
  });
});

test('a wrong question is refused with what is wrong', async () => {
  for (const [path, why] of [
    ['usage?by=hour', /^\{"error":"by: /],
    ['usage?from=soon', /from: .* is no day/],
    ['usage?keyid=key_a', /there is no parameter keyid; there are key, tenant/],
    ['usage?key=a&key=b', /key: it is there twice/],
    ['review?limit=251', /limit: /],
    ['usage?limit=100000', /"limit: write a whole number from 1 to 1000"/],
    ['keys?limit=0', /"limit: write a whole number from 1 to 200"/],
    // What Number() takes beside decimal digits.
    ...['1e2', '0x10', '%2B5', '5.0', '%205', 'ten'].map(
      (limit) => [`keys?limit=${limit}`, /"limit: write a whole number from 1 to 200"/] as const,
    ),
    ['keys?cursor=abc', /cursor: this is none/],
    ['keys?from=1960&to=1990', /more than 3660 days; ask for fewer"/],
  ] as const) {
    const { status, text } = await get(path);
    expect([status, text]).toEqual([400, expect.stringMatching(why)]);
  }
});

test('nothing is answered without the credentials that the rest needs', async () => {
  for (const path of ['keys', 'usage', 'openapi.json']) expect((await get(path, {})).status).toBe(401);
});

test('the OpenAPI document has every endpoint with its parameters and answer', async () => {
  const document = JSON.parse((await get('openapi.json')).text);
  expect(document.openapi).toBe('3.1.0');
  const all = [...Object.values(ENDPOINTS), REQUESTS, SHARED_DAYS];
  expect(Object.keys(document.paths)).toEqual(all.map(({ path }) => path));
  for (const { path, parameters } of all) {
    const { get: operation } = document.paths[path];
    const queries = operation.parameters.filter((one: { in: string }) => one.in === 'query');
    expect(queries.map(({ name }: { name: string }) => name)).toEqual(Object.keys(parameters.shape));
    expect(queries.every((one: { allowEmptyValue?: boolean }) => one.allowEmptyValue)).toBe(true);
    expect(operation.responses[200].content['application/json'].schema.type).toBe('object');
    const limit = queries.find(({ name }: { name: string }) => name === 'limit');
    if ('limit' in parameters.shape)
      expect(limit.schema).toEqual({
        ...{ type: 'integer', minimum: 1, maximum: expect.any(Number), default: 100 },
      });
  }
});

test('whoever asks what is being answered just now gets that answer, however many they are', async () => {
  const answers = await Promise.all(Array.from({ length: 40 }, () => get('review')));
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  expect(new Set(answers.map(({ text }) => JSON.parse(text).asOf)).size).toBeLessThan(20);
}, 40_000);

test('many questions at once leave a scrape unharmed; those beyond the limit are told to come back', async () => {
  const asked = Array.from({ length: 60 }, (_, i) => get(`usage?from=${date(3_000 + i)}`));
  const scrape = await fetch(`${exporter.url}/metrics`, { headers: { authorization: AUTHORIZATION } });
  expect(scrape.status).toBe(200);
  const answers = await Promise.all(asked);
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 503]));
  expect(answers.find(({ status }) => status === 503)?.headers.get('retry-after')).toBe('2');
}, 40_000);
