import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { between, generated } from './generated-docs.ts';

/**
 * `npm run docs`: writes what is generated from the sources (tables of the docs, JSON schemas) and, when a
 * bench has run, its table.
 */
interface BenchResult {
  rows: { figure: string; value: string; target: string }[];
}

interface DashboardsResult {
  keys: number;
  days: number;
  cores: number;
  panels: { asker: string; queries: number; seconds: number; processor: number; slowest: string }[];
}

/** Panels that take less are told by their number alone. */
const NOTABLE_SECONDS = 0.05;

const files = generated();
const exporter = resultOf<BenchResult>('exporter');
if (exporter) {
  const { rows } = exporter;
  const lines = rows.map(({ figure, value, target }) => `| ${figure} | ${value} | ${target} |`);
  const table = ['| figure | measured | target |', '| --- | --- | --- |', ...lines].join('\n');
  const performance = readFileSync(new URL('../docs/performance.md', import.meta.url), 'utf8');
  files['docs/performance.md'] = between(performance, 'bench', table);
}
const dashboards = resultOf<DashboardsResult>('dashboards');
if (dashboards) {
  const readme = readFileSync(new URL('../dashboards/README.md', import.meta.url), 'utf8');
  files['dashboards/README.md'] = between(readme, 'bench', dashboardsTable(dashboards));
}
for (const [path, text] of Object.entries(files)) {
  writeFileSync(new URL(`../${path}`, import.meta.url), text);
  console.log(`docs: ${path}`);
}

/** What a bench wrote; undefined when it has not run here. */
function resultOf<T>(bench: string): T | undefined {
  const file = new URL(`../bench-results/${bench}.json`, import.meta.url);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as T) : undefined;
}

function dashboardsTable({ keys, days, cores, panels }: DashboardsResult): string {
  const notable = panels.filter(({ seconds }) => seconds >= NOTABLE_SECONDS);
  const ms = (seconds: number) => `${(seconds * 1000).toFixed(0)} ms`;
  return [
    '| panel, variable or annotation | queries | time | processor | its slowest query |',
    '| --- | --- | --- | --- | --- |',
    ...notable.map(
      ({ asker, queries, seconds, processor, slowest }) =>
        `| ${asker} | ${queries} | ${ms(seconds)} | ${ms(processor)} | ${slowest} |`,
    ),
    '',
    `${keys.toLocaleString('en')} keys, ${days} days, ${cores} cores. The other ${panels.length - notable.length} of ${panels.length} took less than ${ms(NOTABLE_SECONDS)}.`,
  ].join('\n');
}
