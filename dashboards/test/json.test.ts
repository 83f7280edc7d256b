import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { dashboards } from '../src/dashboards.ts';
import { boards, panelsOf, recordBoards } from './boards.ts';

test('the committed JSON is what the sources say; `npm run dashboards` writes it', () => {
  const folder = new URL('../json/', import.meta.url);
  const written = dashboards();
  const committed = readdirSync(folder, { recursive: true }).map(String);
  expect(committed.filter((file) => file.endsWith('.json')).sort()).toEqual(
    written.map(([file]) => file).sort(),
  );
  for (const [file, text] of written) expect(readFileSync(new URL(file, folder), 'utf8')).toBe(text);
});

const names = boards().map((board) => [board.title, board] as const);

describe.each(names)('%s', (_, board) => {
  const panels = panelsOf(board);
  const targets = panels.flatMap(({ title, targets }) => (targets ?? []).map((one) => ({ title, ...one })));

  test('every panel has a title, a description that says how to read it, a unit, thresholds and the data source of the reader', () => {
    expect(panels.length).toBeGreaterThan(3);
    for (const panel of panels) {
      expect(panel.title).toBeTruthy();
      expect((panel.description ?? '').length).toBeGreaterThan(60);
      expect(panel.fieldConfig?.defaults?.unit).toBeTruthy();
      expect(panel.fieldConfig?.defaults?.thresholds?.steps.length).toBeGreaterThan(0);
      expect(panel.datasource).toEqual({ type: 'prometheus', uid: `\${datasource}` });
      for (const { datasource } of panel.targets ?? []) expect(datasource?.uid).toBe(`\${datasource}`);
    }
  });

  test('the shown times to choose from end now: Prometheus answers nothing of the future', () => {
    expect(board.timepicker.quick_ranges.map(({ to }) => to)).toEqual(Array(8).fill('now'));
  });

  test('no two panels have the same title, and no two queries of a panel the same id', () => {
    const titles = panels.map(({ title }) => title);
    expect(new Set(titles).size).toBe(titles.length);
    for (const panel of panels) {
      const ids = (panel.targets ?? []).map(({ refId }) => refId);
      expect(new Set(ids).size).toBe(ids.length);
    }
  });

  test('counters are always read through rate or increase', () => {
    for (const { expr, title } of targets) {
      const bare = expr
        .replace(/(rate|increase)\([a-z_:]+(\{(\$\{[^}]*\}|[^}])*\})?\[[^\]]+\]\)/g, '')
        .match(/\b\w+(_total|_bucket)\b/g);
      // `label_values`-like uses of a counter are in variables, never in a panel.
      expect({ title, bare }).toEqual({ title, bare: null });
    }
  });

  test('a line over time adapts its window to the resolution, unless it shows what an alert judges', () => {
    const graphs = panels.filter(({ type }) => type === 'timeseries' || type === 'heatmap');
    const fixed = graphs
      .flatMap(({ title, targets }) => (targets ?? []).map(({ expr }) => ({ title, expr })))
      .filter(({ expr }) => /\[\d+[smhdw]\]/.test(expr))
      .map(({ title }) => title);
    expect(fixed.filter((title) => title !== '401 and 403 in 30 minutes against their thresholds')).toEqual(
      [],
    );
  });

  test('nothing names a job, an instance or a data source by hand', () => {
    for (const { expr } of targets) expect(expr).not.toMatch(/(job|instance)=~?"(?!\$)/);
    expect(JSON.stringify(board)).not.toMatch(/"uid":"(?!\$\{datasource\}|atender-)[^"]+"/);
  });

  test('the links to the other dashboards keep time and variables', () => {
    const all = [...boards(), ...recordBoards()];
    expect(board.links).toHaveLength(all.length - 1);
    for (const link of board.links) expect(link).toMatchObject({ keepTime: true, includeVars: true });
    const uids = all.map(({ uid }) => `/d/${uid}`);
    for (const { url } of board.links) expect(uids).toContain(url);
  });
});
