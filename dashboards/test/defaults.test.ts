import { readFileSync } from 'node:fs';
import { beforeAll, expect, test } from '@jest/globals';
import { THRESHOLD_KINDS, THRESHOLDS, type ThresholdKind } from '../../exporter/src/health/thresholds.ts';
import { count, percent, span } from '../../exporter/src/text/numbers.ts';

/** Spellings of the defaults, taken before the test changes them. */
const SPELLINGS = THRESHOLD_KINDS.flatMap(spellingsOf);
/** Texts of states, status codes and dashboards, made after the change. */
let texts: string[];
let dashboards: string;

// Texts are made when their modules are loaded, so these are imported after the change.
beforeAll(async () => {
  const changed: Record<ThresholdKind, { default: number }> = THRESHOLDS;
  for (const kind of THRESHOLD_KINDS)
    changed[kind].default = { seconds: 77_777, ratio: 0.4321, requests: 6_543, factor: 7.7 }[
      THRESHOLDS[kind].unit
    ];
  const { STATES } = await import('../../exporter/src/health/states.ts');
  const { STATUS_MEANINGS } = await import('../../exporter/src/health/statuses.ts');
  const built = (await import('../src/dashboards.ts')).dashboards();
  dashboards = built.map(([, json]) => json).join('\n');
  texts = [
    ...[...Object.values(STATES), ...STATUS_MEANINGS].flatMap(({ title, meaning, remedy }) => [
      ...[title, meaning, remedy],
    ]),
    ...built.flatMap(([, json]) => readableTexts(JSON.parse(json))),
  ];
});

test('no text of states, status codes or dashboards spells out a default', () => {
  const found = texts.flatMap((text) =>
    SPELLINGS.filter((spelling) => new RegExp(`(^|[^\\d.,])${spelling}\\b`).test(text)).map((spelling) => ({
      spelling,
      text,
    })),
  );
  expect(found).toEqual([]);
});

test('texts, colour steps and queries change with the defaults', () => {
  expect(texts.filter((text) => text.includes('43.21 %')).length).toBeGreaterThan(5);
  expect(texts.filter((text) => text.includes('21 h 36 min')).length).toBeGreaterThan(3);
  expect(dashboards).toContain('"value": 0.4321');
  expect(dashboards).toContain('> 6543 / 3600');
});

test('no text of the panel spells out a default ratio', () => {
  const path = '../../grafana-plugin/src/locales/en-US/atender-keyusage-panel.json';
  const locale = readFileSync(new URL(path, import.meta.url), 'utf8');
  expect(SPELLINGS.filter((spelling) => spelling.endsWith('%') && locale.includes(spelling))).toEqual([]);
});

function spellingsOf(kind: ThresholdKind): string[] {
  const { unit, default: value } = THRESHOLDS[kind] as { unit: string; default: number };
  if (value === 0) return [];
  if (unit === 'ratio') return [percent(value)];
  if (unit === 'factor') return [`${value} times`];
  if (unit === 'requests') return [`${count(value)} requests`];
  const long = [`${value / 86_400} days?`, `${value / 3600} hours?`, `${value / 3600}(–\\d+)? h`];
  return [span(value), ...long.filter((text) => !/^\d*\.\d/.test(text))];
}

/** Titles, descriptions and no-value texts of a dashboard. */
function readableTexts(node: unknown): string[] {
  if (Array.isArray(node)) return node.flatMap(readableTexts);
  if (typeof node !== 'object' || node === null) return [];
  return Object.entries(node).flatMap(([name, value]) =>
    typeof value === 'string'
      ? ['title', 'description', 'noValue'].includes(name)
        ? [value]
        : []
      : readableTexts(value),
  );
}
