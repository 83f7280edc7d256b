import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { writeHistory } from '../../exporter/src/demo/demo.ts';
import {
  type ExporterProcess,
  startExporter,
  temporaryDirectory,
} from '../../exporter/test/exporter-process.ts';
import { type ApiTarget, recordBoards } from './boards.ts';

const directory = temporaryDirectory();
let exporter: ExporterProcess;
let variables: Record<string, string>;

beforeAll(async () => {
  await writeHistory({ directory: directory.path, history: 2 * 86_400, messages: { write: () => {} } });
  exporter = await startExporter([
    ...['--log.path', join(directory.path, 'requests.log'), '--keys.file', join(directory.path, 'keys.yaml')],
    ...['--store.path', join(directory.path, 'usage.db'), '--log.level', 'warn'],
    ...['--record.archive', 'on', '--record.path', join(directory.path, 'record')],
  ]);
  await exporter.ready();
  const now = new Date();
  const yesterday = new Date(now.getTime() - 86_400_000);
  variables = {
    '${__from:date:YYYY-MM-DD}': yesterday.toISOString().slice(0, 10),
    '${__to:date:YYYY-MM-DD}': now.toISOString().slice(0, 10),
    '${__from:date:iso}': yesterday.toISOString(),
    '${__to:date:iso}': now.toISOString(),
  };
}, 120_000);

afterAll(async () => {
  await exporter?.end('SIGKILL');
  directory.remove();
});

/** Fetches like the data source: replaces variables, leaves unset ones empty, and follows pages if configured. */
async function rowsOf(
  target: ApiTarget,
  filled: Record<string, string> = {},
  cursor = '',
): Promise<unknown[]> {
  const url = new URL(target.url, exporter.url);
  for (const { key, value } of target.url_options.params)
    url.searchParams.set(key, variables[value] ?? filled[key] ?? value.replace(/^\$\{\w+\}$/, ''));
  if (cursor !== '') url.searchParams.set(target.pagination_param_cursor_field_name as string, cursor);
  const answer = await fetch(url);
  const body = (await answer.json()) as object;
  if (!answer.ok) throw new Error(`${url}: ${JSON.stringify(body)}`);
  // The data source treats an object as one row.
  const rows = [at(body, target.root_selector)].flat();
  if (target.pagination_mode !== 'cursor') return rows;
  const next = at(body, target.pagination_param_cursor_extraction_path as string) as string | null;
  return next ? [...rows, ...(await rowsOf(target, filled, next))] : rows;
}

/** The value at a path of the data source: names and indexes separated by dots. */
const at = (value: unknown, path: string): unknown =>
  path.split('.').reduce((part, name) => (part as Record<string, unknown> | null | undefined)?.[name], value);

const names = recordBoards().map((board) => [board.title, board] as const);

describe.each(names)('%s', (_, board) => {
  const panels = board.panels.filter(({ type }) => type !== 'row');

  test('every panel has a description and uses the API data source', () => {
    expect(panels.length).toBeGreaterThan(0);
    for (const panel of panels) {
      expect((panel.description ?? '').length).toBeGreaterThan(60);
      expect(panel.datasource).toEqual({ type: 'yesoreyeram-infinity-datasource', uid: 'atender-api' });
      expect(panel.targets.map(({ datasource }) => datasource?.uid)).toEqual(['atender-api']);
    }
  });

  test('every query returns rows with the fields that the panel shows', async () => {
    for (const { title, targets } of panels)
      for (const target of targets) {
        const rows = await rowsOf(target);
        expect({ title, empty: rows.length === 0 }).toEqual({ title, empty: false });
        for (const { selector } of target.columns) {
          const values = rows.slice(0, 50).map((row) => at(row, selector) ?? undefined);
          // A demonstration of two days has no previous year and no previous verdict.
          const optional = /^(previous|lastYear|before)\.|^newTier$|^previousRequests$|uniqueIps/.test(
            selector,
          );
          expect({ title, selector, known: optional || values.some((value) => value !== undefined) }).toEqual(
            {
              title,
              selector,
              known: true,
            },
          );
        }
      }
  }, 60_000);
});

test('a time range that ends in the future returns the same rows as one that ends now', async () => {
  const targets = recordBoards().flatMap(({ panels }) => panels.flatMap(({ targets = [] }) => targets));
  const before = variables;
  const sized = async (): Promise<number[]> => {
    const counts: number[] = [];
    for (const target of targets) counts.push((await rowsOf(target)).length);
    return counts;
  };
  const now = await sized();
  variables = {
    ...before,
    '${__to:date:YYYY-MM-DD}': '2999-01-01',
    '${__to:date:iso}': '2999-01-01T00:00:00.000Z',
  };
  try {
    expect(await sized()).toEqual(now);
  } finally {
    variables = before;
  }
}, 60_000);

test('$__all selects all tenants, so that links between dashboards keep the choice', async () => {
  const asking = recordBoards().filter(({ templating }) =>
    templating.list.some(({ name, query }) => name === 'tenant' && query === '$__all'),
  );
  expect(asking.map(({ uid }) => uid).sort()).toEqual(['atender-audit', 'atender-long-term']);
  const targets = asking.flatMap(({ panels }) => panels.flatMap(({ targets = [] }) => targets));
  for (const target of targets)
    expect(await rowsOf(target, { tenant: '$__all' })).toEqual(await rowsOf(target));
}, 60_000);

test('the audit search applies its filters', async () => {
  const target = recordBoards()
    .find(({ uid }) => uid === 'atender-audit')
    ?.panels.find(({ title }) => title === 'Requests in the shown time')?.targets[0] as ApiTarget;
  const rows = (await rowsOf(target, { key: 'key_helpdesk_app', status: '4xx' })) as {
    key_id: string;
    status: number;
  }[];
  expect(rows.length).toBeGreaterThan(0);
  for (const { key_id, status } of rows) {
    expect(key_id).toBe('key_helpdesk_app');
    expect(Math.floor(status / 100)).toBe(4);
  }
});

test('the review shows each finding under its question', async () => {
  const target = recordBoards()
    .find(({ uid }) => uid === 'atender-review')
    ?.panels.find(({ title }) => title === 'Findings')?.targets[0] as ApiTarget;
  const columns = target.columns.filter(({ selector }) => selector.startsWith('findings.'));
  expect(columns).toHaveLength(4);
  for (const row of await rowsOf(target))
    for (const { selector, text } of columns)
      expect(at(row, selector.replace(/\.text$/, '.question'))).toBe(text);
});

test('the review reads all pages', async () => {
  const targets = recordBoards()
    .find(({ uid }) => uid === 'atender-review')
    ?.panels.filter(({ title }) => title !== 'Coverage')
    .flatMap(({ targets = [] }) => targets) as ApiTarget[];
  expect(targets).toHaveLength(2);
  for (const target of targets) {
    const few = structuredClone(target);
    const limit = few.url_options.params.find(({ key }) => key === 'limit');
    if (limit) limit.value = '3';
    const byText = (rows: unknown[]) => rows.map((row) => JSON.stringify(row, withoutTime)).sort();
    expect(byText(await rowsOf(few))).toEqual(byText(await rowsOf(target)));
    expect((await rowsOf({ ...few, pagination_mode: 'none' })).length).toBeLessThan(
      (await rowsOf(few)).length,
    );
  }
}, 60_000);

/** Leaves out texts with relative times, which can change between two requests. */
const withoutTime = (name: string, value: unknown): unknown => (name === 'text' ? undefined : value);
