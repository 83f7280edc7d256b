import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { spoolFile } from '../../src/record/layout.ts';
import { emptyColumns, sameColumns } from '../../src/record/spool-format.ts';
import { readSpool } from '../../src/record/spool-reader.ts';
import { spooled } from './spooling.ts';

const root = mkdtempSync(join(tmpdir(), 'atender-ids-'));
afterEach(() => rmSync(root, { recursive: true, force: true }));

test('request ids are kept as they are, but for raw keys in any spelling, which are masked', () => {
  const plain = ['01HZXSA_TASK', 'sess-alpha_1', 'req%2F7', 'é'.repeat(64), ''];
  const raw = [
    'sa_live_0123secret',
    'x SA_Test_0123secret',
    '%73a_live_0123secret',
    'sa%5Flive%5f0123secret',
  ];
  const { segment, length } = spooled(
    root,
    [...plain, ...raw, 'last'].map((requestId) => ({ requestId })),
  );
  const [{ rows, columns }] = [...readSpool(spoolFile(root, segment), length)];
  const ids: string[] = [];
  for (let i = 0, from = 0; i < rows; from += columns.idLength[i++])
    ids.push(Buffer.from(columns.ids.subarray(from, from + columns.idLength[i])).toString());
  expect(ids.slice(0, plain.length)).toEqual(plain);
  for (const id of ids.slice(plain.length, -1)) expect(id).toMatch(/sa_(live|test)_[0-9a-f]{12}$/);
  expect(ids.at(-1)).toBe('last');
});

test('a column is written in one value exactly when all its rows say the same, absent durations too', () => {
  const columns = emptyColumns();
  columns.duration.fill(Number.NaN);
  columns.time.fill(7);
  const all = sameColumns(columns, 2048);
  expect(all).toBe(sameColumns(columns, 1));
  columns.duration[2047] = 1;
  columns.time[0] = 8;
  const changed = all ^ sameColumns(columns, 2048);
  expect(changed.toString(2).replaceAll('0', '')).toBe('11');
  expect(sameColumns(columns, 1)).toBe(all);
});
