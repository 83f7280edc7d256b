import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { buildSync } from 'esbuild';
import { REVIEW_PAGE } from '../src/api/endpoints.ts';
import { noChanges } from '../src/ingest/publication-parts.ts';
import { openStore } from '../src/store/sqlite.ts';
import { dateOf } from '../src/time/days.ts';
import type { DayRow } from '../src/usage/changes.ts';
import { DayFigures } from '../src/usage/day-figures.ts';
import { type Spent, spent } from './answers.ts';
import { median } from './process.ts';

/**
 * A store with some years of daily aggregates of many keys: its size, a commit that touches every key's day, reading at
 * start, and how long answers take: the API's in their thread, the review's in its forms, and that of `key explain`.
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

/** Milliseconds of wall clock and of processor time: on a busy machine the first says little. */
async function show(name: string, work: () => unknown): Promise<void> {
  const times: Spent[] = [];
  for (let round = 0; round < 5; round++) times.push(await spent(work));
  console.log(`${name}: ${said(medianOf(times))}`);
}

const medianOf = (times: Spent[]): Spent => [0, 1].map((i) => median(times.map((time) => time[i]))) as Spent;
const said = ([wall, processor]: Spent): string =>
  `${wall.toFixed(0)} ms (processor ${processor.toFixed(0)})`;

/** answers.ts as the exporter is built: what compiles it for the bench adds to every function. */
const ANSWERS = fileURLToPath(new URL('../dist/bench-answers.js', import.meta.url));
buildSync({
  ...{ entryPoints: [fileURLToPath(new URL('answers.ts', import.meta.url))], outfile: ANSWERS },
  ...{ bundle: true, format: 'esm', platform: 'node', target: 'node20.15' },
  external: ['libsql', '@duckdb/*', '@node-rs/*', 'pino'],
});

/** Processes that are asked a question, and how often each. */
const PROCESSES = 5;
const TIMES = 6;

/** What an answer takes the first time in a fresh process, the second time, and once its code is compiled. */
function showAnswers(what: string, question: Record<string, string>): void {
  const asked = [ANSWERS, path, String(KEYS), what, JSON.stringify(question), String(TIMES)];
  const runs = Array.from({ length: PROCESSES }, (): Spent[] =>
    JSON.parse(execFileSync(process.execPath, asked, { encoding: 'utf8' })),
  );
  const [first, second] = [0, 1].map((i) => said(medianOf(runs.map((times) => times[i]))));
  const later = said(medianOf(runs.flatMap((times) => times.slice(3))));
  const longest = Math.round(Math.max(...runs.flat().map(([wall]) => wall)));
  console.log(
    `${what} ${new URLSearchParams(question)}: first ${first}, second ${second}, later ${later}, longest of all ${longest} ms`,
  );
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

  const from = dateOf(TODAY - 364);
  for (const by of ['day', 'week', 'month', 'year']) showAnswers('usage', { from, by, limit: '1000' });
  showAnswers('usage', { key: 'key_7', from, by: 'day', limit: '1000' });
  showAnswers('usage', { key: 'key_7', from, by: 'month' });
  showAnswers('usage', { tenant: 'tenant_3', from, by: 'month' });
  showAnswers('key', { id: 'key_7', from });
  showAnswers('keys', { from, limit: '200' });
  showAnswers('explain', { key: 'key_7' });
  for (const limit of ['100', String(REVIEW_PAGE)]) showAnswers('review', { limit });
  for (const what of ['html', 'md', 'csv', 'json']) showAnswers(what, {});
} finally {
  rmSync(directory, { recursive: true });
  rmSync(ANSWERS, { force: true });
}
