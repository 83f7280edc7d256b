import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { ArchivedRequests } from '../../src/record/archived-requests.ts';
import { type DuckDBConnection, openDuckdb } from '../../src/record/duckdb.ts';
import { ArchiveSearch } from '../../src/record/search.ts';
import { parseQuery } from '../../src/record/search-query.ts';
import { temporaryDirectory } from '../exporter-process.ts';
import { kept, linesOf } from './spooling.ts';

const NOON = Date.parse('2026-03-09T12:00:00Z');
const HOUR = 3_600_000;
const request = (second: number) => ({ timestamp: new Date(NOON + second * 1000).toISOString() });

let directory: { path: string; remove: () => void };
let root: string;
let connection: DuckDBConnection;
let close: () => void;
beforeEach(async () => {
  directory = temporaryDirectory();
  root = join(directory.path, 'record');
  await kept(root, NOON, [request(1), request(2)]);
  await kept(root, NOON, [request(3)]);
  mkdirSync(join(directory.path, 'duckdb'));
  ({ connection, close } = await openDuckdb({
    ...{ memory: 256, threads: 1, directory: join(directory.path, 'duckdb') },
  }));
});
afterEach(() => {
  close();
  directory.remove();
});

/** The two files of the day become one, under whoever has just learnt their names. */
async function compact(): Promise<void> {
  await kept(root, NOON + 24 * HOUR);
  expect(linesOf(root).at(-1)?.change).toBe('compacted');
}

const opened = () => ArchiveSearch.open(connection, root, '', parseQuery({}, NOON));

test('a day that is compacted while it is searched is given whole', async () => {
  const search = await opened();
  await compact();
  const found = [];
  for await (const rows of search.day('2026-03-09')) found.push(...rows);
  expect(found).toHaveLength(3);
});

test('what is put into a table for a Parquet file is whole when its files are compacted meanwhile', async () => {
  const search = await opened();
  await compact();
  expect(await search.intoTable('found', undefined)).toBe(3);
  expect(await search.intoTable('found', 2)).toBe(2);
});

test('a review or an explanation goes on with the files that took the place of those it knew', async () => {
  const archive = await ArchivedRequests.open(root, '2026-03-09', '2026-03-09');
  try {
    await compact();
    const rows = [];
    for await (const row of archive!.rows('SELECT status FROM requests')) rows.push(row);
    expect(rows).toHaveLength(3);
  } finally {
    archive?.close();
  }
});

test('a file that stays away is told and not passed over', async () => {
  const search = await opened();
  rmSync(join(root, linesOf(root)[0].added[0].path));
  await expect(search.intoTable('found', undefined)).rejects.toThrow(
    /No files found|No such file|Cannot open/,
  );
});
