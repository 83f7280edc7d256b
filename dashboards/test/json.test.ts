import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { dashboards } from '../src/dashboards.ts';
import { boards, panelsOf, recordBoards } from './boards.ts';

test('the committed JSON equals the output of `npm run dashboards`', () => {
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

  test('every panel has a title, a description, a unit, thresholds and the data source variable', () => {
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

  test('every quick range ends now, because Prometheus has no data in the future', () => {
    expect(board.timepicker.quick_ranges.map(({ to }) => to)).toEqual(Array(8).fill('now'));
  });

  test('panel titles and the refIds of a panel are unique', () => {
    const titles = panels.map(({ title }) => title);
    expect(new Set(titles).size).toBe(titles.length);
    for (const panel of panels) {
      const ids = (panel.targets ?? []).map(({ refId }) => refId);
      expect(new Set(ids).size).toBe(ids.length);
    }
  });

  test('counters are read through rate or increase only', () => {
    for (const { expr, title } of targets) {
      const bare = expr
        .replace(/(rate|increase)\([a-z_:]+(\{(\$\{[^}]*\}|[^}])*\})?\[[^\]]+\]\)/g, '')
        .match(/\b\w+(_total|_bucket)\b/g);
      // Variables may use a bare counter, for example in `label_values`. Panels may not.
      expect({ title, bare }).toEqual({ title, bare: null });
    }
  });

  test('a time series uses the rate interval, except for windows of alerts', () => {
    const graphs = panels.filter(({ type }) => type === 'timeseries' || type === 'heatmap');
    const fixed = graphs
      .flatMap(({ title, targets }) => (targets ?? []).map(({ expr }) => ({ title, expr })))
      .filter(({ expr }) => /\[\d+[smhdw]\]/.test(expr))
      .map(({ title }) => title);
    expect(fixed.filter((title) => title !== '401 and 403 in 30 minutes, and thresholds')).toEqual([]);
  });

  test('no query or panel names a job, an instance or a data source', () => {
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
