import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openDuckdb } from '../../src/record/duckdb.ts';
import { searchPage, TooSlow } from '../../src/record/search-page.ts';
import { parseQuery } from '../../src/record/search-query.ts';
import { endLeftovers, eventually, startExporter, temporaryDirectory } from '../exporter-process.ts';
import { requestLine } from '../log-lines.ts';
import { kept } from './spooling.ts';

let directory: { path: string; remove: () => void };
beforeEach(() => {
  directory = temporaryDirectory();
});
afterEach(() => {
  endLeftovers();
  directory.remove();
});

test('a search whose time is over before it found anything says so, and the same search with time answers', async () => {
  const root = join(directory.path, 'record');
  const now = Date.parse('2026-03-10T12:00:00Z');
  await kept(root, now, [{ timestamp: now }, { timestamp: now - 86_400_000 }]);
  const { connection, close } = await openDuckdb({ memory: 256, threads: 1, directory: directory.path });
  const question = {
    root,
    storePath: join(directory.path, 'none.db'),
    query: parseQuery({}, now),
    limit: 10,
    cursor: undefined,
  };
  const inVain = { ...question, query: parseQuery({ key: 'nobody' }, now) };
  await expect(searchPage(connection, inVain, 0)).rejects.toThrow(TooSlow);
  expect((await searchPage(connection, inVain, 10_000)).requests).toEqual([]);
  const page = await searchPage(connection, question, 10_000);
  expect(page).toMatchObject({ partial: false, next: null, reachesTo: '2026-03-10T12:00:00.000Z' });
  expect(page.requests).toHaveLength(2);
  close();
});

test('when the search process is killed, its search gets 503, the exporter goes on, and another process runs the next', async () => {
  const log = join(directory.path, 'requests.log');
  appendFileSync(log, requestLine());
  const args = ['--log.path', log, '--store.path', join(directory.path, 'a.db')];
  args.push('--record.archive', 'on', '--record.path', join(directory.path, 'record'));
  const exporter = await startExporter(args);
  await exporter.ready();
  const search = async () => (await fetch(`${exporter.url}/api/v1/requests?limit=1`)).status;
  expect(await search()).toBe(200);
  const [idle] = searchersOf(exporter.pid);
  process.kill(idle, 'SIGKILL');
  // The exporter takes note of its end when it reaps it; a search before that is lost with it.
  await eventually(() => expect(existsSync(`/proc/${idle}`)).toBe(false));
  expect(await search()).toBe(200);
  const [busy] = searchersOf(exporter.pid);
  // Stopped, it has the question and cannot answer it before it is killed.
  process.kill(busy, 'SIGSTOP');
  const lost = search();
  await eventually(async () =>
    expect((await fetch(`${exporter.url}/api/v1/requests?limit=0`)).status).toBe(400),
  );
  process.kill(busy, 'SIGKILL');
  expect(await lost).toBe(503);
  await eventually(() =>
    expect(exporter.output()).toContain('a search of the archive failed: the search ended with SIGKILL'),
  );
  expect(await search()).toBe(200);
  expect(searchersOf(exporter.pid)).not.toContain(busy);
  expect((await fetch(`${exporter.url}/-/healthy`)).status).toBe(200);
  expect(await exporter.end('SIGTERM')).toBe(0);
});

/** Process ids of an exporter's searching processes; Linux only. */
const searchersOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    .split(' ')
    .filter(Boolean)
    .map(Number)
    .filter((child) => readFileSync(`/proc/${child}/cmdline`, 'utf8').includes('search-process'));
