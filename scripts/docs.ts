import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { between, generated } from './generated-docs.ts';

/**
 * `npm run docs`: writes what is generated from the sources (the README's tables, the JSON schemas) and, when a
 * bench has run, its table.
 */
const BENCH = new URL('../bench-results/exporter.json', import.meta.url);

interface BenchResult {
  rows: { figure: string; value: string; target: string }[];
}

const files = generated();
if (existsSync(BENCH)) {
  const { rows } = JSON.parse(readFileSync(BENCH, 'utf8')) as BenchResult;
  const lines = rows.map(({ figure, value, target }) => `| ${figure} | ${value} | ${target} |`);
  const table = ['| figure | measured | target |', '| --- | --- | --- |', ...lines].join('\n');
  files['README.md'] = between(files['README.md'], 'bench', table);
}
for (const [path, text] of Object.entries(files)) {
  writeFileSync(new URL(`../${path}`, import.meta.url), text);
  console.log(`docs: ${path}`);
}
