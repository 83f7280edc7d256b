import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { boards, type Panel, panelsOf, recordBoards } from './boards.ts';

const TRANSFORM = fileURLToPath(new URL('transform.ts', import.meta.url));

const tables = boards()
  .flatMap(panelsOf)
  .filter(({ type, targets = [] }) => type === 'table' && targets.length > 1);

/** Labels and titles of the label columns. */
const labelsOf = ({ transformations = [] }: Panel): [label: string, title: string][] =>
  Object.entries(transformations.find(({ id }) => id === 'organize')?.options.renameByName ?? {}).filter(
    ([label]) => !label.startsWith('Value'),
  );

/** The columns of each table if its queries return these values, one row each. */
function shown(answers: (query: number) => number[]): [title: string, values: unknown[]][][] {
  const asked = tables.map((panel) => ({
    transformations: panel.transformations,
    frames: (panel.targets ?? []).map(({ refId }, query) => {
      const values = answers(query);
      // Without series there are no labels.
      const labels = values.length === 0 ? [] : labelsOf(panel);
      return {
        refId,
        fields: [
          { name: 'Time', type: 'time', values: values.map(() => 1000) },
          ...labels.map(([name]) => ({
            ...{ name, type: 'string', values: values.map((_, row) => `${name} ${row}`) },
          })),
          { name: `Value #${refId}`, type: 'number', values },
        ],
      };
    }),
  }));
  return transformed(asked);
}

function transformed(asked: object[]): [title: string, values: unknown[]][][] {
  const options = { input: JSON.stringify(asked), encoding: 'utf8' } as const;
  return JSON.parse(execFileSync(process.execPath, ['--import', 'tsx', TRANSFORM], options));
}

test('a table of several queries has no column without data, so that Grafana shows the no-value text', () => {
  expect(shown(() => [])).toEqual(tables.map(() => []));
});

test('a table of several queries has one row per combination of labels', () => {
  const values = (query: number) => (query === 0 ? [10, 20] : [query]);
  for (const [i, columns] of shown(values).entries()) {
    const panel = tables[i]!;
    expect(columns.slice(0, labelsOf(panel).length)).toEqual(
      labelsOf(panel).map(([label, title]) => [title, [`${label} 0`, `${label} 1`]]),
    );
    expect(columns.slice(labelsOf(panel).length).map(([, column]) => column)).toEqual(
      panel.targets?.map((_, query) => (query === 0 ? [10, 20] : [query, null])),
    );
  }
});

test('a table of the API keeps the order of its columns, although the data source sorts them by name', () => {
  const panels = recordBoards().flatMap((board) => board.panels.filter(({ type }) => type === 'table'));
  const titles = panels.map(({ targets: [{ columns }] }) => columns.map(({ text }) => text));
  const asked = panels.map(({ targets: [{ refId }], transformations = [] }, i) => ({
    transformations,
    frames: [
      { refId, fields: [...titles[i]].sort().map((name) => ({ name, type: 'string', values: ['a'] })) },
    ],
  }));
  expect(transformed(asked).map((columns) => columns.map(([title]) => title))).toEqual(titles);
  expect(titles.length).toBeGreaterThan(4);
});
