import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ENDPOINTS, REQUESTS } from '../../src/api/endpoints.ts';
import {
  endLeftovers,
  eventually,
  runCommand,
  startExporter,
  temporaryDirectory,
} from '../exporter-process.ts';
import { type SharingExporter, startSharing } from './exporters.ts';
import { endRedisServers, type RedisServer, startRedis } from './redis-servers.ts';

const directory = temporaryDirectory();
let redis: RedisServer;

/** What one exporter of several must not conclude from its own lines. */
const FORBIDDEN =
  /\b(revoke|narrow|tier down|safe|never used|0 requests|nothing (would|should) break|change tier)\b|safeAfter/i;
const KEYS = `keys:
  - { id: key_live, tenantId: acme, scopes: [contacts:write, tags:read], createdAt: 2020-01-01, tier: enterprise }
  - { id: key_here, tenantId: acme, scopes: [contacts:write, tags:read], createdAt: 2020-01-01, tier: enterprise }
  - { id: key_old, tenantId: acme, scopes: [contacts:read], createdAt: 2020-01-01, thresholds: { stale_seconds: 1d } }
  - { id: key_new, tenantId: acme, replaces: key_old, createdAt: 2020-01-01 }
  - { id: key_idle, tenantId: acme, createdAt: 2020-01-01, rotateEvery: 30d }
`;
const DAY = 86_400_000;
const file = (name: string) => join(directory.path, name);

let nodes: [SharingExporter, SharingExporter];
let alone: string[];

