import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import Database from 'libsql';
import { endLeftovers, runCommand, startExporter, temporaryDirectory } from '../exporter-process.ts';
import { requestLine } from '../log-lines.ts';

const HOUR = 3_600;
/** Version of the stores that held no use of a request ahead of the clock. */
const EARLIER = 9;
const directory = temporaryDirectory();
const file = (name: string) => join(directory.path, name);
const shared = () => [
  '--store.path',
  file('ahead.db'),
  '--keys.file',
  file('keys.yaml'),
  '--record.path',
  file('record'),
];
afterEach(() => endLeftovers());

function write(count: number, ahead: number, keyId: string, status = 200): void {
  const timestamp = new Date(Date.now() + ahead * 1000).toISOString();
  const line = requestLine({ timestamp, keyId, tenantId: 'acme', endpoint: '/v1/contacts', status });
  appendFileSync(file('requests.log'), line.repeat(count));
}

/** What the review says of a key. */
async function reviewed(key: string): Promise<string> {
  const { stdout } = await runCommand(['review', '--format', 'json', ...shared()]);
  const { keys } = JSON.parse(stdout) as { keys: { id: string }[] };
  return JSON.stringify(keys.find(({ id }) => id === key));
}

/** Everything that says when a key was used. */
async function everywhere(url: string, key: string): Promise<Record<string, string>> {
  const get = async (path: string) => (await fetch(`${url}${path}`)).text();
  const keys = JSON.parse(await get('/api/v1/keys')).keys as { id: string; lastUsed: string | null }[];
  const explain = await runCommand(['key', 'explain', key, ...shared()]);
  return {
    metrics: await get('/metrics'),
    api: keys.find(({ id }) => id === key)?.lastUsed ?? 'null',
    page: await get(`/keys/${key}?tenant=acme`),
    review: await reviewed(key),
    explain: explain.stdout,
  };
}

function expectUsed(found: Record<string, string>, key: string, from: number): void {
  const last = found.metrics.match(
    new RegExp(`atender_key_last_used_timestamp_seconds\\{key_id="${key}"[^}]*\\} (\\S+)`),
  );
  for (const at of [Number(last?.[1]), Date.parse(found.api) / 1000]) {
    expect(at).toBeGreaterThanOrEqual(from - 1);
    expect(at).toBeLessThanOrEqual(Date.now() / 1000);
  }
  expect(found.page).not.toMatch(/never used|no recorded use/i);
  expect(found.review).not.toMatch(/never used|no use since/i);
  expect(found.explain).not.toMatch(/never|no use since/i);
}

test('a key whose requests are ahead of the clock is in use everywhere, after kill -9 and in a store of an earlier version too', async () => {
  const started = Date.now() / 1000;
  writeFileSync(
    file('keys.yaml'),
    `keys:
  - { id: key_ahead, tenantId: acme, createdAt: 2020-01-01 }
  - { id: key_unused, tenantId: acme, createdAt: 2020-01-01 }
`,
  );
  write(1, -3 * HOUR, 'key_other');
  write(40, 2 * HOUR, 'key_ahead');
  write(1, 2 * HOUR, 'key_ahead', 401);
  const first = await startExporter(['--log.path', file('requests.log'), ...shared()]);
  await first.ready();
  const found = await everywhere(first.url, 'key_ahead');
  expectUsed(found, 'key_ahead', started);
  expect(found.metrics).toMatch(/atender_exporter_ahead_seconds\{source="default"\} (71\d\d(\.\d+)?|7200)\n/);
  expect(found.metrics).toMatch(/atender_key_last_rejected_timestamp_seconds\{key_id="key_ahead"/);
  const since = Number(found.metrics.match(/^atender_exporter_recorded_since_timestamp_seconds (\S+)/m)?.[1]);
  expect(Math.abs(since - (started - 3 * HOUR))).toBeLessThan(60);
  expect(await (await fetch(first.url)).text()).toMatch(/default is (1 h 59 min|2 h) ahead/);
  const unused = await (await fetch(`${first.url}/keys/key_unused?tenant=acme`)).text();
  expect(unused).toContain('No use since recording began 3 h ago');
  expect(await reviewed('key_unused')).toMatch(/"keep".*No use since recording began 3 h before/);
  const explained = await runCommand(['key', 'explain', 'key_unused', ...shared()]);
  expect(explained.stdout).toContain('No use since recording began 3 h ago');
  await first.end('SIGKILL');

  // As the earlier version left it: counted, without any time of use.
  const db = new Database(file('ahead.db'));
  db.exec(`DELETE FROM meta WHERE name = 'recorded_from'; PRAGMA user_version = ${EARLIER};
    DROP TABLE journal_cursors; DROP TABLE forgotten_keys;
    UPDATE key_usage SET first_used = 0, last_used = 0, last_rejected = 0, scopes = x''
    WHERE key = (SELECT key FROM keys WHERE id = 'key_ahead')`);
  db.close();
  const second = await startExporter(['--log.path', file('requests.log'), ...shared()]);
  await second.ready();
  const again = await everywhere(second.url, 'key_ahead');
  expectUsed(again, 'key_ahead', started);
  expect(again.metrics).toMatch(/atender_key_last_rejected_timestamp_seconds\{key_id="key_ahead"/);
  expect(Number(again.metrics.match(/^atender_exporter_recorded_since_timestamp_seconds (\S+)/m)?.[1])).toBe(
    since,
  );
}, 60_000);
