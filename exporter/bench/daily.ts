import { execFileSync } from 'node:child_process';
import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { REVIEW_PAGE } from '../src/api/endpoints.ts';
import { noChanges } from '../src/ingest/publication-parts.ts';
import { openStore } from '../src/store/sqlite.ts';
import { dateOf } from '../src/time/days.ts';
import type { DayRow } from '../src/usage/changes.ts';
import { DayFigures } from '../src/usage/day-figures.ts';
import { type Spent, spent } from './answers.ts';
import { number } from './harness/options.ts';
import { median, spread, whole } from './harness/statistics.ts';
import { type Run, runSuite } from './harness/suite.ts';

const OPTIONS = {
  keys: number(1_000, 20, 'keys of the store'),
  days: number(365, 40, 'days of each key'),
  processes: number(5, 1, 'processes that are asked each question'),
  times: number(6, 4, 'how often each process is asked'),
};
type DailyRun = Run<typeof OPTIONS>;
const ENDPOINT_COUNT = 40;
const TODAY = Math.floor(Date.now() / 86_400_000);

await runSuite({
  script: 'bench:daily',
  about:
    'A store with daily aggregates: its size, commits, reading at start, and how long answers from it take.',
  options: OPTIONS,
  rounds: 5,
  benchmarks: { daily },
});

/** The store, then every answer from it. */
async function daily(run: DailyRun): Promise<void> {
  const path = join(run.work, 'usage.db');
  await fillStore(run, path);
  await answers(run, path);
}

async function fillStore(run: DailyRun, path: string): Promise<void> {
  const { keys: keyCount, days } = run.options;
  const store = openStore(path);
  const keys = Array.from({ length: keyCount }, (_, key) => ({
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
  const commitOf = (day: number) => {
    const rows = keys.map(({ key }): DayRow => ({ key, day, figures: dayOf(key, day) }));
    return { changes: { ...noChanges(), days: rows }, positions, counters: [] };
  };
  for (let day = TODAY - days + 1; day <= TODAY; day++) store.commit(commitOf(day), true);
  const nothing = new Uint8Array();
  const keyUsage = keys.map(({ key }) => ({
    ...{ key, firstUsed: (TODAY - days + 1) * 86_400 + 60, lastUsed: TODAY * 86_400 + 86_000 },
    ...{ lastRejected: 0, lastNewIp: 0, recentNewIps: [], scopes: nothing, windows: nothing },
  }));
  store.commit({ changes: { ...noChanges(), keyUsage }, positions, counters: [] }, true);
  const [today, monthAgo] = [commitOf(TODAY), commitOf(TODAY - 30)];
  await showTimes(run, `a commit that merges a day of ${whole(keyCount)} keys`, () =>
    store.commit(today, true),
  );
  await showTimes(run, 'the same, a month ago', () => store.commit(monthAgo, true));
  await showTimes(run, 'reading at start', () => store.load());
  store.close();
  const bytes = statSync(path).size - empty;
  run.figure(
    `size of ${whole(keyCount)} keys, ${days} days`,
    `${(bytes / 1e6).toFixed(0)} MB, ${(bytes / (keyCount * days)).toFixed(0)} bytes a key's day`,
  );
}

/** On a busy machine the time by the clock means little, so the processor time stands beside it. */
async function showTimes(run: DailyRun, name: string, work: () => unknown): Promise<void> {
  const times: Spent[] = [];
  for (let round = 0; round < run.rounds; round++) times.push(await spent(work));
  const wall = spread(
    times.map(([one]) => one),
    whole,
    'ms',
  );
  run.figure(name, `${wall}, processor ${whole(median(times.map(([, one]) => one)))} ms`);
}

/** What an answer takes the first time in a fresh process, the second time, and once its code is compiled. */
async function answers(run: DailyRun, path: string): Promise<void> {
  const script = bundledAnswers();
  const { keys, processes, times } = run.options;
  const rows: string[][] = [];
  const ask = (what: string, question: Record<string, string>) => {
    const args = [script, path, String(keys), what, JSON.stringify(question), String(times)];
    const asked = Array.from({ length: processes }, (): Spent[] =>
      JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })),
    );
    const shown = (spent: Spent[]) => {
      const [wall, processor] = [0, 1].map((i) => whole(median(spent.map((one) => one[i]!))));
      return `${wall} (${processor})`;
    };
    rows.push([
      `${what} ${new URLSearchParams(question)}`.trim(),
      ...[0, 1].map((i) => shown(asked.map((spent) => spent[i]!))),
      shown(asked.flatMap((spent) => spent.slice(3))),
      whole(Math.max(...asked.flat().map(([wall]) => wall))),
    ]);
  };
  const from = dateOf(TODAY - 364);
  for (const by of ['day', 'week', 'month', 'year']) ask('usage', { from, by, limit: '1000' });
  ask('usage', { key: 'key_7', from, by: 'day', limit: '1000' });
  ask('usage', { key: 'key_7', from, by: 'month' });
  ask('usage', { tenant: 'tenant_3', from, by: 'month' });
  ask('key', { id: 'key_7', from });
  ask('keys', { from, limit: '200' });
  ask('explain', { key: 'key_7' });
  for (const limit of ['100', String(REVIEW_PAGE)]) ask('review', { limit });
  for (const form of ['html', 'md', 'csv', 'json']) ask(form, {});
  run.table({
    columns: ['answer, ms (processor)', 'first', 'second', 'later', 'longest'],
    rows,
    note: `Medians of ${processes} processes that are asked ${times} times each.`,
  });
}

/** answers.ts bundled as the exporter is: tsx adds a call to every function. */
function bundledAnswers(): string {
  // Beside the exporter's own files, where its dependencies are found.
  const outfile = fileURLToPath(new URL(`../dist/bench-answers-${process.pid}.js`, import.meta.url));
  process.on('exit', () => rmSync(outfile, { force: true }));
  buildSync({
    ...{ entryPoints: [fileURLToPath(new URL('answers.ts', import.meta.url))], outfile },
    ...{ bundle: true, format: 'esm', platform: 'node', target: 'node20.15' },
    external: ['libsql', '@duckdb/*', '@node-rs/*', 'pino'],
  });
  return outfile;
}

/** A key's day: eight endpoints with some errors, ten IP addresses, durations, three scopes. */
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