beforeAll(async () => {
  redis = await startRedis();
  writeFileSync(file('keys.yaml'), KEYS);
  const start = (name: string) =>
    startSharing(directory.path, name, [redis.url], {
      args: [
        ...['--keys.file', file('keys.yaml'), '--record.archive', 'on'],
        ...['--record.path', file(`record-${name}`)],
      ],
    });
  nodes = await Promise.all([start('node-1'), start('node-2')]);
  const of = (keyId: string, ago = 0, fields = {}) => ({
    ...{ keyId, tenantId: 'acme', timestamp: new Date(Date.now() - ago).toISOString() },
    ...fields,
  });
  // On node 1 the live key was last used three months ago, and nobody uses the old one.
  for (let day = 89; day >= 20; day--) {
    nodes[0].request(of('key_live', day * DAY));
    nodes[0].request(of('key_old', day * DAY));
    for (let i = 0; i < 3; i++) nodes[0].request(of('key_here', (day - 20) * DAY));
  }
  for (let caller = 0; caller < 12; caller++)
    nodes[1].request(of('key_live', 0, { ip: `192.0.2.${caller}` }));
  await eventually(async () => {
    expect(await nodes[0].metrics()).toMatch(/atender_requests_total\{key_id="key_here".*"200".* 210\n/);
    const page = await (await fetch(`${nodes[0].url}/keys/key_live?tenant=acme`)).text();
    expect(page).toMatch(/Last used<\/dt><dd><time[^>]*>(just now|\d+ s ago)/);
  });
  // Given the store alone, as on a machine without the configuration.
  alone = [
    ...['--store.path', file('node-1.db'), '--record.path', file('record-node-1')],
    ...['--keys.file', file('keys.yaml')],
  ];
}, 60_000);
afterAll(() => {
  endLeftovers();
  endRedisServers();
  directory.remove();
});

describe('where exporters share facts, no command concludes anything from what one of them lacks', () => {
  const COMMANDS: [name: string, args: string[], field: RegExp][] = [
    ['review as a page', ['review'], /Covers exporter node-1 only/],
    ['review as Markdown', ['review', '--format', 'md'], /Covers exporter node\\-1 only/],
    ['review as CSV', ['review', '--format', 'csv'], /,coverage\r?\n[^\n]*Covers exporter node-1 only/],
    [
      'review as JSON',
      ['review', '--format', 'json'],
      /"coverage": \{\s+"instance": "node-1",\s+"complete": false/,
    ],
    ...['key_live', 'key_here', 'key_old', 'key_idle'].flatMap((key): [string, string[], RegExp][] => [
      [`key explain ${key}`, ['key', 'explain', key], /Covers exporter node-1 only/],
      [`key explain ${key} as JSON`, ['key', 'explain', key, '--format', 'json'], /"complete": false/],
    ]),
    ['usage as a table', ['usage', '--format', 'table'], /^Covers exporter node-1 only/],
    ['usage as CSV', ['usage', '--format', 'csv', '--key', 'key_idle'], /,coverage\r?\n[^\n]*node-1 only/],
    ['usage as JSON', ['usage', '--format', 'json'], /"complete": false/],
    ['audit search', ['audit', 'search', '--key', 'key_idle'], /^Covers exporter node-1 only/m],
    ['audit search as a table', ['audit', 'search', '--format', 'table'], /^exporter node-1 only/m],
    ['audit search as CSV', ['audit', 'search', '--format', 'csv'], /request_id,exporter\r?\n.*,node-1\r?\n/],
    ['audit search as JSON', ['audit', 'search', '--key', 'key_live'], /"exporter":"node-1"/],
  ];
  test.each(COMMANDS)('%s', async (_, args, field) => {
    const { code, stdout, stderr } = await runCommand([...args, ...alone]);
    expect([code, stderr.replace(/^Covers.*\n|.*archive.*\n/gm, '')]).toEqual([0, '']);
    expect(`${stderr}${stdout}`).toMatch(field);
    expect(`${stderr}${stdout}`).not.toMatch(FORBIDDEN);
  });
});

test('every answer of the API says which exporter it covers, and concludes nothing from what that one lacks', async () => {
  const coverage = { instance: 'node-1', complete: false };
  for (const [path, answer] of [
    ['review', ENDPOINTS.review.answer],
    ['keys', ENDPOINTS.keys.answer],
    ['keys/key_live', ENDPOINTS.key.answer],
    ['keys/key_idle', ENDPOINTS.key.answer],
    ['usage', ENDPOINTS.usage.answer],
    ['requests', REQUESTS.answer],
  ] as const) {
    const text = await (await fetch(`${nodes[0].url}/api/v1/${path}`)).text();
    expect(answer.parse(JSON.parse(text))).toMatchObject({ coverage });
    expect(text).not.toMatch(FORBIDDEN);
  }
});

test('every key that other exporters may use is undecided in the review', async () => {
  const { keys } = ENDPOINTS.review.answer.parse(await (await fetch(`${nodes[0].url}/api/v1/review`)).json());
  const verdicts = Object.fromEntries(keys.map(({ id, verdict }) => [id, verdict]));
  expect(verdicts).toEqual({
    ...{ key_idle: 'rotate', key_live: 'undecided', key_old: 'undecided', key_new: 'undecided' },
    key_here: 'undecided',
  });
});

test('the page says which exporter its counters cover, and without Redis calls nothing unused', async () => {
  const pages = ['', ...['key_live', 'key_here', 'key_idle'].map((key) => `keys/${key}?tenant=acme`)];
  const texts = () => Promise.all(pages.map(async (path) => (await fetch(`${nodes[0].url}/${path}`)).text()));
  for (const text of await texts()) expect(text).toContain('cover exporter node-1 only');
  await redis.kill();
  await eventually(async () => {
    for (const text of await texts()) {
      expect(text).toContain('Redis is away');
      expect(text).not.toMatch(FORBIDDEN);
      expect(text).not.toMatch(/>(never|none recorded)</);
    }
  }, 20_000);
}, 60_000);

test('an exporter that shares no more covers all there is, unless the configuration given says that it shares', async () => {
  const [node] = nodes;
  await node.end('SIGTERM');
  const single = await startExporter(['--log.path', node.log, ...alone]);
  await single.ready();
  const answer = await (await fetch(`${single.url}/api/v1/review`)).json();
  expect(ENDPOINTS.review.answer.parse(answer)).toMatchObject({ coverage: { complete: true, text: '' } });
  const { stdout } = await runCommand(['review', ...alone]);
  expect(stdout).not.toContain('Covers exporter');
  const configured = ['--shared.redis.url', redis.url, '--instance.id', 'node-1'];
  const sharing = await runCommand(['review', '--format', 'json', ...alone, ...configured]);
  expect(JSON.parse(sharing.stdout).coverage.complete).toBe(false);
}, 60_000);
