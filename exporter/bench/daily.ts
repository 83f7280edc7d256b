import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ANSWERS } from '../src/api/answers.ts';
import { ENDPOINTS, type EndpointName } from '../src/api/endpoints.ts';
import type { Source } from '../src/api/source.ts';
import { dateOf } from '../src/config/days.ts';
import { noChanges } from '../src/ingest/slices.ts';
import type { KeyEntry } from '../src/keys/key.ts';
import { KeyRegistry } from '../src/keys/registry.ts';
import { openStore, openStoreForReading } from '../src/store/sqlite.ts';
import type { DayRow } from '../src/usage/changes.ts';
import { DayFigures } from '../src/usage/day-figures.ts';
import { entryOf } from '../test/keys/entry.ts';
import { median } from './process.ts';

/**
 * A store with some years of daily aggregates of many keys: its size, how long the API's answers take in their
 * thread, a commit that touches every key's day, and reading at start.
 */
const { values: options } = parseArgs({
  options: { keys: { type: 'string', default: '1000' }, days: { type: 'string', default: '365' } },
});
const KEYS = Number(options.keys);
const DAYS = Number(options.days);
const ENDPOINT_COUNT = 40;
const TODAY = Math.floor(Date.now() / 86_400_000);

const directory = mkdtempSync(join(tmpdir(), 'atender-daily-'));
const path = join(directory, 'usage.db');

/** A key's day: eight endpoints with errors here and there, ten addresses, durations, three scopes. */
function dayOf(key: number, day: number): DayFigures {
  const figures = new DayFigures();
  for (let i = 0; i < 8; i++) {
    const endpoint = (key * 7 + i * 3) % ENDPOINT_COUNT;
    figures.count(endpoint, 200, 100 + ((key * 31 + day * 17 + i) % 900));
    if (i % 2 === 0) figures.count(endpoint, [404, 422, 429, 500][i / 2], 1 + ((key + day) % 5));
  }
  for (let ip = 0; ip < 10; ip++)
    figures.ips.add(0, 0, 0xffff, Math.imul(key * 64 + ((day + ip) % 24), 0x9e3779b1));
  for (let i = 0; i < 9; i++) figures.durations[i] = (key + day * i) % 800;
  figures.durationSum = 100;
  for (const scope of ['contacts:read', 'conversations:write', 'tags:read'])
    figures.addScope(scope, 500 + (key % 100), day % 3);
  figures.seen(day * 86_400 + 60);
  figures.seen(day * 86_400 + 86_000);
  figures.bytes = 1_000_000 + key * day;
  figures.peak(20 + (key % 40));
  return figures;
}

const rowsOf = (day: number): DayRow[] =>
  Array.from({ length: KEYS }, (_, key) => ({ key, day, figures: dayOf(key, day) }));

/** What the keys file says of a key, so that a review has something to judge. */
const entryOfKey = ({ id, tenant }: { id: string; tenant: string }): KeyEntry =>
  entryOf({
    ...{ id, tenantId: tenant, name: `Integration ${id}`, owner: 'team', tier: 'professional' },
    scopes: ['contacts:write', 'conversations:write', 'tags:read'],
  });

/** Milliseconds of wall clock and of processor time: on a busy machine the first says little. */
type Spent = [wall: number, processor: number];
async function spent(work: () => unknown): Promise<Spent> {
  const [started, before] = [performance.now(), process.cpuUsage()];
  await work();
  const { user, system } = process.cpuUsage(before);
  return [performance.now() - started, (user + system) / 1000];
}
async function show(name: string, work: () => unknown, rounds = 5): Promise<void> {
  const times: Spent[] = [];
  for (let round = 0; round < rounds; round++) times.push(await spent(work));
  const [wall, processor] = [0, 1].map((i) => median(times.map((time) => time[i])).toFixed(1));
  console.log(`${name}: ${wall} ms, processor ${processor} ms`);
}

try {
  const store = openStore(path);
  const keys = Array.from({ length: KEYS }, (_, key) => ({
    key,
    id: `key_${key}`,
    tenant: `tenant_${key % 10}`,
  }));
  const endpoints = Array.from({ length: ENDPOINT_COUNT }, (_, endpoint) => ({
    ...{ endpoint, method: 'GET', template: `/v1/surface${endpoint}/:id/things` },
  }));
  store.replaceDays({ keys, endpoints, days: [] });
  const empty = statSync(path).size;
  const positions = { put: [], drop: [] };
  const commitOf = (day: number) => ({
    ...{ changes: { ...noChanges(), days: rowsOf(day) }, positions, counters: [] },
  });
  for (let day = TODAY - DAYS + 1; day <= TODAY; day++) store.commit(commitOf(day), true);
  const nothing = new Uint8Array();
  const used = keys.map(({ key }) => ({
    ...{
      key,
      firstUsed: (TODAY - DAYS + 1) * 86_400 + 60,
      lastUsed: TODAY * 86_400 + 86_000,
      lastRejected: 0,
    },
    ...{ lastNewIp: 0, recentNewIps: [], scopes: nothing, windows: nothing },
  }));
  const uses = { ...noChanges(), keyUsage: used };
  store.commit({ changes: uses, positions, counters: [] }, true);
  const commit = commitOf(TODAY);
  await show(`a commit that merges ${KEYS} keys' days`, () => store.commit(commit, true));
  const late = commitOf(TODAY - 30);
  await show(`a commit that merges a day of ${KEYS} keys a month ago`, () => store.commit(late, true));
  await show('reading at start', () => store.load());
  store.close();
  const bytes = statSync(path).size - empty;
  const rows = KEYS * DAYS;
  console.log(
    `${KEYS} keys, ${DAYS} days: ${(bytes / 1e6).toFixed(0)} MB, ${(bytes / rows).toFixed(0)} bytes a key's day`,
  );

  const reader = openStoreForReading(path);
  const source: Source = {
    ...{
      reader: reader.daily,
      registry: new KeyRegistry(keys.map(entryOfKey)),
      recordPath: '',
      now: Date.now() / 1000,
    },
  };
  const asked = async (endpoint: EndpointName, question: Record<string, string>): Promise<void> => {
    const { id = '', ...parameters } = question;
    const checked = { ...ENDPOINTS[endpoint].parameters.parse(parameters), id };
    const answer = ANSWERS[endpoint] as (source: Source, question: object) => object | Promise<object>;
    const name = `${endpoint} ${new URLSearchParams(question)}`;
    await show(
      name,
      async () => JSON.stringify(await answer(source, checked)),
      endpoint === 'review' && question.limit === undefined ? 3 : 5,
    );
  };
  const from = dateOf(TODAY - 364);
  await asked('usage', { key: 'key_7', from, by: 'day', limit: '1000' });
  await asked('usage', { key: 'key_7', from, by: 'month' });
  await asked('usage', { from, by: 'month' });
  await asked('usage', { from, by: 'day', limit: '1000' });
  await asked('usage', { tenant: 'tenant_3', from, by: 'month' });
  await asked('key', { id: 'key_7', from });
  await asked('keys', {});
  await asked('keys', { from, limit: '200' });
  await asked('review', { limit: '50' });
  await asked('review', {});
  reader.close();
} finally {
  rmSync(directory, { recursive: true });
}
