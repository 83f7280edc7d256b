import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import jsonata from 'jsonata';
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

/** Asks as the data source does: variables replaced, those that nobody filled in empty. */
async function rowsOf(target: ApiTarget, filled: Record<string, string> = {}): Promise<unknown[]> {
  const url = new URL(target.url, exporter.url);
  for (const { key, value } of target.url_options.params)
    url.searchParams.set(key, variables[value] ?? filled[key] ?? value.replace(/^\$\{\w+\}$/, ''));
  const answer = await fetch(url);
  const body = (await answer.json()) as object;
  if (!answer.ok) throw new Error(`${url}: ${JSON.stringify(body)}`);
  return [((await jsonata(target.root_selector).evaluate(body)) ?? []) as unknown[]].flat();
}

const names = recordBoards().map((board) => [board.title, board] as const);

describe.each(names)('%s', (_, board) => {
  const panels = board.panels.filter(({ type }) => type !== 'row');

  test('every panel says how to read it, and asks the exporter’s API by the fixed data source', () => {
    expect(panels.length).toBeGreaterThan(0);
    for (const panel of panels) {
      expect((panel.description ?? '').length).toBeGreaterThan(60);
      expect(panel.datasource).toEqual({ type: 'yesoreyeram-infinity-datasource', uid: 'atender-api' });
      expect(panel.targets.map(({ datasource }) => datasource?.uid)).toEqual(['atender-api']);
    }
  });

  test('every query is answered with rows that have the fields it shows', async () => {
    for (const { title, targets } of panels)
      for (const target of targets) {
        const rows = await rowsOf(target);
        expect({ title, empty: rows.length === 0 }).toEqual({ title, empty: false });
        for (const { selector } of target.columns) {
          const values = await Promise.all(rows.slice(0, 50).map((row) => jsonata(selector).evaluate(row)));
          // A demonstration of two days has no year before, and no verdict of a quarter before.
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

test('all tenants are asked for in the words of Grafana’s links, which then keep them both ways', async () => {
  const asking = recordBoards().filter(({ templating }) =>
    templating.list.some(({ name, query }) => name === 'tenant' && query === '$__all'),
  );
  expect(asking.map(({ uid }) => uid).sort()).toEqual(['atender-audit', 'atender-long-term']);
  const targets = asking.flatMap(({ panels }) => panels.flatMap(({ targets = [] }) => targets));
  for (const target of targets)
    expect(await rowsOf(target, { tenant: '$__all' })).toEqual(await rowsOf(target));
}, 60_000);

test('the audit search finds what its fields ask for', async () => {
  const target = recordBoards()
    .find(({ uid }) => uid === 'atender-audit')
    ?.panels.find(({ type }) => type === 'table')?.targets[0] as ApiTarget;
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
